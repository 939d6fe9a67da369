//! Sending instructions (发送指令): messages with ids that never change, made once, sent until they are answered.
//!
//! The instructions of one paying account and settlement date are one pain.001: each payer's own, and one of the clearing
//! account for all receivers. The bytes are on disk before the books name the message; sending again sends the same bytes,
//! so that the bank, which knows every `EndToEndId`, pays once.

use crate::SettlementError;
use crate::account::{Accounts, accounts_in};
use crate::bank_link::BankLink;
use crate::books::{self, Instruction, State, date_of, instructions_where, next_id};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_link::disk::write_file;
use tongka_storage::{Db, Scope, WriteTx, params};
use tongka_wire::iso20022::{Party, Payment, PaymentOrder, Way};

/// Minutes that the bank has for an answer.
pub const ANSWER_MINUTES: i64 = 120;

/// Folder of a message's bytes below the data folder.
pub(crate) fn file_of(data: &Path, file: &str) -> PathBuf {
    data.join("bank").join(file)
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages.
    pub messages: u64,
    /// Instructions in them.
    pub instructions: u64,
}

/// Writes messages for the instructions that are made, and sends every message that was not sent yet.
///
/// # Errors
/// T07 where an account was closed meanwhile; B05 for what the bank would refuse; Y codes of the way.
pub async fn send(db: &Db, data: &Path, link: &BankLink, clock: &dyn Clock) -> Result<Sent, SettlementError> {
    write_messages(db, data, clock).await?;
    let sql =
        "SELECT id, message_id, file, digest FROM bank_message WHERE direction = 'out' AND state = 'ready' ORDER BY id";
    let waiting = db.read(Scope::Platform).fetch_all(sql, params![]).await?;
    if waiting.is_empty() {
        return Ok(Sent::default());
    }
    let open = link.open().await?;
    let mut sent = Sent::default();
    for row in waiting {
        let (id, name) = (row.int("id")?, format!("{}.xml", row.text("message_id")?));
        open.put(&file_of(data, &row.text("file")?), &name, &row.text("digest")?).await?;
        sent.messages += 1;
        sent.instructions += mark_sent(db, id, &name, clock).await?;
    }
    Ok(sent)
}

fn due_at(clock: &dyn Clock) -> String {
    format_date_time(clock.now() + chrono::Duration::minutes(ANSWER_MINUTES))
}

async fn mark_sent(db: &Db, message: i64, name: &str, clock: &dyn Clock) -> Result<u64, SettlementError> {
    let (now, due) = (format_date_time(clock.now()), due_at(clock));
    let mut tx = books::begin(db).await?;
    let sql = "UPDATE bank_message SET state = 'sent', attempts = attempts + 1, changed_at = $2 WHERE id = $1";
    tx.execute(sql, params![message, now.as_str()]).await?;
    // An answer may be faster than this note.
    let sql = "UPDATE payment_instruction SET state = 'sent', due_at = $3, changed_at = $2 WHERE message = $1 AND state = 'made'";
    let instructions = tx.execute(sql, params![message, now, due]).await?;
    let detail = format!("{instructions} instructions");
    books::note(&mut tx, MemberCode::CENTRE, "settlement", "settlement.send", name, &detail, clock).await?;
    tx.commit().await?;
    Ok(instructions)
}

