//! Reconciliation in layers (分层对账): four comparisons of a date, each green or its exact differences.
//!
//! | layer | ours | theirs |
//! |---|---|---|
//! | `files` | what was counted and summed from each upload's records | what its header says |
//! | `parties` | what a member sent, and what was accepted from and for it | its verdicts; its result files |
//! | `ledger` | positions and fees of the date | the ledger's transfers of the date |
//! | `bank` | what the books say an account holds ([`prove_bank`]) | the bank's statement |
//!
//! The first three are of a closed clearing date, the last of a day of bank statements. A date is compared again whenever
//! asked; what is stored is the last comparison.

use crate::SettlementError;
use crate::books::{begin, member_of, next_id, note};
use crate::proof::prove_bank;
use std::collections::BTreeMap;
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_crypto::sm3;
use tongka_engine::day::hex;
use tongka_engine::posting::{FEES, reserve_account};
use tongka_storage::{Db, ReadTx, Row, Scope, Value, params};

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// File totals ↔ details.
    Files,
    /// Acquirer's sent ↔ accepted ↔ issuer's received.
    Parties,
    /// Details ↔ ledger.
    Ledger,
    /// Ledger ↔ bank.
    Bank,
}

impl Layer {
    /// Every layer, in order.
    pub const ALL: [Self; 4] = [Self::Files, Self::Parties, Self::Ledger, Self::Bank];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        ["files", "parties", "ledger", "bank"][self as usize]
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        ["文件总账与明细", "收单方、清算中心、发卡方", "头寸与账务", "账务与银行"][self as usize]
    }
}

/// Two figures of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What it is of: a file, a member, an account.
    pub key: String,
    /// Whose.
    pub member: MemberCode,
    /// Which figure.
    pub what: &'static str,
    /// Ours.
    pub ours: i64,
    /// Theirs.
    pub theirs: i64,
}

/// A layer of a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// Date.
    pub date: Date,
    /// Layer.
    pub layer: Layer,
    /// Figures compared.
    pub compared: u64,
    /// What differs.
    pub differences: Vec<Pair>,
}

impl Reconciled {
    /// Whether nothing differs and something was compared.
    pub fn is_green(&self) -> bool {
        self.differences.is_empty() && self.compared > 0
    }
}

/// What differs among figures. Pure.
pub fn compare(date: Date, layer: Layer, pairs: Vec<Pair>) -> Reconciled {
    let compared = pairs.len() as u64;
    let differences = pairs.into_iter().filter(|pair| pair.ours != pair.theirs).collect();
    Reconciled { date, layer, compared, differences }
}

/// Joins two sets of figures: what only one side has is 0 on the other. Pure.
pub fn join(
    what: &'static str,
    ours: &BTreeMap<(String, MemberCode), i64>,
    theirs: &BTreeMap<(String, MemberCode), i64>,
) -> Vec<Pair> {
    let keys: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let pair = |key: &(String, MemberCode)| Pair {
        key: key.0.clone(),
        member: key.1,
        what,
        ours: ours.get(key).copied().unwrap_or(0),
        theirs: theirs.get(key).copied().unwrap_or(0),
    };
    keys.into_iter().map(pair).collect()
}

/// Compares one layer of a date and stores what came of it.
///
/// # Errors
/// T04 for the first three layers of a date that is not closed, and for the bank's of a day without statements.
pub async fn reconcile(
    db: &Db,
    date: Date,
    layer: Layer,
    by: &str,
    clock: &dyn Clock,
) -> Result<Reconciled, SettlementError> {
    let found = match layer {
        Layer::Bank => bank(db, date).await?,
        _ => {
            let mut tx = db.begin_read(Scope::Platform).await?;
            let sql = "SELECT clearing_date FROM clearing_day WHERE clearing_date = $1 AND state = 'closed'";
            if tx.fetch_optional(sql, params![days_since_epoch(date)]).await?.is_none() {
                return Err(SettlementError::NotFound(format!("已关账清算日 closed clearing date {date}")));
            }
            let pairs = match layer {
                Layer::Files => files(&mut tx, date).await?,
                Layer::Parties => parties(&mut tx, date).await?,
                _ => ledger(&mut tx, date).await?,
            };
            compare(date, layer, pairs)
        }
    };
    store(db, &found, by, clock).await?;
    Ok(found)
}

