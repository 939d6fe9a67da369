//! Cases by files: `DSP` from a member is taken whole or refused whole; `DSR` tells a member what happened.
//!
//! A file stands for its member's word, by its signature: the two people are the member's affair.

use super::ask::{FileDeed, Raise, Respond, facts, take_one};
use super::{member, stage_of};
use crate::DisputeError;
use crate::rules::{Act, edge};
use tongka_audit::Deed;
use tongka_base::date::{format_date, format_date_time};
use tongka_base::{Clock, Fen, MemberCode};
use tongka_exchange::intake::Folders;
use tongka_storage::{Db, Scope, params};
use tongka_wire::{Kind, Value, parse_record, write_record};

/// Bytes of the note field.
const NOTE: usize = 120;

/// A line of a `DSP` file as it says.
fn read(line: &[u8]) -> Result<(Raise, String), DisputeError> {
    let values = parse_record(Kind::Dsp.table(), line)?;
    let [
        _,
        Value::Number(act),
        Value::Text(case),
        Value::Text(upload),
        Value::Number(record_no),
        Value::Number(gap),
        Value::Number(amount),
        Value::Number(reason),
        Value::Raw(note),
    ] = values.as_slice()
    else {
        return Err(DisputeError::Invalid("not as laid out".into()));
    };
    let act = u8::try_from(*act).ok().and_then(Act::from_code);
    let act = act.ok_or_else(|| DisputeError::Invalid("act".into()))?;
    let note = std::str::from_utf8(note).map_err(|_| DisputeError::Invalid("note: UTF-8".into()))?;
    let raise = Raise {
        act,
        upload: upload.clone(),
        record_no: *record_no as u32,
        gap: (*gap > 0).then_some(*gap),
        amount: (*amount > 0).then_some(Fen(*amount)),
        reason: (*reason > 0).then_some(*reason as u8),
        note: note.trim_end_matches(' ').to_owned(),
    };
    Ok((raise, case.clone()))
}

/// Takes the lines of a `DSP` file of a member, whose structure was checked. Taking the same file again changes nothing.
/// Returns the number of its records.
///
/// # Errors
/// D14 with the number of the record at fault and why; nothing is taken then.
pub async fn take_file(
    db: &Db,
    folders: &Folders,
    sender: MemberCode,
    (file, digest): (&str, &str),
    lines: &[u8],
    clock: &dyn Clock,
) -> Result<u64, DisputeError> {
    let known = "SELECT records FROM dispute_file WHERE file = $1 AND digest = $2";
    if let Some(row) = db.read(Scope::Platform).fetch_optional(known, params![file, digest]).await? {
        return Ok(row.int("records")? as u64);
    }
    let at = |index: usize| move |cause: DisputeError| DisputeError::Line { at: index + 1, cause: Box::new(cause) };
    let mut deeds = Vec::new();
    for (index, line) in lines.chunks_exact(Kind::Dsp.table().line_len()).enumerate() {
        let (raise, number) = read(line).map_err(at(index))?;
        deeds.push(if number.is_empty() && edge(None, raise.act).is_some() {
            let facts = facts(db, folders, sender, &raise).await.map_err(at(index))?;
            FileDeed::Raise(raise, facts)
        } else {
            let Raise { act, amount, reason, note, .. } = raise;
            FileDeed::Respond(Respond { number, act, amount, reason, note })
        });
    }
    let mut tx = tongka_audit::begin(db).await?;
    for (index, deed) in deeds.iter().enumerate() {
        take_one(&mut tx, sender, file, deed, clock).await.map_err(at(index))?;
    }
    let sql = "INSERT INTO dispute_file (file, member, digest, records, taken_at) VALUES ($1, $2, $3, $4, $5)";
    let now = format_date_time(clock.now());
    tx.execute(sql, params![file, sender, digest, deeds.len() as i64, now]).await?;
    let (actor, detail) = (sender.to_string(), format!("{} records", deeds.len()));
    let deed = Deed {
        owner: i64::from(sender.0),
        actor: &actor,
        action: "dispute.file",
        object: file,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(deeds.len() as u64)
}

/// What is told to a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Lines of a `DSR` file.
    pub lines: Vec<u8>,
    /// Their number.
    pub records: u64,
    /// The sum of what they move, as the header's total.
    pub total: Fen,
    /// The last stage that they tell of: what to go on after.
    pub last: i64,
}

/// The stages of a member's cases after a stage, oldest first, at most a million.
///
/// # Errors
/// D16, W01; what the database says.
pub async fn news(db: &Db, receiver: MemberCode, after: i64) -> Result<News, DisputeError> {
    let sql = "SELECT s.id, s.ordinal, s.act, s.state, s.member, s.person, s.approval, s.reason, s.note, s.debtor, \
               s.creditor, s.amount_fen, s.adjustment, s.deadline, s.at, c.number, c.acquirer, c.issuer, c.upload_name, \
               c.record_no, c.disputed_fen FROM dispute_stage s JOIN dispute_case c ON c.id = s.case_id \
               WHERE s.id > $1 AND ({scope:c.acquirer} OR {scope:c.issuer}) ORDER BY s.id LIMIT 1000000";
    let mut news = News { last: after, ..News::default() };
    for row in db.read(Scope::Member(receiver)).fetch_all(sql, params![after]).await? {
        let stage = stage_of(&row)?;
        let moved = match stage.moved {
            Some((debtor, _, amount)) if debtor == receiver => amount.checked_neg()?,
            Some((_, _, amount)) => amount,
            None => Fen::ZERO,
        };
        let number = |text: &str| text.parse::<i64>().map_err(|_| super::damaged("at"));
        let values = [
            Value::Text("Y".into()),
            Value::Text(row.text("number")?),
            Value::Number(stage.ordinal.into()),
            Value::Number(stage.act.code().into()),
            Value::Number(stage.state.code().into()),
            Value::Number(stage.member.0.into()),
            Value::Number(member(&row, "acquirer")?.0.into()),
            Value::Number(member(&row, "issuer")?.0.into()),
            Value::Text(row.text("upload_name")?),
            Value::Number(row.int("record_no")?),
            Value::Number(row.int("disputed_fen")?),
            Value::Number(moved.0),
            Value::Number(stage.reason.unwrap_or(0).into()),
            Value::Number(stage.deadline.map_or(Ok(0), |day| number(&format_date(day)))?),
            Value::Number(number(&stage.at)?),
            Value::Raw(padded(&stage.note)),
        ];
        write_record(Kind::Dsr.table(), &values, &mut news.lines)?;
        news.records += 1;
        news.total = news.total.checked_add(moved)?;
        news.last = row.int("id")?;
    }
    Ok(news)
}

/// A note cut to its field between two characters.
fn padded(note: &str) -> Vec<u8> {
    let mut end = note.len().min(NOTE);
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = note.as_bytes()[..end].to_vec();
    bytes.resize(NOTE, b' ');
    bytes
}
