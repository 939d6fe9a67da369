//! Writing: a case and its stages, each with its adjustment, in the caller's transaction.

use super::parameters::rules_in;
use super::{Case, damaged, load, next_id, no_case};
use crate::DisputeError;
use crate::rules::{Act, CaseRules, Edge, Money, Parties, State, Who, edge};
use serde::{Deserialize, Serialize};
use tongka_base::date::{days_since_epoch, format_date, format_date_time, from_days_since_epoch};
use tongka_base::{BankCalendar, Clock, Date, Fen, MemberCode};
use tongka_engine::adjust::{NewAdjustment, Origin, approve};
use tongka_storage::{WriteTx, params};

/// What is known of the record, for good: what was cleared or returned does not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) upload: String,
    pub(crate) record_no: u32,
    pub(crate) gap: Option<i64>,
    /// Days since 1970-01-01.
    pub(crate) clearing_day: i32,
    pub(crate) acquirer: u32,
    pub(crate) issuer: u32,
    pub(crate) card: String,
    pub(crate) amount_fen: i64,
    /// Whether it was cleared; else it was returned or lost.
    pub(crate) cleared: bool,
}

impl Facts {
    fn what(&self) -> String {
        self.gap.map_or_else(|| format!("{}#{}", self.upload, self.record_no), |gap| format!("断点 gap {gap}"))
    }
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'a> {
    /// Their member; the centre's people and the calendar are the centre.
    pub(crate) member: MemberCode,
    pub(crate) person: &'a str,
    pub(crate) approval: Option<i64>,
}

/// What they say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say<'a> {
    pub(crate) reason: Option<u8>,
    pub(crate) note: &'a str,
    /// The disputed amount where one is to be named; of a ruling, what whom the case is for shall have.
    pub(crate) amount: Option<Fen>,
}

/// What every deed needs to know.
struct Ground {
    rules: CaseRules,
    calendar: BankCalendar,
    today: Date,
    now: String,
}

impl Ground {
    async fn of(tx: &mut WriteTx, clock: &dyn Clock) -> Result<Self, DisputeError> {
        let (rules, calendar) = (rules_in(tx).await?, tongka_member::bank_calendar_in(tx).await?);
        Ok(Self { rules, calendar, today: clock.now().date(), now: format_date_time(clock.now()) })
    }

    fn deadline(&self, edge: &Edge) -> Result<Option<Date>, DisputeError> {
        let last = |span| {
            let day = self.rules.last_day(&self.calendar, self.today, span);
            day.ok_or_else(|| damaged("calendar"))
        };
        edge.deadline.map(last).transpose()
    }
}

