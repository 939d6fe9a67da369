//! Record search (交易查询) over the lake: a card's history, a terminal's, or whatever filters let through, over many
//! clearing dates.
//!
//! [`plan`] asks the books which uploads can hold a hit; [`Plan::page`] reads them, in parallel, until a page is full.
//! Records come in one order for ever: clearing date, newest first; upload, in the order of acceptance; record number.
//! A [`Cursor`] is a place in that order, so that pages stay what they are while files come in.
//!
//! What is not read: uploads whose summary says that no record has such a verdict; row groups and pages whose bounds
//! exclude a value; for a card, everything but the rows that the card index of a closed date names. The index is only a
//! guide: what it names is compared, and a date without one is searched by pages.
//!
//! A member sees the records that it sent and those of its own cards, and no other: [`plan`] decides so from the
//! [`Scope`], whatever the filters ask for. Card numbers are masked unless the caller says otherwise.

use crate::intake::Folders;
use crate::record::Record;
use crate::store::{self, date_of};
use crate::{ExchangeError, run};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use tongka_base::date::{days_since_epoch, format_date, parse_date};
use tongka_base::{
    AppSerial, CardScheme, Date, DateTime, Fen, Industry, IssuerId, MemberCode, PsamNo, Reason, Verdict,
};
use tongka_engine::day::{self, DayState};
use tongka_lake::Lake;
use tongka_lake::cards::CardIndex;
use tongka_lake::table::{Column, Filter, Table, Test};
use tongka_storage::{Db, Scope, Value, params};
use tongka_txn::{KeySecret, number48};
use tongka_wire::FileName;

/// Most records of a page.
pub const MOST: usize = 10_000;
/// Uploads read side by side at first; doubled from round to round, so that a full first page costs little and a rare
/// record is found soon.
const FIRST_ROUND: usize = 8;
const MOST_ROUND: usize = 256;
/// Records of the uploads of a round: bounds what matches are held at once.
const ROUND_RECORDS: u64 = 8_000_000;

/// What to look for: everything given has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// First clearing date.
    pub from: Date,
    /// Last clearing date.
    pub to: Date,
    /// Application serial of the card.
    pub card: Option<AppSerial>,
    /// Card scheme.
    pub scheme: Option<CardScheme>,
    /// Issuer id.
    pub issuer_id: Option<IssuerId>,
    /// PSAM terminal number.
    pub psam: Option<PsamNo>,
    /// PSAM transaction number.
    pub psam_txn: Option<u32>,
    /// The transaction took place at this wall time or later.
    pub since: Option<DateTime>,
    /// The transaction took place at this wall time or earlier.
    pub until: Option<DateTime>,
    /// One of these verdicts; empty: any.
    pub verdicts: Vec<Verdict>,
    /// One of these reasons; empty: any.
    pub reasons: Vec<Reason>,
    /// Sent by this member.
    pub sender: Option<MemberCode>,
    /// Of a card of this member.
    pub issuer: Option<MemberCode>,
    /// Of this amount or more.
    pub amount_from: Option<Fen>,
    /// Of this amount or less.
    pub amount_to: Option<Fen>,
    /// Industry of the terminal.
    pub industry: Option<Industry>,
    /// In this upload.
    pub upload: Option<String>,
    /// With this number in its upload.
    pub record_no: Option<u32>,
}

impl Search {
    /// Every record of some clearing dates.
    pub fn over(from: Date, to: Date) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// The records that wait for an adjustment (可疑) in some clearing dates.
    pub fn suspicious(from: Date, to: Date) -> Self {
        Self { verdicts: vec![Verdict::Suspicious], ..Self::over(from, to) }
    }

    /// The reasons that fit; `None` when every one does.
    fn wanted_reasons(&self) -> Option<Vec<Reason>> {
        if self.verdicts.is_empty() && self.reasons.is_empty() {
            return None;
        }
        let fits = |reason: &&Reason| {
            (self.verdicts.is_empty() || self.verdicts.contains(&reason.verdict()))
                && (self.reasons.is_empty() || self.reasons.contains(reason))
        };
        Some(Reason::ALL.iter().filter(fits).copied().collect())
    }

