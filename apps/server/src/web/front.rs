//! The front (通信前置) of a server process: the SFTP door to members, over the same inbox and outbox as the API.

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
use tongka_link::sftp::{self, SftpConfig};
use tongka_link::{Front, Hooks, Limits, Places};
use tongka_member::MemberError;
use tongka_storage::Db;

/// How often the book is asked for certificates.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// An open door: it closes when the sender says so.
pub(crate) type Door = (watch::Sender<bool>, JoinHandle<()>);

/// Opens the SFTP door; it serves until the sender is dropped or says so.
pub(crate) async fn open(config: &Config, db: &Db, bell: &Bell) -> Result<Option<Door>, Box<dyn Error>> {
    let Some(address) = config.front.sftp else { return Ok(None) };
    let folders = config.folders();
    let places = Places {
        data: folders.data.join("front"),
        inbox: folders.inbox.clone(),
        desk: folders.data.join("desk"),
        outbox: folders.outbox.clone(),
    };
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
    let front = Arc::new(Front::new(db.clone(), places, limits, Arc::new(SystemClock), hooks));
    let listener = TcpListener::bind(address).await.map_err(|e| format!("W04 {address}: {e}"))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(async move {
        if let Err(error) = sftp::serve(front, SftpConfig::default(), listener, stopped).await {
            tracing::error!(%error, "SFTP");
        }
    });
    tracing::info!(%address, "SFTP");
    eprintln!("通信前置已启动 SFTP: {address}");
    Ok(Some((stop, serving)))
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
