//! The front (通信前置) of a server process: the doors to members, SFTP and HTTPS, over the same inbox and outbox as the
//! API. One process of an installation has this role, for one front works on a spool at a time.

use super::config::Config;
use super::worker::Bell;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tongka_base::{Clock, MemberCode, SystemClock};
use tongka_exchange::intake::Folders;
use tongka_link::sftp::{self, SftpConfig};
use tongka_link::{Front, Hooks, Limits, Places, inbox, sign};
use tongka_member::MemberError;
use tongka_storage::Db;

/// How often the book is asked for certificates.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often files that were held back are looked at again.
const SWEEP: Duration = Duration::from_secs(30);

/// An open front; its doors close when told.
pub(crate) struct Doors {
    pub(crate) front: Arc<Front>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Doors {
    /// Closes the doors and waits until everybody is out.
    pub(crate) async fn close(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}

/// The front's folders in an installation.
pub(crate) fn places(folders: &Folders) -> Places {
    Places {
        data: folders.data.join("front"),
        inbox: folders.inbox.clone(),
        desk: folders.data.join("desk"),
        outbox: folders.outbox.clone(),
    }
}

/// Opens the front: the routes of the HTTPS file API use it, and the SFTP door where that is configured.
pub(crate) async fn open(config: &Config, db: &Db, bell: &Bell) -> Result<Doors, Box<dyn Error>> {
    let places = places(&config.folders());
    for folder in [&places.data, &places.desk] {
        std::fs::create_dir_all(folder).map_err(|e| format!("W04 {}: {e}", folder.display()))?;
    }
    let nudge = bell.nudge.clone();
    let known = Arc::new(RwLock::new(certificates(db).await?));
    tokio::spawn(look_again(db.clone(), bell.clone(), known.clone()));
    let hooks = Hooks {
        certificate: Box::new(move |member| known.read().expect("nothing panics with it").get(&member).copied()),
        arrived: Box::new(move |_| nudge.notify_waiters()),
        alarm: Box::new(|_| metrics::counter!("tongka_front_alarms_total").increment(1)),
    };
    let limits = Limits { file_bytes: config.limits.upload_bytes, ..Limits::default() };
    let mut front = Front::new(db.clone(), places, limits, Arc::new(SystemClock), hooks);
    if let Some(path) = &config.front.signing_key {
        let passphrase = config.front.signing_passphrase.as_deref().unwrap_or_default();
        front.centre_key = Some(sign::read_key_file(path, passphrase)?);
    }
    let front = Arc::new(front);
    let handed = inbox::recover(&front).await?;
    if handed > 0 {
        tracing::info!(handed, "files that a stop held back were handed over");
    }
    let (stop, stopped) = watch::channel(false);
    let sweeping = tokio::spawn(sweep(front.clone(), stopped.clone()));
    let Some(address) = config.front.sftp else { return Ok(Doors { front, stop, serving: sweeping }) };
    // Made before anybody is told where the door is.
    sftp::host_keys(&front.places.data)?;
    let listener = TcpListener::bind(address).await.map_err(|e| format!("W04 {address}: {e}"))?;
    let address = listener.local_addr()?;
    let door = front.clone();
    let (connections, connections_per_address) = (config.front.connections, config.front.connections_per_address);
    let limits = SftpConfig { connections, connections_per_address, ..SftpConfig::default() };
    let serving = tokio::spawn(async move {
        if let Err(error) = sftp::serve(door, limits, listener, stopped).await {
            tracing::error!(%error, "SFTP");
        }
        let _ = sweeping.await;
    });
    tracing::info!(%address, "SFTP");
    eprintln!("通信前置已启动 SFTP: {address}");
    Ok(Doors { front, stop, serving })
}

/// Hands over now and then what waited too long for its signature.
async fn sweep(front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            changed = stopped.changed() => if changed.is_err() || *stopped.borrow() { return },
            _ = every.tick() => {}
        }
        if let Err(error) = inbox::recover(&front).await {
            tracing::error!(%error, "front");
        }
    }
}

/// Members with their certificate. Of one with two, while one follows the other, the front expects no signature: the
/// centre checks them all when it takes the file in.
async fn certificates(db: &Db) -> Result<BTreeMap<MemberCode, [u8; 65]>, MemberError> {
    let all = tongka_member::valid_certificates(db, SystemClock.now().date()).await?;
    let several = |member: MemberCode| all.iter().filter(|(other, _)| *other == member).count() > 1;
    Ok(all.iter().copied().filter(|(member, _)| !several(*member)).collect())
}

/// Keeps the certificates as the book has them.
async fn look_again(db: Db, bell: Bell, known: Arc<RwLock<BTreeMap<MemberCode, [u8; 65]>>>) {
    while !bell.stopped() {
        tokio::time::sleep(LOOK_EVERY).await;
        match certificates(&db).await {
            Ok(now) => *known.write().expect("nothing panics with it") = now,
            Err(error) => tracing::warn!(%error, "certificates"),
        }
    }
}
