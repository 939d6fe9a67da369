//! Statements (camt.053) and notifications (camt.054) of the bank, all published versions.
//!
//! A bank may gather several transactions into one entry: each is a line of its own here, and their amounts must make the
//! amount of the entry.

use super::error::{IsoCode, IsoError, shown};
use super::order_read::time_of;
use super::value::{amount_of, is_credit, opt_date};
use super::xml::{Element, Limits, Step, Walker};
use std::io::{BufRead, Cursor};
use tongka_base::date::DateTime;
use tongka_base::{Date, Fen};

/// Whether the money of an entry moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryStatus {
    /// BOOK: it moved.
    Booked,
    /// PDNG, FUTR: expected.
    Pending,
    /// INFO: told only.
    Information,
}

/// One line of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number within the statement or notification, from 1, in its order.
    pub number: u32,
    /// Amount, zero or more.
    pub amount: Fen,
    /// Whether the account's balance grows by it.
    pub is_credit: bool,
    /// Whether it undoes an earlier one.
    pub is_reversal: bool,
    /// Whether the money moved.
    pub status: EntryStatus,
    /// When it was booked.
    pub booked_on: Option<Date>,
    /// From when it counts.
    pub valued_on: Option<Date>,
    /// The id that the payment's sender gave it.
    pub reference: Option<String>,
    /// The bank's own reference.
    pub bank_reference: Option<String>,
    /// The bank's reason for sending money back.
    pub return_reason: Option<String>,
    /// Name of the other party.
    pub party: Option<String>,
    /// Account of the other party.
    pub party_account: Option<String>,
    /// What it is for.
    pub remittance: String,
}

impl Entry {
    /// By how much the account's balance changes.
    pub fn signed(&self) -> i128 {
        let amount = i128::from(self.amount.0);
        if self.is_credit { amount } else { -amount }
    }
}

/// A statement (对账单) without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementHead {
    /// The bank's id of it.
    pub id: String,
    /// The bank's running number, where it gives one.
    pub sequence: Option<u64>,
    /// When it was made.
    pub created_at: Option<DateTime>,
    /// Account number.
    pub account: String,
    /// First and last day.
    pub days: Option<(Date, Date)>,
    /// Booked balance at the beginning, signed.
    pub opening: Fen,
    /// Booked balance at the end, signed.
    pub closing: Fen,
    /// Date of the closing balance.
    pub closing_on: Option<Date>,
}

/// A statement of one account that adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// All but the entries.
    pub head: StatementHead,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A notification (入账通知) about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The bank's id of it.
    pub id: String,
    /// Account number.
    pub account: String,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// Reads a camt.053 with any number of statements.
///
/// # Errors
/// B01–B07.
pub fn read_statements(bytes: &[u8]) -> Result<Vec<Statement>, IsoError> {
    let mut statements = Vec::new();
    let mut entries = Vec::new();
    let each = |part: Part| {
        match part {
            Part::Entry(entry) => entries.push(entry),
            Part::End(head) => statements.push(Statement { head, entries: std::mem::take(&mut entries) }),
        }
        Ok::<(), IsoError>(())
    };
    stream(Cursor::new(bytes), each)?;
    Ok(statements)
}

/// Reads a camt.053 of any length: each entry is handed over as it comes, the head when its statement ended and added up.
/// What was handed over of a statement whose head never comes must not be used.
///
/// # Errors
/// B01–B07; what `entry` and `end` refuse with.
pub fn stream_statements<E: From<IsoError>>(
    input: impl BufRead,
    mut entry: impl FnMut(Entry) -> Result<(), E>,
    mut end: impl FnMut(StatementHead) -> Result<(), E>,
) -> Result<(), E> {
    stream(input, |part| match part {
        Part::Entry(read) => entry(read),
        Part::End(head) => end(head),
    })
}

enum Part {
    Entry(Entry),
    End(StatementHead),
}

/// What is known of a statement so far.
#[derive(Default)]
struct Running {
    trees: Element,
    sum: i128,
    lines: u32,
    entries: u64,
}

