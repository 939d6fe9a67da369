//! Gaps in the counters of cards (断点): kept open per card, closed by late arrival, told by age.
//!
//! [`track`] goes through the accepted records of a closed date, card by card, from where each card stood the date before.
//! Counters that are passed over open a gap, with what its neighbours prove to be spent in it; a record that comes late
//! closes its gap, or cuts it in two. A gap is nothing bad by itself: buses and cities upload late.
//!
//! Invariants: dates are tracked in their order, each once; a counter is in at most one open gap of its card; no card
//! number is stored, but its keyed hash and its masked form.

mod standing;

use crate::DisputeError;
use standing::{Reader, Standing, Writer};
use std::collections::HashMap;
use std::iter::Peekable;
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{AppSerial, CardScheme, Clock, Date, Fen, IssuerId, MemberCode, Reason};
use tongka_engine::day::{self, DayState};
use tongka_exchange::intake::Folders;
use tongka_exchange::{run, store};
use tongka_lake::table::{Column, Table};
use tongka_listing::{Column as ListColumn, Direction, EnumValue, Kind, ListSpec, Tone};
use tongka_storage::{Db, Row, Scope, Value, WriteTx, params};
use tongka_txn::KeySecret;

/// Most counters of a gap: further on, a card lived where nobody tells the centre.
const MOST_MISSING: u16 = 200;
/// How far behind a late record may be: further back, the card's counter began anew.
const MOST_LATE: i16 = 2_000;
/// Records of a date that are held at once; a larger date is read several times, each time for a part of the cards.
const RECORDS_AT_ONCE: u64 = 4_000_000;

/// What came of a date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Cards that were seen.
    pub cards: u64,
    /// Gaps that were opened.
    pub opened: u64,
    /// Gaps that late records closed.
    pub closed: u64,
}

/// An accepted record of the date.
#[derive(Clone, Copy)]
struct Tap {
    card: u64,
    issuer_id: u64,
    serial_low: u64,
    serial_high: u16,
    counter: u16,
    scheme: u8,
    before: i32,
    amount: u32,
    upload_no: u32,
    record_no: u32,
    issuer: MemberCode,
}

impl Tap {
    fn standing(&self) -> Standing {
        let after = self.before.saturating_sub_unsigned(self.amount);
        let Self { card, counter, upload_no, record_no, .. } = *self;
        Standing { card, counter, after, upload_no, record_no }
    }

    fn masked(&self) -> String {
        let mut serial = [0; 10];
        serial[..2].copy_from_slice(&self.serial_high.to_be_bytes());
        serial[2..].copy_from_slice(&self.serial_low.to_be_bytes());
        AppSerial(serial).masked()
    }
}

/// What the records of a part of the cards say.
#[derive(Default)]
struct Found {
    cards: u64,
    gaps: Vec<(Standing, Tap)>,
    late: Vec<Tap>,
}

/// Tracks the gaps of a closed date; a date that was tracked is only told. Dates have to come in their order. It reads the
/// records of the date: call it where that may take its time.
///
/// # Errors
/// D06 for a date that is not closed, or one before a date that was tracked; what the database or the lake says.
pub async fn track(db: &Db, folders: &Folders, date: Date, clock: &dyn Clock) -> Result<Tracked, DisputeError> {
    if let Some(known) = tracked(db, date).await? {
        return Ok(known);
    }
    let not_now = |what: &str| DisputeError::NotNow(format!("{date} {what}"));
    let is_closed = day::days(db).await?.iter().any(|day| day.date == date && day.state == DayState::Closed);
    if !is_closed {
        return Err(not_now("尚未关账 is not closed"));
    }
    let sql = "SELECT CAST(MAX(clearing_date) AS BIGINT) AS last FROM card_gap_day";
    let last = db.read(Scope::Platform).fetch_one(sql, params![]).await?.opt_int("last")?;
    let last = last.and_then(|days| from_days_since_epoch(days as i32));
    if last.is_some_and(|last| last > date) {
        return Err(not_now("之后的清算日已登记断点 a later date was tracked"));
    }
    let secret = run::key_secret(folders)?;
    let mut before = standing::read(folders, last)?;
    let mut writer = Writer::create(folders, date)?;
    let uploads = store::uploads(db, Scope::Platform, date).await?;
    let records: u64 = uploads.iter().map(|upload| upload.records).sum();
    let parts = records / RECORDS_AT_ONCE + 1;
    let mut all = Found::default();
    for part in 0..parts {
        let mut taps = Vec::new();
        for upload in &uploads {
            let table = Table::open(&run::lake(folders).table_path(date, &upload.name.to_string()))?;
            read_taps(&table, upload.number as u32, &secret, (part, parts), &mut taps)?;
        }
        taps.sort_unstable_by_key(|tap| (tap.card, tap.counter, tap.upload_no, tap.record_no));
        go_on(&mut taps, &mut before, &mut writer, &mut all)?;
    }
    while let Some(next) = before.as_mut().and_then(Iterator::next) {
        writer.add(&next?)?;
    }
    writer.finish()?;
    let done = book(db, date, &all, clock).await?;
    if let Some(last) = last {
        standing::forget_before(folders, last);
    }
    Ok(done)
}

