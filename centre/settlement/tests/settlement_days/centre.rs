//! A centre with twelve members and a simulated bank, on either database.

use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use tongka_access::{AccessError, Actor, approve};
use tongka_base::date::{DateTime, days_since_epoch};
use tongka_base::{BankCalendar, Clock, Date, DayKind, Fen, FixedClock, MemberCode};
use tongka_engine::{day, posting};
use tongka_ledger::balance;
use tongka_scheme::{Reserve, Scheme};
use tongka_settlement::account::{BankAccount, Role};
use tongka_settlement::{BankLink, Received, SettlementError, account, execute, fetch, queue, reserve, send};
use tongka_simulator::bank::{BankFaults, SimulatedBank};
use tongka_simulator::simulated_scheme;
use tongka_storage::{Db, Scope, params};
use tongka_testkit::TestDatabase;
use tongka_wire::iso20022::Party;

pub(crate) const MEMBERS: u32 = 12;
pub(crate) const OPENING: i64 = 1_000_000;

pub(crate) fn date(month: u32, day: u32) -> Date {
    Date::from_ymd_opt(2026, month, day).unwrap()
}

pub(crate) fn at(date: Date, hour: u32) -> FixedClock {
    FixedClock(date.and_hms_opt(hour, 0, 0).unwrap_or(DateTime::MIN))
}

/// Mid-Autumn and Golden Week of 2026, with the workdays that make up.
pub(crate) fn calendar() -> BankCalendar {
    let holidays = (25..=27).map(|d| date(9, d)).chain((1..=7).map(|d| date(10, d)));
    let workdays = [date(9, 20), date(10, 10)].map(|d| (d, DayKind::Workday));
    BankCalendar::new(holidays.map(|d| (d, DayKind::Holiday)).chain(workdays))
}

pub(crate) struct Centre {
    dir: TempDir,
    pub(crate) db: Db,
    pub(crate) scheme: Scheme,
    pub(crate) bank: SimulatedBank,
    pub(crate) link: BankLink,
}

pub(crate) fn number(role: Role, member: MemberCode) -> String {
    format!("6222{}{member}", role as usize)
}

impl Centre {
    pub(crate) async fn new(database: &TestDatabase, seed: u64, first: Date, faults: BankFaults) -> Self {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let mut scheme = simulated_scheme(seed, MEMBERS).unwrap();
        let lines = |member| Reserve {
            member,
            opening_fen: Fen(OPENING),
            target_fen: Fen(900_000),
            warning_fen: Fen(600_000),
            stop_fen: Fen(300_000),
        };
        scheme.reserves = scheme.members.iter().map(|m| lines(m.code)).collect();
        let clock = at(first, 8);
        posting::open_accounts(&db, &scheme, first, &clock).await.unwrap();
        let mut known = vec![(Role::Clearing, MemberCode::CENTRE), (Role::Fees, MemberCode::CENTRE)];
        for member in &scheme.members {
            known.extend([(Role::Reserve, member.code), (Role::Outside, member.code)]);
        }
        let mut opened = Vec::new();
        for (role, member) in known {
            let party =
                Party { name: format!("成员 {member}"), account: number(role, member), bank: "102100099996".into() };
            let (maker, account) = (Actor::local("maker"), BankAccount { role, member, party });
            let id = account::propose(&db, &maker, &account, None, &clock).await.unwrap();
            carry_out(&db, id, &clock).await.unwrap();
            let balance = if role == Role::Reserve { OPENING } else { 0 };
            if role != Role::Outside {
                opened.push((number(role, member), Fen(balance), role == Role::Clearing));
            }
        }
        let opened: Vec<(&str, Fen, bool)> = opened.iter().map(|(n, b, o)| (n.as_str(), *b, *o)).collect();
        let bank = SimulatedBank::new(seed, faults, first, &opened);
        let dir = tempfile::tempdir().unwrap();
        let link = BankLink::Folder { to_bank: dir.path().join("to"), from_bank: dir.path().join("from") };
        Self { dir, db, scheme, bank, link }
    }

