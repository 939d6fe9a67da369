//! Statements (对账单) of members and the settlement summary (清算汇总) of the centre, for a closed clearing date, as PDF
//! and Excel.
//!
//! A statement has a number, `ST-YYYYMMDD-member-version` (the centre's summary has member 00000000). The first one asked
//! for is version 1: the books keep the digest of everything it shows, and from then on the number stands for that. The
//! same number is made again from the books only when its content still has that digest (X10 otherwise); a corrected
//! statement is the next version and says why ([`reissue`]).
//!
//! A member gets its own statement and no other; the summary is the centre's.

use crate::intake::Folders;
use crate::publish::stl_rows;
use crate::store;
use crate::{ExchangeError, run};
use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::Path;
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date, format_date_time, parse_date, parse_time};
use tongka_base::{Clock, Date, DateTime, Fen, FileCode, MemberCode, Reason, Verdict};
use tongka_crypto::sm3;
use tongka_engine::day::{self, Day, DayState, Step, hex};
use tongka_engine::pricing::PricedGroup;
use tongka_report::pdf::{self, Block, Document, Orientation, Table};
use tongka_report::{Cell, Column, FontFile, Kind, ReportError, XlsxWriter};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Longest reason of a correction, in characters.
const MOST_REASON: usize = 200;

/// A statement as it is given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its number.
    pub number: String,
    /// Clearing date.
    pub clearing_date: Date,
    /// Whose it is; [`MemberCode::CENTRE`] for the settlement summary.
    pub member: MemberCode,
    /// The member's name.
    pub name: String,
    /// Version, from 1.
    pub version: u32,
    /// Why there is another version; empty for the first.
    pub reason: String,
    /// SM3 of its content, hex.
    pub digest: String,
    /// Who asked for it first.
    pub made_by: String,
    /// When.
    pub made_at: DateTime,
    /// What it shows.
    pub sections: Vec<Section>,
}

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Names it in the digest; never changed.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What it holds.
    pub body: Body,
}

/// What a part of a statement holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Figures: a name in the digest, a name for people, the figure.
    Figures(Vec<(&'static str, &'static str, Cell)>),
    /// A table.
    Table(Table),
}

/// The statement of a member: the last version issued, or the first one, which is thereby issued.
///
/// # Errors
/// X04 for another member's or where there is no such member or date; X09 before the date is closed; X10 where the books
/// no longer give what was issued.
pub async fn statement(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    date: Date,
    member: MemberCode,
    by: &str,
    clock: &dyn Clock,
) -> Result<Statement, ExchangeError> {
    if scope != Scope::Platform && scope != Scope::Member(member) {
        return Err(not_found(date, member));
    }
    let draft = draft(db, folders, date, member).await?;
    let mut tx = db.begin_write_locking(Scope::Platform, &["statement"]).await?;
    let last = last_issued(&mut tx, date, member).await?;
    let issued = match last {
        Some(issued) => issued,
        None => issue(&mut tx, &draft, 1, "", by, clock).await?,
    };
    tx.commit().await?;
    draft.under(issued)
}

/// The settlement summary of a date: as [`statement`], for the centre only.
pub async fn summary(
    db: &Db,
    folders: &Folders,
    scope: Scope,
    date: Date,
    by: &str,
    clock: &dyn Clock,
) -> Result<Statement, ExchangeError> {
    statement(db, folders, scope, date, MemberCode::CENTRE, by, clock).await
}

/// Issues the next version of a statement or of the summary, and says why. The centre does this, for somebody who may.
///
/// # Errors
/// X04 where none was issued yet; X07 without a reason.
pub async fn reissue(
    db: &Db,
    folders: &Folders,
    date: Date,
    member: MemberCode,
    reason: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<Statement, ExchangeError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > MOST_REASON {
        let what = format!("更正原因应为 1 至 {MOST_REASON} 字 the reason of a correction");
        return Err(ExchangeError::BadQuery(what));
    }
    let draft = draft(db, folders, date, member).await?;
    let mut tx = db.begin_write_locking(Scope::Platform, &["statement", tongka_audit::HEAD_TABLE]).await?;
    let last = last_issued(&mut tx, date, member).await?.ok_or_else(|| not_found(date, member))?;
    let issued = issue(&mut tx, &draft, last.version + 1, reason, by, clock).await?;
    let deed = Deed {
        owner: i64::from(member.0),
        actor: by,
        action: "statement.reissue",
        object: &issued.number,
        outcome: "ok",
        detail: reason,
    };
    tongka_audit::record(&mut tx, &deed, clock).await?;
    tx.commit().await?;
    draft.under(issued)
}