async fn tracked(db: &Db, date: Date) -> Result<Option<Tracked>, DisputeError> {
    let sql = "SELECT cards, opened, closed FROM card_gap_day WHERE clearing_date = $1";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![days_since_epoch(date)]).await?;
    let read = |row: Row| {
        let number = |column| Ok::<_, DisputeError>(row.int(column)? as u64);
        Ok(Tracked { cards: number("cards")?, opened: number("opened")?, closed: number("closed")? })
    };
    row.map(read).transpose()
}

fn read_taps(
    table: &Table,
    upload_no: u32,
    secret: &KeySecret,
    (part, parts): (u64, u64),
    taps: &mut Vec<Tap>,
) -> Result<(), DisputeError> {
    for group in 0..table.groups() {
        let reasons = table.narrow(group, Column::Reason)?;
        let (schemes, issuers) = (table.narrow(group, Column::Scheme)?, table.wide(group, Column::IssuerId)?);
        let (highs, lows) = (table.narrow(group, Column::SerialHigh)?, table.wide(group, Column::SerialLow)?);
        let (counters, numbers) = (table.narrow(group, Column::Counter)?, table.narrow(group, Column::RecordNo)?);
        let (balances, amounts) = (table.narrow(group, Column::BalanceBefore)?, table.narrow(group, Column::Amount)?);
        let members = table.narrow(group, Column::IssuerMember)?;
        for row in (0..reasons.len()).filter(|row| reasons[*row] == i32::from(Reason::Ok.code())) {
            let (scheme, issuer_id) = (schemes[row] as u8, issuers[row] as u64);
            let (serial_high, serial_low) = (highs[row] as u16, lows[row] as u64);
            let card = secret.card(scheme, issuer_id, (serial_high, serial_low), 0, &[], 0).high;
            if (u128::from(card) * u128::from(parts)) >> 64 != u128::from(part) {
                continue;
            }
            let issuer = usize::try_from(members[row]).ok().and_then(|index| table.members().get(index));
            taps.push(Tap {
                card,
                issuer_id,
                serial_low,
                serial_high,
                counter: counters[row] as u16,
                scheme,
                before: balances[row],
                amount: amounts[row] as u32,
                upload_no,
                record_no: numbers[row] as u32,
                issuer: issuer.copied().unwrap_or(MemberCode::UNROUTED),
            });
        }
    }
    Ok(())
}

/// How far a counter is ahead; below zero behind. Counters wrap.
fn ahead(counter: u16, of: u16) -> i16 {
    counter.wrapping_sub(of) as i16
}

