//! Deeds by two people of the centre (经办、复核): which kinds this crate carries out.

use crate::{SettlementError, account, queue, reserve};
use serde_json::Value;
use tongka_access::{Approval, Owner};
use tongka_base::Clock;
use tongka_storage::WriteTx;

/// The kinds of proposals, with their names.
pub const KINDS: &[(&str, &str, &str)] = &[
    (reserve::TOP_UP, "备付金充值", "top a reserve up"),
    (reserve::WITHDRAW, "备付金支取", "withdraw from a reserve"),
    (account::SET_ACCOUNT, "登记银行账户", "register a bank account"),
    (queue::RESOLVE, "处理对账差异", "resolve a difference with the bank"),
];

pub(crate) fn centre_only(owner: Owner) -> Result<(), SettlementError> {
    if owner == Owner::Centre {
        return Ok(());
    }
    Err(SettlementError::Invalid("由清算中心办理 done by the centre".into()))
}

/// Carries out an approved proposal in the transaction of its approval.
///
/// # Errors
/// T codes; G codes of the ledger.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, SettlementError> {
    centre_only(approval.institution)?;
    match approval.kind.as_str() {
        reserve::TOP_UP | reserve::WITHDRAW => reserve::execute(tx, approval, clock).await,
        account::SET_ACCOUNT => account::execute(tx, approval, clock).await,
        queue::RESOLVE => queue::execute(tx, approval, clock).await,
        kind => Err(SettlementError::Invalid(format!("kind {kind}"))),
    }
}
