//! Background jobs other than those of the open date: proofs and what-if repricing.

use super::config::Config;
use super::routes::{PROVE, WHAT_IF, price_again};
use super::worker::{Bell, LEASE, date_of, heartbeat, node, settle};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tongka_base::SystemClock;
use tongka_exchange::prove;
use tongka_job::Lease;
use tongka_storage::Db;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const KINDS: [&str; 2] = [PROVE, WHAT_IF];
const LOOK_EVERY: Duration = Duration::from_millis(500);
const REST: Duration = Duration::from_secs(5);
/// How often what is no longer needed is removed.
const TIDY_EVERY: u32 = 600;

/// Runs jobs until the bell stops.
pub(crate) async fn run(config: &Config, bell: &Bell) {
    while !bell.stopped() {
        if let Err(error) = serve(config, bell).await {
            tracing::error!(%error, "jobs start again");
            metrics::counter!("tongka_worker_failures_total").increment(1);
            bell.wait(REST).await;
        }
    }
}

async fn serve(config: &Config, bell: &Bell) -> Outcome<()> {
    let db = tongka_exchange::run::open_database(&config.folders(), config.database.as_deref()).await?;
    let mut looks = 0_u32;
    while !bell.stopped() {
        if looks.is_multiple_of(TIDY_EVERY) {
            tongka_access::prune_nonces(&db, &SystemClock).await?;
            tongka_access::prune_answers(&db, &SystemClock).await?;
        }
        looks = looks.wrapping_add(1);
        match tongka_job::claim(&db, &KINDS, &node(), LEASE, &SystemClock).await? {
            Some(lease) => work(config, &db, lease).await?,
            None => bell.wait(LOOK_EVERY).await,
        }
    }
    db.close().await;
    Ok(())
}

async fn work(config: &Config, db: &Db, lease: Lease) -> Outcome<()> {
    let job = lease.job.clone();
    tracing::info!(job = job.id, kind = job.kind, "job begins");
    let lease = Arc::new(lease);
    let beat = heartbeat(db, &lease);
    let result = match job.kind.as_str() {
        PROVE => proof(config, db, &job.payload).await,
        _ => price_again(config, db, &job.payload).await,
    };
    settle(db, lease, beat, result).await?;
    Ok(())
}

async fn proof(config: &Config, db: &Db, payload: &serde_json::Value) -> Outcome<serde_json::Value> {
    let date = date_of(payload)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = config.clearing.threads.unwrap_or(cores);
    let report = prove::prove(db, &config.folders(), date, None, threads).await?;
    Ok(serde_json::json!({
        "clearing_date": date.to_string(),
        "uploads": report.uploads,
        "lake_records": report.lake_records,
        "raw_records": report.raw_records,
        "result_files": report.result_files,
        "imbalance_fen": report.imbalance.0,
        "differences": report.differences,
    }))
}
