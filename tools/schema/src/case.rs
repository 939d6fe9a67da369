//! Tables of dispute cases (差错争议) and of gaps in the counters of cards (断点).
//!
//! Dates are days since 1970-01-01, amounts are fen, times are `YYYYMMDDHHMMSS` Asia/Shanghai, digests are upper-case hex.

/// Cases, their stages, which are only ever added, attachments, parameters; open and closed gaps.
///
/// `dispute_case.held_fen` is what the case has moved so far to whom it is for; `waits_for` is the member that has to act
/// next, 0 for the centre, nothing for nobody. `card_gap.card_hash` is the keyed hash of the card's number; a gap that a late record cut in two is `split`.
pub(crate) const SQL: &str = "
CREATE TABLE dispute_case (
    id {pk},
    number {text} NOT NULL UNIQUE,
    upload_name {text} NOT NULL,
    record_no BIGINT NOT NULL,
    gap BIGINT,
    clearing_date BIGINT NOT NULL,
    acquirer BIGINT NOT NULL,
    issuer BIGINT NOT NULL,
    opener BIGINT NOT NULL,
    opened_as TEXT NOT NULL,
    card TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    disputed_fen BIGINT NOT NULL,
    held_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    waits_for BIGINT,
    deadline BIGINT,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    CHECK (acquirer <> issuer)
);
CREATE INDEX dispute_case_by_record ON dispute_case (upload_name, record_no);
CREATE INDEX dispute_case_by_gap ON dispute_case (gap);
CREATE INDEX dispute_case_by_acquirer ON dispute_case (acquirer, id);
CREATE INDEX dispute_case_by_issuer ON dispute_case (issuer, id);
CREATE INDEX dispute_case_by_deadline ON dispute_case (state, deadline);

CREATE TABLE dispute_stage (
    id {pk},
    case_id BIGINT NOT NULL REFERENCES dispute_case (id),
    ordinal BIGINT NOT NULL,
    act TEXT NOT NULL,
    state TEXT NOT NULL,
    member BIGINT NOT NULL,
    person TEXT NOT NULL,
    approval BIGINT,
    reason BIGINT,
    note TEXT NOT NULL,
    debtor BIGINT,
    creditor BIGINT,
    amount_fen BIGINT NOT NULL,
    adjustment BIGINT REFERENCES adjustment (id),
    deadline BIGINT,
    at TEXT NOT NULL,
    UNIQUE (case_id, ordinal)
);

CREATE TABLE dispute_attachment (
    id {pk},
    case_id BIGINT NOT NULL REFERENCES dispute_case (id),
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    member BIGINT NOT NULL,
    person TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (case_id, digest)
);

CREATE TABLE dispute_file (
    file {text} PRIMARY KEY,
    member BIGINT NOT NULL,
    digest TEXT NOT NULL,
    records BIGINT NOT NULL,
    taken_at TEXT NOT NULL
);

CREATE TABLE dispute_parameter (
    name {text} PRIMARY KEY,
    value BIGINT NOT NULL,
    approval BIGINT NOT NULL,
    set_at TEXT NOT NULL
);

CREATE TABLE card_gap (
    id {pk},
    card_hash {text} NOT NULL,
    scheme TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    card TEXT NOT NULL,
    issuer BIGINT NOT NULL,
    acquirer_before BIGINT NOT NULL,
    acquirer_after BIGINT NOT NULL,
    counter_from BIGINT NOT NULL,
    counter_to BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    balance_before_fen BIGINT NOT NULL,
    balance_after_fen BIGINT NOT NULL,
    missing_fen BIGINT,
    before_upload {text} NOT NULL,
    before_record BIGINT NOT NULL,
    after_upload {text} NOT NULL,
    after_record BIGINT NOT NULL,
    opened_on BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'split')),
    closed_on BIGINT,
    closed_by TEXT
);
CREATE UNIQUE INDEX card_gap_open ON card_gap (card_hash, counter_from) WHERE state = 'open';
CREATE INDEX card_gap_by_age ON card_gap (state, opened_on, id);
CREATE INDEX card_gap_by_issuer ON card_gap (issuer, id);

CREATE TABLE card_gap_day (
    clearing_date BIGINT PRIMARY KEY REFERENCES clearing_day (clearing_date),
    cards BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    done_at TEXT NOT NULL
);
";
