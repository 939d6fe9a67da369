//! The service (服务循环): rounds until it is told to stop, with waits after failures.

use crate::client::{Client, Round};
use crate::{ClientError, page};
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

/// One round for `once`: local work, one connection. Says whether anything is left to be sent.
///
/// # Errors
/// What failed; what was done until then stands.
pub async fn once(client: &mut Client) -> Result<(Round, bool), ClientError> {
    // A file counts as complete when it did not change between two looks.
    let mut round = client.local()?;
    if client.config().times.settle_ms > 0 {
        tokio::time::sleep(Duration::from_millis(client.config().times.settle_ms)).await;
        let more = client.local()?;
        round.converted += more.converted;
        round.refused += more.refused;
    }
    let done = client.exchange().await;
    client.show();
    let done = done?;
    round.sent += done.sent;
    round.placed += done.placed;
    round.refused += done.refused;
    Ok((round, client.has_work()))
}

/// Rounds until `stop` is ready. What is under way then is broken off, as by a kill, and goes on with the next start.
///
/// # Errors
/// The status page cannot be opened.
pub async fn run(mut client: Client, stop: impl Future<Output = ()>) -> Result<(), ClientError> {
    let shared = Arc::new(page::Shared {
        config: client.config().clone(),
        books: RwLock::new(client.books().clone()),
        shown: AtomicU64::new(0),
        live: client.live(),
        clock: Arc::clone(&client.clock),
    });
    if let Some(address) = client.config().page.address {
        page::start(address, Arc::clone(&shared)).await?;
    }
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => {}
        () = rounds(&mut client, &shared) => {}
    }
    client.show();
    Ok(())
}

async fn rounds(client: &mut Client, shared: &page::Shared) {
    let scan = Duration::from_secs(client.config().times.scan_s.max(1));
    let poll = Duration::from_secs(client.config().times.poll_s.max(1));
    let (mut next_poll, mut next_try) = (Instant::now(), Instant::now());
    let mut pruned = None;
    loop {
        let today = client.clock.now().date();
        if pruned != Some(today) {
            if let Err(error) = client.prune() {
                tracing::warn!("{error}");
            }
            pruned = Some(today);
        }
        let local = client.local();
        if let Err(error) = &local {
            tracing::warn!("{error}");
        }
        shared.publish(client);
        let now = Instant::now();
        if local.is_ok() && now >= next_try && (client.has_work() || now >= next_poll) {
            match client.exchange().await {
                Ok(_) => {
                    next_poll = Instant::now() + poll;
                    next_try = Instant::now();
                }
                Err(_) => {
                    let failures = client.live().lock().expect("no thread panics with it").failures;
                    let wait = client.config().retry_after(failures);
                    next_try = Instant::now() + wait;
                    let at = client.clock.now() + chrono::TimeDelta::from_std(wait).unwrap_or_default();
                    client.set_live(|live| live.next_try = Some(tongka_base::date::format_date_time(at)));
                }
            }
        }
        shared.publish(client);
        client.show();
        tokio::time::sleep(scan).await;
    }
}
