//! The transaction lake: immutable Parquet files sorted by card, raw archive, key index
