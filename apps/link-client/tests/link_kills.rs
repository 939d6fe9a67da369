//! A front and three clients that are killed all the time, while files go both ways: in the end everything is where it belongs,
//! once. And a disk that is full.
//!
//! Server and clients are processes of their own: this test's executable again, told by its environment what to be.

mod common;

use common::{SECRET_ENV, config_text, names, receipt_file};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tongka_base::date::parse_date;
use tongka_base::{MemberCode, SystemClock};
use tongka_link::accounts::{self, NewAccount, key_fingerprint};
use tongka_link::sftp::{SftpConfig, host_keys, serve};
use tongka_link::{Front, Hooks, Limits, Places, disk, inbox};
use tongka_link_client::books::InState;
use tongka_link_client::journal::Journal;
use tongka_storage::{Db, Scope, params};
use tongka_wire::{FileName, Kind};

const MEMBERS: [MemberCode; 3] = [MemberCode(10_002_900), MemberCode(10_005_840), MemberCode(10_003_350)];
const KILLS: u32 = 1000;

fn name(kind: Kind, member: MemberCode, sequence: u32) -> FileName {
    FileName { kind, date: parse_date(b"20260901").unwrap(), member, sequence }
}

/// The bytes of a file, which differ from those of every other.
fn bytes_of(name: &FileName) -> Vec<u8> {
    let length = name.kind.table().line_len();
    let mut line = vec![b'x'; length - 2];
    line[0] = name.kind.table().mark;
    let mark = name.to_string();
    line[length - 40..length - 8].copy_from_slice(mark.as_bytes());
    line.extend_from_slice(b"\r\n");
    common::whole(name, &line.repeat(20 + (name.sequence as usize % 7) * 150), 0)
}

fn places(root: &Path) -> Places {
    let at = |name: &str| root.join(name);
    Places { data: at("data"), inbox: at("inbox"), desk: at("desk"), outbox: at("outbox") }
}

async fn database(root: &Path) -> Db {
    Db::open(&format!("sqlite://{}", root.join("front.db").display())).await.unwrap()
}

/// What a process is told to be; nothing in the test's own process.
#[test]
fn a_process_of_the_test() {
    let Ok(root) = std::env::var("TONGKA_KILLS_SERVER") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(server(Path::new(&root)));
}

