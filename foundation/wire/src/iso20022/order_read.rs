//! Reading orders, as the bank does.

use super::error::{IsoCode, IsoError, shown};
use super::order::{Party, Payment, PaymentOrder, Way};
use super::value::{amount_of, opt_date, parse_amount, parse_time};
use super::xml::{Element, Limits, Step, Walker};
use std::io::Cursor;
use tongka_base::Fen;
use tongka_base::date::DateTime;

/// Reads a pain.001 or pain.008 with one block of payments.
///
/// # Errors
/// B01–B06; B05 also where the number of payments or their sum is not what the message says.
pub fn read_order(bytes: &[u8]) -> Result<PaymentOrder, IsoError> {
    let containers = ["Document", "CstmrCdtTrfInitn", "CstmrDrctDbtInitn", "PmtInf"];
    let mut walker = Walker::open(Cursor::new(bytes), &Limits::default(), &containers)?;
    let mut way = None;
    let mut header = None;
    let mut block = Vec::new();
    let mut payments = Vec::new();
    while let Some(step) = walker.next()? {
        match step {
            Step::Open(name) if name == "CstmrCdtTrfInitn" => way = Some(Way::Pay),
            Step::Open(name) if name == "CstmrDrctDbtInitn" => way = Some(Way::Collect),
            Step::Open(name) if name == "PmtInf" && !block.is_empty() => {
                return Err(IsoError::field("PmtInf", "多于一个 more than one"));
            }
            Step::Tree(tree) if tree.name() == "GrpHdr" => header = Some(tree),
            Step::Tree(tree) if matches!(tree.name(), "CdtTrfTxInf" | "DrctDbtTxInf") => {
                let way = way.ok_or_else(|| IsoError::new(IsoCode::Message, walker.message()))?;
                payments.push(payment_of(&tree, way)?);
            }
            Step::Tree(tree) => block.push(tree),
            Step::Open(_) | Step::Close(_) => {}
        }
    }
    let way = way.ok_or_else(|| IsoError::new(IsoCode::Message, walker.message()))?;
    let header = header.ok_or_else(|| IsoError::field("GrpHdr", "缺失 missing"))?;
    let mut holder = Element::default();
    holder.adopt(block);
    let (own, date) = match way {
        Way::Pay => ("Dbtr", opt_date(&holder, "ReqdExctnDt")?),
        Way::Collect => ("Cdtr", opt_date(&holder, "ReqdColltnDt")?),
    };
    let order = PaymentOrder {
        id: header.need("MsgId")?.into(),
        way,
        created_at: time_of(&header)?,
        execute_on: date.ok_or_else(|| IsoError::field("PmtInf", "执行日期缺失 no date of execution"))?,
        own: party_of(&holder, own)?,
        payments,
    };
    order.check()?;
    let sum =
        header.opt("CtrlSum").map(|text| parse_amount(text).ok_or_else(|| IsoError::field("CtrlSum", shown(text))));
    let count = header.need("NbOfTxs")?;
    if count.parse() != Ok(order.payments.len()) || sum.transpose()?.is_some_and(|sum| Ok(sum) != order.sum()) {
        return Err(IsoError::field("NbOfTxs, CtrlSum", "与明细不符 not those of the payments"));
    }
    Ok(order)
}

pub(crate) fn time_of(header: &Element) -> Result<DateTime, IsoError> {
    let text = header.need("CreDtTm")?;
    parse_time(text).ok_or_else(|| IsoError::field("CreDtTm", shown(text)))
}

fn payment_of(tree: &Element, way: Way) -> Result<Payment, IsoError> {
    let (amount, party) = match way {
        Way::Pay => (amount_of(tree, "Amt/InstdAmt")?, party_of(tree, "Cdtr")?),
        Way::Collect => (amount_of(tree, "InstdAmt")?, party_of(tree, "Dbtr")?),
    };
    let mandate = match tree.find("DrctDbtTx/MndtRltdInf") {
        Some(mandate) => {
            let signed_on = opt_date(mandate, "DtOfSgntr")?;
            let signed_on = signed_on.ok_or_else(|| IsoError::field("DtOfSgntr", "缺失 missing"))?;
            Some((mandate.need("MndtId")?.to_owned(), signed_on))
        }
        None => None,
    };
    let id = tree.need("PmtId/EndToEndId")?.to_owned();
    let remittance = tree.opt("RmtInf/Ustrd").unwrap_or("-").to_owned();
    if amount == Fen::ZERO {
        return Err(IsoError::new(IsoCode::Amount, format!("{id}: 0.00")));
    }
    Ok(Payment { id, amount, party, mandate, remittance })
}

fn party_of(tree: &Element, who: &str) -> Result<Party, IsoError> {
    let (account, agent) = (format!("{who}Acct/Id"), format!("{who}Agt/FinInstnId"));
    let id = tree.find(&account).ok_or_else(|| IsoError::field(&account, "缺失 missing"))?;
    let number = id.opt_of(&["Othr/Id", "IBAN"]);
    Ok(Party {
        name: tree.need(&format!("{who}/Nm"))?.into(),
        account: number.ok_or_else(|| IsoError::field(&account, "缺失 missing"))?.into(),
        bank: tree.need(&format!("{agent}/ClrSysMmbId/MmbId"))?.into(),
    })
}
