//! How values stand in the JSON of a change: dates `2026-09-01`, member codes of eight digits, upper-case hex, `*` for any.
//!
//! Each module is for `#[serde(with = "…")]`; its `option` is for a field that may be absent.

use crate::rows::read_scheme;
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{
    Algorithm, AppSerial, CardScheme, Date, DateTime, DayKind, Industry, IssuerId, KeyVersion, MemberCode, PsamNo,
};
use tongka_scheme::{PsamState, TacVerifier};

macro_rules! forms {
    ($($name:ident: $type:ty, $want:literal, $read:expr, $show:expr;)*) => {
        $(
            #[doc = concat!("`", $want, "`")]
            // Not every form is used both alone and where it may be absent.
            #[allow(dead_code)]
            pub(crate) mod $name {
                use super::*;
                use serde::{Deserialize, Deserializer, Serializer, de::Error};

                fn read<E: Error>(text: &str) -> Result<$type, E> {
                    let read: fn(&str) -> Option<$type> = $read;
                    read(text).ok_or_else(|| E::custom(concat!("应为 expected ", $want)))
                }

                fn show(value: &$type) -> String {
                    let show: fn(&$type) -> String = $show;
                    show(value)
                }

                pub(crate) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                    to.serialize_str(&show(value))
                }

                pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                    read(&String::deserialize(from)?)
                }

                pub(crate) mod option {
                    use super::*;

                    pub(crate) fn serialize<S: Serializer>(value: &Option<$type>, to: S) -> Result<S::Ok, S::Error> {
                        match value {
                            Some(value) => super::serialize(value, to),
                            None => to.serialize_none(),
                        }
                    }

                    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<$type>, D::Error> {
                        Option::<String>::deserialize(from)?.map(|text| read(&text)).transpose()
                    }
                }
            }
        )*
    };
}

forms! {
    date: Date, "YYYY-MM-DD", read_date, |date| date.to_string();
    date_time: DateTime, "YYYY-MM-DDTHH:MM:SS", read_date_time, show_date_time;
    member: MemberCode, "8 位机构代码 a member code of 8 digits", read_member, |code| code.to_string();
    party: Option<MemberCode>, "8 位机构代码或 * a member code of 8 digits, or *", read_party, |code| any(*code);
    industry: Option<Industry>, "01 02 03 04 05 09 或 * one of these, or *", read_industry, |industry| any(*industry);
    scheme: CardScheme, "T 或 M T or M", read_scheme, |scheme| scheme.to_string();
    issuer_id: IssuerId, "16 位大写十六进制 16 upper-case hex digits", |text| IssuerId::parse(text.as_bytes()),
        |id| id.to_string();
    serial: AppSerial, "20 位大写十六进制 20 upper-case hex digits", |text| AppSerial::parse(text.as_bytes()),
        |serial| serial.to_string();
    psam: PsamNo, "12 位大写十六进制 12 upper-case hex digits", |text| PsamNo::parse(text.as_bytes()),
        |psam| psam.to_string();
    psam_state: PsamState, "active、stopped 或 test active, stopped or test", PsamState::from_name,
        |state| state.name().to_owned();
    verifier: TacVerifier, "centre 或 issuer centre or issuer", TacVerifier::from_name,
        |verifier| verifier.name().to_owned();
    key_version: KeyVersion, "2 位大写十六进制 2 upper-case hex digits", |text| read_byte(text).map(KeyVersion),
        |version| format!("{:02X}", version.0);
    algorithm: Algorithm, "01 或 04 01 or 04", |text| read_byte(text).and_then(Algorithm::from_code),
        |algorithm| format!("{:02X}", algorithm.code());
    public_key: [u8; 65], "130 位十六进制 SM2 公钥，以 04 开头 an SM2 public key: 130 hex digits beginning with 04",
        read_public_key, |key| hex::encode_upper(key);
    day_kind: DayKind, "holiday 或 workday holiday or workday", DayKind::from_name, |kind| kind.name().to_owned();
    clock: u32, "HH:MM", read_clock, |minute| format!("{:02}:{:02}", minute / 60, minute % 60);
}

fn any<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "*".to_owned(), |value| value.to_string())
}

pub(crate) fn read_date(text: &str) -> Option<Date> {
    match text.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => parse_date(&[*y1, *y2, *y3, *y4, *m1, *m2, *d1, *d2]),
        _ => None,
    }
}

pub(crate) fn read_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once(['T', ' '])?;
    match time.as_bytes() {
        [h1, h2, b':', m1, m2, b':', s1, s2] => {
            Some(read_date(date)?.and_time(parse_time(&[*h1, *h2, *m1, *m2, *s1, *s2])?))
        }
        _ => None,
    }
}

fn show_date_time(at: &DateTime) -> String {
    format!("{}T{}", at.date(), at.time())
}

/// A code that a member can have.
pub(crate) fn read_member(text: &str) -> Option<MemberCode> {
    MemberCode::parse(text.as_bytes()).filter(|code| ![MemberCode::CENTRE, MemberCode::UNROUTED].contains(code))
}

fn read_party(text: &str) -> Option<Option<MemberCode>> {
    if text == "*" { Some(None) } else { read_member(text).map(Some) }
}

fn read_industry(text: &str) -> Option<Option<Industry>> {
    match text.as_bytes() {
        b"*" => Some(None),
        [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Industry::from_code((high - b'0') * 10 + (low - b'0')).map(Some),
        _ => None,
    }
}

fn read_byte(text: &str) -> Option<u8> {
    let mut byte = [0];
    tongka_base::id::parse_hex(text.as_bytes(), &mut byte).then_some(byte[0])
}

fn read_public_key(text: &str) -> Option<[u8; 65]> {
    let key: [u8; 65] = hex::decode(text).ok()?.try_into().ok()?;
    (key[0] == 0x04).then_some(key)
}

/// Minutes from midnight, to `23:59`.
fn read_clock(text: &str) -> Option<u32> {
    match text.as_bytes() {
        [h1, h2, b':', m1, m2] => {
            let time = parse_time(&[*h1, *h2, *m1, *m2, b'0', b'0'])?;
            use chrono::Timelike;
            Some(time.hour() * 60 + time.minute())
        }
        _ => None,
    }
}
