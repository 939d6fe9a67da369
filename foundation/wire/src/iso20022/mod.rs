//! ISO 20022 messages between the centre and its settlement bank (结算银行).
//!
//! | message | direction | what |
//! |---|---|---|
//! | pain.001 | to the bank | pay from an account of ours ([`PaymentOrder`]) |
//! | pain.008 | to the bank | collect into an account of ours, by mandate ([`PaymentOrder`]) |
//! | pain.002 | from the bank | what became of an order ([`StatusReport`]) |
//! | camt.054 | from the bank | what was just booked ([`Notification`]) |
//! | camt.053 | from the bank | the statement of an account ([`Statement`]) |
//!
//! Written are pain.001.001.09 and pain.008.001.08; read are all published versions of what the bank sends, because the
//! elements that matter differ in few places. The bank's side (orders read, reports and statements written) is here too:
//! the bank simulator speaks it.
//!
//! Reading is safe on any bytes: a document type declaration or an entity ends it at once, and bytes, depth and elements
//! of what is held in memory are bounded. Statements are read entry by entry, so that their length is not bounded.
//!
//! Invariants: nothing of a message that was refused is returned; amounts are CNY with at most two decimals, never
//! rounded; a statement is returned only if its opening balance and its booked entries make its closing balance.

mod camt;
mod camt_write;
mod error;
mod order;
mod order_read;
mod status;
mod value;
mod write;
mod xml;

pub use camt::{
    Entry, EntryStatus, Notification, Statement, StatementHead, read_notifications, read_statements, stream_statements,
};
pub use camt_write::{CamtHead, write_notification, write_statements};
pub use error::{IsoCode, IsoError};
pub use order::{Party, Payment, PaymentOrder, Way};
pub use order_read::read_order;
pub use status::{OriginalStatus, StatusReport, TransactionStatus, read_status, write_status};
pub use value::{format_amount, parse_amount};
pub use xml::Limits;

use std::io::Cursor;

/// The message that some bytes are, as `pain.002.001.12`; only the root is looked at.
///
/// # Errors
/// B01–B04.
pub fn message_name(bytes: &[u8]) -> Result<String, IsoError> {
    let mut walker = xml::Walker::open(Cursor::new(bytes), &Limits::default(), &["Document"])?;
    walker.next()?;
    Ok(walker.message().to_owned())
}

/// What a message is and its sender's id of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// As `camt.053.001.08`.
    pub message: String,
    /// `MsgId` of its header: what a sender never gives to two messages.
    pub id: String,
}

/// Reads the root and the header of some bytes; the rest may still be wrong.
///
/// # Errors
/// B01–B05.
pub fn read_envelope(bytes: &[u8]) -> Result<Envelope, IsoError> {
    let containers = [
        "Document",
        "CstmrCdtTrfInitn",
        "CstmrDrctDbtInitn",
        "CstmrPmtStsRpt",
        "BkToCstmrDbtCdtNtfctn",
        "BkToCstmrStmt",
    ];
    let mut walker = xml::Walker::open(Cursor::new(bytes), &Limits::default(), &containers)?;
    while let Some(step) = walker.next()? {
        match step {
            xml::Step::Tree(tree) if tree.name() == "GrpHdr" => {
                let id = value::reference(tree.need("MsgId")?, "MsgId")?.to_owned();
                return Ok(Envelope { message: walker.message().to_owned(), id });
            }
            // The header comes first in every message.
            xml::Step::Tree(_) | xml::Step::Close(_) => break,
            xml::Step::Open(_) => {}
        }
    }
    Err(IsoError::field("GrpHdr", "缺失 missing"))
}
