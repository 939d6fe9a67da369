//! One row of the open data with its fields understood.

use super::rows::Row;
use tongka_base::date::parse_date_lenient;
use tongka_base::{Date, DateTime, Industry};

/// Largest amount that fits a record.
const MAX_FEN: u32 = 99_999_999;

/// A swipe.
#[derive(Clone, Debug)]
pub(super) struct Swipe {
    /// Line or row number in the input.
    pub(super) line: u64,
    pub(super) date: Date,
    pub(super) seconds: u32,
    pub(super) close: Date,
    pub(super) card: String,
    pub(super) industry: Industry,
    /// Deducted, fen.
    pub(super) amount: u32,
    /// Before discount, fen.
    pub(super) list_price: u32,
    pub(super) device: u64,
    pub(super) company: String,
    /// The swipe of which this row is an exact copy.
    pub(super) copy_of: Option<usize>,
}

impl Swipe {
    /// Understands a row, or tells why not.
    pub(super) fn read(line: u64, row: Row) -> Result<Self, String> {
        let [deal_date, close_date, card, deal_value, deal_type, company, _, _, _, deal_money, equ_no] = row;
        let at = date_time(&deal_date).ok_or_else(|| format!("deal_date {deal_date:?} is no date and time"))?;
        let midnight = at.date().and_hms_opt(0, 0, 0).ok_or("no midnight")?;
        let close = date_time(&close_date).map(|c| c.date()).or_else(|| parse_date_lenient(&close_date));
        let close = close.ok_or_else(|| format!("close_date {close_date:?} is no date"))?;
        let industry = match deal_type.as_str() {
            "地铁入站" | "地铁出站" => Industry::Metro,
            "巴士" => Industry::Bus,
            other => return Err(format!("deal_type {other:?} is not known")),
        };
        let (amount, list_price) = (fen("deal_money", &deal_money)?, fen("deal_value", &deal_value)?);
        if deal_type == "地铁入站" && amount != 0 {
            return Err(format!("an entry with deal_money {amount}"));
        }
        if card.is_empty() {
            return Err("card_no is empty".into());
        }
        let digits = !equ_no.is_empty() && equ_no.bytes().all(|b| b.is_ascii_digit());
        let device = equ_no.parse().ok().filter(|_| digits).ok_or_else(|| format!("equ_no {equ_no:?} is no number"))?;
        let seconds = u32::try_from((at - midnight).num_seconds()).map_err(|e| e.to_string())?.min(86_399);
        Ok(Self {
            line,
            date: at.date(),
            seconds,
            close,
            card,
            industry,
            amount,
            list_price,
            device,
            company,
            copy_of: None,
        })
    }
}

fn date_time(text: &str) -> Option<DateTime> {
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok())
}

fn fen(column: &str, text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n: &u32| digits && *n <= MAX_FEN);
    number.ok_or_else(|| format!("{column} {text:?} is no amount in fen"))
}