async fn bank(db: &Db, date: Date) -> Result<Reconciled, SettlementError> {
    let proof = prove_bank(db, date).await?;
    if proof.compared.is_empty() {
        return Err(SettlementError::NotFound(format!("{date} 的银行对账单 statements of that day")));
    }
    let pair = |c: crate::Compared| Pair {
        key: c.key,
        member: c.member,
        what: "余额 balance",
        ours: c.ours,
        theirs: c.theirs,
    };
    let mut pairs: Vec<Pair> = proof.compared.into_iter().map(pair).collect();
    let missing = |key| Pair { key, member: MemberCode::CENTRE, what: "对账单 statements", ours: 1, theirs: 0 };
    pairs.extend(proof.without.into_iter().map(missing));
    Ok(compare(date, Layer::Bank, pairs))
}

type Figures = BTreeMap<(String, MemberCode), i64>;

/// Rows of key, member and figures, as one set a figure.
async fn figures(
    tx: &mut ReadTx,
    sql: &str,
    parameters: &[Value],
    columns: &[&str],
) -> Result<Vec<Figures>, SettlementError> {
    let mut sets = vec![Figures::new(); columns.len()];
    for row in tx.fetch_all(sql, parameters).await? {
        let key = (row.text("key")?, member_of(&row)?);
        for (set, column) in sets.iter_mut().zip(columns) {
            *set.entry(key.clone()).or_default() += row.int(column)?;
        }
    }
    Ok(sets)
}

async fn files(tx: &mut ReadTx, date: Date) -> Result<Vec<Pair>, SettlementError> {
    let day = params![days_since_epoch(date)];
    let columns = ["records", "fen"];
    let sql = "SELECT u.name AS key, u.member, CAST(COALESCE(SUM(v.record_count), 0) AS BIGINT) AS records, \
               CAST(COALESCE(SUM(v.amount_fen), 0) AS BIGINT) AS fen FROM upload u LEFT JOIN upload_verdict v \
               ON v.upload_no = u.upload_no WHERE u.clearing_date = $1 GROUP BY u.name, u.member";
    let counted = figures(tx, sql, day, &columns).await?;
    let sql =
        "SELECT name AS key, member, record_count AS records, total_fen AS fen FROM upload WHERE clearing_date = $1";
    let headers = figures(tx, sql, day, &columns).await?;
    let sql = "SELECT u.name AS key, u.member, CAST(SUM(g.record_count) AS BIGINT) AS records, \
               CAST(SUM(g.gross_fen) AS BIGINT) AS fen FROM upload u JOIN upload_group g ON g.upload_no = u.upload_no \
               WHERE u.clearing_date = $1 GROUP BY u.name, u.member";
    let grouped = figures(tx, sql, day, &columns).await?;
    let sql = "SELECT u.name AS key, u.member, CAST(SUM(v.record_count) AS BIGINT) AS records, \
               CAST(SUM(v.amount_fen) AS BIGINT) AS fen FROM upload u JOIN upload_verdict v ON v.upload_no = u.upload_no \
               WHERE u.clearing_date = $1 AND v.reason = 0 GROUP BY u.name, u.member";
    let accepted = figures(tx, sql, day, &columns).await?;
    let mut pairs = join("记录数 records", &counted[0], &headers[0]);
    pairs.extend(join("金额 amount", &counted[1], &headers[1]));
    pairs.extend(join("接受笔数 accepted", &grouped[0], &accepted[0]));
    pairs.extend(join("接受金额 accepted amount", &grouped[1], &accepted[1]));
    Ok(pairs)
}

