//! API keys (接口密钥) of machines: every request is signed, nothing secret travels.
//!
//! What is signed, each part followed by a line feed: the method, the path with its query as sent, the time in seconds since
//! 1970-01-01 UTC, a nonce of 16 to 64 characters, the SM3 digest of the body in upper-case hex. HMAC-SM3 under a secret of
//! 32 bytes, which the installation keeps sealed, or SM2 under a key whose private half the installation never sees.
//!
//! A key acts as an account: with its roles, its person and its institution. A request is good for five minutes around its
//! time, once.

use crate::actor::{Actor, Owner, Via};
use crate::error::{AccessCode, AccessError};
use crate::secret::ServerSecret;
use crate::session::{Identity, actor_of, codes_of};
use crate::store::{refused, unix_seconds};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_base::date::{Date, days_since_epoch, format_date_time};
use tongka_crypto::{Sm2Verifier, equal_in_constant_time, hmac_sm3, sm2_verify, sm3};
use tongka_storage::{Db, Scope, params};
use zeroize::Zeroizing;

/// How far a request's time may be from the server's, in seconds.
pub const WINDOW_SECONDS: i64 = 300;
/// A key is noted as used at most this often, in seconds.
const USED_EVERY: i64 = 60;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// HMAC-SM3 under a shared secret.
    HmacSm3,
    /// SM2 under the caller's private key.
    Sm2,
}

impl KeyKind {
    /// The word in the database and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HmacSm3 => "hmac-sm3",
            Self::Sm2 => "sm2",
        }
    }

    /// The scheme of the Authorization header.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::HmacSm3 => "TONGKA-HMAC-SM3",
            Self::Sm2 => "TONGKA-SM2",
        }
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The account it acts as.
    pub account: i64,
    /// What it is for.
    pub name: String,
    /// The uncompressed SM2 public key, 130 hex digits from 04 on; nothing for a secret made here.
    pub public_key: Option<String>,
    /// Last day it can be used.
    pub expires_on: Option<Date>,
}

/// A key that was made.
#[derive(Debug)]
pub struct MadeKey {
    /// Its name in requests.
    pub id: String,
    /// The secret in base 64, shown this once; nothing for an SM2 key.
    pub secret: Option<Zeroizing<String>>,
}

/// A signed request, as its Authorization header tells.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// How it is signed.
    pub kind: KeyKind,
    /// The key's name.
    pub key: &'a str,
    /// Seconds since 1970-01-01 UTC.
    pub timestamp: &'a str,
    /// Used once.
    pub nonce: &'a str,
    /// Base 64.
    pub signature: &'a str,
    /// In capitals.
    pub method: &'a str,
    /// As sent.
    pub path_and_query: &'a str,
    /// SM3 of the body.
    pub body_digest: &'a [u8; 32],
}

impl Signed<'_> {
    /// What is signed.
    pub fn message(&self) -> String {
        let digest = hex::encode_upper(self.body_digest);
        format!("{}\n{}\n{}\n{}\n{digest}\n", self.method, self.path_and_query, self.timestamp, self.nonce)
    }
}

fn about(id: &str) -> String {
    format!("secret of API key {id}")
}

/// Makes a key for an account.
///
/// # Errors
/// P05 without `access.key`, P06, P10; P14 for one's own account, but at the command line.
pub async fn create_key(
    db: &Db,
    secret: &ServerSecret,
    actor: &Actor,
    new: &NewKey,
    clock: &dyn Clock,
) -> Result<MadeKey, AccessError> {
    let object = format!("account {}", new.account);
    let deed = Deed {
        owner: actor.owner.number(),
        actor: &actor.login,
        action: "api-key.create",
        object: &object,
        outcome: "ok",
        detail: "",
    };
    let outcome = make(db, secret, actor, new, deed, clock).await;
    refused(db, deed, clock, outcome).await
}