/// Opens a case.
pub(crate) async fn open(
    tx: &mut WriteTx,
    facts: &Facts,
    act: Act,
    by: By<'_>,
    say: Say<'_>,
    clock: &dyn Clock,
) -> Result<Case, DisputeError> {
    let ground = Ground::of(tx, clock).await?;
    let not_now = || DisputeError::NotNow(format!("{} {}", act.name_zh(), act.word()));
    let edge = edge(None, act).ok_or_else(not_now)?;
    let parties = Parties { acquirer: MemberCode(facts.acquirer), issuer: MemberCode(facts.issuer), opener: by.member };
    if parties.acquirer == parties.issuer {
        return Err(DisputeError::NotDisputable(format!(
            "本机构卡在本机构终端 own card at own terminal: {}",
            facts.what()
        )));
    }
    if !parties.is(by.member, edge.by) {
        return Err(not_now());
    }
    if facts.cleared == (act == Act::Claim) {
        let what =
            if facts.cleared { "已清算，无需请款 cleared: nothing to claim" } else { "未清算 not cleared" };
        return Err(DisputeError::NotDisputable(format!("{what}: {}", facts.what())));
    }
    let clearing_date = from_days_since_epoch(facts.clearing_day).ok_or_else(|| damaged("clearing_day"))?;
    if let Some(span) = edge.window {
        let last = ground.rules.last_day(&ground.calendar, clearing_date, span).ok_or_else(|| damaged("calendar"))?;
        late(ground.today, Some(last))?;
    }
    let same_type = "SELECT number FROM dispute_case WHERE upload_name = $1 AND record_no = $2 AND \
                     COALESCE(gap, 0) = $3 AND opened_as = $4 AND state <> 'closed'";
    let same = params![facts.upload.as_str(), facts.record_no, facts.gap.unwrap_or(0), act.word()];
    if let Some(row) = tx.fetch_optional(same_type, same).await? {
        return Err(DisputeError::Twice(row.text("number")?));
    }
    once(tx, facts.upload.as_str(), facts.record_no, facts.gap, act).await?;
    let amount = Fen(facts.amount_fen);
    let left = match act {
        Act::Claim | Act::ClaimFee => amount,
        _ => amount.checked_sub(given_back(tx, &facts.upload, facts.record_no).await?)?,
    };
    let disputed = say.amount.unwrap_or(left);
    // An entry tap of nothing may be asked about.
    if act != Act::Inquire || disputed != Fen::ZERO {
        within(disputed, left)?;
    }
    if let Some(gap) = facts.gap
        && !is_open(tx, gap).await?
    {
        return Err(DisputeError::NotDisputable(format!("断点已关闭 the gap is closed: {gap}")));
    }
    let id = next_id(tx, "dispute_case").await?;
    let case = Case {
        id,
        number: format!("D{}{id:06}", format_date(ground.today)),
        upload: facts.upload.clone(),
        record_no: facts.record_no,
        gap: facts.gap,
        clearing_date,
        parties,
        opened_as: act,
        card: facts.card.clone(),
        amount,
        disputed,
        held: Fen::ZERO,
        state: edge.to,
        outcome: None,
        deadline: None,
        opened_at: ground.now.clone(),
        closed_at: None,
    };
    tx.execute(
        "INSERT INTO dispute_case (id, number, upload_name, record_no, gap, clearing_date, acquirer, issuer, opener, \
         opened_as, card, amount_fen, disputed_fen, held_fen, state, opened_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15)",
        params![
            id,
            case.number.as_str(),
            case.upload.as_str(),
            case.record_no,
            case.gap,
            facts.clearing_day,
            parties.acquirer,
            parties.issuer,
            parties.opener,
            act.word(),
            case.card.as_str(),
            amount,
            disputed,
            case.state.word(),
            case.opened_at.as_str()
        ],
    )
    .await?;
    add_stage(tx, &ground, case, edge, by, say, clock).await
}

/// Does the next deed in a case.
pub(crate) async fn step(
    tx: &mut WriteTx,
    number: &str,
    act: Act,
    by: By<'_>,
    say: Say<'_>,
    clock: &dyn Clock,
) -> Result<Case, DisputeError> {
    let ground = Ground::of(tx, clock).await?;
    let mut case = load(tx, number).await?;
    if by.member != MemberCode::CENTRE && !case.parties.is(by.member, Who::Either) {
        return Err(no_case(number));
    }
    let not_now = |case: &Case| {
        DisputeError::NotNow(format!("{} {}，{} {}", case.number, case.state.name_zh(), act.name_zh(), act.word()))
    };
    let edge = edge(Some(case.state), act).ok_or_else(|| not_now(&case))?;
    match edge.by {
        Who::Calendar => {
            if case.deadline.is_none_or(|last| ground.today <= last) {
                return Err(not_now(&case));
            }
        }
        Who::Centre if by.member == MemberCode::CENTRE => {}
        who if case.parties.is(by.member, who) => late(ground.today, case.deadline)?,
        _ => return Err(not_now(&case)),
    }
    if matches!(act, Act::ChargeBack | Act::Credit) {
        once(tx, &case.upload, case.record_no, case.gap, act).await?;
        let left = case.amount.checked_sub(given_back(tx, &case.upload, case.record_no).await?)?;
        case.disputed = within(say.amount.unwrap_or(case.disputed.min(left)), left)?;
        let sql = "UPDATE dispute_case SET disputed_fen = $2 WHERE id = $1";
        tx.execute(sql, params![case.id, case.disputed]).await?;
    }
    add_stage(tx, &ground, case, edge, by, say, clock).await
}