/// Goes on with each card from where it stood.
fn go_on(
    taps: &mut [Tap],
    before: &mut Option<Peekable<Reader>>,
    writer: &mut Writer,
    found: &mut Found,
) -> Result<(), DisputeError> {
    for taps in taps.chunk_by_mut(|one, next| one.card == next.card) {
        let card = taps[0].card;
        let mut stood = None;
        while let Some(next) =
            before.as_mut().and_then(|b| b.next_if(|next| next.as_ref().map_or(true, |s| s.card <= card)))
        {
            let next = next?;
            if next.card == card { stood = Some(next) } else { writer.add(&next)? }
        }
        if let Some(stood) = stood {
            taps.sort_by_key(|tap| ahead(tap.counter, stood.counter));
        }
        found.cards += 1;
        for tap in taps.iter() {
            if let Some(stood) = stood {
                let step = ahead(tap.counter, stood.counter);
                if (-MOST_LATE..=0).contains(&step) {
                    found.late.push(*tap);
                    continue;
                }
                if step > 1 && step as u16 - 1 <= MOST_MISSING {
                    found.gaps.push((stood, *tap));
                }
            }
            stood = Some(tap.standing());
        }
        writer.add(&stood.expect("a card has a record"))?;
    }
    Ok(())
}

const COLUMNS: [&str; 20] = [
    "id",
    "card_hash",
    "scheme",
    "issuer_id",
    "card",
    "issuer",
    "acquirer_before",
    "acquirer_after",
    "counter_from",
    "counter_to",
    "missing",
    "balance_before_fen",
    "balance_after_fen",
    "missing_fen",
    "before_upload",
    "before_record",
    "after_upload",
    "after_record",
    "opened_on",
    "state",
];

fn card_hash(card: u64) -> String {
    format!("{card:016X}")
}

/// An accepted record at the edge of a gap.
#[derive(Clone)]
struct Edge {
    upload: String,
    record_no: i64,
    acquirer: i64,
    /// On the gap's side of it.
    balance: i64,
}

/// An open gap.
struct Gap {
    card_hash: String,
    scheme: String,
    issuer_id: String,
    card: String,
    issuer: i64,
    before: Edge,
    after: Edge,
    from: u16,
    missing: i64,
    opened_on: i64,
}

impl Gap {
    fn of(row: &Row) -> Result<Self, DisputeError> {
        let edge = |upload: &str, record: &str, acquirer: &str, balance: &str| {
            Ok::<_, DisputeError>(Edge {
                upload: row.text(upload)?,
                record_no: row.int(record)?,
                acquirer: row.int(acquirer)?,
                balance: row.int(balance)?,
            })
        };
        Ok(Self {
            card_hash: row.text("card_hash")?,
            scheme: row.text("scheme")?,
            issuer_id: row.text("issuer_id")?,
            card: row.text("card")?,
            issuer: row.int("issuer")?,
            before: edge("before_upload", "before_record", "acquirer_before", "balance_before_fen")?,
            after: edge("after_upload", "after_record", "acquirer_after", "balance_after_fen")?,
            from: row.int("counter_from")? as u16,
            missing: row.int("missing")?,
            opened_on: row.int("opened_on")?,
        })
    }

    /// What is proven to be spent in it; nothing where loads hide it.
    fn spent(&self) -> Option<i64> {
        (self.before.balance >= self.after.balance).then_some(self.before.balance - self.after.balance)
    }

    fn row(&self, id: i64) -> Vec<Value> {
        params![
            id,
            &self.card_hash,
            &self.scheme,
            &self.issuer_id,
            &self.card,
            self.issuer,
            self.before.acquirer,
            self.after.acquirer,
            self.from,
            self.from.wrapping_add(self.missing as u16 - 1),
            self.missing,
            self.before.balance,
            self.after.balance,
            self.spent(),
            &self.before.upload,
            self.before.record_no,
            &self.after.upload,
            self.after.record_no,
            self.opened_on,
            "open"
        ]
        .to_vec()
    }

    /// What is still missing when one of its records came, on either side of it; nothing for a record that is not in it.
    fn without(self, tap: &Tap, upload: &str, acquirer: i64) -> Option<Vec<Self>> {
        let left = i64::from(tap.counter.wrapping_sub(self.from));
        if left >= self.missing {
            return None;
        }
        let right = self.missing - 1 - left;
        let at = |balance: i32| Edge {
            upload: upload.to_owned(),
            record_no: tap.record_no.into(),
            acquirer,
            balance: balance.into(),
        };
        let Self { card_hash, scheme, issuer_id, card, issuer, before, after, from, opened_on, .. } = self;
        let part = |before: Edge, after: Edge, from: u16, missing: i64| Self {
            card_hash: card_hash.clone(),
            scheme: scheme.clone(),
            issuer_id: issuer_id.clone(),
            card: card.clone(),
            issuer,
            before,
            after,
            from,
            missing,
            opened_on,
        };
        let parts = [
            part(before, at(tap.before), from, left),
            part(at(tap.standing().after), after, tap.counter.wrapping_add(1), right),
        ];
        Some(parts.into_iter().filter(|part| part.missing > 0).collect())
    }
}

