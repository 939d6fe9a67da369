//! What lists promise, on both databases.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cmp::Ordering;
use tongka_base::MemberCode;
use tongka_listing::{
    Column, Direction, EnumValue, Kind, ListSpec, ListingCode, ListingError, Query, Tone, check, columns_named,
    for_each_row, page,
};
use tongka_storage::{Db, DbKind, Migration, Scope, TenantCode, Value, params};
use tongka_testkit::databases;

const TABLE: &[Migration] = &[Migration {
    version: 1,
    name: "thing",
    sql: "CREATE TABLE thing (id BIGINT PRIMARY KEY, name {text} NOT NULL, note {text}, amount_fen BIGINT NOT NULL, \
          rate_ppm BIGINT, flag BIGINT NOT NULL, day BIGINT NOT NULL, at {text} NOT NULL, state {text} NOT NULL, \
          reason BIGINT NOT NULL, member BIGINT, tenant BIGINT, digest {text} NOT NULL, extra TEXT NOT NULL)",
}];

static STATES: &[EnumValue] =
    &[EnumValue::new("open", "打开", "open", Tone::Info), EnumValue::new("closed", "关闭", "closed", Tone::Ok)];
static REASONS: &[EnumValue] =
    &[EnumValue::new("00", "正常", "fine", Tone::Ok), EnumValue::new("06", "拒绝", "refused", Tone::Bad)];

static THINGS: ListSpec = ListSpec {
    name: "things",
    zh: "东西",
    en: "Things",
    permission: "thing.read",
    from: "thing t",
    scope: Some("({scope:t.member} OR {tenant:t.tenant})"),
    columns: &[
        Column::new("id", "编号", "Number", "t.id", Kind::Int),
        Column::new("name", "名称", "Name", "t.name", Kind::Text),
        Column::new("note", "备注", "Note", "t.note", Kind::Text).nullable(),
        Column::new("amount_fen", "金额", "Amount", "t.amount_fen", Kind::Fen),
        Column::new("rate_ppm", "费率", "Rate", "t.rate_ppm", Kind::Ppm).nullable(),
        Column::new("flag", "标志", "Flag", "t.flag", Kind::Flag),
        Column::new("day", "日期", "Day", "t.day", Kind::Date),
        Column::new("at", "时间", "At", "t.at", Kind::DateTime),
        Column::new("state", "状态", "State", "t.state", Kind::Enum(STATES)),
        Column::new("reason", "原因", "Reason", "t.reason", Kind::Coded(REASONS)),
        Column::new("member", "成员", "Member", "t.member", Kind::Member).nullable(),
        Column::new("digest", "摘要", "Digest", "t.digest", Kind::Digest).unsorted().hidden(),
        Column::new("extra", "附加", "Extra", "t.extra", Kind::Json).hidden(),
    ],
    default_sort: &[("day", Direction::Descending), ("name", Direction::Ascending)],
    key: "id",
    base_filter: None,
};

static CENTRE_ONLY: ListSpec = ListSpec { scope: None, ..copy("centre-things") };
static SHARED: ListSpec = ListSpec { scope: Some("1 = 1"), ..copy("shared-things") };

const fn copy(name: &'static str) -> ListSpec {
    let ListSpec { zh, en, permission, from, scope, columns, default_sort, key, base_filter, .. } = THINGS;
    ListSpec { name, zh, en, permission, from, scope, columns, default_sort, key, base_filter }
}

#[derive(Clone, Debug)]
struct Thing {
    id: i64,
    name: String,
    note: Option<String>,
    amount_fen: i64,
    rate_ppm: Option<i64>,
    flag: i64,
    day: i64,
    hour: i64,
    state: usize,
    reason: usize,
    member: Option<u32>,
}

/// Texts that mean something to a database, next to each other in order.
const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "a_b",
    "a\\",
    "a\\b",
    "'; DROP TABLE thing; --",
    "\" OR 1=1 --",
    "$1",
    "{scope:member}",
    "清分",
    "清算",
    "é",
    "É",
    "\u{10FFFF}",
    "a\u{10FFFF}z",
    "a,b",
    "%",
    "_",
    "NULL",
    "?1",
    "-- x",
    "/*",
    "1' OR '1'='1",
];
const MEMBERS: [u32; 3] = [10_002_900, 10_003_050, 1];

impl Thing {
    fn at(&self) -> String {
        format!("202609{:02}{:02}0000", self.day % 28 + 1, self.hour)
    }

    fn digest(&self) -> String {
        format!("{:04X}", self.id * 7919 % 65_536)
    }