    /// The tests on columns, the most telling first. The card is not among them.
    fn filter(&self) -> Filter {
        let mut filter = Filter::default();
        let top = i64::from(u32::MAX);
        if let Some(number) = self.record_no {
            filter.test(Column::RecordNo, Test::Is(i64::from(number)));
        }
        if let Some(psam) = self.psam {
            filter.test(Column::Psam, Test::Is(number48(psam.0) as i64));
        }
        if let Some(number) = self.psam_txn {
            filter.test(Column::PsamTxn, Test::Is(i64::from(number as i32)));
        }
        if let Some(issuer) = self.issuer_id {
            filter.test(Column::IssuerId, Test::Is(u64::from_be_bytes(issuer.0) as i64));
        }
        if let Some(scheme) = self.scheme {
            filter.test(Column::Scheme, Test::Is(i64::from(scheme.letter())));
        }
        if let Some(reasons) = self.wanted_reasons() {
            filter.test(Column::Reason, Test::OneOf(reasons.iter().fold(0, |bits, r| bits | 1 << r.code())));
        }
        if self.amount_from.is_some() || self.amount_to.is_some() {
            let (from, to) = (self.amount_from.unwrap_or_default().0, self.amount_to.map_or(top, |fen| fen.0));
            filter.test(Column::Amount, Test::Within(from, to));
        }
        if let Some(industry) = self.industry {
            filter.test(Column::Industry, Test::Is(i64::from(industry.code())));
        }
        if self.since.is_some() || self.until.is_some() {
            let second = |at: DateTime| at.and_utc().timestamp();
            // The row of a malformed record says 1970-01-01 00:00:00, which is no time of a transaction.
            filter.seconds(self.since.map_or(1, second).max(1), self.until.map_or(i64::MAX / 2, second));
        }
        if let Some(card) = self.card {
            filter.card(card);
        }
        filter
    }
}

/// A place in the order of records: everything up to and with this record lies before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    date: Date,
    upload: i64,
    record_no: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", format_date(self.date), self.upload, self.record_no)
    }
}

impl Cursor {
    /// The place just after a record.
    pub fn after(record: &Record) -> Self {
        Self { date: record.clearing_date, upload: record.upload_no, record_no: record.record_no }
    }

    /// Reads what `Display` wrote; X07 for anything else.
    pub fn parse(text: &str) -> Result<Self, ExchangeError> {
        let parts: Vec<&str> = text.split('.').collect();
        let read = |parts: &[&str]| -> Option<Self> {
            let [date, upload, record] = parts else { return None };
            let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok())?;
            let record_no = u32::try_from(number(record)?).ok()?;
            Some(Self { date: parse_date(date.as_bytes())?, upload: number(upload)?, record_no })
        };
        read(&parts).ok_or_else(|| ExchangeError::BadQuery(format!("翻页位置 cursor {text:?}")))
    }

    /// Orders uploads as records are ordered.
    fn upload_key(date: Date, upload: i64) -> (i32, i64) {
        (-days_since_epoch(date), upload)
    }
}

/// An upload to be read.
#[derive(Clone, Debug)]
struct Candidate {
    date: Date,
    upload_no: i64,
    name: String,
    sender: MemberCode,
    records: u64,
    /// Whether the caller may see all of its records; else only those of its own cards.
    whole: bool,
    /// The only rows to look at, where the card index says so.
    rows: Option<Vec<Range<u32>>>,
}

impl Candidate {
    fn key(&self) -> (i32, i64) {
        Cursor::upload_key(self.date, self.upload_no)
    }
}

/// A search that knows what it has to read. It needs no database any more and may be used from any thread.
pub struct Plan {
    lake: Lake,
    filter: Filter,
    issuer: Option<MemberCode>,
    /// The member that asks; none for the centre.
    member: Option<MemberCode>,
    unmasked: bool,
    candidates: Vec<Candidate>,
}

