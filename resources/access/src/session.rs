//! Logging in, and sessions (会话) of browsers.
//!
//! A session is a random token of 256 bits in a cookie; the database has its digest only. It ends 15 minutes after its last
//! request and 12 hours after its first, whatever happens, and at once on every node when somebody ends it.
//!
//! A login that is not there, a wrong password, a lock and a disabled account have the same answer after the same time. The
//! login log says which it was.

use crate::actor::{Actor, Owner, Via};
use crate::error::{AccessCode, AccessError};
use crate::password;
use crate::role::{PERMISSIONS_OF, allowed};
use crate::secret::ServerSecret;
use crate::store::{next_id, refused, token_hash};
use crate::totp::{TotpState, second_factor};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{NaiveDateTime, TimeDelta};
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_base::date::{DateTime, format_date_time};
use tongka_crypto::{equal_in_constant_time, hmac_sm3};
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use zeroize::Zeroizing;

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct SessionRules {
    /// A session ends this long after its last request.
    pub idle: TimeDelta,
    /// A session ends this long after its first request.
    pub absolute: TimeDelta,
    /// Wrong passwords in a row that lock an account.
    pub failures: i64,
    /// How long a lock lasts.
    pub lock: TimeDelta,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { idle: TimeDelta::minutes(15), absolute: TimeDelta::hours(12), failures: 5, lock: TimeDelta::minutes(15) }
    }
}

/// A session is noted as used at most this often: a request then rarely writes.
const SEEN_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Somebody who wants in.
pub struct Login<'a> {
    /// What was typed as login.
    pub login: &'a str,
    /// What was typed as password.
    pub password: &'a str,
    /// The one-time password or a recovery code.
    pub totp: Option<&'a str>,
    /// Where from: a network address.
    pub address: &'a str,
    /// With what: a browser.
    pub agent: &'a str,
}

/// Somebody who is in.
pub struct LoggedIn {
    /// The cookie's value.
    pub token: Zeroizing<String>,
    /// What they are now.
    pub identity: Identity,
}

/// Who makes a request.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub actor: Actor,
    /// Whether a new password comes before anything else.
    pub must_change_password: bool,
    /// When the session ends at the latest, `YYYYMMDDHHMMSS`; empty for an API key.
    pub expires_at: String,
}

/// The token that a page has to send with every change, which another site cannot know.
pub fn csrf_token(session_token: &str) -> Zeroizing<String> {
    let mac = hmac_sm3(session_token.as_bytes(), b"tongka csrf");
    Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(mac))
}

/// Whether a page's token belongs to a session's.
pub fn csrf_fits(session_token: &str, given: &str) -> bool {
    equal_in_constant_time(csrf_token(session_token).as_bytes(), given.as_bytes())
}

pub(crate) fn read_time(text: &str) -> Option<DateTime> {
    NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok()
}

/// What callers say of themselves, short and printable.
fn said(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

struct Tried<'a> {
    login: &'a Login<'a>,
    account: Option<&'a Row>,
}

/// Writes the login log. A login that is not there is not repeated: people type passwords into that field.
async fn log(tx: &mut WriteTx, tried: &Tried<'_>, outcome: &str, clock: &dyn Clock) -> Result<(), AccessError> {
    let id = next_id(tx, "login_log").await?;
    let (account, login, owner) = match tried.account {
        Some(row) => (Some(row.int("id")?), row.text("login")?, Owner::of(row)?),
        None => (None, "（未知）".to_owned(), Owner::Centre),
    };
    let [member, tenant] = owner.columns();
    let sql = "INSERT INTO login_log (id, at, account, login, member, tenant, outcome, address, agent) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (address, agent) = (said(tried.login.address, 64), said(tried.login.agent, 200));
    let at = format_date_time(clock.now());
    tx.execute(sql, params![id, at, account, login, member, tenant, outcome, address, agent]).await?;
    Ok(())
}

