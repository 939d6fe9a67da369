//! Writing orders, and the small writer that all messages are written with.

use super::error::IsoError;
use super::order::{Party, Payment, PaymentOrder, Way};
use super::value::{format_amount, format_time};
use quick_xml::escape::escape;
use tongka_base::Fen;

/// Writes elements, indented by nothing: the bytes are for machines, and the same content gives the same bytes.
pub(crate) struct Xml {
    out: String,
    open: Vec<&'static str>,
}

impl Xml {
    pub(crate) fn document(message: &str) -> Self {
        let mut xml = Self { out: String::new(), open: Vec::new() };
        xml.out
            .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:");
        xml.out.push_str(message);
        xml.out.push_str("\">");
        xml
    }

    pub(crate) fn open(&mut self, name: &'static str) -> &mut Self {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        self.open.push(name);
        self
    }

    pub(crate) fn close(&mut self) -> &mut Self {
        let name = self.open.pop().expect("something is open");
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// An element with a text.
    pub(crate) fn leaf(&mut self, name: &'static str, text: impl AsRef<str>) -> &mut Self {
        self.open(name);
        self.out.push_str(&escape(text.as_ref()));
        self.close()
    }

    /// An element within elements: `["RmtInf", "Ustrd"]`.
    pub(crate) fn path(&mut self, names: &[&'static str], text: impl AsRef<str>) -> &mut Self {
        let (last, outer) = names.split_last().expect("at least one name");
        for name in outer {
            self.open(name);
        }
        self.leaf(last, text);
        for _ in outer {
            self.close();
        }
        self
    }

    /// An amount of CNY.
    pub(crate) fn amount(&mut self, name: &'static str, amount: Fen) -> &mut Self {
        self.out.push_str(&format!("<{name} Ccy=\"CNY\">{}</{name}>", format_amount(amount)));
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        debug_assert!(self.open.is_empty(), "{:?} still open", self.open);
        self.out.push_str("</Document>\n");
        self.out.into_bytes()
    }
}

pub(crate) fn account(xml: &mut Xml, name: &'static str, number: &str) {
    xml.open(name).path(&["Id", "Othr", "Id"], number).leaf("Ccy", "CNY").close();
}

fn agent(xml: &mut Xml, name: &'static str, bank: &str) {
    xml.open(name).open("FinInstnId").open("ClrSysMmbId");
    xml.path(&["ClrSysId", "Cd"], "CNAPS").leaf("MmbId", bank);
    xml.close().close().close();
}

impl PaymentOrder {
    /// The message: pain.001.001.09 or pain.008.001.08.
    ///
    /// # Errors
    /// B05, B06 for what the schema does not allow.
    pub fn write(&self) -> Result<Vec<u8>, IsoError> {
        self.check()?;
        let (count, sum) = (self.payments.len().to_string(), format_amount(self.sum()?));
        let mut xml = Xml::document(self.way.message());
        xml.open(match self.way {
            Way::Pay => "CstmrCdtTrfInitn",
            Way::Collect => "CstmrDrctDbtInitn",
        });
        xml.open("GrpHdr").leaf("MsgId", &self.id).leaf("CreDtTm", format_time(self.created_at));
        xml.leaf("NbOfTxs", &count).leaf("CtrlSum", &sum).path(&["InitgPty", "Nm"], &self.own.name).close();
        xml.open("PmtInf").leaf("PmtInfId", &self.id);
        xml.leaf("PmtMtd", if self.way == Way::Pay { "TRF" } else { "DD" });
        xml.leaf("NbOfTxs", &count).leaf("CtrlSum", &sum);
        let date = self.execute_on.to_string();
        match self.way {
            Way::Pay => {
                xml.path(&["ReqdExctnDt", "Dt"], &date).path(&["Dbtr", "Nm"], &self.own.name);
                account(&mut xml, "DbtrAcct", &self.own.account);
                agent(&mut xml, "DbtrAgt", &self.own.bank);
                self.payments.iter().for_each(|p| pay(&mut xml, p));
            }
            Way::Collect => {
                xml.leaf("ReqdColltnDt", &date).path(&["Cdtr", "Nm"], &self.own.name);
                account(&mut xml, "CdtrAcct", &self.own.account);
                agent(&mut xml, "CdtrAgt", &self.own.bank);
                self.payments.iter().for_each(|p| collect(&mut xml, p));
            }
        }
        xml.close().close();
        Ok(xml.finish())
    }
}

fn payment_id(xml: &mut Xml, payment: &Payment) {
    xml.open("PmtId").leaf("InstrId", &payment.id).leaf("EndToEndId", &payment.id).close();
}

fn pay(xml: &mut Xml, payment: &Payment) {
    let Party { name, account: number, bank } = &payment.party;
    xml.open("CdtTrfTxInf");
    payment_id(xml, payment);
    xml.open("Amt").amount("InstdAmt", payment.amount).close();
    agent(xml, "CdtrAgt", bank);
    xml.path(&["Cdtr", "Nm"], name);
    account(xml, "CdtrAcct", number);
    xml.path(&["RmtInf", "Ustrd"], &payment.remittance).close();
}

fn collect(xml: &mut Xml, payment: &Payment) {
    let Party { name, account: number, bank } = &payment.party;
    xml.open("DrctDbtTxInf");
    payment_id(xml, payment);
    xml.amount("InstdAmt", payment.amount);
    if let Some((mandate, signed_on)) = &payment.mandate {
        xml.open("DrctDbtTx").open("MndtRltdInf").leaf("MndtId", mandate);
        xml.leaf("DtOfSgntr", signed_on.to_string()).close().close();
    }
    agent(xml, "DbtrAgt", bank);
    xml.path(&["Dbtr", "Nm"], name);
    account(xml, "DbtrAcct", number);
    xml.path(&["RmtInf", "Ustrd"], &payment.remittance).close();
}
