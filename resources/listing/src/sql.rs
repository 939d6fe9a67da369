//! Texts of the statements of a list. Only texts of the spec enter them; what callers gave is bound.

use crate::query::{Filter, Op};
use crate::spec::{Column, Direction, ListSpec};
use std::borrow::Cow;
use tongka_storage::{DbKind, Scope, Value};

/// A statement being written.
pub(crate) struct Writer {
    kind: DbKind,
    pub(crate) text: String,
    pub(crate) parameters: Vec<Value>,
}

/// The expression by which a column is ordered: NULL, where there may be one, is the smallest value.
fn ordered(column: &Column) -> Cow<'static, str> {
    match (column.nullable, column.kind.is_integer()) {
        (false, _) => Cow::Borrowed(column.sql),
        (true, true) => Cow::Owned(format!("COALESCE({}, {SMALLEST})", column.sql)),
        (true, false) => Cow::Owned(format!("COALESCE({}, '')", column.sql)),
    }
}

/// Stands for NULL in an order. The smallest integer but one, because PostgreSQL reads the minus sign last.
const SMALLEST: i64 = -i64::MAX;

fn ordered_value(value: &Value, column: &Column) -> Value {
    match value {
        Value::Null if column.kind.is_integer() => Value::Int(SMALLEST),
        Value::Null => Value::Text(String::new()),
        other => other.clone(),
    }
}