/// A page of records.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records, in their order.
    pub records: Vec<Record>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
    /// Uploads that were opened for this page.
    pub uploads_read: u64,
}

/// Finds out what a search has to read. `unmasked`: whether records carry whole card numbers; the caller asks for that
/// only on behalf of people who may see them.
///
/// # Errors
/// X06 for a tenant, X07 for a search that makes no sense.
pub async fn plan(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    search: &Search,
    unmasked: bool,
) -> Result<Plan, ExchangeError> {
    let member = match scope {
        Scope::Platform => None,
        Scope::Member(member) => Some(member),
        Scope::Tenant(_) => return Err(ExchangeError::NotForTenants),
    };
    check(search)?;
    let lake = run::lake(folders);
    let mut candidates = uploads(db, search, member).await?;
    if let Some(psam) = search.psam.filter(|_| search.sender.is_none() && search.upload.is_none()) {
        keep_terminal(db, folders, search, psam, &mut candidates).await?;
    }
    if let Some(card) = search.card {
        let secret = run::key_secret(folders)?;
        let counts = upload_counts(db, search.from, search.to).await?;
        use_card_index(&lake, &secret, card, &counts, &mut candidates);
    }
    let candidates = candidates.into_iter().map(|(candidate, _)| candidate).collect();
    Ok(Plan { lake, filter: search.filter(), issuer: search.issuer, member, unmasked, candidates })
}

/// One record, if it is there and the caller may see it; `unmasked` as for [`plan`].
///
/// # Errors
/// What the database or the lake says.
pub async fn record(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    upload: &str,
    record_no: u32,
    unmasked: bool,
) -> Result<Option<Record>, ExchangeError> {
    let Some(known) = store::upload(db, Scope::Platform, upload).await? else { return Ok(None) };
    let search = Search {
        upload: Some(upload.to_owned()),
        record_no: Some(record_no),
        ..Search::over(known.clearing_date, known.clearing_date)
    };
    let page = plan(db, folders, scope, &search, unmasked).await?.page(1, None, &AtomicBool::new(false))?;
    Ok(page.records.into_iter().next())
}

fn check(search: &Search) -> Result<(), ExchangeError> {
    let bad = |what: &str| Err(ExchangeError::BadQuery(what.to_owned()));
    if search.from > search.to {
        return bad("清算日起止颠倒 the first clearing date is after the last");
    }
    if search.since.zip(search.until).is_some_and(|(since, until)| since > until) {
        return bad("交易时间起止颠倒 the first transaction time is after the last");
    }
    if search.amount_from.zip(search.amount_to).is_some_and(|(from, to)| from > to) {
        return bad("金额起止颠倒 the least amount is above the largest");
    }
    if search.upload.as_deref().is_some_and(|name| FileName::parse(name).is_err()) {
        return bad("文件名不合规 not the name of an upload");
    }
    Ok(())
}

/// The uploads that can hold a hit by what the books say of them, in the order of records, each with its place among
/// those of its date.
async fn uploads(
    db: &Db,
    search: &Search,
    member: Option<MemberCode>,
) -> Result<Vec<(Candidate, usize)>, ExchangeError> {
    let mut params: Vec<Value> = params![days_since_epoch(search.from), days_since_epoch(search.to)].to_vec();
    let mut sql = String::from(
        "SELECT upload_no, clearing_date, name, member, record_count, place FROM (\
         SELECT upload_no, clearing_date, name, member, record_count, \
         ROW_NUMBER() OVER (PARTITION BY clearing_date ORDER BY upload_no) AS place \
         FROM upload WHERE clearing_date >= $1 AND clearing_date <= $2) u WHERE record_count > 0",
    );
    if let Some(sender) = search.sender {
        params.push(sender.into());
        sql.push_str(&format!(" AND member = ${}", params.len()));
    }
    if let Some(name) = &search.upload {
        params.push(name.into());
        sql.push_str(&format!(" AND name = ${}", params.len()));
    }
    if let Some(reasons) = search.wanted_reasons() {
        sql.push_str(&with_reasons(&reasons));
    }
    sql.push_str(" ORDER BY clearing_date DESC, upload_no");
    // Read for the platform: a member's cards are in everybody's uploads. What of them it may see is decided below.
    let rows = db.read(Scope::Platform).fetch_all(&sql, &params).await?;
    let mut candidates = Vec::with_capacity(rows.len());
    for row in rows {
        let sender = MemberCode(row.int("member")? as u32);
        let candidate = Candidate {
            date: date_of(&row)?,
            upload_no: row.int("upload_no")?,
            name: row.text("name")?,
            sender,
            records: row.int("record_count")? as u64,
            whole: member.is_none_or(|member| member == sender),
            rows: None,
        };
        candidates.push((candidate, row.int("place")? as usize - 1));
    }
    Ok(candidates)
}

