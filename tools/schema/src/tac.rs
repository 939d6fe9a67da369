//! Tables of TAC verdicts by issuers (发卡方TAC判定): answers as files, and the records that were found wrong.
//!
//! Dates are days since 1970-01-01, amounts are fen, times are `YYYYMMDDHHMMSS` Asia/Shanghai.

/// Files of verdicts that were taken; records with a wrong TAC, each with its adjustment.
pub(crate) const SQL: &str = "
CREATE TABLE tac_answer (
    file {text} PRIMARY KEY,
    issuer BIGINT NOT NULL,
    records BIGINT NOT NULL,
    wrong BIGINT NOT NULL,
    wrong_fen BIGINT NOT NULL,
    digest TEXT NOT NULL,
    taken_at TEXT NOT NULL
);
CREATE INDEX tac_answer_by_issuer ON tac_answer (issuer, file);

CREATE TABLE tac_wrong (
    upload_name {text} NOT NULL,
    record_no BIGINT NOT NULL,
    clearing_date BIGINT NOT NULL,
    acquirer BIGINT NOT NULL,
    issuer BIGINT NOT NULL,
    card TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    adjustment BIGINT,
    file {text} NOT NULL REFERENCES tac_answer (file),
    PRIMARY KEY (upload_name, record_no)
);
CREATE INDEX tac_wrong_by_acquirer ON tac_wrong (acquirer, clearing_date);
CREATE INDEX tac_wrong_by_issuer ON tac_wrong (issuer, clearing_date);
";
