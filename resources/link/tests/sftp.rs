//! The SFTP server under OpenSSH's own programs and under hostile ones.

mod common;

use common::{Ground, SHANGHAI, SHENZHEN, Setting, content, file_name};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tongka_base::Clock;
use tongka_link::accounts::{self, NewAccount};
use tongka_link::client::{Remote, RemoteFile, Sending, SftpTarget, Target, remote_code};
use tongka_link::disk::Content;
use tongka_link::sftp::{SftpConfig, host_keys, serve};
use tongka_link::{Limits, LinkCode, LinkError};
use tongka_storage::Scope;
use tongka_wire::Kind;

const PASSWORD: &str = "correct horse battery";

struct Server {
    ground: Arc<Ground>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), LinkError>>,
    keys: PathBuf,
    work: PathBuf,
}

impl Server {
    async fn start(setting: Setting, config: SftpConfig) -> Self {
        let ground = Ground::new(tongka_testkit::sqlite(), setting).await;
        let keys = ground.folder.path().join("keys");
        let work = ground.folder.path().join("work");
        fs::create_dir_all(&keys).unwrap();
        fs::create_dir_all(&work).unwrap();
        for (login, member) in [("shanghai", SHANGHAI), ("shenzhen", SHENZHEN)] {
            let account = NewAccount {
                login,
                member,
                password: Some(PASSWORD),
                addresses: "",
                quota_bytes: 4 << 20,
                quota_files: 20,
                connections: 4,
            };
            let clock = ground.clock.as_ref();
            accounts::add_account(&ground.front.db, "test", &account, clock).await.unwrap();
            let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
            let path = keys.join(login);
            fs::write(&path, key.to_openssh(LineEnding::LF).unwrap()).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let today = clock.now().date();
            let public = key.public_key().to_openssh().unwrap();
            let days = (today, today + chrono::TimeDelta::days(365));
            accounts::add_key(&ground.front.db, Scope::Platform, "test", login, &public, days, clock).await.unwrap();
        }
        host_keys(&ground.front.places.data).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(Arc::clone(&ground.front), config, listener, stopped));
        Self { ground: Arc::new(ground), address, stop, task, keys, work }
    }

    fn options(&self, key: &str) -> Vec<String> {
        let options =
            ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"];
        let mut all = vec!["-i".to_owned(), self.keys.join(key).display().to_string()];
        all.extend(options.iter().flat_map(|o| ["-o".to_owned(), (*o).to_owned()]));
        all
    }

    /// Runs OpenSSH's sftp with a batch of commands.
    async fn sftp(&self, login: &str, key: &str, batch: &str) -> (bool, String) {
        let mut command = Command::new("sftp");
        command.args(self.options(key)).args(["-P", &self.address.port().to_string(), "-b", "-"]);
        command.arg(format!("{login}@127.0.0.1")).current_dir(&self.work);
        let batch = batch.to_owned();
        told(run(command, batch).await)
    }

    async fn scp(&self, from: &str, to: &str) -> (bool, String) {
        let mut command = Command::new("scp");
        command.args(self.options("shanghai")).args(["-P", &self.address.port().to_string(), from, to]);
        command.current_dir(&self.work);
        told(run(command, String::new()).await)
    }

    fn target(&self) -> SftpTarget {
        let keys = host_keys(&self.ground.front.places.data).unwrap();
        SftpTarget {
            address: self.address.to_string(),
            login: "shanghai".into(),
            host_keys: keys.iter().map(|k| accounts::key_fingerprint(k.public_key())).collect(),
            key: Some(self.keys.join("shanghai")),
            secret: None,
            timeout: Duration::from_secs(20),
        }
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

async fn run(mut command: Command, input: String) -> Output {
    let run = move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssh-client");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn told(output: Output) -> (bool, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn openssh_sends_resumes_fetches_and_confirms() {
    let server = Server::start(Setting::default(), SftpConfig::default()).await;
    let name = |n| file_name(Kind::Txu, SHANGHAI, n).to_string();
    let bytes: Vec<Vec<u8>> =
        (1..=5).map(|n| content(&file_name(Kind::Txu, SHANGHAI, n), 5000, b'0' + n as u8)).collect();
    for n in 1..=5 {
        fs::write(server.work.join(name(n)), &bytes[n as usize - 1]).unwrap();
    }
    // Under a temporary name and renamed; under its own name; with times and fsync.
    let (n1, n2, n3) = (name(1), name(2), name(3));
    let batch = format!("cd inbox\nput {n1} {n1}.tmp\nls -l\nrename {n1}.tmp {n1}\nput {n2}\nput -pf {n3}\nls -l\n");
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(ok, "{text}");
    for n in 1..=3 {
        assert_eq!(fs::read(server.ground.inbox(&name(n))).unwrap(), bytes[n as usize - 1]);
        assert!(text.contains(&name(n)), "shown in the inbox: {text}");
    }
    // Resume at a third of the file.
    let who = common::caller(SHANGHAI);
    let front = &server.ground.front;
    let mut upload = tongka_link::inbox::open(front, &who, &name(4), true).await.unwrap();
    tongka_link::inbox::write(front, &who, &mut upload, 0, &bytes[3][..266_666]).await.unwrap();
    drop(upload);
    let (ok, text) = server.sftp("shanghai", "shanghai", &format!("reput {0} inbox/{0}\n", name(4))).await;
    assert!(ok, "{text}");
    assert_eq!(fs::read(server.ground.inbox(&name(4))).unwrap(), bytes[3]);
    // scp.
    let (ok, text) = server.scp(&name(5), "shanghai@127.0.0.1:/inbox/").await;
    assert!(ok, "{text}");
    assert_eq!(fs::read(server.ground.inbox(&name(5))).unwrap(), bytes[4]);
    assert_eq!(server.ground.arrivals.lock().unwrap().len(), 5);

    let stl = file_name(Kind::Stl, SHANGHAI, 1);
    let result = content(&stl, 9000, b'7');
    server.ground.publish(&stl, &result);
    let shown = stl.to_string();
    fs::write(server.work.join("half"), &result[..100_000]).unwrap();
    let batch = format!("ls -l outbox\nget outbox/{shown} whole\nreget outbox/{shown} half\n");
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(ok, "{text}");
    assert_eq!(fs::read(server.work.join("whole")).unwrap(), result);
    assert_eq!(fs::read(server.work.join("half")).unwrap(), result);
    let (ok, text) = server.scp(&format!("shanghai@127.0.0.1:/outbox/{shown}"), "scp").await;
    assert!(ok, "{text}");
    assert_eq!(fs::read(server.work.join("scp")).unwrap(), result);
    // Confirmed, it is in the archive, where it can be fetched again; the centre's file is where it was.
    let batch = format!("rename outbox/{shown} archive/{shown}\nget archive/{shown} again\nls outbox\nls archive\n");
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(ok, "{text}");
    assert!(text.contains(&format!("archive/{shown}")) && !text.contains(&format!("\noutbox/{shown}")), "{text}");
    assert_eq!(fs::read(server.work.join("again")).unwrap(), result);
    let batch = format!("rename archive/{shown} outbox/{shown}\nrm outbox/{shown}\nls outbox/{shown}\n");
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(!ok && text.contains("not found"), "{text}");
    assert_eq!(server.ground.events(&shown).await.last().unwrap(), "confirmed");
    assert!(front.places.outbox.join(SHANGHAI.to_string()).join(&shown).exists());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out_of_the_three_folders() {
    let server = Server::start(Setting::default(), SftpConfig::default()).await;
    let stl = file_name(Kind::Stl, SHANGHAI, 1);
    server.ground.publish(&stl, &content(&stl, 1, b'1'));
    let outbox = server.ground.front.places.outbox.join(SHANGHAI.to_string());
    let link = file_name(Kind::Sta, SHANGHAI, 1).to_string();
    std::os::unix::fs::symlink("/etc/hostname", outbox.join(&link)).unwrap();
    // A link planted where an upload would go.
    let planted = file_name(Kind::Txu, SHANGHAI, 9).to_string();
    let spool = server.ground.front.places.spool(SHANGHAI);
    fs::create_dir_all(&spool).unwrap();
    let victim = server.ground.folder.path().join("victim");
    fs::write(&victim, "safe").unwrap();
    std::os::unix::fs::symlink(&victim, spool.join(format!("{planted}.tmp"))).unwrap();
    let own = file_name(Kind::Txu, SHANGHAI, 1).to_string();
    let foreign = file_name(Kind::Txu, SHENZHEN, 1).to_string();
    fs::write(server.work.join("x"), content(&file_name(Kind::Txu, SHANGHAI, 1), 1, b'1')).unwrap();
    let stl = stl.to_string();
    for (command, why) in [
        ("get /etc/passwd p".to_owned(), "not found"),
        ("get ../../../../etc/passwd p".to_owned(), "not found"),
        ("get inbox/../../../etc/passwd p".to_owned(), "not found"),
        (format!("get outbox/{link} p"), "not found"),
        ("put x /etc/x".to_owned(), "dest open"),
        ("put x inbox/../../x".to_owned(), "dest open"),
        ("put x inbox/x.txt".to_owned(), "dest open"),
        (format!("put x inbox/{foreign}"), "dest open"),
        (format!("put x inbox/{stl}"), "dest open"),
        (format!("put x inbox/{planted}.tmp"), "dest open"),
        (format!("put x outbox/{own}"), "dest open"),
        (format!("put x archive/{own}"), "dest open"),
        ("mkdir inbox/sub".to_owned(), ""),
        ("rmdir inbox".to_owned(), ""),
        (format!("rm archive/{stl}"), ""),
        (format!("rm outbox/{stl}"), ""),
        (format!("rename outbox/{stl} inbox/{own}"), ""),
        (format!("rename outbox/{stl} archive/{own}"), ""),
        (format!("ln -s /etc/passwd inbox/{own}"), ""),
        (format!("ln outbox/{stl} inbox/{own}"), ""),
        (format!("chmod 777 outbox/{stl}"), ""),
        ("ls ../../..//../etc".to_owned(), "not found"),
        ("!true\ndf".to_owned(), ""),
    ] {
        let (ok, text) = server.sftp("shanghai", "shanghai", &format!("{command}\n")).await;
        assert!(!ok && text.contains(why), "{command}: {text}");
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "safe");
    assert!(!server.work.join("p").exists());
    assert!(server.ground.arrivals.lock().unwrap().is_empty());
    let (ok, text) = server.sftp("shanghai", "shanghai", "cd ../../../..\npwd\nls -la\n").await;
    assert!(ok && text.contains("Remote working directory: /\n"), "{text}");
    assert!(["inbox", "outbox", "archive"].iter().all(|f| text.contains(f)), "{text}");
    // No shell, no commands, no forwarding.
    let mut command = Command::new("ssh");
    command.args(server.options("shanghai")).args(["-p", &server.address.port().to_string()]);
    command.args(["shanghai@127.0.0.1", "id"]);
    assert!(!told(run(command, String::new()).await).0);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_accounts_own_key_or_password_opens() {
    let config = SftpConfig { refusal_ms: 1, ..SftpConfig::default() };
    let server = Server::start(Setting::default(), config).await;
    for (login, key) in
        [("shanghai", "shenzhen"), ("shenzhen", "shanghai"), ("nobody", "shanghai"), ("root", "shanghai")]
    {
        let (ok, text) = server.sftp(login, key, "ls\n").await;
        assert!(!ok && text.contains("Permission denied"), "{login}: {text}");
    }
    let by_password = |password: &str| SftpTarget {
        key: None,
        secret: Some(zeroize::Zeroizing::new(password.to_owned())),
        ..server.target()
    };
    let remote = Remote::connect(&Target::Sftp(by_password(PASSWORD))).await.unwrap();
    assert!(remote.list().await.unwrap().is_empty());
    let refused = Remote::connect(&Target::Sftp(by_password("wrong horse battery"))).await.unwrap_err();
    assert_eq!((refused.code(), remote_code(&refused)), (Some(LinkCode::Refused), Some("Y01")));
    // A server that is not the one the member knows.
    let elsewhere = SftpTarget { host_keys: vec!["SHA256:other".into()], ..server.target() };
    let error = Remote::connect(&Target::Sftp(elsewhere)).await.unwrap_err();
    assert_eq!(error.code(), Some(LinkCode::HostKey));
    // As many connections of an account as it may have, no more.
    let mut held = vec![remote];
    for _ in 0..3 {
        held.push(Remote::connect(&Target::Sftp(server.target())).await.unwrap());
    }
    let fifth = Remote::connect(&Target::Sftp(server.target())).await.unwrap_err();
    assert_eq!(fifth.code(), Some(LinkCode::Refused));
    // The server's time is near: its clock is the test's.
    let server_time = held[0].time().await.unwrap();
    assert_eq!(server_time, server.ground.clock.now().and_utc().timestamp() - 8 * 3600);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_resumes_after_any_cut_and_sends_once() {
    let server = Server::start(Setting::default(), SftpConfig::default()).await;
    let path = server.work.join("file");
    let remote = Remote::connect(&Target::Sftp(server.target())).await.unwrap();
    for n in 1..=30_u32 {
        let name = file_name(Kind::Txu, SHANGHAI, n);
        let bytes = content(&name, 2000, b'0' + (n % 10) as u8);
        fs::write(&path, &bytes).unwrap();
        let fingerprint = Content::of(&mut bytes.as_slice()).unwrap().fingerprint();
        // A connection that broke left this many bytes.
        let cut = (bytes.len() as u64 * u64::from(n - 1) / 29) as usize;
        let who = common::caller(SHANGHAI);
        let temporary = format!("{name}.{}.tmp", &fingerprint[..8]);
        let front = &server.ground.front;
        let mut upload = tongka_link::inbox::open(front, &who, &temporary, true).await.unwrap();
        tongka_link::inbox::write(front, &who, &mut upload, 0, &bytes[..cut]).await.unwrap();
        drop(upload);
        let sending = Sending { path: &path, name, signature: false, fingerprint: &fingerprint };
        let heard = std::sync::atomic::AtomicU64::new(0);
        remote.send(&sending, &|at| heard.store(at, std::sync::atomic::Ordering::Relaxed)).await.unwrap();
        assert_eq!(fs::read(server.ground.inbox(&name.to_string())).unwrap(), bytes);
        remote.send(&sending, &|_| {}).await.unwrap();
        assert!(cut == bytes.len() || heard.into_inner() == bytes.len() as u64);
    }
    assert_eq!(server.ground.arrivals.lock().unwrap().len(), 30);
    assert!(server.ground.spooled(SHANGHAI).is_empty());
    // The same name with other bytes comes back as the front's own refusal.
    let name = file_name(Kind::Txu, SHANGHAI, 1);
    let bytes = content(&name, 2000, b'x');
    fs::write(&path, &bytes).unwrap();
    let fingerprint = Content::of(&mut bytes.as_slice()).unwrap().fingerprint();
    let sending = Sending { path: &path, name, signature: false, fingerprint: &fingerprint };
    let refused = remote.send(&sending, &|_| {}).await.unwrap_err();
    assert_eq!(remote_code(&refused), Some("Y07"));

    // Fetching goes on where it stopped.
    let txd = file_name(Kind::Txd, SHANGHAI, 1);
    let result = content(&txd, 3000, b'5');
    server.ground.publish(&txd, &result);
    let file = RemoteFile { name: txd.to_string(), size: result.len() as u64 };
    assert_eq!(remote.list().await.unwrap(), std::slice::from_ref(&file));
    for have in [0, 1, 100_000, result.len() - 1, result.len(), result.len() + 5] {
        let mut beginning = result.clone();
        beginning.resize(have, b'?');
        let into = server.work.join(format!("fetched{have}"));
        fs::write(&into, &beginning).unwrap();
        remote.fetch(&file, &into).await.unwrap();
        assert_eq!(fs::read(&into).unwrap(), result, "from {have}");
    }
    remote.confirm(&file.name).await.unwrap();
    assert!(remote.list().await.unwrap().is_empty());
    let gone = remote.fetch(&RemoteFile { name: "x".into(), size: 1 }, &server.work.join("x")).await.unwrap_err();
    assert_eq!(remote_code(&gone), Some("Y04"));
    server.end().await;
}

/// A connection that got a place: one that just ended may still hold its own for an instant.
fn greeted(address: SocketAddr) -> TcpStream {
    loop {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut greeting = [0; 8];
        if stream.read_exact(&mut greeting).is_ok() {
            assert_eq!(&greeting, b"SSH-2.0-");
            return stream;
        }
    }
}

fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_log_in_is_cut_off_and_cannot_crowd_others_out() {
    let config = SftpConfig { login_seconds: 1, connections_per_address: 5, ..SftpConfig::default() };
    let server = Server::start(Setting::default(), config).await;
    let address = server.address;
    let hostile = move || {
        // Half a greeting, rubbish, a giant packet, dripping: each ends by itself.
        let openings: [&[u8]; 4] = [
            b"SSH-2.0-slow",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff",
            &[0; 70_000],
        ];
        for bytes in openings {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(bytes);
            read_to_end(stream);
        }
        let open: Vec<TcpStream> = (0..5).map(|_| greeted(address)).collect();
        let sixth = read_to_end(TcpStream::connect(address).unwrap());
        assert!(sixth.is_empty(), "a sixth is not greeted");
        // All end by themselves.
        open.into_iter().for_each(|stream| drop(read_to_end(stream)));
    };
    tokio::task::spawn_blocking(hostile).await.unwrap();
    // The places are free again: a real client is let in.
    tokio::task::spawn_blocking(move || drop(greeted(address))).await.unwrap();
    let remote = Remote::connect(&Target::Sftp(server.target())).await.unwrap();
    assert!(remote.list().await.unwrap().is_empty());
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_byte_ends_and_its_file_can_be_resumed() {
    let config = SftpConfig { idle_seconds: 1, ..SftpConfig::default() };
    let server = Server::start(Setting::default(), config).await;
    let mut command = Command::new("ssh");
    command.args(server.options("shanghai")).args(["-p", &server.address.port().to_string()]);
    command.args(["shanghai@127.0.0.1", "-s", "sftp"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // It waits for commands that never come, and is ended by the server.
    let status = tokio::task::spawn_blocking(move || {
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        drop(stdin);
        status
    });
    assert!(!status.await.unwrap().success());
    server.end().await;
}

fn sparse(path: &Path, bytes: u64) {
    fs::File::create(path).unwrap().set_len(bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gigabytes_are_refused_at_the_limit() {
    let limits = Limits { file_bytes: 2 << 20, ..Limits::default() };
    let server = Server::start(Setting { limits, ..Setting::default() }, SftpConfig::default()).await;
    let name = file_name(Kind::Txu, SHANGHAI, 1).to_string();
    sparse(&server.work.join("sparse"), 10 << 30);
    let (ok, text) = server.sftp("shanghai", "shanghai", &format!("put sparse inbox/{name}\n")).await;
    assert!(!ok, "{text}");
    let kept = fs::metadata(server.ground.front.places.spool(SHANGHAI).join(&name)).unwrap().len();
    assert!(kept <= 2 << 20, "{kept}");
    assert!(server.ground.alarm_codes().contains(&"Y10"));
    // The quota of the account's member over several files.
    let mut batch = format!("rm inbox/{name}\n");
    sparse(&server.work.join("two"), 2 << 20);
    for n in 2..=4 {
        batch.push_str(&format!("put two inbox/{}.tmp\n", file_name(Kind::Txu, SHANGHAI, n)));
    }
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(!ok, "{text}");
    assert!(server.ground.alarm_codes().contains(&"Y09"));
    // A file of no bytes is no file.
    fs::write(server.work.join("empty"), "").unwrap();
    let batch = format!("put empty inbox/{}\n", file_name(Kind::Txu, SHANGHAI, 5));
    let (ok, text) = server.sftp("shanghai", "shanghai", &batch).await;
    assert!(ok, "{text}");
    assert!(server.ground.arrivals.lock().unwrap().is_empty());
    server.end().await;
}
