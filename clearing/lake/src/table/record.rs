//! Rows of a table as records again.

use super::{Column, Table};
use crate::LakeError;
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Algorithm, AppSerial, CardScheme, Industry, IssuerId, MemberCode, PsamNo, Reason};
use tongka_txn::{FLAG_GREY, FLAG_TEST};
use tongka_wire::txu::Txu;

/// A record as the lake holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number in its upload.
    pub record_no: u32,
    /// Its reason, which fixes its verdict.
    pub reason: Reason,
    /// The member that answers for its card, where the issuer is known.
    pub issuer: Option<MemberCode>,
    /// Its amount, fen; a malformed one counts as 0.
    pub amount: u32,
    /// Its fields; none of a malformed record, whose raw line is in the archive.
    pub fields: Option<Txu>,
}

impl Table {
    /// The records in some rows, which are given ascending.
    pub fn records(&self, rows: &[u32]) -> Result<Vec<StoredRecord>, LakeError> {
        let mut records = Vec::with_capacity(rows.len());
        for group in 0..self.groups() {
            let here = self.group_rows(group);
            let from = rows.partition_point(|row| *row < here.start);
            let to = rows.partition_point(|row| *row < here.end);
            if from < to {
                let rows: Vec<u32> = rows[from..to].iter().map(|row| row - here.start).collect();
                self.group_records(group, &rows, &mut records)?;
            }
        }
        Ok(records)
    }

    fn group_records(&self, group: usize, rows: &[u32], out: &mut Vec<StoredRecord>) -> Result<(), LakeError> {
        let take = |column| self.take(group, column, rows);
        let (numbers, reasons, members) = (take(Column::RecordNo)?, take(Column::Reason)?, take(Column::IssuerMember)?);
        let (schemes, issuers) = (take(Column::Scheme)?, take(Column::IssuerId)?);
        let (highs, lows) = (take(Column::SerialHigh)?, take(Column::SerialLow)?);
        let (card_types, ttis, counters) = (take(Column::CardType)?, take(Column::Tti)?, take(Column::Counter)?);
        let (psams, psam_txns) = (take(Column::Psam)?, take(Column::PsamTxn)?);
        let (balances, amounts) = (take(Column::BalanceBefore)?, take(Column::Amount)?);
        let (prices, dates, times) = (take(Column::ListPrice)?, take(Column::Date)?, take(Column::Time)?);
        let (versions, algorithms, tacs) = (take(Column::KeyVersion)?, take(Column::Algorithm)?, take(Column::Tac)?);
        let (industries, merchants) = (take(Column::Industry)?, take(Column::Merchant)?);
        let (lines, devices) = (take(Column::Line)?, take(Column::Device)?);
        let (cities, flags) = (take(Column::City)?, take(Column::Flags)?);
        let unknown = || self.damaged("a value that no record can have");
        for at in 0..rows.len() {
            let reason = u8::try_from(reasons[at]).ok().and_then(Reason::from_code).ok_or_else(unknown)?;
            let fields = || -> Option<Txu> {
                let mut serial = [0; 10];
                serial[..2].copy_from_slice(&(highs[at] as u16).to_be_bytes());
                serial[2..].copy_from_slice(&(lows[at] as u64).to_be_bytes());
                Some(Txu {
                    record_no: numbers[at] as u32,
                    scheme: CardScheme::from_letter(schemes[at] as u8)?,
                    issuer_id: IssuerId((issuers[at] as u64).to_be_bytes()),
                    serial: AppSerial(serial),
                    card_type: card_types[at] as u8,
                    tti: ttis[at] as u8,
                    counter: counters[at] as u16,
                    psam: PsamNo((psams[at] as u64).to_be_bytes()[2..].try_into().expect("6 of 8 bytes")),
                    psam_txn: psam_txns[at] as u32,
                    balance_before: balances[at] as i32,
                    amount: amounts[at] as u32,
                    list_price: prices[at] as u32,
                    date: from_days_since_epoch(dates[at] as i32)?,
                    time_seconds: times[at] as u32,
                    key_version: versions[at] as u8,
                    algorithm: Algorithm::from_code(algorithms[at] as u8)?,
                    tac: (tacs[at] as u32).to_be_bytes(),
                    industry: Industry::from_code(industries[at] as u8)?,
                    merchant: merchants[at] as u32,
                    line: lines[at] as u32,
                    device: devices[at] as u32,
                    city: cities[at] as u16,
                    grey: flags[at] as u8 & FLAG_GREY != 0,
                    test: flags[at] as u8 & FLAG_TEST != 0,
                })
            };
            out.push(StoredRecord {
                record_no: numbers[at] as u32,
                reason,
                issuer: usize::try_from(members[at]).ok().and_then(|index| self.members().get(index)).copied(),
                amount: amounts[at] as u32,
                // The row of a malformed record is zeros.
                fields: if schemes[at] == 0 { None } else { Some(fields().ok_or_else(unknown)?) },
            });
        }
        Ok(())
    }
}
