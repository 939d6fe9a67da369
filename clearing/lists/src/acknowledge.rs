//! Acknowledging (确认): a member says by an `ACK` file which versions its terminals work with.
//!
//! A file is taken whole or refused whole. The last word counts: a member that went back to an older version says so.

use crate::{ListError, ListName};
use std::collections::BTreeMap;
use std::time::Duration;
use tongka_audit::Deed;
use tongka_base::date::{format_date_time, parse_date_time};
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Scope, params};
use tongka_wire::{Kind, Value, parse_record};

/// How far a member's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(600);

/// What was taken from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Lists with the version that the member works with.
    pub lists: Vec<(ListName, i64)>,
}

/// Takes the records of an `ACK` file of a member, whose structure was checked. Taking it again changes nothing.
///
/// # Errors
/// O04 with the number of the record at fault; what the database says. Nothing is taken then.
pub async fn acknowledge(
    db: &Db,
    member: MemberCode,
    file: &str,
    lines: &[u8],
    clock: &dyn Clock,
) -> Result<Acknowledged, ListError> {
    let table = Kind::Ack.table();
    let latest = format_date_time(clock.now() + AHEAD);
    let offered = offered(db, member).await?;
    let mut taken = Vec::new();
    for (at, line) in lines.chunks_exact(table.line_len()).enumerate() {
        let refuse = |what: &str| ListError::Acknowledgement(format!("record {}: {what}", at + 1));
        let values = parse_record(table, line).map_err(|error| refuse(&error.to_string()))?;
        let [_, Value::Text(code), Value::Number(version), Value::Number(applied)] = values.as_slice() else {
            return Err(refuse("not as laid out"));
        };
        let list = ListName::parse(code).ok_or_else(|| refuse(&format!("没有该名单 no such list {code}")))?;
        let applied = format!("{applied:014}");
        let newest = offered.get(&list).copied().unwrap_or_default();
        if *version < 1 || *version > newest {
            return Err(refuse(&format!("{list} {version} 未下发 was not offered; the newest is {newest}")));
        }
        if parse_date_time(&applied).is_none() || applied > latest {
            return Err(refuse(&format!("启用时间 applied at {applied}")));
        }
        taken.push((list, *version, applied));
    }
    let now = format_date_time(clock.now());
    let mut tx = tongka_audit::begin(db).await?;
    for (list, version, applied) in &taken {
        tx.execute(
            "INSERT INTO list_acknowledgement (member, list, version, applied_at, acknowledged_at, file) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (member, list, version) DO NOTHING",
            params![member, list.code(), *version, applied.as_str(), now.as_str(), file],
        )
        .await?;
        tx.execute(
            "UPDATE list_standing SET acknowledged = $3, applied_at = $4, acknowledged_at = $5 \
             WHERE member = $1 AND list = $2",
            params![member, list.code(), *version, applied.as_str(), now.as_str()],
        )
        .await?;
    }
    let lists: Vec<(ListName, i64)> = taken.iter().map(|(list, version, _)| (*list, *version)).collect();
    let detail = lists.iter().map(|(list, version)| format!("{list} {version}")).collect::<Vec<_>>().join(", ");
    let deed = Deed {
        owner: i64::from(member.0),
        actor: &member.to_string(),
        action: "lists.acknowledge",
        object: file,
        outcome: "ok",
        detail: &detail,
    };
    tongka_audit::commit(tx, &deed, clock).await?;
    Ok(Acknowledged { lists })
}

/// The newest version that a member was offered, by list.
async fn offered(db: &Db, member: MemberCode) -> Result<BTreeMap<ListName, i64>, ListError> {
    let sql = "SELECT list, offered FROM list_standing WHERE member = $1";
    let rows = db.read(Scope::Platform).fetch_all(sql, params![member]).await?;
    let mut offered = BTreeMap::new();
    for row in rows {
        let list = row.text("list")?;
        offered.insert(ListName::parse(&list).ok_or(ListError::Damaged(list))?, row.int("offered")?);
    }
    Ok(offered)
}