async fn write_messages(db: &Db, data: &Path, clock: &dyn Clock) -> Result<(), SettlementError> {
    let mut tx = books::begin(db).await?;
    let made = instructions_where(&mut tx, "state = 'made' AND message IS NULL", params![]).await?;
    let accounts = accounts_in(&mut tx).await?;
    let mut by_message: BTreeMap<String, Vec<Instruction>> = BTreeMap::new();
    for instruction in made {
        by_message.entry(message_id(&instruction)).or_default().push(instruction);
    }
    for (base, instructions) in by_message {
        // Instructions that were held when the others of their account went out are a further message.
        let sql =
            "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM bank_message WHERE direction = 'out' AND message_id LIKE $1";
        let before = tx.fetch_one(sql, params![format!("{base}-%")]).await?.int("n")?;
        let id = format!("{base}-{}", before + 1);
        let date = instructions[0].settlement_date;
        let bytes = order(&accounts, &id, date, &instructions, clock)?.write()?;
        let file = format!("out/{id}.xml");
        write_file(&file_of(data, &file), &bytes)?;
        let message = insert(&mut tx, &id, date, &file, &bytes, clock).await?;
        for instruction in instructions {
            let sql = "UPDATE payment_instruction SET message = $2 WHERE id = $1";
            tx.execute(sql, params![instruction.id, message]).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Payers each have a message of their own, receivers of a date are paid by one; a withdrawal has its own.
fn message_id(instruction: &Instruction) -> String {
    let date = format_date(instruction.settlement_date);
    match instruction.movement {
        Some(movement) => format!("TKW{date}-{movement}"),
        None if instruction.amount < Fen::ZERO => format!("TKM{date}-{}", instruction.member),
        None => format!("TKM{date}-{}", MemberCode::UNROUTED),
    }
}

fn order(
    accounts: &Accounts,
    id: &str,
    date: Date,
    instructions: &[Instruction],
    clock: &dyn Clock,
) -> Result<PaymentOrder, SettlementError> {
    let party = |number: &str| -> Result<Party, SettlementError> {
        let account = accounts.all().find(|a| a.party.account == number);
        account.map(|a| a.party.clone()).ok_or_else(|| SettlementError::NoAccount(number.to_owned()))
    };
    let payment = |i: &Instruction| -> Result<Payment, SettlementError> {
        Ok(Payment {
            id: i.reference.clone(),
            amount: Fen(i.amount.0.abs()),
            party: party(&i.payee)?,
            mandate: None,
            remittance: format!("清算资金 {date} {}", i.member),
        })
    };
    Ok(PaymentOrder {
        id: id.to_owned(),
        way: Way::Pay,
        created_at: clock.now(),
        execute_on: date.max(clock.now().date()),
        own: party(&instructions[0].payer)?,
        payments: instructions.iter().map(payment).collect::<Result<_, _>>()?,
    })
}

async fn insert(
    tx: &mut WriteTx,
    message: &str,
    date: Date,
    file: &str,
    bytes: &[u8],
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    let (id, now) = (next_id(tx, "bank_message").await?, format_date_time(clock.now()));
    let sql = "INSERT INTO bank_message (id, direction, kind, message_id, digest, file, bytes, state, code, detail, \
               settlement_date, attempts, at, changed_at) \
               VALUES ($1, 'out', 'pain.001.001.09', $2, $3, $4, $5, 'ready', '', '', $6, 0, $7, $7)";
    let digest = hex(&sm3(bytes));
    tx.execute(sql, params![id, message, digest, file, bytes.len() as i64, days_since_epoch(date), now]).await?;
    Ok(id)
}

/// What the passing of time did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// Instructions that became unknown.
    pub unknown: u64,
    /// Messages that were sent again, byte for byte.
    pub asked: u64,
}

/// Marks what the bank did not answer in time as unknown, and asks again by sending the same bytes.
///
/// # Errors
/// Y codes of the way.
pub async fn ask_again(db: &Db, data: &Path, link: &BankLink, clock: &dyn Clock) -> Result<Overdue, SettlementError> {
    let now = format_date_time(clock.now());
    let mut tx = books::begin(db).await?;
    let sql = "UPDATE payment_instruction SET state = 'unknown', changed_at = $1 WHERE state = 'sent' AND due_at < $1";
    let unknown = tx.execute(sql, params![now.as_str()]).await?;
    tx.commit().await?;
    let sql = "SELECT m.id, m.message_id, m.file, m.digest FROM bank_message m WHERE m.direction = 'out' AND EXISTS \
               (SELECT 1 FROM payment_instruction i WHERE i.message = m.id AND i.state = 'unknown' AND i.due_at < $1) \
               ORDER BY m.id";
    let waiting = db.read(Scope::Platform).fetch_all(sql, params![now.as_str()]).await?;
    let mut overdue = Overdue { unknown, asked: 0 };
    if waiting.is_empty() {
        return Ok(overdue);
    }
    let open = link.open().await?;
    for row in waiting {
        let (id, name) = (row.int("id")?, format!("{}.xml", row.text("message_id")?));
        open.put(&file_of(data, &row.text("file")?), &name, &row.text("digest")?).await?;
        let mut tx = books::begin(db).await?;
        tx.execute(
            "UPDATE bank_message SET attempts = attempts + 1, changed_at = $2 WHERE id = $1",
            params![id, now.as_str()],
        )
        .await?;
        let sql = "UPDATE payment_instruction SET due_at = $2 WHERE message = $1 AND state = 'unknown'";
        tx.execute(sql, params![id, due_at(clock)]).await?;
        tx.commit().await?;
        overdue.asked += 1;
    }
    Ok(overdue)
}

/// The settlement dates that still have instructions on their way, oldest first.
///
/// # Errors
/// What the database says.
pub async fn unfinished(db: &Db) -> Result<Vec<(Date, State, i64)>, SettlementError> {
    let sql = "SELECT settlement_date, state, CAST(COUNT(*) AS BIGINT) AS n FROM payment_instruction \
               WHERE state <> 'settled' AND carried_to IS NULL GROUP BY settlement_date, state \
               ORDER BY settlement_date, state";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![]).await?;
    let one = |row: &tongka_storage::Row| {
        let state = row.text("state")?;
        let state = State::ALL.into_iter().find(|s| s.word() == state);
        let state = state.ok_or_else(|| SettlementError::Broken("a state".into()))?;
        Ok((date_of(row, "settlement_date")?, state, row.int("n")?))
    };
    rows.iter().map(one).collect()
}