fn no() -> AccessError {
    AccessError::new(AccessCode::Login, "")
}

const ACCOUNT: &str = "SELECT id, login, name, person, member, tenant, enabled, password_hash, must_change_password, \
                       failures, locked_until, totp_state FROM account WHERE login = $1";

/// Logs somebody in.
///
/// # Errors
/// P01 for whatever is wrong; P02 when the password is right and a one-time password is needed.
pub async fn login(
    db: &Db,
    secret: &ServerSecret,
    rules: &SessionRules,
    login: &Login<'_>,
    clock: &dyn Clock,
) -> Result<LoggedIn, AccessError> {
    let typed = login.login.to_ascii_lowercase();
    let plain = typed.len() <= 64 && !typed.contains('\0');
    let asked = if plain { typed.as_str() } else { "" };
    let found = db.read(Scope::Platform).fetch_optional(ACCOUNT, params![asked]).await?;
    let kept = found.as_ref().map(|row| row.text("password_hash")).transpose()?.unwrap_or_default();
    // Always, so that the time says nothing.
    let right = password::verify(login.password, &kept).await;

    let mut tx = tongka_audit::begin(db).await?;
    // Read again: the hash took its time.
    let row = tx.fetch_optional(ACCOUNT, params![asked]).await?;
    let tried = Tried { login, account: row.as_ref() };
    let Some(row) = &row else {
        log(&mut tx, &tried, "unknown", clock).await?;
        tx.commit().await?;
        return Err(no());
    };
    let now = clock.now();
    let locked = row.opt_text("locked_until")?.is_some_and(|until| until > format_date_time(now));
    let outcome = if !row.flag("enabled")? {
        "disabled"
    } else if locked {
        "locked"
    } else if !right || row.text("password_hash")? != kept {
        "password"
    } else {
        "ok"
    };
    if outcome == "password" {
        fail(&mut tx, row, rules, clock).await?;
    }
    if outcome != "ok" {
        log(&mut tx, &tried, outcome, clock).await?;
        tx.commit().await?;
        return Err(no());
    }
    let account = row.int("id")?;
    if TotpState::of(&row.text("totp_state")?) == TotpState::On {
        let Some(code) = login.totp else {
            log(&mut tx, &tried, "totp-asked", clock).await?;
            tx.commit().await?;
            return Err(AccessError::field(AccessCode::TotpNeeded, "totp", ""));
        };
        if !second_factor(&mut tx, secret, account, code, clock).await? {
            fail(&mut tx, row, rules, clock).await?;
            log(&mut tx, &tried, "totp", clock).await?;
            tx.commit().await?;
            return Err(no());
        }
    }
    log(&mut tx, &tried, "ok", clock).await?;
    let logged_in = begin_session(&mut tx, row, rules, login, clock).await?;
    tx.commit().await?;
    Ok(logged_in)
}

/// Counts a failure; the last one that is allowed locks.
async fn fail(tx: &mut WriteTx, row: &Row, rules: &SessionRules, clock: &dyn Clock) -> Result<(), AccessError> {
    let (account, failures) = (row.int("id")?, row.int("failures")? + 1);
    if failures < rules.failures {
        tx.execute("UPDATE account SET failures = $1 WHERE id = $2", params![failures, account]).await?;
        return Ok(());
    }
    let until = format_date_time(clock.now() + rules.lock);
    let sql = "UPDATE account SET failures = 0, locked_until = $1 WHERE id = $2";
    tx.execute(sql, params![until.as_str(), account]).await?;
    let (login, owner) = (row.text("login")?, Owner::of(row)?.number());
    let detail = format!("until {until}");
    let deed = Deed { owner, actor: &login, action: "account.lock", object: &login, outcome: "ok", detail: &detail };
    Ok(tongka_audit::record(tx, &deed, clock).await?)
}

