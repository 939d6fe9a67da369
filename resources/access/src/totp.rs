//! One-time passwords (动态口令, RFC 6238) as a second factor, with recovery codes for who lost the device.
//!
//! Six digits, 30 seconds, one step of tolerance; a code opens one login only. The secret is kept sealed.

use crate::actor::Actor;
use crate::error::{AccessCode, AccessError};
use crate::secret::ServerSecret;
use crate::store::{refused, unix_seconds};
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_crypto::sm3;
use tongka_storage::{Db, Row, Scope, WriteTx, params};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

const RECOVERY_CODES: usize = 10;
/// As it appears in the person's app.
const ISSUER: &str = "Tongka";

/// Whether an account has one-time passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TotpState {
    /// None.
    Off,
    /// A secret was shown, no code of it was entered yet.
    Pending,
    /// Every login needs one.
    On,
}

impl TotpState {
    /// The word in the database and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Pending => "pending",
            Self::On => "on",
        }
    }

    /// An unknown word counts as on: then nobody gets in without a code.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "off" => Self::Off,
            "pending" => Self::Pending,
            _ => Self::On,
        }
    }
}

/// What a person's app needs, shown this once.
pub struct TotpOffer {
    /// The secret in base 32, to type in.
    pub secret: Zeroizing<String>,
    /// The same as an address, to scan.
    pub url: Zeroizing<String>,
}

fn about(account: i64) -> String {
    format!("totp of account {account}")
}

fn deed<'d>(actor: &'d Actor, action: &'d str) -> Deed<'d> {
    Deed { owner: actor.owner.number(), actor: &actor.login, action, object: &actor.login, outcome: "ok", detail: "" }
}

fn totp(secret: Vec<u8>) -> Result<Totp, AccessError> {
    let made = Builder::new().with_secret(secret).with_digits(6).with_skew(1).with_step_duration(30).build();
    made.map_err(|e| AccessError::new(AccessCode::Secret, format!("one-time password: {e}")))
}

/// Begins: makes a secret, which counts once [`confirm_totp`] has seen a code of it.
///
/// # Errors
/// P27 for an account that has one-time passwords.
pub async fn begin_totp(
    db: &Db,
    secret: &ServerSecret,
    actor: &Actor,
    clock: &dyn Clock,
) -> Result<TotpOffer, AccessError> {
    let mut bytes = Zeroizing::new([0; 20]);
    rand::fill(bytes.as_mut_slice());
    let sealed = secret.seal(&about(actor.account), bytes.as_slice());
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "UPDATE account SET totp_state = 'pending', totp_secret = $1, totp_step = 0 \
               WHERE id = $2 AND totp_state <> 'on'";
    if tx.execute(sql, params![sealed, actor.account]).await? == 0 {
        return Err(AccessError::new(AccessCode::State, "one-time passwords are on"));
    }
    tongka_audit::commit(tx, &deed(actor, "account.totp-begin"), clock).await?;
    let text = Zeroizing::new(Secret::from(&bytes[..]).to_base32());
    // A login holds only characters that an address takes as they are.
    let url = format!("otpauth://totp/{ISSUER}:{}?secret={}&issuer={ISSUER}", actor.login, *text);
    Ok(TotpOffer { secret: text, url: Zeroizing::new(url) })
}

/// Checks a code against the account's row and notes it as used. Nothing is changed for a wrong one.
async fn take_code(
    tx: &mut WriteTx,
    secret: &ServerSecret,
    account: i64,
    row: &Row,
    code: &str,
    clock: &dyn Clock,
) -> Result<bool, AccessError> {
    let bytes = secret.unseal(&about(account), &row.text("totp_secret")?)?;
    let now = u64::try_from(unix_seconds(clock.now())).unwrap_or_default();
    let Some(step) = totp(bytes.to_vec())?.check(code, now) else { return Ok(false) };
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let sql = "UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step < $3";
    Ok(tx.execute(sql, params![step, account, step]).await? == 1)
}