    fn row(&self) -> Vec<Value> {
        let tenant = self.member.is_none().then_some(self.id % 2 + 1);
        params![
            self.id,
            self.name.as_str(),
            self.note.as_deref(),
            self.amount_fen,
            self.rate_ppm,
            self.flag,
            self.day,
            self.at(),
            STATES[self.state].value,
            REASONS[self.reason].value.parse::<i64>().unwrap(),
            self.member.map(i64::from),
            tenant,
            self.digest(),
            "{}"
        ]
        .to_vec()
    }
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let text = || prop::sample::select(TEXTS).prop_map(str::to_owned);
    let fields = (
        text(),
        prop::option::of(text()),
        prop_oneof![-3_i64..3, Just(i64::MAX), Just(i64::MIN)],
        prop::option::of(0_i64..3),
        0_i64..2,
        20_000_i64..20_004,
        0_i64..3,
        0_usize..2,
        0_usize..2,
        prop::option::of(prop::sample::select(&MEMBERS[..])),
    );
    prop::collection::vec(fields, 0..60).prop_map(|rows| {
        let thing = |(i, (name, note, amount_fen, rate_ppm, flag, day, hour, state, reason, member))| Thing {
            // Numbers neither in the order of rows nor dense.
            id: (i as i64 * 37) % 101,
            name,
            note,
            amount_fen,
            rate_ppm,
            flag,
            day,
            hour,
            state,
            reason,
            member,
        };
        rows.into_iter().enumerate().map(thing).collect()
    })
}

fn compare(a: &Thing, b: &Thing, column: &str) -> Ordering {
    match column {
        "id" => a.id.cmp(&b.id),
        "name" => a.name.cmp(&b.name),
        // NULL and the empty text are the same in an order.
        "note" => a.note.clone().unwrap_or_default().cmp(&b.note.clone().unwrap_or_default()),
        "amount_fen" => a.amount_fen.cmp(&b.amount_fen),
        "rate_ppm" => a.rate_ppm.cmp(&b.rate_ppm),
        "flag" => a.flag.cmp(&b.flag),
        "day" => a.day.cmp(&b.day),
        "at" => a.at().cmp(&b.at()),
        "state" => STATES[a.state].value.cmp(STATES[b.state].value),
        "reason" => a.reason.cmp(&b.reason),
        "member" => a.member.cmp(&b.member),
        other => panic!("{other}"),
    }
}

fn lower(text: &str, kind: DbKind) -> String {
    // SQLite knows the case of ASCII letters only; so does PostgreSQL in the C locale of the test server.
    let _ = kind;
    text.to_ascii_lowercase()
}

fn meets(thing: &Thing, condition: &str, value: &str, kind: DbKind) -> bool {
    let (column, op) = condition.split_once('.').unwrap_or((condition, ""));
    let day = |text: &str| (text[8..10].parse::<i64>().unwrap() - 4) + 20_000;
    match (column, op) {
        ("name", "") => thing.name == value,
        ("name", "like") => lower(&thing.name, kind).contains(&lower(value, kind)),
        ("name", "prefix") => thing.name.starts_with(value),
        ("name", "in") => value.split(',').any(|v| v == thing.name),
        ("note", "like") => thing.note.as_ref().is_some_and(|n| lower(n, kind).contains(&lower(value, kind))),
        ("note", "prefix") => thing.note.as_ref().is_some_and(|n| n.starts_with(value)),
        ("note", "") => thing.note.as_deref() == Some(value),
        ("amount_fen", "from") => thing.amount_fen >= value.parse().unwrap(),
        ("amount_fen", "to") => thing.amount_fen <= value.parse().unwrap(),
        ("flag", "") => (thing.flag == 1) == (value == "true"),
        ("day", "from") => thing.day >= day(value),
        ("day", "to") => thing.day <= day(value),
        ("state", "in") => value.split(',').any(|v| v == STATES[thing.state].value),
        ("reason", "") => REASONS[thing.reason].value == value,
        ("member", "") => thing.member.is_some_and(|m| format!("{m:08}") == value),
        other => panic!("{other:?}"),
    }
}

