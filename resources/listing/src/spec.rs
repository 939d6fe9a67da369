//! What a list is.

use tongka_storage::Scope;

/// A list as data.
#[derive(Debug)]
pub struct ListSpec {
    /// Name in addresses, kebab-case: `ledger-transfers`.
    pub name: &'static str,
    /// Chinese title.
    pub zh: &'static str,
    /// English title.
    pub en: &'static str,
    /// Permission needed to read it.
    pub permission: &'static str,
    /// The FROM clause with its joins: `upload u LEFT JOIN member m ON m.code = u.member`.
    pub from: &'static str,
    /// Predicate with `{scope:column}` and, for tenants, `{tenant:column}`: `({scope:t.member} OR {tenant:t.tenant})`.
    /// A marker of another kind than the caller's scope is false here. `None`: the platform only. A text without any marker,
    /// `1 = 1`: everybody's.
    pub scope: Option<&'static str>,
    /// What a row shows.
    pub columns: &'static [Column],
    /// Order when the caller names none.
    pub default_sort: &'static [(&'static str, Direction)],
    /// Name of the column that is different in every row: it ends every order.
    pub key: &'static str,
    /// Predicate that every row of the list meets.
    pub base_filter: Option<&'static str>,
}

/// A column of a list.
#[derive(Debug)]
pub struct Column {
    /// Name in addresses and answers, snake_case.
    pub name: &'static str,
    /// Chinese heading.
    pub zh: &'static str,
    /// English heading.
    pub en: &'static str,
    /// SQL expression: `u.name`.
    pub sql: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether rows may be ordered by it.
    pub sortable: bool,
    /// Whether rows may be chosen by it.
    pub filterable: bool,
    /// Whether it is shown and exported when nobody chose columns.
    pub default_shown: bool,
    /// Whether the expression may be NULL. A sort by it then goes through COALESCE, which no plain index helps, and NULL
    /// is the smallest value on both databases.
    pub nullable: bool,
}

impl Column {
    /// A column that is shown, sortable and filterable as far as its kind allows, and never NULL.
    pub const fn new(name: &'static str, zh: &'static str, en: &'static str, sql: &'static str, kind: Kind) -> Self {
        let ordered = !matches!(kind, Kind::Json);
        Self { name, zh, en, sql, kind, sortable: ordered, filterable: ordered, default_shown: true, nullable: false }
    }

    /// May be NULL.
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Not shown unless chosen.
    pub const fn hidden(self) -> Self {
        Self { default_shown: false, ..self }
    }

    /// Rows cannot be ordered by it.
    pub const fn unsorted(self) -> Self {
        Self { sortable: false, ..self }
    }

    /// Rows cannot be chosen by it.
    pub const fn unfiltered(self) -> Self {
        Self { filterable: false, ..self }
    }
}

