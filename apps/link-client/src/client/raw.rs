//! Source files of the city: converted into uploads, each once.
//!
//! Bodies are made first, without names, in a folder of the source's digest; when they are whole, names are given out in the
//! journal; then the uploads are put together from the bodies. A stop before the names begins anew; one after them goes on
//! with the same names, bodies and time of creation, whatever became of the profile meanwhile.

use super::{Client, Round, move_to, remove};
use crate::books::{Entry, Event, OutState, RawState};
use crate::convert::source::{Stop, check_name, write_reject};
use crate::convert::{Converted, LineReject, Profile, convert};
use crate::{ClientCode, ClientError};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tongka_crypto::Sm3;
use tongka_link::disk::{self, open_plain};
use tongka_wire::txu::{LINE_LEN, amount_or_zero};
use tongka_wire::{FileName, Header, Kind, MAX_RECORDS};

/// A body: its file, its records, their sum and its digest.
struct Body {
    path: PathBuf,
    records: u32,
    total_fen: i64,
    digest: [u8; 32],
}

/// The parts of a conversion, being written.
struct Parts {
    folder: PathBuf,
    most: u32,
    open: Option<BufWriter<File>>,
    parts: u32,
    records: u32,
}

impl Parts {
    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.records == self.most {
            self.finish()?;
        }
        if self.open.is_none() {
            self.parts += 1;
            self.open = Some(BufWriter::new(File::create(self.folder.join(format!("body.{:06}", self.parts)))?));
        }
        self.records += 1;
        self.open.as_mut().map_or(Ok(()), |out| out.write_all(line))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.records = 0;
        match self.open.take() {
            Some(mut out) => {
                out.flush()?;
                out.get_ref().sync_all()
            }
            None => Ok(()),
        }
    }
}

fn digest_of(path: &Path) -> Result<String, ClientError> {
    let mut file = open_plain(path).map_err(ClientError::io(path))?;
    let mut digest = Sm3::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(ClientError::io(path))? {
            0 => return Ok(hex::encode_upper(digest.finish())),
            read => digest.update(&buffer[..read]),
        }
    }
}

fn bodies(folder: &Path) -> Result<Vec<Body>, ClientError> {
    let mut bodies = Vec::new();
    for number in 1.. {
        let path = folder.join(format!("body.{number:06}"));
        if !path.exists() {
            break;
        }
        let mut file = BufReader::new(open_plain(&path).map_err(ClientError::io(&path))?);
        let mut body = Body { records: 0, total_fen: 0, digest: [0; 32], path };
        let (mut digest, mut line) = (Sm3::new(), [0; LINE_LEN]);
        while file.read_exact(&mut line).is_ok() {
            digest.update(&line);
            body.records += 1;
            body.total_fen += amount_or_zero(&line) as i64;
        }
        body.digest = digest.finish();
        bodies.push(body);
    }
    Ok(bodies)
}