async fn make(
    db: &Db,
    secret: &ServerSecret,
    actor: &Actor,
    new: &NewKey,
    deed: Deed<'_>,
    clock: &dyn Clock,
) -> Result<MadeKey, AccessError> {
    actor.require("access.key")?;
    let length = new.name.chars().count();
    if !(1..=64).contains(&length) || new.name.chars().any(char::is_control) {
        return Err(AccessError::field(AccessCode::Value, "name", "1 to 64 characters"));
    }
    if new.expires_on.is_some_and(|date| date < clock.now().date()) {
        return Err(AccessError::field(AccessCode::Value, "expires_on", "it is over"));
    }
    let id = format!("tk{:016x}", rand::random::<u64>());
    let (kind, kept, shown) = match &new.public_key {
        Some(text) => {
            let wrong =
                || AccessError::field(AccessCode::Value, "public_key", "130 hex digits, a point of the SM2 curve");
            let point = hex::decode(text).ok().and_then(|b| <[u8; 65]>::try_from(b).ok()).ok_or_else(wrong)?;
            Sm2Verifier::new(&point).ok_or_else(wrong)?;
            (KeyKind::Sm2, hex::encode_upper(point), None)
        }
        None => {
            let mut bytes = Zeroizing::new([0; 32]);
            rand::fill(bytes.as_mut_slice());
            let shown = Zeroizing::new(BASE64_STANDARD.encode(bytes.as_slice()));
            (KeyKind::HmacSm3, secret.seal(&about(&id), bytes.as_slice()), Some(shown))
        }
    };
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "SELECT login, person, member, tenant FROM account WHERE id = $1";
    let row = tx.fetch_optional(sql, params![new.account]).await?;
    let row = row.ok_or_else(|| AccessError::field(AccessCode::NotFound, "account", new.account.to_string()))?;
    let owner = Owner::of(&row)?;
    if actor.owner != Owner::Centre && actor.owner != owner {
        return Err(AccessError::field(AccessCode::NotFound, "account", new.account.to_string()));
    }
    // Who makes a key sees its secret and could act as the account.
    if actor.via != Via::Local && (new.account == actor.account || row.text("person")? == actor.person) {
        return Err(AccessError::field(AccessCode::Oneself, "account", row.text("login")?));
    }
    let sql = "INSERT INTO api_key (id, account, name, kind, secret, enabled, expires_on, created_by, created_at) \
               VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)";
    let (expires, at) = (new.expires_on.map(days_since_epoch), format_date_time(clock.now()));
    let values = params![id.as_str(), new.account, &new.name, kind.word(), kept, expires, &actor.login, at];
    tx.execute(sql, values).await?;
    let (login, detail) = (row.text("login")?, format!("{id} {}", kind.word()));
    let entry = Deed { owner: owner.number(), object: &login, detail: &detail, ..deed };
    tongka_audit::commit(tx, &entry, clock).await?;
    Ok(MadeKey { id, secret: shown })
}

/// Ends a key, for good.
///
/// # Errors
/// P05 without `access.key`, P06; P27 when it has ended.
pub async fn disable_key(db: &Db, actor: &Actor, id: &str, clock: &dyn Clock) -> Result<(), AccessError> {
    let owner = actor.owner.number();
    let object: String = id.chars().take(32).collect();
    let deed =
        Deed { owner, actor: &actor.login, action: "api-key.disable", object: &object, outcome: "ok", detail: "" };
    let work = async {
        actor.require("access.key")?;
        let mut tx = tongka_audit::begin(db).await?;
        let sql = "SELECT k.enabled AS enabled, a.member AS member, a.tenant AS tenant FROM api_key k \
                   JOIN account a ON a.id = k.account WHERE k.id = $1";
        let not_there = || AccessError::new(AccessCode::NotFound, "API key");
        let row = tx.fetch_optional(sql, params![id]).await?.ok_or_else(not_there)?;
        let of = Owner::of(&row)?;
        if actor.owner != Owner::Centre && actor.owner != of {
            return Err(not_there());
        }
        if !row.flag("enabled")? {
            return Err(AccessError::new(AccessCode::State, "it has ended"));
        }
        tx.execute("UPDATE api_key SET enabled = 0, secret = '' WHERE id = $1", params![id]).await?;
        Ok(tongka_audit::commit(tx, &Deed { owner: of.number(), ..deed }, clock).await?)
    };
    let outcome = work.await;
    refused(db, deed, clock, outcome).await
}