/// Writes what was found, once.
async fn book(db: &Db, date: Date, found: &Found, clock: &dyn Clock) -> Result<Tracked, DisputeError> {
    let sql = "SELECT upload_no, name, member FROM upload";
    let mut uploads = HashMap::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![]).await? {
        uploads.insert(row.int("upload_no")? as u32, (row.text("name")?, row.int("member")?));
    }
    let edge = |upload_no: u32, record_no: u32, balance: i32| {
        let (upload, acquirer) = uploads.get(&upload_no).cloned().unwrap_or_default();
        Edge { upload, record_no: record_no.into(), acquirer, balance: balance.into() }
    };
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "SELECT CAST(COALESCE(MAX(id), 0) + 1 AS BIGINT) AS id FROM card_gap";
    let mut id = tx.fetch_one(sql, params![]).await?.int("id")?;
    let (mut closed, mut opened) = (0, found.gaps.len() as u64);
    for tap in &found.late {
        let Edge { upload, acquirer, .. } = edge(tap.upload_no, tap.record_no, 0);
        if let Some(parts) = arrive(&mut tx, date, tap, (&upload, acquirer), id).await? {
            closed += 1;
            opened += parts;
            id += parts as i64;
        }
    }
    let gap = |(before, after): &(Standing, Tap)| Gap {
        card_hash: card_hash(after.card),
        scheme: CardScheme::from_letter(after.scheme).map(|scheme| scheme.to_string()).unwrap_or_default(),
        issuer_id: IssuerId(after.issuer_id.to_be_bytes()).to_string(),
        card: after.masked(),
        issuer: after.issuer.0.into(),
        before: edge(before.upload_no, before.record_no, before.after),
        after: edge(after.upload_no, after.record_no, after.before),
        from: before.counter.wrapping_add(1),
        missing: i64::from(ahead(after.counter, before.counter)) - 1,
        opened_on: days_since_epoch(date).into(),
    };
    let rows = found.gaps.iter().zip(id..).map(|(found, id)| gap(found).row(id)).collect();
    tx.insert_many("card_gap", &COLUMNS, rows).await?;
    let done = Tracked { cards: found.cards, opened, closed };
    let sql = "INSERT INTO card_gap_day (clearing_date, cards, opened, closed, done_at) VALUES ($1, $2, $3, $4, $5)";
    let now = format_date_time(clock.now());
    tx.execute(sql, params![days_since_epoch(date), done.cards as i64, opened as i64, closed as i64, now]).await?;
    let detail = format!("{} cards, {opened} gaps opened, {closed} closed", done.cards);
    let object = date.to_string();
    let deed =
        Deed { owner: 0, actor: "clearing", action: "dispute.gaps", object: &object, outcome: "ok", detail: &detail };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(done)
}

/// A late record: closes its gap, or leaves what is missing on either side of it, as old as the whole was. Returns how many
/// gaps it leaves; nothing where it is in none.
async fn arrive(
    tx: &mut WriteTx,
    date: Date,
    tap: &Tap,
    (upload, acquirer): (&str, i64),
    next: i64,
) -> Result<Option<u64>, DisputeError> {
    let sql = format!("SELECT {} FROM card_gap WHERE card_hash = $1 AND state = 'open'", COLUMNS.join(", "));
    for row in tx.fetch_all(&sql, params![card_hash(tap.card)]).await? {
        let Some(parts) = Gap::of(&row)?.without(tap, upload, acquirer) else { continue };
        let state = if parts.is_empty() { "closed" } else { "split" };
        let by = format!("{upload}#{}", tap.record_no);
        let sql = "UPDATE card_gap SET state = $2, closed_on = $3, closed_by = $4 WHERE id = $1";
        tx.execute(sql, params![row.int("id")?, state, days_since_epoch(date), by]).await?;
        let rows: Vec<_> = parts.iter().zip(next..).map(|(part, id)| part.row(id)).collect();
        tx.insert_many("card_gap", &COLUMNS, rows).await?;
        return Ok(Some(parts.len() as u64));
    }
    Ok(None)
}

