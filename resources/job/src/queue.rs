//! The queue: from asking to the end.

use crate::error::{JobCode, JobError};
use chrono::TimeDelta;
use serde_json::Value as Json;
use std::time::Duration;
use tongka_base::date::{DateTime, format_date_time};
use tongka_base::{Clock, MemberCode};
use tongka_storage::{Db, Row, Scope, StorageError, TenantCode, Value, WriteTx, params};

/// How often a job is begun before it is given up: its node went away each time.
pub const MOST_ATTEMPTS: i64 = 5;
/// Locked by every transaction on jobs.
const TABLE: &str = "job";
/// Longest progress text and error, in characters.
const LONGEST: usize = 2_000;

/// Work asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob<'a> {
    /// What to do: `day.prove`.
    pub kind: &'a str,
    /// Whose job it is, for who may see it.
    pub owner: Scope,
    /// While a job of this kind and key is open, asking again gives that one.
    pub dedupe_key: Option<&'a str>,
    /// What the worker needs to know. No secret.
    pub payload: Json,
    /// Who asked: a login.
    pub created_by: &'a str,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waits for a node.
    Queued,
    /// On a node.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Taken back.
    Cancelled,
}

impl JobState {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The word in the database and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Number.
    pub id: i64,
    /// What to do.
    pub kind: String,
    /// Whose it is.
    pub owner: Scope,
    /// What the worker needs to know.
    pub payload: Json,
    /// Where it stands.
    pub state: JobState,
    /// How often it was begun.
    pub attempt: i64,
    /// On which node, or was last.
    pub node: Option<String>,
    /// Steps done.
    pub progress_done: i64,
    /// Steps in all, where known.
    pub progress_total: Option<i64>,
    /// What it is at.
    pub progress_text: String,
    /// What came of it.
    pub result: Json,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked.
    pub created_by: String,
    /// When, `YYYYMMDDHHMMSS`.
    pub created_at: String,
    /// When a node first took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Steps done.
    pub done: i64,
    /// Steps in all, where known.
    pub total: Option<i64>,
    /// What it is at, for people.
    pub text: &'a str,
}

/// The right to work on a job, until its time is up.
#[derive(Debug)]
pub struct Lease {
    /// The job as it was claimed.
    pub job: Job,
    node: String,
    length: Duration,
}

const COLUMNS: &str = "id, kind, member, tenant, payload, state, attempt, node, progress_done, progress_total, \
                       progress_text, result, error, created_by, created_at, started_at, ended_at";

fn json(row: &Row, column: &str) -> Result<Json, StorageError> {
    Ok(row.opt_text(column)?.map_or(Json::Null, |text| serde_json::from_str(&text).unwrap_or(Json::String(text))))
}

impl Job {
    fn of(row: &Row) -> Result<Self, JobError> {
        let owner = match (row.opt_int("member")?, row.opt_int("tenant")?) {
            (Some(member), _) => Scope::Member(MemberCode(member as u32)),
            (None, Some(tenant)) => Scope::Tenant(TenantCode(tenant)),
            (None, None) => Scope::Platform,
        };
        let word = row.text("state")?;
        let state = JobState::ALL.into_iter().find(|s| s.word() == word);
        Ok(Self {
            id: row.int("id")?,
            kind: row.text("kind")?,
            owner,
            payload: json(row, "payload")?,
            state: state.ok_or_else(|| JobError::new(JobCode::Value, format!("unknown state {word}")))?,
            attempt: row.int("attempt")?,
            node: row.opt_text("node")?,
            progress_done: row.int("progress_done")?,
            progress_total: row.opt_int("progress_total")?,
            progress_text: row.text("progress_text")?,
            result: json(row, "result")?,
            error: row.opt_text("error")?,
            created_by: row.text("created_by")?,
            created_at: row.text("created_at")?,
            started_at: row.opt_text("started_at")?,
            ended_at: row.opt_text("ended_at")?,
        })
    }
}

async fn begin(db: &Db) -> Result<WriteTx, StorageError> {
    db.begin_write_locking(Scope::Platform, &[TABLE]).await
}

