//! Texts of batch inserts.

use crate::statement::identifier;
use crate::{DbKind, StorageCode, StorageError, Value};

/// Most rows of one statement; more gain nothing, and a text that comes back can be taken from the statement cache.
const ROWS: usize = 500;
/// SQLite takes 32,766 parameters, PostgreSQL 65,535.
const PARAMETERS: usize = 32_000;

/// Splits rows into statements of the form `INSERT INTO t (a, b) VALUES (…), (…)`.
///
/// SQLite gets bare `?`: it finds a numbered placeholder by searching all names of the statement, which makes a batch
/// quadratic. PostgreSQL gets numbers, and NULL as a word, because a parameter has to have a type.
pub(crate) fn insert_texts(
    kind: DbKind,
    table: &str,
    columns: &[&str],
    rows: Vec<Vec<Value>>,
) -> Result<Vec<(String, Vec<Value>)>, StorageError> {
    let table = identifier(table)?;
    for column in columns {
        identifier(column)?;
    }
    if let Some(row) = rows.iter().find(|row| row.len() != columns.len() || columns.is_empty()) {
        let detail = format!("{} values for {} columns of {table}", row.len(), columns.len());
        return Err(StorageError::new(StorageCode::Parameters, detail));
    }
    let rows_per_text = ROWS.min(PARAMETERS / columns.len().max(1)).max(1);
    let head = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut texts = Vec::with_capacity(rows.len().div_ceil(rows_per_text));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut text = head.clone();
        let mut values = Vec::with_capacity(rows_per_text * columns.len());
        for (i, row) in rows.by_ref().take(rows_per_text).enumerate() {
            text.push_str(if i == 0 { "(" } else { ", (" });
            for (j, value) in row.into_iter().enumerate() {
                if j > 0 {
                    text.push_str(", ");
                }
                match (kind, value) {
                    (DbKind::Sqlite, value) => {
                        text.push('?');
                        values.push(value);
                    }
                    (DbKind::Postgres, Value::Null) => text.push_str("NULL"),
                    (DbKind::Postgres, value) => {
                        values.push(value);
                        text.push('$');
                        text.push_str(&values.len().to_string());
                    }
                }
            }
            text.push(')');
        }
        texts.push((text, values));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    #[test]
    fn batches_are_split_and_numbered() {
        let rows = || vec![params![1, "a"].to_vec(), params![2, None::<&str>].to_vec()];
        let texts = insert_texts(DbKind::Postgres, "t", &["x", "y"], rows()).unwrap();
        let expected = ("INSERT INTO t (x, y) VALUES ($1, $2), ($3, NULL)".to_owned(), params![1, "a", 2].to_vec());
        assert_eq!(texts, [expected]);
        let texts = insert_texts(DbKind::Sqlite, "t", &["x", "y"], rows()).unwrap();
        assert_eq!(texts[0].0, "INSERT INTO t (x, y) VALUES (?, ?), (?, ?)");
        let many = (0..1201).map(|i| params![i].to_vec()).collect();
        let sizes =
            insert_texts(DbKind::Sqlite, "t", &["x"], many).unwrap().iter().map(|t| t.1.len()).collect::<Vec<_>>();
        assert_eq!(sizes, [500, 500, 201]);
        assert_eq!(insert_texts(DbKind::Sqlite, "t", &["x"], vec![]).unwrap(), []);
        for (table, columns) in [("t; DROP TABLE t", ["x"]), ("t", ["x) --"]), ("", ["x"])] {
            let error = insert_texts(DbKind::Sqlite, table, &columns, vec![]).unwrap_err();
            assert_eq!(error.code(), StorageCode::Parameters);
        }
        assert!(insert_texts(DbKind::Sqlite, "t", &["x", "y"], vec![params![1].to_vec()]).is_err());
    }
}
