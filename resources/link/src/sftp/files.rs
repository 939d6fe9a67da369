//! What a session sees: three folders, and what may be done in them.

use super::protocol::LARGEST;
use crate::inbox::{self, Upload};
use crate::outbox::{self, OutFile, Source};
use crate::{Caller, Front, LinkCode, LinkError, transfers};
use bytes::{Buf, BufMut};
use russh_sftp::protocol::{
    Attrs, Data, ExtendedReply, File, FileAttributes, FileMode, Handle, Name, OpenFlags, Packet, StatusCode, Version,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Files and folders that a session may have open.
const MOST_OPEN: usize = 64;
/// Bytes of the largest piece read or written at once.
const PIECE: u32 = LARGEST - 2048;
/// Entries of a folder told at once.
const ENTRIES: usize = 100;

/// An answer: a mere yes, or a packet that is to get the request's number.
pub(super) enum Answer {
    Done,
    Packet(Box<dyn FnOnce(u32) -> Packet + Send>),
}

impl Answer {
    fn packet(make: impl FnOnce(u32) -> Packet + Send + 'static) -> Self {
        Self::Packet(Box::new(make))
    }
}

/// A no.
pub(super) struct Stop {
    pub(super) code: StatusCode,
    pub(super) text: String,
}

impl Stop {
    pub(super) fn new(code: StatusCode, text: &str) -> Self {
        Self { code, text: text.to_owned() }
    }
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        let code = match error.code() {
            Some(LinkCode::NotFound) => StatusCode::NoSuchFile,
            Some(LinkCode::Name | LinkCode::Foreign | LinkCode::Kind | LinkCode::ReadOnly) => {
                StatusCode::PermissionDenied
            }
            Some(_) => StatusCode::Failure,
            None => {
                // What the database says is not for callers.
                tracing::error!("{error}");
                return Self::new(StatusCode::Failure, "服务暂不可用，请稍后再试 service unavailable, try again later");
            }
        };
        Self { code, text: error.to_string() }
    }
}

type Outcome = Result<Answer, Stop>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Inbox,
    Outbox,
    Archive,
}

const FOLDERS: [(&str, Folder); 3] =
    [("inbox", Folder::Inbox), ("outbox", Folder::Outbox), ("archive", Folder::Archive)];

/// A path of the session, read.
enum Place {
    Root,
    Folder(Folder),
    File(Folder, String),
    Nowhere,
}

/// The parts of a path; `..` never leads above the root.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

fn place(path: &str) -> Place {
    let folder = |name: &str| FOLDERS.iter().find(|(n, _)| *n == name).map(|(_, folder)| *folder);
    match parts(path).as_slice() {
        [] => Place::Root,
        [name] => folder(name).map_or(Place::Nowhere, Place::Folder),
        [name, file] => folder(name).map_or(Place::Nowhere, |f| Place::File(f, (*file).to_owned())),
        _ => Place::Nowhere,
    }
}

enum Open {
    Upload { upload: Upload, append: bool },
    Out { file: OutFile, source: Source, noted: bool },
    Folder { entries: Vec<File> },
}

/// A session's files.
pub(super) struct Files {
    front: Arc<Front>,
    caller: Arc<Caller>,
    open: HashMap<String, Open>,
    next: u64,
}

fn missing(path: &str) -> Stop {
    Stop::from(LinkError::new(LinkCode::NotFound, crate::names::shown(path)))
}

fn read_only(path: &str) -> Stop {
    Stop::from(LinkError::new(LinkCode::ReadOnly, crate::names::shown(path)))
}

fn attributes(size: u64, modified: u64, mode: FileMode, permissions: u32) -> FileAttributes {
    let modified = u32::try_from(modified).unwrap_or(u32::MAX);
    FileAttributes {
        size: Some(size),
        uid: Some(0),
        gid: Some(0),
        permissions: Some(mode.bits() | permissions),
        atime: Some(modified),
        mtime: Some(modified),
        ..FileAttributes::empty()
    }
}

impl Files {
    pub(super) fn new(front: Arc<Front>, caller: Arc<Caller>) -> Self {
        Self { front, caller, open: HashMap::new(), next: 0 }
    }

