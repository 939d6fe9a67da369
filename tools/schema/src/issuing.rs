//! Tables of card management.

/// Products, number segments, production orders, cards.
pub(crate) const SQL: &str = "
CREATE TABLE card_product (
    owner BIGINT NOT NULL,
    code {text} NOT NULL,
    name TEXT NOT NULL,
    scheme TEXT NOT NULL,
    check_digit BIGINT NOT NULL,
    issuer TEXT NOT NULL,
    region BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    max_balance_fen BIGINT NOT NULL,
    deposit_fen BIGINT NOT NULL,
    years BIGINT NOT NULL,
    PRIMARY KEY (owner, code)
);

CREATE TABLE number_segment (
    space {text} NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    product TEXT NOT NULL,
    maker TEXT NOT NULL,
    next BIGINT NOT NULL CHECK (next BETWEEN first AND last + 1),
    PRIMARY KEY (space, first)
);

CREATE TABLE production_order (
    id {pk},
    owner BIGINT NOT NULL,
    product TEXT NOT NULL,
    maker TEXT NOT NULL,
    first BIGINT NOT NULL,
    card_count BIGINT NOT NULL,
    state TEXT NOT NULL,
    ordered_at TEXT NOT NULL
);

CREATE TABLE card (
    owner BIGINT NOT NULL,
    scheme {text} NOT NULL,
    number {text} NOT NULL,
    product TEXT NOT NULL,
    order_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    changed_on BIGINT NOT NULL,
    PRIMARY KEY (scheme, number)
);
CREATE INDEX card_by_order ON card (order_id);

CREATE TABLE sam (
    number {text} PRIMARY KEY,
    owner BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_on BIGINT NOT NULL
);
";