/// What a column holds: its SQL type, its form in answers, its filters.
///
/// | kind | in SQL | in JSON | filters |
/// |---|---|---|---|
/// | `Int`, `Fen`, `Ppm` | BIGINT | number | equal, `.from`, `.to`, `.in` |
/// | `Flag` | BIGINT 0 or 1 | true, false | equal (`true`, `false`) |
/// | `Text` | TEXT | string | equal, `.in`, `.like`, `.prefix` |
/// | `Code`, `Digest` | TEXT | string | equal, `.in`, `.like`, `.prefix` |
/// | `Date` | BIGINT, days since 1970-01-01 | `YYYY-MM-DD` | equal, `.from`, `.to`, `.in` |
/// | `DateTime` | TEXT `YYYYMMDDHHMMSS` | RFC 3339 `+08:00` | equal, `.from`, `.to`, with a date or a time |
/// | `Json` | TEXT | any JSON | none |
/// | `Enum` | TEXT | string | equal, `.in`; only its values |
/// | `Coded` | BIGINT | string, as its values spell it | equal, `.in`; only its values |
/// | `Member` | BIGINT | string of 8 digits | equal, `.in` |
///
/// `.from` and `.to` include their bound; `.in` takes up to 100 values separated by commas; `.like` finds the text
/// anywhere, upper and lower case alike; `.prefix` is exact.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An integer.
    Int,
    /// An amount in fen.
    Fen,
    /// A rate in parts per million.
    Ppm,
    /// Yes or no.
    Flag,
    /// Text for people.
    Text,
    /// A name or number that stands for something: shown in a fixed-width face.
    Code,
    /// A calendar date.
    Date,
    /// A wall time.
    DateTime,
    /// A digest in upper-case hex.
    Digest,
    /// Structured data.
    Json,
    /// One of a few texts.
    Enum(&'static [EnumValue]),
    /// One of a few integers, spelled as their values say: `06`.
    Coded(&'static [EnumValue]),
    /// A member institution.
    Member,
}

impl Kind {
    /// The word in a list's metadata.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Fen => "fen",
            Self::Ppm => "ppm",
            Self::Flag => "flag",
            Self::Text => "text",
            Self::Code => "code",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Digest => "digest",
            Self::Json => "json",
            Self::Enum(_) | Self::Coded(_) => "enum",
            Self::Member => "member",
        }
    }

    /// The values it may take, where they are few.
    pub const fn values(self) -> &'static [EnumValue] {
        match self {
            Self::Enum(values) | Self::Coded(values) => values,
            _ => &[],
        }
    }

    /// Whether SQL holds an integer, else text.
    pub(crate) const fn is_integer(self) -> bool {
        !matches!(self, Self::Text | Self::Code | Self::DateTime | Self::Digest | Self::Json | Self::Enum(_))
    }
}

/// A value of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumValue {
    /// As stored and as filtered by.
    pub value: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// How it is coloured.
    pub tone: Tone,
}

impl EnumValue {
    /// A value.
    pub const fn new(value: &'static str, zh: &'static str, en: &'static str, tone: Tone) -> Self {
        Self { value, zh, en, tone }
    }
}

/// How a value is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// Wants attention.
    Warn,
    /// Wrong.
    Bad,
    /// Going on.
    Info,
    /// Without colour.
    Plain,
}

impl Tone {
    /// The word in a list's metadata.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Plain => "plain",
        }
    }
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl ListSpec {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The columns shown when nobody chose any.
    pub fn shown(&self) -> Vec<&'static Column> {
        self.columns.iter().filter(|c| c.default_shown).collect()
    }

    /// Whether a caller of this scope has rows in it at all.
    pub fn visible(&self, scope: Scope) -> bool {
        let marker = match scope {
            Scope::Platform => return true,
            Scope::Member(_) => "{scope:",
            Scope::Tenant(_) => "{tenant:",
        };
        self.is_shared() || self.scope.is_some_and(|text| text.contains(marker))
    }

    /// Whether the rows are everybody's.
    fn is_shared(&self) -> bool {
        self.scope.is_some_and(|text| !text.contains('{'))
    }

    /// The scope that statements for a caller run under.
    pub(crate) fn reading_scope(&self, caller: Scope) -> Scope {
        if self.is_shared() { Scope::Platform } else { caller }
    }

    /// What the metadata says of it.
    pub fn metadata(&self) -> serde_json::Value {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|c| {
                let values: Vec<_> = c
                    .kind
                    .values()
                    .iter()
                    .map(|v| serde_json::json!({"value": v.value, "zh": v.zh, "en": v.en, "tone": v.tone.word()}))
                    .collect();
                serde_json::json!({
                    "name": c.name, "zh": c.zh, "en": c.en, "kind": c.kind.word(), "sortable": c.sortable,
                    "filterable": c.filterable, "default_shown": c.default_shown, "values": values,
                })
            })
            .collect();
        serde_json::json!({
            "name": self.name, "zh": self.zh, "en": self.en, "key": self.key, "columns": columns,
            "default_sort": self.default_sort_text(),
        })
    }

    /// The default order as addresses spell it: `-clearing_date,name`.
    pub fn default_sort_text(&self) -> String {
        let term = |(name, direction): &(&str, Direction)| match direction {
            Direction::Ascending => (*name).to_owned(),
            Direction::Descending => format!("-{name}"),
        };
        self.default_sort.iter().map(term).collect::<Vec<_>>().join(",")
    }
}
