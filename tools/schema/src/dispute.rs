//! Tables of adjustments (调账) and of suspicious records (可疑记录).
//!
//! Dates are days since 1970-01-01, amounts are fen.

/// Adjustments; suspicious records, the only records that become rows, because people decide each of them.
///
/// `adjustment.booked_on` is empty from approval until the cut of a clearing date takes the adjustment in.
pub(crate) const SQL: &str = "
CREATE TABLE adjustment (
    id {pk},
    state TEXT NOT NULL CHECK (state IN ('approved', 'booked')),
    booked_on BIGINT REFERENCES clearing_day (clearing_date),
    debtor BIGINT NOT NULL,
    creditor BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    origin {text} NOT NULL,
    reference {text} NOT NULL,
    record_no BIGINT NOT NULL,
    part {text} NOT NULL,
    reason TEXT NOT NULL,
    approval BIGINT,
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL,
    CHECK (debtor <> creditor),
    UNIQUE (origin, reference, record_no, part)
);
CREATE INDEX adjustment_by_day ON adjustment (booked_on, id);
CREATE INDEX adjustment_by_debtor ON adjustment (debtor, id);
CREATE INDEX adjustment_by_creditor ON adjustment (creditor, id);

CREATE TABLE suspicious_record (
    id {pk},
    clearing_date BIGINT NOT NULL REFERENCES clearing_day (clearing_date),
    upload_name {text} NOT NULL,
    record_no BIGINT NOT NULL,
    acquirer BIGINT NOT NULL,
    issuer BIGINT NOT NULL,
    industry BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    card TEXT NOT NULL,
    counter BIGINT NOT NULL,
    happened_at TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    issuer_fee_fen BIGINT NOT NULL,
    centre_fee_fen BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'cleared', 'rejected')),
    approval BIGINT,
    decided_by TEXT,
    decided_at TEXT,
    decision_reason TEXT,
    UNIQUE (upload_name, record_no)
);
CREATE INDEX suspicious_by_day ON suspicious_record (clearing_date, id);
CREATE INDEX suspicious_by_acquirer ON suspicious_record (acquirer, id);
CREATE INDEX suspicious_by_issuer ON suspicious_record (issuer, id);
CREATE INDEX suspicious_by_state ON suspicious_record (state, id);
";
