//! What an operator sees of a clearing date at a glance (总览): files, records and verdicts as they come, steps, money;
//! trends over dates; flows between members.
//!
//! A member sees its own: files and verdicts of its uploads, and the flows that it is part of.

use crate::ExchangeError;
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, from_days_since_epoch};
use tongka_base::{Date, Fen, MemberCode, Reason, Verdict};
use tongka_engine::day::{self, Day, Step, StepRecord};
use tongka_storage::{Db, Row, Scope, params};

/// Files of a date by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Taken in.
    pub accepted: u64,
    /// Refused and not accepted since.
    pub refused: u64,
    /// Waiting for a predecessor (F09).
    pub waiting: u64,
}

/// Count and amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub count: u64,
    /// Their amount.
    pub amount: Fen,
}

/// A clearing date at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The date.
    pub day: Day,
    /// Steps done, by name.
    pub steps: BTreeMap<String, StepRecord>,
    /// Files.
    pub files: FileCounts,
    /// All records.
    pub records: Tally,
    /// By reason.
    pub verdicts: Vec<(Reason, Tally)>,
    /// Σ receivables and Σ payables, once netted.
    pub money: Option<(Fen, Fen)>,
}

impl Overview {
    /// The first step that is not done.
    pub fn next_step(&self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| !self.steps.contains_key(step.name()))
    }
}

fn tally(row: &Row, amount: &str) -> Result<Tally, ExchangeError> {
    Ok(Tally { count: row.int("record_count")? as u64, amount: Fen(row.int(amount)?) })
}

/// A date at a glance; `None` where there is no such date.
///
/// # Errors
/// What the database says.
pub async fn overview(db: &Db, scope: Scope, date: Date) -> Result<Option<Overview>, ExchangeError> {
    let Some(day) = day::days(db).await?.into_iter().find(|d| d.date == date) else {
        return Ok(None);
    };
    let days = params![days_since_epoch(date)];
    let read = db.read(scope);
    let uploads = "SELECT COUNT(*) AS files, CAST(COALESCE(SUM(record_count), 0) AS BIGINT) AS record_count, \
                   CAST(COALESCE(SUM(total_fen), 0) AS BIGINT) AS total_fen FROM upload \
                   WHERE clearing_date = $1 AND {scope:member}";
    let uploads = read.fetch_one(uploads, days).await?;
    let open = "SELECT r.result, COUNT(DISTINCT r.upload_name) AS files FROM receipt r \
                WHERE r.clearing_date = $1 AND r.result <> 'OK' AND {scope:r.member} \
                AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.name = r.upload_name) GROUP BY r.result";
    let mut files = FileCounts { accepted: uploads.int("files")? as u64, ..FileCounts::default() };
    for row in read.fetch_all(open, days).await? {
        let count = row.int("files")? as u64;
        if row.text("result")? == "F09" { files.waiting += count } else { files.refused += count }
    }
    let verdicts = crate::store::verdicts(db, scope, date).await?;
    let positions = day::positions(db, scope, date).await?;
    let money = if positions.is_empty() {
        None
    } else {
        let sum = |of: fn(&day::StoredPosition) -> Fen| Fen::try_sum(positions.iter().map(of));
        Some((sum(|p| p.position.receivable)?, sum(|p| p.position.payable)?))
    };
    Ok(Some(Overview {
        steps: day::steps(db, date).await?,
        files,
        records: tally(&uploads, "total_fen")?,
        verdicts: verdicts.into_iter().map(|(reason, count, amount)| (reason, Tally { count, amount })).collect(),
        money,
        day,
    }))
}

/// A point of a trend: a date and its records by verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendPoint {
    /// The date.
    pub date: Date,
    /// By verdict, in the order of [`Verdict::ALL`].
    pub verdicts: [Tally; 5],
}

