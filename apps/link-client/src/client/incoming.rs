//! Incoming files: listed, fetched, verified, placed, confirmed, in this order and no other.
//!
//! A file arrives as `NAME.part`, which is resumed, and is `NAME` once verified. It goes to the archive as a copy, then to the
//! inbox by a rename: where the journal says `verified` and the arriving file is gone, the rename had happened, so that a
//! program that takes files out of the inbox never gets one twice.

use super::outgoing::read_body;
use super::{Client, Round, bytes_of, copy_file, move_to, remove};
use crate::books::{Bytes, Event, InState};
use crate::convert::results::{Fault, convert_result, result_name};
use crate::{ClientCode, ClientError};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tongka_base::MemberCode;
use tongka_link::client::{Remote, RemoteFile, remote_code};
use tongka_link::disk::{self, open_plain};
use tongka_link::names;
use tongka_link::sign::{read_signature, verify_file};
use tongka_wire::{BodyCheck, FileName, HEADER_LEN, Header, Kind, check_body, parse_txr};

/// How long a result that was bad is left before it is fetched again.
const BAD_AGAIN: Duration = Duration::from_secs(300);

/// Whether a result is what its name and header say, and for this member.
fn check_result(path: &Path, name: &FileName, member: MemberCode) -> Result<Option<String>, ClientError> {
    let mut file = open_plain(path).map_err(ClientError::io(path))?;
    let mut head = Vec::with_capacity(HEADER_LEN);
    Read::by_ref(&mut file).take(HEADER_LEN as u64).read_to_end(&mut head).map_err(ClientError::io(path))?;
    let header = match Header::parse(&head) {
        Ok(header) => header,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let fits = header.kind == name.kind
        && header.sender == MemberCode::CENTRE
        && header.receiver == member
        && header.file_date == name.date
        && header.sequence == name.sequence;
    if !fits {
        return Ok(Some("文件头与文件名不符 header differs from the name".into()));
    }
    let (body, digest) = read_body(&mut file, BodyCheck::new(name.kind)).map_err(ClientError::io(path))?;
    Ok(check_body(&header, &body, digest).map(|r| format!("{} {}", r.code, r.detail)))
}

impl Client {
    /// Fetches all that waits on the other side.
    pub(super) async fn fetch_all(&mut self, remote: &Remote, round: &mut Round) -> Result<(), ClientError> {
        let listed = remote.list().await?;
        let names: BTreeSet<String> = listed.iter().map(|f| f.name.clone()).collect();
        self.set_live(|live| live.remote_waiting = Some(names.iter().filter(|n| !n.ends_with(".sig")).count()));
        for file in &listed {
            if file.name.ends_with(".sig") {
                continue;
            }
            let own = FileName::parse(&file.name).ok().filter(|n| n.member == self.member && !n.kind.is_from_member());
            let Some(name) = own else {
                let code = ClientCode::BadResult;
                self.tell(code.code(), &names::shown(&file.name), code.text_zh());
                continue;
            };
            let signature = listed.iter().find(|f| f.name == format!("{}.sig", file.name));
            match self.take(remote, &name, file, signature, round).await {
                Ok(()) => {}
                // The other side refuses this file; others may go.
                Err(ClientError::Link(link)) if remote_code(&link).is_some() => {
                    let code = remote_code(&link).unwrap_or_default().to_owned();
                    self.note([Event::Note { name: file.name.clone(), code: code.clone(), detail: link.to_string() }])?;
                    self.tell(&code, &file.name, &link.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        // What is not shown any more was confirmed; the answer was lost.
        let placed = self.books().incoming.iter().filter(|(n, f)| f.state == InState::Placed && !names.contains(*n));
        let confirmed: Vec<String> = placed.map(|(n, _)| n.clone()).collect();
        for name in confirmed {
            self.incoming(&name, InState::Confirmed, None, "", "")?;
        }
        self.set_live(|live| live.remote_waiting = Some(0));
        Ok(())
    }

    async fn take(
        &mut self,
        remote: &Remote,
        name: &FileName,
        file: &RemoteFile,
        signature: Option<&RemoteFile>,
        round: &mut Round,
    ) -> Result<(), ClientError> {
        let text = &file.name;
        if self.later.get(text).is_some_and(|(_, at)| *at > Instant::now()) {
            return Ok(());
        }
        let state = self.books().incoming.get(text).map(|f| f.state);
        match state {
            // Shown although confirmed: the centre gives it once more, or lost our word. It is compared, not placed.
            Some(InState::Placed | InState::Confirmed) => return self.confirm_again(remote, name, file).await,
            Some(InState::Verified | InState::Converted) => {}
            _ => {
                if !self.fetch(remote, name, file, signature, round).await? {
                    return Ok(());
                }
            }
        }
        if !self.place(name)? {
            round.refused += 1;
            return Ok(());
        }
        round.placed += 1;
        self.confirm(remote, name, file).await
    }

    /// Fetches and verifies; `false` when it is bad.
    async fn fetch(
        &mut self,
        remote: &Remote,
        name: &FileName,
        file: &RemoteFile,
        signature: Option<&RemoteFile>,
        round: &mut Round,
    ) -> Result<bool, ClientError> {
        let text = &file.name;
        let limit = self.config.limits.result_mb << 20;
        if file.size > limit {
            let detail = format!("{} 字节 bytes > {limit}", file.size);
            self.bad(text, None, ClientCode::BadResult, &detail, Vec::new())?;
            round.refused += 1;
            return Ok(false);
        }
        let part = self.places.arriving().join(format!("{text}.part"));
        let signature_part = self.places.arriving().join(format!("{text}.sig.part"));
        remote.fetch(file, &part).await?;
        if let Some(signature) = signature {
            // A beginning that was left may be that of another signature.
            remove(&signature_part)?;
            remote.fetch(signature, &signature_part).await?;
        }
        let bytes = bytes_of(&part)?;
        let mut fault = check_result(&part, name, self.member)?.map(|what| (ClientCode::BadResult, what));
        if fault.is_none()
            && let Some(key) = self.config.centre_public_key()
        {
            let given = fs::read_to_string(&signature_part).ok().and_then(|t| read_signature(&t));
            let right = given.map(|s| verify_file(&part, &key, &s)).transpose()?;
            fault = match right {
                Some(true) => None,
                Some(false) => Some((ClientCode::Signature, "签名错误 signature wrong".into())),
                None => Some((ClientCode::Signature, "没有签名 no signature".into())),
            };
        }
        if let Some((code, what)) = fault {
            self.bad(text, Some(bytes), code, &what, vec![part, signature_part])?;
            round.refused += 1;
            return Ok(false);
        }
        let arrived = self.places.arriving().join(text);
        if signature_part.exists() {
            disk::move_file(&signature_part, &arrived.with_extension("dat.sig"))?;
        }
        disk::move_file(&part, &arrived)?;
        let event =
            |state, bytes| Event::In { name: text.clone(), state, bytes, code: String::new(), detail: String::new() };
        let fetched = event(InState::Fetched, Some(bytes));
        self.note([event(InState::Listed, None), fetched, event(InState::Verified, None)])?;
        Ok(true)
    }

    /// Keeps a bad result aside, tells people, and does not confirm it.
    fn bad(
        &mut self,
        name: &str,
        bytes: Option<Bytes>,
        code: ClientCode,
        detail: &str,
        files: Vec<PathBuf>,
    ) -> Result<(), ClientError> {
        let mark = bytes.as_ref().map_or("0", |b| &b.fingerprint[..8]).to_owned();
        for file in files.iter().filter(|f| f.exists()) {
            let ending = if file.to_string_lossy().ends_with(".sig.part") { ".sig" } else { "" };
            move_to(file, &self.places.aside().join(format!("{name}.{mark}{ending}")))?;
        }
        self.later.insert(name.to_owned(), (1, Instant::now() + BAD_AGAIN));
        self.incoming(name, InState::Bad, bytes, code.code(), detail)?;
        self.tell(code.code(), name, &format!("{} {}: {detail}", code.text_zh(), code.text_en()));
        Ok(())
    }

    /// From verified to placed; `false` when another file of that name is in the inbox.
    fn place(&mut self, name: &FileName) -> Result<bool, ClientError> {
        let text = name.to_string();
        let (arrived, archived) = (self.places.arriving().join(&text), self.places.received_file(name));
        let target = self.places.inbox.join(&text);
        if name.kind == Kind::Txr && (arrived.exists() || archived.exists()) {
            let source = if arrived.exists() { &arrived } else { &archived };
            self.read_receipt(source, &text)?;
        }
        if arrived.exists() {
            let bytes = self.books().incoming[&text].bytes.clone();
            if fs::symlink_metadata(&target).is_ok() && bytes_of(&target).ok().as_ref() != Some(&bytes) {
                let files = vec![arrived.clone(), arrived.with_extension("dat.sig")];
                self.bad(&text, Some(bytes), ClientCode::Conflict, "", files)?;
                return Ok(false);
            }
            let signature = arrived.with_extension("dat.sig");
            if signature.exists() {
                copy_file(&signature, &archived.with_extension("dat.sig"))?;
            }
            copy_file(&arrived, &archived)?;
            if self.books().incoming[&text].state == InState::Verified {
                self.convert_results(name, &arrived)?;
                self.incoming(&text, InState::Converted, None, "", "")?;
            }
            self.place_converted(name)?;
            if signature.exists() {
                disk::move_file(&signature, &target.with_extension("dat.sig"))?;
            }
            disk::move_file(&arrived, &target)?;
        } else if !archived.exists() {
            // Neither here nor there: somebody emptied the work folder. It is fetched anew.
            self.incoming(&text, InState::Listed, None, "", "再取 fetched anew")?;
            return Ok(false);
        }
        self.incoming(&text, InState::Placed, None, "", "")?;
        Ok(true)
    }

    /// Where conversions of a result wait to be placed.
    fn waiting_conversions(&self, name: &FileName) -> PathBuf {
        self.places.arriving().join(format!("{name}.converted"))
    }

    /// Writes a result in the city's layouts. A profile that does not fit keeps nobody from the result itself.
    fn convert_results(&mut self, name: &FileName, arrived: &Path) -> Result<(), ClientError> {
        let Some(profile) = self.profile.clone() else { return Ok(()) };
        let folder = self.waiting_conversions(name);
        for layout in profile.result.iter().filter(|l| l.kind == name.kind.code()) {
            disk::make_dir(&folder)?;
            let path = folder.join(result_name(layout, name));
            let converted = || -> Result<(), Fault> {
                let mut out = BufWriter::new(File::create(&path)?);
                convert_result(layout, name, &mut BufReader::new(open_plain(arrived)?), &mut out)?;
                out.flush()?;
                Ok(out.get_ref().sync_all()?)
            };
            match converted() {
                Ok(()) => {}
                Err(Fault::Io(error)) => return Err(ClientError::io(&path)(error)),
                Err(Fault::Layout(error)) => {
                    remove(&path)?;
                    let code = ClientCode::Profile;
                    let detail = error.to_string();
                    let event =
                        Event::Note { name: name.to_string(), code: code.code().into(), detail: detail.clone() };
                    self.note([event])?;
                    self.tell(code.code(), &name.to_string(), &detail);
                }
            }
        }
        if folder.exists() {
            disk::sync_dir(&folder)?;
        }
        Ok(())
    }

    fn place_converted(&mut self, name: &FileName) -> Result<(), ClientError> {
        let folder = self.waiting_conversions(name);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            disk::move_file(&entry.path(), &self.places.converted().join(entry.file_name()))?;
        }
        let _ = fs::remove_dir(&folder);
        Ok(())
    }

    fn read_receipt(&mut self, path: &Path, name: &str) -> Result<(), ClientError> {
        let text = fs::read(path).map_err(ClientError::io(path))?;
        match parse_txr(text.get(HEADER_LEN..).unwrap_or_default()) {
            Ok(row) => self.settle_receipt(name, &row),
            Err(error) => {
                self.tell(ClientCode::BadResult.code(), name, &error.to_string());
                Ok(())
            }
        }
    }

    async fn confirm(&mut self, remote: &Remote, name: &FileName, file: &RemoteFile) -> Result<(), ClientError> {
        match remote.confirm(&file.name).await {
            // It does not remember that we read the file to its end.
            Err(error) if remote_code(&error) == Some("Y25") => self.confirm_again(remote, name, file).await,
            Err(error) => Err(error.into()),
            Ok(()) => self.incoming(&file.name, InState::Confirmed, None, "", ""),
        }
    }

    /// Reads a file that was placed before once more and confirms it, if it is the same.
    async fn confirm_again(&mut self, remote: &Remote, name: &FileName, file: &RemoteFile) -> Result<(), ClientError> {
        let again = self.places.arriving().join(format!("{name}.again"));
        remove(&again)?;
        remote.fetch(file, &again).await?;
        let bytes = bytes_of(&again)?;
        let known = self.books().incoming[&file.name].bytes.clone();
        if bytes != known {
            let code = ClientCode::Conflict;
            move_to(&again, &self.places.aside().join(format!("{name}.{}", &bytes.fingerprint[..8])))?;
            let detail = format!("{} {}", code.text_zh(), code.text_en());
            self.note([Event::Note { name: file.name.clone(), code: code.code().into(), detail: detail.clone() }])?;
            self.later.insert(file.name.clone(), (1, Instant::now() + BAD_AGAIN));
            self.tell(code.code(), &file.name, &detail);
            return Ok(());
        }
        remove(&again)?;
        remote.confirm(&file.name).await?;
        self.incoming(&file.name, InState::Confirmed, None, "", "")
    }
}
