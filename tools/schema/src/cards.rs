//! Tables of card management and key management that came after the first.

/// Card schemes of keys; what products put on cards; parts of orders; the stock ledger; who has a SAM.
pub(crate) const SQL: &str = "
ALTER TABLE managed_key ADD COLUMN scheme TEXT NOT NULL DEFAULT '';

ALTER TABLE key_request ADD COLUMN word TEXT NOT NULL DEFAULT '';
ALTER TABLE key_request ADD COLUMN object TEXT NOT NULL DEFAULT '';

ALTER TABLE card_product ADD COLUMN key_sets TEXT NOT NULL DEFAULT 'both';
ALTER TABLE card_product ADD COLUMN overdraft_fen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE card_product ADD COLUMN files TEXT NOT NULL DEFAULT '[]';

CREATE TABLE production_part (
    order_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    first_card BIGINT NOT NULL,
    card_count BIGINT NOT NULL,
    destination TEXT NOT NULL,
    form TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at TEXT NOT NULL,
    PRIMARY KEY (order_id, part)
);

ALTER TABLE card ADD COLUMN id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE card ADD COLUMN part BIGINT NOT NULL DEFAULT 1;
ALTER TABLE card ADD COLUMN place {text} NOT NULL DEFAULT '';

CREATE INDEX card_by_id ON card (id);

CREATE TABLE stock_entry (
    id {pk},
    owner BIGINT NOT NULL,
    product TEXT NOT NULL,
    source {text} NOT NULL,
    target {text} NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX stock_entry_owner ON stock_entry (owner, id);

ALTER TABLE sam ADD COLUMN holder TEXT NOT NULL DEFAULT '';
";
