//! For whom a statement runs (数据范围).

use std::fmt;
use tongka_base::MemberCode;

/// Tenant (租户) code: a city on the city-card cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantCode(pub i64);

impl fmt::Display for TenantCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// For whom a statement runs. Every read and every write transaction has one.
///
/// In the query text `{scope:column}` marks the column with the owning member, `{tenant:column}` the one with the owning
/// tenant; each becomes a predicate:
///
/// | scope | `{scope:c}` | `{tenant:c}` | text without a marker |
/// |---|---|---|---|
/// | `Platform` | true | true | runs |
/// | `Member(m)` | `c = m`, bound | refused, S10 | refused, S10 |
/// | `Tenant(t)` | refused, S10 | `c = t`, bound | refused, S10 |
///
/// Several markers are allowed, as in `({scope:debtor} OR {scope:creditor})`. The column may be a placeholder, which is
/// how a row is inserted under a narrow scope: `INSERT INTO t (member, x) SELECT $1, $2 WHERE {scope:$1}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The platform itself: every row.
    Platform,
    /// The rows of one member institution.
    Member(MemberCode),
    /// The rows of one tenant.
    Tenant(TenantCode),
}
