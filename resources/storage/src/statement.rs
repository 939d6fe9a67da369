//! From query text, parameters and scope to what the driver gets.

use crate::{Scope, StorageCode, StorageError, Value};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// A statement ready to run: its placeholders are `$1` to `$n` and no value is NULL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) binds: Vec<Value>,
}

impl Statement {
    /// Checks and rewrites the text: scope markers become predicates, NULL parameters literals.
    pub(crate) fn prepare(sql: &str, params: &[Value], scope: Scope) -> Result<Self, StorageError> {
        check_values(params)?;
        let mut rewriter = Rewriter::new(sql, params, scope);
        rewriter.run()?;
        rewriter.finish()
    }

    /// The driver's query.
    pub(crate) fn query(self) -> Query<'static, Any, AnyArguments> {
        bind_all(sqlx::query(AssertSqlSafe(self.text)), self.binds)
    }
}

/// Binds values in order; NULL is bound as such, which only SQLite takes for every column type.
pub(crate) fn bind_all(
    query: Query<'static, Any, AnyArguments>,
    values: impl IntoIterator<Item = Value>,
) -> Query<'static, Any, AnyArguments> {
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(i) => query.bind(i),
        Value::Text(t) => query.bind(t),
        Value::Blob(b) => query.bind(b),
        Value::Null => query.bind(None::<i64>),
    })
}

/// Refuses text that only one of the databases could store.
pub(crate) fn check_values(values: &[Value]) -> Result<(), StorageError> {
    if values.iter().any(|v| matches!(v, Value::Text(t) if t.contains('\0'))) {
        return Err(StorageError::new(StorageCode::Constraint, "text contains U+0000"));
    }
    Ok(())
}

struct Rewriter<'a> {
    sql: &'a str,
    params: &'a [Value],
    scope: Scope,
    /// New number of each parameter that is not NULL.
    numbers: Vec<Option<usize>>,
    used: Vec<bool>,
    scoped: bool,
    text: String,
}

impl<'a> Rewriter<'a> {
    fn new(sql: &'a str, params: &'a [Value], scope: Scope) -> Self {
        let mut bound = 0;
        let numbers = params
            .iter()
            .map(|value| {
                (*value != Value::Null).then(|| {
                    bound += 1;
                    bound
                })
            })
            .collect();
        let text = String::with_capacity(sql.len() + 16);
        Self { sql, params, scope, numbers, used: vec![false; params.len()], scoped: false, text }
    }

    fn run(&mut self) -> Result<(), StorageError> {
        let mut rest = self.sql;
        while let Some(at) = rest.find(['\'', '"', '-', '$', '{']) {
            self.text.push_str(&rest[..at]);
            rest = &rest[at..];
            let taken = match rest.as_bytes()[0] {
                quote @ (b'\'' | b'"') => self.quoted(rest, quote)?,
                b'-' if rest.starts_with("--") => self.copy(rest, rest.find('\n').unwrap_or(rest.len())),
                b'$' => self.placeholder(rest)?,
                b'{' => self.marker(rest)?,
                _ => self.copy(rest, 1),
            };
            rest = &rest[taken..];
        }
        self.text.push_str(rest);
        Ok(())
    }

    fn copy(&mut self, rest: &str, length: usize) -> usize {
        self.text.push_str(&rest[..length]);
        length
    }

    fn quoted(&mut self, rest: &str, quote: u8) -> Result<usize, StorageError> {
        let end = rest[1..].find(char::from(quote)).ok_or_else(|| self.wrong("a quote is not closed"))?;
        Ok(self.copy(rest, end + 2))
    }

    fn placeholder(&mut self, rest: &str) -> Result<usize, StorageError> {
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = rest[1..=digits].parse().map_err(|_| self.wrong("`$` without a number"))?;
        if number == 0 || number > self.params.len() {
            return Err(self.wrong(&format!("${number} has no parameter")));
        }
        self.used[number - 1] = true;
        match self.numbers[number - 1] {
            Some(bound) => self.text.push_str(&format!("${bound}")),
            None => self.text.push_str("NULL"),
        }
        Ok(digits + 1)
    }

    fn marker(&mut self, rest: &str) -> Result<usize, StorageError> {
        let end = rest.find('}').ok_or_else(|| self.wrong("`{` is not closed"))?;
        let (owner, column) = rest[1..end].split_once(':').unwrap_or_default();
        let named = column.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b)) && !column.is_empty();
        let placeholder =
            column.starts_with('$') && column.len() > 1 && column[1..].bytes().all(|b| b.is_ascii_digit());
        if !matches!(owner, "scope" | "tenant") || !(named || placeholder) {
            return Err(self.wrong(&format!("unknown marker {}", &rest[..=end])));
        }
        self.text.push('(');
        let start = self.text.len();
        if placeholder {
            self.placeholder(column)?;
        } else {
            self.text.push_str(column);
        }
        match (owner, self.scope) {
            (_, Scope::Platform) => {
                self.text.truncate(start);
                self.text.push_str("1 = 1");
            }
            ("scope", Scope::Member(_)) | ("tenant", Scope::Tenant(_)) => {
                self.scoped = true;
                let number = self.numbers.iter().flatten().count() + 1;
                self.text.push_str(&format!(" = ${number}"));
            }
            _ => {
                let detail = format!("{} does not fit scope {:?}: {}", &rest[..=end], self.scope, self.sql);
                return Err(StorageError::new(StorageCode::Scope, detail));
            }
        }
        self.text.push(')');
        Ok(end + 1)
    }

    fn finish(self) -> Result<Statement, StorageError> {
        if let Some(unused) = self.used.iter().position(|used| !used) {
            return Err(self.wrong(&format!("${} is not in the text", unused + 1)));
        }
        let owner = match self.scope {
            Scope::Platform => None,
            Scope::Member(member) => Some(Value::from(member)),
            Scope::Tenant(tenant) => Some(Value::Int(tenant.0)),
        };
        if owner.is_some() && !self.scoped {
            let detail = format!("no marker for scope {:?}: {}", self.scope, self.sql);
            return Err(StorageError::new(StorageCode::Scope, detail));
        }
        let binds = self.params.iter().filter(|v| **v != Value::Null).cloned().chain(owner).collect();
        Ok(Statement { text: self.text, binds })
    }

    fn wrong(&self, what: &str) -> StorageError {
        StorageError::new(StorageCode::Parameters, format!("{what}: {}", self.sql))
    }
}