/// Tells whose request a signed one is, and remembers its nonce.
///
/// # Errors
/// P16 for a key that is not there, has ended or did not sign this; P17 outside the window; P18 for a nonce of before.
pub async fn verify(
    db: &Db,
    secret: &ServerSecret,
    signed: &Signed<'_>,
    clock: &dyn Clock,
) -> Result<Identity, AccessError> {
    let no = || AccessError::new(AccessCode::Signature, "");
    let now = unix_seconds(clock.now());
    let timestamp = Some(signed.timestamp).filter(|t| t.len() <= 12 && t.bytes().all(|b| b.is_ascii_digit()));
    let at: i64 = timestamp.and_then(|t| t.parse().ok()).ok_or_else(no)?;
    if (at - now).abs() > WINDOW_SECONDS {
        return Err(AccessError::new(AccessCode::Timestamp, format!("the server's time is {now}")));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let named = |text: &str, shortest| (shortest..=64).contains(&text.len()) && text.chars().all(plain);
    if !named(signed.nonce, 16) || !named(signed.key, 1) {
        return Err(no());
    }
    let sql = "SELECT k.account AS account, k.kind AS kind, k.secret AS secret, k.enabled AS key_enabled, \
               k.expires_on AS expires_on, k.last_used_at AS last_used_at, a.login AS login, a.name AS name, \
               a.person AS person, a.member AS member, a.tenant AS tenant, a.enabled AS enabled \
               FROM api_key k JOIN account a ON a.id = k.account WHERE k.id = $1";
    let row = db.read(Scope::Platform).fetch_optional(sql, params![signed.key]).await?.ok_or_else(no)?;
    let today = i64::from(days_since_epoch(clock.now().date()));
    let over = row.opt_int("expires_on")?.is_some_and(|last| last < today);
    if over || !row.flag("enabled")? || !row.flag("key_enabled")? || row.text("kind")? != signed.kind.word() {
        return Err(no());
    }
    let signature = BASE64_STANDARD.decode(signed.signature).map_err(|_| no())?;
    let (kept, message) = (row.text("secret")?, signed.message());
    let right = match signed.kind {
        KeyKind::HmacSm3 => {
            let shared = secret.unseal(&about(signed.key), &kept)?;
            equal_in_constant_time(&hmac_sm3(&shared, message.as_bytes()), &signature)
        }
        KeyKind::Sm2 => {
            let point = hex::decode(&kept).ok().and_then(|b| <[u8; 65]>::try_from(b).ok()).ok_or_else(no)?;
            sm2_verify(&point, message.as_bytes(), &signature)
        }
    };
    if !right {
        return Err(no());
    }
    remember(db, signed, now, row.opt_text("last_used_at")?, clock).await?;
    let account = row.int("account")?;
    let actor = actor_of(&row, account, codes_of(db, account).await?, Via::ApiKey(signed.key.to_owned()))?;
    Ok(Identity { actor, must_change_password: false, expires_at: String::new() })
}

/// Remembers the nonce until no request with it can be in time any more.
async fn remember(
    db: &Db,
    signed: &Signed<'_>,
    now: i64,
    used: Option<String>,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let again = || AccessError::new(AccessCode::Nonce, "");
    let mut tx = db.begin_write(Scope::Platform).await?;
    // Only its digest: whatever callers make up has one length.
    let nonce = hex::encode_upper(&sm3(signed.nonce.as_bytes())[..16]);
    let sql = "INSERT INTO api_nonce (api_key, nonce, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let inserted = match tx.execute(sql, params![signed.key, nonce, now]).await {
        // The same nonce in a transaction at the same time: one of the two is a repetition.
        Err(error) if error.is_conflict() => return Err(again()),
        other => other?,
    };
    if inserted == 0 {
        return Err(again());
    }
    let at = clock.now();
    let stale = used.is_none_or(|t| t < format_date_time(at - chrono::TimeDelta::seconds(USED_EVERY)));
    if stale {
        let sql = "UPDATE api_key SET last_used_at = $1 WHERE id = $2";
        tx.execute(sql, params![format_date_time(at), signed.key]).await?;
    }
    match tx.commit().await {
        Err(error) if error.is_conflict() => Err(again()),
        other => Ok(other?),
    }
}

/// Forgets nonces that no request can repeat in time any more. Returns their number.
///
/// # Errors
/// What the database says.
pub async fn prune_nonces(db: &Db, clock: &dyn Clock) -> Result<u64, AccessError> {
    let mut tx = db.begin_write(Scope::Platform).await?;
    let before = unix_seconds(clock.now()) - 2 * WINDOW_SECONDS;
    let gone = tx.execute("DELETE FROM api_nonce WHERE at < $1", params![before]).await?;
    tx.commit().await?;
    Ok(gone)
}