/// Narrows uploads to those with a record of one of these reasons.
fn with_reasons(reasons: &[Reason]) -> String {
    let codes: Vec<String> = reasons.iter().map(|reason| reason.code().to_string()).collect();
    // An empty list is not SQL; no reason has the code −1.
    let codes = if codes.is_empty() { "-1".to_owned() } else { codes.join(", ") };
    format!(" AND EXISTS (SELECT 1 FROM upload_verdict v WHERE v.upload_no = u.upload_no AND v.reason IN ({codes}))")
}

/// Reasons that a record of a foreign terminal can have: check 4 finds it, unless check 2 or 3 applied before.
const FOREIGN_TERMINAL: [Reason; 3] = [Reason::UnknownPsam, Reason::UnknownIssuer, Reason::IssuerInactive];

/// A PSAM belongs to one member: only its uploads are read, and those of others in which such a record was rejected.
async fn keep_terminal(
    db: &Db,
    folders: &Folders,
    search: &Search,
    psam: PsamNo,
    candidates: &mut Vec<(Candidate, usize)>,
) -> Result<(), ExchangeError> {
    let mut owners: BTreeMap<String, Option<MemberCode>> = BTreeMap::new();
    let mut owner_of: BTreeMap<Date, Option<MemberCode>> = BTreeMap::new();
    for the_day in day::days(db).await?.into_iter().filter(|d| (search.from..=search.to).contains(&d.date)) {
        let owner = match owners.get(&the_day.scheme_digest) {
            Some(owner) => *owner,
            None => {
                let scheme = run::stored_scheme(folders, &the_day.scheme_digest)?;
                *owners.entry(the_day.scheme_digest).or_insert(scheme.psam_range(psam).map(|range| range.member))
            }
        };
        owner_of.insert(the_day.date, owner);
    }
    let sql = format!(
        "SELECT u.upload_no FROM upload u WHERE u.clearing_date >= $1 AND u.clearing_date <= $2{}",
        with_reasons(&FOREIGN_TERMINAL)
    );
    let params = params![days_since_epoch(search.from), days_since_epoch(search.to)];
    let mut rejected = HashSet::new();
    for row in db.read(Scope::Platform).fetch_all(&sql, params).await? {
        rejected.insert(row.int("upload_no")?);
    }
    candidates
        .retain(|(c, _)| owner_of.get(&c.date).copied().flatten() == Some(c.sender) || rejected.contains(&c.upload_no));
    Ok(())
}

/// Number of uploads of each date.
async fn upload_counts(db: &Db, from: Date, to: Date) -> Result<BTreeMap<Date, usize>, ExchangeError> {
    let sql = "SELECT clearing_date, CAST(COUNT(*) AS BIGINT) AS uploads FROM upload \
               WHERE clearing_date >= $1 AND clearing_date <= $2 GROUP BY clearing_date";
    let mut counts = BTreeMap::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(from), days_since_epoch(to)]).await? {
        counts.insert(date_of(&row)?, row.int("uploads")? as usize);
    }
    Ok(counts)
}

