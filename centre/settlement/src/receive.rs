//! Taking in what the bank sends (接收银行报文): kept as it came, checked, recognised when it came before, applied once.
//!
//! | state | when |
//! |---|---|
//! | `accepted` | applied |
//! | `doubled` | the same bytes were received before (B10): nothing is done |
//! | `waiting` | a statement whose predecessor is missing (B14): applied as soon as that came |
//! | `refused` | everything else, with its code: nothing of it is used |
//!
//! Each message is one transaction with all it does. Messages may come in any order.

use crate::account::account_of_number;
use crate::bank_link::BankLink;
use crate::booking::{self, Booking};
use crate::books::{self, instructions_where, next_id};
use crate::outgoing::file_of;
use crate::statement::{self, Taken};
use crate::{BankCode, SettlementError};
use std::path::Path;
use tongka_base::date::format_date_time;
use tongka_base::{Clock, MemberCode};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_link::LinkError;
use tongka_link::disk::write_file;
use tongka_storage::{Db, WriteTx, params};
use tongka_wire::iso20022::{
    EntryStatus, Envelope, IsoError, OriginalStatus, read_envelope, read_notifications, read_statements, read_status,
};

/// Largest message, bytes: a statement of a million entries is about 600 MB.
pub const LARGEST: u64 = 1 << 30;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number in the books.
    pub message: i64,
    /// `accepted`, `doubled`, `waiting`, `refused`.
    pub state: &'static str,
    /// Why; empty for accepted.
    pub code: String,
    /// What exactly.
    pub detail: String,
}

/// Why a message is not applied.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn new(code: BankCode, detail: impl std::fmt::Display) -> Self {
        Self { code: code.code(), detail: format!("{} {}: {detail}", code.text_zh(), code.text_en()) }
    }
}

impl From<IsoError> for Refusal {
    fn from(error: IsoError) -> Self {
        Self { code: error.code.code(), detail: error.to_string() }
    }
}

/// What applying a message came to: refused by a value, or an error that stops the work.
pub(crate) type Applied<T> = Result<Result<T, Refusal>, SettlementError>;

/// Fetches and takes in everything that waits at the bank.
///
/// # Errors
/// Y codes of the way; what the database says. What was taken in before stays so.
pub async fn fetch(
    db: &Db,
    data: &Path,
    link: &BankLink,
    clock: &dyn Clock,
) -> Result<Vec<(String, Received)>, SettlementError> {
    let open = link.open().await?;
    let mut received = Vec::new();
    for file in open.list().await? {
        let bytes = if file.size > LARGEST { Vec::new() } else { open.fetch(&file, &data.join("bank")).await? };
        let what = if file.size > LARGEST {
            refuse_unread(db, &file.name, file.size, clock).await?
        } else {
            receive(db, data, &bytes, clock).await?
        };
        open.confirm(&file.name).await?;
        received.push((file.name, what));
    }
    Ok(received)
}

async fn refuse_unread(db: &Db, name: &str, size: u64, clock: &dyn Clock) -> Result<Received, SettlementError> {
    let mut tx = books::begin(db).await?;
    let refusal = Refusal::new(BankCode::Size, format!("{name}: {size} bytes"));
    let envelope = Envelope { message: String::new(), id: String::new() };
    let row = Row { envelope: &envelope, digest: "", file: "", bytes: size };
    let received = insert(&mut tx, &row, "refused", Some(&refusal), clock).await?;
    tx.commit().await?;
    Ok(received)
}

