//! Proof (证明): the figures of a date recomputed from the stored records, by another path than intake's summaries.

use crate::EngineError;
use crate::adjust::{Adjustment, adjustments};
use crate::day::{Step, mark_done, priced_groups, stored_netting};
use crate::pricing::{Netting, PricedGroup};
use crate::suspicious;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use tongka_base::date::days_since_epoch;
use tongka_base::{CardScheme, Clock, Date, Fen, Industry, IssuerId, MemberCode, Reason};
use tongka_lake::Lake;
use tongka_lake::table::{Column, Table};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, params};
use tongka_txn::{GroupKey, GroupSum, Groups};

/// What the lake says of one upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LakeSums {
    /// Sums of accepted records.
    pub groups: Groups,
    /// Count and amount by reason code.
    pub verdicts: BTreeMap<u8, (u64, i64)>,
}

/// Adds up the stored records of one upload. The issuer's member is looked up again by issuer id.
pub fn sum_table(scheme: &Scheme, acquirer: MemberCode, table: &Table) -> Result<LakeSums, EngineError> {
    let mut sums: HashMap<(i32, i64, i32), (u64, i128)> = HashMap::new();
    let mut by_reason = [(0_u64, 0_i64); 256];
    for group in 0..table.groups() {
        let schemes = table.narrow(group, Column::Scheme)?;
        let issuers = table.wide(group, Column::IssuerId)?;
        let industries = table.narrow(group, Column::Industry)?;
        let amounts = table.narrow(group, Column::Amount)?;
        let reasons = table.narrow(group, Column::Reason)?;
        // Rows are in card order: one issuer's rows stand together, so a run is summed per industry before it is kept.
        let mut row = 0;
        while row < reasons.len() {
            let issuer = (schemes[row], issuers[row]);
            let mut run = [(0_u64, 0_i64); 16];
            while row < reasons.len() && (schemes[row], issuers[row]) == issuer {
                let amount = i64::from(amounts[row]);
                let reason = &mut by_reason[(reasons[row] & 0xFF) as usize];
                reason.0 += 1;
                reason.1 += amount;
                if reasons[row] == i32::from(Reason::Ok.code()) {
                    let cell = &mut run[(industries[row] & 15) as usize];
                    cell.0 += 1;
                    cell.1 += amount;
                }
                row += 1;
            }
            for (industry, (count, gross)) in run.into_iter().enumerate().filter(|(_, (count, _))| *count > 0) {
                let sum = sums.entry((issuer.0, issuer.1, industry as i32)).or_default();
                sum.0 += count;
                sum.1 += i128::from(gross);
            }
        }
    }
    let mut out = LakeSums::default();
    for ((letter, issuer, industry), (count, gross)) in sums {
        let unknown = || EngineError::ProofFailed(format!("an accepted record has the unknown issuer {issuer:016X}"));
        let card_scheme = CardScheme::from_letter(letter as u8).ok_or_else(unknown)?;
        let issuer_id = IssuerId((issuer as u64).to_be_bytes());
        let member = scheme.issuer(card_scheme, issuer_id).ok_or_else(unknown)?.member;
        let industry = Industry::from_code(industry as u8).ok_or_else(unknown)?;
        let key = GroupKey { acquirer, issuer: member, industry };
        out.groups.entry(key).or_default().merge(GroupSum { count, gross: Fen::from_i128(gross)? })?;
    }
    for (code, sum) in by_reason.into_iter().enumerate().filter(|(_, sum)| sum.0 > 0) {
        out.verdicts.insert(code as u8, sum);
    }
    Ok(out)
}

/// An upload to be proven.
struct Upload {
    name: String,
    member: MemberCode,
    records: u64,
    total: i64,
}

/// Recomputes a date from the lake and compares it with what the steps stored: each upload with its header and its
/// summaries, all groups, all fees, all positions with the adjustments of the date. Returns the number of records looked at.
pub async fn prove_from_lake(
    db: &Db,
    scheme: &Scheme,
    lake: &Lake,
    date: Date,
    threads: usize,
) -> Result<u64, EngineError> {
    let day = days_since_epoch(date);
    let sql = "SELECT name, member, record_count, total_fen FROM upload WHERE clearing_date = $1 ORDER BY upload_no";
    let mut uploads = Vec::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![day]).await? {
        uploads.push(Upload {
            name: row.text("name")?,
            member: MemberCode(row.int("member")? as u32),
            records: row.int("record_count")? as u64,
            total: row.int("total_fen")?,
        });
    }
    let sql = "SELECT u.name, v.reason, v.record_count, v.amount_fen FROM upload_verdict v \
               JOIN upload u ON u.upload_no = v.upload_no WHERE u.clearing_date = $1";
    let mut summaries: HashMap<String, BTreeMap<u8, (u64, i64)>> = HashMap::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![day]).await? {
        let sum = (row.int("record_count")? as u64, row.int("amount_fen")?);
        summaries.entry(row.text("name")?).or_default().insert(row.int("reason")? as u8, sum);
    }

    let sums = sum_uploads(scheme, lake, date, &uploads, threads)?;
    let mut groups = Groups::new();
    let mut records = 0;
    for (upload, sum) in uploads.iter().zip(sums) {
        let counted: u64 = sum.verdicts.values().map(|v| v.0).sum();
        let total: i128 = sum.verdicts.values().map(|v| i128::from(v.1)).sum();
        if (counted, total) != (upload.records, i128::from(upload.total)) {
            return Err(EngineError::ProofFailed(format!(
                "{}: header says {} records and {} fen, the lake holds {counted} and {total}",
                upload.name, upload.records, upload.total
            )));
        }
        if summaries.get(&upload.name).unwrap_or(&BTreeMap::new()) != &sum.verdicts {
            return Err(EngineError::ProofFailed(format!("{}: verdicts differ from the summary", upload.name)));
        }
        records += counted;
        for (key, group) in sum.groups {
            groups.entry(key).or_default().merge(group)?;
        }
    }
    let adjusted = adjustments(db, date).await?;
    let (priced, stored) = (priced_groups(db, date).await?, stored_netting(db, date).await?);
    compare_money(scheme, date, &groups, &adjusted, &priced, &stored)?;
    Ok(records)
}

