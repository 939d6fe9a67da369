//! Statements, and indexes by which lists and searches over many clearing dates are fast.
//!
//! Dates are days since 1970-01-01, digests are upper-case hex.

/// What statements were issued under which number; indexes for the orders and main filters of lists.
///
/// `statement.member` is 0 for the centre's own settlement summary. A row is never changed: a corrected statement is
/// another version.
pub(crate) const SQL: &str = "
CREATE TABLE statement (
    number {text} PRIMARY KEY,
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    member BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    digest TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL,
    UNIQUE (clearing_date, member, version)
);
CREATE INDEX statement_by_member ON statement (member, clearing_date);

CREATE UNIQUE INDEX result_file_name ON result_file (name);
CREATE INDEX result_file_by_member ON result_file (member, clearing_date);
CREATE INDEX receipt_by_member ON receipt (member, clearing_date);
CREATE INDEX receipt_by_result ON receipt (result, clearing_date);
CREATE INDEX upload_member_number ON upload (member, upload_no);
CREATE INDEX upload_verdict_by_reason ON upload_verdict (reason, upload_no);
CREATE INDEX position_by_member ON position (member, clearing_date);
CREATE INDEX day_group_by_acquirer ON day_group (acquirer, clearing_date);
CREATE INDEX day_group_by_issuer ON day_group (issuer, clearing_date);
CREATE INDEX ledger_transfer_amount ON ledger_transfer (amount_fen, sequence);
";
