//! SFTP version 3 over one channel: a request is read, answered, and only then the next one read.

use super::files::{Answer, Files, Stop};
use bytes::{Buf, Bytes};
use russh_sftp::protocol::{Packet, Status, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of the largest request.
pub(super) const LARGEST: u32 = 256 * 1024 + 1024;

/// Serves a channel to its end. Whatever is no SFTP ends it; whatever the requests ask for is answered.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, mut files: Files) {
    while let Some(request) = next(stream).await {
        let answer = match Packet::try_from(&mut request.clone()) {
            Ok(packet) => answer(&mut files, packet).await,
            // A request of another version or dialect, most likely: its number is where it is in all of them.
            Err(_) => {
                let id = request.get(1..5).map_or(0, |mut id| id.get_u32());
                status(id, StatusCode::OpUnsupported, "不支持 not supported")
            }
        };
        let Ok(bytes) = Bytes::try_from(answer) else { break };
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    files.end().await;
}

async fn next<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Bytes> {
    let length = stream.read_u32().await.ok().filter(|length| (1..=LARGEST).contains(length))?;
    let mut request = vec![0; length as usize];
    stream.read_exact(&mut request).await.ok()?;
    Some(request.into())
}

fn status(id: u32, status_code: StatusCode, text: &str) -> Packet {
    Packet::Status(Status { id, status_code, error_message: text.to_owned(), language_tag: "zh".to_owned() })
}

async fn answer(files: &mut Files, packet: Packet) -> Packet {
    let id = packet.get_request_id();
    let result = match packet {
        Packet::Init(_) => return Packet::Version(Files::version()),
        Packet::Open(p) => files.open(&p.filename, p.pflags).await,
        Packet::Close(p) => files.close(&p.handle).await,
        Packet::Read(p) => files.read(&p.handle, p.offset, p.len).await,
        Packet::Write(p) => files.write(&p.handle, p.offset, &p.data).await,
        Packet::Lstat(p) => files.stat(&p.path).await,
        Packet::Stat(p) => files.stat(&p.path).await,
        Packet::Fstat(p) => files.stat_handle(&p.handle),
        Packet::SetStat(p) => files.set_stat(&p.path).await,
        Packet::FSetStat(p) => files.set_stat_handle(&p.handle, &p.attrs).await,
        Packet::OpenDir(p) => files.open_folder(&p.path).await,
        Packet::ReadDir(p) => files.read_folder(&p.handle),
        Packet::Remove(p) => files.remove(&p.filename).await,
        Packet::Rename(p) => files.rename(&p.oldpath, &p.newpath).await,
        Packet::RealPath(p) => Ok(Files::real_path(&p.path)),
        Packet::Extended(p) => files.extended(&p.request, &p.data).await,
        Packet::MkDir(_) | Packet::RmDir(_) | Packet::Symlink(_) | Packet::ReadLink(_) => {
            Err(Stop::new(StatusCode::PermissionDenied, "不允许 not allowed"))
        }
        _ => Err(Stop::new(StatusCode::BadMessage, "不是请求 no request")),
    };
    match result {
        Ok(Answer::Done) => status(id, StatusCode::Ok, "ok"),
        Ok(Answer::Packet(make)) => make(id),
        Err(stop) => status(id, stop.code, &stop.text),
    }
}
