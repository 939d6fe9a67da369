//! Ground for the tests: a front over temporary folders, files as members send them, a clock that is set.

#![allow(dead_code)]

use chrono::TimeDelta;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tongka_base::date::parse_date;
use tongka_base::{Clock, DateTime, MemberCode};
use tongka_crypto::sm3;
use tongka_link::{Alarm, Arrival, Caller, Channel, Front, Hooks, Limits, Places};
use tongka_storage::{Scope, Value};
use tongka_testkit::TestDatabase;
use tongka_wire::{FileName, Header, Kind};

pub(crate) const SHANGHAI: MemberCode = MemberCode(10_002_900);
pub(crate) const SHENZHEN: MemberCode = MemberCode(10_005_840);

/// A clock that tests set.
pub(crate) struct TestClock(Mutex<DateTime>);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(parse_date(b"20260901").unwrap().and_hms_opt(9, 0, 0).unwrap())))
    }

    pub(crate) fn forward(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Ground {
    pub(crate) front: Arc<Front>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) arrivals: Arc<Mutex<Vec<Arrival>>>,
    pub(crate) alarms: Arc<Mutex<Vec<Alarm>>>,
    pub(crate) folder: TempDir,
    _database: TestDatabase,
}

/// What a test changes before the front is made.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) limits: Limits,
    pub(crate) certificate: Option<[u8; 65]>,
    pub(crate) centre_key: Option<[u8; 32]>,
}

impl Ground {
    pub(crate) async fn new(database: TestDatabase, setting: Setting) -> Self {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let places =
            Places { data: place("data"), inbox: place("inbox"), desk: place("desk"), outbox: place("outbox") };
        let (arrivals, alarms) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (heard, rung) = (Arc::clone(&arrivals), Arc::clone(&alarms));
        let hooks = Hooks {
            certificate: Box::new(move |_| setting.certificate),
            arrived: Box::new(move |a| heard.lock().unwrap().push(a.clone())),
            alarm: Box::new(move |a| rung.lock().unwrap().push(a.clone())),
        };
        let clock = TestClock::new();
        let mut front = Front::new(db, places, setting.limits, clock.clone(), hooks);
        front.centre_key = setting.centre_key.map(Into::into);
        Self { front: Arc::new(front), clock, arrivals, alarms, folder, _database: database }
    }

    pub(crate) fn inbox(&self, name: &str) -> PathBuf {
        self.front.places.inbox.join(name)
    }

    pub(crate) fn spooled(&self, member: MemberCode) -> Vec<String> {
        let folder = self.front.places.spool(member);
        let mut names: Vec<String> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Puts a result for a member into the centre's outbox.
    pub(crate) fn publish(&self, name: &FileName, bytes: &[u8]) {
        let folder = self.front.places.outbox.join(name.member.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name.to_string()), bytes).unwrap();
    }

    /// Codes of alarms so far.
    pub(crate) fn alarm_codes(&self) -> Vec<&'static str> {
        self.alarms.lock().unwrap().iter().map(|a| a.code).collect()
    }

    /// States of a file's events, oldest first.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let sql = "SELECT state FROM transfer WHERE name = $1 ORDER BY id";
        let rows = self.front.db.read(Scope::Platform).fetch_all(sql, &[Value::from(name)]).await.unwrap();
        rows.iter().map(|row| row.text("state").unwrap()).collect()
    }

    pub(crate) async fn execute(&self, sql: &str, values: &[Value]) {
        let mut tx = self.front.db.begin_write(Scope::Platform).await.unwrap();
        tx.execute(sql, values).await.unwrap();
        tx.commit().await.unwrap();
    }
}

pub(crate) fn caller(member: MemberCode) -> Caller {
    Caller {
        member,
        login: format!("m{member}"),
        channel: Channel::Https,
        address: "192.0.2.1".into(),
        quota_bytes: 1 << 30,
        quota_files: 1000,
    }
}

pub(crate) fn file_name(kind: Kind, member: MemberCode, sequence: u32) -> FileName {
    FileName { kind, date: parse_date(b"20260901").unwrap(), member, sequence }
}

/// A whole file of a kind with that many records of as many bytes as they have; `fill` makes files differ.
pub(crate) fn content(name: &FileName, records: u32, fill: u8) -> Vec<u8> {
    let length = name.kind.table().line_len();
    let mut line = vec![fill; length - 2];
    line[0] = name.kind.table().mark;
    line.extend_from_slice(b"\r\n");
    let body = line.repeat(records as usize);
    let centre_sends = !name.kind.is_from_member();
    let header = Header {
        kind: name.kind,
        sender: if centre_sends { MemberCode::CENTRE } else { name.member },
        receiver: if centre_sends { name.member } else { MemberCode::CENTRE },
        file_date: name.date,
        sequence: name.sequence,
        record_count: records,
        total_amount: 0,
        record_length: length as u16,
        created_at: *b"20260901090000",
        body_digest: sm3(&body),
    };
    [header.write().unwrap().as_slice(), &body].concat()
}
