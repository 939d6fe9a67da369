//! The entries of the book: what identifies each, and how it stands in its table.
//!
//! An [`Entry`] is a plain value. Its table has the columns of the entry and the two versions between which it holds; the
//! first [`Entry::KEY_COLUMNS`] columns identify it within a version.

use crate::error::MemberError;
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch, parse_date_time};
use tongka_base::{
    Algorithm, AppSerial, CardScheme, Date, DayKind, Fen, Industry, IssuerId, KeyVersion, MemberCode, PsamNo, RatePpm,
};
use tongka_scheme::{BlacklistEntry, FeeKey, FeeRule, Issuer, PsamRange, PsamState, Reserve, Rules, TacVerifier};
use tongka_storage::{Row, Value, params};

/// An entry of the book.
pub(crate) trait Entry: Clone + PartialEq + Send + Sync {
    /// What identifies it within a version.
    type Key: Ord + Clone + Send + Sync;
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    const KEY_COLUMNS: usize;

    fn key(&self) -> Self::Key;

    /// In the order of the columns.
    fn values(&self) -> Vec<Value>;

    fn read(row: &Row) -> Result<Self, MemberError>;
}

/// Entries of one kind, by key.
pub(crate) type Shelf<E> = BTreeMap<<E as Entry>::Key, E>;

/// A member of the book without what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberEntry {
    pub(crate) code: MemberCode,
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) active_from: Date,
    pub(crate) active_to: Option<Date>,
}

/// Days on which a member does not take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SuspensionEntry {
    pub(crate) member: MemberCode,
    pub(crate) from: Date,
    pub(crate) to: Option<Date>,
}

/// A registered certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateEntry {
    pub(crate) member: MemberCode,
    pub(crate) public_key: [u8; 65],
    pub(crate) not_before: Option<Date>,
    pub(crate) not_after: Option<Date>,
    pub(crate) label: String,
    pub(crate) revoked: bool,
}

/// That there is a test key, and the digest of the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TacKeyEntry {
    pub(crate) scheme: CardScheme,
    pub(crate) version: KeyVersion,
    pub(crate) algorithm: Algorithm,
    pub(crate) key_file: String,
}

/// A day of the bank calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HolidayEntry {
    pub(crate) date: Date,
    pub(crate) kind: DayKind,
    pub(crate) note: String,
}

/// Times of clearing dates of one weekday; weekday 0 stands for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScheduleEntry {
    pub(crate) weekday: u8,
    pub(crate) open_minute: u32,
    pub(crate) cut_minute: u32,
    pub(crate) grace_minutes: u32,
}

/// Files that a member should send for each clearing date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpectedEntry {
    pub(crate) member: MemberCode,
    pub(crate) kind: String,
    pub(crate) from_minute: u32,
    pub(crate) by_minute: u32,
    pub(crate) min_count: u32,
    pub(crate) warn_minutes: u32,
    pub(crate) escalate_minutes: u32,
}

fn bad(table: &str, column: &str) -> MemberError {
    MemberError::broken(format!("{table}.{column}"))
}

/// Reads columns of one table.
struct Columns<'a>(&'a Row, &'static str);

impl Columns<'_> {
    fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, MemberError> {
        T::try_from(self.0.int(column)?).map_err(|_| bad(self.1, column))
    }

    fn text<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, MemberError> {
        read(&self.0.text(column)?).ok_or_else(|| bad(self.1, column))
    }

    fn date(&self, column: &str) -> Result<Date, MemberError> {
        from_days_since_epoch(self.number(column)?).ok_or_else(|| bad(self.1, column))
    }

    fn opt_date(&self, column: &str) -> Result<Option<Date>, MemberError> {
        if self.0.opt_int(column)?.is_none() { Ok(None) } else { self.date(column).map(Some) }
    }

    fn member(&self, column: &str) -> Result<MemberCode, MemberError> {
        self.number(column).map(MemberCode)
    }

    fn fen(&self, column: &str) -> Result<Fen, MemberError> {
        Ok(Fen(self.0.int(column)?))
    }

    fn algorithm(&self, column: &str) -> Result<Algorithm, MemberError> {
        Algorithm::from_code(self.number(column)?).ok_or_else(|| bad(self.1, column))
    }
}

fn day(date: Date) -> Value {
    Value::from(days_since_epoch(date))
}

