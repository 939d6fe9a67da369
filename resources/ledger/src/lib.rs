//! Double-entry ledger, immutable and hash-chained
