//! Certificates of members: public keys under which their files are signed.
//!
//! Two may be valid on one day, while one takes the place of the other. A certificate that is revoked stays in the book
//! with an end: a member that has ever had one must sign, or nothing of it is accepted.

use super::{Draft, Payload, member::check_period, member::check_text};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::Rows;
use crate::rows::CertificateEntry;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tongka_base::{Date, MemberCode};
use tongka_crypto::{Sm2Verifier, sm3};
use tongka_storage::{WriteTx, params};

/// A public key counts for a member's files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRegister {
    /// Whose.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// Uncompressed SM2 public key.
    #[serde(with = "form::public_key")]
    pub public_key: [u8; 65],
    /// First clearing date on which it is valid.
    #[serde(with = "form::date")]
    pub not_before: Date,
    /// Last one.
    #[serde(with = "form::date")]
    pub not_after: Date,
    /// What people call it, such as the serial number of the member's certificate.
    pub label: String,
    /// The certificate that the member sent, by its number, which is thereby settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<i64>,
}

/// A public key counts no longer, from the next clearing date on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRevoke {
    /// Whose.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// Its fingerprint: SM3 of the public key, hex.
    pub fingerprint: String,
    /// Why.
    pub reason: String,
}

/// What identifies a public key for people.
pub(crate) fn fingerprint(public_key: &[u8; 65]) -> String {
    hex::encode_upper(sm3(public_key))
}

/// Refuses what is no point of the curve.
pub(crate) fn check_key(field: &str, public_key: &[u8; 65]) -> Result<(), MemberError> {
    if Sm2Verifier::new(public_key).is_some() {
        return Ok(());
    }
    refuse(BookCode::Certificate, field, "公钥不在 SM2 曲线上", "the public key is not on the SM2 curve")
}

fn before<R>(draft: &Draft<'_, R>, member: MemberCode) -> Value {
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    let list = draft.book.certificates_of(member).map(|c| {
        json!({
            "fingerprint": fingerprint(&c.public_key), "label": c.label, "not_before": day(c.not_before),
            "not_after": day(c.not_after), "revoked": c.revoked,
        })
    });
    json!({ "certificates": list.collect::<Vec<_>>() })
}

impl CertificateRegister {
    /// Marks the member's own certificate as registered.
    pub(crate) async fn settle_upload(&self, tx: &mut WriteTx) -> Result<(), MemberError> {
        let Some(upload) = self.upload else { return Ok(()) };
        tx.execute("UPDATE certificate_upload SET state = 'registered' WHERE id = $1", params![upload]).await?;
        Ok(())
    }

    /// Refuses an upload that is not there, is settled, or says something else.
    async fn check_upload<R: Rows>(&self, rows: &mut R) -> Result<(), MemberError> {
        let Some(upload) = self.upload else { return Ok(()) };
        let sql = "SELECT state FROM certificate_upload WHERE id = $1 AND member = $2 AND public_key = $3";
        let key = hex::encode_upper(self.public_key);
        match rows.first(sql, params![upload, self.member, key]).await? {
            None => refuse(BookCode::NotFound, "upload", "没有此证书申请", "the member sent no such certificate"),
            Some(row) if row.text("state")? != "waiting" => {
                refuse(BookCode::State, "upload", "该证书申请已有结论", "it is settled already")
            }
            Some(_) => Ok(()),
        }
    }
}

impl Payload for CertificateRegister {
    fn object(&self) -> String {
        self.member.to_string()
    }

    fn summary(&self) -> String {
        let short = fingerprint(&self.public_key)[..16].to_owned();
        format!("登记成员 {} 证书 {}（{short}），{} 至 {}", self.member, self.label, self.not_before, self.not_after)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        check_text("label", &self.label, 60)?;
        draft.member("member", self.member)?;
        check_key("public_key", &self.public_key)?;
        check_period("not_after", self.not_before, Some(self.not_after))?;
        draft.moment.check_ahead("not_after", self.not_after)?;
        if let Some(other) = draft.book.certificates.values().find(|c| c.public_key == self.public_key) {
            let (zh, en) = (format!("成员 {} 已登记此公钥", other.member), format!("member {} has it", other.member));
            return refuse(BookCode::Exists, "public_key", zh, en);
        }
        self.check_upload(draft.rows).await?;
        let before = before(draft, self.member);
        let entry = CertificateEntry {
            member: self.member,
            public_key: self.public_key,
            not_before: Some(self.not_before),
            not_after: Some(self.not_after),
            label: self.label.clone(),
            revoked: false,
        };
        draft.book.certificates.insert((entry.member, entry.public_key), entry);
        Ok(before)
    }
}

impl Payload for CertificateRevoke {
    fn object(&self) -> String {
        self.member.to_string()
    }

    fn summary(&self) -> String {
        let short = self.fingerprint.get(..16).unwrap_or(&self.fingerprint);
        format!("吊销成员 {} 证书 {short}，{}", self.member, self.reason)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        check_text("reason", &self.reason, 200)?;
        draft.member("member", self.member)?;
        let found = draft.book.certificates_of(self.member).find(|c| fingerprint(&c.public_key) == self.fingerprint);
        let Some(entry) = found.cloned() else {
            return refuse(BookCode::NotFound, "fingerprint", "没有此证书", "no such certificate");
        };
        if entry.revoked {
            return refuse(BookCode::State, "fingerprint", "证书已吊销", "it is revoked already");
        }
        let before = before(draft, self.member);
        let last = draft.moment.next().pred_opt().unwrap_or(Date::MIN);
        let not_after = entry.not_after.map_or(last, |day| day.min(last));
        // One that was yet to come keeps a day on which no clearing date will ever be opened.
        let not_before = entry.not_before.map(|day| day.min(not_after));
        let revoked = CertificateEntry { not_before, not_after: Some(not_after), revoked: true, ..entry };
        draft.book.certificates.insert((revoked.member, revoked.public_key), revoked);
        Ok(before)
    }
}
