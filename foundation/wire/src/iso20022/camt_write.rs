//! Writing statements (camt.053.001.08) and notifications (camt.054.001.08), as the bank does.

use super::camt::{Entry, EntryStatus, Notification, Statement};
use super::error::IsoError;
use super::value::{format_time, reference, short_text};
use super::write::{Xml, account};
use tongka_base::date::DateTime;
use tongka_base::{Date, Fen};

/// Id and time of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CamtHead {
    /// Identifies the message.
    pub id: String,
    /// When it was made.
    pub created_at: DateTime,
}

fn head(xml: &mut Xml, head: &CamtHead) -> Result<(), IsoError> {
    reference(&head.id, "MsgId")?;
    xml.open("GrpHdr").leaf("MsgId", &head.id).leaf("CreDtTm", format_time(head.created_at)).close();
    Ok(())
}

/// Writes statements.
///
/// # Errors
/// B05 for what the schema does not allow.
pub fn write_statements(message: &CamtHead, statements: &[Statement]) -> Result<Vec<u8>, IsoError> {
    let mut xml = Xml::document("camt.053.001.08");
    xml.open("BkToCstmrStmt");
    head(&mut xml, message)?;
    for Statement { head, entries } in statements {
        xml.open("Stmt").leaf("Id", reference(&head.id, "Id")?);
        if let Some(sequence) = head.sequence {
            xml.leaf("ElctrncSeqNb", sequence.to_string());
        }
        if let Some(at) = head.created_at {
            xml.leaf("CreDtTm", format_time(at));
        }
        if let Some((from, to)) = head.days {
            let (from, to) = (from.and_hms_opt(0, 0, 0), to.and_hms_opt(23, 59, 59));
            xml.open("FrToDt");
            xml.leaf("FrDtTm", format_time(from.unwrap_or_default()))
                .leaf("ToDtTm", format_time(to.unwrap_or_default()));
            xml.close();
        }
        account(&mut xml, "Acct", &head.account);
        let closing_on = head.closing_on.or(head.days.map(|d| d.1)).unwrap_or(message.created_at.date());
        let opening_on = head.days.map_or(closing_on, |d| d.0);
        balance(&mut xml, "OPBD", head.opening, opening_on);
        balance(&mut xml, "CLBD", head.closing, closing_on);
        xml.open("TxsSummry").path(&["TtlNtries", "NbOfNtries"], entries.len().to_string()).close();
        for line in entries {
            entry(&mut xml, line)?;
        }
        xml.close();
    }
    xml.close();
    Ok(xml.finish())
}

/// Writes notifications.
///
/// # Errors
/// B05 for what the schema does not allow.
pub fn write_notification(message: &CamtHead, notifications: &[Notification]) -> Result<Vec<u8>, IsoError> {
    let mut xml = Xml::document("camt.054.001.08");
    xml.open("BkToCstmrDbtCdtNtfctn");
    head(&mut xml, message)?;
    for notification in notifications {
        xml.open("Ntfctn").leaf("Id", reference(&notification.id, "Id")?);
        xml.leaf("CreDtTm", format_time(message.created_at));
        account(&mut xml, "Acct", &notification.account);
        for line in &notification.entries {
            entry(&mut xml, line)?;
        }
        xml.close();
    }
    xml.close();
    Ok(xml.finish())
}

fn balance(xml: &mut Xml, kind: &str, amount: Fen, date: Date) {
    xml.open("Bal").path(&["Tp", "CdOrPrtry", "Cd"], kind);
    xml.amount("Amt", Fen(amount.0.abs())).leaf("CdtDbtInd", if amount.0 < 0 { "DBIT" } else { "CRDT" });
    xml.path(&["Dt", "Dt"], date.to_string()).close();
}

fn entry(xml: &mut Xml, line: &Entry) -> Result<(), IsoError> {
    xml.open("Ntry").amount("Amt", line.amount).leaf("CdtDbtInd", if line.is_credit { "CRDT" } else { "DBIT" });
    if line.is_reversal {
        xml.leaf("RvslInd", "true");
    }
    let status = match line.status {
        EntryStatus::Booked => "BOOK",
        EntryStatus::Pending => "PDNG",
        EntryStatus::Information => "INFO",
    };
    xml.path(&["Sts", "Cd"], status);
    for (name, date) in [("BookgDt", line.booked_on), ("ValDt", line.valued_on)] {
        if let Some(date) = date {
            xml.path(&[name, "Dt"], date.to_string());
        }
    }
    if let Some(reference_of_bank) = &line.bank_reference {
        xml.leaf("AcctSvcrRef", reference(reference_of_bank, "AcctSvcrRef")?);
    }
    xml.path(&["BkTxCd", "Prtry", "Cd"], if line.is_credit { "CRDT" } else { "DBIT" });
    xml.open("NtryDtls").open("TxDtls");
    xml.path(&["Refs", "EndToEndId"], line.reference.as_deref().unwrap_or("NOTPROVIDED"));
    xml.amount("Amt", line.amount).leaf("CdtDbtInd", if line.is_credit { "CRDT" } else { "DBIT" });
    if line.party.is_some() || line.party_account.is_some() {
        let (party, number) = if line.is_credit { ("Dbtr", "DbtrAcct") } else { ("Cdtr", "CdtrAcct") };
        xml.open("RltdPties");
        if let Some(name) = &line.party {
            xml.path(&[party, "Pty", "Nm"], short_text(name, 140, "Nm")?);
        }
        if let Some(party_account) = &line.party_account {
            account(xml, number, party_account);
        }
        xml.close();
    }
    if !line.remittance.is_empty() {
        xml.path(&["RmtInf", "Ustrd"], short_text(&line.remittance, 140, "Ustrd")?);
    }
    if let Some(reason) = &line.return_reason {
        xml.open("RtrInf").path(&["Rsn", "Cd"], reason).close();
    }
    xml.close().close().close();
    Ok(())
}
