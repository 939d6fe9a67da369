//! Tables of the communication front (通信前置): accounts and keys of members, files in both directions, every event.
//!
//! Dates are days since 1970-01-01, digests are upper-case hex, times are `YYYYMMDDHHMMSS` Asia/Shanghai.

/// Accounts, keys, files, offers, transfers.
pub(crate) const SQL: &str = "
CREATE TABLE front_account (
    login {text} PRIMARY KEY,
    member BIGINT NOT NULL,
    password TEXT,
    state TEXT NOT NULL,
    addresses TEXT NOT NULL,
    quota_bytes BIGINT NOT NULL,
    quota_files BIGINT NOT NULL,
    connections BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until {text},
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    last_login_at TEXT,
    last_address TEXT
);
CREATE INDEX front_account_by_member ON front_account (member, login);

CREATE TABLE front_key (
    login {text} NOT NULL REFERENCES front_account (login),
    fingerprint {text} NOT NULL,
    public_key TEXT NOT NULL,
    comment TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (login, fingerprint)
);
CREATE INDEX front_key_by_fingerprint ON front_key (fingerprint);

CREATE TABLE front_file (
    member BIGINT NOT NULL,
    direction {text} NOT NULL,
    name {text} NOT NULL,
    size BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    updated_at {text} NOT NULL,
    PRIMARY KEY (member, direction, name)
);
CREATE INDEX front_file_by_state ON front_file (direction, state);

CREATE TABLE front_offer (
    member BIGINT NOT NULL,
    name {text} NOT NULL,
    head TEXT NOT NULL,
    body TEXT NOT NULL,
    size BIGINT NOT NULL,
    offered_at TEXT NOT NULL,
    PRIMARY KEY (member, name)
);

CREATE TABLE transfer (
    id {pk},
    at {text} NOT NULL,
    member BIGINT NOT NULL,
    login TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    direction TEXT NOT NULL,
    name {text} NOT NULL,
    size BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX transfer_by_member ON transfer (member, id);
CREATE INDEX transfer_by_name ON transfer (name, id);
";