fn opt_day(date: Option<Date>) -> Value {
    Value::from(date.map(days_since_epoch))
}

pub(crate) fn read_scheme(text: &str) -> Option<CardScheme> {
    match text.as_bytes() {
        [letter] => CardScheme::from_letter(*letter),
        _ => None,
    }
}

/// Keys of an issuer as one text: `01/01 01/04`.
pub(crate) fn show_keys(keys: &[(KeyVersion, Algorithm)]) -> String {
    let shown = keys.iter().map(|(version, algorithm)| format!("{:02X}/{:02X}", version.0, algorithm.code()));
    shown.collect::<Vec<_>>().join(" ")
}

fn read_keys(text: &str) -> Option<Vec<(KeyVersion, Algorithm)>> {
    let byte = |text: &str| {
        let mut byte = [0];
        tongka_base::id::parse_hex(text.as_bytes(), &mut byte).then_some(byte[0])
    };
    let key = |text: &str| {
        let (version, algorithm) = text.split_once('/')?;
        Some((KeyVersion(byte(version)?), Algorithm::from_code(byte(algorithm)?)?))
    };
    text.split_ascii_whitespace().map(key).collect()
}

impl Entry for Rules {
    type Key = ();
    const TABLE: &'static str = "scheme_rules";
    const COLUMNS: &'static [&'static str] =
        &["late_window_days", "single_limit_fen", "blacklist_grace_hours", "history_days", "tac_verifier"];
    const KEY_COLUMNS: usize = 0;

    fn key(&self) {}

    fn values(&self) -> Vec<Value> {
        params![
            self.late_window_days,
            self.single_limit_fen,
            self.blacklist_grace_hours,
            self.history_days,
            self.tac_verifier.name()
        ]
        .to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            late_window_days: columns.number("late_window_days")?,
            single_limit_fen: columns.fen("single_limit_fen")?,
            blacklist_grace_hours: columns.number("blacklist_grace_hours")?,
            history_days: columns.number("history_days")?,
            tac_verifier: columns.text("tac_verifier", TacVerifier::from_name)?,
        })
    }
}

impl Entry for MemberEntry {
    type Key = MemberCode;
    const TABLE: &'static str = "scheme_member";
    const COLUMNS: &'static [&'static str] = &["code", "name", "city", "active_from", "active_to"];
    const KEY_COLUMNS: usize = 1;

    fn key(&self) -> MemberCode {
        self.code
    }

    fn values(&self) -> Vec<Value> {
        vec![self.code.into(), (&self.name).into(), (&self.city).into(), day(self.active_from), opt_day(self.active_to)]
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            code: columns.member("code")?,
            name: row.text("name")?,
            city: row.text("city")?,
            active_from: columns.date("active_from")?,
            active_to: columns.opt_date("active_to")?,
        })
    }
}

impl Entry for SuspensionEntry {
    type Key = (MemberCode, Date);
    const TABLE: &'static str = "scheme_suspension";
    const COLUMNS: &'static [&'static str] = &["member", "from_date", "to_date"];
    const KEY_COLUMNS: usize = 2;

    fn key(&self) -> Self::Key {
        (self.member, self.from)
    }

    fn values(&self) -> Vec<Value> {
        vec![self.member.into(), day(self.from), opt_day(self.to)]
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            member: columns.member("member")?,
            from: columns.date("from_date")?,
            to: columns.opt_date("to_date")?,
        })
    }
}

impl Entry for CertificateEntry {
    type Key = (MemberCode, [u8; 65]);
    const TABLE: &'static str = "scheme_certificate";
    const COLUMNS: &'static [&'static str] = &["member", "public_key", "not_before", "not_after", "label", "revoked"];
    const KEY_COLUMNS: usize = 2;

    fn key(&self) -> Self::Key {
        (self.member, self.public_key)
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.member.into(),
            hex::encode_upper(self.public_key).into(),
            opt_day(self.not_before),
            opt_day(self.not_after),
            (&self.label).into(),
            self.revoked.into(),
        ]
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        let key = |text: &str| {
            let mut key = [0; 65];
            tongka_base::id::parse_hex(text.as_bytes(), &mut key).then_some(key)
        };
        Ok(Self {
            member: columns.member("member")?,
            public_key: columns.text("public_key", key)?,
            not_before: columns.opt_date("not_before")?,
            not_after: columns.opt_date("not_after")?,
            label: row.text("label")?,
            revoked: row.flag("revoked")?,
        })
    }
}

