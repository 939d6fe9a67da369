//! Changes of the book that two people make: one proposes, another approves, and then there is one more version.
//!
//! Each kind has a payload. [`validate`] tries it on the current book before it is proposed; [`execute`] tries it again,
//! on the book as it is then, in the transaction that approves it. A clearing date runs under the version that was
//! current when it was opened, so a change holds from the next one on; what has dates of its own (members, fee rules,
//! certificates) must name dates after every clearing date that was opened.

mod blacklist;
mod calendar;
mod certificate;
mod expected;
mod fee;
mod issuer;
mod member;
mod parameters;
mod psam;
mod schedule;
mod scheme;

pub use blacklist::{BlacklistAdd, BlacklistRemove, Card};
pub use calendar::{CalendarDay, CalendarSet, read_calendar};
pub use certificate::{CertificateRegister, CertificateRevoke};
pub use expected::{ExpectedRow, ExpectedSet};
pub use fee::{FeeAdd, FeeEdit, FeeEnd};
pub use issuer::{IssuerAdd, IssuerEdit, IssuerKey, IssuerRemove};
pub use member::{MemberAdd, MemberClose, MemberEdit, MemberResume, MemberSuspend};
pub use parameters::{ReserveSet, RulesSet};
pub use psam::{PsamAdd, PsamEdit, PsamRemove, PsamStop};
pub use schedule::{ScheduleRow, ScheduleSet};
pub use scheme::SchemeImport;

pub(crate) use blacklist::read_cards;
pub(crate) use certificate::check_key;

use crate::book::{Book, Delta, Difference, TableChange};
use crate::error::{BookCode, MemberError, RowFault, refuse};
use crate::form;
use crate::read::{Rows, current_book};
use crate::write::{Making, append};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::future::Future;
use tongka_access::{Approval, Owner, Proposal};
use tongka_base::date::from_days_since_epoch;
use tongka_base::{Clock, Date, DateTime};
use tongka_scheme::BlacklistEntry;
use tongka_storage::{Db, Scope, WriteTx, params};

/// A payload: what it does to the book.
pub(crate) trait Payload: Serialize + DeserializeOwned + Sync {
    /// What it is about.
    fn object(&self) -> String;

    /// One line in Chinese.
    fn summary(&self) -> String;

    /// Does it to a draft and returns how things were, in the form of the payload.
    fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> impl Future<Output = Result<Value, MemberError>> + Send;
}

/// The book while a change is tried on it.
pub(crate) struct Draft<'a, R> {
    pub(crate) rows: &'a mut R,
    pub(crate) book: Book,
    pub(crate) cards: Difference<BlacklistEntry>,
    /// Rows of a file that were left out because they say nothing new or nothing right.
    pub(crate) skipped: Vec<RowFault>,
    pub(crate) moment: Moment,
}

/// Where the clearing dates stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The last clearing date that was opened, closed or not.
    pub(crate) last: Option<Date>,
    pub(crate) now: DateTime,
}

impl Moment {
    async fn read<R: Rows>(rows: &mut R, clock: &dyn Clock) -> Result<Self, MemberError> {
        let row = rows.first("SELECT MAX(clearing_date) AS last FROM clearing_day", params![]).await?;
        let last = row.map_or(Ok(None), |row| row.opt_int("last"))?;
        let date = |days: i64| i32::try_from(days).ok().and_then(from_days_since_epoch);
        Ok(Self { last: last.and_then(date), now: clock.now() })
    }

    /// The first clearing date that can still be opened.
    pub(crate) fn next(&self) -> Date {
        self.last.and_then(|last| last.succ_opt()).unwrap_or_else(|| self.now.date())
    }

    /// Refuses a date that is not after every clearing date that was opened. Before the first one every date is good.
    pub(crate) fn check_ahead(&self, field: &str, date: Date) -> Result<(), MemberError> {
        match self.last.filter(|last| date <= *last) {
            None => Ok(()),
            Some(last) => refuse(
                BookCode::Past,
                field,
                format!("{date} 不晚于清算日 {last}"),
                format!("{date} is not after clearing date {last}"),
            ),
        }
    }

    /// The same for a last day: what held on an opened clearing date may end with it, not before.
    pub(crate) fn check_end(&self, field: &str, last_day: Date) -> Result<(), MemberError> {
        last_day.succ_opt().map_or(Ok(()), |after| self.check_ahead(field, after))
    }
}

/// A kind of change.
#[derive(Debug, Serialize)]
pub struct KindSpec {
    /// Its name: `member.fee.add`.
    pub kind: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Whether the payload says itself from when on it holds.
    pub dated: bool,
}

