//! The work queue (待处理队列) of reconciliation with the bank: what is missing here, missing there, or different.
//!
//! A thing is queued once while it is open. What arrives later closes it by itself; everything else is resolved by two
//! people of the centre:
//!
//! | action | for | effect |
//! |---|---|---|
//! | `book` 入账 | a line that the books do not have, on a member's or the fee account | the ledger moves as the bank did |
//! | `settle` 确认 | an instruction booked though it was rejected, not carried over yet | it is settled on the line's day |
//! | `offset` 冲抵 | two lines of an account that cancel each other | both are explained; no money moves |
//! | `accept` 说明 | anything else | closed with a note; no money moves |

use crate::SettlementError;
use crate::books::{Instruction, State, date_of, instructions_where, next_id};
use crate::{BankCode, reserve};
use serde_json::{Value, json};
use tongka_access::{Actor, Approval, Owner, Proposal};
use tongka_base::date::{days_since_epoch, format_date_time};
use tongka_base::{Clock, Date, MemberCode};
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Kind of the proposal.
pub const RESOLVE: &str = "settlement.queue.resolve";

/// What is to be queued.
#[derive(Clone, Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) code: BankCode,
    pub(crate) account: &'a str,
    pub(crate) member: MemberCode,
    pub(crate) line: Option<i64>,
    pub(crate) instruction: Option<i64>,
    pub(crate) movement: Option<i64>,
    pub(crate) reference: &'a str,
    pub(crate) ours: Option<i64>,
    pub(crate) theirs: Option<i64>,
    pub(crate) on: Date,
    pub(crate) detail: String,
}

fn kind(code: BankCode) -> &'static str {
    match code {
        BankCode::MissingThere => "missing_there",
        BankCode::Amount | BankCode::Unexpected | BankCode::Late => "different",
        _ => "missing_here",
    }
}