/// Turns one-time passwords on with a first code; returns the recovery codes, shown this once.
///
/// # Errors
/// P27 without [`begin_totp`], P28 for a wrong code.
pub async fn confirm_totp(
    db: &Db,
    secret: &ServerSecret,
    actor: &Actor,
    code: &str,
    clock: &dyn Clock,
) -> Result<Vec<Zeroizing<String>>, AccessError> {
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        let sql = "SELECT totp_secret FROM account WHERE id = $1 AND totp_state = 'pending'";
        let row = tx.fetch_optional(sql, params![actor.account]).await?;
        let row = row.ok_or_else(|| AccessError::new(AccessCode::State, "no one-time password was begun"))?;
        if !take_code(&mut tx, secret, actor.account, &row, code, clock).await? {
            return Err(AccessError::field(AccessCode::Totp, "code", ""));
        }
        tx.execute("UPDATE account SET totp_state = 'on' WHERE id = $1", params![actor.account]).await?;
        tx.execute("DELETE FROM account_recovery WHERE account = $1", params![actor.account]).await?;
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            let bytes: [u8; 10] = rand::random();
            let code = Zeroizing::new(Secret::from(&bytes[..]).to_base32());
            let sql = "INSERT INTO account_recovery (account, code_hash) VALUES ($1, $2)";
            tx.execute(sql, params![actor.account, recovery_hash(&code)]).await?;
            codes.push(code);
        }
        tongka_audit::commit(tx, &deed(actor, "account.totp-on"), clock).await?;
        Ok(codes)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.totp-on"), clock, outcome).await
}

/// Recovery codes have 80 random bits: nobody finds one from its digest.
fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hex::encode_upper(sm3(plain.to_ascii_uppercase().as_bytes()))
}

/// Turns one's own one-time passwords off, with a code of them or a recovery code.
///
/// # Errors
/// P27 when they are off, P28 for a wrong code.
pub async fn end_totp(
    db: &Db,
    secret: &ServerSecret,
    actor: &Actor,
    code: &str,
    clock: &dyn Clock,
) -> Result<(), AccessError> {
    let work = async {
        let mut tx = tongka_audit::begin(db).await?;
        if !second_factor(&mut tx, secret, actor.account, code, clock).await? {
            return Err(AccessError::field(AccessCode::Totp, "code", ""));
        }
        forget(&mut tx, actor.account).await?;
        Ok(tongka_audit::commit(tx, &deed(actor, "account.totp-off"), clock).await?)
    };
    let outcome = work.await;
    refused(db, deed(actor, "account.totp-off"), clock, outcome).await
}

/// Whether this is a code, or a recovery code, that was not used before; it is used now.
pub(crate) async fn second_factor(
    tx: &mut WriteTx,
    secret: &ServerSecret,
    account: i64,
    code: &str,
    clock: &dyn Clock,
) -> Result<bool, AccessError> {
    let sql = "SELECT totp_secret FROM account WHERE id = $1 AND totp_state = 'on'";
    let row = tx.fetch_optional(sql, params![account]).await?;
    let row = row.ok_or_else(|| AccessError::new(AccessCode::State, "one-time passwords are off"))?;
    if take_code(tx, secret, account, &row, code.trim(), clock).await? {
        return Ok(true);
    }
    let sql = "DELETE FROM account_recovery WHERE account = $1 AND code_hash = $2";
    Ok(tx.execute(sql, params![account, recovery_hash(code)]).await? == 1)
}

pub(crate) async fn forget(tx: &mut WriteTx, account: i64) -> Result<(), AccessError> {
    let sql = "UPDATE account SET totp_state = 'off', totp_secret = '', totp_step = 0 WHERE id = $1";
    tx.execute(sql, params![account]).await?;
    tx.execute("DELETE FROM account_recovery WHERE account = $1", params![account]).await?;
    Ok(())
}

/// Recovery codes that are left.
///
/// # Errors
/// What the database says.
pub async fn recovery_codes_left(db: &Db, actor: &Actor) -> Result<i64, AccessError> {
    let sql = "SELECT COUNT(*) AS n FROM account_recovery WHERE account = $1";
    Ok(db.read(Scope::Platform).fetch_one(sql, params![actor.account]).await?.int("n")?)
}