macro_rules! changes {
    ($($name:ident $kind:literal $zh:literal $en:literal $dated:literal),* $(,)?) => {
        /// Every kind of change.
        pub static KINDS: &[KindSpec] =
            &[$(KindSpec { kind: $kind, zh: $zh, en: $en, dated: $dated }),*];

        /// A change with its payload.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Change {
            $(#[doc = concat!("`", $kind, "` ", $zh, ", ", $en)] $name($name)),*
        }

        impl Change {
            /// Reads the payload of a kind.
            ///
            /// # Errors
            /// M02 names the field that is malformed, missing or unknown; M03 for an unknown kind.
            pub fn read(kind: &str, payload: &Value) -> Result<Self, MemberError> {
                match kind {
                    $($kind => read_payload(payload).map(Self::$name),)*
                    _ => refuse(BookCode::Kind, "kind", kind, kind),
                }
            }

            /// Its kind.
            pub fn kind(&self) -> &'static KindSpec {
                let kind = match self { $(Self::$name(_) => $kind),* };
                KINDS.iter().find(|spec| spec.kind == kind).expect("every change has its kind")
            }

            /// Its payload.
            pub fn payload(&self) -> Value {
                match self { $(Self::$name(payload) => serde_json::to_value(payload).expect("plain data")),* }
            }

            /// What it is about.
            pub fn object(&self) -> String {
                match self { $(Self::$name(payload) => payload.object()),* }
            }

            fn summary(&self) -> String {
                match self { $(Self::$name(payload) => payload.summary()),* }
            }

            async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
                match self { $(Self::$name(payload) => payload.apply(draft).await),* }
            }
        }
    };
}

changes! {
    MemberAdd "member.add" "新增成员" "add a member" true,
    MemberEdit "member.edit" "修改成员资料" "edit a member" true,
    MemberSuspend "member.suspend" "暂停成员" "suspend a member" true,
    MemberResume "member.resume" "恢复成员" "resume a member" true,
    MemberClose "member.close" "成员退出" "close a member" true,
    IssuerAdd "member.issuer.add" "新增发卡机构" "add an issuer" false,
    IssuerEdit "member.issuer.edit" "修改发卡机构" "edit an issuer" false,
    IssuerRemove "member.issuer.remove" "删除发卡机构" "remove an issuer" false,
    PsamAdd "member.psam.add" "新增PSAM号段" "add a PSAM range" false,
    PsamEdit "member.psam.edit" "修改PSAM号段" "edit a PSAM range" false,
    PsamStop "member.psam.stop" "停用PSAM号段" "stop a PSAM range" false,
    PsamRemove "member.psam.remove" "删除PSAM号段" "remove a PSAM range" false,
    FeeAdd "member.fee.add" "新增费率" "add a fee rule" true,
    FeeEdit "member.fee.edit" "修改未生效的费率" "edit a fee rule that is yet to come" true,
    FeeEnd "member.fee.end" "终止费率" "end a fee rule" true,
    ReserveSet "member.reserve.set" "设置备付金额度" "set the lines of a reserve" false,
    RulesSet "member.rules.set" "设置清分规则" "set the rules" false,
    BlacklistAdd "member.blacklist.add" "黑名单增加" "list cards" false,
    BlacklistRemove "member.blacklist.remove" "黑名单解除" "take cards off the list" false,
    CertificateRegister "member.certificate.register" "登记证书" "register a certificate" true,
    CertificateRevoke "member.certificate.revoke" "吊销证书" "revoke a certificate" false,
    CalendarSet "member.calendar.set" "设置银行日历" "set the bank calendar of a year" true,
    ScheduleSet "member.schedule.set" "设置清算时间" "set the clearing schedule" false,
    ExpectedSet "member.expected.set" "设置应到文件" "set the expected files of a member" false,
    SchemeImport "member.scheme.import" "导入规则文件" "import a scheme file" false,
}

fn read_payload<T: DeserializeOwned>(payload: &Value) -> Result<T, MemberError> {
    serde_path_to_error::deserialize(payload).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { String::new() } else { path };
        let text = error.inner().to_string();
        MemberError::refused(BookCode::Payload, field, text.clone(), text)
    })
}

/// Plain data as JSON.
fn shown<T: Serialize>(form: T) -> Value {
    serde_json::to_value(form).expect("plain data")
}