/// Drops the uploads that the card indexes say do not hold the card, and notes the rows of those that may. Uploads of
/// dates without an index stay as they are.
fn use_card_index(
    lake: &Lake,
    secret: &KeySecret,
    card: AppSerial,
    counts: &BTreeMap<Date, usize>,
    candidates: &mut Vec<(Candidate, usize)>,
) {
    let indexed: BTreeMap<Date, BTreeMap<usize, Vec<Range<u32>>>> = counts
        .par_iter()
        .filter_map(|(date, uploads)| {
            let index = CardIndex::open(lake, *date, *uploads)?;
            let mut runs: BTreeMap<usize, Vec<Range<u32>>> = BTreeMap::new();
            for run in index.find(secret, card) {
                runs.entry(run.upload).or_default().push(run.rows);
            }
            runs.values_mut().for_each(|rows| rows.sort_unstable_by_key(|range| range.start));
            Some((*date, runs))
        })
        .collect();
    candidates.retain_mut(|(candidate, place)| match indexed.get(&candidate.date) {
        Some(runs) => {
            candidate.rows = runs.get(place).cloned();
            candidate.rows.is_some()
        }
        None => true,
    });
}

impl Plan {
    /// Uploads that may have to be read.
    pub fn uploads(&self) -> usize {
        self.candidates.len()
    }

    /// Records of these uploads: no more can be found.
    pub fn records(&self) -> u64 {
        self.candidates.iter().map(|c| c.records).sum()
    }