async fn begin_session(
    tx: &mut WriteTx,
    row: &Row,
    rules: &SessionRules,
    login: &Login<'_>,
    clock: &dyn Clock,
) -> Result<LoggedIn, AccessError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(bytes.as_mut_slice());
    let token = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    let account = row.int("id")?;
    let now = clock.now();
    let (at, expires_at) = (format_date_time(now), format_date_time(now + rules.absolute));
    let id = next_id(tx, "session").await?;
    let sql = "INSERT INTO session (id, account, token_hash, created_at, seen_at, expires_at, address, agent) \
               VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";
    let (address, agent) = (said(login.address, 64), said(login.agent, 200));
    tx.execute(sql, params![id, account, token_hash(&token), at.as_str(), expires_at.as_str(), address, agent]).await?;
    let sql = "UPDATE account SET failures = 0, locked_until = NULL, last_login_at = $1 WHERE id = $2";
    tx.execute(sql, params![at, account]).await?;
    let rows = tx.fetch_all(PERMISSIONS_OF, params![account]).await?;
    let codes = rows.iter().map(|row| row.text("permission")).collect::<Result<_, _>>()?;
    let actor = actor_of(row, account, codes, Via::Session(id))?;
    let must_change_password = row.flag("must_change_password")?;
    Ok(LoggedIn { token, identity: Identity { actor, must_change_password, expires_at } })
}

pub(crate) fn actor_of(row: &Row, account: i64, codes: Vec<String>, via: Via) -> Result<Actor, AccessError> {
    let owner = Owner::of(row)?;
    Ok(Actor {
        account,
        login: row.text("login")?,
        name: row.text("name")?,
        person: row.text("person")?,
        owner,
        permissions: allowed(codes, owner),
        via,
    })
}

/// The permissions of an account, as they are now.
pub(crate) async fn codes_of(db: &Db, account: i64) -> Result<Vec<String>, AccessError> {
    let rows = db.read(Scope::Platform).fetch_all(PERMISSIONS_OF, params![account]).await?;
    Ok(rows.iter().map(|row| row.text("permission")).collect::<Result<_, _>>()?)
}

/// Tells whose session a token is, and notes that it is used.
///
/// # Errors
/// P15 for no session, one that ended, or an account that is disabled.
pub async fn identify(db: &Db, rules: &SessionRules, token: &str, clock: &dyn Clock) -> Result<Identity, AccessError> {
    let ended = || AccessError::new(AccessCode::Session, "");
    let sql = "SELECT s.id AS session, s.account AS account, s.seen_at AS seen_at, s.expires_at AS expires_at, \
               s.ended_at AS ended_at, a.login AS login, a.name AS name, a.person AS person, a.member AS member, \
               a.tenant AS tenant, a.enabled AS enabled, a.must_change_password AS must_change_password \
               FROM session s JOIN account a ON a.id = s.account WHERE s.token_hash = $1";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![token_hash(token)]).await?.ok_or_else(ended)?;
    let now = clock.now();
    let (session, account, expires_at) = (row.int("session")?, row.int("account")?, row.text("expires_at")?);
    let seen = read_time(&row.text("seen_at")?).ok_or_else(ended)?;
    let over = row.opt_text("ended_at")?.is_some() || expires_at <= format_date_time(now) || now - seen > rules.idle;
    if over || !row.flag("enabled")? {
        return Err(ended());
    }
    let actor = actor_of(&row, account, codes_of(db, account).await?, Via::Session(session))?;
    if now - seen >= SEEN_EVERY {
        let mut tx = db.begin_write(Scope::Platform).await?;
        let sql = "UPDATE session SET seen_at = $1 WHERE id = $2 AND seen_at < $3 AND ended_at IS NULL";
        let at = format_date_time(now);
        let outcome = match tx.execute(sql, params![at.as_str(), session, at.as_str()]).await {
            Ok(_) => tx.commit().await,
            Err(error) => Err(error),
        };
        // Another request of the same session noted it at the same time: that is as good.
        if let Err(error) = outcome.map_err(AccessError::from)
            && !matches!(&error, AccessError::Storage(e) if e.is_conflict())
        {
            return Err(error);
        }
    }
    Ok(Identity { actor, must_change_password: row.flag("must_change_password")?, expires_at })
}

