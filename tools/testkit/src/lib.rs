//! Real parts for tests: a private PostgreSQL server
