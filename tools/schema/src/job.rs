//! Table of background jobs.

/// Jobs. Times are `YYYYMMDDHHMMSS`; a lease is compared with the clock by text.
pub(crate) const SQL: &str = "
CREATE TABLE job (
    id {pk},
    kind {text} NOT NULL,
    member BIGINT,
    tenant BIGINT,
    dedupe_key {text},
    payload TEXT NOT NULL,
    state {text} NOT NULL,
    attempt BIGINT NOT NULL,
    lease_until {text},
    node {text},
    progress_done BIGINT NOT NULL,
    progress_total BIGINT,
    progress_text TEXT NOT NULL,
    cancel_asked BIGINT NOT NULL,
    result TEXT,
    error TEXT,
    created_by {text} NOT NULL,
    created_at {text} NOT NULL,
    started_at {text},
    ended_at {text}
);
CREATE INDEX job_open ON job (state, id);
CREATE UNIQUE INDEX job_dedupe ON job (kind, dedupe_key) WHERE state IN ('queued', 'running');
";