/// Asks for work; returns the number of the job, or of the open one of the same kind and deduplication key.
///
/// # Errors
/// J05; what the database says.
pub async fn enqueue(db: &Db, new: &NewJob<'_>, clock: &dyn Clock) -> Result<i64, JobError> {
    let mut tx = begin(db).await?;
    let id = enqueue_in(&mut tx, new, clock).await?;
    tx.commit().await?;
    Ok(id)
}

/// Asks for work in the caller's transaction, of the platform's scope: the job appears with what made it necessary.
///
/// # Errors
/// J05; what the database says.
pub async fn enqueue_in(tx: &mut WriteTx, new: &NewJob<'_>, clock: &dyn Clock) -> Result<i64, JobError> {
    let named = |text: &str| !text.is_empty() && text.len() <= 128 && !text.contains('\0');
    if !named(new.kind) || !named(new.created_by) || new.dedupe_key.is_some_and(|key| !named(key)) {
        return Err(JobError::new(JobCode::Value, "kind, key and login have 1 to 128 bytes"));
    }
    if let Some(key) = new.dedupe_key {
        let sql = "SELECT id FROM job WHERE kind = $1 AND dedupe_key = $2 AND state IN ('queued', 'running')";
        if let Some(row) = tx.fetch_optional(sql, params![new.kind, key]).await? {
            return Ok(row.int("id")?);
        }
    }
    let id = tx.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM job", params![]).await?.int("id")?;
    let [member, tenant] = match new.owner {
        Scope::Platform => [Value::Null, Value::Null],
        Scope::Member(member) => [Value::from(member), Value::Null],
        Scope::Tenant(tenant) => [Value::Null, Value::Int(tenant.0)],
    };
    let sql = "INSERT INTO job (id, kind, member, tenant, dedupe_key, payload, state, attempt, progress_done, \
               progress_text, cancel_asked, created_by, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, 0, '', 0, $7, $8)";
    let at = format_date_time(clock.now());
    let values = params![id, new.kind, member, tenant, new.dedupe_key, new.payload.to_string(), new.created_by, at];
    tx.execute(sql, values).await?;
    Ok(id)
}

/// The end of a lease, to the second. A lease is never shorter than a second.
fn until(now: DateTime, lease: Duration) -> String {
    let seconds = i64::try_from(lease.as_secs()).unwrap_or(i64::MAX).clamp(1, 7 * 24 * 3600);
    format_date_time(now + TimeDelta::seconds(seconds))
}

/// Takes the oldest job of these kinds that waits, or whose node's lease ran out; `None` when there is none.
///
/// A job that was begun [`MOST_ATTEMPTS`] times is not taken again but ends as failed (J04).
///
/// # Errors
/// What the database says.
pub async fn claim(
    db: &Db,
    kinds: &[&str],
    node: &str,
    lease: Duration,
    clock: &dyn Clock,
) -> Result<Option<Lease>, JobError> {
    if kinds.is_empty() {
        return Ok(None);
    }
    let now = clock.now();
    let at = format_date_time(now);
    let places: Vec<String> = (2..2 + kinds.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "SELECT {COLUMNS}, cancel_asked FROM job WHERE kind IN ({}) AND \
         (state = 'queued' OR (state = 'running' AND lease_until < $1)) ORDER BY id LIMIT 1",
        places.join(", ")
    );
    let mut values = params![at.as_str()].to_vec();
    values.extend(kinds.iter().map(|kind| Value::from(*kind)));
    let mut tx = begin(db).await?;
    let job = loop {
        let Some(row) = tx.fetch_optional(&sql, &values).await? else {
            tx.commit().await?;
            return Ok(None);
        };
        let job = Job::of(&row)?;
        if row.flag("cancel_asked")? {
            end(&mut tx, job.id, JobState::Cancelled, &Json::Null, None, now).await?;
        } else if job.attempt >= MOST_ATTEMPTS {
            let error = JobError::new(JobCode::Attempts, format!("{} times", job.attempt)).to_string();
            end(&mut tx, job.id, JobState::Failed, &Json::Null, Some(&error), now).await?;
        } else {
            break job;
        }
    };
    let sql = format!(
        "UPDATE job SET state = 'running', attempt = attempt + 1, node = $1, lease_until = $2, \
         started_at = COALESCE(started_at, $3) WHERE id = $4 RETURNING {COLUMNS}"
    );
    let row = tx.fetch_one(&sql, params![node, until(now, lease), at, job.id]).await?;
    let job = Job::of(&row)?;
    tx.commit().await?;
    Ok(Some(Lease { job, node: node.to_owned(), length: lease }))
}

