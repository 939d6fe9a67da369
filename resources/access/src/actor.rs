//! Who acts.

use crate::error::{AccessCode, AccessError};
use crate::permission::{PERMISSIONS, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use tongka_base::MemberCode;
use tongka_storage::{Row, Scope, StorageError, TenantCode, Value};

/// Whom an account, a proposal or a key belongs to (归属).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The clearing centre, which sees all.
    Centre,
    /// A member institution.
    Member(MemberCode),
    /// A tenant of the card cloud.
    Tenant(TenantCode),
}

impl Owner {
    /// The rows it may see.
    pub fn scope(self) -> Scope {
        match self {
            Self::Centre => Scope::Platform,
            Self::Member(member) => Scope::Member(member),
            Self::Tenant(tenant) => Scope::Tenant(tenant),
        }
    }

    /// Which kind of owner it is.
    pub fn side(self) -> Side {
        match self {
            Self::Centre => Side::Centre,
            Self::Member(_) => Side::Member,
            Self::Tenant(_) => Side::Tenant,
        }
    }

    /// As the audit log names it.
    pub fn number(self) -> i64 {
        match self {
            Self::Centre => 0,
            Self::Member(member) => i64::from(member.0),
            Self::Tenant(tenant) => tenant.0,
        }
    }

    /// As two columns: member, tenant.
    pub(crate) fn columns(self) -> [Value; 2] {
        match self {
            Self::Centre => [Value::Null, Value::Null],
            Self::Member(member) => [Value::from(member), Value::Null],
            Self::Tenant(tenant) => [Value::Null, Value::Int(tenant.0)],
        }
    }

    /// From the columns `member` and `tenant`.
    pub(crate) fn of(row: &Row) -> Result<Self, StorageError> {
        let member = row.opt_int("member")?.and_then(|code| u32::try_from(code).ok());
        Ok(match (member, row.opt_int("tenant")?) {
            (Some(code), _) => Self::Member(MemberCode(code)),
            (None, Some(code)) => Self::Tenant(TenantCode(code)),
            (None, None) => Self::Centre,
        })
    }

    /// Reads `centre`, `member:10002900` or `tenant:3050`. The centre's own numbers are neither member nor tenant.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => (text == "centre").then_some(Self::Centre),
            Some(("member", code)) => {
                let code = MemberCode::parse(code.as_bytes())?;
                (code != MemberCode::CENTRE && code != MemberCode::UNROUTED).then_some(Self::Member(code))
            }
            Some(("tenant", code)) => {
                let plain = code.len() <= 12 && code.bytes().all(|b| b.is_ascii_digit());
                let code = plain.then(|| code.parse::<i64>().ok())??;
                (code > 0).then_some(Self::Tenant(TenantCode(code)))
            }
            Some(_) => None,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Centre => f.write_str("centre"),
            Self::Member(member) => write!(f, "member:{member}"),
            Self::Tenant(tenant) => write!(f, "tenant:{tenant}"),
        }
    }
}

impl Serialize for Owner {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected centre, member:<8 digits> or tenant:<number>"))
    }
}

/// How somebody came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A session of a browser.
    Session(i64),
    /// A machine with an API key.
    ApiKey(String),
    /// The command line on the server itself.
    Local,
}

/// Somebody who acts, as known at the beginning of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Account; 0 on the command line.
    pub account: i64,
    /// Its login.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// The person's staff number: the same in all accounts of one person.
    pub person: String,
    /// Whom the account belongs to.
    pub owner: Owner,
    /// What it may do.
    pub permissions: BTreeSet<String>,
    /// How they came in.
    pub via: Via,
}

impl Actor {
    /// Who works at the command line of the server, and so can do anything anyway.
    pub fn local(login: impl Into<String>) -> Self {
        let login = login.into();
        Self {
            account: 0,
            name: login.clone(),
            person: login.clone(),
            login,
            owner: Owner::Centre,
            permissions: PERMISSIONS.iter().map(|p| p.code.to_owned()).collect(),
            via: Via::Local,
        }
    }

    /// The rows they may see.
    pub fn scope(&self) -> Scope {
        self.owner.scope()
    }

    /// Whether they have a permission.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }

    /// Refuses who lacks a permission.
    ///
    /// # Errors
    /// P05.
    pub fn require(&self, permission: &str) -> Result<(), AccessError> {
        if self.may(permission) { Ok(()) } else { Err(AccessError::new(AccessCode::Permission, permission)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_read_back_as_written() {
        for text in ["centre", "member:10002900", "tenant:3050"] {
            assert_eq!(Owner::parse(text).unwrap().to_string(), text);
        }
        let bad =
            ["", "center", "member:1", "member:00000000", "member:99999999", "tenant:0", "tenant:-1", "tenant:+5"];
        for text in bad {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
    }
}
