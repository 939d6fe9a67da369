//! Accounts (前置账户) of members at the front, their public keys, and logging in.
//!
//! A key has a first and a last day, and at most two of an account may be valid on any day, so that an old and a new one
//! overlap. A key belongs to one member only. Passwords are optional, stored under Argon2id; five wrong ones in a row lock
//! the password (not the keys) for a quarter of an hour. Whoever changes an account or a key leaves an audit entry in the
//! same transaction.
//!
//! A refused login says `Y01` to the caller whatever the reason; the reason is in the books.

use crate::front::{Caller, Channel, Front};
use crate::transfers::{self, Event};
use crate::{LinkCode, LinkError};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use std::net::IpAddr;
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date_time, from_days_since_epoch};
use tongka_base::{Clock, Date, MemberCode};
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Wrong passwords in a row that lock the password.
const MOST_FAILURES: i64 = 5;
/// For how long.
const LOCK_MINUTES: i64 = 15;
/// Characters of the shortest password.
const SHORTEST_PASSWORD: usize = 12;
/// Keys of an account that may be valid on one day.
const MOST_KEYS: usize = 2;
const LOCKED: [&str; 3] = [tongka_audit::HEAD_TABLE, "front_account", "front_key"];

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub login: String,
    /// Whose.
    pub member: MemberCode,
    /// Whether it may log in.
    pub active: bool,
    /// Whether it has a password.
    pub has_password: bool,
    /// Address ranges it may come from, `10.1.0.0/16, 2001:db8::/32`; empty for any.
    pub addresses: String,
    /// Bytes that may lie in its member's spool.
    pub quota_bytes: u64,
    /// Files that may lie there.
    pub quota_files: u64,
    /// Connections at a time.
    pub connections: u32,
    /// The password is locked until then.
    pub locked_until: Option<String>,
    /// Last login.
    pub last_login_at: Option<String>,
    /// From where.
    pub last_address: Option<String>,
}

const COLUMNS: &str = "login, member, password, state, addresses, quota_bytes, quota_files, connections, failures, \
                       locked_until, last_login_at, last_address";

fn account_of(row: &Row) -> Result<Account, LinkError> {
    Ok(Account {
        login: row.text("login")?,
        member: MemberCode(row.int("member")? as u32),
        active: row.text("state")? == "active",
        has_password: row.opt_text("password")?.is_some(),
        addresses: row.text("addresses")?,
        quota_bytes: row.int("quota_bytes")? as u64,
        quota_files: row.int("quota_files")? as u64,
        connections: row.int("connections")? as u32,
        locked_until: row.opt_text("locked_until")?,
        last_login_at: row.opt_text("last_login_at")?,
        last_address: row.opt_text("last_address")?,
    })
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// Account.
    pub login: String,
    /// `SHA256:…`, as OpenSSH shows it.
    pub fingerprint: String,
    /// The key in OpenSSH's one-line form.
    pub public_key: String,
    /// Remark.
    pub comment: String,
    /// First day.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Date,
    /// Whether it was not revoked.
    pub active: bool,
}

/// A new account.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// Login name: 3 to 32 of `a-z 0-9 . _ -`.
    pub login: &'a str,
    /// Whose.
    pub member: MemberCode,
    /// Password, at least 12 characters.
    pub password: Option<&'a str>,
    /// Address ranges it may come from; empty for any.
    pub addresses: &'a str,
    /// Bytes that may lie in its member's spool.
    pub quota_bytes: u64,
    /// Files that may lie there.
    pub quota_files: u64,
    /// Connections at a time.
    pub connections: u32,
}

/// A change of an account.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// Let it log in, or not.
    Active(bool),
    /// Another password, or none.
    Password(Option<&'a str>),
    /// Other address ranges.
    Addresses(&'a str),
    /// Other quotas: bytes and files.
    Quota(u64, u64),
    /// Other number of connections.
    Connections(u32),
    /// Unlock the password.
    Unlock,
}

impl Change<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Active(true) => "front.account.enable",
            Self::Active(false) => "front.account.disable",
            Self::Password(_) => "front.account.password",
            Self::Addresses(_) => "front.account.addresses",
            Self::Quota(..) => "front.account.quota",
            Self::Connections(_) => "front.account.connections",
            Self::Unlock => "front.account.unlock",
        }
    }
}

async fn begin(db: &Db) -> Result<WriteTx, LinkError> {
    Ok(db.begin_write_locking(Scope::Platform, &LOCKED).await?)
}