    pub(crate) fn data(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn members(&self) -> Vec<MemberCode> {
        self.scheme.members.iter().map(|m| m.code).collect()
    }

    /// Clears a date with these positions; the centre's fees are what is left.
    pub(crate) async fn clear(&self, cleared_on: Date, nets: &BTreeMap<MemberCode, i64>) {
        let clock = at(cleared_on, 23);
        day::open(&self.db, cleared_on, "D", &clock).await.unwrap();
        let fees = -nets.values().sum::<i64>();
        let mut tx = self.db.begin_write(Scope::Platform).await.unwrap();
        let date = days_since_epoch(cleared_on);
        let sql = "UPDATE clearing_day SET centre_fees_fen = $2 WHERE clearing_date = $1";
        tx.execute(sql, params![date, fees]).await.unwrap();
        for (member, net) in nets {
            let sql = "INSERT INTO position (clearing_date, member, receivable_fen, payable_fen, adjustments_fen, net_fen) \
                       VALUES ($1, $2, $3, $4, 0, $5)";
            let (receivable, payable) = ((*net).max(0) + 77, (-*net).max(0) + 77);
            tx.execute(sql, params![date, *member, receivable, payable, *net]).await.unwrap();
        }
        tx.commit().await.unwrap();
        posting::run_post(&self.db, cleared_on, &clock).await.unwrap();
        day::close(&self.db, cleared_on, &clock).await.unwrap();
    }

    /// What lies in the folder goes to the bank.
    pub(crate) fn hand_over(&mut self) {
        let BankLink::Folder { to_bank, .. } = &self.link else { unreachable!("a folder") };
        let mut files: Vec<_> = std::fs::read_dir(to_bank).into_iter().flatten().map(|e| e.unwrap().path()).collect();
        files.sort();
        for file in files {
            self.bank.order(&std::fs::read(&file).unwrap()).unwrap();
            std::fs::remove_file(file).unwrap();
        }
    }

    pub(crate) async fn send(&mut self, clock: &dyn Clock) {
        send(&self.db, self.dir.path(), &self.link, clock).await.unwrap();
        self.hand_over();
    }

    /// What the bank gives out is fetched.
    pub(crate) async fn fetch(&mut self, clock: &dyn Clock) -> Vec<Received> {
        let BankLink::Folder { from_bank, .. } = &self.link else { unreachable!("a folder") };
        std::fs::create_dir_all(from_bank).unwrap();
        // The folder is read by name: the bank's order is in front.
        for (at, file) in self.bank.collect().into_iter().enumerate() {
            std::fs::write(from_bank.join(format!("{at:04}-{}", file.name)), file.bytes).unwrap();
        }
        let received = fetch(&self.db, self.dir.path(), &self.link, clock).await.unwrap();
        received.into_iter().map(|(_, received)| received).collect()
    }

    pub(crate) async fn ledger(&self, member: MemberCode) -> i64 {
        balance(&self.db, Scope::Platform, &posting::reserve_account(member)).await.unwrap().0
    }

    /// Tops up or withdraws, by two people.
    pub(crate) async fn move_reserve(
        &self,
        kind: &'static str,
        member: MemberCode,
        amount: i64,
        reference: &str,
        clock: &dyn Clock,
    ) -> Result<serde_json::Value, String> {
        let movement =
            reserve::Movement { member, amount: Fen(amount), reference: reference.into(), note: String::new() };
        let id = reserve::propose(&self.db, &Actor::local("maker"), kind, &movement, None, clock).await;
        carry_out(&self.db, id.map_err(|e| e.code())?, clock).await
    }

    /// Resolves an item of the queue, by two people.
    pub(crate) async fn resolve(
        &self,
        payload: serde_json::Value,
        clock: &dyn Clock,
    ) -> Result<serde_json::Value, String> {
        let id = queue::propose(&self.db, &Actor::local("maker"), &payload, None, clock).await;
        carry_out(&self.db, id.map_err(|e| e.code())?, clock).await
    }

    /// Open items of the queue: number, code, theirs less ours.
    pub(crate) async fn queue(&self) -> Vec<(i64, String, i64)> {
        let sql = "SELECT id, code, ours_fen, theirs_fen FROM bank_queue WHERE state = 'open' ORDER BY id";
        let rows = self.db.read(Scope::Platform).fetch_all(sql, params![]).await.unwrap();
        let item = |row: &tongka_storage::Row| {
            let fen = |column| row.opt_int(column).unwrap().unwrap_or(0);
            (row.int("id").unwrap(), row.text("code").unwrap(), fen("theirs_fen") - fen("ours_fen"))
        };
        rows.iter().map(item).collect()
    }
}

/// Approves as a second person; what came of it, or the code it was refused with.
pub(crate) async fn carry_out(db: &Db, id: i64, clock: &dyn Clock) -> Result<serde_json::Value, String> {
    let checker = Actor::local("checker");
    let done = approve(db, &checker, id, clock, |tx, approval, clock| {
        Box::pin(async move { Ok(execute(tx, approval, clock).await?) })
    });
    match done.await {
        Ok(approval) => Ok(approval.result),
        Err(AccessError::Execution(cause)) => Err(cause.downcast::<SettlementError>().unwrap().code()),
        Err(other) => Err(other.code().into_owned()),
    }
}
