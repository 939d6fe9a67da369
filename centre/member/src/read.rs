//! Reading the book's tables at a version.

use crate::book::{Book, Difference};
use crate::error::{BookCode, MemberError, refuse};
use crate::rows::{CardKey, Entry, Shelf, read_scheme};
use std::collections::HashMap;
use std::future::Future;
use tongka_base::date::parse_date_time;
use tongka_base::{AppSerial, IssuerId};
use tongka_scheme::BlacklistEntry;
use tongka_storage::{ReadTx, Row, StorageError, Value, WriteTx, params};

/// Something that reads rows: a snapshot, or the transaction that is about to change them.
pub(crate) trait Rows: Send {
    /// All rows.
    fn all(&mut self, sql: &str, params: &[Value]) -> impl Future<Output = Result<Vec<Row>, StorageError>> + Send;

    /// The first row, if any.
    fn first(&mut self, sql: &str, params: &[Value]) -> impl Future<Output = Result<Option<Row>, StorageError>> + Send;
}

impl Rows for ReadTx {
    async fn all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.fetch_all(sql, params).await
    }

    async fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.fetch_optional(sql, params).await
    }
}

impl Rows for WriteTx {
    async fn all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.fetch_all(sql, params).await
    }

    async fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.fetch_optional(sql, params).await
    }
}

/// Which state of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The newest.
    Current,
    /// As it was when that version was made.
    Version(i64),
}

impl At {
    /// The predicate over the two version columns. A version is a number, not somebody's text.
    fn predicate(self) -> String {
        match self {
            Self::Current => "to_version IS NULL".into(),
            Self::Version(v) => format!("from_version <= {v} AND (to_version IS NULL OR to_version > {v})"),
        }
    }
}

/// All entries of a kind.
pub(crate) async fn load_shelf<E: Entry, R: Rows>(rows: &mut R, at: At) -> Result<Shelf<E>, MemberError> {
    let sql = format!("SELECT {} FROM {} WHERE {}", E::COLUMNS.join(", "), E::TABLE, at.predicate());
    let mut shelf = Shelf::<E>::new();
    for row in rows.all(&sql, params![]).await? {
        let entry = E::read(&row)?;
        if shelf.insert(entry.key(), entry).is_some() {
            return Err(MemberError::broken(format!("{} has an entry twice at {at:?}", E::TABLE)));
        }
    }
    Ok(shelf)
}

/// What a version removed and added of a kind, each in order of its key.
pub(crate) async fn difference_of<E: Entry, R: Rows>(rows: &mut R, version: i64) -> Result<Difference<E>, MemberError> {
    let mut read = async |column: &str| {
        let sql = format!("SELECT {} FROM {} WHERE {column} = $1", E::COLUMNS.join(", "), E::TABLE);
        let found = rows.all(&sql, params![version]).await?;
        let mut entries = found.iter().map(E::read).collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(E::key);
        Ok::<_, MemberError>(entries)
    };
    Ok(Difference { removed: read("to_version").await?, added: read("from_version").await? })
}

/// Characters of a card in a batch: scheme, issuer id, serial, listing time.
const CARD_WIDTHS: [usize; 4] = [1, 16, 20, 14];
/// Rows of the blacklist table that one row of the batch query covers.
const CARDS_A_BATCH: i64 = 4096;

/// The whole blacklist, ordered by card. The database strings thousands of cards into one text each: a row a card would
/// spend most of the time on rows.
pub(crate) async fn load_cards<R: Rows>(rows: &mut R, at: At) -> Result<Vec<BlacklistEntry>, MemberError> {
    let sql = format!(
        "SELECT string_agg(scheme || issuer_id || application_serial || listed_at, '') AS cards FROM scheme_blacklist \
         WHERE {} GROUP BY id / {CARDS_A_BATCH}",
        at.predicate()
    );
    let mut cards = Vec::new();
    for row in rows.all(&sql, params![]).await? {
        let text = row.text("cards")?;
        let width: usize = CARD_WIDTHS.iter().sum();
        if !text.is_ascii() || !text.len().is_multiple_of(width) {
            return Err(MemberError::broken("scheme_blacklist: columns of a wrong length"));
        }
        cards.reserve(text.len() / width);
        for at in (0..text.len()).step_by(width) {
            let card = card_of(&text[at..at + width]);
            cards.push(card.ok_or_else(|| MemberError::broken("scheme_blacklist: a malformed row"))?);
        }
    }
    cards.sort_unstable_by_key(Entry::key);
    Ok(cards)
}

fn card_of(text: &str) -> Option<BlacklistEntry> {
    let (scheme, rest) = text.split_at(CARD_WIDTHS[0]);
    let (issuer_id, rest) = rest.split_at(CARD_WIDTHS[1]);
    let (serial, listed_at) = rest.split_at(CARD_WIDTHS[2]);
    Some(BlacklistEntry {
        scheme: read_scheme(scheme)?,
        issuer_id: IssuerId::parse(issuer_id.as_bytes())?,
        application_serial: AppSerial::parse(serial.as_bytes())?,
        listed_at: parse_date_time(listed_at)?,
    })
}

/// Cards of one question.
pub(crate) const CARDS_A_QUESTION: usize = 500;

/// Which of these cards are listed now, with the number of the row and the entry.
pub(crate) async fn listed<R: Rows>(
    rows: &mut R,
    cards: impl IntoIterator<Item = CardKey> + Send,
) -> Result<HashMap<CardKey, (i64, BlacklistEntry)>, MemberError> {
    let wanted: Vec<CardKey> = cards.into_iter().collect();
    let mut found = HashMap::new();
    for part in wanted.chunks(CARDS_A_QUESTION) {
        // The last card fills the question up: one text for all questions.
        let serials: Vec<Value> =
            (0..CARDS_A_QUESTION).map(|at| Value::from(part[at.min(part.len() - 1)].2.to_string())).collect();
        let marks: Vec<String> = (1..=CARDS_A_QUESTION).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT id, scheme, issuer_id, application_serial, listed_at FROM scheme_blacklist \
             WHERE to_version IS NULL AND application_serial IN ({})",
            marks.join(", ")
        );
        for row in rows.all(&sql, &serials).await? {
            let entry = BlacklistEntry::read(&row)?;
            found.insert(entry.key(), (row.int("id")?, entry));
        }
    }
    let asked: std::collections::HashSet<CardKey> = wanted.into_iter().collect();
    found.retain(|key, _| asked.contains(key));
    Ok(found)
}

/// How many cards of an issuer are listed now.
pub(crate) async fn listed_of_issuer<R: Rows>(
    rows: &mut R,
    scheme: tongka_base::CardScheme,
    issuer_id: IssuerId,
) -> Result<i64, MemberError> {
    let sql = "SELECT COUNT(*) AS cards FROM scheme_blacklist \
               WHERE to_version IS NULL AND scheme = $1 AND issuer_id = $2";
    let row = rows.first(sql, params![scheme.to_string(), issuer_id.to_string()]).await?;
    row.map_or(Ok(0), |row| Ok(row.int("cards")?))
}

/// The current book; refused while it is empty.
pub(crate) async fn current_book<R: Rows>(rows: &mut R) -> Result<Book, MemberError> {
    let book = Book::load(rows, At::Current).await?;
    if book.rules.is_empty() {
        return refuse(BookCode::Empty, "", "规则簿为空", "the book is empty");
    }
    Ok(book)
}