/// The spec's scope for one caller: a marker of another kind than the caller's scope is false.
fn scope_predicate(text: &str, scope: Scope) -> String {
    let foreign = match scope {
        Scope::Platform => return text.to_owned(),
        Scope::Member(_) => "{tenant:",
        Scope::Tenant(_) => "{scope:",
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(foreign) {
        out.push_str(before);
        out.push_str("1 = 0");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The smallest text larger than every text with this beginning, in the order of code points.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A pattern that finds the text anywhere.
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    pattern.push_str(&begins(text));
    pattern
}

fn begins(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl Writer {
    pub(crate) fn new(kind: DbKind) -> Self {
        Self { kind, text: String::new(), parameters: Vec::new() }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: Value) {
        self.parameters.push(value);
        self.text.push_str(&format!("${}", self.parameters.len()));
    }

    /// `SELECT … FROM … WHERE …`.
    pub(crate) fn select(&mut self, what: &str, spec: &ListSpec, scope: Scope, filters: &[Filter]) {
        self.push("SELECT ");
        self.push(what);
        self.push(" FROM ");
        self.push(spec.from);
        self.push(" WHERE 1 = 1");
        if let Some(text) = spec.base_filter {
            self.push(" AND (");
            self.push(text);
            self.push(")");
        }
        // The centre sees every row: a predicate would be asked of each for nothing.
        if let Some(text) = spec.scope.filter(|_| scope != Scope::Platform) {
            self.push(" AND (");
            self.push(&scope_predicate(text, scope));
            self.push(")");
        }
        for filter in filters {
            self.push(" AND ");
            self.condition(filter);
        }
    }

    fn compare(&mut self, column: &Column, operator: &str, value: &Value) {
        self.push(column.sql);
        self.push(operator);
        self.bind(value.clone());
    }

    fn condition(&mut self, filter: &Filter) {
        let Filter { column, op, values } = filter;
        match (op, values.as_slice()) {
            (Op::Equal, [first, last]) => {
                self.compare(column, " >= ", first);
                self.push(" AND ");
                self.compare(column, " <= ", last);
            }
            (Op::In, values) => {
                self.push(column.sql);
                self.push(" IN (");
                for (i, value) in values.iter().enumerate() {
                    self.push(if i == 0 { "" } else { ", " });
                    self.bind(value.clone());
                }
                self.push(")");
            }
            (Op::Like, [Value::Text(text)]) => {
                self.push(&format!("LOWER({}) LIKE LOWER(", column.sql));
                self.bind(Value::Text(contains(text)));
                self.push(") ESCAPE '\\'");
            }
            (Op::Prefix, [Value::Text(text)]) => self.prefix(column, text),
            (Op::From, [value, ..]) => self.compare(column, " >= ", value),
            (Op::To, [value, ..]) => self.compare(column, " <= ", value),
            (_, [value, ..]) => self.compare(column, " = ", value),
            (_, []) => self.push("1 = 0"),
        }
    }

    /// SQLite's LIKE takes upper and lower case for the same and no index; its texts are in the order of code points.
    /// PostgreSQL's LIKE is exact and takes an index on a column of byte order.
    fn prefix(&mut self, column: &Column, text: &str) {
        if self.kind == DbKind::Postgres {
            self.push(column.sql);
            self.push(" LIKE ");
            self.bind(Value::Text(begins(text)));
            self.push(" ESCAPE '\\'");
            return;
        }
        self.compare(column, " >= ", &Value::from(text));
        if let Some(end) = after_prefix(text) {
            self.push(" AND ");
            self.compare(column, " < ", &Value::Text(end));
        }
    }

    /// ` AND …`: the rows behind a row with these values.
    pub(crate) fn after(&mut self, sort: &[(&'static Column, Direction)], values: &[Value]) {
        let terms: Vec<_> = sort
            .iter()
            .zip(values)
            .map(|((column, direction), value)| (ordered(column), *direction, ordered_value(value, column)))
            .collect();
        self.push(" AND ");
        self.behind(&terms);
    }

    /// One comparison of rows where all terms go the same way, which an index answers as it stands; else term by term.
    fn behind(&mut self, terms: &[(Cow<'static, str>, Direction, Value)]) {
        let Some((first, direction, value)) = terms.first() else { return };
        let operator = match direction {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        };
        if terms.iter().all(|(_, other, _)| other == direction) {
            let expressions: Vec<&str> = terms.iter().map(|(e, ..)| &**e).collect();
            self.push(&format!("({}) {operator} (", expressions.join(", ")));
            for (i, (.., value)) in terms.iter().enumerate() {
                self.push(if i == 0 { "" } else { ", " });
                self.bind(value.clone());
            }
            self.push(")");
            return;
        }
        self.push(&format!("({first} {operator}= "));
        self.bind(value.clone());
        self.push(&format!(" AND ({first} {operator} "));
        self.bind(value.clone());
        self.push(" OR ");
        self.behind(&terms[1..]);
        self.push("))");
    }

    pub(crate) fn order_by(&mut self, sort: &[(&'static Column, Direction)], limit: u64) {
        self.push(" ORDER BY ");
        for (i, (column, direction)) in sort.iter().enumerate() {
            self.push(if i == 0 { "" } else { ", " });
            self.push(&ordered(column));
            self.push(match direction {
                Direction::Ascending => " ASC",
                Direction::Descending => " DESC",
            });
        }
        self.push(&format!(" LIMIT {limit}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Query};
    use tongka_base::MemberCode;

    static SPEC: ListSpec = ListSpec {
        name: "things",
        zh: "",
        en: "",
        permission: "",
        from: "thing t",
        scope: Some("({scope:t.member} OR {tenant:t.tenant})"),
        columns: &[
            Column::new("id", "", "", "t.id", Kind::Int),
            Column::new("name", "", "", "t.name", Kind::Text).nullable(),
            Column::new("amount_fen", "", "", "t.amount_fen", Kind::Fen),
            Column::new("at", "", "", "t.at", Kind::DateTime),
        ],
        default_sort: &[],
        key: "id",
        base_filter: Some("t.kind = 'a' OR t.kind = 'b'"),
    };

    fn text(kind: DbKind, scope: Scope, parameters: &[(&str, &str)], after: &[Value]) -> String {
        let query = Query::read(&SPEC, parameters).unwrap();
        let mut writer = Writer::new(kind);
        writer.select("1", &SPEC, scope, &query.filters);
        if !after.is_empty() {
            writer.after(&query.sort, after);
        }
        writer.order_by(&query.sort, 3);
        writer
            .text
            .strip_prefix("SELECT 1 FROM thing t WHERE 1 = 1 AND (t.kind = 'a' OR t.kind = 'b') ")
            .unwrap()
            .into()
    }

    #[test]
    fn statements_use_indexes_and_bind_what_callers_gave() {
        let member = Scope::Member(MemberCode(1));
        let one = [Value::Int(1)];
        assert_eq!(
            text(DbKind::Sqlite, member, &[], &one),
            "AND (({scope:t.member} OR 1 = 0)) AND (t.id) > ($1) ORDER BY t.id ASC LIMIT 3"
        );
        // The centre sees every row: nothing is asked of its scope.
        let platform =
            |parameters: &[(&str, &str)], after: &[Value]| text(DbKind::Sqlite, Scope::Platform, parameters, after);
        assert_eq!(
            platform(&[("sort", "-amount_fen,-id,name")], &[Value::Int(5), Value::Int(6)]),
            "AND (t.amount_fen, t.id) < ($1, $2) ORDER BY t.amount_fen DESC, t.id DESC LIMIT 3"
        );
        assert_eq!(
            platform(&[("sort", "-amount_fen,name")], &[Value::Int(5), Value::Null, Value::Int(6)]),
            "AND (t.amount_fen <= $1 AND (t.amount_fen < $2 OR (COALESCE(t.name, ''), t.id) > ($3, $4))) \
             ORDER BY t.amount_fen DESC, COALESCE(t.name, '') ASC, t.id ASC LIMIT 3"
        );
        assert_eq!(
            platform(&[("name.prefix", "a"), ("at", "2026-09-01"), ("id.in", "1,2"), ("name.like", "x")], &[]),
            "AND t.at >= $1 AND t.at <= $2 AND t.id IN ($3, $4) AND LOWER(t.name) LIKE LOWER($5) ESCAPE '\\' \
             AND t.name >= $6 AND t.name < $7 ORDER BY t.id ASC LIMIT 3"
        );
        let postgres = text(DbKind::Postgres, Scope::Platform, &[("name.prefix", "a")], &[]);
        assert!(postgres.contains("t.name LIKE $1 ESCAPE '\\'"), "{postgres}");
    }

    #[test]
    fn patterns_and_prefixes_mean_the_text_itself() {
        assert_eq!(contains("50%_\\"), "%50\\%\\_\\\\%");
        assert_eq!(after_prefix("ab"), Some("ac".into()));
        assert_eq!(after_prefix("a\u{D7FF}"), Some("a\u{E000}".into()));
        assert_eq!(after_prefix("a\u{10FFFF}"), Some("b".into()));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