async fn parties(tx: &mut ReadTx, date: Date) -> Result<Vec<Pair>, SettlementError> {
    let day = params![days_since_epoch(date)];
    let columns = ["records", "fen"];
    let mut pairs = Vec::new();
    // What acquirers sent and was accepted, and what was cleared for them.
    let sql = "SELECT 'acquirer' AS key, u.member, CAST(SUM(v.record_count) AS BIGINT) AS records, \
               CAST(SUM(v.amount_fen) AS BIGINT) AS fen FROM upload u JOIN upload_verdict v ON v.upload_no = u.upload_no \
               WHERE u.clearing_date = $1 AND v.reason = 0 GROUP BY u.member";
    let accepted = figures(tx, sql, day, &columns).await?;
    let sql = "SELECT 'acquirer' AS key, acquirer AS member, CAST(SUM(record_count) AS BIGINT) AS records, \
               CAST(SUM(gross_fen) AS BIGINT) AS fen FROM day_group WHERE clearing_date = $1 GROUP BY acquirer";
    let cleared = figures(tx, sql, day, &columns).await?;
    pairs.extend(join("收单清分笔数 cleared as acquirer", &cleared[0], &accepted[0]));
    pairs.extend(join("收单清分金额 gross as acquirer", &cleared[1], &accepted[1]));
    // What acquirers sent and was not cleared goes back to them, record by record.
    let sql = "SELECT 'TXE' AS key, u.member, CAST(SUM(v.record_count) AS BIGINT) AS records, \
               CAST(SUM(v.amount_fen) AS BIGINT) AS fen FROM upload u JOIN upload_verdict v ON v.upload_no = u.upload_no \
               WHERE u.clearing_date = $1 AND v.reason <> 0 GROUP BY u.member";
    let not_cleared = figures(tx, sql, day, &columns).await?;
    let returned = result_files(tx, date, "TXE").await?;
    pairs.extend(join("退回收单方笔数 not cleared", &not_cleared[0], &returned[0]));
    pairs.extend(join("退回收单方金额 amount not cleared", &not_cleared[1], &returned[1]));
    // What was cleared for issuers, and what they were given.
    let sql = "SELECT 'TXD' AS key, issuer AS member, CAST(SUM(record_count) AS BIGINT) AS records, \
               CAST(SUM(gross_fen) AS BIGINT) AS fen FROM day_group WHERE clearing_date = $1 GROUP BY issuer";
    let issued = figures(tx, sql, day, &columns).await?;
    let given = result_files(tx, date, "TXD").await?;
    pairs.extend(join("发卡方收到笔数 given to issuers", &issued[0], &given[0]));
    pairs.extend(join("发卡方收到金额 amount given to issuers", &issued[1], &given[1]));
    Ok(pairs)
}

async fn result_files(tx: &mut ReadTx, date: Date, kind: &'static str) -> Result<Vec<Figures>, SettlementError> {
    let sql = "SELECT kind AS key, member, record_count AS records, total_fen AS fen FROM result_file \
               WHERE clearing_date = $1 AND kind = $2 AND record_count > 0";
    figures(tx, sql, params![days_since_epoch(date), kind], &["records", "fen"]).await
}

async fn ledger(tx: &mut ReadTx, date: Date) -> Result<Vec<Pair>, SettlementError> {
    let day = days_since_epoch(date);
    let mut ours = Figures::new();
    for row in tx.fetch_all("SELECT member, net_fen FROM position WHERE clearing_date = $1", params![day]).await? {
        let member = member_of(&row)?;
        ours.insert((reserve_account(member), member), row.int("net_fen")?);
    }
    let sql = "SELECT centre_fees_fen FROM clearing_day WHERE clearing_date = $1";
    let fees = tx.fetch_one(sql, params![day]).await?.opt_int("centre_fees_fen")?.unwrap_or(0);
    ours.insert((FEES.to_owned(), MemberCode::CENTRE), fees);
    let prefix = format!("clearing/{}/%", format_date(date));
    let sql = "SELECT a.code AS key, COALESCE(a.owner, 0) AS member, \
               CAST(SUM(CASE WHEN t.credit = a.code THEN t.amount_fen ELSE -t.amount_fen END) AS BIGINT) AS fen \
               FROM ledger_transfer t JOIN ledger_account a ON a.code = t.debit OR a.code = t.credit \
               WHERE t.key LIKE $1 AND t.booking_date = $2 GROUP BY a.code, a.owner";
    let mut theirs = figures(tx, sql, params![prefix, day], &["fen"]).await?.swap_remove(0);
    // What is between payers and receivers ends empty.
    ours.insert((tongka_engine::posting::SUSPENSE.to_owned(), MemberCode::CENTRE), 0);
    theirs.entry((FEES.to_owned(), MemberCode::CENTRE)).or_insert(0);
    Ok(join("金额 amount", &ours, &theirs))
}

