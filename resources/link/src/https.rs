//! The HTTPS file API (文件接口), without the server: what its routes call.
//!
//! | route under `/api/v1/front` | calls |
//! |---|---|
//! | `HEAD /inbox/{name}?tag=` | [`offset`]: header `Upload-Offset` |
//! | `PUT /inbox/{name}?tag=`, `Content-Range: bytes a-b/size` | [`receive_chunk`], and [`finish`] after the last one |
//! | `GET /inbox/{name}` | [`inbox::state`] |
//! | `GET /outbox?since=&all=` | [`outbox::list`] |
//! | `GET /outbox/{name}`, `Range` | [`read_range`] |
//! | `POST /outbox/{name}/fetched` | [`outbox::confirm`] |
//!
//! `tag` tells uploads of one name apart: a client puts the beginning of its bytes' fingerprint there, so that only the
//! same bytes are resumed.

use crate::front::{Caller, Front};
use crate::inbox::{self, Taken};
use crate::outbox;
use crate::{LinkCode, LinkError};
use std::ops::Range;

/// Bytes of the largest answer.
pub const LARGEST_READ: u64 = 8 << 20;

/// A `Content-Range` of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRange {
    /// Bytes of this chunk; empty at the end for `bytes */size`.
    pub chunk: Range<u64>,
    /// Bytes of the whole file.
    pub size: u64,
}

impl UploadRange {
    /// Reads `bytes a-b/size` or `bytes */size`.
    ///
    /// # Errors
    /// Y20.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let read = || {
            let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
            let size: u64 = size.parse().ok()?;
            if range == "*" {
                return Some(Self { chunk: size..size, size });
            }
            let (first, last) = range.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last && last < size).then(|| Self { chunk: first..last + 1, size })
        };
        read().ok_or_else(|| LinkError::new(LinkCode::Invalid, "Content-Range"))
    }
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n` for a file of that size; `None` when nothing of it lies in the file.
pub fn read_range_header(text: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?.min(size),
    };
    (range.start < range.end).then_some(range)
}

/// The name under which an upload is written.
fn unfinished(name: &str, tag: &str) -> Result<String, LinkError> {
    if tag.len() > 16 || !tag.bytes().all(|c| c.is_ascii_alphanumeric()) {
        return Err(LinkError::new(LinkCode::Invalid, "tag"));
    }
    Ok(if tag.is_empty() { format!("{name}.tmp") } else { format!("{name}.{tag}.tmp") })
}

/// How many bytes of an upload are there.
///
/// # Errors
/// Y04, Y20.
pub async fn offset(front: &Front, caller: &Caller, name: &str, tag: &str) -> Result<u64, LinkError> {
    match inbox::stat(front, caller, &unfinished(name, tag)?).await {
        Ok(file) => Ok(file.size),
        Err(error) if error.code() == Some(LinkCode::NotFound) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Takes a chunk that follows what is there; one that begins at 0 starts anew. Returns how many bytes are there then.
///
/// # Errors
/// Y11 with the offset at which to go on; as [`inbox::open`] and [`inbox::write`].
pub async fn receive_chunk(
    front: &Front,
    caller: &Caller,
    name: &str,
    tag: &str,
    offset: u64,
    bytes: &[u8],
) -> Result<u64, LinkError> {
    let mut upload = inbox::open(front, caller, &unfinished(name, tag)?, offset == 0).await?;
    if upload.size() != offset {
        return Err(LinkError::new(LinkCode::Offset, format!("{name}: {offset} != {}", upload.size())));
    }
    inbox::write(front, caller, &mut upload, offset, bytes).await?;
    Ok(upload.size())
}

/// Takes the whole file when all of it is there.
///
/// # Errors
/// Y14 less or more is there; as [`inbox::take`].
pub async fn finish(front: &Front, caller: &Caller, name: &str, tag: &str, size: u64) -> Result<Taken, LinkError> {
    let from = unfinished(name, tag)?;
    let there = inbox::stat(front, caller, &from).await?.size;
    if there != size {
        return Err(LinkError::new(LinkCode::Incomplete, format!("{name}: {there} / {size}")));
    }
    let taken = inbox::rename(front, caller, &from, name).await?;
    taken.ok_or_else(|| LinkError::new(LinkCode::Name, crate::names::shown(name)))
}

/// Reads bytes of a result, [`LARGEST_READ`] at most, and the size of the whole; notes when the end was read.
///
/// # Errors
/// As [`outbox::open`].
pub async fn read_range(
    front: &Front,
    caller: &Caller,
    name: &str,
    range: Option<&str>,
) -> Result<(Range<u64>, u64, Vec<u8>), LinkError> {
    let (file, source) = outbox::open(front, caller, name).await?;
    let size = source.size();
    let wanted = match range {
        Some(text) => read_range_header(text, size).ok_or_else(|| LinkError::new(LinkCode::Invalid, "Range"))?,
        None => 0..size,
    };
    let range = wanted.start..wanted.end.min(wanted.start + LARGEST_READ);
    let bytes = source.read_at(range.start, (range.end - range.start) as usize)?;
    if range.end == size {
        outbox::fetched(front, caller, &file).await?;
    }
    Ok((range, size, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_means_them() {
        let up = |text| UploadRange::parse(text).ok().map(|r| (r.chunk.start, r.chunk.end, r.size));
        assert_eq!(up("bytes 0-9/10"), Some((0, 10, 10)));
        assert_eq!(up("bytes 4-4/10"), Some((4, 5, 10)));
        assert_eq!(up("bytes */10"), Some((10, 10, 10)));
        for bad in [
            "bytes 0-10/10",
            "bytes 5-4/10",
            "bytes 0-9",
            "0-9/10",
            "bytes 0-9/*",
            "bytes -9/10",
            "bytes 0-18446744073709551615/10",
        ] {
            assert_eq!(up(bad), None, "{bad}");
        }
        let down = |text| read_range_header(text, 10).map(|r| (r.start, r.end));
        assert_eq!(down("bytes=0-"), Some((0, 10)));
        assert_eq!(down("bytes=3-5"), Some((3, 6)));
        assert_eq!(down("bytes=3-99"), Some((3, 10)));
        assert_eq!(down("bytes=-4"), Some((6, 10)));
        for bad in ["bytes=10-", "bytes=5-4", "bytes=a-b", "items=0-1", "bytes=0-18446744073709551615"] {
            assert_eq!(down(bad), None, "{bad}");
        }
    }
}
