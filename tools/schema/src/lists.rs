//! Tables of versioned lists (名单与参数): versions, what was offered to whom, what members acknowledged.
//!
//! Times are `YYYYMMDDHHMMSS` Asia/Shanghai, digests are upper-case hex. `list` is the code of the full file: `BLF`, `WHT`…

/// Versions, offers, standings, acknowledgements.
pub(crate) const SQL: &str = "
CREATE TABLE list_version (
    list {text} NOT NULL,
    version BIGINT NOT NULL,
    book_version BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('approved', 'published')),
    effective_at TEXT NOT NULL,
    note TEXT NOT NULL,
    approval BIGINT,
    approved_by TEXT NOT NULL,
    approved_at TEXT NOT NULL,
    entries BIGINT,
    bytes BIGINT,
    digest TEXT,
    published_at TEXT,
    PRIMARY KEY (list, version)
);
CREATE INDEX list_version_by_state ON list_version (state, list, version);

CREATE TABLE list_offer (
    list {text} NOT NULL,
    version BIGINT NOT NULL,
    member BIGINT NOT NULL,
    base BIGINT NOT NULL,
    name {text} NOT NULL,
    entries BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    offered_at TEXT NOT NULL,
    PRIMARY KEY (list, version, member, base)
);
CREATE INDEX list_offer_by_name ON list_offer (name);

CREATE TABLE list_standing (
    member BIGINT NOT NULL,
    list {text} NOT NULL,
    offered BIGINT NOT NULL,
    offered_at TEXT NOT NULL,
    acknowledged BIGINT NOT NULL,
    applied_at TEXT,
    acknowledged_at TEXT,
    PRIMARY KEY (member, list)
);

CREATE TABLE list_acknowledgement (
    member BIGINT NOT NULL,
    list {text} NOT NULL,
    version BIGINT NOT NULL,
    applied_at TEXT NOT NULL,
    acknowledged_at TEXT NOT NULL,
    file {text} NOT NULL,
    PRIMARY KEY (member, list, version)
);
";
