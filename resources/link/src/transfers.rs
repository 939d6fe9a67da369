//! Every event of every file (传输记录): who, which, how many bytes, when, how it went.
//!
//! | state | what happened |
//! |---|---|
//! | `login`, `login-refused` | a session opened, or was refused to a known account |
//! | `started`, `resumed`, `broken` | bytes began to come, went on, stopped short |
//! | `received` | complete, on disk |
//! | `waiting` | waits for its signature |
//! | `handed` | in the centre's hands |
//! | `taken`, `rejected` | what the centre made of a file that is no upload |
//! | `known` | the same bytes once more: nothing was done |
//! | `refused` | with a code; the bytes are kept |
//! | `fetched`, `confirmed` | a result was read to its end, its receipt was confirmed |
//! | `offered` | a file for the member that is not a result of a clearing date |

use crate::{Caller, Front, LinkError};
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_storage::{Scope, WriteTx, params};

/// Tables that every transaction of the front changes: its writers wait for each other.
pub(crate) const LOCKED: [&str; 1] = ["transfer"];

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// Which file; empty for a session.
    pub name: &'a str,
    /// Bytes.
    pub size: u64,
    /// Fingerprint of its bytes, hex, once known.
    pub fingerprint: &'a str,
    /// State.
    pub state: &'a str,
    /// Code of a refusal.
    pub code: &'a str,
    /// More, for people.
    pub detail: &'a str,
}

/// Appends an event in the caller's transaction, which must have locked the table. `direction` is `in`, `out` or
/// `session`.
pub(crate) async fn record(
    tx: &mut WriteTx,
    front: &Front,
    direction: &str,
    event: &Event<'_>,
) -> Result<(), LinkError> {
    append(tx, &*front.clock, direction, event).await
}

/// As [`record`], for who is no front.
pub(crate) async fn append(
    tx: &mut WriteTx,
    clock: &dyn Clock,
    direction: &str,
    event: &Event<'_>,
) -> Result<(), LinkError> {
    tx.execute(
        "INSERT INTO transfer (id, at, member, login, channel, address, direction, name, size, fingerprint, state, \
         code, detail) SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM transfer",
        params![
            format_date_time(clock.now()),
            event.caller.member,
            event.caller.login.as_str(),
            event.caller.channel.name(),
            event.caller.address.as_str(),
            direction,
            event.name,
            event.size as i64,
            event.fingerprint,
            event.state,
            event.code,
            event.detail
        ],
    )
    .await?;
    Ok(())
}

/// Appends an event in a transaction of its own.
///
/// # Errors
/// What the database says.
pub async fn note(front: &Front, direction: &str, event: &Event<'_>) -> Result<(), LinkError> {
    let mut tx = begin(front).await?;
    record(&mut tx, front, direction, event).await?;
    Ok(tx.commit().await?)
}

pub(crate) async fn begin(front: &Front) -> Result<WriteTx, LinkError> {
    Ok(front.db.begin_write_locking(Scope::Platform, &LOCKED).await?)
}