fn not_found(date: Date, member: MemberCode) -> ExchangeError {
    ExchangeError::NotFound(format!("对账单 statement {date} {member}"))
}

/// The content of a statement before it has a number.
struct Draft {
    date: Date,
    member: MemberCode,
    name: String,
    sections: Vec<Section>,
    digest: String,
}

/// What the books know of a number.
struct Issued {
    number: String,
    version: u32,
    digest: String,
    reason: String,
    made_by: String,
    made_at: DateTime,
}

impl Draft {
    /// The content under a number, where that stands for this content.
    fn under(self, issued: Issued) -> Result<Statement, ExchangeError> {
        let Issued { number, version, digest, reason, made_by, made_at } = issued;
        if digest != self.digest {
            return Err(ExchangeError::StatementDiffers(number));
        }
        Ok(Statement {
            number,
            clearing_date: self.date,
            member: self.member,
            name: self.name,
            version,
            reason,
            digest,
            made_by,
            made_at,
            sections: self.sections,
        })
    }
}

async fn issue(
    tx: &mut WriteTx,
    draft: &Draft,
    version: u32,
    reason: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<Issued, ExchangeError> {
    let number = format!("ST-{}-{}-{version}", format_date(draft.date), draft.member);
    let made_at = format_date_time(clock.now());
    let sql = "INSERT INTO statement (number, clearing_date, member, version, digest, reason, made_by, made_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let day = days_since_epoch(draft.date);
    let digest = draft.digest.as_str();
    tx.execute(sql, params![number.as_str(), day, draft.member, version, digest, reason, by, made_at.as_str()]).await?;
    Ok(Issued {
        number,
        version,
        digest: draft.digest.clone(),
        reason: reason.to_owned(),
        made_by: by.to_owned(),
        made_at: time_of(&made_at),
    })
}

async fn last_issued(tx: &mut WriteTx, date: Date, member: MemberCode) -> Result<Option<Issued>, ExchangeError> {
    let sql = "SELECT number, version, digest, reason, made_by, made_at FROM statement \
               WHERE clearing_date = $1 AND member = $2 ORDER BY version DESC LIMIT 1";
    let row = tx.fetch_optional(sql, params![days_since_epoch(date), member]).await?;
    let issued = |row: &Row| {
        Ok(Issued {
            number: row.text("number")?,
            version: row.int("version")? as u32,
            digest: row.text("digest")?,
            reason: row.text("reason")?,
            made_by: row.text("made_by")?,
            made_at: time_of(&row.text("made_at")?),
        })
    };
    row.as_ref().map(issued).transpose()
}

fn time_of(text: &str) -> DateTime {
    let (date, time) = text.split_at(8);
    let time = parse_time(time.as_bytes()).expect("written from a time");
    parse_date(date.as_bytes()).expect("written from a date").and_time(time)
}

/// SM3 over everything that is shown, each text behind its length.
fn digest(date: Date, member: MemberCode, name: &str, sections: &[Section]) -> String {
    let mut text = String::new();
    let mut put = |part: &str| text.push_str(&format!("{}:{part}", part.len()));
    [&format_date(date), &member.to_string(), name].into_iter().for_each(&mut put);
    for section in sections {
        put(section.id);
        match &section.body {
            Body::Figures(figures) => figures.iter().for_each(|(name, _, cell)| {
                put(name);
                put(&cell.plain());
            }),
            Body::Table(table) => table.rows.iter().flatten().for_each(|cell| put(&cell.plain())),
        }
    }
    hex(&sm3(text.as_bytes()))
}

async fn draft(db: &Db, folders: &Folders, date: Date, member: MemberCode) -> Result<Draft, ExchangeError> {
    let the_day = day::days(db).await?.into_iter().find(|d| d.date == date);
    let the_day = the_day.ok_or_else(|| not_found(date, member))?;
    if the_day.state != DayState::Closed {
        return Err(ExchangeError::NotClosed(date));
    }
    let scheme = run::stored_scheme(folders, &the_day.scheme_digest)?;
    let (name, sections) = if member == MemberCode::CENTRE {
        (String::new(), summary_sections(db, &scheme, &the_day).await?)
    } else {
        let name = scheme.member(member).ok_or_else(|| not_found(date, member))?.name.clone();
        (name, member_sections(db, &scheme, date, member).await?)
    };
    let digest = digest(date, member, &name, &sections);
    Ok(Draft { date, member, name, sections, digest })
}

fn table(id: &'static str, title: &'static str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Section {
    Section { id, title, body: Body::Table(Table::new(columns, rows)) }
}

fn text(title: &str) -> Column {
    Column::new(title, Kind::Text)
}

fn named(scheme: &Scheme, member: MemberCode) -> Cell {
    let name = match member {
        MemberCode::CENTRE => "清算中心",
        member => scheme.member(member).map_or("", |m| m.name.as_str()),
    };
    format!("{member} {name}").into()
}

async fn member_sections(
    db: &Db,
    scheme: &Scheme,
    date: Date,
    member: MemberCode,
) -> Result<Vec<Section>, ExchangeError> {
    let scope = Scope::Member(member);
    let groups = day::priced_groups_within(db, scope, date).await?;
    let verdicts = store::verdicts(db, scope, date).await?;
    let position = day::positions(db, scope, date).await?.into_iter().next();
    let position = position.ok_or_else(|| not_found(date, member))?;
    let (before, after) = position.reserve.unwrap_or_default();
    let sums = |wanted: &dyn Fn(&PricedGroup) -> bool| -> Result<GroupSums, ExchangeError> {
        GroupSums::of(groups.iter().filter(|g| wanted(g)))
    };
    let acquired = sums(&|g| !g.is_own_card() && g.key.acquirer == member)?;
    let issued = sums(&|g| !g.is_own_card() && g.key.issuer == member)?;
    let own = sums(&PricedGroup::is_own_card)?;
    let money = |fen: Fen| Cell::Money(fen);
    let sent: u64 = verdicts.iter().map(|v| v.1).sum();
    let sent_amount = Fen::try_sum(verdicts.iter().map(|v| v.2))?;
    let p = &position.position;
    let figures = vec![
        ("sent_count", "上送记录 Records sent", Cell::count(sent)),
        ("sent_amount", "上送金额 Amount sent", money(sent_amount)),
        ("acquired_count", "收单清分笔数 Cleared as acquirer", Cell::count(acquired.count)),
        ("acquired_gross", "收单清分金额 Gross as acquirer", money(acquired.gross)),
        ("issued_count", "发卡清分笔数 Cleared as issuer", Cell::count(issued.count)),
        ("issued_gross", "发卡清分金额 Gross as issuer", money(issued.gross)),
        ("own_count", "本机构卡笔数 Own cards", Cell::count(own.count)),
        ("own_gross", "本机构卡金额 Own cards, gross", money(own.gross)),
        ("fee_to_issuers", "付发卡方手续费 Fees to issuers", money(acquired.issuer_fees)),
        ("fee_to_centre", "付清算手续费 Fees to the centre", money(acquired.centre_fees)),
        ("fee_earned", "收发卡方手续费 Fees earned as issuer", money(issued.issuer_fees)),
        ("adjustments", "调账 Adjustments", money(p.adjustments)),
        ("receivable", "应收 Receivable", money(p.receivable)),
        ("payable", "应付 Payable", money(p.payable)),
        ("net", "净头寸 Net position", money(p.net()?)),
        ("reserve_before", "备付金期初 Reserve before", money(before)),
        ("reserve_after", "备付金期末 Reserve after", money(after)),
    ];
    Ok(vec![
        Section { id: "figures", title: "一、汇总 Summary", body: Body::Figures(figures) },
        table("verdicts", "二、上送记录按判定 Records sent, by verdict", verdict_columns(), verdict_rows(&verdicts)),
        settlement(scheme, member, &groups)?,
        adjustments(db, scheme, date, Some(member)).await?,
        files(db, date, member).await?,
    ])
}

/// Sums over groups.
#[derive(Default)]
struct GroupSums {
    count: u64,
    gross: Fen,
    issuer_fees: Fen,
    centre_fees: Fen,
}

impl GroupSums {
    fn of<'a>(groups: impl Iterator<Item = &'a PricedGroup>) -> Result<Self, ExchangeError> {
        let mut sums = Self::default();
        for g in groups {
            sums.count += g.sum.count;
            sums.gross = sums.gross.checked_add(g.sum.gross)?;
            sums.issuer_fees = sums.issuer_fees.checked_add(g.issuer_fee)?;
            sums.centre_fees = sums.centre_fees.checked_add(g.centre_fee)?;
        }
        Ok(sums)
    }
}

fn verdict_columns() -> Vec<Column> {
    vec![
        text("判定 Verdict"),
        text("原因 Reason"),
        text("含义 Meaning"),
        Column::summed("笔数 Count", Kind::Int),
        Column::summed("金额(元) Amount", Kind::Money),
    ]
}

fn verdict_rows(verdicts: &[(Reason, u64, Fen)]) -> Vec<Vec<Cell>> {
    let of = |verdict: Verdict| verdicts.iter().filter(move |v| v.0.verdict() == verdict);
    let row = |(reason, count, amount): &(Reason, u64, Fen)| {
        let verdict = reason.verdict();
        vec![
            format!("{verdict} {} {}", verdict.name_zh(), verdict.name_en()).into(),
            reason.to_string().into(),
            reason.text_zh().into(),
            Cell::count(*count),
            Cell::Money(*amount),
        ]
    };
    Verdict::ALL.into_iter().flat_map(of).map(row).collect()
}

fn settlement(scheme: &Scheme, member: MemberCode, groups: &[PricedGroup]) -> Result<Section, ExchangeError> {
    let columns = vec![
        text("角色 Role"),
        text("对方机构 Counterparty"),
        text("行业 Industry"),
        Column::summed("笔数 Count", Kind::Int),
        Column::summed("交易金额(元) Gross", Kind::Money),
        Column::summed("发卡方手续费 Issuer fee", Kind::Money),
        Column::summed("清算手续费 Centre fee", Kind::Money),
        Column::summed("净额(元) Net", Kind::Money),
    ];
    let row = |r: tongka_wire::StlRow| {
        vec![
            if r.as_acquirer { "收单 Acquirer" } else { "发卡 Issuer" }.into(),
            named(scheme, r.counterparty),
            format!("{} {}", r.industry, r.industry.name_zh()).into(),
            Cell::count(r.count),
            Cell::Money(r.gross),
            Cell::Money(r.issuer_fee),
            Cell::Money(r.centre_fee),
            Cell::Money(r.net),
        ]
    };
    let rows = stl_rows(member, groups)?.into_iter().map(row).collect();
    Ok(table("settlement", "三、清分明细 Settlement by counterparty and industry", columns, rows))
}

/// Adjustments booked on the date: a member's, signed for it, or all.
async fn adjustments(
    db: &Db,
    scheme: &Scheme,
    date: Date,
    member: Option<MemberCode>,
) -> Result<Section, ExchangeError> {
    let columns = vec![
        text("调账号 No."),
        text("付方 Debtor"),
        text("收方 Creditor"),
        text("来源 Origin"),
        text("事由 Reason"),
        Column::new("金额(元) Amount", Kind::Money),
    ];
    let mut rows = Vec::new();
    for adjustment in day::adjustments(db, date).await? {
        let terms = adjustment.terms;
        let amount = match member {
            Some(member) if terms.debtor == member => terms.amount.checked_neg()?,
            Some(member) if terms.creditor != member => continue,
            _ => terms.amount,
        };
        rows.push(vec![
            adjustment.id.to_string().into(),
            named(scheme, terms.debtor),
            named(scheme, terms.creditor),
            terms.origin.name_zh().into(),
            terms.reason.into(),
            Cell::Money(amount),
        ]);
    }
    let title = if member.is_some() { "四、调账 Adjustments" } else { "三、调账 Adjustments" };
    Ok(table("adjustments", title, columns, rows))
}

async fn files(db: &Db, date: Date, member: MemberCode) -> Result<Section, ExchangeError> {
    let scope = Scope::Member(member);
    let uploads: HashMap<String, store::Upload> =
        store::uploads(db, scope, date).await?.into_iter().map(|u| (u.name.to_string(), u)).collect();
    let columns = vec![
        Column::new("回执 Receipt", Kind::Int),
        text("上送文件 Upload"),
        text("结果 Result"),
        text("说明 Detail"),
        Column::summed("记录数 Records", Kind::Int),
        Column::summed("金额(元) Amount", Kind::Money),
    ];
    let receipts = store::receipts(db, scope, Some(date)).await?;
    let row = |r: store::Receipt| {
        let upload = uploads.get(&r.upload_name).filter(|_| r.result == "OK");
        let result = FileCode::parse(&r.result).map_or("接受", FileCode::text_zh);
        vec![
            Cell::Int(i64::from(r.sequence)),
            r.upload_name.into(),
            format!("{} {result}", r.result).into(),
            r.detail.into(),
            upload.map_or(Cell::Empty, |u| Cell::count(u.records)),
            upload.map_or(Cell::Empty, |u| Cell::Money(u.total)),
        ]
    };
    Ok(table("files", "五、上送文件与回执 Files and receipts", columns, receipts.into_iter().map(row).collect()))
}

async fn summary_sections(db: &Db, scheme: &Scheme, the_day: &Day) -> Result<Vec<Section>, ExchangeError> {
    let date = the_day.date;
    let groups = day::priced_groups(db, date).await?;
    let positions = day::positions(db, Scope::Platform, date).await?;
    let netting = day::stored_netting(db, date).await?;
    let verdicts = store::verdicts(db, Scope::Platform, date).await?;
    let steps = day::steps(db, date).await?;
    let cleared = GroupSums::of(groups.iter().filter(|g| !g.is_own_card()))?;
    let own = GroupSums::of(groups.iter().filter(|g| g.is_own_card()))?;
    let net = Fen::try_sum(positions.iter().map(|p| p.position.net()).collect::<Result<Vec<_>, _>>()?)?;
    let imbalance = netting.imbalance()?;
    let proof = steps.get(Step::Prove.name()).map_or(String::new(), |step| format!("一致 equal: {}", step.detail));
    let balanced = if imbalance == Fen::ZERO { "平衡 balanced" } else { "不平 not balanced" };
    let figures = vec![
        ("records", "记录 Records", Cell::count(verdicts.iter().map(|v| v.1).sum())),
        ("amount", "上送金额 Amount sent", Fen::try_sum(verdicts.iter().map(|v| v.2))?.into()),
        ("cleared_count", "跨机构清分笔数 Cleared between members", Cell::count(cleared.count)),
        ("cleared_gross", "跨机构清分金额 Gross between members", cleared.gross.into()),
        ("own_count", "本机构卡笔数 Own cards", Cell::count(own.count)),
        ("own_gross", "本机构卡金额 Own cards, gross", own.gross.into()),
        ("issuer_fees", "发卡方手续费 Issuers' fees", cleared.issuer_fees.into()),
        ("centre_fees", "清算手续费 Centre's fees", cleared.centre_fees.into()),
        ("centre_net", "中心净收入（含调账） Centre, adjustments included", netting.centre_fees.into()),
        ("net", "Σ 净头寸 Sum of net positions", net.into()),
        ("imbalance", "Σ 净头寸 + 中心净收入 Sum of all", imbalance.into()),
        ("balanced", "平衡证明 Balance", balanced.into()),
        ("proof", "湖中重算证明 Proof from the lake", proof.into()),
    ];
    let columns = vec![
        text("机构 Member"),
        Column::summed("应收(元) Receivable", Kind::Money),
        Column::summed("应付(元) Payable", Kind::Money),
        Column::summed("调账(元) Adjustments", Kind::Money),
        Column::summed("净头寸(元) Net", Kind::Money),
        Column::summed("备付金期初 Before", Kind::Money),
        Column::summed("备付金期末 After", Kind::Money),
    ];
    let mut rows = Vec::with_capacity(positions.len());
    for p in &positions {
        let (before, after) = p.reserve.unwrap_or_default();
        let figures =
            [p.position.receivable, p.position.payable, p.position.adjustments, p.position.net()?, before, after];
        rows.push([named(scheme, p.member)].into_iter().chain(figures.map(Cell::Money)).collect());
    }
    Ok(vec![
        Section {
            id: "figures", title: "一、汇总与平衡证明 Summary and balance", body: Body::Figures(figures)
        },
        table("positions", "二、各机构头寸 Positions", columns, rows),
        adjustments(db, scheme, date, None).await?,
        table("verdicts", "四、记录按判定 Records by verdict", verdict_columns(), verdict_rows(&verdicts)),
    ])
}

/// How a statement is presented.
pub struct Paper<'a> {
    /// Who issues it, above the title.
    pub issuer: &'a str,
    /// Its font.
    pub font: &'a FontFile,
}

