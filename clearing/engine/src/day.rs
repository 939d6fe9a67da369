//! A clearing date (清算日) and its steps in the database.

use crate::EngineError;
pub use crate::adjust::adjustments;
use crate::pricing::{Netting, Position, PricedGroup, net, price};
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, Fen, Industry, MemberCode};
use tongka_crypto::sm3;
use tongka_scheme::Scheme;
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use tongka_txn::{GroupKey, GroupSum, Groups};

/// A step of a clearing day, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 收文: files are taken in.
    Intake,
    /// 日切: no further file is taken in.
    Cut,
    /// 计费: groups get their fees.
    Price,
    /// 轧差: positions.
    Net,
    /// 证明: the same figures by another path.
    Prove,
    /// 记账: ledger and reserve movements.
    Post,
    /// 发布: result files.
    Publish,
    /// 关账: the date is closed.
    Close,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 8] =
        [Self::Intake, Self::Cut, Self::Price, Self::Net, Self::Prove, Self::Post, Self::Publish, Self::Close];

    /// The name in the database and in reports.
    pub fn name(self) -> &'static str {
        ["intake", "cut", "price", "net", "prove", "post", "publish", "close"][self as usize]
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        ["收文", "日切", "计费", "轧差", "证明", "记账", "发布", "关账"][self as usize]
    }
}

/// State of a clearing date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayState {
    /// Takes files in or is being worked through.
    Open,
    /// Closed for ever.
    Closed,
}

/// A clearing date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// State.
    pub state: DayState,
    /// SM3 of the scheme file it runs by, hex.
    pub scheme_digest: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// The centre's fees, once netted.
    pub centre_fees: Option<Fen>,
}

const DAY_COLUMNS: &str = "clearing_date, state, scheme_digest, opened_at, closed_at, centre_fees_fen";

pub(crate) fn date_of(row: &Row) -> Result<Date, EngineError> {
    Ok(from_days_since_epoch(row.int("clearing_date")? as i32).expect("written from a date"))
}

fn day_of(row: &Row) -> Result<Day, EngineError> {
    Ok(Day {
        date: date_of(row)?,
        state: if row.text("state")? == "closed" { DayState::Closed } else { DayState::Open },
        scheme_digest: row.text("scheme_digest")?,
        opened_at: row.text("opened_at")?,
        closed_at: row.opt_text("closed_at")?,
        centre_fees: row.opt_int("centre_fees_fen")?.map(Fen),
    })
}

/// All clearing dates, oldest first.
pub async fn days(db: &Db) -> Result<Vec<Day>, EngineError> {
    let sql = format!("SELECT {DAY_COLUMNS} FROM clearing_day ORDER BY clearing_date");
    db.read(Scope::Platform).fetch_all(&sql, params![]).await?.iter().map(day_of).collect()
}

/// Opens a clearing date, or finds it open or closed.
///
/// Refused: `E01` a date before the last closed one, `E02` while another date is open, `E03` under another scheme than
/// the one it was opened with.
pub async fn open(db: &Db, date: Date, scheme_digest: &str, clock: &dyn Clock) -> Result<Day, EngineError> {
    let known = days(db).await?;
    if let Some(day) = known.iter().find(|d| d.date == date) {
        if day.state == DayState::Open && day.scheme_digest != scheme_digest {
            return Err(EngineError::refused(
                "E03",
                format!(
                    "清算日 {date} 以另一份规则文件开始，不能中途更换 / clearing date {date} was opened with another scheme file"
                ),
            ));
        }
        return Ok(day.clone());
    }
    if let Some(other) = known.iter().find(|d| d.state == DayState::Open) {
        return Err(EngineError::refused(
            "E02",
            format!("清算日 {} 尚未关账 / clearing date {} is still open: finish it first", other.date, other.date),
        ));
    }
    if let Some(last) = known.last().filter(|d| d.date > date) {
        return Err(EngineError::refused(
            "E01",
            format!("日期早于最后关账日 {} / date is before the last closed one, {}", last.date, last.date),
        ));
    }
    let opened_at = format_date_time(clock.now());
    let mut tx = db.begin_write(Scope::Platform).await?;
    tx.execute(
        "INSERT INTO clearing_day (clearing_date, state, scheme_digest, opened_at) VALUES ($1, 'open', $2, $3)",
        params![days_since_epoch(date), scheme_digest, opened_at.as_str()],
    )
    .await?;
    tx.commit().await?;
    Ok(Day {
        date,
        state: DayState::Open,
        scheme_digest: scheme_digest.into(),
        opened_at,
        closed_at: None,
        centre_fees: None,
    })
}

/// The steps done of a date, with their record.
pub async fn steps(db: &Db, date: Date) -> Result<BTreeMap<String, StepRecord>, EngineError> {
    let sql = "SELECT step, done_at, input_digest, output_digest, detail FROM day_step WHERE clearing_date = $1";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(date)]).await?;
    let record = |row: &Row| {
        Ok((
            row.text("step")?,
            StepRecord {
                done_at: row.text("done_at")?,
                input_digest: row.text("input_digest")?,
                output_digest: row.text("output_digest")?,
                detail: row.text("detail")?,
            },
        ))
    };
    rows.iter().map(record).collect()
}