    /// Up to `limit` records (at most [`MOST`]) after a place. Stops with X08 soon after `cancel` is set.
    pub fn page(&self, limit: usize, after: Option<Cursor>, cancel: &AtomicBool) -> Result<Page, ExchangeError> {
        let limit = limit.clamp(1, MOST);
        let first = after.map_or(0, |cursor| {
            let key = Cursor::upload_key(cursor.date, cursor.upload);
            self.candidates.partition_point(|c| c.key() < key)
        });
        let mut rest = &self.candidates[first..];
        let mut page = Page::default();
        let mut round = FIRST_ROUND;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(round_of(rest, round));
            let wanted = limit + 1 - page.records.len();
            let found: Vec<Vec<Record>> = now
                .par_iter()
                .map(|candidate| self.read(candidate, after, wanted, cancel))
                .collect::<Result<_, ExchangeError>>()?;
            if cancel.load(Ordering::Relaxed) {
                return Err(ExchangeError::Cancelled);
            }
            page.uploads_read += now.len() as u64;
            page.records.extend(found.into_iter().flatten());
            // One more than asked for tells whether there is a next page.
            if page.records.len() > limit {
                page.records.truncate(limit);
                page.next = page.records.last().map(Cursor::after);
                return Ok(page);
            }
            rest = later;
            round = (round * 2).min(MOST_ROUND);
        }
        Ok(page)
    }

    /// Hands every record over, in order, until `take` breaks off; holds a page at a time. Stops with X08 soon after
    /// `cancel` is set.
    pub fn each<E: From<ExchangeError>>(
        &self,
        cancel: &AtomicBool,
        take: &mut dyn FnMut(Record) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut after = None;
        loop {
            let page = self.page(MOST, after, cancel)?;
            after = page.next;
            for record in page.records {
                if take(record)?.is_break() {
                    return Ok(());
                }
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The first hits of an upload after a place, by record number.
    fn read(
        &self,
        candidate: &Candidate,
        after: Option<Cursor>,
        limit: usize,
        cancel: &AtomicBool,
    ) -> Result<Vec<Record>, ExchangeError> {
        let cancelled = || cancel.load(Ordering::Relaxed);
        if cancelled() {
            return Ok(Vec::new());
        }
        let table = Table::open(&self.lake.table_path(candidate.date, &candidate.name))?;
        let mut filter = self.filter.clone();
        // The index of a member is the file's own; a member that it does not speak of has no card in it.
        let own = self.member.filter(|_| !candidate.whole);
        for issuer in [self.issuer, own].into_iter().flatten() {
            match table.members().iter().position(|code| *code == issuer) {
                Some(index) => filter.test(Column::IssuerMember, Test::Is(index as i64)),
                None => return Ok(Vec::new()),
            }
        }
        let mut hits = table.find(&filter, candidate.rows.as_deref(), &cancelled)?;
        if let Some(cursor) = after.filter(|c| (c.date, c.upload) == (candidate.date, candidate.upload_no)) {
            hits.retain(|(record_no, _)| *record_no > cursor.record_no);
        }
        if hits.len() > limit {
            hits.select_nth_unstable(limit - 1);
            hits.truncate(limit);
        }
        let mut rows: Vec<u32> = hits.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        let mut records: Vec<Record> = table
            .records(&rows)?
            .into_iter()
            .map(|stored| {
                let upload = (candidate.date, candidate.upload_no, candidate.name.as_str(), candidate.sender);
                Record::new(upload, stored, self.unmasked)
            })
            .collect();
        records.sort_unstable_by_key(|record| record.record_no);
        Ok(records)
    }
}

/// How many of the uploads to read in the next round.
fn round_of(rest: &[Candidate], most: usize) -> usize {
    let mut records = 0;
    // What the card index points to is a handful of rows, however large the upload.
    let weight = |c: &Candidate| if c.rows.is_some() { 0 } else { c.records };
    let fits = |c: &&Candidate| {
        records += weight(c);
        records <= ROUND_RECORDS
    };
    rest.iter().take(most).take_while(fits).count().max(1)
}

/// How many records of what amount each upload holds under each reason: where to look for suspicious ones, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// Clearing date.
    pub clearing_date: Date,
    /// Upload.
    pub upload: String,
    /// Its sender.
    pub sender: MemberCode,
    /// Reason.
    pub reason: Reason,
    /// Number of records.
    pub records: u64,
    /// Their amount.
    pub amount: Fen,
}

/// Counts by upload and reason over some clearing dates, of the uploads of a scope. Read from the books, not the lake.
pub async fn reason_counts(
    db: &Db,
    scope: Scope,
    from: Date,
    to: Date,
    verdict: Verdict,
) -> Result<Vec<ReasonCount>, ExchangeError> {
    let sql = "SELECT u.clearing_date, u.name, u.member, v.reason, v.record_count, v.amount_fen \
               FROM upload_verdict v JOIN upload u ON u.upload_no = v.upload_no \
               WHERE u.clearing_date >= $1 AND u.clearing_date <= $2 AND {scope:u.member} \
               ORDER BY u.clearing_date DESC, u.upload_no, v.reason";
    let params = params![days_since_epoch(from), days_since_epoch(to)];
    let mut counts = Vec::new();
    for row in db.read(scope).fetch_all(sql, params).await? {
        let reason = Reason::from_code(row.int("reason")? as u8).expect("written from a reason");
        if reason.verdict() == verdict {
            counts.push(ReasonCount {
                clearing_date: date_of(&row)?,
                upload: row.text("name")?,
                sender: MemberCode(row.int("member")? as u32),
                reason,
                records: row.int("record_count")? as u64,
                amount: Fen(row.int("amount_fen")?),
            });
        }
    }
    Ok(counts)
}

/// Card indexes of earlier dates that one closing date mends.
const MENDED_AT_ONCE: usize = 8;

/// The newest few closed dates whose card index is missing or damaged, each with its uploads in the order of acceptance:
/// what to give to [`CardIndex::build`].
pub async fn missing_card_indexes(db: &Db, lake: &Lake) -> Result<Vec<(Date, Vec<String>)>, ExchangeError> {
    let closed: Vec<Date> =
        day::days(db).await?.into_iter().filter(|d| d.state == DayState::Closed).map(|d| d.date).collect();
    let (Some(first), Some(last)) = (closed.first(), closed.last()) else { return Ok(Vec::new()) };
    let counts = upload_counts(db, *first, *last).await?;
    let mut missing = Vec::new();
    for date in closed.iter().rev() {
        let uploads = counts.get(date).copied().unwrap_or(0);
        if missing.len() < MENDED_AT_ONCE && CardIndex::open(lake, *date, uploads).is_none() {
            let names = store::uploads(db, Scope::Platform, *date).await?;
            missing.push((*date, names.iter().map(|upload| upload.name.to_string()).collect()));
        }
    }
    Ok(missing)
}