impl Statement {
    fn title(&self) -> &'static str {
        if self.member == MemberCode::CENTRE { "清算汇总表" } else { "成员机构清算对账单" }
    }

    fn subtitle(&self) -> &'static str {
        if self.member == MemberCode::CENTRE { "Settlement summary" } else { "Member statement" }
    }

    fn period(&self) -> String {
        let whose =
            if self.member == MemberCode::CENTRE { String::new() } else { format!("  {} {}", self.member, self.name) };
        format!("清算日 Clearing date {}{whose}", self.clearing_date)
    }

    /// A file name without extension.
    pub fn file_name(&self) -> &str {
        &self.number
    }

    /// As PDF.
    pub fn pdf(&self, paper: &Paper<'_>) -> Result<Vec<u8>, ReportError> {
        let mut blocks = Vec::new();
        if !self.reason.is_empty() {
            blocks
                .push(Block::Note(format!("第 {} 版，更正原因 Version {0}, corrected: {}", self.version, self.reason)));
        }
        for section in &self.sections {
            blocks.push(Block::Heading(section.title.to_owned()));
            blocks.push(match &section.body {
                Body::Figures(figures) => {
                    Block::Pairs(figures.iter().map(|(_, name, cell)| ((*name).to_owned(), cell.clone())).collect())
                }
                Body::Table(table) => Block::Table(table.clone()),
            });
        }
        blocks.push(Block::Note("金额单位：元。Amounts in yuan.".to_owned()));
        let role = |role: &str| (role.to_owned(), String::new());
        let document = Document {
            orientation: Orientation::Portrait,
            issuer: paper.issuer.to_owned(),
            title: self.title().to_owned(),
            subtitle: self.subtitle().to_owned(),
            period: self.period(),
            number: self.number.clone(),
            digest: self.digest.clone(),
            made_at: self.made_at,
            blocks,
            signatures: vec![role("经办 Maker"), role("复核 Checker"), role("审批 Approver")],
            stamp: true,
        };
        pdf::render(&document, paper.font)
    }

    /// As an Excel workbook, a sheet for each section.
    pub fn xlsx<W: Write + Seek + Send>(&self, out: W, temp: Option<&Path>) -> Result<(), ReportError> {
        let mut book = XlsxWriter::new(&format!("{} {}", self.title(), self.number), self.made_at, temp)?;
        let mut head =
            vec![format!("{} {}", self.title(), self.number), self.period(), format!("数据摘要 SM3: {}", self.digest)];
        if !self.reason.is_empty() {
            head.push(format!("第 {} 版，更正原因 corrected: {}", self.version, self.reason));
        }
        for section in &self.sections {
            // The sheet has the Chinese name; the heading's number would only be in the way.
            let title = section.title.split_once('、').map_or(section.title, |(_, title)| title);
            let name = title.split_once(' ').map_or(title, |(zh, _)| zh);
            match &section.body {
                Body::Figures(figures) => {
                    book.sheet(name, vec![text("项目 Item"), text("数值 Figure")], &head)?;
                    for (_, name, cell) in figures {
                        book.row(&[(*name).into(), cell.clone()])?;
                    }
                }
                Body::Table(table) => {
                    book.sheet(name, table.columns.clone(), &head[..2])?;
                    table.rows.iter().try_for_each(|row| book.row(row))?;
                }
            }
        }
        book.finish(out)
    }
}
