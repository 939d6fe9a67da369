//! Issuers of members' cards.

use super::{Draft, Payload, shown};
use crate::error::{BookCode, MemberError, refuse};
use crate::form;
use crate::read::{Rows, listed_of_issuer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongka_base::{Algorithm, CardScheme, Fen, IssuerId, KeyVersion, MemberCode};
use tongka_scheme::Issuer;

/// A TAC key that an issuer's cards may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerKey {
    /// Version.
    #[serde(with = "form::key_version")]
    pub version: KeyVersion,
    /// Algorithm.
    #[serde(with = "form::algorithm")]
    pub algorithm: Algorithm,
}

/// A new issuer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerAdd {
    /// Card scheme.
    #[serde(with = "form::scheme")]
    pub scheme: CardScheme,
    /// Issuer id as in the cards' EF15.
    #[serde(with = "form::issuer_id")]
    pub issuer_id: IssuerId,
    /// The member that answers for its cards.
    #[serde(with = "form::member")]
    pub member: MemberCode,
    /// How far below zero a purse may go.
    pub overdraft_limit_fen: i64,
    /// Allowed TAC keys.
    pub keys: Vec<IssuerKey>,
}

/// All values of an issuer anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssuerEdit(pub IssuerAdd);

/// An issuer without blacklisted cards goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRemove {
    /// Card scheme.
    #[serde(with = "form::scheme")]
    pub scheme: CardScheme,
    /// Issuer id.
    #[serde(with = "form::issuer_id")]
    pub issuer_id: IssuerId,
}

impl IssuerAdd {
    fn entry(&self) -> Issuer {
        Issuer {
            scheme: self.scheme,
            issuer_id: self.issuer_id,
            member: self.member,
            overdraft_limit_fen: Fen(self.overdraft_limit_fen),
            keys: self.keys.iter().map(|key| (key.version, key.algorithm)).collect(),
        }
    }

    fn of(issuer: &Issuer) -> Self {
        let key = |&(version, algorithm): &(KeyVersion, Algorithm)| IssuerKey { version, algorithm };
        Self {
            scheme: issuer.scheme,
            issuer_id: issuer.issuer_id,
            member: issuer.member,
            overdraft_limit_fen: issuer.overdraft_limit_fen.0,
            keys: issuer.keys.iter().map(key).collect(),
        }
    }
}

impl<R> Draft<'_, R> {
    fn issuer(&self, scheme: CardScheme, issuer_id: IssuerId) -> Result<&Issuer, MemberError> {
        match self.book.issuers.get(&(scheme, issuer_id)) {
            Some(issuer) => Ok(issuer),
            None => {
                let what = format!("{scheme} {issuer_id}");
                refuse(BookCode::NotFound, "issuer_id", format!("没有发卡机构 {what}"), format!("no issuer {what}"))
            }
        }
    }

    fn put_issuer(&mut self, issuer: Issuer) -> Result<(), MemberError> {
        self.member("member", issuer.member)?;
        self.book.issuers.insert((issuer.scheme, issuer.issuer_id), issuer);
        Ok(())
    }
}

impl Payload for IssuerAdd {
    fn object(&self) -> String {
        format!("{} {}", self.scheme, self.issuer_id)
    }

    fn summary(&self) -> String {
        format!("新增发卡机构 {}，属成员 {}", self.object(), self.member)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        if draft.issuer(self.scheme, self.issuer_id).is_ok() {
            let what = self.object();
            return refuse(BookCode::Exists, "issuer_id", format!("发卡机构 {what}"), format!("issuer {what}"));
        }
        draft.put_issuer(self.entry())?;
        Ok(Value::Null)
    }
}

impl Payload for IssuerEdit {
    fn object(&self) -> String {
        self.0.object()
    }

    fn summary(&self) -> String {
        let overdraft = Fen(self.0.overdraft_limit_fen);
        format!("修改发卡机构 {}，属成员 {}，透支限额 {overdraft} 元", self.object(), self.0.member)
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = IssuerAdd::of(draft.issuer(self.0.scheme, self.0.issuer_id)?);
        draft.put_issuer(self.0.entry())?;
        Ok(shown(before))
    }
}

impl Payload for IssuerRemove {
    fn object(&self) -> String {
        format!("{} {}", self.scheme, self.issuer_id)
    }

    fn summary(&self) -> String {
        format!("删除发卡机构 {}", self.object())
    }

    async fn apply<R: Rows>(&self, draft: &mut Draft<'_, R>) -> Result<Value, MemberError> {
        let before = IssuerAdd::of(draft.issuer(self.scheme, self.issuer_id)?);
        let cards = listed_of_issuer(draft.rows, self.scheme, self.issuer_id).await?;
        if cards > 0 {
            let (zh, en) = (format!("黑名单中有其 {cards} 张卡"), format!("{cards} of its cards are blacklisted"));
            return refuse(BookCode::InUse, "issuer_id", zh, en);
        }
        draft.book.issuers.remove(&(self.scheme, self.issuer_id));
        Ok(shown(before))
    }
}
