//! Drop folders (投放目录): files that other programs put somewhere, taken when they are complete.
//!
//! A file is complete when it has no temporary ending and did not change between two looks that are a settling time apart.
//! Looking every few seconds is enough and works on network file systems, where notices of the system do not come.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Endings under which programs write what is not finished.
const UNFINISHED: [&str; 6] = [".tmp", ".part", ".filepart", ".swp", ".crdownload", "~"];

/// A folder that is looked at again and again.
#[derive(Debug)]
pub struct DropFolder {
    path: PathBuf,
    settle: Duration,
    seen: HashMap<OsString, (u64, SystemTime, Instant)>,
}

impl DropFolder {
    /// A folder and the time for which a file must not have changed.
    pub fn new(path: &Path, settle: Duration) -> Self {
        Self { path: path.to_owned(), settle, seen: HashMap::new() }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Complete files by name. Links, folders and hidden files are passed over.
    ///
    /// # Errors
    /// What the system says of the folder.
    pub fn complete(&mut self) -> io::Result<Vec<PathBuf>> {
        let (mut complete, mut seen) = (Vec::new(), HashMap::new());
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            let Some(metadata) = fs::symlink_metadata(entry.path()).ok().filter(fs::Metadata::is_file) else {
                continue;
            };
            if text.starts_with('.') || UNFINISHED.iter().any(|ending| text.ends_with(ending)) {
                continue;
            }
            let now = (metadata.len(), metadata.modified()?);
            let since = match self.seen.get(&name) {
                Some((size, modified, since)) if (*size, *modified) == now => *since,
                _ => Instant::now(),
            };
            if since.elapsed() >= self.settle {
                complete.push(entry.path());
            }
            seen.insert(name, (now.0, now.1, since));
        }
        self.seen = seen;
        complete.sort();
        Ok(complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_complete_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| fs::write(folder.path().join(name), "x").unwrap();
        for name in ["b.dat", "a.dat", "c.dat.tmp", "d.filepart", ".hidden", "e.txt~"] {
            put(name);
        }
        fs::create_dir(folder.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.dat")).unwrap();
        let mut settled = DropFolder::new(folder.path(), Duration::ZERO);
        let names = |paths: Vec<PathBuf>| -> Vec<String> {
            paths.iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(settled.complete().unwrap()), ["a.dat", "b.dat"]);

        let mut patient = DropFolder::new(folder.path(), Duration::from_secs(3600));
        assert!(patient.complete().unwrap().is_empty(), "seen for the first time");
        assert!(patient.complete().unwrap().is_empty(), "not for long enough");
    }
}
