//! Table of the audit log.

/// Entries, a hash chain numbered from 1, and its head. Entries are never updated.
pub(crate) const SQL: &str = "
CREATE TABLE audit_entry (
    sequence {pk},
    at TEXT NOT NULL,
    owner BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_entry_owner ON audit_entry (owner, sequence);

CREATE TABLE audit_head (
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (sequence, hash) VALUES
    (0, '0000000000000000000000000000000000000000000000000000000000000000');
";