fn stream<E: From<IsoError>>(input: impl BufRead, mut each: impl FnMut(Part) -> Result<(), E>) -> Result<(), E> {
    let containers = ["Document", "BkToCstmrStmt", "Stmt"];
    let mut walker = Walker::open(input, &Limits::default(), &containers)?;
    let mut is_statement = false;
    let mut running: Option<Running> = None;
    let mut heads = 0;
    while let Some(step) = walker.next()? {
        match step {
            Step::Open(name) if name == "BkToCstmrStmt" => is_statement = true,
            Step::Open(name) if name == "Stmt" => running = Some(Running::default()),
            Step::Tree(tree) => {
                let Some(statement) = &mut running else { continue };
                if tree.name() == "Ntry" {
                    statement.entries += 1;
                    for line in lines_of(&tree, &mut statement.lines)? {
                        if line.status == EntryStatus::Booked {
                            statement.sum += line.signed();
                        }
                        each(Part::Entry(line))?;
                    }
                } else if matches!(
                    tree.name(),
                    "Id" | "ElctrncSeqNb" | "LglSeqNb" | "CreDtTm" | "FrToDt" | "Acct" | "Bal" | "TxsSummry"
                ) {
                    if heads >= MOST_HEADS {
                        return Err(IsoError::new(IsoCode::Limit, "too many balances").into());
                    }
                    heads += 1;
                    statement.trees.adopt(vec![tree]);
                }
            }
            Step::Close(name) if name == "Stmt" => {
                heads = 0;
                let statement = running.take().expect("it was opened");
                each(Part::End(statement.end()?))?;
            }
            Step::Open(_) | Step::Close(_) => {}
        }
    }
    if is_statement { Ok(()) } else { Err(IsoError::new(IsoCode::Message, walker.message()).into()) }
}

/// Most trees kept of a statement besides its entries.
const MOST_HEADS: usize = 200;

impl Running {
    fn end(self) -> Result<StatementHead, IsoError> {
        let (trees, id) = (&self.trees, self.trees.opt("Id").unwrap_or_default());
        let (opening, _) = balance(trees, &["OPBD", "PRCD"])?;
        let (closing, closing_on) = balance(trees, &["CLBD"])?;
        let off = i128::from(opening.0) + self.sum - i128::from(closing.0);
        let unbalanced = |what: String| IsoError::new(IsoCode::Balance, format!("{}: {what}", shown(id)));
        if off != 0 {
            return Err(unbalanced(format!(
                "期初 opening {opening} + 发生 booked {} ≠ 期末 closing {closing}",
                self.sum
            )));
        }
        if let Some(count) = trees.opt("TxsSummry/TtlNtries/NbOfNtries").filter(|n| n.parse() != Ok(self.entries)) {
            return Err(unbalanced(format!("{} entries, it says {}", self.entries, shown(count))));
        }
        let days = match (day(trees, "Fr")?, day(trees, "To")?) {
            (Some(from), Some(to)) => Some((from, to)),
            _ => None,
        };
        Ok(StatementHead {
            id: text(trees.need("Id")?, 35),
            sequence: trees.opt_of(&["ElctrncSeqNb", "LglSeqNb"]).and_then(|n| n.parse().ok()),
            created_at: trees.opt("CreDtTm").map(|_| time_of(trees)).transpose()?,
            account: account_of(trees, "Acct")?,
            days,
            opening,
            closing,
            closing_on,
        })
    }
}

fn day(trees: &Element, which: &str) -> Result<Option<Date>, IsoError> {
    for suffix in ["DtTm", "Dt"] {
        let path = format!("FrToDt/{which}{suffix}");
        if trees.find(&path).is_some() {
            return opt_date(trees, &path);
        }
    }
    Ok(None)
}

/// The balance of the first of the types that is there, signed, and its date.
fn balance(trees: &Element, types: &[&str]) -> Result<(Fen, Option<Date>), IsoError> {
    for wanted in types {
        let found = trees.all("Bal").find(|b| b.opt("Tp/CdOrPrtry/Cd") == Some(wanted));
        if let Some(balance) = found {
            let amount = amount_of(balance, "Amt")?;
            let signed = if is_credit(balance)? { amount.0 } else { -amount.0 };
            return Ok((Fen(signed), opt_date(balance, "Dt")?));
        }
    }
    Err(IsoError::field("Bal", format!("{} 缺失 missing", types[0])))
}

fn account_of(tree: &Element, path: &str) -> Result<String, IsoError> {
    let account = tree.find(path).and_then(|a| a.opt_of(&["Id/Othr/Id", "Id/IBAN", "Id/PrtryAcct/Id"]));
    account.map(|number| text(number, 34)).ok_or_else(|| IsoError::field(path, "账号缺失 no account number"))
}

