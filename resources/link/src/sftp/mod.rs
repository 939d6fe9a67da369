//! The SFTP server (SFTP 服务): SSH with SFTP version 3 and nothing else, over the inbox and outbox of one member.
//!
//! A session sees three folders and cannot leave them: `inbox` (writes), `outbox` and `archive` (read-only; moving a file
//! from `outbox` to `archive`, or removing it from `outbox`, confirms it). There are no shells, no forwarding, no links.
//!
//! Limits: connections in all, of an address, of an account; a time to log in; a time without a byte; failed logins of an
//! address. What hangs or drips before it logged in is cut off; it cannot keep others out, because an address may have
//! only so many connections.

mod door;
mod files;
mod host;
mod protocol;
mod session;

pub use host::host_keys;

use crate::{Front, LinkError};
use door::Door;
use session::Visitor;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Limits of the server.
#[derive(Clone, Debug)]
pub struct SftpConfig {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address.
    pub connections_per_address: usize,
    /// Time to log in.
    pub login_seconds: u64,
    /// Time without a byte after which a session ends.
    pub idle_seconds: u64,
    /// Attempts to log in on one connection.
    pub attempts: usize,
    /// Failed logins of an address within ten minutes, after which it is not let in for as long.
    pub failures_per_address: u32,
    /// A refused login is answered after this time, whatever the reason.
    pub refusal_ms: u64,
}

impl Default for SftpConfig {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_address: 32,
            login_seconds: 20,
            idle_seconds: 300,
            attempts: 4,
            failures_per_address: 20,
            refusal_ms: 500,
        }
    }
}

/// How long failed logins of an address count.
const FAILURE_WINDOW: Duration = Duration::from_secs(600);
/// How often ended sessions are counted off.
const SWEEP: Duration = Duration::from_secs(30);

/// Who is connected and who failed.
#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    by_login: HashMap<String, u32>,
    failures: HashMap<IpAddr, (u32, Instant)>,
}

/// What all sessions share.
struct Shared {
    front: Arc<Front>,
    config: SftpConfig,
    counts: Mutex<Counts>,
}

impl Shared {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().expect("no thread panics with it")
    }

    /// A place for a connection of an address, if there is one.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut counts = self.counts();
        let of_address = counts.by_address.get(&address).copied().unwrap_or_default();
        let barred = counts.failures.get(&address).is_some_and(|(failures, since)| {
            *failures >= self.config.failures_per_address && since.elapsed() < FAILURE_WINDOW
        });
        if barred || counts.all >= self.config.connections || of_address >= self.config.connections_per_address {
            return None;
        }
        counts.all += 1;
        *counts.by_address.entry(address).or_default() += 1;
        Some(Place { shared: Arc::clone(self), address, login: None })
    }

    fn failed(&self, address: IpAddr) {
        let mut counts = self.counts();
        if counts.failures.len() > 10_000 {
            counts.failures.retain(|_, (_, since)| since.elapsed() < FAILURE_WINDOW);
        }
        let entry = counts.failures.entry(address).or_insert((0, Instant::now()));
        if entry.1.elapsed() >= FAILURE_WINDOW {
            *entry = (0, Instant::now());
        }
        entry.0 += 1;
    }
}

/// A connection's place; given back when dropped.
struct Place {
    shared: Arc<Shared>,
    address: IpAddr,
    login: Option<String>,
}

impl Place {
    /// Counts the connection for an account; false when that has as many as it may.
    fn log_in(&mut self, login: &str, most: u32) -> bool {
        let mut counts = self.shared.counts();
        counts.failures.remove(&self.address);
        let connections = counts.by_login.entry(login.to_owned()).or_default();
        if *connections >= most {
            return false;
        }
        *connections += 1;
        self.login = Some(login.to_owned());
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.shared.counts();
        counts.all -= 1;
        let left = counts.by_address.entry(self.address).or_default();
        *left -= 1;
        if *left == 0 {
            counts.by_address.remove(&self.address);
        }
        if let Some(login) = &self.login {
            let left = counts.by_login.entry(login.clone()).or_default();
            *left -= 1;
            if *left == 0 {
                counts.by_login.remove(login);
            }
        }
    }
}

/// Serves until `stop` becomes true (or its sender is gone), then ends all sessions. Host keys are made in the front's
/// data folder when they are not there.
///
/// # Errors
/// What the disk says of the host keys.
pub async fn serve(
    front: Arc<Front>,
    config: SftpConfig,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) -> Result<(), LinkError> {
    let ssh = Arc::new(session::ssh_config(host_keys(&front.places.data)?, &config));
    let shared = Arc::new(Shared { front: Arc::clone(&front), config, counts: Mutex::default() });
    let mut sweep = tokio::time::interval(SWEEP);
    let mut sessions = tokio::task::JoinSet::new();
    let mut stopped = Box::pin(stopping(stop.clone()));
    loop {
        tokio::select! {
            () = &mut stopped => break,
            _ = sweep.tick() => while sessions.try_join_next().is_some() {},
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let address = canonical(address);
                    match shared.admit(address) {
                        Some(place) => {
                            let stop = stop.clone();
                            let (ssh, shared) = (Arc::clone(&ssh), Arc::clone(&shared));
                            sessions.spawn(async move { session(ssh, shared, stream, place, stop).await });
                        }
                        None => tracing::warn!(%address, "connection refused: too many"),
                    }
                }
                // Out of file handles, most likely: those in use end some time.
                Err(error) => {
                    tracing::error!("{error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    while sessions.join_next().await.is_some() {}
    Ok(())
}

/// Waits until the server is to stop.
async fn stopping(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// An IPv4 address that came in by IPv6 counts as itself.
fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

async fn session(
    ssh: Arc<russh::server::Config>,
    shared: Arc<Shared>,
    stream: tokio::net::TcpStream,
    place: Place,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let logged_in = Arc::new(AtomicBool::new(false));
    let (login, idle) = (shared.config.login_seconds, shared.config.idle_seconds);
    let address = place.address;
    let (login, idle) = (Duration::from_secs(login), Duration::from_secs(idle));
    let door = Door::new(stream, Arc::clone(&logged_in), login, idle, Box::pin(stopping(stop)));
    let visitor = Visitor::new(place, Arc::clone(&logged_in));
    let ended = match russh::server::run_stream(ssh, door, visitor).await {
        Ok(session) => session.await,
        Err(error) => Err(error),
    };
    if !logged_in.load(Ordering::Acquire) {
        shared.failed(address);
    }
    if let Err(error) = ended {
        tracing::debug!(%address, "session ended: {error}");
    }
}
