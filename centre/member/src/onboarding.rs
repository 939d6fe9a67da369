//! Onboarding (接入) of a member: steps from the contract to the first clearing date, shown to both sides.
//!
//! Some steps are seen in the book itself, the others are ticked by the centre's people. Begins before the member is in
//! the book.

use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use std::collections::BTreeMap;
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, MemberCode};
use tongka_storage::{Db, Scope, WriteTx, params};

/// A step.
#[derive(Debug)]
pub struct StepSpec {
    /// Name.
    pub step: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// What is counted in the book: the step is done when there is one. `None`: people tick it.
    seen_in: Option<&'static str>,
}

const fn ticked(step: &'static str, zh: &'static str, en: &'static str) -> StepSpec {
    StepSpec { step, zh, en, seen_in: None }
}

const fn seen(step: &'static str, zh: &'static str, en: &'static str, sql: &'static str) -> StepSpec {
    StepSpec { step, zh, en, seen_in: Some(sql) }
}

/// The steps in their order.
pub static STEPS: &[StepSpec] = &[
    ticked("contract", "签订协议，收齐资料", "contract signed, papers complete"),
    seen(
        "member",
        "分配成员代码",
        "member code given",
        "SELECT COUNT(*) AS n FROM scheme_member WHERE code = $1 AND to_version IS NULL",
    ),
    seen(
        "issuer",
        "登记发卡机构",
        "issuer registered",
        "SELECT COUNT(*) AS n FROM scheme_issuer WHERE member = $1 AND to_version IS NULL",
    ),
    seen(
        "psam",
        "分配PSAM号段",
        "PSAM range given",
        "SELECT COUNT(*) AS n FROM scheme_psam_range WHERE member = $1 AND to_version IS NULL",
    ),
    seen(
        "certificate",
        "登记证书",
        "certificate registered",
        "SELECT COUNT(*) AS n FROM scheme_certificate WHERE member = $1 AND to_version IS NULL AND revoked = 0",
    ),
    seen(
        "reserve",
        "设置备付金额度",
        "reserve lines set",
        "SELECT COUNT(*) AS n FROM scheme_reserve WHERE member = $1 AND to_version IS NULL",
    ),
    ticked("keys", "交换密钥，核对校验值", "keys exchanged, check values compared"),
    ticked("link", "传输通道联通", "transfer channel works"),
    ticked("test_files", "测试文件全部通过", "all test files passed"),
    ticked("go_live", "确定上线日期", "date of going live agreed"),
];

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// To be done.
    Open,
    /// Under way.
    Doing,
    /// Done.
    Done,
}

impl StepState {
    /// The word in the database and in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Doing => "doing",
            Self::Done => "done",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Doing, Self::Done].into_iter().find(|state| state.word() == word)
    }
}

/// A step of a member.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StepRecord {
    /// Name.
    pub step: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Whether it is seen in the book, and cannot be ticked.
    pub automatic: bool,
    /// Where it stands.
    pub state: StepState,
    /// Date that belongs to it: of the contract, of going live.
    #[serde(serialize_with = "form::date::option::serialize")]
    pub on_date: Option<Date>,
    /// What people noted.
    pub note: String,
    /// When it was changed last.
    pub changed_at: Option<String>,
    /// By whom.
    pub changed_by: Option<String>,
}

/// A member on its way in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Onboarding {
    /// Code, as text of eight digits.
    pub member: String,
    /// Name.
    pub name: String,
    /// When it began.
    pub started_at: String,
    /// By whom.
    pub started_by: String,
    /// Its steps in order.
    pub steps: Vec<StepRecord>,
}

