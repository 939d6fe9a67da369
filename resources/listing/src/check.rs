//! Whether a list fits its tables, for the tests of its owner and the start of a server.

use crate::query::{Op, Query};
use crate::spec::{Kind, ListSpec};
use crate::sql::Writer;
use crate::{ListingError, for_each_row, page};
use std::collections::BTreeSet;
use tongka_base::MemberCode;
use tongka_storage::{Db, Scope, TenantCode};

/// Runs every filter, every sort and every kind of scope of a list, and looks for NULLs that were not declared.
///
/// # Errors
/// V10 with what does not fit; what the database says.
pub async fn check(db: &Db, spec: &'static ListSpec) -> Result<(), ListingError> {
    let broken = |what: String| ListingError::Broken(format!("{}: {what}", spec.name));
    let plain = |text: &str, joint: char| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint)
    };
    if !plain(spec.name, '-') {
        return Err(broken("its name is not kebab-case".into()));
    }
    let names: BTreeSet<&str> = spec.columns.iter().map(|c| c.name).collect();
    let reserved = ["limit", "cursor", "sort", "format", "columns"];
    if names.len() != spec.columns.len() || names.iter().any(|n| !plain(n, '_') || reserved.contains(n)) {
        return Err(broken("a column's name is there twice, reserved or not snake_case".into()));
    }
    for column in spec.columns.iter().filter(|c| matches!(c.kind, Kind::Coded(_))) {
        if column.kind.values().iter().any(|v| v.value.parse::<i64>().is_err()) {
            return Err(broken(format!("a value of {} is no integer", column.name)));
        }
    }
    for scope in [Scope::Platform, Scope::Member(MemberCode(1)), Scope::Tenant(TenantCode(1))] {
        if spec.visible(scope) {
            page(db, scope, spec, &Query::all(spec)?).await?;
        }
    }
    for column in spec.columns {
        let mut asked = Vec::new();
        if column.sortable {
            asked.extend([
                ("sort".to_owned(), column.name.to_owned()),
                ("sort".to_owned(), format!("-{}", column.name)),
            ]);
        }
        if column.filterable {
            asked.extend(column.kind.operations().iter().map(|op| sample(column.name, column.kind, *op)));
        }
        for parameter in asked {
            let query = Query::read(spec, &[parameter])?;
            page(db, Scope::Platform, spec, &query).await?;
        }
        if !column.nullable {
            let mut writer = Writer::new(db.kind());
            writer.select("1 AS one", spec, Scope::Platform, &[]);
            writer.push(&format!(" AND {} IS NULL LIMIT 1", column.sql));
            if db.read(Scope::Platform).fetch_optional(&writer.text, &writer.parameters).await?.is_some() {
                return Err(broken(format!("{} is NULL somewhere and not declared nullable", column.name)));
            }
        }
    }
    let all: Vec<_> = spec.columns.iter().collect();
    for_each_row(db, Scope::Platform, spec, &Query::all(spec)?, &all, |_| Ok::<(), ListingError>(())).await?;
    Ok(())
}

/// A condition that a column of this kind takes.
fn sample(name: &str, kind: Kind, op: Op) -> (String, String) {
    let value = match kind {
        Kind::Int | Kind::Fen | Kind::Ppm => "1",
        Kind::Flag => "true",
        Kind::Date | Kind::DateTime => "2026-09-01",
        Kind::Enum(values) | Kind::Coded(values) => values.first().map_or("", |v| v.value),
        Kind::Member => "10002900",
        Kind::Text | Kind::Code | Kind::Digest | Kind::Json => "AB",
    };
    let dot = if op == Op::Equal { "" } else { "." };
    (format!("{name}{dot}{}", op.suffix()), value.to_owned())
}
