//! What a booking or an answer of the bank does to an instruction, whichever comes first.
//!
//! Only a booking on the own account settles: a status report says at most that the bank has the instruction. A statement
//! decides the day. What contradicts the books is queued, never believed silently.

use crate::books::{Instruction, Kind, State};
use crate::queue::{self, Finding};
use crate::{BankCode, SettlementError, reserve};
use tongka_base::date::{days_since_epoch, format_date_time};
use tongka_base::{Clock, Date};
use tongka_storage::{WriteTx, params};
use tongka_wire::iso20022::OriginalStatus;

/// A booking on an account of ours that names an instruction.
#[derive(Clone, Debug)]
pub(crate) struct Booking<'a> {
    pub(crate) account: &'a str,
    /// Fen, negative where the account pays.
    pub(crate) amount: i64,
    pub(crate) on: Date,
    /// The message that says so.
    pub(crate) source: &'a str,
    /// Whether it undoes an earlier booking.
    pub(crate) is_return: bool,
    /// The line of a statement; none for a notification.
    pub(crate) line: Option<i64>,
}

fn finding<'a>(instruction: &'a Instruction, booking: &'a Booking<'_>, code: BankCode) -> Finding<'a> {
    Finding {
        code,
        account: booking.account,
        member: instruction.member,
        line: booking.line,
        instruction: Some(instruction.id),
        movement: None,
        reference: &instruction.reference,
        ours: instruction.booked_on(booking.account).map(|f| f.0),
        theirs: Some(booking.amount),
        on: booking.on,
        detail: format!("{} {} {}", code.text_zh(), instruction.state.word(), booking.source),
    }
}

/// Applies a booking; whether it fits the books.
pub(crate) async fn apply(
    tx: &mut WriteTx,
    instruction: &Instruction,
    booking: &Booking<'_>,
    clock: &dyn Clock,
) -> Result<bool, SettlementError> {
    let expected = instruction.booked_on(booking.account).map(|f| if booking.is_return { -f.0 } else { f.0 });
    let is_own = booking.account == instruction.own_account;
    let wrong = if expected != Some(booking.amount) {
        Some(BankCode::Amount)
    } else if booking.is_return {
        let fits = matches!(instruction.state, State::Settled | State::Returned);
        (!fits).then_some(BankCode::Unexpected)
    } else {
        // A message that left while its mark was lost is out, too.
        let fits = instruction.state.is_out()
            || matches!(instruction.state, State::Settled | State::Returned)
            || (instruction.state == State::Made && instruction.message.is_some());
        (!fits).then_some(BankCode::Unexpected)
    };
    if let Some(code) = wrong {
        queue::open(tx, &finding(instruction, booking, code), clock).await?;
        return Ok(false);
    }
    if is_own && booking.is_return {
        give_back(tx, instruction, booking.on, clock).await?;
    } else if is_own {
        settle(tx, instruction, booking, clock).await?;
    }
    Ok(true)
}

async fn settle(
    tx: &mut WriteTx,
    instruction: &Instruction,
    booking: &Booking<'_>,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let (day, now) = (days_since_epoch(booking.on), format_date_time(clock.now()));
    if matches!(instruction.state, State::Settled | State::Returned) {
        // The statement decides on which day; a second notification changes nothing.
        if booking.line.is_some() && instruction.settled_on != Some(booking.on) {
            let sql = "UPDATE payment_instruction SET settled_on = $2, settled_by = $3, changed_at = $4 WHERE id = $1";
            tx.execute(sql, params![instruction.id, day, booking.source, now]).await?;
            if let Some(movement) = instruction.movement {
                reserve::redate_withdrawal(tx, movement, booking.on).await?;
            }
        }
        return Ok(());
    }
    let sql = "UPDATE payment_instruction SET state = 'settled', settled_on = $2, settled_by = $3, code = '', \
               changed_at = $4 WHERE id = $1";
    tx.execute(sql, params![instruction.id, day, booking.source, now]).await?;
    if let Some(movement) = instruction.movement {
        reserve::end_withdrawal(tx, movement, Some(booking.on), clock).await?;
    }
    Ok(())
}

async fn give_back(
    tx: &mut WriteTx,
    instruction: &Instruction,
    on: Date,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    if instruction.state == State::Returned {
        return Ok(());
    }
    let sql = "UPDATE payment_instruction SET state = 'returned', returned_on = $2, reason = '银行退回 returned', \
               changed_at = $3 WHERE id = $1";
    tx.execute(sql, params![instruction.id, days_since_epoch(on), format_date_time(clock.now())]).await?;
    if let Some(movement) = instruction.movement {
        reserve::return_withdrawal(tx, movement, on, clock).await?;
    }
    Ok(())
}

/// Applies what a status report says of an instruction.
pub(crate) async fn answer(
    tx: &mut WriteTx,
    instruction: &Instruction,
    status: OriginalStatus,
    reason: &str,
    source: &str,
    clock: &dyn Clock,
) -> Result<(), SettlementError> {
    let open = instruction.state.is_out() || (instruction.state == State::Made && instruction.message.is_some());
    let now = format_date_time(clock.now());
    match status {
        OriginalStatus::Rejected if open => {
            let reason: String = reason.chars().take(200).collect();
            let code: String = reason.split(' ').next().unwrap_or_default().chars().take(35).collect();
            let sql = "UPDATE payment_instruction SET state = 'rejected', code = $2, reason = $3, changed_at = $4 WHERE id = $1";
            tx.execute(sql, params![instruction.id, code, reason, now]).await?;
            if let (Kind::Withdrawal, Some(movement)) = (instruction.kind, instruction.movement) {
                reserve::end_withdrawal(tx, movement, None, clock).await?;
            }
        }
        OriginalStatus::Rejected if instruction.state == State::Settled => {
            let booking = Booking {
                account: &instruction.own_account,
                amount: 0,
                on: clock.now().date(),
                source,
                is_return: false,
                line: None,
            };
            queue::open(tx, &finding(instruction, &booking, BankCode::Late), clock).await?;
        }
        OriginalStatus::Settled | OriginalStatus::Pending if open => {
            let sql = "UPDATE payment_instruction SET state = 'acknowledged', changed_at = $2 WHERE id = $1";
            tx.execute(sql, params![instruction.id, now]).await?;
        }
        _ => {}
    }
    Ok(())
}