fn text(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// The lines of an entry: one, or one for each transaction that the bank gathered into it.
fn lines_of(tree: &Element, lines: &mut u32) -> Result<Vec<Entry>, IsoError> {
    let status = tree.opt_of(&["Sts/Cd", "Sts"]).unwrap_or("BOOK");
    let status = match status {
        "BOOK" => EntryStatus::Booked,
        "PDNG" | "FUTR" => EntryStatus::Pending,
        "INFO" => EntryStatus::Information,
        other => return Err(IsoError::field("Sts", shown(other))),
    };
    let reversal = match tree.opt("RvslInd").unwrap_or("false") {
        "true" | "1" => true,
        "false" | "0" => false,
        other => return Err(IsoError::field("RvslInd", shown(other))),
    };
    let total = amount_of(tree, "Amt")?;
    let whole = Entry {
        number: 0,
        amount: total,
        is_credit: is_credit(tree)?,
        is_reversal: reversal,
        status,
        booked_on: opt_date(tree, "BookgDt")?,
        valued_on: opt_date(tree, "ValDt")?,
        reference: None,
        bank_reference: tree.opt_of(&["AcctSvcrRef", "NtryRef"]).map(|r| text(r, 35)),
        return_reason: None,
        party: None,
        party_account: None,
        remittance: tree.opt("AddtlNtryInf").map(|t| text(t, 140)).unwrap_or_default(),
    };
    let details: Vec<&Element> = tree.all("NtryDtls").flat_map(|d| d.all("TxDtls")).collect();
    let mut found = Vec::with_capacity(details.len().max(1));
    match details.as_slice() {
        [] => found.push(whole),
        [one] => found.push(detailed(&whole, one, None)?),
        many => {
            let mut sum = 0;
            for detail in many {
                let path =
                    ["Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"].into_iter().find(|p| detail.find(p).is_some());
                let path = path.ok_or_else(|| IsoError::field("TxDtls", "汇总分录的明细缺少金额 no amount"))?;
                let amount = amount_of(detail, path)?;
                let same_side = detail.find("CdtDbtInd").map_or(Ok(whole.is_credit), |_| is_credit(detail))?;
                let line = Entry { is_credit: same_side, ..detailed(&whole, detail, Some(amount))? };
                sum += line.signed();
                found.push(line);
            }
            if sum != whole.signed() {
                let detail = format!("分录 entry {total}，明细合计 its transactions {sum} fen");
                return Err(IsoError::new(IsoCode::Balance, detail));
            }
        }
    }
    for line in &mut found {
        *lines += 1;
        line.number = *lines;
    }
    Ok(found)
}

fn detailed(whole: &Entry, detail: &Element, amount: Option<Fen>) -> Result<Entry, IsoError> {
    let reference = detail.opt_of(&["Refs/EndToEndId", "Refs/InstrId", "Refs/TxId"]);
    let (party, account) = if whole.is_credit { ("Dbtr", "DbtrAcct") } else { ("Cdtr", "CdtrAcct") };
    let name = |who: &str| {
        detail
            .opt(&format!("RltdPties/{who}/Nm"))
            .or_else(|| detail.opt(&format!("RltdPties/{who}/Pty/Nm")))
            .map(|name| text(name, 140))
    };
    let mut remittance: Vec<&str> = detail.all("RmtInf").flat_map(|r| r.all("Ustrd")).map(Element::text).collect();
    remittance.extend(detail.opt_of(&["RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef"]));
    let remittance = if remittance.is_empty() { whole.remittance.clone() } else { text(&remittance.join(" "), 140) };
    Ok(Entry {
        amount: amount.unwrap_or(whole.amount),
        reference: reference.filter(|r| *r != "NOTPROVIDED").map(|r| text(r, 35)),
        bank_reference: detail.opt("Refs/AcctSvcrRef").map(|r| text(r, 35)).or_else(|| whole.bank_reference.clone()),
        return_reason: detail.opt_of(&["RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"]).map(|r| text(r, 35)),
        party: name(party),
        party_account: account_of(detail, &format!("RltdPties/{account}")).ok(),
        remittance,
        ..whole.clone()
    })
}

/// Reads a camt.054 with any number of notifications.
///
/// # Errors
/// B01–B07.
pub fn read_notifications(bytes: &[u8]) -> Result<Vec<Notification>, IsoError> {
    let containers = ["Document", "BkToCstmrDbtCdtNtfctn", "Ntfctn"];
    let mut walker = Walker::open(Cursor::new(bytes), &Limits::default(), &containers)?;
    let mut is_notification = false;
    let mut notifications = Vec::new();
    let mut running: Option<(Element, Vec<Entry>, u32)> = None;
    while let Some(step) = walker.next()? {
        match step {
            Step::Open(name) if name == "BkToCstmrDbtCdtNtfctn" => is_notification = true,
            Step::Open(name) if name == "Ntfctn" => running = Some((Element::default(), Vec::new(), 0)),
            Step::Tree(tree) => match &mut running {
                Some((_, entries, lines)) if tree.name() == "Ntry" => entries.extend(lines_of(&tree, lines)?),
                Some((trees, ..)) if matches!(tree.name(), "Id" | "Acct") => trees.adopt(vec![tree]),
                _ => {}
            },
            Step::Close(name) if name == "Ntfctn" => {
                let (trees, entries, _) = running.take().expect("it was opened");
                let (id, account) = (text(trees.need("Id")?, 35), account_of(&trees, "Acct")?);
                notifications.push(Notification { id, account, entries });
            }
            Step::Open(_) | Step::Close(_) => {}
        }
    }
    if is_notification { Ok(notifications) } else { Err(IsoError::new(IsoCode::Message, walker.message())) }
}
