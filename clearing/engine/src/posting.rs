//! Posting (记账): a proven date moves the members' reserves (备付金) through the ledger.
//!
//! | transfer | debit | credit | amount |
//! |---|---|---|---|
//! | opening | `bank:settlement` | `member:<code>:reserve` | the scheme's opening balance, once |
//! | payable | `member:<code>:reserve` | `clearing:suspense` | what the member pays as issuer |
//! | receivable | `clearing:suspense` | `member:<code>:reserve` | what it receives as acquirer |
//! | fees | `clearing:suspense` | `centre:fees` | the centre's fees |
//! | adjustment | the debtor's reserve | the creditor's reserve | what is adjusted; `centre:fees` for the centre |
//!
//! The suspense account is empty again after every date, which is the ledger's own proof of Σ = 0.

use crate::EngineError;
use crate::adjust::{adjustments, mark_booked, sums};
use crate::day::{Step, mark_done, positions, stored_netting};
use tongka_base::date::{days_since_epoch, format_date, format_date_time};
use tongka_base::{Clock, Date, Fen, MemberCode};
use tongka_ledger::{AccountSpec, NormalSide, Transfer};
use tongka_scheme::Scheme;
use tongka_storage::{Db, Scope, WriteTx, params};

/// The settlement bank's account as the centre's books see it.
pub const BANK: &str = "bank:settlement";
/// What is between payers and receivers of one date.
pub const SUSPENSE: &str = "clearing:suspense";
/// The centre's income from fees.
pub const FEES: &str = "centre:fees";

/// A member's reserve account.
pub fn reserve_account(member: MemberCode) -> String {
    format!("member:{member}:reserve")
}

/// Opens the accounts that the scheme's members need and books opening balances; running it again changes nothing.
pub async fn open_accounts(db: &Db, scheme: &Scheme, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let mut tx = db.begin_write(Scope::Platform).await?;
    let platform = |code: &str, kind: &str, side| AccountSpec {
        code: code.into(),
        kind: kind.into(),
        owner: None,
        normal_side: side,
        min_fen: None,
        max_fen: None,
    };
    let mut accounts = vec![
        platform(BANK, "bank", NormalSide::Debit),
        platform(SUSPENSE, "suspense", NormalSide::Credit),
        platform(FEES, "income", NormalSide::Credit),
    ];
    for member in &scheme.members {
        accounts.push(AccountSpec {
            owner: Some(member.code),
            ..platform(&reserve_account(member.code), "reserve", NormalSide::Credit)
        });
    }
    tongka_ledger::open_accounts(&mut tx, &accounts).await?;
    let openings = scheme.reserves.iter().filter(|r| r.opening_fen > Fen::ZERO).map(|r| Transfer {
        key: format!("reserve-opening/{}", r.member),
        debit: BANK.into(),
        credit: reserve_account(r.member),
        amount: r.opening_fen,
        date,
        reason: "reserve opening 备付金期初".into(),
        created_at: format_date_time(clock.now()),
    });
    for opening in openings {
        // Booked on the date the member joined: a later run finds it and leaves it.
        if !tongka_ledger::has_key(&mut tx, &opening.key).await? {
            tongka_ledger::post_all(&mut tx, &[opening]).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Step post (记账): reserve movements and the reserve before and after of every member, in one transaction.
pub async fn run_post(db: &Db, date: Date, clock: &dyn Clock) -> Result<(), EngineError> {
    let stored = positions(db, Scope::Platform, date).await?;
    let netting = stored_netting(db, date).await?;
    let adjusted = adjustments(db, date).await?;
    let centre_adjusted = sums(&adjusted)?.get(&MemberCode::CENTRE).copied().unwrap_or_default();
    let mut tx = db.begin_write(Scope::Platform).await?;
    let mut transfers = Vec::new();
    let mut push = |name: String, debit: String, credit: String, amount: Fen, reason: &str| {
        if amount != Fen::ZERO {
            transfers.push(Transfer {
                key: format!("clearing/{}/{name}", format_date(date)),
                debit,
                credit,
                amount,
                date,
                reason: reason.into(),
                created_at: format_date_time(clock.now()),
            });
        }
    };
    let mut movements = Vec::new();
    for position in &stored {
        let account = reserve_account(position.member);
        let before = tongka_ledger::balance_in(&mut tx, &account).await?;
        let after = before.checked_add(position.position.net()?)?;
        movements.push((position.member, before, after));
        let name = |what: &str| format!("{}/{what}", position.member);
        push(name("payable"), account.clone(), SUSPENSE.into(), position.position.payable, "issuer pays 发卡方应付");
        push(
            name("receivable"),
            SUSPENSE.into(),
            account,
            position.position.receivable,
            "acquirer receives 收单方应收",
        );
    }
    let group_fees = netting.centre_fees.checked_sub(centre_adjusted)?;
    push("centre-fees".into(), SUSPENSE.into(), FEES.into(), group_fees, "centre fees 清算手续费");
    for adjustment in &adjusted {
        let account = |party| if party == MemberCode::CENTRE { FEES.into() } else { reserve_account(party) };
        let (debit, credit) = (account(adjustment.terms.debtor), account(adjustment.terms.creditor));
        let reason = format!("adjustment 调账 {}: {}", adjustment.id, adjustment.terms.reason);
        push(format!("adjustment/{}", adjustment.id), debit, credit, adjustment.terms.amount, &reason);
    }
    tongka_ledger::post_all(&mut tx, &transfers).await?;
    for (member, before, after) in &movements {
        let booked = tongka_ledger::balance_in(&mut tx, &reserve_account(*member)).await?;
        if booked != *after {
            return Err(EngineError::ProofFailed(format!(
                "reserve of {member} is {booked} after posting, not {after}"
            )));
        }
        set_reserve(&mut tx, date, *member, *before, *after).await?;
    }
    let suspense = tongka_ledger::balance_in(&mut tx, SUSPENSE).await?;
    if suspense != Fen::ZERO {
        return Err(EngineError::ProofFailed(format!("the suspense account holds {suspense} after posting")));
    }
    mark_booked(&mut tx, date).await?;
    let detail = format!("{} transfers", transfers.len());
    mark_done(&mut tx, date, Step::Post, clock, &format!("{stored:?}"), &format!("{movements:?}"), &detail).await?;
    tx.commit().await?;
    Ok(())
}

async fn set_reserve(
    tx: &mut WriteTx,
    date: Date,
    member: MemberCode,
    before: Fen,
    after: Fen,
) -> Result<(), EngineError> {
    tx.execute(
        "UPDATE position SET reserve_before_fen = $3, reserve_after_fen = $4 WHERE clearing_date = $1 AND member = $2",
        params![days_since_epoch(date), member.0, before.0, after.0],
    )
    .await?;
    Ok(())
}