async fn commit(
    tx: WriteTx,
    member: MemberCode,
    actor: &str,
    action: &str,
    object: &str,
    detail: &str,
    clock: &dyn Clock,
) -> Result<(), LinkError> {
    let deed = Deed { owner: i64::from(member.0), actor, action, object, outcome: "ok", detail };
    Ok(tongka_audit::commit(tx, &deed, clock).await?)
}

/// Adds an account.
///
/// # Errors
/// Y17 a login that exists, Y20 a malformed value.
pub async fn add_account(db: &Db, actor: &str, new: &NewAccount<'_>, clock: &dyn Clock) -> Result<(), LinkError> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
    if !(3..=32).contains(&new.login.len()) || !new.login.bytes().all(plain) {
        return Err(LinkError::new(LinkCode::Invalid, "登录名为 3–32 位 login is 3 to 32 of a-z 0-9 . _ -"));
    }
    if [MemberCode::CENTRE, MemberCode::UNROUTED].contains(&new.member) {
        return Err(LinkError::new(LinkCode::Invalid, format!("不是成员机构 not a member: {}", new.member)));
    }
    ranges(new.addresses)?;
    let password = new.password.map(hash).transpose()?;
    let mut tx = begin(db).await?;
    let added = tx
        .execute(
            "INSERT INTO front_account (login, member, password, state, addresses, quota_bytes, quota_files, \
             connections, failures, created_at, created_by) VALUES ($1, $2, $3, 'active', $4, $5, $6, $7, 0, $8, $9) \
             ON CONFLICT (login) DO NOTHING",
            params![
                new.login,
                new.member,
                password,
                new.addresses,
                new.quota_bytes.min(i64::MAX as u64) as i64,
                new.quota_files.min(i64::MAX as u64) as i64,
                new.connections,
                format_date_time(clock.now()),
                actor
            ],
        )
        .await?;
    if added == 0 {
        return Err(LinkError::new(LinkCode::Exists, new.login));
    }
    commit(tx, new.member, actor, "front.account.add", new.login, &new.member.to_string(), clock).await
}

/// Changes an account.
///
/// # Errors
/// Y12 no such account in the scope, Y20 a malformed value.
pub async fn change_account(
    db: &Db,
    scope: Scope,
    actor: &str,
    login: &str,
    change: &Change<'_>,
    clock: &dyn Clock,
) -> Result<(), LinkError> {
    let account = account(db, scope, login).await?;
    let mut tx = begin(db).await?;
    let (sql, values, detail) = match change {
        Change::Active(active) => {
            let state = if *active { "active" } else { "disabled" };
            ("state = $2", params![login, state].to_vec(), String::new())
        }
        Change::Password(password) => {
            let hashed = password.map(hash).transpose()?;
            ("password = $2, failures = 0, locked_until = NULL", params![login, hashed].to_vec(), String::new())
        }
        Change::Addresses(addresses) => {
            ranges(addresses)?;
            ("addresses = $2", params![login, *addresses].to_vec(), (*addresses).to_owned())
        }
        Change::Quota(bytes, files) => {
            let detail = format!("{bytes} bytes, {files} files");
            let (bytes, files) = (i64::try_from(*bytes), i64::try_from(*files));
            let values = params![login, bytes.unwrap_or(i64::MAX), files.unwrap_or(i64::MAX)].to_vec();
            ("quota_bytes = $2, quota_files = $3", values, detail)
        }
        Change::Connections(most) => ("connections = $2", params![login, *most].to_vec(), most.to_string()),
        Change::Unlock => ("failures = 0, locked_until = NULL", params![login].to_vec(), String::new()),
    };
    tx.execute(&format!("UPDATE front_account SET {sql} WHERE login = $1"), &values).await?;
    commit(tx, account.member, actor, change.word(), login, &detail, clock).await
}

/// Accounts by login.
///
/// # Errors
/// What the database says.
pub async fn accounts(db: &Db, scope: Scope) -> Result<Vec<Account>, LinkError> {
    let sql = format!("SELECT {COLUMNS} FROM front_account WHERE {{scope:member}} ORDER BY login");
    db.read(scope).fetch_all(&sql, &[]).await?.iter().map(account_of).collect()
}