/// What is kept of a step that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// When.
    pub done_at: String,
    /// SM3 over what it read.
    pub input_digest: String,
    /// SM3 over what it wrote.
    pub output_digest: String,
    /// For people.
    pub detail: String,
}

/// Whether a step of a date is done.
pub async fn is_done(db: &Db, date: Date, step: Step) -> Result<bool, EngineError> {
    Ok(steps(db, date).await?.contains_key(step.name()))
}

/// Records in the step's own transaction that it is done; input and output are given as the text they are digested from.
pub async fn mark_done(
    tx: &mut WriteTx,
    date: Date,
    step: Step,
    clock: &dyn Clock,
    input: &str,
    output: &str,
    detail: &str,
) -> Result<(), EngineError> {
    tx.execute(
        "INSERT INTO day_step (clearing_date, step, done_at, input_digest, output_digest, detail) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            days_since_epoch(date),
            step.name(),
            format_date_time(clock.now()),
            hex(&sm3(input.as_bytes())),
            hex(&sm3(output.as_bytes())),
            detail
        ],
    )
    .await?;
    Ok(())
}

/// Upper-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02X}").expect("a string takes everything");
        text
    })
}

/// Sums by group of a date, from the summaries that intake wrote.
pub async fn intake_groups(db: &Db, date: Date) -> Result<Groups, EngineError> {
    let sql = "SELECT u.member AS acquirer, g.issuer, g.industry, \
               CAST(SUM(g.record_count) AS BIGINT) AS record_count, CAST(SUM(g.gross_fen) AS BIGINT) AS gross_fen \
               FROM upload_group g JOIN upload u ON u.upload_no = g.upload_no WHERE u.clearing_date = $1 \
               GROUP BY u.member, g.issuer, g.industry";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(|row| Ok((group_key(row)?, group_sum(row)?))).collect()
}

fn group_key(row: &Row) -> Result<GroupKey, EngineError> {
    Ok(GroupKey {
        acquirer: MemberCode(row.int("acquirer")? as u32),
        issuer: MemberCode(row.int("issuer")? as u32),
        industry: Industry::from_code(row.int("industry")? as u8).expect("written from an industry"),
    })
}

fn group_sum(row: &Row) -> Result<GroupSum, EngineError> {
    Ok(GroupSum { count: row.int("record_count")? as u64, gross: Fen(row.int("gross_fen")?) })
}

