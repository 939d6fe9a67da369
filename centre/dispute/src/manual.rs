//! Adjustments by hand (人工调账): two people move money between two members, or a member and the centre.

use crate::DisputeError;
use crate::decision::{Draft, text};
use serde_json::{Value, json};
use tongka_access::Approval;
use tongka_base::{Clock, Fen, MemberCode};
use tongka_engine::adjust::{NewAdjustment, Origin, approve};
use tongka_storage::WriteTx;

/// Kind of the proposal.
pub const ADJUST: &str = "dispute.adjust.manual";

/// What a proposal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualAdjustment {
    /// Who pays; `00000000` is the centre.
    pub debtor: MemberCode,
    /// Who receives.
    pub creditor: MemberCode,
    /// How much.
    pub amount: Fen,
    /// The number of a letter or a case, so that it is not entered twice.
    pub reference: String,
    /// Why, for people.
    pub reason: String,
}

impl ManualAdjustment {
    /// The payload of its proposal.
    pub fn payload(&self) -> Value {
        json!({
            "debtor": self.debtor.to_string(), "creditor": self.creditor.to_string(), "amount_fen": self.amount.0,
            "reference": self.reference, "reason": self.reason,
        })
    }
}

/// Reads a proposal.
///
/// # Errors
/// D03.
pub fn read(payload: &Value) -> Result<ManualAdjustment, DisputeError> {
    let party = |field: &str| {
        let code = payload[field].as_str().and_then(|text| MemberCode::parse(text.as_bytes()));
        code.ok_or_else(|| DisputeError::Invalid(format!("{field}: 八位机构代码 a member code of 8 digits")))
    };
    let amount = payload["amount_fen"].as_i64().map(Fen).filter(|amount| *amount > Fen::ZERO);
    let read = ManualAdjustment {
        debtor: party("debtor")?,
        creditor: party("creditor")?,
        amount: amount.ok_or_else(|| DisputeError::Invalid("amount_fen: 大于零的整数分 an integer above 0".into()))?,
        reference: text(payload, "reference", 64)?.into(),
        reason: text(payload, "reason", 200)?.into(),
    };
    if read.debtor == read.creditor {
        return Err(DisputeError::Invalid("付款方与收款方相同 debtor and creditor are the same".into()));
    }
    Ok(read)
}

pub(crate) fn draft(payload: &Value) -> Result<Draft, DisputeError> {
    let ManualAdjustment { debtor, creditor, amount, reference, reason } = read(payload)?;
    let summary = format!("{debtor} 付 {creditor} {amount} 元，{reference}：{reason}");
    Ok(Draft { object: reference, summary, before: Value::Null })
}

pub(crate) async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, DisputeError> {
    let manual = read(&approval.after)?;
    let new = NewAdjustment {
        debtor: manual.debtor,
        creditor: manual.creditor,
        amount: manual.amount,
        origin: Origin::Manual,
        reference: manual.reference,
        record_no: 0,
        part: "amount".into(),
        reason: manual.reason,
        approval: Some(approval.id),
        made_by: approval.proposer.login.clone(),
    };
    let id = approve(tx, &new, clock).await?;
    Ok(json!({ "adjustments": [id] }))
}