/// One account.
///
/// # Errors
/// Y12.
pub async fn account(db: &Db, scope: Scope, login: &str) -> Result<Account, LinkError> {
    let sql = format!("SELECT {COLUMNS} FROM front_account WHERE login = $1 AND {{scope:member}}");
    let row = db.read(scope).fetch_optional(&sql, params![login]).await?;
    row.as_ref().map(account_of).transpose()?.ok_or_else(|| LinkError::new(LinkCode::NotFound, login))
}

/// Reads a public key in OpenSSH's one-line form: Ed25519, ECDSA, or RSA from 2048 bits.
///
/// # Errors
/// Y18.
pub fn read_public_key(text: &str) -> Result<PublicKey, LinkError> {
    let key = PublicKey::from_openssh(text.trim()).map_err(|e| LinkError::new(LinkCode::Key, e))?;
    let weak = match key.key_data() {
        russh::keys::ssh_key::public::KeyData::Rsa(rsa) => rsa.key_size() < 2048,
        _ => !matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. }),
    };
    if weak {
        let detail = "须为 Ed25519、ECDSA 或 2048 位以上 RSA must be Ed25519, ECDSA or RSA from 2048 bits";
        return Err(LinkError::new(LinkCode::Key, detail));
    }
    Ok(key)
}

/// `SHA256:…`, as OpenSSH shows it.
pub fn key_fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Adds a key to an account, and returns its fingerprint.
///
/// # Errors
/// Y12 no such account in the scope, Y17 the account has the key, Y18 a key that is not accepted or is another member's,
/// Y19 two keys are valid on its days, Y20 days in the wrong order.
pub async fn add_key(
    db: &Db,
    scope: Scope,
    actor: &str,
    login: &str,
    public_key: &str,
    valid: (Date, Date),
    clock: &dyn Clock,
) -> Result<String, LinkError> {
    let account = account(db, scope, login).await?;
    let key = read_public_key(public_key)?;
    let fingerprint = key_fingerprint(&key);
    let line = key.to_openssh().map_err(|e| LinkError::new(LinkCode::Key, e))?;
    if valid.0 > valid.1 {
        return Err(LinkError::new(LinkCode::Invalid, format!("{} > {}", valid.0, valid.1)));
    }
    let mut tx = begin(db).await?;
    let sql = "SELECT a.login, a.member FROM front_key k JOIN front_account a ON a.login = k.login \
               WHERE k.fingerprint = $1 AND k.state = 'active'";
    for row in tx.fetch_all(sql, params![fingerprint.as_str()]).await? {
        if row.text("login")? == login {
            return Err(LinkError::new(LinkCode::Exists, fingerprint));
        }
        if row.int("member")? != i64::from(account.member.0) {
            return Err(LinkError::new(LinkCode::Key, "该公钥已属其他机构 the key is another member's"));
        }
    }
    let sql = "SELECT fingerprint FROM front_key WHERE login = $1 AND state = 'active' \
               AND valid_from <= $3 AND valid_to >= $2";
    let days = (days_since_epoch(valid.0), days_since_epoch(valid.1));
    if tx.fetch_all(sql, params![login, days.0, days.1]).await?.len() >= MOST_KEYS {
        return Err(LinkError::new(LinkCode::Keys, login));
    }
    tx.execute(
        "INSERT INTO front_key (login, fingerprint, public_key, comment, valid_from, valid_to, state, created_at, \
         created_by) VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8) ON CONFLICT (login, fingerprint) DO UPDATE \
         SET state = 'active', valid_from = excluded.valid_from, valid_to = excluded.valid_to, \
         created_at = excluded.created_at, created_by = excluded.created_by",
        params![
            login,
            fingerprint.as_str(),
            line,
            key.comment().to_string(),
            days.0,
            days.1,
            format_date_time(clock.now()),
            actor
        ],
    )
    .await?;
    let detail = format!("{fingerprint} {}..{}", valid.0, valid.1);
    commit(tx, account.member, actor, "front.key.add", login, &detail, clock).await?;
    Ok(fingerprint)
}

/// Revokes a key at once.
///
/// # Errors
/// Y12.
pub async fn revoke_key(
    db: &Db,
    scope: Scope,
    actor: &str,
    login: &str,
    fingerprint: &str,
    clock: &dyn Clock,
) -> Result<(), LinkError> {
    let account = account(db, scope, login).await?;
    let mut tx = begin(db).await?;
    let sql = "UPDATE front_key SET state = 'revoked' WHERE login = $1 AND fingerprint = $2 AND state = 'active'";
    if tx.execute(sql, params![login, fingerprint]).await? == 0 {
        return Err(LinkError::new(LinkCode::NotFound, fingerprint));
    }
    commit(tx, account.member, actor, "front.key.revoke", login, fingerprint, clock).await
}