fn sum_uploads(
    scheme: &Scheme,
    lake: &Lake,
    date: Date,
    uploads: &[Upload],
    threads: usize,
) -> Result<Vec<LakeSums>, EngineError> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, LakeSums)>, EngineError> {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(upload) = uploads.get(number) else { return Ok(done) };
            let table = Table::open(&lake.table_path(date, &upload.name))?;
            done.push((number, sum_table(scheme, upload.member, &table)?));
        }
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(uploads.len())).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all: Vec<(usize, LakeSums)> = Vec::with_capacity(uploads.len());
    for part in parts {
        all.extend(part?);
    }
    all.sort_unstable_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, sums)| sums).collect())
}

/// Fees and positions from the proven groups, with arithmetic of its own.
fn compare_money(
    scheme: &Scheme,
    date: Date,
    groups: &Groups,
    adjusted: &[Adjustment],
    priced: &[PricedGroup],
    stored: &Netting,
) -> Result<(), EngineError> {
    let stored_groups: Groups = priced.iter().map(|g| (g.key, g.sum)).collect();
    if &stored_groups != groups {
        let differs = groups.iter().find(|(key, sum)| stored_groups.get(key) != Some(sum));
        return Err(EngineError::ProofFailed(format!("groups differ from the lake, first: {differs:?}")));
    }
    let mut positions: BTreeMap<MemberCode, (i128, i128, i128)> =
        scheme.members.iter().map(|m| (m.code, (0, 0, 0))).collect();
    let mut centre: i128 = 0;
    for terms in adjusted.iter().map(|a| &a.terms) {
        let amount = i128::from(terms.amount.0);
        for (party, amount) in [(terms.debtor, -amount), (terms.creditor, amount)] {
            match positions.get_mut(&party) {
                _ if party == MemberCode::CENTRE => centre += amount,
                Some(position) => position.2 += amount,
                None => return Err(EngineError::ProofFailed(format!("{party} is adjusted and no member"))),
            }
        }
    }
    for group in priced {
        let (mut issuer_fee, mut centre_fee) = (0, 0);
        let GroupKey { acquirer, issuer, industry } = group.key;
        if acquirer != issuer {
            let in_force = scheme.fees.iter().filter(|f| f.matches(acquirer, issuer, industry, date));
            if let Some(rule) = in_force.max_by_key(|f| f.specificity()) {
                let gross = i128::from(group.sum.gross.0);
                issuer_fee = (gross * i128::from(rule.issuer_rate.0) * 2 + 1_000_000) / 2_000_000;
                centre_fee = (gross * i128::from(rule.centre_rate.0) * 2 + 1_000_000) / 2_000_000;
            }
            positions.entry(issuer).or_default().1 += i128::from(group.sum.gross.0) - issuer_fee;
            positions.entry(acquirer).or_default().0 += i128::from(group.sum.gross.0) - issuer_fee - centre_fee;
            centre += centre_fee;
        }
        if (issuer_fee, centre_fee) != (i128::from(group.issuer_fee.0), i128::from(group.centre_fee.0)) {
            return Err(EngineError::ProofFailed(format!(
                "fees of {:?} differ: {issuer_fee}, {centre_fee}",
                group.key
            )));
        }
    }
    let mut sum = centre;
    for (member, proven) in &positions {
        let stored = stored.positions.get(member).copied().unwrap_or_default();
        let stored = [stored.receivable, stored.payable, stored.adjustments].map(|fen| i128::from(fen.0));
        let (receivable, payable, adjusted) = *proven;
        if stored != [receivable, payable, adjusted] {
            return Err(EngineError::ProofFailed(format!(
                "position of {member} differs: {receivable} − {payable} ± {adjusted}"
            )));
        }
        sum += receivable - payable + adjusted;
    }
    if centre != i128::from(stored.centre_fees.0) || sum != 0 || positions.len() != stored.positions.len() {
        return Err(EngineError::ProofFailed(format!("centre fees {centre}, positions and fees sum to {sum}")));
    }
    Ok(())
}

/// Step prove (证明): nothing is posted or published before the lake agrees. Suspicious records get their work list.
pub async fn run_prove(
    db: &Db,
    scheme: &Scheme,
    lake: &Lake,
    date: Date,
    threads: usize,
    clock: &dyn Clock,
) -> Result<u64, EngineError> {
    let records = prove_from_lake(db, scheme, lake, date, threads).await?;
    let suspicious = suspicious::collect(db, scheme, lake, date).await?;
    let mut tx = db.begin_write(Scope::Platform).await?;
    suspicious::insert(&mut tx, suspicious).await?;
    let detail = format!("{records} records");
    mark_done(&mut tx, date, Step::Prove, clock, &detail, "equal", &detail).await?;
    tx.commit().await?;
    Ok(records)
}