/// Open gaps of an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Least age, days.
    pub from: i32,
    /// Greatest age; none for the oldest.
    pub to: Option<i32>,
    /// Gaps.
    pub gaps: u64,
    /// Counters that are missing in them.
    pub missing: u64,
    /// What is proven to be spent in them.
    pub proven: Fen,
}

/// The open gaps by age at a date: up to a week, a month, ninety days, and older. A member sees those of its cards and of
/// its records.
///
/// # Errors
/// What the database says.
pub async fn by_age(db: &Db, scope: Scope, today: Date) -> Result<Vec<Age>, DisputeError> {
    let today = days_since_epoch(today);
    let mut ages = Vec::new();
    for (from, to) in [(0, Some(7)), (8, Some(30)), (31, Some(90)), (91, None)] {
        let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS gaps, CAST(COALESCE(SUM(missing), 0) AS BIGINT) AS missing, \
                   CAST(COALESCE(SUM(missing_fen), 0) AS BIGINT) AS proven FROM card_gap WHERE state = 'open' \
                   AND opened_on <= $1 AND opened_on >= $2 \
                   AND ({scope:issuer} OR {scope:acquirer_before} OR {scope:acquirer_after})";
        // The youngest take in what was found on a later date than asked for.
        let newest = if from == 0 { i32::MAX } else { today - from };
        let row = db.read(scope).fetch_one(sql, params![newest, to.map_or(i32::MIN, |to| today - to)]).await?;
        ages.push(Age {
            from,
            to,
            gaps: row.int("gaps")? as u64,
            missing: row.int("missing")? as u64,
            proven: Fen(row.int("proven")?),
        });
    }
    Ok(ages)
}

static STATES: &[EnumValue] = &[
    EnumValue::new("open", "未补齐", "open", Tone::Warn),
    EnumValue::new("closed", "已补齐", "closed", Tone::Ok),
    EnumValue::new("split", "部分补齐", "split", Tone::Plain),
];

/// Gaps in the counters of cards.
pub static GAPS: ListSpec = ListSpec {
    name: "card-gaps",
    zh: "交易断点",
    en: "Gaps in cards' counters",
    permission: "dispute.read",
    from: "card_gap g",
    scope: Some("({scope:g.issuer} OR {scope:g.acquirer_before} OR {scope:g.acquirer_after})"),
    columns: &[
        ListColumn::new("id", "断点编号", "Gap", "g.id", Kind::Int),
        ListColumn::new("state", "状态", "State", "g.state", Kind::Enum(STATES)),
        ListColumn::new("opened_on", "发现日", "Found on", "g.opened_on", Kind::Date),
        ListColumn::new("scheme", "卡体系", "Scheme", "g.scheme", Kind::Code).hidden(),
        ListColumn::new("issuer", "发卡方", "Issuer", "g.issuer", Kind::Member),
        ListColumn::new("card", "卡序列号", "Card", "g.card", Kind::Code),
        ListColumn::new("counter_from", "起始序号", "From counter", "g.counter_from", Kind::Int),
        ListColumn::new("counter_to", "截止序号", "To counter", "g.counter_to", Kind::Int),
        ListColumn::new("missing", "缺失笔数", "Missing", "g.missing", Kind::Int),
        ListColumn::new("missing_fen", "可证金额", "Proven amount", "g.missing_fen", Kind::Fen).nullable(),
        ListColumn::new("acquirer_before", "前一笔收单方", "Acquirer before", "g.acquirer_before", Kind::Member)
            .hidden(),
        ListColumn::new("acquirer_after", "后一笔收单方", "Acquirer after", "g.acquirer_after", Kind::Member).hidden(),
        ListColumn::new("closed_on", "补齐日", "Closed on", "g.closed_on", Kind::Date).nullable(),
    ],
    default_sort: &[("opened_on", Direction::Ascending)],
    key: "id",
    base_filter: None,
};