/// Step cut (日切): from here on no file is taken into the date, and the adjustments approved so far are booked on it.
pub async fn cut(db: &Db, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let rows = db
        .read(Scope::Platform)
        .fetch_all(
            "SELECT name FROM upload WHERE clearing_date = $1 ORDER BY upload_no",
            params![days_since_epoch(date)],
        )
        .await?;
    let names = rows.iter().map(|row| row.text("name")).collect::<Result<Vec<_>, _>>()?;
    let mut tx = db.begin_write(Scope::Platform).await?;
    let adjusted = crate::adjust::take_in(&mut tx, date).await?;
    let detail = format!("{} uploads, {adjusted} adjustments", names.len());
    mark_done(&mut tx, date, Step::Cut, clock, &names.join("\n"), "", &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Step price (计费): every group gets its fees.
pub async fn run_price(db: &Db, scheme: &Scheme, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let groups = intake_groups(db, date).await?;
    let priced = price(scheme, date, &groups)?;
    let mut tx = db.begin_write(Scope::Platform).await?;
    let rows = priced.iter().map(|g| {
        params![
            days_since_epoch(date),
            g.key.acquirer.0,
            g.key.issuer.0,
            g.key.industry.code(),
            g.sum.count as i64,
            g.sum.gross.0,
            g.fee_rule.map(|r| r as i64),
            g.issuer_fee.0,
            g.centre_fee.0
        ]
        .to_vec()
    });
    tx.insert_many(
        "day_group",
        &[
            "clearing_date",
            "acquirer",
            "issuer",
            "industry",
            "record_count",
            "gross_fen",
            "fee_rule",
            "issuer_fee_fen",
            "centre_fee_fen",
        ],
        rows.collect(),
    )
    .await?;
    let detail = format!("{} groups", priced.len());
    mark_done(&mut tx, date, Step::Price, clock, &format!("{groups:?}"), &format!("{priced:?}"), &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// The priced groups of a date, in group order.
pub async fn priced_groups(db: &Db, date: Date) -> Result<Vec<PricedGroup>, EngineError> {
    priced_groups_within(db, Scope::Platform, date).await
}

/// The priced groups of a date that a scope is a party to, in group order.
pub async fn priced_groups_within(db: &Db, scope: Scope, date: Date) -> Result<Vec<PricedGroup>, EngineError> {
    let sql = "SELECT acquirer, issuer, industry, record_count, gross_fen, fee_rule, issuer_fee_fen, centre_fee_fen \
               FROM day_group WHERE clearing_date = $1 AND ({scope:acquirer} OR {scope:issuer}) \
               ORDER BY acquirer, issuer, industry";
    let rows = db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(priced_group).collect()
}

pub(crate) fn priced_group(row: &Row) -> Result<PricedGroup, EngineError> {
    Ok(PricedGroup {
        key: group_key(row)?,
        sum: group_sum(row)?,
        fee_rule: row.opt_int("fee_rule")?.map(|r| r as usize),
        issuer_fee: Fen(row.int("issuer_fee_fen")?),
        centre_fee: Fen(row.int("centre_fee_fen")?),
    })
}

/// Step net (轧差): positions of all members with the adjustments of the date; Σ positions + centre fees must be zero.
pub async fn run_net(db: &Db, scheme: &Scheme, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let priced = priced_groups(db, date).await?;
    let adjusted = adjustments(db, date).await?;
    let netting = net(scheme, &priced, &crate::adjust::sums(&adjusted)?)?;
    let imbalance = netting.imbalance()?;
    if imbalance != Fen::ZERO {
        return Err(EngineError::ProofFailed(format!("positions and centre fees sum to {imbalance}, not to zero")));
    }
    let mut tx = db.begin_write(Scope::Platform).await?;
    let mut rows = Vec::new();
    for (member, position) in &netting.positions {
        let net = position.net()?;
        rows.push(
            params![
                days_since_epoch(date),
                member.0,
                position.receivable.0,
                position.payable.0,
                position.adjustments.0,
                net.0
            ]
            .to_vec(),
        );
    }
    let columns = ["clearing_date", "member", "receivable_fen", "payable_fen", "adjustments_fen", "net_fen"];
    tx.insert_many("position", &columns, rows).await?;
    tx.execute(
        "UPDATE clearing_day SET centre_fees_fen = $2 WHERE clearing_date = $1",
        params![days_since_epoch(date), netting.centre_fees.0],
    )
    .await?;
    let detail = format!("{} positions, centre fees {}", netting.positions.len(), netting.centre_fees);
    let input = format!("{priced:?}{adjusted:?}");
    mark_done(&mut tx, date, Step::Net, clock, &input, &format!("{netting:?}"), &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// A stored position, with the reserve before and after it once posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPosition {
    /// Member.
    pub member: MemberCode,
    /// Receivable, payable, adjustments.
    pub position: Position,
    /// Reserve before and after.
    pub reserve: Option<(Fen, Fen)>,
}

/// The positions of a date by member.
pub async fn positions(db: &Db, scope: Scope, date: Date) -> Result<Vec<StoredPosition>, EngineError> {
    let sql = "SELECT member, receivable_fen, payable_fen, adjustments_fen, reserve_before_fen, reserve_after_fen \
               FROM position WHERE clearing_date = $1 AND {scope:member} ORDER BY member";
    let rows = db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?;
    let stored = |row: &Row| {
        let before = row.opt_int("reserve_before_fen")?.map(Fen);
        let after = row.opt_int("reserve_after_fen")?.map(Fen);
        Ok(StoredPosition {
            member: MemberCode(row.int("member")? as u32),
            position: Position {
                receivable: Fen(row.int("receivable_fen")?),
                payable: Fen(row.int("payable_fen")?),
                adjustments: Fen(row.int("adjustments_fen")?),
            },
            reserve: before.zip(after),
        })
    };
    rows.iter().map(stored).collect()
}

/// The netting of a date as stored.
pub async fn stored_netting(db: &Db, date: Date) -> Result<Netting, EngineError> {
    let day = days(db).await?.into_iter().find(|d| d.date == date);
    let centre_fees = day.and_then(|d| d.centre_fees).unwrap_or_default();
    let positions = positions(db, Scope::Platform, date).await?.into_iter().map(|p| (p.member, p.position)).collect();
    Ok(Netting { positions, centre_fees })
}

/// Step close (关账): the date is closed for ever.
pub async fn close(db: &Db, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let mut tx = db.begin_write(Scope::Platform).await?;
    tx.execute(
        "UPDATE clearing_day SET state = 'closed', closed_at = $2 WHERE clearing_date = $1",
        params![days_since_epoch(date), format_date_time(clock.now())],
    )
    .await?;
    mark_done(&mut tx, date, Step::Close, clock, "", "", "closed").await?;
    tx.commit().await?;
    Ok(())
}

/// A point at which tests stop the process dead: `TONGKA_CRASH_AT` names it. Only in builds with debug assertions.
pub fn crash_point(name: &str) {
    if cfg!(debug_assertions) && std::env::var("TONGKA_CRASH_AT").is_ok_and(|point| point == name) {
        std::process::abort();
    }
}
