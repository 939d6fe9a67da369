//! Certificates that members send in themselves; the centre registers or refuses each.

use crate::change::check_key;
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use serde::{Deserialize, Serialize};
use tongka_audit::Deed;
use tongka_base::date::{days_since_epoch, format_date_time};
use tongka_base::{Clock, Date, MemberCode};
use tongka_crypto::sm2_verify;
use tongka_storage::{Db, Scope, params};

/// A certificate as a member sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// Uncompressed SM2 public key.
    #[serde(with = "form::public_key")]
    pub public_key: [u8; 65],
    /// First clearing date on which it shall be valid.
    #[serde(with = "form::date")]
    pub not_before: Date,
    /// Last one.
    #[serde(with = "form::date")]
    pub not_after: Date,
    /// What people call it.
    pub label: String,
    /// Proof that the member has the private key: its signature over [`proof_text`], DER in hex.
    #[serde(default)]
    pub proof: Option<String>,
}

/// What a member signs to prove that it has the private key.
pub fn proof_text(member: MemberCode, public_key: &[u8; 65]) -> String {
    format!("tongka certificate {member} {}", hex::encode_upper(public_key))
}

/// Takes a certificate of a member and returns its number. It counts for nothing until the centre registers it.
///
/// # Errors
/// M14 for a key or a proof that is wrong, M19 for a value; what the database says.
pub async fn send_certificate(
    db: &Db,
    member: MemberCode,
    new: &NewCertificate,
    by: &str,
    clock: &dyn Clock,
) -> Result<i64, MemberError> {
    check_key("public_key", &new.public_key)?;
    if new.not_before > new.not_after {
        return refuse(BookCode::Value, "not_after", "止日早于始日", "it ends before it begins");
    }
    let length = new.label.chars().count();
    if !(1..=60).contains(&length) || new.label.chars().any(char::is_control) {
        return refuse(BookCode::Value, "label", "1 至 60 个字符", "1 to 60 characters");
    }
    if let Some(proof) = &new.proof {
        let signature = hex::decode(proof).unwrap_or_default();
        if !sm2_verify(&new.public_key, proof_text(member, &new.public_key).as_bytes(), &signature) {
            return refuse(BookCode::Certificate, "proof", "签名不符", "the signature does not fit");
        }
    }
    let key = hex::encode_upper(new.public_key);
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "SELECT id FROM certificate_upload WHERE public_key = $1 AND state = 'waiting'";
    if tx.fetch_optional(sql, params![key.as_str()]).await?.is_some() {
        return refuse(BookCode::Exists, "public_key", "该公钥正待登记", "the key waits for registration already");
    }
    let id =
        tx.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM certificate_upload", params![]).await?.int("id")?;
    let sql = "INSERT INTO certificate_upload (id, member, public_key, not_before, not_after, label, proven, state, \
               sent_at, sent_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9)";
    let values = params![
        id,
        member,
        key,
        days_since_epoch(new.not_before),
        days_since_epoch(new.not_after),
        &new.label,
        new.proof.is_some(),
        format_date_time(clock.now()),
        by
    ];
    tx.execute(sql, values).await?;
    let object = member.to_string();
    let detail = format!("certificate upload {id}");
    let deed = Deed {
        owner: i64::from(member.0),
        actor: by,
        action: "member.certificate.send",
        object: &object,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(id)
}

/// Public keys that are registered and valid on a day, by member; two of a member while one follows the other.
///
/// # Errors
/// What the database says.
pub async fn valid_certificates(db: &Db, on: Date) -> Result<Vec<(MemberCode, [u8; 65])>, MemberError> {
    let sql = "SELECT member, public_key FROM scheme_certificate WHERE to_version IS NULL AND revoked = 0 \
               AND (not_before IS NULL OR not_before <= $1) AND (not_after IS NULL OR not_after >= $1) \
               ORDER BY member, id";
    let broken = || MemberError::broken("scheme_certificate");
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(on)]).await?;
    let read = |row: &tongka_storage::Row| {
        let member = MemberCode(u32::try_from(row.int("member")?).map_err(|_| broken())?);
        let key = hex::decode(row.text("public_key")?).ok().and_then(|key| key.try_into().ok());
        Ok((member, key.ok_or_else(broken)?))
    };
    rows.iter().map(read).collect()
}

/// Members that are not closed on a day, by code: also those that begin later, or pause.
///
/// # Errors
/// What the database says.
pub async fn present_members(db: &Db, on: Date) -> Result<Vec<MemberCode>, MemberError> {
    let sql = "SELECT code FROM scheme_member WHERE to_version IS NULL AND (active_to IS NULL OR active_to >= $1) \
               ORDER BY code";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![days_since_epoch(on)]).await?;
    let broken = || MemberError::broken("scheme_member");
    rows.iter().map(|row| Ok(MemberCode(u32::try_from(row.int("code")?).map_err(|_| broken())?))).collect()
}

/// Puts a certificate of a member aside, with a reason.
///
/// # Errors
/// M06 for one that is not there, M13 for one that is settled; what the database says.
pub async fn refuse_certificate(
    db: &Db,
    upload: i64,
    reason: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<(), MemberError> {
    let mut tx = tongka_audit::begin(db).await?;
    let sql = "SELECT member, state FROM certificate_upload WHERE id = $1";
    let Some(row) = tx.fetch_optional(sql, params![upload]).await? else {
        return refuse(BookCode::NotFound, "upload", "没有此证书申请", "there is no such certificate");
    };
    if row.text("state")? != "waiting" {
        return refuse(BookCode::State, "upload", "该证书申请已有结论", "it is settled already");
    }
    tx.execute("UPDATE certificate_upload SET state = 'refused' WHERE id = $1", params![upload]).await?;
    let detail = format!("certificate upload {upload}: {reason}");
    let owner = row.int("member")?;
    let object = format!("{owner:08}");
    let action = "member.certificate.refuse";
    let deed = Deed { owner, actor: by, action, object: &object, outcome: "ok", detail: &detail };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(())
}

/// A member's certificate that waits for registration, as the payload of `member.certificate.register`.
///
/// # Errors
/// M06 for one that is not there or another member's; what the database says.
pub async fn waiting_certificate(
    db: &Db,
    scope: Scope,
    upload: i64,
) -> Result<crate::change::CertificateRegister, MemberError> {
    let sql = "SELECT member, public_key, not_before, not_after, label FROM certificate_upload \
               WHERE id = $1 AND state = 'waiting' AND {scope:member}";
    let Some(row) = db.read(scope).fetch_optional(sql, params![upload]).await? else {
        return refuse(BookCode::NotFound, "upload", "没有此证书申请", "there is no such certificate");
    };
    let damaged = || MemberError::broken("certificate_upload");
    let day = |column: &str| -> Result<Date, MemberError> {
        let days = i32::try_from(row.int(column)?).map_err(|_| damaged())?;
        tongka_base::date::from_days_since_epoch(days).ok_or_else(damaged)
    };
    let key = hex::decode(row.text("public_key")?).ok().and_then(|key| key.try_into().ok());
    Ok(crate::change::CertificateRegister {
        member: MemberCode(u32::try_from(row.int("member")?).map_err(|_| damaged())?),
        public_key: key.ok_or_else(damaged)?,
        not_before: day("not_before")?,
        not_after: day("not_after")?,
        label: row.text("label")?,
        upload: Some(upload),
    })
}