async fn store(db: &Db, found: &Reconciled, by: &str, clock: &dyn Clock) -> Result<(), SettlementError> {
    let (day, layer, now) = (days_since_epoch(found.date), found.layer.word(), format_date_time(clock.now()));
    let digest = hex(&sm3(format!("{found:?}").as_bytes()));
    let mut tx = begin(db).await?;
    let sql = "DELETE FROM reconciliation_difference WHERE on_date = $1 AND layer = $2";
    tx.execute(sql, params![day, layer]).await?;
    let id = next_id(&mut tx, "reconciliation").await?;
    let sql = "INSERT INTO reconciliation (id, on_date, layer, compared, differences, digest, made_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (on_date, layer) DO UPDATE SET \
               compared = excluded.compared, differences = excluded.differences, digest = excluded.digest, \
               made_at = excluded.made_at";
    let (compared, differences) = (found.compared as i64, found.differences.len() as i64);
    tx.execute(sql, params![id, day, layer, compared, differences, digest, now]).await?;
    let first = next_id(&mut tx, "reconciliation_difference").await?;
    let rows = (first..)
        .zip(&found.differences)
        .map(|(id, d)| params![id, day, layer, d.key.as_str(), d.member, d.what, d.ours, d.theirs].to_vec());
    let columns = ["id", "on_date", "layer", "key", "member", "what", "ours", "theirs"];
    tx.insert_many("reconciliation_difference", &columns, rows.collect()).await?;
    if !found.is_green() {
        let detail = format!("{differences} of {compared}");
        let object = format!("{layer} {}", found.date);
        note(&mut tx, MemberCode::CENTRE, by, "settlement.reconcile.red", &object, &detail, clock).await?;
    }
    Ok(tx.commit().await?)
}

/// The last comparisons of a date, by layer.
///
/// # Errors
/// What the database says.
pub async fn reconciled(db: &Db, date: Date) -> Result<Vec<(String, u64, u64)>, SettlementError> {
    let sql = "SELECT layer, compared, differences FROM reconciliation WHERE on_date = $1 ORDER BY id";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(date)]).await?;
    let one = |row: &Row| Ok((row.text("layer")?, row.int("compared")? as u64, row.int("differences")? as u64));
    rows.iter().map(one).collect()
}

/// The report of a date's layers: a table of the layers, and one of what differs.
pub fn report(layers: &[Reconciled]) -> Vec<tongka_report::pdf::Block> {
    use tongka_report::pdf::{Block, Table};
    use tongka_report::{Cell, Column, Kind};
    let text = |title: &str| Column::new(title, Kind::Text);
    let int = |title: &str| Column::new(title, Kind::Int);
    let overview = layers.iter().map(|l| {
        let state = if l.is_green() { "相符 green" } else { "有差异 red" };
        vec![
            Cell::from(l.layer.name_zh()),
            Cell::Date(l.date),
            Cell::count(l.compared),
            Cell::count(l.differences.len() as u64),
            state.into(),
        ]
    });
    let columns = vec![
        text("层次 Layer"),
        Column::new("日期 Date", Kind::Date),
        int("核对项 Compared"),
        int("差异 Differences"),
        text("结果 Result"),
    ];
    let mut blocks = vec![
        Block::Heading("分层对账 Reconciliation by layers".into()),
        Block::Table(Table::new(columns, overview.collect())),
    ];
    let differences = layers.iter().flat_map(|l| {
        l.differences.iter().map(|d| {
            let off = Fen(d.theirs.saturating_sub(d.ours));
            vec![
                l.layer.name_zh().into(),
                d.key.clone().into(),
                d.what.into(),
                Cell::Int(d.ours),
                Cell::Int(d.theirs),
                Cell::Int(off.0),
            ]
        })
    });
    let columns = vec![
        text("层次 Layer"),
        text("对象 Object"),
        text("项目 What"),
        int("本方 Ours"),
        int("对方 Theirs"),
        int("差额 Difference"),
    ];
    blocks.push(Block::Heading("差异 Differences（金额为分 amounts in fen）".into()));
    blocks.push(Block::Table(Table::new(columns, differences.collect())));
    blocks
}