/// The dates from `from` to `to` that have records, oldest first.
///
/// # Errors
/// What the database says.
pub async fn trend(db: &Db, scope: Scope, from: Date, to: Date) -> Result<Vec<TrendPoint>, ExchangeError> {
    let sql = "SELECT u.clearing_date, v.reason, CAST(SUM(v.record_count) AS BIGINT) AS record_count, \
               CAST(SUM(v.amount_fen) AS BIGINT) AS amount_fen \
               FROM upload u JOIN upload_verdict v ON v.upload_no = u.upload_no \
               WHERE u.clearing_date BETWEEN $1 AND $2 AND {scope:u.member} \
               GROUP BY u.clearing_date, v.reason ORDER BY u.clearing_date";
    let mut points: Vec<TrendPoint> = Vec::new();
    for row in db.read(scope).fetch_all(sql, params![days_since_epoch(from), days_since_epoch(to)]).await? {
        let date = from_days_since_epoch(row.int("clearing_date")? as i32).expect("written from a date");
        let verdict = Reason::from_code(row.int("reason")? as u8).expect("written from a reason").verdict();
        if points.last().is_none_or(|p| p.date != date) {
            points.push(TrendPoint { date, verdicts: [Tally::default(); 5] });
        }
        let sum = &mut points.last_mut().expect("pushed above").verdicts[verdict as usize];
        let more = tally(&row, "amount_fen")?;
        sum.count += more.count;
        sum.amount = sum.amount.checked_add(more.amount)?;
    }
    Ok(points)
}

/// What flows from an issuer's member to an acquirer on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// At whose terminals.
    pub acquirer: MemberCode,
    /// Whose cards.
    pub issuer: MemberCode,
    /// Accepted records and their gross.
    pub tally: Tally,
    /// Issuer's fee and centre's fee, once priced.
    pub fees: Option<(Fen, Fen)>,
}

/// The flows of a date over all industries: as priced, or as taken in so far while the date is open.
///
/// # Errors
/// What the database says.
pub async fn flows(db: &Db, scope: Scope, date: Date) -> Result<Vec<Flow>, ExchangeError> {
    let priced = "SELECT acquirer, issuer, CAST(SUM(record_count) AS BIGINT) AS record_count, \
                  CAST(SUM(gross_fen) AS BIGINT) AS gross_fen, CAST(SUM(issuer_fee_fen) AS BIGINT) AS issuer_fee_fen, \
                  CAST(SUM(centre_fee_fen) AS BIGINT) AS centre_fee_fen FROM day_group \
                  WHERE clearing_date = $1 AND ({scope:acquirer} OR {scope:issuer}) \
                  GROUP BY acquirer, issuer ORDER BY acquirer, issuer";
    let open = "SELECT u.member AS acquirer, g.issuer AS issuer, CAST(SUM(g.record_count) AS BIGINT) AS record_count, \
                CAST(SUM(g.gross_fen) AS BIGINT) AS gross_fen FROM upload u JOIN upload_group g ON g.upload_no = u.upload_no \
                WHERE u.clearing_date = $1 AND ({scope:u.member} OR {scope:g.issuer}) \
                GROUP BY u.member, g.issuer ORDER BY u.member, g.issuer";
    let is_priced = day::is_done(db, date, Step::Price).await?;
    let flow = |row: &Row| {
        let fees = match is_priced {
            true => Some((Fen(row.int("issuer_fee_fen")?), Fen(row.int("centre_fee_fen")?))),
            false => None,
        };
        Ok(Flow {
            acquirer: MemberCode(row.int("acquirer")? as u32),
            issuer: MemberCode(row.int("issuer")? as u32),
            tally: tally(row, "gross_fen")?,
            fees,
        })
    };
    let sql = if is_priced { priced } else { open };
    db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?.iter().map(flow).collect()
}

/// Members that sent something into a date, with the number of their files.
///
/// # Errors
/// What the database says.
pub async fn files_by_member(db: &Db, scope: Scope, date: Date) -> Result<BTreeMap<MemberCode, u64>, ExchangeError> {
    let sql =
        "SELECT member, COUNT(*) AS files FROM upload WHERE clearing_date = $1 AND {scope:member} GROUP BY member";
    let rows = db.read(scope).fetch_all(sql, params![days_since_epoch(date)]).await?;
    rows.iter().map(|row| Ok((MemberCode(row.int("member")? as u32), row.int("files")? as u64))).collect()
}

/// Sum over a verdict.
pub fn of_verdict(verdicts: &[(Reason, Tally)], verdict: Verdict) -> Tally {
    verdicts.iter().filter(|(reason, _)| reason.verdict() == verdict).fold(Tally::default(), |sum, (_, tally)| Tally {
        count: sum.count + tally.count,
        amount: Fen(sum.amount.0.saturating_add(tally.amount.0)),
    })
}