/// Takes in one message.
///
/// # Errors
/// What the disk and the database say; a wrong message is no error but a `refused` one.
pub async fn receive(db: &Db, data: &Path, bytes: &[u8], clock: &dyn Clock) -> Result<Received, SettlementError> {
    let digest = hex(&sm3(bytes));
    let file = format!("in/{digest}.xml");
    let path = file_of(data, &file);
    if !path.exists() {
        write_file(&path, bytes)?;
    }
    let mut tx = books::begin(db).await?;
    let (envelope, read_error) = match read_envelope(bytes) {
        Ok(envelope) => (envelope, None),
        Err(error) => (Envelope { message: String::new(), id: String::new() }, Some(error)),
    };
    let row = Row { envelope: &envelope, digest: &digest, file: &file, bytes: bytes.len() as u64 };
    let sql = "SELECT id FROM bank_message WHERE direction = 'in' AND digest = $1 ORDER BY id LIMIT 1";
    if let Some(known) = tx.fetch_optional(sql, params![&digest]).await? {
        let refusal = Refusal::new(BankCode::Doubled, format!("报文 message {}", known.int("id")?));
        let received = insert(&mut tx, &row, "doubled", Some(&refusal), clock).await?;
        tx.commit().await?;
        return Ok(received);
    }
    if let Some(error) = read_error {
        return refuse(tx, &row, error.into(), clock).await;
    }
    let sql = "SELECT id FROM bank_message WHERE direction = 'in' AND message_id = $1 AND kind = $2 \
               AND state IN ('accepted', 'waiting') LIMIT 1";
    if tx.fetch_optional(sql, params![&envelope.id, &envelope.message]).await?.is_some() {
        return refuse(tx, &row, Refusal::new(BankCode::Altered, &envelope.id), clock).await;
    }
    let received = insert(&mut tx, &row, "accepted", None, clock).await?;
    let applied = apply(&mut tx, &received, &envelope, bytes, clock).await?;
    match applied {
        Ok(Taken::Done) => {
            audit(&mut tx, &envelope, "accepted", clock).await?;
            tx.commit().await?;
            if envelope.message.starts_with("camt.053") {
                take_in_waiting(db, data, clock).await?;
            }
            Ok(received)
        }
        Ok(Taken::Waits(detail)) => {
            tx.rollback().await?;
            let mut tx = books::begin(db).await?;
            let received = insert(&mut tx, &row, "waiting", Some(&Refusal::new(BankCode::Gap, detail)), clock).await?;
            tx.commit().await?;
            Ok(received)
        }
        Err(refusal) => {
            tx.rollback().await?;
            refuse(books::begin(db).await?, &row, refusal, clock).await
        }
    }
}

async fn refuse(
    mut tx: WriteTx,
    row: &Row<'_>,
    refusal: Refusal,
    clock: &dyn Clock,
) -> Result<Received, SettlementError> {
    let received = insert(&mut tx, row, "refused", Some(&refusal), clock).await?;
    audit(&mut tx, row.envelope, refusal.code, clock).await?;
    tx.commit().await?;
    Ok(received)
}

async fn audit(tx: &mut WriteTx, envelope: &Envelope, what: &str, clock: &dyn Clock) -> Result<(), SettlementError> {
    let object = format!("{} {}", envelope.message, envelope.id);
    books::note(tx, MemberCode::CENTRE, "bank", "settlement.receive", &object, what, clock).await
}

struct Row<'a> {
    envelope: &'a Envelope,
    digest: &'a str,
    file: &'a str,
    bytes: u64,
}

async fn insert(
    tx: &mut WriteTx,
    row: &Row<'_>,
    state: &'static str,
    refusal: Option<&Refusal>,
    clock: &dyn Clock,
) -> Result<Received, SettlementError> {
    let (id, now) = (next_id(tx, "bank_message").await?, format_date_time(clock.now()));
    let (code, detail) = refusal.map_or(("", String::new()), |r| (r.code, r.detail.chars().take(300).collect()));
    let sql = "INSERT INTO bank_message (id, direction, kind, message_id, digest, file, bytes, state, code, detail, \
               attempts, at, changed_at) VALUES ($1, 'in', $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)";
    let Envelope { message, id: message_id } = row.envelope;
    let bytes = row.bytes as i64;
    tx.execute(sql, params![id, message, message_id, row.digest, row.file, bytes, state, code, &detail, now]).await?;
    Ok(Received { message: id, state, code: code.to_owned(), detail })
}

async fn apply(
    tx: &mut WriteTx,
    received: &Received,
    envelope: &Envelope,
    bytes: &[u8],
    clock: &dyn Clock,
) -> Applied<Taken> {
    match envelope.message.get(..8) {
        Some("pain.002") => apply_status(tx, envelope, bytes, clock).await,
        Some("camt.054") => apply_notifications(tx, envelope, bytes, clock).await,
        Some("camt.053") => match read_statements(bytes) {
            Ok(statements) => statement::take_in(tx, received.message, &envelope.id, statements, clock).await,
            Err(error) => Ok(Err(error.into())),
        },
        _ => {
            let code = tongka_wire::iso20022::IsoCode::Message;
            let detail = format!("{} {}: {}", code.text_zh(), code.text_en(), envelope.message);
            Ok(Err(Refusal { code: code.code(), detail }))
        }
    }
}