/// Ends the sessions of an account, all but one where one is given.
pub(crate) async fn end_sessions_of(
    tx: &mut WriteTx,
    account: i64,
    but: Option<i64>,
    reason: &str,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let sql = "UPDATE session SET ended_at = $1, end_reason = $2 WHERE account = $3 AND ended_at IS NULL AND id <> $4";
    tx.execute(sql, params![format_date_time(clock.now()), reason, account, but.unwrap_or(0)]).await?;
    Ok(())
}

/// Logs out.
///
/// # Errors
/// What the database says.
pub async fn logout(db: &Db, actor: &Actor, clock: &dyn Clock) -> Result<(), AccessError> {
    let Via::Session(session) = actor.via else { return Ok(()) };
    let mut tx = db.begin_write(Scope::Platform).await?;
    let sql = "UPDATE session SET ended_at = $1, end_reason = 'logout' WHERE id = $2 AND ended_at IS NULL";
    tx.execute(sql, params![format_date_time(clock.now()), session]).await?;
    Ok(tx.commit().await?)
}

/// Ends a session: one's own, or with `access.session` one of an account that the actor reaches.
///
/// # Errors
/// P05, P06; P27 when it has ended.
pub async fn end_session(db: &Db, actor: &Actor, id: i64, clock: &dyn Clock) -> Result<(), AccessError> {
    let object = format!("session {id}");
    let owner = actor.owner.number();
    let deed = Deed { owner, actor: &actor.login, action: "session.end", object: &object, outcome: "ok", detail: "" };
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        let sql = "SELECT s.account AS account, s.ended_at AS ended_at, a.login AS login, a.member AS member, \
                   a.tenant AS tenant FROM session s JOIN account a ON a.id = s.account WHERE s.id = $1";
        let row = tx.fetch_optional(sql, params![id]).await?;
        let row = row.ok_or_else(|| AccessError::new(AccessCode::NotFound, object.clone()))?;
        let of = Owner::of(&row)?;
        if row.int("account")? != actor.account {
            if actor.owner != Owner::Centre && actor.owner != of {
                return Err(AccessError::new(AccessCode::NotFound, object.clone()));
            }
            actor.require("access.session")?;
        }
        if row.opt_text("ended_at")?.is_some() {
            return Err(AccessError::new(AccessCode::State, "it has ended"));
        }
        let sql = "UPDATE session SET ended_at = $1, end_reason = 'ended' WHERE id = $2";
        tx.execute(sql, params![format_date_time(clock.now()), id]).await?;
        let login = row.text("login")?;
        Ok(tongka_audit::commit(tx, &Deed { owner: of.number(), detail: &login, ..deed }, clock).await?)
    };
    let outcome = work.await;
    refused(db, deed, clock, outcome).await
}

/// Whether an actor may still act: the session has not ended, or the key and the account are still good. For what goes on
/// without requests, such as a stream of events; it keeps no session alive.
///
/// # Errors
/// What the database says.
pub async fn still_in(db: &Db, actor: &Actor, clock: &dyn Clock) -> Result<bool, AccessError> {
    let read = db.read(Scope::Platform);
    let row = match &actor.via {
        Via::Local => return Ok(true),
        Via::Session(id) => {
            let sql = "SELECT s.id AS id FROM session s JOIN account a ON a.id = s.account \
                       WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND a.enabled = 1";
            read.fetch_optional(sql, params![*id, format_date_time(clock.now())]).await?
        }
        Via::ApiKey(id) => {
            let sql = "SELECT k.id AS id FROM api_key k JOIN account a ON a.id = k.account \
                       WHERE k.id = $1 AND k.enabled = 1 AND a.enabled = 1";
            read.fetch_optional(sql, params![id]).await?
        }
    };
    Ok(row.is_some())
}