async fn end(
    tx: &mut WriteTx,
    id: i64,
    state: JobState,
    result: &Json,
    error: Option<&str>,
    now: DateTime,
) -> Result<(), StorageError> {
    let sql = "UPDATE job SET state = $1, result = $2, error = $3, ended_at = $4, lease_until = NULL WHERE id = $5";
    let error = error.map(shortened);
    tx.execute(sql, params![state.word(), result.to_string(), error, format_date_time(now), id]).await?;
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

impl Lease {
    /// Whether the lease still stands, and whether the job shall be cancelled.
    async fn held(&self, tx: &mut WriteTx) -> Result<bool, JobError> {
        let sql = "SELECT cancel_asked FROM job WHERE id = $1 AND node = $2 AND attempt = $3 AND state = 'running'";
        match tx.fetch_optional(sql, params![self.job.id, self.node.as_str(), self.job.attempt]).await? {
            Some(row) => Ok(row.flag("cancel_asked")?),
            None => Err(JobError::new(JobCode::LeaseLost, format!("job {}", self.job.id))),
        }
    }

    /// Says how far the job is, which also gives the lease its full length again. `true`: it shall be cancelled; put things
    /// in order, then [`Lease::cancelled`].
    ///
    /// # Errors
    /// J03 when another node has the job: stop working.
    pub async fn progress(&self, db: &Db, progress: Progress<'_>, clock: &dyn Clock) -> Result<bool, JobError> {
        let mut tx = begin(db).await?;
        let cancel = self.held(&mut tx).await?;
        let sql = "UPDATE job SET progress_done = $1, progress_total = $2, progress_text = $3, lease_until = $4 \
                   WHERE id = $5";
        let text = shortened(progress.text);
        let values = params![progress.done, progress.total, text, until(clock.now(), self.length), self.job.id];
        tx.execute(sql, values).await?;
        tx.commit().await?;
        Ok(cancel)
    }

    /// Gives the lease its full length again. As [`Lease::progress`], without anything new.
    ///
    /// # Errors
    /// J03 when another node has the job: stop working.
    pub async fn heartbeat(&self, db: &Db, clock: &dyn Clock) -> Result<bool, JobError> {
        let mut tx = begin(db).await?;
        let cancel = self.held(&mut tx).await?;
        let sql = "UPDATE job SET lease_until = $1 WHERE id = $2";
        tx.execute(sql, params![until(clock.now(), self.length), self.job.id]).await?;
        tx.commit().await?;
        Ok(cancel)
    }

    /// Ends the job well.
    ///
    /// # Errors
    /// J03 when another node has the job: what this one did must not count.
    pub async fn finish(self, db: &Db, result: &Json, clock: &dyn Clock) -> Result<(), JobError> {
        let mut tx = begin(db).await?;
        self.finish_in(&mut tx, result, clock).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the job well in the caller's transaction, of the platform's scope: with what the job changed, or not at all.
    ///
    /// # Errors
    /// J03 when another node has the job: roll back.
    pub async fn finish_in(&self, tx: &mut WriteTx, result: &Json, clock: &dyn Clock) -> Result<(), JobError> {
        self.held(tx).await?;
        Ok(end(tx, self.job.id, JobState::Done, result, None, clock.now()).await?)
    }

    /// Ends the job badly.
    ///
    /// # Errors
    /// J03 when another node has the job.
    pub async fn fail(self, db: &Db, error: &str, clock: &dyn Clock) -> Result<(), JobError> {
        self.end(db, JobState::Failed, Some(error), clock).await
    }

    /// Ends the job as it was asked to.
    ///
    /// # Errors
    /// J03 when another node has the job.
    pub async fn cancelled(self, db: &Db, clock: &dyn Clock) -> Result<(), JobError> {
        self.end(db, JobState::Cancelled, None, clock).await
    }

    /// Gives the job back to the queue, for a node that shuts down. The attempt does not count.
    ///
    /// # Errors
    /// J03 when another node has the job.
    pub async fn release(self, db: &Db) -> Result<(), JobError> {
        let mut tx = begin(db).await?;
        self.held(&mut tx).await?;
        let sql = "UPDATE job SET state = 'queued', attempt = attempt - 1, lease_until = NULL WHERE id = $1";
        tx.execute(sql, params![self.job.id]).await?;
        Ok(tx.commit().await?)
    }

    async fn end(self, db: &Db, state: JobState, error: Option<&str>, clock: &dyn Clock) -> Result<(), JobError> {
        let mut tx = begin(db).await?;
        self.held(&mut tx).await?;
        end(&mut tx, self.job.id, state, &Json::Null, error, clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn not_there(id: i64) -> JobError {
    JobError::new(JobCode::NotFound, format!("job {id}"))
}

/// A job.
///
/// # Errors
/// J01 for what is not there or another's.
pub async fn job(db: &Db, scope: Scope, id: i64) -> Result<Job, JobError> {
    let marker = if matches!(scope, Scope::Tenant(_)) { "{tenant:tenant}" } else { "{scope:member}" };
    let sql = format!("SELECT {COLUMNS} FROM job WHERE id = $1 AND {marker}");
    let row = db.read(scope).fetch_optional(&sql, params![id]).await?;
    Job::of(&row.ok_or_else(|| not_there(id))?)
}

/// The job that was last asked for with this kind and key.
///
/// # Errors
/// What the database says.
pub async fn newest(db: &Db, kind: &str, dedupe_key: &str) -> Result<Option<Job>, JobError> {
    let sql = format!("SELECT {COLUMNS} FROM job WHERE kind = $1 AND dedupe_key = $2 ORDER BY id DESC LIMIT 1");
    let row = db.read(Scope::Platform).fetch_optional(&sql, params![kind, dedupe_key]).await?;
    row.as_ref().map(Job::of).transpose()
}

/// Takes a job back. One that waits ends at once; one that runs is asked to end, and its node does that.
///
/// # Errors
/// J01 for what is not there or another's; J02 for what has ended.
pub async fn cancel(db: &Db, scope: Scope, id: i64, clock: &dyn Clock) -> Result<JobState, JobError> {
    job(db, scope, id).await?;
    let mut tx = begin(db).await?;
    let row = tx.fetch_one("SELECT state FROM job WHERE id = $1", params![id]).await?;
    let state = match row.text("state")?.as_str() {
        "queued" => {
            end(&mut tx, id, JobState::Cancelled, &Json::Null, None, clock.now()).await?;
            JobState::Cancelled
        }
        "running" => {
            tx.execute("UPDATE job SET cancel_asked = 1 WHERE id = $1", params![id]).await?;
            JobState::Running
        }
        other => return Err(JobError::new(JobCode::Ended, format!("job {id} is {other}"))),
    };
    tx.commit().await?;
    Ok(state)
}

/// Begins a job anew that failed or was cancelled.
///
/// # Errors
/// J01 for what is not there or another's; J06 for what did not fail, or while another job of its key is open.
pub async fn retry(db: &Db, scope: Scope, id: i64) -> Result<(), JobError> {
    job(db, scope, id).await?;
    let mut tx = begin(db).await?;
    let sql = "UPDATE job SET state = 'queued', attempt = 0, cancel_asked = 0, error = NULL, ended_at = NULL, \
               progress_done = 0, progress_text = '' WHERE id = $1 AND state IN ('failed', 'cancelled') AND NOT EXISTS \
               (SELECT 1 FROM job o WHERE o.kind = job.kind AND o.dedupe_key = job.dedupe_key \
               AND o.state IN ('queued', 'running'))";
    if tx.execute(sql, params![id]).await? == 0 {
        return Err(JobError::new(JobCode::NotFailed, format!("job {id}")));
    }
    Ok(tx.commit().await?)
}
