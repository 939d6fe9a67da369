//! One `TXU` record, field by field (document, chapter 3), and record check 1: does every field match its type.

use crate::fields::{hex, number, signed};
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{Algorithm, AppSerial, CardScheme, Date, DateTime, Industry, IssuerId, KeyVersion, PsamNo};

/// A record whose every field is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) scheme: CardScheme,
    pub(crate) issuer_id: IssuerId,
    pub(crate) application_serial: AppSerial,
    pub(crate) card_type: u64,
    pub(crate) offline_counter: u16,
    pub(crate) psam: PsamNo,
    pub(crate) psam_transaction: [u8; 4],
    pub(crate) balance_before: i64,
    pub(crate) amount: i64,
    pub(crate) date: Date,
    pub(crate) at: DateTime,
    pub(crate) key_version: KeyVersion,
    pub(crate) algorithm: Algorithm,
    pub(crate) tac: [u8; 4],
    /// What the TAC is computed over: amount ‖ TTI ‖ PSAM no. ‖ PSAM transaction no. ‖ date ‖ time.
    pub(crate) tac_data: [u8; 22],
    pub(crate) industry: Industry,
    pub(crate) grey: bool,
    pub(crate) test: bool,
}

impl Record {
    /// Reads a record line (with or without CR LF) that should be number `place` of its file, counted from 1.
    pub(crate) fn read(line: &[u8], place: u64) -> Option<Self> {
        if number(&line[1..9])? != place {
            return None;
        }
        let scheme = match line[9] {
            b'T' => CardScheme::TUnion,
            b'M' => CardScheme::Mohurd,
            _ => return None,
        };
        let issuer_id = IssuerId(hex(&line[10..26])?);
        let application_serial = AppSerial(hex(&line[26..46])?);
        let card_type = number(&line[46..48])?;
        let transaction_type = match &line[48..50] {
            b"06" => 0x06,
            b"09" => 0x09,
            _ => return None,
        };
        let offline_counter = u16::try_from(number(&line[50..55])?).ok()?;
        let psam = PsamNo(hex(&line[55..67])?);
        let psam_transaction = hex(&line[67..75])?;
        let balance_before = signed(&line[75..84])?;
        let amount = number(&line[84..92])?;
        let _list_price = number(&line[92..100])?;
        let date = parse_date(&line[100..108])?;
        let time = parse_time(&line[108..114])?;
        let key_version = KeyVersion(hex::<1>(&line[114..116])?[0]);
        let algorithm = match &line[116..118] {
            b"01" => Algorithm::Tdes,
            b"04" => Algorithm::Sm4,
            _ => return None,
        };
        let tac = hex(&line[118..126])?;
        let industry = read_industry(&line[126..128])?;
        let _merchant = number(&line[128..136])?;
        let _line_no = number(&line[136..142])?;
        let _device = number(&line[142..150])?;
        let _city = number(&line[150..154])?;
        let grey = read_flag(line[154])?;
        let test = read_flag(line[155])?;
        if &line[156..158] != b"00" {
            return None;
        }

        // Dates and times in BCD are their digits read as hexadecimal.
        let mut tac_data = [0; 22];
        tac_data[0..4].copy_from_slice(&u32::try_from(amount).ok()?.to_be_bytes());
        tac_data[4] = transaction_type;
        tac_data[5..11].copy_from_slice(&psam.0);
        tac_data[11..15].copy_from_slice(&psam_transaction);
        tac_data[15..22].copy_from_slice(&hex::<7>(&line[100..114])?);

        Some(Self {
            scheme,
            issuer_id,
            application_serial,
            card_type,
            offline_counter,
            psam,
            psam_transaction,
            balance_before,
            amount: i64::try_from(amount).ok()?,
            date,
            at: date.and_time(time),
            key_version,
            algorithm,
            tac,
            tac_data,
            industry,
            grey,
            test,
        })
    }
}

/// The part of a line that makes two records the same content: fields 3 to 23.
pub(crate) fn content(line: &[u8]) -> &[u8] {
    &line[9..154]
}

/// The original record without CR LF, as result files repeat it.
pub(crate) fn original(line: &[u8]) -> &[u8] {
    &line[..158]
}

/// An industry as the document codes it.
pub(crate) fn industry_code(industry: Industry) -> &'static str {
    match industry {
        Industry::Bus => "01",
        Industry::Metro => "02",
        Industry::Taxi => "03",
        Industry::Ferry => "04",
        Industry::Parking => "05",
        Industry::Retail => "09",
    }
}

fn read_industry(text: &[u8]) -> Option<Industry> {
    match text {
        b"01" => Some(Industry::Bus),
        b"02" => Some(Industry::Metro),
        b"03" => Some(Industry::Taxi),
        b"04" => Some(Industry::Ferry),
        b"05" => Some(Industry::Parking),
        b"09" => Some(Industry::Retail),
        _ => None,
    }
}

fn read_flag(text: u8) -> Option<bool> {
    match text {
        b'0' => Some(false),
        b'1' => Some(true),
        _ => None,
    }
}
