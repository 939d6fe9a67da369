//! Tables of the double-entry ledger.

/// Accounts and transfers, each a hash chain numbered from 1, and the heads of both.
///
/// Dates are days since 1970-01-01, amounts are fen, hashes are upper-case hex. Only the sums of an account and the heads
/// are ever updated.
pub(crate) const SQL: &str = "
CREATE TABLE ledger_account (
    sequence {pk},
    code {text} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner BIGINT,
    normal_side TEXT NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    min_fen BIGINT,
    max_fen BIGINT,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    debits_fen BIGINT NOT NULL,
    credits_fen BIGINT NOT NULL,
    pending_debits_fen BIGINT NOT NULL,
    pending_credits_fen BIGINT NOT NULL
);
CREATE INDEX ledger_account_owner ON ledger_account (owner);

CREATE TABLE ledger_transfer (
    sequence {pk},
    key {text} NOT NULL UNIQUE,
    phase TEXT NOT NULL CHECK (phase IN ('posted', 'pending', 'post', 'void')),
    pending_key {text} UNIQUE REFERENCES ledger_transfer (key),
    debit {text} NOT NULL REFERENCES ledger_account (code),
    credit {text} NOT NULL REFERENCES ledger_account (code),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    booking_date BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    CHECK (debit <> credit)
);
CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit, sequence);
CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit, sequence);
CREATE INDEX ledger_transfer_date ON ledger_transfer (booking_date, sequence);

CREATE TABLE ledger_head (
    chain {text} PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO ledger_head (chain, sequence, hash) VALUES
    ('account', 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    ('transfer', 0, '0000000000000000000000000000000000000000000000000000000000000000');
";
