//! Tables of the scheme book and of what else the centre keeps about member institutions.
//!
//! A row of the book is valid from one version (inclusive) to another (exclusive), to NULL while it is current. It is
//! written once and closed once; everything that ever held can be read again. Dates are days since 1970-01-01, minutes
//! are counted from midnight (1440 and more: on the next day), amounts are fen, bytes are upper-case hex.

/// Versions, the book's tables, files that wait to be taken in, certificates that members sent, onboarding.
///
/// `acquirer`, `issuer` and `industry` of a fee are 0 for any. Test keys are not here: `key_file` is the digest of the
/// file in the data folder that holds them.
pub(crate) const SQL: &str = "
CREATE TABLE scheme_version (
    version {pk},
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL,
    approval BIGINT,
    kind {text} NOT NULL,
    note TEXT NOT NULL,
    rows_added BIGINT NOT NULL,
    rows_removed BIGINT NOT NULL,
    digest {text} NOT NULL UNIQUE
);

CREATE TABLE scheme_rules (
    id {pk},
    late_window_days BIGINT NOT NULL,
    single_limit_fen BIGINT NOT NULL,
    blacklist_grace_hours BIGINT NOT NULL,
    history_days BIGINT NOT NULL,
    tac_verifier TEXT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);

CREATE TABLE scheme_member (
    id {pk},
    code BIGINT NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    active_from BIGINT NOT NULL,
    active_to BIGINT,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_member_current ON scheme_member (code) WHERE to_version IS NULL;

CREATE TABLE scheme_suspension (
    id {pk},
    member BIGINT NOT NULL,
    from_date BIGINT NOT NULL,
    to_date BIGINT,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_suspension_current ON scheme_suspension (member, from_date) WHERE to_version IS NULL;

CREATE TABLE scheme_certificate (
    id {pk},
    member BIGINT NOT NULL,
    public_key {text} NOT NULL,
    not_before BIGINT,
    not_after BIGINT,
    label TEXT NOT NULL,
    revoked BIGINT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_certificate_current ON scheme_certificate (public_key) WHERE to_version IS NULL;
CREATE INDEX scheme_certificate_member ON scheme_certificate (member, id);

CREATE TABLE scheme_issuer (
    id {pk},
    scheme {text} NOT NULL,
    issuer_id {text} NOT NULL,
    member BIGINT NOT NULL,
    overdraft_limit_fen BIGINT NOT NULL,
    keys TEXT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_issuer_current ON scheme_issuer (scheme, issuer_id) WHERE to_version IS NULL;

CREATE TABLE scheme_psam_range (
    id {pk},
    first_number {text} NOT NULL,
    last_number {text} NOT NULL,
    member BIGINT NOT NULL,
    state TEXT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_psam_range_current ON scheme_psam_range (first_number) WHERE to_version IS NULL;

CREATE TABLE scheme_fee (
    id {pk},
    acquirer BIGINT NOT NULL,
    issuer BIGINT NOT NULL,
    industry BIGINT NOT NULL,
    from_date BIGINT NOT NULL,
    to_date BIGINT,
    issuer_rate_ppm BIGINT NOT NULL,
    centre_rate_ppm BIGINT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_fee_current ON scheme_fee (acquirer, issuer, industry, from_date)
    WHERE to_version IS NULL;

CREATE TABLE scheme_reserve (
    id {pk},
    member BIGINT NOT NULL,
    opening_fen BIGINT NOT NULL,
    target_fen BIGINT NOT NULL,
    warning_fen BIGINT NOT NULL,
    stop_fen BIGINT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_reserve_current ON scheme_reserve (member) WHERE to_version IS NULL;

CREATE TABLE scheme_tac_key (
    id {pk},
    scheme {text} NOT NULL,
    key_version BIGINT NOT NULL,
    algorithm BIGINT NOT NULL,
    key_file TEXT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_tac_key_current ON scheme_tac_key (scheme, key_version, algorithm)
    WHERE to_version IS NULL;

CREATE TABLE scheme_holiday (
    id {pk},
    date BIGINT NOT NULL,
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_holiday_current ON scheme_holiday (date) WHERE to_version IS NULL;

CREATE TABLE scheme_schedule (
    id {pk},
    weekday BIGINT NOT NULL,
    open_minute BIGINT NOT NULL,
    cut_minute BIGINT NOT NULL,
    grace_minutes BIGINT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_schedule_current ON scheme_schedule (weekday) WHERE to_version IS NULL;

CREATE TABLE scheme_expected_file (
    id {pk},
    member BIGINT NOT NULL,
    kind {text} NOT NULL,
    from_minute BIGINT NOT NULL,
    by_minute BIGINT NOT NULL,
    min_count BIGINT NOT NULL,
    warn_minutes BIGINT NOT NULL,
    escalate_minutes BIGINT NOT NULL,
    from_version BIGINT NOT NULL REFERENCES scheme_version (version),
    to_version BIGINT REFERENCES scheme_version (version)
);
CREATE UNIQUE INDEX scheme_expected_file_current ON scheme_expected_file (member, kind) WHERE to_version IS NULL;

CREATE TABLE scheme_blacklist (
    id {pk},
    scheme {text} NOT NULL,
    issuer_id {text} NOT NULL,
    application_serial {text} NOT NULL,
    listed_at {text} NOT NULL,
    from_version BIGINT NOT NULL,
    to_version BIGINT
);
CREATE UNIQUE INDEX scheme_blacklist_current ON scheme_blacklist (application_serial, issuer_id, scheme)
    WHERE to_version IS NULL;
CREATE INDEX scheme_blacklist_issuer ON scheme_blacklist (issuer_id, id) WHERE to_version IS NULL;
CREATE INDEX scheme_blacklist_listed ON scheme_blacklist (listed_at, id) WHERE to_version IS NULL;
CREATE INDEX scheme_blacklist_added ON scheme_blacklist (from_version);
CREATE INDEX scheme_blacklist_removed ON scheme_blacklist (to_version) WHERE to_version IS NOT NULL;

CREATE TABLE scheme_file (
    digest {text} PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    content {blob} NOT NULL,
    entries BIGINT NOT NULL,
    sent_at TEXT NOT NULL,
    sent_by TEXT NOT NULL
);

CREATE TABLE certificate_upload (
    id {pk},
    member BIGINT NOT NULL,
    public_key {text} NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    label TEXT NOT NULL,
    proven BIGINT NOT NULL,
    state TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    sent_by TEXT NOT NULL
);
CREATE INDEX certificate_upload_member ON certificate_upload (member, id);

CREATE TABLE onboarding (
    member BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_at TEXT NOT NULL,
    started_by TEXT NOT NULL,
    PRIMARY KEY (member)
);

CREATE TABLE onboarding_step (
    member BIGINT NOT NULL REFERENCES onboarding (member),
    step {text} NOT NULL,
    state TEXT NOT NULL,
    on_date BIGINT,
    note TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (member, step)
);
";