fn late(today: Date, last: Option<Date>) -> Result<(), DisputeError> {
    match last.filter(|last| today > *last) {
        Some(last) => Err(DisputeError::Late(last)),
        None => Ok(()),
    }
}

fn within(amount: Fen, left: Fen) -> Result<Fen, DisputeError> {
    if amount <= Fen::ZERO || amount > left { Err(DisputeError::OverAmount { amount, left }) } else { Ok(amount) }
}

/// Whether a gap still waits for its records.
async fn is_open(tx: &mut WriteTx, gap: i64) -> Result<bool, DisputeError> {
    let sql = "SELECT id FROM card_gap WHERE id = $1 AND state = 'open'";
    Ok(tx.fetch_optional(sql, params![gap]).await?.is_some())
}

/// A record is charged back once and claimed once, unless that was withdrawn.
async fn once(tx: &mut WriteTx, upload: &str, record_no: u32, gap: Option<i64>, act: Act) -> Result<(), DisputeError> {
    if !matches!(act, Act::ChargeBack | Act::Claim) {
        return Ok(());
    }
    let sql = "SELECT c.number FROM dispute_stage s JOIN dispute_case c ON c.id = s.case_id WHERE c.upload_name = $1 \
               AND c.record_no = $2 AND COALESCE(c.gap, 0) = $3 AND s.act = $4 AND COALESCE(c.outcome, '') <> 'withdraw'";
    match tx.fetch_optional(sql, params![upload, record_no, gap.unwrap_or(0), act.word()]).await? {
        Some(row) => Err(DisputeError::Twice(row.text("number")?)),
        None => Ok(()),
    }
}

/// What of a record was given back to its issuer already: by cases, and whole where its TAC was found wrong.
async fn given_back(tx: &mut WriteTx, upload: &str, record_no: u32) -> Result<Fen, DisputeError> {
    let sql = "SELECT CAST(COALESCE(SUM(held_fen), 0) AS BIGINT) AS held FROM dispute_case \
               WHERE upload_name = $1 AND record_no = $2 AND opened_as NOT IN ('claim', 'claim_fee')";
    let held = Fen(tx.fetch_one(sql, params![upload, record_no]).await?.int("held")?);
    let sql = "SELECT amount_fen FROM tac_wrong WHERE upload_name = $1 AND record_no = $2";
    let wrong = tx.fetch_optional(sql, params![upload, record_no]).await?;
    Ok(held.checked_add(Fen(wrong.map_or(Ok(0), |row| row.int("amount_fen"))?))?)
}

/// What moves: from the other party to whom the case is for, or back where it is below zero.
fn moves(case: &Case, edge: &Edge, say: Say<'_>) -> Result<Fen, DisputeError> {
    Ok(match edge.money {
        Money::Stays => Fen::ZERO,
        Money::Forward => case.disputed.checked_sub(case.held)?,
        Money::Back => case.held.checked_neg()?,
        Money::Ruled => {
            let amount = say.amount.unwrap_or(Fen(-1));
            if amount < Fen::ZERO || amount > case.disputed {
                return Err(DisputeError::OverAmount { amount, left: case.disputed });
            }
            amount.checked_sub(case.held)?
        }
    })
}