impl Entry for Issuer {
    type Key = (CardScheme, IssuerId);
    const TABLE: &'static str = "scheme_issuer";
    const COLUMNS: &'static [&'static str] = &["scheme", "issuer_id", "member", "overdraft_limit_fen", "keys"];
    const KEY_COLUMNS: usize = 2;

    fn key(&self) -> Self::Key {
        (self.scheme, self.issuer_id)
    }

    fn values(&self) -> Vec<Value> {
        params![
            self.scheme.to_string(),
            self.issuer_id.to_string(),
            self.member,
            self.overdraft_limit_fen,
            show_keys(&self.keys)
        ]
        .to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            scheme: columns.text("scheme", read_scheme)?,
            issuer_id: columns.text("issuer_id", |text| IssuerId::parse(text.as_bytes()))?,
            member: columns.member("member")?,
            overdraft_limit_fen: columns.fen("overdraft_limit_fen")?,
            keys: columns.text("keys", read_keys)?,
        })
    }
}

impl Entry for PsamRange {
    type Key = PsamNo;
    const TABLE: &'static str = "scheme_psam_range";
    const COLUMNS: &'static [&'static str] = &["first_number", "last_number", "member", "state"];
    const KEY_COLUMNS: usize = 1;

    fn key(&self) -> PsamNo {
        self.from
    }

    fn values(&self) -> Vec<Value> {
        params![self.from.to_string(), self.to.to_string(), self.member, self.state.name()].to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        let psam = |text: &str| PsamNo::parse(text.as_bytes());
        Ok(Self {
            from: columns.text("first_number", psam)?,
            to: columns.text("last_number", psam)?,
            member: columns.member("member")?,
            state: columns.text("state", PsamState::from_name)?,
        })
    }
}

impl Entry for FeeRule {
    type Key = FeeKey;
    const TABLE: &'static str = "scheme_fee";
    const COLUMNS: &'static [&'static str] =
        &["acquirer", "issuer", "industry", "from_date", "to_date", "issuer_rate_ppm", "centre_rate_ppm"];
    const KEY_COLUMNS: usize = 4;

    fn key(&self) -> FeeKey {
        FeeRule::key(self)
    }

    fn values(&self) -> Vec<Value> {
        let party = |code: Option<MemberCode>| Value::from(code.map_or(0, |code| code.0));
        vec![
            party(self.acquirer),
            party(self.issuer),
            self.industry.map_or(0, Industry::code).into(),
            day(self.from),
            opt_day(self.to),
            self.issuer_rate.0.into(),
            self.centre_rate.0.into(),
        ]
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        let party = |column| Ok::<_, MemberError>(Some(columns.member(column)?).filter(|code| code.0 != 0));
        let industry = match columns.number("industry")? {
            0 => None,
            code => Some(Industry::from_code(code).ok_or_else(|| bad(Self::TABLE, "industry"))?),
        };
        Ok(Self {
            acquirer: party("acquirer")?,
            issuer: party("issuer")?,
            industry,
            issuer_rate: RatePpm(columns.number("issuer_rate_ppm")?),
            centre_rate: RatePpm(columns.number("centre_rate_ppm")?),
            from: columns.date("from_date")?,
            to: columns.opt_date("to_date")?,
        })
    }
}

impl Entry for Reserve {
    type Key = MemberCode;
    const TABLE: &'static str = "scheme_reserve";
    const COLUMNS: &'static [&'static str] = &["member", "opening_fen", "target_fen", "warning_fen", "stop_fen"];
    const KEY_COLUMNS: usize = 1;

    fn key(&self) -> MemberCode {
        self.member
    }

    fn values(&self) -> Vec<Value> {
        params![self.member, self.opening_fen, self.target_fen, self.warning_fen, self.stop_fen].to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            member: columns.member("member")?,
            opening_fen: columns.fen("opening_fen")?,
            target_fen: columns.fen("target_fen")?,
            warning_fen: columns.fen("warning_fen")?,
            stop_fen: columns.fen("stop_fen")?,
        })
    }
}

