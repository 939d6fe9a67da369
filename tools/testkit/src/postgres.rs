//! A private PostgreSQL server.
//!
//! The server is started by a guard, a small shell script that reads from a pipe of which only the test process holds
//! the other end. When that closes (the value is dropped, the process ends, is killed, crashes) the guard stops the
//! server and removes its data. The guard is in a process group of its own, so that an interrupt at the terminal does
//! not take it away before its work is done.
//!
//! `initdb` takes a second, so its result is kept as a template below the folder for temporary files, made once under a
//! file lock, and every server starts on a copy.

use crate::programs::Programs;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tongka_storage::{Db, Scope, StorageError};

/// Why there is no PostgreSQL server for a test.
#[derive(Debug)]
pub enum PostgresError {
    /// No PostgreSQL programs were found.
    NotInstalled,
    /// The test runs as root and there is no unprivileged user for the server.
    NoUser,
    /// A file or a program could not be used.
    Io(String),
    /// The server did not start; what it said.
    NotStarted(String),
    /// A database could not be made.
    Database(StorageError),
}

impl std::fmt::Display for PostgresError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInstalled => f.write_str(
                "未安装 PostgreSQL：请安装 Debian 软件包 postgresql / PostgreSQL is not installed: install the Debian \
                 package postgresql (initdb, pg_ctl and postgres are looked for in /usr/lib/postgresql/*/bin and PATH)",
            ),
            Self::NoUser => f.write_str("there is neither a user postgres nor a user nobody to run PostgreSQL as"),
            Self::Io(what) => f.write_str(what),
            Self::NotStarted(log) => write!(f, "PostgreSQL did not start:\n{log}"),
            Self::Database(error) => write!(f, "no database could be made: {error}"),
        }
    }
}

impl std::error::Error for PostgresError {}

fn io(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> PostgresError {
    move |error| PostgresError::Io(format!("{what}: {error}"))
}

/// $1 programs, $2 template, $3 folder, $4 port. Says `ready` or `failed`, then waits for the pipe to close.
const GUARD: &str = r#"
trap '' INT TERM HUP
cp -a "$2" "$3/data" &&
"$1/pg_ctl" -s -w -t 60 -D "$3/data" -l "$3/log" -o "-p $4 -c listen_addresses=127.0.0.1 -c unix_socket_directories='$3'" start &&
echo ready || echo failed
while read -r _; do :; done
"$1/pg_ctl" -s -w -t 10 -m immediate -D "$3/data" stop || kill -9 "$(head -n 1 "$3/data/postmaster.pid")"
rm -rf "$3/data" "$3/log" "$3"
"#;

/// How often another port is tried when someone else took the one that was free a moment ago.
const TRIES: u32 = 5;

/// A private PostgreSQL server: its own data, trust authentication, a Unix socket in a private folder and a loopback
/// port, `fsync` on. Stopped, with its data removed, when dropped or when the process ends in any way.
#[derive(Debug)]
pub struct Postgres {
    guard: Child,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a server (a fraction of a second; the very first one on a machine makes the template, a few seconds).
    pub fn start() -> Result<Self, PostgresError> {
        let programs = Programs::find()?;
        let template = template(&programs)?;
        let mut said = String::new();
        for _ in 0..TRIES {
            match try_start(&programs, &template)? {
                Ok(server) => return Ok(server),
                Err(log) => said = log,
            }
        }
        Err(PostgresError::NotStarted(said))
    }

    /// The server of this process, started at the first call.
    pub fn shared() -> Result<&'static Self, &'static PostgresError> {
        static SHARED: OnceLock<Result<Postgres, PostgresError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Address of the server's own database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://tongka@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Makes an empty database of its own and returns its address.
    pub async fn fresh_database(&self) -> Result<String, PostgresError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let db = Db::open(&self.url()).await.map_err(PostgresError::Database)?;
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
        db.read(Scope::Platform).fetch_all(&sql, &[]).await.map_err(PostgresError::Database)?;
        db.close().await;
        Ok(self.url_of(&name))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The guard ends when the server has stopped; there is nothing to do about a failure here.
        let _ = self.guard.wait();
    }
}

/// Starts a server on a copy of the template; inside, what it said when it did not start.
fn try_start(programs: &Programs, template: &Path) -> Result<Result<Postgres, String>, PostgresError> {
    let folder = tempfile::Builder::new().prefix("tongka-pg-").tempdir().map_err(io("folder for PostgreSQL"))?;
    programs.hand_over(folder.path()).map_err(io(folder.path().display()))?;
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).map_err(io("free port"))?;
    let mut guard = programs
        .command("/bin/sh")
        .args(["-c", GUARD, "guard"])
        .args([&programs.bin, template, folder.path()])
        .arg(free.port().to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(io("guard of PostgreSQL"))?;
    // From here on the guard removes the folder.
    let folder = folder.keep();
    let mut answer = String::new();
    let stdout = guard.stdout.take().expect("stdout is a pipe");
    BufReader::new(stdout).read_line(&mut answer).map_err(io("guard of PostgreSQL"))?;
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let server = Postgres { guard, port: free.port(), databases: AtomicU32::new(0) };
    // Dropping the server of a failed start lets its guard clean up.
    Ok(if answer == "ready\n" { Ok(server) } else { Err(log) })
}

/// The folder with a fresh `initdb`, made once for an installation and a user.
fn template(programs: &Programs) -> Result<PathBuf, PostgresError> {
    let base = std::env::temp_dir().join(format!("tongka-pg-template-{}", programs.tag()));
    fs::create_dir_all(&base).map_err(io(base.display()))?;
    programs.hand_over(&base).map_err(io(base.display()))?;
    // The lock is given back when the file closes, also when the process dies.
    let lock = File::create(base.with_extension("lock")).map_err(io(base.display()))?;
    lock.lock().map_err(io(base.display()))?;
    let ready = base.join("ready");
    if !ready.exists() {
        let made = base.join("making");
        let _ = fs::remove_dir_all(&made);
        run(programs
            .command(programs.bin.join("initdb"))
            .args(["--no-sync", "--no-instructions", "--wal-segsize=1", "--encoding=UTF8", "--locale=C"])
            .args(["--auth=trust", "--username=tongka", "-D"])
            .arg(&made))?;
        fs::rename(&made, &ready).map_err(io(ready.display()))?;
    }
    Ok(ready)
}

fn run(command: &mut Command) -> Result<(), PostgresError> {
    let output = command.current_dir("/").stdin(Stdio::null()).output().map_err(io("initdb"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(PostgresError::NotStarted(said)) }
}
