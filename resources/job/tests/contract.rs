//! What jobs promise, on both databases.

use chrono::{NaiveDate, TimeDelta};
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;
use tongka_base::{Clock, DateTime, MemberCode};
use tongka_job::{
    JOBS, JobError, JobState, Lease, MOST_ATTEMPTS, NewJob, Progress, cancel, claim, enqueue, enqueue_in, job, retry,
};
use tongka_storage::{Db, Scope, TenantCode};
use tongka_testkit::databases;

/// A clock that goes on when it is told to.
struct Wall(Mutex<DateTime>);

impl Wall {
    fn new() -> Self {
        Self(Mutex::new(NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_opt(8, 0, 0).unwrap()))
    }

    fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for Wall {
    fn now(&self) -> DateTime {
        *self.0.lock().unwrap()
    }
}

const LEASE: Duration = Duration::from_secs(60);

fn new(kind: &str) -> NewJob<'_> {
    NewJob { kind, owner: Scope::Platform, dedupe_key: None, payload: json!({"day": 1}), created_by: "zhang" }
}

async fn take(db: &Db, node: &str, clock: &Wall) -> Option<Lease> {
    claim(db, &["prove", "price"], node, LEASE, clock).await.unwrap()
}

fn code<T: std::fmt::Debug>(outcome: Result<T, JobError>) -> String {
    outcome.unwrap_err().code().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_from_asking_to_its_end() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = Wall::new();
        let first = enqueue(&db, &new("prove"), &clock).await.unwrap();
        let second = enqueue(&db, &new("price"), &clock).await.unwrap();
        enqueue(&db, &new("other"), &clock).await.unwrap();
        let lease = take(&db, "a", &clock).await.unwrap();
        assert_eq!((lease.job.id, lease.job.attempt, &lease.job.payload), (first, 1, &json!({"day": 1})));
        let half = Progress { done: 5, total: Some(10), text: "一半" };
        assert!(!lease.progress(&db, half, &clock).await.unwrap());
        let seen = job(&db, Scope::Platform, first).await.unwrap();
        assert_eq!((seen.state, seen.progress_done, seen.progress_total), (JobState::Running, 5, Some(10)));
        lease.finish(&db, &json!({"ok": true}), &clock).await.unwrap();
        let seen = job(&db, Scope::Platform, first).await.unwrap();
        assert_eq!((seen.state, seen.result), (JobState::Done, json!({"ok": true})));
        let lease = take(&db, "a", &clock).await.unwrap();
        assert_eq!(lease.job.id, second);
        lease.fail(&db, "C01 坏", &clock).await.unwrap();
        assert_eq!(job(&db, Scope::Platform, second).await.unwrap().error.as_deref(), Some("C01 坏"));
        assert!(take(&db, "a", &clock).await.is_none(), "the third is of another kind");
        assert!(claim(&db, &[], "a", LEASE, &clock).await.unwrap().is_none());
        assert_eq!(code(enqueue(&db, &new(""), &clock).await), "J05");
        tongka_listing::check(&db, &JOBS).await.unwrap();
        db.close().await;
    }
}