    pub(super) fn version() -> Version {
        let mut version = Version::new();
        for extension in ["posix-rename@openssh.com", "fsync@openssh.com", "limits@openssh.com"] {
            version.extensions.insert(extension.to_owned(), "1".to_owned());
        }
        version
    }

    fn hold(&mut self, open: Open) -> Outcome {
        if self.open.len() >= MOST_OPEN {
            return Err(Stop::new(StatusCode::Failure, "打开的文件过多 too many open files"));
        }
        self.next += 1;
        let handle = self.next.to_string();
        self.open.insert(handle.clone(), open);
        Ok(Answer::packet(move |id| Packet::Handle(Handle { id, handle })))
    }

    fn held(&mut self, handle: &str) -> Result<&mut Open, Stop> {
        self.open.get_mut(handle).ok_or_else(|| Stop::new(StatusCode::Failure, "句柄无效 no such handle"))
    }

    /// A folder's time is the server's: by it a client can tell that its own clock is off.
    fn folder_attributes(&self, writable: bool) -> FileAttributes {
        let now = (self.front.clock.now().and_utc().timestamp() - 8 * 3600).max(0) as u64;
        attributes(0, now, FileMode::DIR, if writable { 0o700 } else { 0o500 })
    }

    pub(super) async fn open(&mut self, path: &str, flags: OpenFlags) -> Outcome {
        let writes = flags.contains(OpenFlags::WRITE) || flags.contains(OpenFlags::APPEND);
        match place(path) {
            Place::File(Folder::Inbox, name) if writes => {
                let exists = || inbox::stat(&self.front, &self.caller, &name);
                if flags.contains(OpenFlags::EXCLUDE) && exists().await.is_ok() {
                    return Err(LinkError::new(LinkCode::Exists, crate::names::shown(&name)).into());
                }
                if !flags.contains(OpenFlags::CREATE) {
                    exists().await?;
                }
                let from_start = flags.contains(OpenFlags::TRUNCATE);
                let upload = inbox::open(&self.front, &self.caller, &name, from_start).await?;
                self.hold(Open::Upload { upload, append: flags.contains(OpenFlags::APPEND) })
            }
            Place::File(Folder::Inbox, _) => Err(Stop::new(StatusCode::PermissionDenied, "inbox 只写 write-only")),
            Place::File(_, _) if writes => Err(read_only(path)),
            Place::File(_, name) => {
                let (file, source) = outbox::open(&self.front, &self.caller, &name).await?;
                self.hold(Open::Out { file, source, noted: false })
            }
            Place::Root | Place::Folder(_) => Err(Stop::new(StatusCode::Failure, "是目录 a folder")),
            Place::Nowhere if writes => Err(Stop::new(StatusCode::PermissionDenied, "请写入 inbox write into inbox")),
            Place::Nowhere => Err(missing(path)),
        }
    }

    pub(super) async fn close(&mut self, handle: &str) -> Outcome {
        match self.open.remove(handle) {
            Some(Open::Upload { upload, .. }) => {
                inbox::close(&self.front, &self.caller, upload).await?;
                Ok(Answer::Done)
            }
            Some(_) => Ok(Answer::Done),
            None => Err(Stop::new(StatusCode::Failure, "句柄无效 no such handle")),
        }
    }

    pub(super) async fn read(&mut self, handle: &str, offset: u64, length: u32) -> Outcome {
        let (front, caller) = (Arc::clone(&self.front), Arc::clone(&self.caller));
        let Open::Out { file, source, noted } = self.held(handle)? else {
            return Err(Stop::new(StatusCode::PermissionDenied, "inbox 只写 write-only"));
        };
        if offset >= source.size() {
            return Err(Stop::new(StatusCode::Eof, "eof"));
        }
        let data = source.read_at(offset, length.min(PIECE) as usize)?;
        if offset + data.len() as u64 == source.size() && !*noted {
            outbox::fetched(&front, &caller, file).await?;
            *noted = true;
        }
        Ok(Answer::packet(move |id| Packet::Data(Data { id, data })))
    }

