//! The parameters of disputes (差错参数): the defaults of [`CaseRules`], over which two people of the centre set others.

use crate::DisputeError;
use crate::decision::Draft;
use crate::rules::CaseRules;
use serde_json::{Map, Value, json};
use tongka_access::Approval;
use tongka_base::Clock;
use tongka_base::date::format_date_time;
use tongka_storage::{Db, Row, Scope, WriteTx, params};

/// Kind of the proposal to set parameters; its payload names them with their values.
pub const SET_RULES: &str = "dispute.case.rules";

const SQL: &str = "SELECT name, value FROM dispute_parameter";

fn over_defaults(rows: &[Row]) -> Result<CaseRules, DisputeError> {
    let mut rules = CaseRules::default();
    for row in rows {
        rules.set(&row.text("name")?, row.int("value")?);
    }
    Ok(rules)
}

/// The parameters as they are now.
///
/// # Errors
/// What the database says.
pub async fn rules(db: &Db) -> Result<CaseRules, DisputeError> {
    over_defaults(&db.read(Scope::Platform).fetch_all(SQL, params![]).await?)
}

pub(super) async fn rules_in(tx: &mut WriteTx) -> Result<CaseRules, DisputeError> {
    over_defaults(&tx.fetch_all(SQL, params![]).await?)
}

/// The named values, all of which must be parameters.
fn read(payload: &Value) -> Result<Vec<(&str, i64)>, DisputeError> {
    let refuse = |what: &str| DisputeError::Invalid(format!("参数 parameter {what}"));
    let named = payload.as_object().filter(|named| !named.is_empty()).ok_or_else(|| refuse("{}"))?;
    let mut rules = CaseRules::default();
    let read_one = |(name, value): (&'_ String, &Value)| {
        let value = value.as_i64().filter(|value| rules.set(name, *value));
        value.ok_or_else(|| refuse(name))
    };
    let values = named.iter().map(read_one).collect::<Result<Vec<_>, _>>()?;
    Ok(named.keys().map(String::as_str).zip(values).collect())
}

pub(crate) async fn draft_rules(db: &Db, payload: &Value) -> Result<Draft, DisputeError> {
    let wanted = read(payload)?;
    let before: Map<String, Value> =
        rules(db).await?.values().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let changes = wanted.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("，");
    let before: Map<String, Value> =
        before.into_iter().filter(|(name, _)| wanted.iter().any(|(wanted, _)| wanted == name)).collect();
    Ok(Draft { object: "dispute parameters".into(), summary: changes, before: Value::Object(before) })
}

pub(crate) async fn set_rules(tx: &mut WriteTx, approval: &Approval, clock: &dyn Clock) -> Result<Value, DisputeError> {
    for (name, value) in read(&approval.after)? {
        tx.execute("DELETE FROM dispute_parameter WHERE name = $1", params![name]).await?;
        let sql = "INSERT INTO dispute_parameter (name, value, approval, set_at) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, params![name, value, approval.id, format_date_time(clock.now())]).await?;
    }
    Ok(approval.after.clone())
}
