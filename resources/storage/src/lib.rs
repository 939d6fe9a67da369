//! SQL storage: one query text on SQLite and PostgreSQL