async fn add_stage(
    tx: &mut WriteTx,
    ground: &Ground,
    mut case: Case,
    edge: &Edge,
    by: By<'_>,
    say: Say<'_>,
    clock: &dyn Clock,
) -> Result<Case, DisputeError> {
    let mut moved = moves(&case, edge, say)?;
    if let Some(gap) = case.gap
        && !is_open(tx, gap).await?
    {
        // The lost record came late and was cleared, or is claimed by what is still missing: nothing is owed here.
        moved = Fen::ZERO;
    }
    if moved > Fen::ZERO && !matches!(case.opened_as, Act::Claim | Act::ClaimFee) {
        let left = case.amount.checked_sub(given_back(tx, &case.upload, case.record_no).await?)?;
        within(moved, left)?;
    }
    let beneficiary = case.parties.beneficiary(case.opened_as);
    let payer = case.parties.other(beneficiary);
    let origin = match case.opened_as {
        Act::Claim => Origin::LateClaim,
        Act::ClaimFee => Origin::Fee,
        _ => Origin::Dispute,
    };
    let book = async |tx: &mut WriteTx, part: &str, origin, debtor, creditor, amount| {
        let new = NewAdjustment {
            debtor,
            creditor,
            amount,
            origin,
            reference: case.number.clone(),
            record_no: case.record_no,
            part: part.to_owned(),
            reason: format!("{} {}：{}", case.number, edge.act.name_zh(), say.note),
            approval: by.approval,
            made_by: by.person.to_owned(),
        };
        approve(tx, &new, clock).await
    };
    let mut transfer = None;
    if moved != Fen::ZERO {
        let forward = moved > Fen::ZERO;
        let (debtor, creditor) = if forward { (payer, beneficiary) } else { (beneficiary, payer) };
        let amount = if forward { moved } else { moved.checked_neg()? };
        let adjustment = book(tx, edge.act.word(), origin, debtor, creditor, amount).await?;
        transfer = Some((debtor, creditor, amount, adjustment));
    }
    let fee = ground.rules.arbitration_fee;
    if edge.act == Act::Rule && fee > Fen::ZERO {
        // Who gets less than half of what is disputed has lost.
        let ruled = case.held.checked_add(moved)?;
        let for_beneficiary = i128::from(ruled.0) * 2 >= i128::from(case.disputed.0);
        let loser = if for_beneficiary { payer } else { beneficiary };
        book(tx, "arbitration-fee", Origin::Fee, loser, MemberCode::CENTRE, fee).await?;
    }
    if let Some(gap) = case.gap.filter(|_| moved > Fen::ZERO) {
        let sql =
            "UPDATE card_gap SET state = 'closed', closed_on = $2, closed_by = $3 WHERE id = $1 AND state = 'open'";
        tx.execute(sql, params![gap, days_since_epoch(ground.today), case.number.as_str()]).await?;
    }
    case.held = case.held.checked_add(moved)?;
    case.state = edge.to;
    case.deadline = ground.deadline(edge)?;
    if case.state == State::Closed {
        case.outcome = Some(edge.act);
        case.closed_at = Some(ground.now.clone());
    }
    let waits_for = case.state.waits_for().and_then(|who| case.parties.one(who));
    tx.execute(
        "UPDATE dispute_case SET held_fen = $2, state = $3, outcome = $4, waits_for = $5, deadline = $6, closed_at = $7 \
         WHERE id = $1",
        params![
            case.id,
            case.held,
            case.state.word(),
            case.outcome.map(Act::word),
            waits_for,
            case.deadline.map(days_since_epoch),
            case.closed_at.as_deref()
        ],
    )
    .await?;
    let sql = "SELECT CAST(COUNT(*) + 1 AS BIGINT) AS ordinal FROM dispute_stage WHERE case_id = $1";
    let ordinal = tx.fetch_one(sql, params![case.id]).await?.int("ordinal")?;
    let id = next_id(tx, "dispute_stage").await?;
    tx.execute(
        "INSERT INTO dispute_stage (id, case_id, ordinal, act, state, member, person, approval, reason, note, debtor, \
         creditor, amount_fen, adjustment, deadline, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        params![
            id,
            case.id,
            ordinal,
            edge.act.word(),
            case.state.word(),
            by.member,
            by.person,
            by.approval,
            say.reason,
            say.note,
            transfer.map(|(debtor, ..)| debtor),
            transfer.map(|(_, creditor, ..)| creditor),
            transfer.map_or(Fen::ZERO, |(_, _, amount, _)| amount),
            transfer.map(|(.., adjustment)| adjustment),
            case.deadline.map(days_since_epoch),
            ground.now.as_str()
        ],
    )
    .await?;
    Ok(case)
}
