//! Pages, and all rows one page after the other.

use crate::ListingError;
use crate::cell::Cell;
use crate::cursor::Cursor;
use crate::query::Query;
use crate::spec::{Column, ListSpec};
use crate::sql::Writer;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use tongka_storage::{Db, Row, Scope, Value};

/// Rows beyond which a total is not counted on.
pub const MOST_COUNTED: u64 = 10_000;
/// Rows that an export holds at a time.
const BATCH: u64 = 1_000;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// The rows, every column by its name.
    pub items: Vec<Map<String, Json>>,
    /// Hand it back for the next page; nothing at the end.
    pub next_cursor: Option<String>,
    /// Rows of the query when its first page was read, counted up to [`MOST_COUNTED`].
    pub total: u64,
    /// Whether there are no more than `total`.
    pub total_is_exact: bool,
}

fn visible(spec: &ListSpec, scope: Scope) -> Result<(), ListingError> {
    if spec.visible(scope) { Ok(()) } else { Err(ListingError::NoList(spec.name.to_owned())) }
}

/// Reads a page.
///
/// # Errors
/// V01 for a list that a caller of this scope has no rows in, V10; what the database says.
pub async fn page(db: &Db, scope: Scope, spec: &'static ListSpec, query: &Query) -> Result<Page, ListingError> {
    visible(spec, scope)?;
    let (total, total_is_exact) = match &query.cursor {
        Some(cursor) => (cursor.total, cursor.total_is_exact),
        None => count(db, scope, spec, query).await?,
    };
    let columns: Vec<&'static Column> = spec.columns.iter().collect();
    let after = query.cursor.as_ref().map(|c| c.after.as_slice());
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows = read(db, scope, spec, query, &columns, after, u64::from(query.limit) + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = match rows.last() {
        Some(last) if more => {
            let after = last.sorted_by(query)?;
            Some(Cursor { after, total, total_is_exact }.write(&query.fingerprint))
        }
        _ => None,
    };
    let item =
        |row: &ReadRow| columns.iter().zip(&row.cells).map(|(c, cell)| (c.name.to_owned(), cell.json())).collect();
    Ok(Page { items: rows.iter().map(item).collect(), next_cursor, total, total_is_exact })
}

async fn count(db: &Db, scope: Scope, spec: &ListSpec, query: &Query) -> Result<(u64, bool), ListingError> {
    let mut writer = Writer::new(db.kind());
    writer.push("SELECT COUNT(*) AS n FROM (");
    writer.select("1 AS one", spec, scope, &query.filters);
    writer.push(&format!(" LIMIT {}) AS counted", MOST_COUNTED + 1));
    let found = db.read(spec.reading_scope(scope)).fetch_one(&writer.text, &writer.parameters).await?.int("n")?;
    let found = u64::try_from(found).unwrap_or_default();
    Ok((found.min(MOST_COUNTED), found <= MOST_COUNTED))
}

/// All rows of a query, a batch at a time. Between batches nothing is held in the database, so a slow reader harms nobody.
pub struct Rows<'a> {
    db: &'a Db,
    scope: Scope,
    spec: &'static ListSpec,
    query: &'a Query,
    columns: &'a [&'static Column],
    after: Option<Vec<Value>>,
    ended: bool,
}

impl<'a> Rows<'a> {
    /// The rows of a query, cells in the order of `columns`. The limit and the cursor of the query do not count.
    ///
    /// # Errors
    /// V01 for a list that a caller of this scope has no rows in.
    pub fn new(
        db: &'a Db,
        scope: Scope,
        spec: &'static ListSpec,
        query: &'a Query,
        columns: &'a [&'static Column],
    ) -> Result<Self, ListingError> {
        visible(spec, scope)?;
        Ok(Self { db, scope, spec, query, columns, after: None, ended: false })
    }

    /// The next rows, at most 1,000; none at the end.
    ///
    /// # Errors
    /// V10; what the database says.
    pub async fn next(&mut self) -> Result<Vec<Vec<Cell>>, ListingError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let Self { db, scope, spec, query, columns, .. } = *self;
        let rows = read(db, scope, spec, query, columns, self.after.as_deref(), BATCH).await?;
        match rows.last() {
            Some(last) if rows.len() as u64 == BATCH => self.after = Some(last.sorted_by(query)?),
            _ => self.ended = true,
        }
        Ok(rows.into_iter().map(|row| row.cells).collect())
    }
}

/// Calls `each` with every row of a query and returns their number: [`Rows`] for who need not wait between rows.
///
/// # Errors
/// As [`Rows`]; [`ListingError::Stopped`] with what `each` refused with.
pub async fn for_each_row<E>(
    db: &Db,
    scope: Scope,
    spec: &'static ListSpec,
    query: &Query,
    columns: &[&'static Column],
    mut each: impl FnMut(&[Cell]) -> Result<(), E>,
) -> Result<u64, ListingError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut rows = Rows::new(db, scope, spec, query, columns)?;
    let mut number = 0;
    loop {
        let batch = rows.next().await?;
        if batch.is_empty() {
            return Ok(number);
        }
        for cells in &batch {
            each(cells).map_err(|e| ListingError::Stopped(e.into()))?;
            number += 1;
        }
    }
}

struct ReadRow {
    cells: Vec<Cell>,
    /// Values of the order's columns.
    sorted: Vec<Value>,
}

impl ReadRow {
    fn sorted_by(&self, query: &Query) -> Result<Vec<Value>, ListingError> {
        for (value, (column, _)) in self.sorted.iter().zip(&query.sort) {
            if *value == Value::Null && !column.nullable {
                return Err(ListingError::Broken(format!("column {} is NULL and not declared nullable", column.name)));
            }
        }
        Ok(self.sorted.clone())
    }
}

async fn read(
    db: &Db,
    scope: Scope,
    spec: &'static ListSpec,
    query: &Query,
    columns: &[&'static Column],
    after: Option<&[Value]>,
    limit: u64,
) -> Result<Vec<ReadRow>, ListingError> {
    // Columns of the order that are not asked for come behind those that are.
    let mut all: Vec<&'static Column> = columns.to_vec();
    all.extend(query.sort.iter().map(|(c, _)| *c).filter(|c| !columns.iter().any(|asked| asked.name == c.name)));
    let what: Vec<String> = all.iter().enumerate().map(|(i, c)| format!("{} AS c{i}", c.sql)).collect();
    let mut writer = Writer::new(db.kind());
    writer.select(&what.join(", "), spec, scope, &query.filters);
    if let Some(values) = after {
        writer.after(&query.sort, values);
    }
    writer.order_by(&query.sort, limit);
    let rows = db.read(spec.reading_scope(scope)).fetch_all(&writer.text, &writer.parameters).await?;
    rows.iter().map(|row| read_row(row, &all, columns.len(), query)).collect()
}

fn read_row(row: &Row, all: &[&'static Column], asked: usize, query: &Query) -> Result<ReadRow, ListingError> {
    let read = |(i, column): (usize, &&'static Column)| Cell::read(row, &format!("c{i}"), column);
    let (mut cells, values): (Vec<Cell>, Vec<Value>) =
        all.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let value_of = |name| all.iter().position(|c| c.name == name).map_or(Value::Null, |i| values[i].clone());
    let sorted = query.sort.iter().map(|(c, _)| value_of(c.name)).collect();
    cells.truncate(asked);
    Ok(ReadRow { cells, sorted })
}
