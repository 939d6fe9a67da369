//! The bank's desk (银企往来): where this process leads and a way to the bank is configured, messages go out and come in,
//! reserves are watched, what can be compared is compared.
//!
//! Each step is safe to run again; one that fails is told in the log and tried again with the next round, and the others
//! go on.

use super::config::{Bank, Config};
use super::worker::Bell;
use std::error::Error;
use std::time::Duration;
use tongka_base::{Clock, Date, SystemClock};
use tongka_engine::day::{self, DayState};
use tongka_settlement::{
    BankLink, Layer, SettlementError, ask_again, assess, fetch, instruct, reconcile, reconciled, release, send,
};
use tongka_storage::Db;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Who the books name for what the server does by itself.
const BY: &str = "bank-desk";
const LOOK_EVERY: Duration = Duration::from_secs(2);
const REST: Duration = Duration::from_secs(30);

/// Works until the bell stops.
pub(crate) async fn run(config: &Config, bell: &Bell) {
    let Some(bank) = &config.bank else { return };
    while !bell.stopped() {
        if let Err(error) = serve(config, bank, bell).await {
            tracing::error!(%error, "the bank's desk starts again");
            metrics::counter!("tongka_worker_failures_total").increment(1);
            bell.wait(REST).await;
        }
    }
}

async fn serve(config: &Config, bank: &Bank, bell: &Bell) -> Outcome<()> {
    let db = tongka_exchange::run::open_database(&config.folders(), config.database.as_deref()).await?;
    let link = BankLink::Folder { to_bank: bank.to_bank.clone(), from_bank: bank.from_bank.clone() };
    while !bell.stopped() {
        if bell.leads() {
            round(config, bank, &db, &link).await?;
        }
        bell.wait(LOOK_EVERY).await;
    }
    db.close().await;
    Ok(())
}

async fn round(config: &Config, bank: &Bank, db: &Db, link: &BankLink) -> Outcome<()> {
    let (clock, data) = (&SystemClock, &config.data);
    let today = clock.now().date();
    let lines = tongka_member::reserves(db).await?;
    if bank.automatic {
        let calendar = tongka_member::bank_calendar(db).await?;
        let due = calendar.is_bank_day(today) && day::days(db).await?.iter().any(|d| d.state == DayState::Closed);
        if due {
            told("instruct", instruct(db, &calendar, today, &lines, BY, clock).await)?;
        }
    }
    told("release", release(db, &lines, BY, clock).await)?;
    told("send", send(db, data, link, clock).await)?;
    if let Some(received) = told("fetch", fetch(db, data, link, clock).await)? {
        for (file, what) in received {
            tracing::info!(file, ?what, "message of the bank");
        }
    }
    told("ask", ask_again(db, data, link, clock).await)?;
    told("assess", assess(db, &lines, today, BY, clock).await)?;
    for date in day::days(db).await?.iter().rev().filter(|d| d.state == DayState::Closed).map(|d| d.date).take(RECENT) {
        compare(db, date).await?;
    }
    Ok(())
}

/// Closed dates that are looked at for layers without a comparison.
const RECENT: usize = 10;

/// Compares the layers of a date that were not compared yet.
async fn compare(db: &Db, date: Date) -> Outcome<()> {
    let done = reconciled(db, date).await?;
    for layer in Layer::ALL.into_iter().filter(|layer| done.iter().all(|(name, ..)| name != layer.word())) {
        if let Some(found) = told("reconcile", reconcile(db, date, layer, BY, &SystemClock).await)?
            && !found.is_green()
        {
            tracing::warn!(%date, layer = layer.word(), differences = found.differences.len(), "reconciliation");
        }
    }
    Ok(())
}

/// What a step made; a refusal waits for people or for the bank, and is told quietly, a failure aloud.
fn told<T>(step: &str, outcome: Result<T, SettlementError>) -> Outcome<Option<T>> {
    match outcome {
        Ok(made) => Ok(Some(made)),
        Err(error @ (SettlementError::NotFound(_) | SettlementError::Day(_) | SettlementError::NoAccount(_))) => {
            tracing::debug!(step, %error, "bank");
            Ok(None)
        }
        Err(SettlementError::Link(error)) => {
            tracing::warn!(step, %error, "bank");
            metrics::counter!("tongka_bank_failures_total").increment(1);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