/// A front, and a centre that answers every upload with a receipt of the same number.
async fn server(root: &Path) {
    let address = std::env::var("TONGKA_KILLS_ADDRESS").unwrap();
    let places = places(root);
    let front = Arc::new(Front::new(
        database(root).await,
        places.clone(),
        Limits::default(),
        Arc::new(SystemClock),
        Hooks::default(),
    ));
    inbox::recover(&front).await.unwrap();
    let listener = loop {
        // The port of a process that was killed may be held for an instant.
        match tokio::net::TcpListener::bind(&address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let (_stop, stopped) = watch::channel(false);
    let config = SftpConfig { login_seconds: 60, connections_per_address: 500, ..SftpConfig::default() };
    let serving = tokio::spawn(serve(Arc::clone(&front), config, listener, stopped));
    let judging = async {
        loop {
            for text in names(&places.inbox) {
                let Ok(upload) = FileName::parse(&text) else { continue };
                let receipt = FileName { kind: Kind::Txr, ..upload };
                let path = places.outbox.join(upload.member.to_string()).join(receipt.to_string());
                if !path.exists() {
                    disk::write_file(&path, &receipt_file(&receipt, &text, None)).unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        ended = serving => ended.unwrap().unwrap(),
        () = judging => {}
    }
}

struct Ground {
    folder: tempfile::TempDir,
    address: String,
}

impl Ground {
    fn centre(&self) -> PathBuf {
        self.folder.path().join("centre")
    }

    fn member(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("member{index}"))
    }

    fn start_server(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_process_of_the_test", "--nocapture", "--test-threads=1"]);
        command.env("TONGKA_KILLS_SERVER", self.centre()).env("TONGKA_KILLS_ADDRESS", &self.address);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn start_client(&self, index: usize) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tongka-link"));
        command.arg("--config").arg(self.member(index).join("tongka-link.toml")).arg("run");
        command.env("RUST_LOG", "error").stdout(Stdio::null());
        let log = fs::OpenOptions::new().create(true).append(true).open(self.member(index).join("log")).unwrap();
        command.stderr(log).spawn().unwrap()
    }
}

/// Makes the folders, the books of the front and its accounts; keys, as logging in by password is slow on purpose.
async fn prepare() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ground = Ground { folder, address };
    let places = places(&ground.centre());
    for place in [&places.data, &places.inbox, &places.desk, &places.outbox] {
        fs::create_dir_all(place).unwrap();
    }
    let db = database(&ground.centre()).await;
    tongka_schema::migrate(&db).await.unwrap();
    let fingerprints: Vec<String> =
        host_keys(&places.data).unwrap().iter().map(|k| key_fingerprint(k.public_key())).collect();
    for (index, member) in MEMBERS.iter().enumerate() {
        let login = format!("m{member}");
        let account = NewAccount {
            login: &login,
            member: *member,
            password: None,
            addresses: "",
            quota_bytes: 1 << 30,
            quota_files: 10_000,
            connections: 100,
        };
        accounts::add_account(&db, "test", &account, &SystemClock).await.unwrap();
        let home = ground.member(index);
        fs::create_dir_all(&home).unwrap();
        // A key in OpenSSH's form, as the front makes its own.
        let keys = host_keys(&home).unwrap();
        let today = tongka_base::Clock::now(&SystemClock).date();
        let days = (today - chrono::TimeDelta::days(2), today + chrono::TimeDelta::days(300));
        let public = keys[0].public_key().to_openssh().unwrap();
        accounts::add_key(&db, Scope::Platform, "test", &login, &public, days, &SystemClock).await.unwrap();
        let text = config_text(&ground.address, &fingerprints, "page = { address = \"127.0.0.1:0\" }")
            .replace("\"10002900\"", &format!("\"{member}\""))
            .replace("login = \"shanghai\"", &format!("login = \"{login}\"\nkey_file = \"host_ed25519\""))
            .replace(&format!("secret_env = \"{SECRET_ENV}\"\n"), "");
        fs::write(home.join("tongka-link.toml"), text).unwrap();
        fs::create_dir_all(home.join("outbox")).unwrap();
    }
    ground
}

fn put(folder: &Path, name: &FileName) {
    fs::create_dir_all(folder).unwrap();
    disk::write_file(&folder.join(name.to_string()), &bytes_of(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_kills_lose_nothing_and_double_nothing() {
    let ground = prepare().await;
    let mut processes: Vec<Child> = vec![ground.start_server()];
    processes.extend((0..MEMBERS.len()).map(|index| ground.start_client(index)));
    let (mut sent, mut given, mut kills) = (0_u32, 0_u32, 0_u32);
    let started = Instant::now();
    // What programs of the members take out of their inboxes while it all goes on.
    let mut taken: [BTreeMap<String, Vec<u8>>; 3] = Default::default();
    let take = |ground: &Ground, taken: &mut [BTreeMap<String, Vec<u8>>; 3]| {
        for (index, taken) in taken.iter_mut().enumerate() {
            let inbox = ground.member(index).join("inbox");
            for name in names(&inbox) {
                let bytes = fs::read(inbox.join(&name)).unwrap();
                fs::remove_file(inbox.join(&name)).unwrap();
                assert!(taken.insert(name.clone(), bytes).is_none(), "{name} came twice");
            }
        }
    };
    while kills < KILLS {
        if kills % 5 == 0 {
            sent += 1;
            for (index, member) in MEMBERS.iter().enumerate() {
                put(&ground.member(index).join("outbox"), &name(Kind::Txu, *member, sent));
            }
        }
        if kills % 10 == 0 {
            given += 1;
            for member in MEMBERS {
                put(&ground.centre().join("outbox").join(member.to_string()), &name(Kind::Stl, member, given));
            }
        }
        std::thread::sleep(Duration::from_millis(rand::random_range(5..110)));
        let victim = rand::random_range(0..processes.len());
        processes[victim].kill().unwrap();
        processes[victim].wait().unwrap();
        processes[victim] = if victim == 0 { ground.start_server() } else { ground.start_client(victim - 1) };
        kills += 1;
        take(&ground, &mut taken);
    }
    let killing = started.elapsed();
    let centre = places(&ground.centre());
    let progress_then = names(&centre.inbox).len();
    // In peace, to the end.
    let deadline = Instant::now() + Duration::from_secs(240);
    loop {
        let journals: Vec<_> =
            (0..3).map(|i| Journal::read(&ground.member(i).join("work/journal.log")).unwrap_or_default()).collect();
        let done = journals.iter().all(|books| {
            let confirmed = books.incoming.values().filter(|f| f.state == InState::Confirmed).count() as u32;
            let accepted = books.out.values().filter(|f| f.receipt.is_some()).count() as u32;
            accepted == sent && confirmed == sent + given
        });
        if done {
            break;
        }
        assert!(Instant::now() < deadline, "not at the end: {journals:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    for process in &mut processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    take(&ground, &mut taken);

    // With the centre: every file once, with its bytes, and noted as handed over once.
    let wanted: BTreeSet<String> =
        MEMBERS.iter().flat_map(|m| (1..=sent).map(|n| name(Kind::Txu, *m, n).to_string())).collect();
    assert_eq!(names(&centre.inbox).into_iter().collect::<BTreeSet<_>>(), wanted);
    let db = database(&ground.centre()).await;
    for text in &wanted {
        assert_eq!(fs::read(centre.inbox.join(text)).unwrap(), bytes_of(&FileName::parse(text).unwrap()), "{text}");
        let sql = "SELECT COUNT(*) AS n FROM transfer WHERE name = $1 AND state = 'handed'";
        let row = db.read(Scope::Platform).fetch_one(sql, params![text.as_str()]).await.unwrap();
        assert_eq!(row.int("n").unwrap(), 1, "{text}");
    }
    for (index, member) in MEMBERS.iter().enumerate() {
        let results = (1..=given).map(|n| name(Kind::Stl, *member, n));
        let receipts = (1..=sent).map(|n| name(Kind::Txr, *member, n));
        let wanted: BTreeMap<String, Vec<u8>> = results
            .map(|n| (n.to_string(), bytes_of(&n)))
            .chain(receipts.map(|n| {
                let upload = name(Kind::Txu, *member, n.sequence).to_string();
                (n.to_string(), receipt_file(&n, &upload, None))
            }))
            .collect();
        assert_eq!(taken[index].keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        assert!(taken[index] == wanted, "bytes of member {member}");
        let home = ground.member(index);
        for folder in ["outbox", "outbox/refused", "work/out", "work/in", "work/aside"] {
            assert!(names(&home.join(folder)).is_empty(), "{folder}: {:?}", names(&home.join(folder)));
        }
        assert_eq!(names(&home.join("archive/sent/20260901")).len() as u32, sent);
        assert_eq!(names(&home.join("archive/received/20260901")).len() as u32, sent + given);
    }
    println!(
        "{kills} kills in {killing:?}; {} files out, {} in; {progress_then} files had arrived when the killing ended",
        3 * sent,
        3 * (sent + given)
    );
}

/// Runs a script in a name space of its own, where it may mount; `None` where that is not permitted.
fn in_own_mounts(script: &str) -> Option<String> {
    let permitted = Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|o| o.status.success());
    permitted.then(|| {
        let output = Command::new("unshare").args(["-rm", "sh", "-c", script]).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_a_free_byte_loses_nothing() {
    let centre = common::Centre::start(None, None).await;
    let member = common::Member::of(&centre, "");
    let upload = name(Kind::Txu, MEMBERS[0], 6);
    fs::write(member.path("tongka-link.toml"), &member.text).unwrap();
    member.put(&upload.to_string(), &bytes_of(&upload));
    let script = format!(
        "cd {folder} && mkdir -p work && mount -t tmpfs -o size=1m tmpfs work || exit 9
         mkdir hold && mv outbox/*.dat hold/ && {program} once; echo started $?
         mv hold/*.dat outbox/; dd if=/dev/zero of=work/fill bs=4k 2>/dev/null
         {program} once; echo full $?; ls outbox
         rm work/fill; {program} once; echo freed $?; cat work/journal.log",
        folder = member.folder.path().display(),
        program = env!("CARGO_BIN_EXE_tongka-link"),
    );
    let told = tokio::task::spawn_blocking(move || in_own_mounts(&script)).await.unwrap();
    if let Some(told) = told {
        for wanted in ["started 0", "full 1", "freed 0"] {
            assert!(told.contains(wanted), "{wanted}: {told}");
        }
        assert_eq!(centre.received(&upload.to_string()).unwrap(), bytes_of(&upload), "{told}");
    } else {
        println!("no mounts here: only the pause below a limit is tested (link_round)");
    }
    centre.end().await;
}