    pub(super) async fn write(&mut self, handle: &str, offset: u64, data: &[u8]) -> Outcome {
        let (front, caller) = (Arc::clone(&self.front), Arc::clone(&self.caller));
        let Open::Upload { upload, append } = self.held(handle)? else {
            return Err(read_only(handle));
        };
        let offset = if *append { upload.size() } else { offset };
        inbox::write(&front, &caller, upload, offset, data).await?;
        Ok(Answer::Done)
    }

    pub(super) async fn stat(&self, path: &str) -> Outcome {
        let attrs = match place(path) {
            Place::Root => self.folder_attributes(false),
            Place::Folder(folder) => self.folder_attributes(folder == Folder::Inbox),
            Place::File(Folder::Inbox, name) => {
                let file = inbox::stat(&self.front, &self.caller, &name).await.map_err(|error| match error.code() {
                    // A client that asks whether a name is free is told so.
                    Some(LinkCode::Name) => missing(path),
                    _ => error.into(),
                })?;
                attributes(file.size, file.modified, FileMode::REG, 0o600)
            }
            Place::File(folder, name) => {
                let found = outbox::open(&self.front, &self.caller, &name).await;
                let (file, _) = found.map_err(|_| missing(path))?;
                if file.confirmed != (folder == Folder::Archive) {
                    return Err(missing(path));
                }
                attributes(file.size, file.modified, FileMode::REG, 0o400)
            }
            Place::Nowhere => return Err(missing(path)),
        };
        Ok(Answer::packet(move |id| Packet::Attrs(Attrs { id, attrs })))
    }

    pub(super) fn stat_handle(&mut self, handle: &str) -> Outcome {
        let attrs = match self.held(handle)? {
            Open::Upload { upload, .. } => attributes(upload.size(), 0, FileMode::REG, 0o600),
            Open::Out { file, .. } => attributes(file.size, file.modified, FileMode::REG, 0o400),
            Open::Folder { .. } => self.folder_attributes(false),
        };
        Ok(Answer::packet(move |id| Packet::Attrs(Attrs { id, attrs })))
    }

    /// Times and permissions are the front's own; a client that wants to set them is let go on.
    pub(super) async fn set_stat(&self, path: &str) -> Outcome {
        match place(path) {
            Place::File(Folder::Inbox, name) => {
                inbox::stat(&self.front, &self.caller, &name).await?;
                Ok(Answer::Done)
            }
            _ => Err(read_only(path)),
        }
    }

    pub(super) async fn set_stat_handle(&mut self, handle: &str, attrs: &FileAttributes) -> Outcome {
        match self.held(handle)? {
            Open::Upload { upload, .. } => {
                if let Some(size) = attrs.size {
                    inbox::truncate(upload, size).await?;
                }
                Ok(Answer::Done)
            }
            _ => Err(read_only(handle)),
        }
    }

    pub(super) async fn open_folder(&mut self, path: &str) -> Outcome {
        let mut entries = Vec::new();
        match place(path) {
            Place::Root => {
                for (name, folder) in FOLDERS {
                    entries.push(File::new(name, self.folder_attributes(folder == Folder::Inbox)));
                }
            }
            Place::Folder(Folder::Inbox) => {
                for file in inbox::list(&self.front, &self.caller).await? {
                    entries.push(File::new(file.name, attributes(file.size, file.modified, FileMode::REG, 0o600)));
                }
            }
            Place::Folder(folder) => {
                for file in outbox::list(&self.front, &self.caller).await? {
                    if file.confirmed == (folder == Folder::Archive) {
                        entries.push(File::new(file.name, attributes(file.size, file.modified, FileMode::REG, 0o400)));
                    }
                }
            }
            Place::File(..) | Place::Nowhere => return Err(missing(path)),
        }
        // Told from the end on.
        entries.reverse();
        self.hold(Open::Folder { entries })
    }

    pub(super) fn read_folder(&mut self, handle: &str) -> Outcome {
        let Open::Folder { entries } = self.held(handle)? else {
            return Err(Stop::new(StatusCode::Failure, "不是目录 no folder"));
        };
        if entries.is_empty() {
            return Err(Stop::new(StatusCode::Eof, "eof"));
        }
        let mut files = entries.split_off(entries.len().saturating_sub(ENTRIES));
        files.reverse();
        Ok(Answer::packet(move |id| Packet::Name(Name { id, files })))
    }

