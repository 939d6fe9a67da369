//! What follows when nobody acted in time: silence has the meaning that the rules give it.

use super::apply::{By, Say, step};
use crate::DisputeError;
use crate::rules::{Act, State, edge};
use tongka_audit::Deed;
use tongka_base::date::days_since_epoch;
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Scope, params};

/// Carries out what passed deadlines mean, each case in a transaction of its own. Done again, it finds nothing more to do.
/// Returns the numbers of the cases that went on.
///
/// # Errors
/// What the database says; the cases before are done.
pub async fn due(db: &Db, clock: &dyn Clock) -> Result<Vec<String>, DisputeError> {
    let sql = "SELECT number, state FROM dispute_case WHERE deadline < $1 AND state <> 'closed' ORDER BY deadline, id";
    let today = days_since_epoch(clock.now().date());
    let mut done = Vec::new();
    for row in db.read(Scope::Platform).fetch_all(sql, params![today]).await? {
        let state = State::of(&row.text("state")?);
        // The centre's own delay decides nothing.
        if state.is_none_or(|state| edge(Some(state), Act::Expire).is_none()) {
            continue;
        }
        let number = row.text("number")?;
        let mut tx = tongka_audit::begin(db).await?;
        let by = By { member: MemberCode::CENTRE, person: "calendar", approval: None };
        let say = Say { reason: None, note: "期限已过，无人办理 nobody acted in time", amount: None };
        let case = match step(&mut tx, &number, Act::Expire, by, say, clock).await {
            Ok(case) => case,
            // Somebody was faster.
            Err(DisputeError::NotNow(_)) => continue,
            Err(error) => return Err(error),
        };
        let deed = Deed {
            owner: 0,
            actor: "calendar",
            action: "dispute.case.expire",
            object: &number,
            outcome: "ok",
            detail: case.state.word(),
        };
        tongka_audit::commit(tx, &deed, clock).await?;
        done.push(number);
    }
    Ok(done)
}