impl Entry for TacKeyEntry {
    type Key = (CardScheme, KeyVersion, Algorithm);
    const TABLE: &'static str = "scheme_tac_key";
    const COLUMNS: &'static [&'static str] = &["scheme", "key_version", "algorithm", "key_file"];
    const KEY_COLUMNS: usize = 3;

    fn key(&self) -> Self::Key {
        (self.scheme, self.version, self.algorithm)
    }

    fn values(&self) -> Vec<Value> {
        params![self.scheme.to_string(), self.version.0, self.algorithm.code(), &self.key_file].to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            scheme: columns.text("scheme", read_scheme)?,
            version: KeyVersion(columns.number("key_version")?),
            algorithm: columns.algorithm("algorithm")?,
            key_file: row.text("key_file")?,
        })
    }
}

impl Entry for HolidayEntry {
    type Key = Date;
    const TABLE: &'static str = "scheme_holiday";
    const COLUMNS: &'static [&'static str] = &["date", "kind", "note"];
    const KEY_COLUMNS: usize = 1;

    fn key(&self) -> Date {
        self.date
    }

    fn values(&self) -> Vec<Value> {
        vec![day(self.date), self.kind.name().into(), (&self.note).into()]
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            date: columns.date("date")?,
            kind: columns.text("kind", DayKind::from_name)?,
            note: row.text("note")?,
        })
    }
}

impl Entry for ScheduleEntry {
    type Key = u8;
    const TABLE: &'static str = "scheme_schedule";
    const COLUMNS: &'static [&'static str] = &["weekday", "open_minute", "cut_minute", "grace_minutes"];
    const KEY_COLUMNS: usize = 1;

    fn key(&self) -> u8 {
        self.weekday
    }

    fn values(&self) -> Vec<Value> {
        params![self.weekday, self.open_minute, self.cut_minute, self.grace_minutes].to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            weekday: columns.number("weekday")?,
            open_minute: columns.number("open_minute")?,
            cut_minute: columns.number("cut_minute")?,
            grace_minutes: columns.number("grace_minutes")?,
        })
    }
}

impl Entry for ExpectedEntry {
    type Key = (MemberCode, String);
    const TABLE: &'static str = "scheme_expected_file";
    const COLUMNS: &'static [&'static str] =
        &["member", "kind", "from_minute", "by_minute", "min_count", "warn_minutes", "escalate_minutes"];
    const KEY_COLUMNS: usize = 2;

    fn key(&self) -> Self::Key {
        (self.member, self.kind.clone())
    }

    fn values(&self) -> Vec<Value> {
        params![
            self.member,
            &self.kind,
            self.from_minute,
            self.by_minute,
            self.min_count,
            self.warn_minutes,
            self.escalate_minutes
        ]
        .to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            member: columns.member("member")?,
            kind: row.text("kind")?,
            from_minute: columns.number("from_minute")?,
            by_minute: columns.number("by_minute")?,
            min_count: columns.number("min_count")?,
            warn_minutes: columns.number("warn_minutes")?,
            escalate_minutes: columns.number("escalate_minutes")?,
        })
    }
}

/// What identifies a blacklisted card.
pub(crate) type CardKey = (CardScheme, IssuerId, AppSerial);

impl Entry for BlacklistEntry {
    type Key = CardKey;
    const TABLE: &'static str = "scheme_blacklist";
    const COLUMNS: &'static [&'static str] = &["scheme", "issuer_id", "application_serial", "listed_at"];
    const KEY_COLUMNS: usize = 3;

    fn key(&self) -> CardKey {
        (self.scheme, self.issuer_id, self.application_serial)
    }

    fn values(&self) -> Vec<Value> {
        params![
            self.scheme.to_string(),
            self.issuer_id.to_string(),
            self.application_serial.to_string(),
            format_date_time(self.listed_at)
        ]
        .to_vec()
    }

    fn read(row: &Row) -> Result<Self, MemberError> {
        let columns = Columns(row, Self::TABLE);
        Ok(Self {
            scheme: columns.text("scheme", read_scheme)?,
            issuer_id: columns.text("issuer_id", |text| IssuerId::parse(text.as_bytes()))?,
            application_serial: columns.text("application_serial", |text| AppSerial::parse(text.as_bytes()))?,
            listed_at: columns.text("listed_at", parse_date_time)?,
        })
    }
}