fn filters() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = || prop::sample::select(TEXTS).prop_map(str::to_owned);
    let condition = prop_oneof![
        (prop::sample::select(&["name", "name.like", "name.prefix", "note", "note.like", "note.prefix"][..]), text()),
        (Just("name.in"), (text(), text()).prop_map(|(a, b)| format!("{a},{b}"))),
        (prop::sample::select(&["amount_fen.from", "amount_fen.to"][..]), (-3_i64..3).prop_map(|n| n.to_string())),
        (Just("flag"), any::<bool>().prop_map(|b| b.to_string())),
        // 2024-10-04 is day 20,000.
        (prop::sample::select(&["day.from", "day.to"][..]), (4..9).prop_map(|d| format!("2024-10-{d:02}"))),
        (Just("state.in"), prop::sample::select(&["open", "closed", "open,closed"][..]).prop_map(str::to_owned)),
        (Just("reason"), prop::sample::select(&["00", "06"][..]).prop_map(str::to_owned)),
        (Just("member"), prop::sample::select(&MEMBERS[..]).prop_map(|m| format!("{m:08}"))),
    ];
    prop::collection::vec(condition, 0..3).prop_map(|all| {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in all {
            if !kept.iter().any(|(n, _)| n == name) {
                kept.push((name.to_owned(), value));
            }
        }
        kept
    })
}

fn sorts() -> impl Strategy<Value = String> {
    const COLUMNS: &[&str] =
        &["id", "name", "note", "amount_fen", "rate_ppm", "flag", "day", "at", "state", "reason", "member"];
    prop::sample::subsequence(COLUMNS, 0..4).prop_shuffle().prop_flat_map(|names| {
        prop::collection::vec(any::<bool>(), names.len()).prop_map(move |down| {
            let term = |(name, down): (&&str, bool)| if down { format!("-{name}") } else { (*name).to_owned() };
            names.iter().zip(down).map(term).collect::<Vec<_>>().join(",")
        })
    })
}

/// The order that the list promises.
fn ordered(mut things: Vec<Thing>, sort: &str) -> Vec<i64> {
    let sort = if sort.is_empty() { "-day,name" } else { sort };
    let mut terms: Vec<(bool, &str)> =
        sort.split(',').map(|t| t.strip_prefix('-').map_or((false, t), |name| (true, name))).collect();
    if !terms.iter().any(|(_, name)| *name == "id") {
        terms.push((terms.last().is_some_and(|(down, _)| *down), "id"));
    }
    things.sort_by(|a, b| {
        terms.iter().fold(Ordering::Equal, |so_far, (down, name)| {
            let order = compare(a, b, name);
            so_far.then(if *down { order.reverse() } else { order })
        })
    });
    things.iter().map(|t| t.id).collect()
}

async fn fill(db: &Db, things: &[Thing]) {
    let columns = [
        "id",
        "name",
        "note",
        "amount_fen",
        "rate_ppm",
        "flag",
        "day",
        "at",
        "state",
        "reason",
        "member",
        "tenant",
        "digest",
        "extra",
    ];
    let mut tx = db.begin_write(Scope::Platform).await.unwrap();
    tx.execute("DELETE FROM thing", params![]).await.unwrap();
    tx.insert_many("thing", &columns, things.iter().map(Thing::row).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

/// All pages one after the other.
async fn pages(db: &Db, scope: Scope, parameters: &[(String, String)], limit: u32) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut asked = parameters.to_vec();
        asked.push(("limit".into(), limit.to_string()));
        asked.extend(cursor.map(|c| ("cursor".to_owned(), c)));
        let query = Query::read(&THINGS, &asked).unwrap();
        let found = page(db, scope, &THINGS, &query).await.unwrap();
        assert!(found.items.len() <= limit as usize && found.total_is_exact);
        ids.extend(found.items.iter().map(|item| item["id"].as_i64().unwrap()));
        match found.next_cursor {
            Some(next) => cursor = Some(next),
            None => {
                assert_eq!(found.total, ids.len() as u64);
                return ids;
            }
        }
    }
}

/// For any rows, order, conditions and scope, on both databases.
#[tokio::test(flavor = "multi_thread")]
async fn pages_are_the_whole_list_in_order() {
    for database in databases().await {
        let db = database.open().await;
        db.migrate(TABLE).await.unwrap();
        let handle = tokio::runtime::Handle::current();
        let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
        let cases = (things(), filters(), sorts(), 1_u32..9, prop::option::of(prop::sample::select(&MEMBERS[..])));
        tokio::task::block_in_place(|| {
            runner.run(&cases, |(things, filters, sort, limit, member)| {
                handle.block_on(async {
                    fill(&db, &things).await;
                    let scope = member.map_or(Scope::Platform, |m| Scope::Member(MemberCode(m)));
                    let seen: Vec<Thing> = things
                        .iter()
                        .filter(|t| member.is_none() || t.member == member)
                        .filter(|t| filters.iter().all(|(name, value)| meets(t, name, value, db.kind())))
                        .cloned()
                        .collect();
                    let mut asked = filters.clone();
                    if !sort.is_empty() {
                        asked.push(("sort".into(), sort.clone()));
                    }
                    let expected = ordered(seen, &sort);
                    assert_eq!(pages(&db, scope, &asked, limit).await, expected, "{asked:?}");
                    let query = Query::read(&THINGS, &asked).unwrap();
                    let columns = columns_named(&THINGS, Some("id")).unwrap();
                    let mut all = Vec::new();
                    let number = for_each_row(&db, scope, &THINGS, &query, &columns, |cells| {
                        all.push(cells[0].json().as_i64().unwrap());
                        Ok::<(), ListingError>(())
                    });
                    assert_eq!(number.await.unwrap(), expected.len() as u64);
                    assert_eq!(all, expected);
                });
                Ok(())
            })
        })
        .unwrap();
        db.close().await;
    }
}

