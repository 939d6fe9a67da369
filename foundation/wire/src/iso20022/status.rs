//! Status reports (pain.002): what the bank says became of an order and of its payments.

use super::error::{IsoCode, IsoError, shown};
use super::order_read::time_of;
use super::value::{format_time, reference, short_text};
use super::write::Xml;
use super::xml::{Element, Limits, Step, Walker};
use std::io::Cursor;
use tongka_base::date::DateTime;

/// A status that banks give, reduced to what matters: whether the money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OriginalStatus {
    /// ACSC, ACCC: settled; the money moved.
    Settled,
    /// RJCT, CANC: refused; the money did not move.
    Rejected,
    /// RCVD, ACTC, ACCP, ACSP, ACWC, ACWP, PDNG, PART, ACFC: on its way; nothing is decided.
    Pending,
}

impl OriginalStatus {
    fn of(code: &str) -> Option<Self> {
        match code {
            "ACSC" | "ACCC" => Some(Self::Settled),
            "RJCT" | "CANC" => Some(Self::Rejected),
            "RCVD" | "ACTC" | "ACCP" | "ACSP" | "ACWC" | "ACWP" | "PDNG" | "PART" | "ACFC" => Some(Self::Pending),
            _ => None,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Settled => "ACSC",
            Self::Rejected => "RJCT",
            Self::Pending => "ACSP",
        }
    }
}

/// What became of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionStatus {
    /// The payment's id.
    pub id: String,
    /// What became of it.
    pub status: OriginalStatus,
    /// The bank's reason, as `AM04`.
    pub reason: Option<String>,
    /// In words.
    pub text: Option<String>,
}

/// A status report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Id of the report.
    pub id: String,
    /// When it was made.
    pub created_at: DateTime,
    /// Id of the order it is about.
    pub order: String,
    /// What became of the order as a whole, where it says so.
    pub group: Option<OriginalStatus>,
    /// Why.
    pub reason: Option<String>,
    /// Payment by payment; none where only the whole was judged.
    pub transactions: Vec<TransactionStatus>,
}

fn status_of(tree: &Element, path: &str) -> Result<Option<OriginalStatus>, IsoError> {
    let Some(code) = tree.opt(path) else { return Ok(None) };
    OriginalStatus::of(code).map(Some).ok_or_else(|| IsoError::field(path, shown(code)))
}

fn reason_of(tree: &Element) -> (Option<String>, Option<String>) {
    let code = tree.opt_of(&["StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry"]).map(str::to_owned);
    let text = tree.opt("StsRsnInf/AddtlInf").map(|text| text.chars().take(200).collect());
    (code.map(|code| code.chars().take(35).collect()), text)
}

/// Reads a pain.002 of any version.
///
/// # Errors
/// B01–B05.
pub fn read_status(bytes: &[u8]) -> Result<StatusReport, IsoError> {
    let containers = ["Document", "CstmrPmtStsRpt", "OrgnlPmtInfAndSts"];
    let mut walker = Walker::open(Cursor::new(bytes), &Limits::default(), &containers)?;
    let mut report = None;
    let mut header = None;
    let mut group = None;
    let mut block: Option<OriginalStatus> = None;
    let mut transactions = Vec::new();
    while let Some(step) = walker.next()? {
        match step {
            Step::Open(name) if name == "CstmrPmtStsRpt" => report = Some(()),
            Step::Tree(tree) if tree.name() == "GrpHdr" => header = Some(tree),
            Step::Tree(tree) if tree.name() == "OrgnlGrpInfAndSts" => group = Some(tree),
            Step::Tree(tree) if tree.name() == "PmtInfSts" => {
                let status = OriginalStatus::of(tree.text());
                block = Some(status.ok_or_else(|| IsoError::field("PmtInfSts", shown(tree.text())))?);
            }
            Step::Tree(tree) if tree.name() == "TxInfAndSts" => {
                let id = tree.opt_of(&["OrgnlEndToEndId", "OrgnlInstrId"]);
                let id = id.ok_or_else(|| IsoError::field("TxInfAndSts/OrgnlEndToEndId", "缺失 missing"))?;
                let (reason, text) = reason_of(&tree);
                let status = status_of(&tree, "TxSts")?.or(block).unwrap_or(OriginalStatus::Pending);
                transactions.push(TransactionStatus {
                    id: reference(id, "OrgnlEndToEndId")?.into(),
                    status,
                    reason,
                    text,
                });
            }
            _ => {}
        }
    }
    if report.is_none() {
        return Err(IsoError::new(IsoCode::Message, walker.message()));
    }
    let header = header.ok_or_else(|| IsoError::field("GrpHdr", "缺失 missing"))?;
    let group = group.ok_or_else(|| IsoError::field("OrgnlGrpInfAndSts", "缺失 missing"))?;
    Ok(StatusReport {
        id: reference(header.need("MsgId")?, "MsgId")?.into(),
        created_at: time_of(&header)?,
        order: reference(group.need("OrgnlMsgId")?, "OrgnlMsgId")?.into(),
        group: status_of(&group, "GrpSts")?.or(block),
        reason: reason_of(&group).0,
        transactions,
    })
}

/// Writes a pain.002.001.12 about a pain.001 or pain.008, as the bank does.
///
/// # Errors
/// B05 for what the schema does not allow.
pub fn write_status(report: &StatusReport, original: &str) -> Result<Vec<u8>, IsoError> {
    reference(&report.id, "MsgId")?;
    reference(&report.order, "OrgnlMsgId")?;
    let mut xml = Xml::document("pain.002.001.12");
    xml.open("CstmrPmtStsRpt");
    xml.open("GrpHdr").leaf("MsgId", &report.id).leaf("CreDtTm", format_time(report.created_at)).close();
    xml.open("OrgnlGrpInfAndSts").leaf("OrgnlMsgId", &report.order).leaf("OrgnlMsgNmId", original);
    if let Some(group) = report.group {
        xml.leaf("GrpSts", group.code());
    }
    if let Some(reason) = &report.reason {
        xml.open("StsRsnInf").path(&["Rsn", "Cd"], reason).close();
    }
    xml.close();
    if !report.transactions.is_empty() {
        xml.open("OrgnlPmtInfAndSts").leaf("OrgnlPmtInfId", &report.order);
        for transaction in &report.transactions {
            reference(&transaction.id, "OrgnlEndToEndId")?;
            xml.open("TxInfAndSts").leaf("OrgnlInstrId", &transaction.id).leaf("OrgnlEndToEndId", &transaction.id);
            xml.leaf("TxSts", transaction.status.code());
            if transaction.reason.is_some() || transaction.text.is_some() {
                xml.open("StsRsnInf");
                if let Some(reason) = &transaction.reason {
                    xml.path(&["Rsn", "Cd"], reason);
                }
                if let Some(text) = &transaction.text {
                    xml.leaf("AddtlInf", short_text(text, 105, "AddtlInf")?);
                }
                xml.close();
            }
            xml.close();
        }
        xml.close();
    }
    xml.close();
    Ok(xml.finish())
}