/// Begins the onboarding of a member.
///
/// # Errors
/// M07 when it was begun before, M19 for a name; what the database says.
pub async fn start_onboarding(
    db: &Db,
    member: MemberCode,
    name: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<(), MemberError> {
    if [MemberCode::CENTRE, MemberCode::UNROUTED].contains(&member) {
        return refuse(BookCode::Value, "member", "成员代码不可用", "not a code that a member can have");
    }
    check_note("name", name, 1, 60)?;
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "INSERT INTO onboarding (member, name, started_at, started_by) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (member) DO NOTHING";
    if tx.execute(sql, params![member, name, format_date_time(clock.now()), by]).await? == 0 {
        return refuse(BookCode::Exists, "member", "接入已开始", "its onboarding was begun before");
    }
    commit(tx, member, by, "member.onboarding.start", name, clock).await
}

/// Notes where a step of a member stands. Steps that are seen in the book are refused.
///
/// # Errors
/// M06 for an unknown step or member, M13 for a step that is seen in the book, M19 for a text; what the database says.
pub async fn note_step(
    db: &Db,
    member: MemberCode,
    step: &str,
    state: StepState,
    on_date: Option<Date>,
    note: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<(), MemberError> {
    check_note("note", note, 0, 200)?;
    let Some(spec) = STEPS.iter().find(|spec| spec.step == step) else {
        return refuse(BookCode::NotFound, "step", "没有此步骤", "there is no such step");
    };
    if spec.seen_in.is_some() {
        return refuse(BookCode::State, "step", "此步骤由系统判定", "the book itself says where this step stands");
    }
    let mut tx = tongka_audit::begin(db).await?;
    if tx.fetch_optional("SELECT member FROM onboarding WHERE member = $1", params![member]).await?.is_none() {
        return refuse(BookCode::NotFound, "member", "接入尚未开始", "its onboarding was not begun");
    }
    let sql = "INSERT INTO onboarding_step (member, step, state, on_date, note, changed_at, changed_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (member, step) DO UPDATE SET \
               state = excluded.state, on_date = excluded.on_date, note = excluded.note, \
               changed_at = excluded.changed_at, changed_by = excluded.changed_by";
    let at = format_date_time(clock.now());
    let values = params![member, step, state.word(), on_date.map(days_since_epoch), note, at, by];
    tx.execute(sql, values).await?;
    let detail = format!("{step} {} {note}", state.word());
    commit(tx, member, by, "member.onboarding.step", &detail, clock).await
}

fn check_note(field: &str, text: &str, least: usize, most: usize) -> Result<(), MemberError> {
    if (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let (zh, en) = (format!("{least} 至 {most} 个字符"), format!("{least} to {most} characters"));
    refuse(BookCode::Value, field, zh, en)
}

async fn commit(
    tx: WriteTx,
    member: MemberCode,
    actor: &str,
    action: &str,
    detail: &str,
    clock: &dyn Clock,
) -> Result<(), MemberError> {
    let object = member.to_string();
    let deed = Deed { owner: i64::from(member.0), actor, action, object: &object, outcome: "ok", detail };
    Ok(tongka_audit::commit(tx, &deed, clock).await?)
}

/// Members on their way in, those begun last first. A member sees itself.
///
/// # Errors
/// What the database says.
pub async fn onboardings(db: &Db, scope: Scope) -> Result<Vec<Onboarding>, MemberError> {
    let mut rows = db.begin_read(scope).await?;
    let sql = "SELECT member, name, started_at, started_by FROM onboarding WHERE {scope:member} \
               ORDER BY started_at DESC, member";
    let mut found = Vec::new();
    for row in rows.fetch_all(sql, params![]).await? {
        let member = MemberCode(u32::try_from(row.int("member")?).unwrap_or_default());
        let sql = "SELECT step, state, on_date, note, changed_at, changed_by FROM onboarding_step \
                   WHERE member = $1 AND {scope:member}";
        let mut noted = BTreeMap::new();
        for step in rows.fetch_all(sql, params![member]).await? {
            noted.insert(step.text("step")?, step);
        }
        let mut steps = Vec::new();
        for spec in STEPS {
            let mut record = StepRecord {
                step: spec.step,
                zh: spec.zh,
                en: spec.en,
                automatic: spec.seen_in.is_some(),
                state: StepState::Open,
                on_date: None,
                note: String::new(),
                changed_at: None,
                changed_by: None,
            };
            if let Some(sql) = spec.seen_in {
                // The count is of the member's own rows: `{scope:$1}` says so to a narrow scope.
                let sql = format!("{sql} AND {{scope:$1}}");
                if rows.fetch_one(&sql, params![member]).await?.int("n")? > 0 {
                    record.state = StepState::Done;
                }
            } else if let Some(step) = noted.get(spec.step) {
                let word = step.text("state")?;
                record.state = StepState::from_word(&word).ok_or_else(|| MemberError::broken("onboarding_step"))?;
                let days = step.opt_int("on_date")?.and_then(|days| i32::try_from(days).ok());
                record.on_date = days.and_then(from_days_since_epoch);
                record.note = step.text("note")?;
                record.changed_at = Some(step.text("changed_at")?);
                record.changed_by = Some(step.text("changed_by")?);
            }
            steps.push(record);
        }
        found.push(Onboarding {
            member: member.to_string(),
            name: row.text("name")?,
            started_at: row.text("started_at")?,
            started_by: row.text("started_by")?,
            steps,
        });
    }
    Ok(found)
}