/// Queues a finding, unless it is open already.
pub(crate) async fn open(tx: &mut WriteTx, finding: &Finding<'_>, clock: &dyn Clock) -> Result<(), SettlementError> {
    let Finding { code, account, member, line, instruction, movement, reference, ours, theirs, on, detail } = finding;
    let sql = "SELECT id FROM bank_queue WHERE state = 'open' AND code = $1 AND account = $2 AND reference = $3 \
               AND COALESCE(line, 0) = $4 AND COALESCE(instruction, 0) = $5 AND COALESCE(movement, 0) = $6";
    let same =
        params![code.code(), *account, *reference, line.unwrap_or(0), instruction.unwrap_or(0), movement.unwrap_or(0)];
    if tx.fetch_optional(sql, same).await?.is_some() {
        return Ok(());
    }
    let (id, now) = (next_id(tx, "bank_queue").await?, format_date_time(clock.now()));
    let sql = "INSERT INTO bank_queue (id, kind, code, account, member, line, instruction, movement, reference, ours_fen, \
               theirs_fen, found_on, detail, state, action, note, at, changed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', '', '', $14, $14)";
    let values = params![
        id,
        kind(*code),
        code.code(),
        *account,
        *member,
        *line,
        *instruction,
        *movement,
        *reference,
        *ours,
        *theirs,
        days_since_epoch(*on),
        detail.as_str(),
        now
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Closes what was missing at the bank and has come.
pub(crate) async fn arrived(
    tx: &mut WriteTx,
    column: &'static str,
    id: i64,
    account: &str,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let sql = format!(
        "UPDATE bank_queue SET state = 'resolved', action = 'arrived', changed_at = $3 \
         WHERE {column} = $1 AND account = $2 AND state = 'open' AND kind = 'missing_there'"
    );
    tx.execute(&sql, params![id, account, format_date_time(clock.now())]).await?;
    Ok(())
}

/// What a proposal says.
struct Resolution {
    item: i64,
    action: String,
    /// The other line, for `offset`: the number of its item.
    other: Option<i64>,
    note: String,
}

impl Resolution {
    fn read(payload: &Value) -> Result<Self, SettlementError> {
        let wrong = |what: &str| SettlementError::Invalid(what.to_owned());
        let item = payload["item"].as_i64().ok_or_else(|| wrong("item: 队列编号 the number of an item"))?;
        let action = payload["action"].as_str().unwrap_or_default();
        if !["book", "settle", "offset", "accept"].contains(&action) {
            return Err(wrong("action: book, settle, offset, accept"));
        }
        let note = payload["note"].as_str().map(str::trim).unwrap_or_default();
        if note.is_empty() || note.chars().count() > 200 || note.chars().any(char::is_control) {
            return Err(wrong("note: 1–200 个字符 characters"));
        }
        Ok(Self { item, action: action.to_owned(), other: payload["other"].as_i64(), note: note.to_owned() })
    }
}

/// Proposes to resolve an item: `{"item": 7, "action": "book", "note": "…"}`, with `"other": 8` for `offset`. Returns the
/// number of the approval.
///
/// # Errors
/// T01; T04 for what is not open; those of the approvals.
pub async fn propose(
    db: &Db,
    actor: &Actor,
    payload: &Value,
    request_key: Option<String>,
    clock: &dyn Clock,
) -> Result<i64, SettlementError> {
    crate::deed::centre_only(actor.owner)?;
    let resolution = Resolution::read(payload)?;
    let sql = "SELECT code, account, reference, member, detail FROM bank_queue WHERE id = $1 AND state = 'open'";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![resolution.item]).await?;
    let row = row.ok_or_else(|| SettlementError::NotFound(format!("队列 item {}", resolution.item)))?;
    let (code, reference) = (row.text("code")?, row.text("reference")?);
    let proposal = Proposal {
        kind: RESOLVE,
        owner: Owner::Centre,
        object: format!("{}/{}", row.text("account")?, reference),
        summary: format!("对账差异处理：{code} {reference}，{}：{}", resolution.action, resolution.note),
        before: json!({ "code": code, "detail": row.text("detail")? }),
        after: payload.clone(),
        effective_on: None,
        request_key,
    };
    Ok(tongka_access::propose(db, actor, &proposal, clock).await?)
}

async fn open_item(tx: &mut WriteTx, id: i64) -> Result<Row, SettlementError> {
    let sql = "SELECT * FROM bank_queue WHERE id = $1 AND state = 'open'";
    let row = tx.fetch_optional(sql, params![id]).await?;
    row.ok_or_else(|| SettlementError::NotFound(format!("队列 item {id}")))
}

async fn line_of(tx: &mut WriteTx, item: &Row) -> Result<Row, SettlementError> {
    let line =
        item.opt_int("line")?.ok_or_else(|| SettlementError::State("没有银行明细 no line of the bank".into()))?;
    Ok(tx.fetch_one("SELECT * FROM bank_line WHERE id = $1 AND state = 'open'", params![line]).await?)
}

/// Carries out an approved resolution.
pub(crate) async fn execute(
    tx: &mut WriteTx,
    approval: &Approval,
    clock: &dyn Clock,
) -> Result<Value, SettlementError> {
    let resolution = Resolution::read(&approval.after)?;
    let item = open_item(tx, resolution.item).await?;
    match resolution.action.as_str() {
        "book" => {
            let line = line_of(tx, &item).await?;
            let movement = reserve::book_line(tx, &line, &resolution.note, approval.id, clock).await?;
            resolve_line(tx, &line, "book", None, Some(movement)).await?;
        }
        "settle" => {
            let line = line_of(tx, &item).await?;
            settle_by_hand(tx, &item, &line, clock).await?;
        }
        "offset" => {
            let other = resolution.other.filter(|other| *other != resolution.item);
            let other = open_item(tx, other.ok_or_else(|| SettlementError::Invalid("other".into()))?).await?;
            let (one, two) = (line_of(tx, &item).await?, line_of(tx, &other).await?);
            let cancel = one.text("account")? == two.text("account")?
                && one.int("amount_fen")?.checked_add(two.int("amount_fen")?) == Some(0);
            if !cancel {
                return Err(SettlementError::State("两笔不能冲抵 the lines do not cancel each other".into()));
            }
            resolve_line(tx, &one, "offset", None, None).await?;
            resolve_line(tx, &two, "offset", None, None).await?;
            close(tx, other.int("id")?, &resolution, approval, clock).await?;
        }
        _ => {}
    }
    close(tx, resolution.item, &resolution, approval, clock).await?;
    Ok(json!({ "item": resolution.item, "action": resolution.action }))
}

async fn close(
    tx: &mut WriteTx,
    item: i64,
    resolution: &Resolution,
    approval: &Approval,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let sql = "UPDATE bank_queue SET state = 'resolved', action = $2, note = $3, approval = $4, changed_at = $5 WHERE id = $1";
    let now = format_date_time(clock.now());
    tx.execute(sql, params![item, &resolution.action, &resolution.note, approval.id, now]).await?;
    Ok(())
}

async fn resolve_line(
    tx: &mut WriteTx,
    line: &Row,
    rule: &str,
    instruction: Option<i64>,
    movement: Option<i64>,
) -> Result<(), SettlementError> {
    let sql = "UPDATE bank_line SET state = 'resolved', rule = $2, instruction = $3, movement = $4 WHERE id = $1";
    tx.execute(sql, params![line.int("id")?, rule, instruction, movement]).await?;
    Ok(())
}

async fn settle_by_hand(tx: &mut WriteTx, item: &Row, line: &Row, clock: &dyn Clock) -> Result<(), SettlementError> {
    let id = item.opt_int("instruction")?.unwrap_or(0);
    let found: Option<Instruction> = instructions_where(tx, "id = $1", params![id]).await?.pop();
    let found = found.ok_or_else(|| SettlementError::State("没有指令 no instruction".into()))?;
    let account = line.text("account")?;
    let fits = found.state == State::Rejected
        && found.carried_to.is_none()
        && found.movement.is_none()
        && found.own_account == account
        && found.booked_on(&account).map(|f| f.0) == Some(line.int("amount_fen")?);
    if !fits {
        let what = format!("{}: 须为被拒绝、未结转、金额一致的指令 not a rejected one of that amount", found.reference);
        return Err(SettlementError::State(what));
    }
    let on = date_of(line, "booked_on")?;
    let column = if found.payer == account { "payer_line" } else { "payee_line" };
    let sql = format!(
        "UPDATE payment_instruction SET state = 'settled', settled_on = $2, settled_by = 'two people', {column} = $3, \
         changed_at = $4 WHERE id = $1"
    );
    let line_id = line.int("id")?;
    tx.execute(&sql, params![id, days_since_epoch(on), line_id, format_date_time(clock.now())]).await?;
    resolve_line(tx, line, "settle", Some(id), None).await
}
