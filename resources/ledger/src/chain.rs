//! The two hash chains (哈希链): accounts in the order of opening, transfers in the order of posting.

use crate::LedgerError;
use std::fmt;
use tongka_crypto::sm3;
use tongka_storage::{WriteTx, params};

/// Hash before the first row.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Which chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Account,
    Transfer,
}

impl Chain {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Transfer => "transfer",
        }
    }
}

/// Last row of a chain: the number of rows and the hash of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) sequence: i64,
    pub(crate) hash: String,
}

impl Tip {
    /// Before the first row.
    pub(crate) fn genesis() -> Self {
        Self { sequence: 0, hash: GENESIS.into() }
    }

    /// Reads the tip and keeps other writers of the chain out until the transaction ends.
    pub(crate) async fn lock(tx: &mut WriteTx, chain: Chain) -> Result<Self, LedgerError> {
        let sql = "UPDATE ledger_head SET sequence = sequence WHERE chain = $1 RETURNING sequence, hash";
        let row = tx.fetch_optional(sql, params![chain.name()]).await?;
        let row = row.ok_or_else(|| LedgerError::Broken(format!("no head of the {} chain", chain.name())))?;
        Ok(Self { sequence: row.int("sequence")?, hash: row.text("hash")? })
    }

    /// Writes the tip back.
    pub(crate) async fn save(&self, tx: &mut WriteTx, chain: Chain) -> Result<(), LedgerError> {
        let sql = "UPDATE ledger_head SET sequence = $2, hash = $3 WHERE chain = $1";
        tx.execute(sql, params![chain.name(), self.sequence, self.hash.as_str()]).await?;
        Ok(())
    }

    /// Moves on by one row.
    pub(crate) fn advance(&mut self, hash: String) {
        self.sequence += 1;
        self.hash = hash;
    }
}

/// The state of the ledger in two hashes. Kept outside the database (printed, signed, sent to another place), it proves
/// later that nothing before it was rewritten: [`crate::verify_against`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of accounts.
    pub account_sequence: i64,
    /// Hash of the last account, upper-case hex.
    pub account_hash: String,
    /// Number of transfers.
    pub transfer_sequence: i64,
    /// Hash of the last transfer, upper-case hex.
    pub transfer_hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account_sequence, account_hash, transfer_sequence, transfer_hash } = self;
        write!(f, "account {account_sequence} {account_hash}, transfer {transfer_sequence} {transfer_hash}")
    }
}

/// Canonical bytes of a row: every column in a fixed order, text with its length, so that no two rows read alike.
pub(crate) struct RowBytes(Vec<u8>);

impl RowBytes {
    pub(crate) fn new(chain: Chain, sequence: i64) -> Self {
        let mut bytes = Self(Vec::with_capacity(256));
        bytes.text("tongka-ledger-1").text(chain.name()).int(sequence);
        bytes
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.0.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    pub(crate) fn opt_int(&mut self, value: Option<i64>) -> &mut Self {
        self.0.push(value.is_some().into());
        self.int(value.unwrap_or_default())
    }

    pub(crate) fn opt_text(&mut self, value: Option<&str>) -> &mut Self {
        self.0.push(value.is_some().into());
        self.text(value.unwrap_or_default())
    }

    /// SM3 of the row followed by the previous hash, upper-case hex.
    pub(crate) fn hash(mut self, previous: &str) -> String {
        use fmt::Write;
        self.text(previous);
        sm3(&self.0).iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02X}").expect("a string takes everything");
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_read_alike() {
        let row = |fill: fn(&mut RowBytes) -> &mut RowBytes| {
            let mut bytes = RowBytes::new(Chain::Transfer, 1);
            fill(&mut bytes);
            bytes.hash(GENESIS)
        };
        let hashes = [
            row(|b| b.text("ab").text("c")),
            row(|b| b.text("a").text("bc")),
            row(|b| b.text("abc").text("")),
            row(|b| b.opt_text(None).int(0)),
            row(|b| b.opt_text(Some("")).int(0)),
            row(|b| b.opt_int(None)),
            row(|b| b.opt_int(Some(0))),
            RowBytes::new(Chain::Account, 1).hash(GENESIS),
            RowBytes::new(Chain::Transfer, 1).hash(GENESIS),
            RowBytes::new(Chain::Transfer, 2).hash(GENESIS),
            RowBytes::new(Chain::Transfer, 1).hash("01"),
        ];
        for (i, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..i].contains(hash), "row {i}");
        }
    }
}