/// Checks that a table or column name is a plain identifier.
pub(crate) fn identifier(name: &str) -> Result<&str, StorageError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty();
    plain
        .then_some(name)
        .ok_or_else(|| StorageError::new(StorageCode::Parameters, format!("not an identifier: {name:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TenantCode, params};
    use tongka_base::MemberCode;

    const MEMBER: Scope = Scope::Member(MemberCode(10_002_900));
    const TENANT: Scope = Scope::Tenant(TenantCode(7));

    #[test]
    fn texts_are_rewritten() {
        type Case<'a> = (&'a str, &'a [Value], Scope, &'a str, &'a [Value]);
        let cases: &[Case<'_>] = &[
            ("SELECT 1", params![], Scope::Platform, "SELECT 1", params![]),
            (
                "a = $2 AND b = $1 AND c = $2",
                params![1, "x"],
                Scope::Platform,
                "a = $2 AND b = $1 AND c = $2",
                params![1, "x"],
            ),
            ("($1, $2, $3)", params![1, None::<i64>, 3], Scope::Platform, "($1, NULL, $2)", params![1, 3]),
            ("x = $1 AND {scope:m.owner}", params![5], Scope::Platform, "x = $1 AND (1 = 1)", params![5]),
            ("x = $1 AND {scope:m.owner}", params![5], MEMBER, "x = $1 AND (m.owner = $2)", params![5, 10_002_900]),
            ("{tenant:t}", params![], TENANT, "(t = $1)", params![7]),
            ("({scope:a} OR {scope:b})", params![], MEMBER, "((a = $1) OR (b = $1))", params![10_002_900]),
            (
                "SELECT $1, $2 WHERE {scope:$1}",
                params![3, None::<&str>],
                MEMBER,
                "SELECT $1, NULL WHERE ($1 = $2)",
                params![3, 10_002_900],
            ),
            ("SELECT $1 WHERE {scope:$1}", params![3], Scope::Platform, "SELECT $1 WHERE (1 = 1)", params![3]),
            (
                "'it''s $9 {x}' \"$8\" 2-1 -- $7 {y}\n$1",
                params![1],
                Scope::Platform,
                "'it''s $9 {x}' \"$8\" 2-1 -- $7 {y}\n$1",
                params![1],
            ),
            ("'清分' = $1", params!["清分"], Scope::Platform, "'清分' = $1", params!["清分"]),
        ];
        for (sql, params, scope, text, binds) in cases {
            let statement = Statement::prepare(sql, params, *scope).unwrap();
            assert_eq!((statement.text.as_str(), statement.binds.as_slice()), (*text, *binds), "{sql}");
        }
    }

    #[test]
    fn texts_that_do_not_fit_are_refused() {
        use StorageCode::{Constraint, Parameters, Scope as Scoped};
        let cases: &[(&str, &[Value], Scope, StorageCode)] = &[
            ("SELECT 1", params![], MEMBER, Scoped),
            ("SELECT '{scope:m}'", params![], MEMBER, Scoped),
            ("SELECT 1 -- {scope:m}", params![], MEMBER, Scoped),
            ("{tenant:t}", params![], MEMBER, Scoped),
            ("{scope:m}", params![], TENANT, Scoped),
            ("{scope:m} AND {tenant:t}", params![], MEMBER, Scoped),
            ("x = $2 AND {scope:m}", params![1], MEMBER, Parameters),
            ("x = $1", params![1, 2], Scope::Platform, Parameters),
            ("x = $2", params![1, 2], Scope::Platform, Parameters),
            ("x = $0", params![1], Scope::Platform, Parameters),
            ("x = $", params![1], Scope::Platform, Parameters),
            ("x = $99999999999999999999", params![1], Scope::Platform, Parameters),
            ("{scope:m) OR (1=1}", params![], MEMBER, Parameters),
            ("{scope:}", params![], MEMBER, Parameters),
            ("{other:m}", params![], Scope::Platform, Parameters),
            ("{scope:m", params![], Scope::Platform, Parameters),
            ("'open", params![], Scope::Platform, Parameters),
            ("$1", params!["a\0b"], Scope::Platform, Constraint),
        ];
        for (sql, params, scope, code) in cases {
            assert_eq!(Statement::prepare(sql, params, *scope).unwrap_err().code(), *code, "{sql}");
        }
    }
}