/// A node that is killed says nothing more; one that only stood still is told that it lost the job.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_nodes_job_is_taken_over_and_finished_once() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = Wall::new();
        let id = enqueue(&db, &new("prove"), &clock).await.unwrap();
        let slow = take(&db, "a", &clock).await.unwrap();
        clock.pass(60);
        assert!(take(&db, "b", &clock).await.is_none(), "the lease holds to its last second");
        clock.pass(1);
        let fresh = take(&db, "b", &clock).await.unwrap();
        assert_eq!((fresh.job.id, fresh.job.attempt), (id, 2));
        assert_eq!(code(slow.heartbeat(&db, &clock).await), "J03");
        assert_eq!(code(slow.progress(&db, Progress::default(), &clock).await), "J03");
        assert_eq!(code(slow.finish(&db, &json!(1), &clock).await), "J03");
        clock.pass(50);
        fresh.heartbeat(&db, &clock).await.unwrap();
        clock.pass(50);
        assert!(take(&db, "a", &clock).await.is_none(), "a heartbeat gives the lease its length again");
        fresh.finish(&db, &json!(2), &clock).await.unwrap();
        assert_eq!(job(&db, Scope::Platform, id).await.unwrap().result, json!(2));
        // The same node again under another attempt is another worker.
        let again = enqueue(&db, &new("prove"), &clock).await.unwrap();
        let lost = take(&db, "a", &clock).await.unwrap();
        clock.pass(61);
        let held = take(&db, "a", &clock).await.unwrap();
        assert_eq!(code(lost.fail(&db, "late", &clock).await), "J03");
        held.release(&db).await.unwrap();
        assert_eq!(job(&db, Scope::Platform, again).await.unwrap().attempt, 1);
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_ask_at_once_share_the_jobs() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = std::sync::Arc::new(Wall::new());
        for _ in 0..12 {
            enqueue(&db, &new("prove"), &*clock).await.unwrap();
        }
        let nodes: Vec<_> = (0..4)
            .map(|node| {
                let (db, clock) = (db.clone(), clock.clone());
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    while let Some(lease) = take(&db, &format!("n{node}"), &clock).await {
                        done.push(lease.job.id);
                        lease.finish(&db, &json!(node), &*clock).await.unwrap();
                    }
                    done
                })
            })
            .collect();
        let mut all = Vec::new();
        for node in nodes {
            all.extend(node.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (1..=12).collect::<Vec<_>>());
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_nodes_is_given_up() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = Wall::new();
        let id = enqueue(&db, &new("prove"), &clock).await.unwrap();
        let next = enqueue(&db, &new("price"), &clock).await.unwrap();
        for attempt in 1..=MOST_ATTEMPTS {
            assert_eq!(take(&db, "a", &clock).await.unwrap().job.attempt, attempt);
            clock.pass(61);
        }
        assert_eq!(take(&db, "a", &clock).await.unwrap().job.id, next);
        let given_up = job(&db, Scope::Platform, id).await.unwrap();
        assert_eq!(given_up.state, JobState::Failed);
        assert!(given_up.error.unwrap().starts_with("J04"));
        // A person may have it begun anew.
        retry(&db, Scope::Platform, id).await.unwrap();
        assert_eq!(code(retry(&db, Scope::Platform, id).await), "J06");
        assert_eq!(take(&db, "a", &clock).await.unwrap().job.attempt, 1);
        let keyed = NewJob { dedupe_key: Some("k"), ..new("price") };
        let first = enqueue(&db, &keyed, &clock).await.unwrap();
        cancel(&db, Scope::Platform, first, &clock).await.unwrap();
        enqueue(&db, &keyed, &clock).await.unwrap();
        assert_eq!(code(retry(&db, Scope::Platform, first).await), "J06", "another of its key is open");
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_jobs_of_one_key_are_one() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = Wall::new();
        let keyed = NewJob { dedupe_key: Some("day 1"), ..new("prove") };
        let id = enqueue(&db, &keyed, &clock).await.unwrap();
        assert_eq!(enqueue(&db, &keyed, &clock).await.unwrap(), id);
        let lease = take(&db, "a", &clock).await.unwrap();
        assert_eq!(enqueue(&db, &keyed, &clock).await.unwrap(), id, "also while it runs");
        assert_ne!(enqueue(&db, &NewJob { dedupe_key: Some("day 2"), ..new("prove") }, &clock).await.unwrap(), id);
        lease.finish(&db, &json!(null), &clock).await.unwrap();
        assert_ne!(enqueue(&db, &keyed, &clock).await.unwrap(), id, "it has ended");
        // With what made it necessary, or not at all.
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let lost = enqueue_in(&mut tx, &new("price"), &clock).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(code(job(&db, Scope::Platform, lost).await), "J01");
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_cancelled_by_who_may_see_them() {
    for database in databases().await {
        let db = database.open().await;
        tongka_schema::migrate(&db).await.unwrap();
        let clock = Wall::new();
        let own = Scope::Member(MemberCode(10_002_900));
        let id = enqueue(&db, &NewJob { owner: own, ..new("prove") }, &clock).await.unwrap();
        for other in [Scope::Member(MemberCode(10_003_050)), Scope::Tenant(TenantCode(10_002_900))] {
            assert_eq!(code(job(&db, other, id).await), "J01");
            assert_eq!(code(cancel(&db, other, id, &clock).await), "J01");
        }
        assert_eq!(cancel(&db, own, id, &clock).await.unwrap(), JobState::Cancelled);
        assert_eq!(code(cancel(&db, own, id, &clock).await), "J02");
        // One that runs is asked; its node ends it.
        let id = enqueue(&db, &new("prove"), &clock).await.unwrap();
        let lease = take(&db, "a", &clock).await.unwrap();
        assert_eq!(cancel(&db, Scope::Platform, id, &clock).await.unwrap(), JobState::Running);
        assert!(lease.heartbeat(&db, &clock).await.unwrap());
        lease.cancelled(&db, &clock).await.unwrap();
        assert_eq!(job(&db, Scope::Platform, id).await.unwrap().state, JobState::Cancelled);
        // One that was asked and whose node died is not begun again.
        let id = enqueue(&db, &new("prove"), &clock).await.unwrap();
        take(&db, "a", &clock).await.unwrap();
        cancel(&db, Scope::Platform, id, &clock).await.unwrap();
        clock.pass(61);
        assert!(take(&db, "b", &clock).await.is_none());
        assert_eq!(job(&db, Scope::Platform, id).await.unwrap().state, JobState::Cancelled);
        db.close().await;
    }
}
