//! A row of a result, read by column name.

use crate::{StorageCode, StorageError};
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row as _, Type};

/// A row of a result. Every getter gives [`StorageCode::Parameters`] (S11) for a column that is not there, has another
/// type, or is NULL where the getter does not say `opt`.
#[derive(Clone)]
pub struct Row(pub(crate) AnyRow);

impl Row {
    /// An integer that is not NULL.
    pub fn int(&self, column: &str) -> Result<i64, StorageError> {
        self.present(column)
    }

    /// An integer or NULL.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, StorageError> {
        self.get(column)
    }

    /// A flag stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, StorageError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(wrong(column, format!("is no flag: {other}"))),
        }
    }

    /// Text that is not NULL.
    pub fn text(&self, column: &str) -> Result<String, StorageError> {
        self.present(column)
    }

    /// Text or NULL.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, StorageError> {
        self.get(column)
    }

    /// Bytes that are not NULL.
    pub fn blob(&self, column: &str) -> Result<Vec<u8>, StorageError> {
        self.present(column)
    }

    /// Bytes or NULL.
    pub fn opt_blob(&self, column: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.get(column)
    }

    fn present<'r, T: Decode<'r, Any> + Type<Any>>(&'r self, column: &str) -> Result<T, StorageError> {
        self.get(column)?.ok_or_else(|| wrong(column, "is NULL"))
    }

    fn get<'r, T: Decode<'r, Any> + Type<Any>>(&'r self, column: &str) -> Result<Option<T>, StorageError> {
        self.0.try_get(column).map_err(|e| wrong(column, e))
    }
}

fn wrong(column: &str, what: impl std::fmt::Display) -> StorageError {
    StorageError::new(StorageCode::Parameters, format!("column {column}: {what}"))
}
