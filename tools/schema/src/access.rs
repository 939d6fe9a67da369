//! Tables of people and permissions.
//!
//! `member` and `tenant` say whose a row is; both NULL: the centre's. Times are `YYYYMMDDHHMMSS`, compared by text. No
//! password, token or secret is in any of them as such: passwords under Argon2id, tokens as SM3, secrets and stored answers
//! sealed under the secret file of the installation.

/// Accounts with roles, sessions, API keys, approvals, stored answers.
pub(crate) const SQL: &str = "
CREATE TABLE account (
    id {pk},
    login {text} NOT NULL,
    name TEXT NOT NULL,
    person {text} NOT NULL,
    member BIGINT,
    tenant BIGINT,
    enabled BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    must_change_password BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until {text},
    totp_state {text} NOT NULL,
    totp_secret TEXT NOT NULL,
    totp_step BIGINT NOT NULL,
    last_login_at {text},
    created_at {text} NOT NULL,
    UNIQUE (login)
);

CREATE TABLE account_password (
    account BIGINT NOT NULL REFERENCES account (id),
    sequence BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (account, sequence)
);

CREATE TABLE account_recovery (
    account BIGINT NOT NULL REFERENCES account (id),
    code_hash TEXT NOT NULL,
    PRIMARY KEY (account, code_hash)
);

CREATE TABLE role (
    code {text} PRIMARY KEY,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    built_in BIGINT NOT NULL
);

CREATE TABLE role_permission (
    role {text} NOT NULL REFERENCES role (code),
    permission {text} NOT NULL,
    PRIMARY KEY (role, permission)
);

CREATE TABLE account_role (
    account BIGINT NOT NULL REFERENCES account (id),
    role {text} NOT NULL REFERENCES role (code),
    PRIMARY KEY (account, role)
);

CREATE TABLE session (
    id {pk},
    account BIGINT NOT NULL REFERENCES account (id),
    token_hash {text} NOT NULL,
    created_at {text} NOT NULL,
    seen_at {text} NOT NULL,
    expires_at {text} NOT NULL,
    ended_at {text},
    end_reason TEXT,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    UNIQUE (token_hash)
);
CREATE INDEX session_by_account ON session (account, id);

CREATE TABLE login_log (
    id {pk},
    at {text} NOT NULL,
    account BIGINT,
    login TEXT NOT NULL,
    member BIGINT,
    tenant BIGINT,
    outcome {text} NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX login_log_by_member ON login_log (member, id);
CREATE INDEX login_log_by_tenant ON login_log (tenant, id);

CREATE TABLE api_key (
    id {text} PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    kind {text} NOT NULL,
    secret TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    expires_on BIGINT,
    created_by TEXT NOT NULL,
    created_at {text} NOT NULL,
    last_used_at {text}
);

CREATE TABLE api_nonce (
    api_key {text} NOT NULL,
    nonce {text} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (api_key, nonce)
);
CREATE INDEX api_nonce_by_time ON api_nonce (at);

CREATE TABLE preference (
    account BIGINT NOT NULL REFERENCES account (id),
    name {text} NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, name)
);

CREATE TABLE stored_answer (
    caller {text} NOT NULL,
    request_key {text} NOT NULL,
    fingerprint TEXT NOT NULL,
    claimed_at {text} NOT NULL,
    status BIGINT,
    answer TEXT,
    PRIMARY KEY (caller, request_key)
);
CREATE INDEX stored_answer_by_time ON stored_answer (claimed_at);

CREATE TABLE approval (
    id {pk},
    kind {text} NOT NULL,
    member BIGINT,
    tenant BIGINT,
    object TEXT NOT NULL,
    summary TEXT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    effective_on BIGINT,
    request_key {text},
    state {text} NOT NULL,
    proposer_account BIGINT NOT NULL,
    proposer_login TEXT NOT NULL,
    proposer_name TEXT NOT NULL,
    proposer_person {text} NOT NULL,
    proposer_member BIGINT,
    proposer_tenant BIGINT,
    proposed_at {text} NOT NULL,
    decider_account BIGINT,
    decider_login TEXT,
    decider_name TEXT,
    decider_person {text},
    decided_at {text},
    reason TEXT,
    executed_at {text},
    result_json TEXT,
    UNIQUE (proposer_account, request_key)
);
CREATE INDEX approval_by_state ON approval (state, id);
CREATE INDEX approval_by_member ON approval (member, id);
CREATE INDEX approval_by_tenant ON approval (tenant, id);
";
