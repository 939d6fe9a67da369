//! Tables of settlement through a bank, of the reserve fund and of reconciliation.
//!
//! Dates are days since 1970-01-01, amounts are fen, digests are upper-case hex. `member` is 0 for the centre. Signed
//! amounts are positive where the member (or the account) receives.

/// Accounts at the bank, settlement dates with their items and instructions, messages, statements with their lines, the
/// work queue, movements and events of reserves, reconciliations.
///
/// `bank_line.id` is `statement * 16777216 + line_no`, so that a statement's lines are written in one go.
pub(crate) const SQL: &str = "
CREATE TABLE bank_account (
    number {text} PRIMARY KEY,
    role {text} NOT NULL CHECK (role IN ('reserve', 'outside', 'clearing', 'fees')),
    member BIGINT NOT NULL,
    name TEXT NOT NULL,
    bank {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('active', 'closed')),
    approval BIGINT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE UNIQUE INDEX bank_account_active ON bank_account (role, member) WHERE state = 'active';

CREATE TABLE settlement_date (
    settlement_date BIGINT PRIMARY KEY,
    first_clearing_date BIGINT,
    last_clearing_date BIGINT,
    instructions BIGINT NOT NULL,
    held BIGINT NOT NULL,
    carried BIGINT NOT NULL,
    pays_fen BIGINT NOT NULL,
    receives_fen BIGINT NOT NULL,
    fees_fen BIGINT NOT NULL,
    digest TEXT NOT NULL,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL
);

CREATE TABLE bank_message (
    id {pk},
    direction {text} NOT NULL CHECK (direction IN ('in', 'out')),
    kind {text} NOT NULL,
    message_id {text} NOT NULL,
    digest {text} NOT NULL,
    file TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    state {text} NOT NULL,
    code {text} NOT NULL,
    detail TEXT NOT NULL,
    settlement_date BIGINT,
    attempts BIGINT NOT NULL,
    at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE INDEX bank_message_digest ON bank_message (digest, id);
CREATE INDEX bank_message_name ON bank_message (message_id, id);
CREATE INDEX bank_message_state ON bank_message (state, id);

CREATE TABLE reserve_movement (
    id {pk},
    kind {text} NOT NULL CHECK (kind IN ('topup', 'withdrawal', 'entry', 'return')),
    member BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    reference {text} NOT NULL,
    note TEXT NOT NULL,
    state {text} NOT NULL CHECK (state IN ('waiting', 'booked', 'confirmed', 'rejected')),
    booked_on BIGINT,
    confirmed_on BIGINT,
    line BIGINT,
    approval BIGINT NOT NULL,
    made_at TEXT NOT NULL,
    UNIQUE (kind, member, reference)
);
CREATE INDEX reserve_movement_member ON reserve_movement (member, id);
CREATE INDEX reserve_movement_state ON reserve_movement (state, id);

CREATE TABLE payment_instruction (
    id BIGINT PRIMARY KEY,
    reference {text} NOT NULL UNIQUE,
    kind {text} NOT NULL CHECK (kind IN ('settle', 'fees', 'withdrawal')),
    settlement_date BIGINT NOT NULL,
    member BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    own_account {text} NOT NULL,
    payer {text} NOT NULL,
    payee {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('made', 'held', 'sent', 'acknowledged', 'settled', 'rejected', 'unknown',
        'returned')),
    code {text} NOT NULL,
    reason TEXT NOT NULL,
    message BIGINT REFERENCES bank_message (id),
    due_at {text},
    settled_on BIGINT,
    settled_by TEXT,
    returned_on BIGINT,
    carried_to BIGINT,
    movement BIGINT REFERENCES reserve_movement (id),
    payer_line BIGINT,
    payee_line BIGINT,
    made_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE UNIQUE INDEX payment_instruction_one ON payment_instruction (settlement_date, member) WHERE kind <> 'withdrawal';
CREATE INDEX payment_instruction_state ON payment_instruction (state, id);
CREATE INDEX payment_instruction_member ON payment_instruction (member, id);
CREATE INDEX payment_instruction_message ON payment_instruction (message);
CREATE INDEX payment_instruction_payer ON payment_instruction (payer, payer_line);
CREATE INDEX payment_instruction_payee ON payment_instruction (payee, payee_line);

CREATE TABLE settlement_item (
    id {pk},
    instruction BIGINT NOT NULL REFERENCES payment_instruction (id),
    settlement_date BIGINT NOT NULL,
    member BIGINT NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('position', 'fees', 'carried')),
    clearing_date BIGINT,
    origin BIGINT REFERENCES payment_instruction (id),
    reference {text} NOT NULL,
    amount_fen BIGINT NOT NULL
);
CREATE UNIQUE INDEX settlement_item_position ON settlement_item (clearing_date, member) WHERE clearing_date IS NOT NULL;
CREATE UNIQUE INDEX settlement_item_origin ON settlement_item (origin) WHERE origin IS NOT NULL;
CREATE INDEX settlement_item_instruction ON settlement_item (instruction);
CREATE INDEX settlement_item_member ON settlement_item (member, id);

CREATE TABLE bank_statement (
    id BIGINT PRIMARY KEY,
    account {text} NOT NULL,
    member BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    statement_id {text} NOT NULL,
    message BIGINT NOT NULL REFERENCES bank_message (id),
    from_date BIGINT NOT NULL,
    to_date BIGINT NOT NULL,
    opening_fen BIGINT NOT NULL,
    closing_fen BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    matched BIGINT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (account, sequence)
);
CREATE INDEX bank_statement_to ON bank_statement (account, to_date);

CREATE TABLE bank_line (
    id BIGINT PRIMARY KEY,
    statement BIGINT NOT NULL REFERENCES bank_statement (id),
    line_no BIGINT NOT NULL,
    account {text} NOT NULL,
    member BIGINT NOT NULL,
    booked_on BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    reference {text},
    bank_reference {text},
    party TEXT,
    remittance TEXT NOT NULL,
    is_return BIGINT NOT NULL,
    state {text} NOT NULL CHECK (state IN ('matched', 'open', 'resolved')),
    rule {text} NOT NULL,
    instruction BIGINT,
    movement BIGINT
);
CREATE INDEX bank_line_account ON bank_line (account, booked_on, id);
CREATE INDEX bank_line_state ON bank_line (state, id);
CREATE INDEX bank_line_member ON bank_line (member, id);

CREATE TABLE bank_queue (
    id {pk},
    kind {text} NOT NULL CHECK (kind IN ('missing_here', 'missing_there', 'different')),
    code {text} NOT NULL,
    account {text} NOT NULL,
    member BIGINT NOT NULL,
    line BIGINT,
    instruction BIGINT,
    movement BIGINT,
    reference {text} NOT NULL,
    ours_fen BIGINT,
    theirs_fen BIGINT,
    found_on BIGINT NOT NULL,
    detail TEXT NOT NULL,
    state {text} NOT NULL CHECK (state IN ('open', 'resolved')),
    action {text} NOT NULL,
    note TEXT NOT NULL,
    approval BIGINT,
    at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE INDEX bank_queue_state ON bank_queue (state, id);
CREATE INDEX bank_queue_member ON bank_queue (member, id);
CREATE INDEX bank_queue_instruction ON bank_queue (instruction);

CREATE TABLE reserve_event (
    id {pk},
    member BIGINT NOT NULL,
    on_date BIGINT NOT NULL,
    band {text} NOT NULL CHECK (band IN ('good', 'alert', 'call', 'stop')),
    balance_fen BIGINT NOT NULL,
    call_fen BIGINT NOT NULL,
    days_left BIGINT,
    at TEXT NOT NULL
);
CREATE INDEX reserve_event_member ON reserve_event (member, id);

CREATE TABLE reconciliation (
    id {pk},
    on_date BIGINT NOT NULL,
    layer {text} NOT NULL CHECK (layer IN ('files', 'parties', 'ledger', 'bank')),
    compared BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    digest TEXT NOT NULL,
    made_at TEXT NOT NULL,
    UNIQUE (on_date, layer)
);

CREATE TABLE reconciliation_difference (
    id {pk},
    on_date BIGINT NOT NULL,
    layer {text} NOT NULL,
    key {text} NOT NULL,
    member BIGINT NOT NULL,
    what TEXT NOT NULL,
    ours BIGINT NOT NULL,
    theirs BIGINT NOT NULL
);
CREATE INDEX reconciliation_difference_date ON reconciliation_difference (on_date, layer, id);
";
