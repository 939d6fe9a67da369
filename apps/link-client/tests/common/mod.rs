//! Ground for the tests: a front over SFTP with a small centre behind it, and clients of members.

#![allow(dead_code)]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tongka_base::date::parse_date;
use tongka_base::{Clock, DateTime, MemberCode, SystemClock};
use tongka_crypto::sm3;
use tongka_link::accounts::{self, NewAccount, key_fingerprint};
use tongka_link::sftp::{SftpConfig, host_keys, serve};
use tongka_link::{Front, Hooks, Limits, LinkError, Places};
use tongka_link_client::client::Client;
use tongka_link_client::config::Config;
use tongka_testkit::TestDatabase;
use tongka_wire::{FileName, Header, Kind, ReceiptRow, write_txr};

pub(crate) const SHANGHAI: MemberCode = MemberCode(10_002_900);
pub(crate) const SECRET_ENV: &str = "TONGKA_LINK_TEST_SECRET";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A front of one member, served over SFTP.
pub(crate) struct Centre {
    pub(crate) front: Arc<Front>,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), LinkError>>,
    _database: TestDatabase,
}

impl Centre {
    pub(crate) async fn start(centre_key: Option<[u8; 32]>, certificate: Option<[u8; 65]>) -> Self {
        let database = tongka_testkit::sqlite();
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
        let hooks = Hooks { certificate: Box::new(move |_| certificate), ..Hooks::default() };
        let mut front = Front::new(db, places, Limits::default(), Arc::new(SystemClock), hooks);
        front.centre_key = centre_key.map(Into::into);
        let front = Arc::new(front);
        let account = NewAccount {
            login: "shanghai",
            member: SHANGHAI,
            password: Some(PASSWORD),
            addresses: "",
            quota_bytes: 64 << 20,
            quota_files: 1000,
            connections: 8,
        };
        accounts::add_account(&front.db, "test", &account, &SystemClock).await.unwrap();
        host_keys(&front.places.data).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(Arc::clone(&front), SftpConfig::default(), listener, stopped));
        Self { front, folder, address, stop, task, _database: database }
    }

    pub(crate) fn fingerprints(&self) -> Vec<String> {
        let keys = host_keys(&self.front.places.data).unwrap();
        keys.iter().map(|k| key_fingerprint(k.public_key())).collect()
    }

    pub(crate) async fn end(self) -> TempDir {
        self.stop.send(true).unwrap();
        self.task.await.unwrap().unwrap();
        self.folder
    }

    pub(crate) fn received(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.front.places.inbox.join(name)).ok()
    }

    pub(crate) fn publish(&self, name: &FileName, bytes: &[u8]) {
        let folder = self.front.places.outbox.join(name.member.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name.to_string()), bytes).unwrap();
    }

    /// Lets the centre judge an upload.
    pub(crate) fn receipt(&self, sequence: u32, upload: &str, result: Option<tongka_base::FileCode>) {
        let name = file_name(Kind::Txr, sequence);
        self.publish(&name, &receipt_file(&name, upload, result));
    }
}

pub(crate) fn receipt_file(name: &FileName, upload: &str, result: Option<tongka_base::FileCode>) -> Vec<u8> {
    let accepted = result.is_none();
    let row = ReceiptRow {
        upload_name: upload.to_owned(),
        result,
        record_count: if accepted { 3 } else { 0 },
        total_amount: if accepted { 450 } else { 0 },
        body_digest: [0; 32],
        clearing_date: accepted.then(|| parse_date(b"20260901").unwrap()),
    };
    let mut line = Vec::new();
    write_txr(&row, &mut line).unwrap();
    whole(name, &line, 0)
}

pub(crate) fn file_name(kind: Kind, sequence: u32) -> FileName {
    FileName { kind, date: parse_date(b"20260901").unwrap(), member: SHANGHAI, sequence }
}

/// A header line and a body.
pub(crate) fn whole(name: &FileName, body: &[u8], total_amount: i64) -> Vec<u8> {
    let length = name.kind.table().line_len();
    let centre_sends = !name.kind.is_from_member();
    let header = Header {
        kind: name.kind,
        sender: if centre_sends { MemberCode::CENTRE } else { name.member },
        receiver: if centre_sends { name.member } else { MemberCode::CENTRE },
        file_date: name.date,
        sequence: name.sequence,
        record_count: (body.len() / length) as u32,
        total_amount,
        record_length: length as u16,
        created_at: *b"20260901090000",
        body_digest: sm3(body),
    };
    [header.write().unwrap().as_slice(), body].concat()
}

/// A file of a kind with that many records; `fill` makes files differ. Its amounts are no numbers and count as 0.
pub(crate) fn content(name: &FileName, records: usize, fill: u8) -> Vec<u8> {
    let length = name.kind.table().line_len();
    let mut line = vec![fill; length - 2];
    line[0] = name.kind.table().mark;
    line.extend_from_slice(b"\r\n");
    whole(name, &line.repeat(records), 0)
}

pub(crate) fn config_text(address: &str, fingerprints: &[String], more: &str) -> String {
    format!(
        "member = \"{SHANGHAI}\"\nname = \"上海\"\n{more}\n[sftp]\naddress = \"{address}\"\nlogin = \"shanghai\"\n\
         host_keys = {fingerprints:?}\nsecret_env = \"{SECRET_ENV}\"\n\
         [folders]\noutbox = \"outbox\"\ninbox = \"inbox\"\narchive = \"archive\"\nwork = \"work\"\n\
         [times]\nsettle_ms = 0\nscan_s = 1\npoll_s = 1\ntimeout_s = 20\nretry_s = [0]\nretry_then_s = 1\n\
         [limits]\nspare_mb = 0\n"
    )
}

/// A member's folders and the client over them.
pub(crate) struct Member {
    pub(crate) folder: TempDir,
    pub(crate) text: String,
}

impl Member {
    pub(crate) fn new(address: &str, fingerprints: &[String], more: &str) -> Self {
        // Set before any thread of this process reads it: every test sets the same.
        static SET: std::sync::Once = std::sync::Once::new();
        // SAFETY: once, to one value, before any reader of it starts.
        SET.call_once(|| unsafe { std::env::set_var(SECRET_ENV, PASSWORD) });
        Self { folder: tempfile::tempdir().unwrap(), text: config_text(address, fingerprints, more) }
    }

    pub(crate) fn of(centre: &Centre, more: &str) -> Self {
        Self::new(&centre.address.to_string(), &centre.fingerprints(), more)
    }

    pub(crate) fn config(&self) -> Config {
        Config::parse(&self.text, self.folder.path()).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(self.config(), Arc::new(SystemClock)).unwrap()
    }

    pub(crate) fn client_at(&self, clock: Arc<dyn Clock>) -> Client {
        Client::open(self.config(), clock).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path("outbox").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Files of a folder by name, folders aside.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|e| !e.file_type().unwrap().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A clock that tests set.
pub(crate) struct TestClock(pub(crate) Mutex<DateTime>);

impl Clock for TestClock {
    fn now(&self) -> DateTime {
        *self.0.lock().unwrap()
    }
}