    pub(super) async fn remove(&self, path: &str) -> Outcome {
        match place(path) {
            Place::File(Folder::Inbox, name) => inbox::remove(&self.front, &self.caller, &name).await?,
            Place::File(Folder::Outbox, name) => outbox::confirm(&self.front, &self.caller, &name).await?,
            Place::Nowhere => return Err(missing(path)),
            _ => return Err(read_only(path)),
        }
        Ok(Answer::Done)
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Outcome {
        match (place(from), place(to)) {
            (Place::File(Folder::Inbox, from), Place::File(Folder::Inbox, to)) => {
                inbox::rename(&self.front, &self.caller, &from, &to).await?;
            }
            (Place::File(Folder::Outbox, from), Place::File(Folder::Archive, to)) if from == to => {
                outbox::confirm(&self.front, &self.caller, &from).await?;
            }
            (Place::File(Folder::Archive, from), Place::File(Folder::Outbox, to)) if from == to => {
                outbox::recall(&self.front, &self.caller, &from).await?;
            }
            (Place::Nowhere, _) => return Err(missing(from)),
            _ => return Err(read_only(to)),
        }
        Ok(Answer::Done)
    }

    pub(super) fn real_path(path: &str) -> Answer {
        let path = format!("/{}", parts(path).join("/"));
        Answer::packet(move |id| Packet::Name(Name { id, files: vec![File::dummy(path)] }))
    }

    pub(super) async fn extended(&mut self, request: &str, mut data: &[u8]) -> Outcome {
        let bad = || Stop::new(StatusCode::BadMessage, "请求不完整 incomplete request");
        match request {
            "posix-rename@openssh.com" => {
                let from = text(&mut data).ok_or_else(bad)?;
                let to = text(&mut data).ok_or_else(bad)?;
                self.rename(&from, &to).await
            }
            "fsync@openssh.com" => {
                let handle = text(&mut data).ok_or_else(bad)?;
                if let Open::Upload { upload, .. } = self.held(&handle)? {
                    inbox::sync(upload).await?;
                }
                Ok(Answer::Done)
            }
            "limits@openssh.com" => {
                let mut data = Vec::with_capacity(32);
                for limit in [LARGEST, PIECE, PIECE, MOST_OPEN as u32] {
                    data.put_u64(u64::from(limit));
                }
                Ok(Answer::packet(move |id| Packet::ExtendedReply(ExtendedReply { id, data })))
            }
            _ => Err(Stop::new(StatusCode::OpUnsupported, "不支持 not supported")),
        }
    }

    /// The channel is gone: what was being written stops short, and can be resumed.
    pub(super) async fn end(mut self) {
        for (_, open) in self.open.drain() {
            if let Open::Upload { upload, .. } = open {
                let name = upload.name().to_string();
                let event = transfers::Event { size: upload.size(), state: "broken", ..self.caller.event(&name) };
                if let Err(error) = transfers::note(&self.front, "in", &event).await {
                    tracing::error!("{error}");
                }
            }
        }
    }
}

/// A string behind its length.
fn text(data: &mut &[u8]) -> Option<String> {
    let length = data.try_get_u32().ok()? as usize;
    let text = data.get(..length)?;
    *data = &data[length..];
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_root() {
        for (path, wanted) in [
            ("", "/"),
            ("/", "/"),
            (".", "/"),
            ("..", "/"),
            ("../../../../etc/passwd", "/etc/passwd"),
            ("/inbox/../outbox/./x", "/outbox/x"),
            ("//inbox//x/", "/inbox/x"),
        ] {
            assert_eq!(format!("/{}", parts(path).join("/")), wanted, "{path:?}");
        }
        assert!(matches!(place("/../../etc/passwd"), Place::Nowhere));
        assert!(matches!(place("inbox/../../inbox/x"), Place::File(Folder::Inbox, _)));
        assert!(matches!(place("/inbox/a/b"), Place::Nowhere));
        assert!(matches!(place("/Inbox"), Place::Nowhere));
    }
}