/// Keys by account and first day.
///
/// # Errors
/// What the database says.
pub async fn keys(db: &Db, scope: Scope) -> Result<Vec<AccountKey>, LinkError> {
    let sql = "SELECT k.login, k.fingerprint, k.public_key, k.comment, k.valid_from, k.valid_to, k.state \
               FROM front_key k JOIN front_account a ON a.login = k.login WHERE {scope:a.member} \
               ORDER BY k.login, k.valid_from, k.fingerprint";
    let date = |days: i64| from_days_since_epoch(days as i32).expect("written from a date");
    let key = |row: &Row| {
        Ok(AccountKey {
            login: row.text("login")?,
            fingerprint: row.text("fingerprint")?,
            public_key: row.text("public_key")?,
            comment: row.text("comment")?,
            valid_from: date(row.int("valid_from")?),
            valid_to: date(row.int("valid_to")?),
            active: row.text("state")? == "active",
        })
    };
    db.read(scope).fetch_all(sql, &[]).await?.iter().map(key).collect()
}

/// How a caller shows who it is.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// A password.
    Password(&'a str),
    /// A key whose signature was verified.
    Key(&'a PublicKey),
}

/// Logs a caller in.
///
/// # Errors
/// Y01, Y02, Y03: refused; tell the caller none of it. What the database says.
pub async fn log_in(
    front: &Front,
    login: &str,
    proof: Proof<'_>,
    address: IpAddr,
    channel: Channel,
) -> Result<(Account, Caller), LinkError> {
    let sql = format!("SELECT {COLUMNS} FROM front_account WHERE login = $1");
    let row = front.db.read(Scope::Platform).fetch_optional(&sql, params![login]).await?;
    let Some(row) = row else {
        if let Proof::Password(password) = proof {
            // As long as for an account that exists.
            verify(password.to_owned(), None).await?;
        }
        return Err(LinkError::new(LinkCode::Login, "unknown account"));
    };
    let account = account_of(&row)?;
    let caller = Caller {
        member: account.member,
        login: account.login.clone(),
        channel,
        address: address.to_string(),
        quota_bytes: account.quota_bytes,
        quota_files: account.quota_files,
    };
    let checked = check(front, &account, &row, proof, address).await;
    let now = format_date_time(front.clock.now());
    let mut tx = front.db.begin_write_locking(Scope::Platform, &["front_account", "transfer"]).await?;
    match &checked {
        Ok(()) => {
            let sql = "UPDATE front_account SET failures = 0, locked_until = NULL, last_login_at = $2, \
                       last_address = $3 WHERE login = $1";
            tx.execute(sql, params![login, now, address.to_string()]).await?;
            transfers::record(&mut tx, front, "session", &Event { state: "login", ..caller.event("") }).await?;
        }
        Err(refusal) => {
            if refusal.code() == Some(LinkCode::Login) && matches!(proof, Proof::Password(_)) {
                let until = front.clock.now() + chrono::TimeDelta::minutes(LOCK_MINUTES);
                let sql = "UPDATE front_account SET failures = failures + 1, \
                           locked_until = CASE WHEN failures + 1 >= $2 THEN $3 ELSE locked_until END WHERE login = $1";
                tx.execute(sql, params![login, MOST_FAILURES, format_date_time(until)]).await?;
            }
            let (code, detail) = (refusal.code_text(), refusal.to_string());
            let event = Event { state: "login-refused", code, detail: &detail, ..caller.event("") };
            transfers::record(&mut tx, front, "session", &event).await?;
            tracing::warn!(login, address = %address, code, "login refused");
        }
    }
    tx.commit().await?;
    checked.map(|()| (account, caller))
}

/// Whether a key would be let in if its signature were right: answers before the caller signs.
///
/// # Errors
/// What the database says.
pub async fn knows_key(front: &Front, login: &str, key: &PublicKey) -> Result<bool, LinkError> {
    let today = days_since_epoch(front.clock.now().date());
    let sql = "SELECT 1 AS found FROM front_key WHERE login = $1 AND fingerprint = $2 AND state = 'active' \
               AND valid_from <= $3 AND valid_to >= $3";
    let found = front.db.read(Scope::Platform).fetch_optional(sql, params![login, key_fingerprint(key), today]).await?;
    Ok(found.is_some())
}

async fn check(
    front: &Front,
    account: &Account,
    row: &Row,
    proof: Proof<'_>,
    address: IpAddr,
) -> Result<(), LinkError> {
    if !account.active {
        return Err(LinkError::new(LinkCode::Locked, "已停用 disabled"));
    }
    if !allowed(&account.addresses, address)? {
        return Err(LinkError::new(LinkCode::Address, address));
    }
    match proof {
        Proof::Key(key) if knows_key(front, &account.login, key).await? => Ok(()),
        Proof::Key(key) => Err(LinkError::new(LinkCode::Login, format!("key {}", key_fingerprint(key)))),
        Proof::Password(password) => {
            let now = format_date_time(front.clock.now());
            if let Some(until) = account.locked_until.as_ref().filter(|until| **until > now) {
                return Err(LinkError::new(LinkCode::Locked, format!("锁定至 locked until {until}")));
            }
            match verify(password.to_owned(), row.opt_text("password")?).await? {
                true => Ok(()),
                false => Err(LinkError::new(LinkCode::Login, "password")),
            }
        }
    }
}

fn hash(password: &str) -> Result<String, LinkError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        let detail = format!("密码至少 {SHORTEST_PASSWORD} 位 password has at least {SHORTEST_PASSWORD} characters");
        return Err(LinkError::new(LinkCode::Invalid, detail));
    }
    let hashed = Argon2::default().hash_password(password.as_bytes());
    Ok(hashed.map_err(|e| LinkError::new(LinkCode::Invalid, e))?.to_string())
}