/// A change that was tried and fits.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// Kind.
    pub kind: &'static str,
    /// What it is about.
    pub object: String,
    /// One line in Chinese; with the first clearing date where the payload has no date of its own.
    pub summary: String,
    /// How things are, in the form of the payload.
    pub before: Value,
    /// The payload.
    pub after: Value,
    /// The first clearing date that runs under it.
    #[serde(serialize_with = "form::date::serialize")]
    pub first_clearing_date: Date,
    /// On which day it is to be carried out; nothing for at once.
    #[serde(serialize_with = "form::date::option::serialize")]
    pub effective_on: Option<Date>,
    /// Rows that it changes.
    pub tables: Vec<TableChange>,
    /// Rows of its file that are left out.
    pub skipped: Vec<RowFault>,
}

impl Checked {
    /// As a proposal. Scheme changes belong to the centre.
    pub fn proposal(&self, request_key: Option<String>) -> Proposal {
        Proposal {
            kind: self.kind,
            owner: Owner::Centre,
            object: self.object.clone(),
            summary: self.summary.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            effective_on: self.effective_on,
            request_key,
        }
    }
}

/// What trying a change gave.
struct Tried {
    before: Value,
    delta: Delta,
    skipped: Vec<RowFault>,
    moment: Moment,
}

async fn try_on<R: Rows>(rows: &mut R, change: &Change, clock: &dyn Clock) -> Result<Tried, MemberError> {
    let book = current_book(rows).await?;
    let moment = Moment::read(rows, clock).await?;
    let mut draft = Draft { rows, book: book.clone(), cards: Difference::default(), skipped: Vec::new(), moment };
    let before = change.apply(&mut draft).await?;
    if let Some(fault) = draft.book.faults().first() {
        return refuse(
            BookCode::Rule,
            fault.field,
            format!("{} {} {}", fault.code, fault.entry, fault.reason_zh),
            format!("{} {} {}", fault.code, fault.entry, fault.reason_en),
        );
    }
    let delta = Delta { cards: draft.cards, ..book.delta(&draft.book) };
    if delta.is_empty() {
        return refuse(BookCode::Nothing, "", "与当前版本相同", "equal to the current version");
    }
    Ok(Tried { before, delta, skipped: draft.skipped, moment })
}

/// Tries a change on the current book and changes nothing: what a proposer sees before proposing.
///
/// `effective_on` is the first clearing date that shall run under it, where that is not the next one; for kinds whose
/// payload has dates of its own it must be absent.
///
/// # Errors
/// M02 to M20 with the field at fault; what the database says.
pub async fn validate(
    db: &Db,
    kind: &str,
    payload: &Value,
    effective_on: Option<Date>,
    clock: &dyn Clock,
) -> Result<Checked, MemberError> {
    let change = Change::read(kind, payload)?;
    let mut rows = db.begin_read(Scope::Platform).await?;
    let tried = try_on(&mut rows, &change, clock).await?;
    if let Some(date) = effective_on {
        tried.moment.check_ahead("effective_on", date)?;
        if change.kind().dated {
            let (zh, en) = ("此种变更的日期写在内容中", "a change of this kind has its dates in the payload");
            return refuse(BookCode::Value, "effective_on", zh, en);
        }
    }
    let next = tried.moment.next();
    let first = effective_on.unwrap_or(next);
    let summary = change.summary();
    Ok(Checked {
        kind: change.kind().kind,
        object: change.object(),
        summary: if change.kind().dated { summary } else { format!("{summary}（自清算日 {first} 起）") },
        before: tried.before,
        after: change.payload(),
        first_clearing_date: first,
        effective_on: effective_on.filter(|date| *date > next),
        tables: tried.delta.tables(),
        skipped: tried.skipped,
    })
}

/// Carries out an approved change in the approver's transaction: one more version, with its audit entry.
///
/// # Errors
/// As [`validate`]; the proposal then stays open.
pub async fn execute(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, MemberError> {
    let change = Change::read(&approval.kind, &approval.after)?;
    let tried = try_on(tx, &change, clock).await?;
    let making = Making {
        by: approval.decider.as_ref().map_or(&approval.proposer.login, |decider| &decider.login),
        approval: Some(approval.id),
        kind: change.kind().kind,
        note: &approval.summary,
    };
    let version = append(tx, &tried.delta, &making, clock).await?;
    if let Change::CertificateRegister(register) = &change {
        register.settle_upload(tx).await?;
    }
    Ok(json!({
        "version": version.number,
        "digest": version.digest,
        "first_clearing_date": tried.moment.next().to_string(),
        "skipped_rows": tried.skipped.len(),
    }))
}
