//! Tables of key management.

/// Custodians, keys as the books know them, and requests under dual control. No key is in any of them.
pub(crate) const SQL: &str = "
CREATE TABLE custodian (
    owner BIGINT NOT NULL,
    name {text} NOT NULL,
    passphrase_hash TEXT NOT NULL,
    active_from BIGINT NOT NULL,
    active_to BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE TABLE managed_key (
    owner BIGINT NOT NULL,
    name {text} NOT NULL,
    usage TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    version BIGINT NOT NULL,
    key_index BIGINT NOT NULL,
    level TEXT NOT NULL,
    state TEXT NOT NULL,
    kcv TEXT NOT NULL,
    parent TEXT,
    made_at TEXT NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE TABLE key_request (
    id {pk},
    owner BIGINT NOT NULL,
    action TEXT NOT NULL,
    proposer TEXT NOT NULL,
    proposed_at TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT
);
CREATE INDEX key_request_owner ON key_request (owner, id);
";