fn codes(parameters: &[(&str, &str)]) -> Vec<(String, ListingCode)> {
    match Query::read(&THINGS, parameters) {
        Err(ListingError::Query(faults)) => faults.into_iter().map(|f| (f.field, f.code)).collect(),
        other => panic!("{parameters:?}: {other:?}"),
    }
}

#[test]
fn queries_that_do_not_fit_are_refused_with_their_field() {
    use ListingCode as C;
    let long = "x".repeat(501);
    let many = vec!["1"; 101].join(",");
    let cases: &[(&str, &str, C)] = &[
        ("nothing", "1", C::NoField),
        ("name; DROP TABLE thing", "1", C::NoField),
        ("", "1", C::NoField),
        ("extra", "{}", C::NoField),
        ("name.from", "1", C::Operation),
        ("name.", "1", C::Operation),
        ("name.like.like", "1", C::Operation),
        ("flag.in", "true", C::Operation),
        ("id", "one", C::Value),
        ("id", "9223372036854775808", C::Value),
        ("id", "", C::Value),
        ("id.in", "1,,2", C::Value),
        ("id.in", &many, C::Value),
        ("flag", "1", C::Value),
        ("day", "2026-02-30", C::Value),
        ("day", "20260901", C::Value),
        ("day", "0000-01-01", C::Value),
        ("at.from", "2026-09-01T25:00:00+08:00", C::Value),
        ("at.from", "+99999-01-01T00:00:00+08:00", C::Value),
        ("state", "gone", C::Value),
        ("reason", "6", C::Value),
        ("member", "2900", C::Value),
        ("digest", "xyz", C::Value),
        ("name", &long, C::Value),
        ("name", "a\0b", C::Value),
        ("sort", "nothing", C::Sort),
        ("sort", "", C::Sort),
        ("sort", "extra", C::Sort),
        ("sort", "id,-id", C::Sort),
        ("sort", "--id", C::Sort),
        ("limit", "0", C::Limit),
        ("limit", "501", C::Limit),
        ("limit", "-1", C::Limit),
        ("cursor", "", C::Cursor),
        ("cursor", "AAAA", C::Cursor),
        ("cursor", "!", C::Cursor),
    ];
    for (name, value, code) in cases {
        let faults = codes(&[(name, value)]);
        assert_eq!(faults, [((*name).to_owned(), *code)], "{name}={value}");
    }
    assert_eq!(codes(&[("id", "1"), ("id", "2")]), [("id".to_owned(), C::Twice)]);
    // All that is wrong is told at once.
    let all = codes(&[("limit", "x"), ("nothing", "1"), ("id", "x")]);
    assert_eq!(all.iter().map(|(_, code)| *code).collect::<Vec<_>>(), [C::Limit, C::NoField, C::Value]);
    for (names, good) in [("id,name", true), ("id,id", false), ("nothing", false), ("", false), ("id,", false)] {
        assert_eq!(columns_named(&THINGS, Some(names)).is_ok(), good, "{names}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_on_with_its_own_query_only() {
    for database in databases().await {
        let db = database.open().await;
        db.migrate(TABLE).await.unwrap();
        let thing = |id| Thing {
            id,
            name: format!("n{id}"),
            note: None,
            amount_fen: 0,
            rate_ppm: None,
            flag: 1,
            day: 20_000,
            hour: 1,
            state: 0,
            reason: 0,
            member: None,
        };
        fill(&db, &(0..5).map(thing).collect::<Vec<_>>()).await;
        let first = Query::read(&THINGS, &[("limit", "2"), ("flag", "true")]).unwrap();
        let cursor = page(&db, Scope::Platform, &THINGS, &first).await.unwrap().next_cursor.unwrap();
        let with = |more: &[(&str, &str)]| {
            let mut all = vec![("cursor", cursor.as_str())];
            all.extend(more);
            Query::read(&THINGS, &all)
        };
        // The number of rows may change, the query may not; the order of parameters is nothing.
        let next = with(&[("flag", "true"), ("limit", "3")]).unwrap();
        assert_eq!(page(&db, Scope::Platform, &THINGS, &next).await.unwrap().items.len(), 3);
        for other in
            [&[][..], &[("flag", "false")], &[("flag", "true"), ("sort", "id")], &[("flag", "true"), ("id", "1")]]
        {
            assert!(with(other).is_err(), "{other:?}");
        }
        let shared = Query::read(&SHARED, &[("cursor", cursor.as_str()), ("flag", "true")]);
        assert!(shared.is_err(), "of another list");
        // A changed cursor is refused or is a place in the same query; it never breaks anything.
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if let Ok(query) = Query::read(&THINGS, &[("cursor", changed.as_str()), ("flag", "true")]) {
                page(&db, Scope::Platform, &THINGS, &query).await.unwrap();
            }
        }
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_another_owners_rows() {
    for database in databases().await {
        let db = database.open().await;
        db.migrate(TABLE).await.unwrap();
        let thing = |(id, member): (i64, Option<u32>)| Thing {
            id,
            name: String::new(),
            note: None,
            amount_fen: 0,
            rate_ppm: None,
            flag: 0,
            day: 20_000,
            hour: 0,
            state: 0,
            reason: 0,
            member,
        };
        fill(&db, &[(1, Some(10_002_900)), (2, Some(10_003_050)), (3, None), (4, None)].map(thing)).await;
        let of = async |scope| pages(&db, scope, &[("sort".into(), "id".into())], 10).await;
        assert_eq!(of(Scope::Platform).await, [1, 2, 3, 4]);
        assert_eq!(of(Scope::Member(MemberCode(10_002_900))).await, [1]);
        assert_eq!(of(Scope::Member(MemberCode(7))).await, [0_i64; 0]);
        assert_eq!(of(Scope::Tenant(TenantCode(2))).await, [3]);
        let query = Query::all(&CENTRE_ONLY).unwrap();
        for scope in [Scope::Member(MemberCode(10_002_900)), Scope::Tenant(TenantCode(2))] {
            let refused = page(&db, scope, &CENTRE_ONLY, &query).await.unwrap_err();
            assert_eq!(refused.code(), "V01");
            assert!(!CENTRE_ONLY.visible(scope) && SHARED.visible(scope));
            let everything = page(&db, scope, &SHARED, &Query::all(&SHARED).unwrap()).await.unwrap();
            assert_eq!(everything.total, 4);
        }
        for spec in [&THINGS, &CENTRE_ONLY, &SHARED] {
            check(&db, spec).await.unwrap();
        }
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_stop_counting_and_undeclared_nulls_are_found() {
    static UNDECLARED: ListSpec = ListSpec {
        columns: &[Column::new("id", "", "", "t.id", Kind::Int), Column::new("note", "", "", "t.note", Kind::Text)],
        default_sort: &[("note", Direction::Ascending)],
        ..copy("undeclared")
    };
    for database in databases().await {
        let db = database.open().await;
        db.migrate(TABLE).await.unwrap();
        let thing = |id| Thing {
            id,
            name: String::new(),
            note: None,
            amount_fen: 0,
            rate_ppm: None,
            flag: i64::from(id < 10_000),
            day: 20_000,
            hour: 0,
            state: 0,
            reason: 0,
            member: None,
        };
        fill(&db, &(0..10_001).map(thing).collect::<Vec<_>>()).await;
        let total = async |parameters: &[(&str, &str)]| {
            let query = Query::read(&THINGS, parameters).unwrap();
            let page = page(&db, Scope::Platform, &THINGS, &query).await.unwrap();
            (page.total, page.total_is_exact)
        };
        assert_eq!(total(&[]).await, (10_000, false));
        assert_eq!(total(&[("flag", "true")]).await, (10_000, true));
        assert_eq!(total(&[("flag", "false")]).await, (1, true));
        let query = Query::all(&THINGS).unwrap();
        let columns = THINGS.shown();
        let all = for_each_row(&db, Scope::Platform, &THINGS, &query, &columns, |_| Ok::<(), ListingError>(()));
        assert_eq!(all.await.unwrap(), 10_001);
        assert_eq!(check(&db, &UNDECLARED).await.unwrap_err().code(), "V10");
        db.close().await;
    }
}
