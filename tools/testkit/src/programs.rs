//! Where PostgreSQL's programs are and as whom they run: the server refuses to run as root.

use crate::PostgresError;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user the server runs as.
#[derive(Clone, Debug)]
pub(crate) enum RunAs {
    /// The user of the test.
    Own,
    /// An unprivileged one, because the test runs as root.
    Other { name: String, uid: u32, gid: u32 },
}

/// PostgreSQL's programs.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) bin: PathBuf,
    pub(crate) run_as: RunAs,
}

impl Programs {
    pub(crate) fn find() -> Result<Self, PostgresError> {
        Ok(Self { bin: find_bin()?, run_as: find_user()? })
    }

    /// A command to be run as the server's user.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        match &self.run_as {
            RunAs::Own => Command::new(program.as_ref()),
            RunAs::Other { name, .. } => {
                let mut command = Command::new("runuser");
                command.args(["-u", name, "--"]).arg(program.as_ref());
                command
            }
        }
    }

    /// Gives a folder to the server's user.
    pub(crate) fn hand_over(&self, folder: &Path) -> std::io::Result<()> {
        match self.run_as {
            RunAs::Own => Ok(()),
            RunAs::Other { uid, gid, .. } => std::os::unix::fs::chown(folder, Some(uid), Some(gid)),
        }
    }

    /// Tells installations and users apart in the name of the template.
    pub(crate) fn tag(&self) -> String {
        let uid = match self.run_as {
            RunAs::Own => own_uid(),
            RunAs::Other { uid, .. } => Some(uid),
        };
        let bin = self.bin.display().to_string().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        format!("{}{bin}", uid.unwrap_or_default())
    }
}

/// The newest version below Debian's folder, else the one on `PATH`; `TONGKA_POSTGRES_BIN` goes before both.
fn find_bin() -> Result<PathBuf, PostgresError> {
    let complete = |bin: &Path| ["initdb", "pg_ctl", "postgres"].iter().all(|program| bin.join(program).exists());
    if let Some(bin) = std::env::var_os("TONGKA_POSTGRES_BIN").map(PathBuf::from) {
        return if complete(&bin) { Ok(bin) } else { Err(PostgresError::NotInstalled) };
    }
    let version = |bin: &Path| {
        let name = bin.parent().and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or_default();
        name.parse::<u32>().unwrap_or_default()
    };
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin"));
    let newest = debian.filter(|bin| complete(bin)).max_by_key(|bin| version(bin));
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(|bin| complete(bin))).ok_or(PostgresError::NotInstalled)
}

fn own_uid() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|m| m.uid())
}

fn find_user() -> Result<RunAs, PostgresError> {
    if own_uid() != Some(0) {
        return Ok(RunAs::Own);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = |wanted: &str| {
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f.len() > 3 && f[0] == wanted).and_then(
            |f| Some(RunAs::Other { name: wanted.to_owned(), uid: f[2].parse().ok()?, gid: f[3].parse().ok()? }),
        )
    };
    user("postgres").or_else(|| user("nobody")).ok_or(PostgresError::NoUser)
}
