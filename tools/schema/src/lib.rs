//! All SQL migrations, one ordered list