async fn apply_status(tx: &mut WriteTx, envelope: &Envelope, bytes: &[u8], clock: &dyn Clock) -> Applied<Taken> {
    let report = match read_status(bytes) {
        Ok(report) => report,
        Err(error) => return Ok(Err(error.into())),
    };
    let sql = "SELECT id FROM bank_message WHERE direction = 'out' AND message_id = $1";
    let Some(order) = tx.fetch_optional(sql, params![&report.order]).await? else {
        return Ok(Err(Refusal::new(BankCode::Stranger, &report.order)));
    };
    let instructions = instructions_where(tx, "message = $1", params![order.int("id")?]).await?;
    let named = |id: &str| instructions.iter().find(|i| i.reference == id);
    if let Some(stranger) = report.transactions.iter().find(|t| named(&t.id).is_none()) {
        return Ok(Err(Refusal::new(BankCode::Stranger, &stranger.id)));
    }
    let source = format!("pain.002 {}", envelope.id);
    for instruction in &instructions {
        let own = report.transactions.iter().find(|t| t.id == instruction.reference);
        // What is not named goes with the whole, where the whole was judged; "partly" judges nothing.
        let (status, reason) = match own {
            Some(t) => (t.status, format!("{} {}", t.reason.as_deref().unwrap_or(""), t.text.as_deref().unwrap_or(""))),
            None => match report.group {
                Some(OriginalStatus::Rejected) if !report.transactions.is_empty() => continue,
                Some(status) => (status, report.reason.clone().unwrap_or_default()),
                None => continue,
            },
        };
        booking::answer(tx, instruction, status, reason.trim(), &source, clock).await?;
    }
    Ok(Ok(Taken::Done))
}

async fn apply_notifications(tx: &mut WriteTx, envelope: &Envelope, bytes: &[u8], clock: &dyn Clock) -> Applied<Taken> {
    let notifications = match read_notifications(bytes) {
        Ok(notifications) => notifications,
        Err(error) => return Ok(Err(error.into())),
    };
    let source = format!("camt.054 {}", envelope.id);
    for notification in &notifications {
        if account_of_number(tx, &notification.account).await?.is_none() {
            return Ok(Err(Refusal::new(BankCode::Account, statement::masked(&notification.account))));
        }
        for entry in notification.entries.iter().filter(|e| e.status == EntryStatus::Booked) {
            let Some(reference) = &entry.reference else { continue };
            // What names no instruction comes with the statement, which queues it.
            let Some(found) = instructions_where(tx, "reference = $1", params![reference]).await?.pop() else {
                continue;
            };
            let booking = Booking {
                account: &notification.account,
                amount: if entry.is_credit { entry.amount.0 } else { -entry.amount.0 },
                on: entry.booked_on.unwrap_or(clock.now().date()),
                source: &source,
                is_return: entry.is_reversal || entry.return_reason.is_some(),
                line: None,
            };
            booking::apply(tx, &found, &booking, clock).await?;
        }
    }
    Ok(Ok(Taken::Done))
}

/// Applies waiting statements, oldest first, until none goes any further.
async fn take_in_waiting(db: &Db, data: &Path, clock: &dyn Clock) -> Result<(), SettlementError> {
    loop {
        let sql = "SELECT id, message_id, file FROM bank_message WHERE state = 'waiting' ORDER BY id";
        let waiting = db.read(tongka_storage::Scope::Platform).fetch_all(sql, params![]).await?;
        let mut moved = false;
        for row in waiting {
            let (id, message_id) = (row.int("id")?, row.text("message_id")?);
            let path = file_of(data, &row.text("file")?);
            let bytes = std::fs::read(&path).map_err(LinkError::io(&path))?;
            let mut tx = books::begin(db).await?;
            let outcome = match read_statements(&bytes) {
                Ok(statements) => statement::take_in(&mut tx, id, &message_id, statements, clock).await?,
                Err(error) => Err(error.into()),
            };
            let (state, code, detail) = match outcome {
                Ok(Taken::Waits(_)) => {
                    tx.rollback().await?;
                    continue;
                }
                Ok(Taken::Done) => ("accepted", "", String::new()),
                Err(refusal) => {
                    tx.rollback().await?;
                    tx = books::begin(db).await?;
                    ("refused", refusal.code, refusal.detail)
                }
            };
            let sql = "UPDATE bank_message SET state = $2, code = $3, detail = $4, changed_at = $5 WHERE id = $1";
            tx.execute(sql, params![id, state, code, detail, format_date_time(clock.now())]).await?;
            let envelope = Envelope { message: "camt.053".into(), id: message_id };
            audit(&mut tx, &envelope, if code.is_empty() { state } else { code }, clock).await?;
            tx.commit().await?;
            moved = true;
        }
        if !moved {
            return Ok(());
        }
    }
}