/// Off the threads that serve others: Argon2 takes its time on purpose.
async fn verify(password: String, hashed: Option<String>) -> Result<bool, LinkError> {
    let verify = move || {
        let known = hashed.is_some();
        // Any valid hash will do for the time it takes.
        let hashed = hashed.unwrap_or_else(|| DUMMY.to_owned());
        let right = PasswordHash::new(&hashed)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && right
    };
    tokio::task::spawn_blocking(verify).await.map_err(|e| LinkError::new(LinkCode::Io, e))
}

const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Address ranges as (first bits, number of bits that count), IPv4 mapped into IPv6.
fn ranges(text: &str) -> Result<Vec<(u128, u32)>, LinkError> {
    let range = |part: &str| {
        let (address, bits) = part.split_once('/').map_or((part, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().ok()?;
        let (own, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let bits: u32 = bits.map_or(Some(own), |b| b.parse().ok()).filter(|b| *b <= own)?;
        Some((number(address), before + bits))
    };
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            range(part).ok_or_else(|| LinkError::new(LinkCode::Invalid, format!("地址范围 address range {part:?}")))
        })
        .collect()
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// Whether an address is in one of the ranges; every address is where there are none.
fn allowed(text: &str, address: IpAddr) -> Result<bool, LinkError> {
    let ranges = ranges(text)?;
    let within = |(first, bits): &(u128, u32)| {
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        (number(address) ^ first) & mask == 0
    };
    Ok(ranges.is_empty() || ranges.iter().any(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_matched_by_range() {
        let is = |ranges: &str, address: &str| allowed(ranges, address.parse().unwrap()).unwrap();
        assert!(is("", "203.0.113.9"));
        assert!(is("10.1.0.0/16", "10.1.255.3") && !is("10.1.0.0/16", "10.2.0.1"));
        assert!(is("10.1.0.7", "10.1.0.7") && !is("10.1.0.7", "10.1.0.8"));
        assert!(is("192.0.2.0/24, 2001:db8::/32", "2001:db8:1::5"));
        assert!(is("10.0.0.0/8", "::ffff:10.9.9.9"), "the same address in the other spelling");
        assert!(is("0.0.0.0/0", "198.51.100.1") && !is("0.0.0.0/0", "2001:db8::1"));
        for bad in ["10.0.0.0/33", "10.0.0", "x", "10.0.0.1/-1", "::/129"] {
            assert_eq!(ranges(bad).unwrap_err().code(), Some(LinkCode::Invalid), "{bad}");
        }
    }

    #[test]
    fn only_strong_keys_are_read() {
        let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ a@b";
        assert!(key_fingerprint(&read_public_key(ed25519).unwrap()).starts_with("SHA256:"));
        for bad in ["", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ== short"] {
            assert_eq!(read_public_key(bad).unwrap_err().code(), Some(LinkCode::Key), "{bad}");
        }
    }
}
