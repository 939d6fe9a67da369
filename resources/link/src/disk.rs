//! Files that are on disk before anyone is told so.

use crate::LinkError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tongka_crypto::{Sm3, sm3};
use tongka_wire::HEADER_LEN;

/// Opens a plain file for reading; a link, folder or device in its place is refused.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path)?;
    plain(file)
}

/// Opens or makes a plain file for writing, readable by its owner only.
pub(crate) fn open_for_writing(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow());
    plain(options.open(path)?)
}

/// A link in the place of a file is not followed.
fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits() as i32
}

fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a plain file")) }
}

/// Makes names in a folder survive a power cut.
pub fn sync_dir(dir: &Path) -> Result<(), LinkError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(LinkError::io(dir))
}

/// Makes a folder and those above it, and their names durable.
pub fn make_dir(dir: &Path) -> Result<(), LinkError> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(LinkError::io(dir))?;
    dir.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_dir)
}

/// Gives a file that is synced another name, replacing one of that name; durable when it returns. Across file systems
/// it is copied beside its new name first.
pub fn move_file(from: &Path, to: &Path) -> Result<(), LinkError> {
    let dir = folder_of(to);
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let temp = temporary(to);
            let copied = || -> io::Result<()> {
                io::copy(&mut open_plain(from)?, &mut open_for_writing(&temp)?)?;
                File::open(&temp)?.sync_all()?;
                fs::rename(&temp, to)
            };
            copied().map_err(LinkError::io(to))?;
            sync_dir(dir)?;
            fs::remove_file(from).map_err(LinkError::io(from))?;
        }
        other => other.map_err(LinkError::io(from))?,
    }
    sync_dir(dir)?;
    if folder_of(from) == dir { Ok(()) } else { sync_dir(folder_of(from)) }
}

/// Writes a whole small file; complete and durable, or not there.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), LinkError> {
    let dir = folder_of(path);
    make_dir(dir)?;
    let temp = temporary(path);
    let written = || -> io::Result<()> {
        let mut file = open_for_writing(&temp)?;
        file.set_len(0)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)
    };
    written().map_err(LinkError::io(path))?;
    sync_dir(dir)
}

/// The folder a name lies in; this one for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary(path: &Path) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".tmp");
    text.into()
}

/// What a file's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its first 143 bytes, fewer when it is shorter.
    pub head: Vec<u8>,
    /// Bytes.
    pub size: u64,
    /// SM3 of what follows the first 143 bytes.
    pub body_digest: [u8; 32],
}

impl Content {
    /// Reads a file from its beginning.
    pub fn of(source: &mut dyn Read) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEADER_LEN);
        source.take(HEADER_LEN as u64).read_to_end(&mut head)?;
        let mut digest = Sm3::new();
        let mut size = head.len() as u64;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = source.read(&mut buffer)?;
            if read == 0 {
                return Ok(Self { head, size, body_digest: digest.finish() });
            }
            digest.update(&buffer[..read]);
            size += read as u64;
        }
    }

    /// Identifies the bytes, hex: SM3 of the first 143 bytes followed by the SM3 of the rest, as the centre's books do.
    pub fn fingerprint(&self) -> String {
        hex::encode_upper(sm3(&[self.head.as_slice(), &self.body_digest].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_never_opened_and_a_file_is_whole_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write_file(&file, b"one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(open_plain(&link).is_err() && open_for_writing(&link).is_err());
        assert!(open_plain(folder.path()).is_err());
        write_file(&file, b"two").unwrap();
        move_file(&file, &folder.path().join("moved")).unwrap();
        assert_eq!(fs::read(folder.path().join("moved")).unwrap(), b"two");
        assert!(!file.exists());
    }

    #[test]
    fn a_fingerprint_is_that_of_the_books() {
        let bytes: Vec<u8> = (0..1000_u32).map(|n| n as u8).collect();
        let content = Content::of(&mut bytes.as_slice()).unwrap();
        let body = sm3(&bytes[HEADER_LEN..]);
        assert_eq!(content.fingerprint(), hex::encode_upper(sm3(&[&bytes[..HEADER_LEN], &body].concat())));
        assert_eq!(content.size, 1000);
        assert_eq!(Content::of(&mut &b"short"[..]).unwrap().head, b"short");
    }
}
