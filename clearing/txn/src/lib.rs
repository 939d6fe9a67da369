//! The canonical transaction as columns and its record checks