impl Client {
    pub(super) fn convert_raw(&mut self, round: &mut Round) -> Result<(), ClientError> {
        let complete = self.raw.complete().map_err(ClientError::io(&self.places.raw()))?;
        for path in complete {
            if self.profile.is_none() {
                self.tell(ClientCode::Profile.code(), "raw", "outbox/raw 有文件而未配置模板 files without a profile");
                return Ok(());
            }
            // Out of others' hands first, as an upload is.
            let claim = self.places.staging().join(path.file_name().unwrap_or_default());
            if claim.exists() {
                continue;
            }
            move_to(&path, &claim)?;
        }
        let Some(profile) = self.profile.clone() else { return Ok(()) };
        let mut claimed: Vec<PathBuf> = fs::read_dir(self.places.staging())
            .map_err(ClientError::io(&self.places.staging()))?
            .flatten()
            .map(|e| e.path())
            .filter(|p| fs::symlink_metadata(p).is_ok_and(|m| m.is_file()) && !p.to_string_lossy().ends_with(".tmp"))
            .collect();
        claimed.sort();
        for path in claimed {
            match self.convert_source(&path, &profile, round) {
                // One source that cannot be read holds up no other work.
                Err(error) if !error.is_full() => {
                    let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    self.tell(error.code_text(), &source, &error.to_string());
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn convert_source(&mut self, path: &Path, profile: &Profile, round: &mut Round) -> Result<(), ClientError> {
        let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let digest = digest_of(path)?;
        let folder = self.places.staging().join(format!("{digest}.parts"));
        match self.books().raw.get(&digest).map(|r| (r.state, r.source.clone())) {
            Some((RawState::Converted, before)) if before != source || !folder.exists() => {
                let code = ClientCode::Known;
                let why = format!("{} {}: {before}", code.text_zh(), code.text_en());
                self.refuse_path(path, code.code(), &why)?;
                round.refused += 1;
                return Ok(());
            }
            Some((RawState::Planned | RawState::Converted, _)) => {}
            Some((RawState::Failed, _)) | None => {
                if !self.make_bodies(path, &source, &digest, &folder, profile, round)? {
                    return Ok(());
                }
            }
        }
        self.put_together(path, &source, &digest, &folder, round)
    }

    /// Makes the bodies and gives names out; `false` when the file as a whole does not fit.
    fn make_bodies(
        &mut self,
        path: &Path,
        source: &str,
        digest: &str,
        folder: &Path,
        profile: &Profile,
        round: &mut Round,
    ) -> Result<bool, ClientError> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(ClientError::io(folder))?;
        }
        disk::make_dir(folder)?;
        let most = MAX_RECORDS;
        let mut parts = Parts { folder: folder.to_owned(), most, open: None, parts: 0, records: 0 };
        let made = check_name(profile, source).map_err(Stop::File).and_then(|()| {
            let rejects = folder.join("rejects.txt");
            let mut rejects = BufWriter::new(File::create(&rejects)?);
            let mut file = BufReader::new(open_plain(path)?);
            let mut reject = |r: &LineReject| write_reject(r, &mut rejects);
            let done = convert(profile, &mut file, u64::from(most), &mut |line| parts.add(line), &mut reject)?;
            parts.finish()?;
            rejects.flush()?;
            rejects.get_ref().sync_all()?;
            Ok::<Converted, Stop>(done)
        });
        let done = match made {
            Ok(done) => done,
            Err(Stop::Io(error)) => return Err(ClientError::io(path)(error)),
            Err(Stop::File(fault)) => {
                let event = Event::Raw {
                    digest: digest.to_owned(),
                    source: source.to_owned(),
                    state: RawState::Failed,
                    names: Vec::new(),
                    lines: [0; 3],
                    code: fault.code.code().to_owned(),
                    detail: fault.to_string(),
                };
                self.note([event])?;
                self.refuse_path(path, fault.code.code(), &fault.to_string())?;
                fs::remove_dir_all(folder).map_err(ClientError::io(folder))?;
                round.refused += 1;
                return Ok(false);
            }
        };
        disk::sync_dir(folder)?;
        let names = self.next_names(parts.parts);
        let planned = names.iter().map(|name| Event::Out {
            name: name.clone(),
            state: OutState::Planned,
            bytes: None,
            code: String::new(),
            detail: source.to_owned(),
        });
        let raw = Event::Raw {
            digest: digest.to_owned(),
            source: source.to_owned(),
            state: RawState::Planned,
            names: names.clone(),
            lines: [done.records, done.skipped, done.rejected],
            code: String::new(),
            detail: String::new(),
        };
        // The plan first: names without it would be given out to nobody.
        let entries: Vec<Entry> =
            std::iter::once(raw).chain(planned).map(|e| Entry::now(self.clock.as_ref(), e)).collect();
        self.journal.append(&entries)?;
        Ok(true)
    }

    /// The next names of today that nobody had.
    fn next_names(&self, count: u32) -> Vec<String> {
        let date = self.clock.now().date();
        let taken = self.books().out.keys().chain(self.books().raw.values().flat_map(|r| &r.names));
        let taken = taken.filter_map(|n| FileName::parse(n).ok());
        let today = taken.filter(|n| n.kind == Kind::Txu && n.date == date && n.member == self.member);
        let last = today.map(|n| n.sequence).max().unwrap_or(0);
        let name = |sequence| FileName { kind: Kind::Txu, date, member: self.member, sequence }.to_string();
        (last + 1..=last + count).map(name).collect()
    }

    /// Uploads from bodies and names. Safe to be done again.
    fn put_together(
        &mut self,
        path: &Path,
        source: &str,
        digest: &str,
        folder: &Path,
        round: &mut Round,
    ) -> Result<(), ClientError> {
        let raw = self.books().raw[digest].clone();
        if raw.state == RawState::Planned {
            let bodies = bodies(folder)?;
            if bodies.len() != raw.names.len() {
                let detail = format!("{}: {} ≠ {}", folder.display(), bodies.len(), raw.names.len());
                return Err(ClientError::new(ClientCode::Source, detail));
            }
            for (text, body) in raw.names.iter().zip(&bodies) {
                let state = self.books().out.get(text).map(|f| f.state);
                if matches!(state, None | Some(OutState::Planned)) {
                    self.write_upload(text, body, &raw.at, source)?;
                }
            }
            let rejects = folder.join("rejects.txt");
            if raw.lines[2] > 0 && rejects.exists() {
                let name = format!("{source}.{}.rejects.txt", &digest[..8]);
                move_to(&rejects, &self.places.rejects().join(name))?;
            }
            let [records, skipped, rejected] = raw.lines;
            let code = if rejected > 0 { ClientCode::Lines.code() } else { "" };
            let detail = format!("转换 converted {records}，略过 skipped {skipped}，拒绝 rejected {rejected}");
            if rejected > 0 {
                self.tell(code, source, &detail);
            }
            self.note([Event::Raw {
                digest: digest.to_owned(),
                source: source.to_owned(),
                state: RawState::Converted,
                names: raw.names,
                lines: raw.lines,
                code: code.to_owned(),
                detail,
            }])?;
            round.converted += 1;
        }
        let day = tongka_base::date::format_date(self.clock.now().date());
        move_to(path, &self.places.sources().join(day).join(format!("{}.{source}", &digest[..8])))?;
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(ClientError::io(folder))?;
        }
        Ok(())
    }

    fn write_upload(&mut self, text: &str, body: &Body, planned_at: &str, source: &str) -> Result<(), ClientError> {
        let name = FileName::parse(text).map_err(|e| ClientError::new(ClientCode::Name, e))?;
        let created_at = planned_at.as_bytes().try_into().unwrap_or(*b"00000000000000");
        let header = Header {
            kind: Kind::Txu,
            sender: name.member,
            receiver: tongka_base::MemberCode::CENTRE,
            file_date: name.date,
            sequence: name.sequence,
            record_count: body.records,
            total_amount: body.total_fen,
            record_length: LINE_LEN as u16,
            created_at,
            body_digest: body.digest,
        };
        let head = header.write().map_err(|e| ClientError::new(ClientCode::Source, e))?;
        let path = self.places.under_way().join(text);
        let temporary = self.places.staging().join(format!("{text}.tmp"));
        let write = || -> io::Result<()> {
            let mut out = File::create(&temporary)?;
            out.write_all(&head)?;
            io::copy(&mut open_plain(&body.path)?, &mut out)?;
            out.sync_all()
        };
        if let Err(error) = write() {
            let _ = remove(&temporary);
            return Err(ClientError::io(&temporary)(error));
        }
        disk::move_file(&temporary, &path)?;
        let bytes = super::bytes_of(&path)?;
        let (name, code) = (text.to_owned(), String::new());
        self.note([Event::Out { name, state: OutState::Checked, bytes: Some(bytes), code, detail: source.to_owned() }])
    }
}
