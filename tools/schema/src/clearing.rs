//! Tables of the clearing day and of the exchange with member institutions.
//!
//! Dates are days since 1970-01-01, amounts are fen, digests are upper-case hex.

/// Clearing dates, their steps, uploads with their summaries, receipts, groups, positions, result files.
pub(crate) const SQL: &str = "
CREATE TABLE clearing_day (
    clearing_date BIGINT PRIMARY KEY,
    state TEXT NOT NULL,
    scheme_digest TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    centre_fees_fen BIGINT
);

CREATE TABLE day_step (
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    step TEXT NOT NULL,
    done_at TEXT NOT NULL,
    input_digest TEXT NOT NULL,
    output_digest TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (clearing_date, step)
);

CREATE TABLE upload (
    upload_no BIGINT PRIMARY KEY,
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    name TEXT NOT NULL,
    member BIGINT NOT NULL,
    file_date BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    header TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    record_count BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    accepted_at TEXT NOT NULL,
    UNIQUE (name)
);
CREATE INDEX upload_by_day ON upload (clearing_date, upload_no);
CREATE INDEX upload_by_member ON upload (member, clearing_date);

CREATE TABLE upload_group (
    upload_no BIGINT NOT NULL REFERENCES upload (upload_no),
    issuer BIGINT NOT NULL,
    industry BIGINT NOT NULL,
    record_count BIGINT NOT NULL,
    gross_fen BIGINT NOT NULL,
    PRIMARY KEY (upload_no, issuer, industry)
);

CREATE TABLE upload_verdict (
    upload_no BIGINT NOT NULL REFERENCES upload (upload_no),
    reason BIGINT NOT NULL,
    record_count BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    PRIMARY KEY (upload_no, reason)
);

CREATE TABLE receipt (
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    member BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    upload_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (clearing_date, member, sequence)
);
CREATE INDEX receipt_by_upload ON receipt (upload_name);

CREATE TABLE day_group (
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    acquirer BIGINT NOT NULL,
    issuer BIGINT NOT NULL,
    industry BIGINT NOT NULL,
    record_count BIGINT NOT NULL,
    gross_fen BIGINT NOT NULL,
    fee_rule BIGINT,
    issuer_fee_fen BIGINT NOT NULL,
    centre_fee_fen BIGINT NOT NULL,
    PRIMARY KEY (clearing_date, acquirer, issuer, industry)
);

CREATE TABLE position (
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    member BIGINT NOT NULL,
    receivable_fen BIGINT NOT NULL,
    payable_fen BIGINT NOT NULL,
    adjustments_fen BIGINT NOT NULL,
    net_fen BIGINT NOT NULL,
    reserve_before_fen BIGINT,
    reserve_after_fen BIGINT,
    PRIMARY KEY (clearing_date, member)
);

CREATE TABLE result_file (
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    member BIGINT NOT NULL,
    kind {text} NOT NULL,
    name {text} NOT NULL,
    record_count BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    body_digest TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (clearing_date, member, kind)
);
";
