//! Outgoing files: from the outbox into the client's hands, checked, signed, sent, archived.
//!
//! A file is first moved out of the outbox, so that nobody changes it any more, then looked at. What lies in the work folder
//! under `NAME.claim` is between the two; it is looked at first in every round.

use super::{Client, Round, bytes_of, move_to, remove};
use crate::books::{Event, OutState};
use crate::{ClientCode, ClientError};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Instant;
use tongka_base::{FileCode, MemberCode};
use tongka_crypto::Sm3;
use tongka_link::client::{Remote, Sending, remote_code};
use tongka_link::disk::{self, open_plain};
use tongka_link::names::{InboxName, shown};
use tongka_link::sign;
use tongka_wire::{BodyCheck, FileName, HEADER_LEN, Header, Refusal, check_upload};

/// The file checks that the centre makes too (F01, F03–F06), and that the file is the member's own to send.
///
/// # Errors
/// Z12, Z18; what does not fit is a value.
pub fn check_file(path: &Path, name: &FileName, member: MemberCode) -> Result<Option<(String, String)>, ClientError> {
    let own = |code: ClientCode| Some((code.code().to_owned(), format!("{} {}", code.text_zh(), code.text_en())));
    if name.member != member {
        return Ok(own(ClientCode::Foreign));
    }
    if !name.kind.is_from_member() {
        return Ok(own(ClientCode::Kind));
    }
    let mut file = open_plain(path).map_err(ClientError::io(path))?;
    let refusal = check_upload_of(&mut file, name).map_err(ClientError::io(path))?;
    Ok(refusal.map(|r| {
        let text = format!("{} {}: {}", r.code.text_zh(), r.code.text_en(), r.detail);
        (r.code.to_string(), text)
    }))
}

fn check_upload_of(file: &mut dyn Read, name: &FileName) -> std::io::Result<Option<Refusal>> {
    let mut head = Vec::with_capacity(HEADER_LEN);
    file.take(HEADER_LEN as u64).read_to_end(&mut head)?;
    let (body, digest) = read_body(file, BodyCheck::new(name.kind))?;
    Ok(check_upload(name, Header::parse(&head).as_ref(), &body, digest))
}

/// Takes all that follows a header line in.
pub(super) fn read_body(file: &mut dyn Read, mut body: BodyCheck) -> std::io::Result<(BodyCheck, [u8; 32])> {
    let mut digest = Sm3::new();
    // Whole lines but at the end of the file.
    let mut block = vec![0; body.line_len() * 1024];
    loop {
        let mut filled = 0;
        while filled < block.len() {
            match file.read(&mut block[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        digest.update(&block[..filled]);
        body.take(&block[..filled]);
        if filled < block.len() {
            return Ok((body, digest.finish()));
        }
    }
}

/// Codes of the other side that no repetition changes.
fn is_final(code: &str) -> bool {
    matches!(code, "Y04" | "Y05" | "Y06" | "Y08" | "Y10" | "Y13" | "Y16") || FileCode::parse(code).is_some()
}

/// Codes that concern the account, not the file.
fn is_of_account(code: &str) -> bool {
    matches!(code, "Y01" | "Y02" | "Y03" | "Y15")
}

impl Client {
    /// Takes complete files out of the outbox.
    pub(super) fn take_outbox(&mut self, round: &mut Round) -> Result<(), ClientError> {
        self.look_at_claims(round)?;
        self.refuse_odd_entries(round)?;
        let complete = self.outbox.complete().map_err(ClientError::io(&self.places.outbox))?;
        for path in complete {
            let name = path.file_name().unwrap_or_default();
            let parsed = name.to_str().ok_or(()).and_then(|n| InboxName::parse(n).map_err(|_| ()));
            match parsed {
                // It goes with its file.
                Ok(parsed) if parsed.signature => {}
                Ok(parsed) => {
                    let claim = self.places.under_way().join(format!("{}.claim", parsed.file));
                    disk::move_file(&path, &claim)?;
                }
                Err(()) => {
                    let code = ClientCode::Name;
                    let why = format!("{} {}", code.text_zh(), code.text_en());
                    self.refuse_path(&path, code.code(), &why)?;
                    round.refused += 1;
                }
            }
        }
        self.look_at_claims(round)
    }

    /// Links and devices are never opened.
    fn refuse_odd_entries(&mut self, round: &mut Round) -> Result<(), ClientError> {
        for folder in [self.places.outbox.clone(), self.places.raw()] {
            for entry in fs::read_dir(&folder).map_err(ClientError::io(&folder))?.flatten() {
                let odd = entry.file_type().is_ok_and(|t| !t.is_file() && !t.is_dir());
                if odd {
                    let code = ClientCode::NotPlain;
                    self.refuse_path(&entry.path(), code.code(), &format!("{} {}", code.text_zh(), code.text_en()))?;
                    round.refused += 1;
                }
            }
        }
        Ok(())
    }

    /// Moves what cannot be sent aside, with its reason beside it, under a name that is free.
    pub(super) fn refuse_path(&mut self, path: &Path, code: &str, why: &str) -> Result<String, ClientError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.strip_suffix(".claim").unwrap_or(&name).to_owned();
        let kept = self.free_name(&name);
        let text = format!("{}\n{code} {why}\n", crate::books::shown_at(&self.now()));
        disk::write_file(&self.places.refused().join(format!("{kept}.reason.txt")), text.as_bytes())?;
        move_to(path, &self.places.refused().join(&kept))?;
        self.tell(code, &shown(&name), why);
        Ok(kept)
    }

    pub(super) fn now(&self) -> String {
        tongka_base::date::format_date_time(self.clock.now())
    }

    fn free_name(&self, name: &str) -> String {
        let plain = |c: char| if c.is_control() || c == '\u{FFFD}' { '_' } else { c };
        let name: String = name.chars().map(plain).take(80).collect();
        let is_free = |name: &String| fs::symlink_metadata(self.places.refused().join(name)).is_err();
        let numbered = (2..).map(|n| format!("{name}.{n}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
    }

    /// Decides on files that were moved out of the outbox.
    fn look_at_claims(&mut self, round: &mut Round) -> Result<(), ClientError> {
        let folder = self.places.under_way();
        let mut names: Vec<FileName> = Vec::new();
        for entry in fs::read_dir(&folder).map_err(ClientError::io(&folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".claim").and_then(|n| FileName::parse(n).ok()));
        }
        names.sort();
        for name in names {
            self.look_at_claim(&name, round)?;
        }
        Ok(())
    }

    fn look_at_claim(&mut self, name: &FileName, round: &mut Round) -> Result<(), ClientError> {
        let text = name.to_string();
        let claim = self.places.under_way().join(format!("{text}.claim"));
        let bytes = match bytes_of(&claim) {
            Ok(bytes) => bytes,
            // Replaced by a link or folder between looking and moving.
            Err(error) if !error.is_full() => {
                self.refuse_path(&claim, ClientCode::NotPlain.code(), &error.to_string())?;
                round.refused += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let before = self.books().out.get(&text).map(|f| (f.state, f.bytes.clone()));
        match before {
            Some((OutState::Refused | OutState::Rejected, _)) | None => {}
            Some((_, known)) if known == bytes => {
                let detail = "同一文件再次放入，未作处理 the same bytes once more".to_owned();
                self.note([Event::Note { name: text, code: String::new(), detail }])?;
                return remove(&claim);
            }
            Some((state, _)) => {
                let code = ClientCode::SameName;
                let why = format!("{} {} ({})", code.text_zh(), code.text_en(), state.name_zh());
                let detail = format!("{why}: {}", bytes.fingerprint);
                self.note([Event::Note { name: text, code: code.code().to_owned(), detail }])?;
                self.refuse_path(&claim, code.code(), &why)?;
                round.refused += 1;
                return Ok(());
            }
        }
        if let Some((code, why)) = check_file(&claim, name, self.member)? {
            self.out(&text, OutState::Refused, Some(bytes), &code, &why)?;
            self.refuse_path(&claim, &code, &why)?;
            round.refused += 1;
            return Ok(());
        }
        // A signature made elsewhere goes along.
        let path = self.places.under_way().join(&text);
        let (signature, given) = (path.with_extension("dat.sig"), self.places.outbox.join(format!("{text}.sig")));
        if fs::symlink_metadata(&given).is_ok_and(|m| m.is_file()) {
            disk::move_file(&given, &signature)?;
        }
        disk::move_file(&claim, &path)?;
        let seen = |state| Event::Out {
            name: text.clone(),
            state,
            bytes: Some(bytes.clone()),
            code: String::new(),
            detail: String::new(),
        };
        self.forget_file(&text);
        self.note([seen(OutState::Seen), seen(OutState::Checked)])
    }

    /// What was told of a name is told again when it happens again.
    fn forget_file(&mut self, name: &str) {
        self.told.retain(|told| !told.ends_with(name));
        self.later.remove(name);
    }

    /// Makes files ready to be sent, and finishes what a stop left half done.
    pub(super) fn prepare(&mut self) -> Result<(), ClientError> {
        self.take_strays()?;
        let files: Vec<(String, OutState)> = self.books().out.iter().map(|(n, f)| (n.clone(), f.state)).collect();
        for (name, state) in files {
            match state {
                OutState::Delivered => self.archive(&name)?,
                OutState::Seen => self.out(&name, OutState::Checked, None, "", "")?,
                OutState::Checked if self.signing_key.is_some() => self.sign(&name)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A stop between the move and its entry left a checked file without one: it is looked at again.
    fn take_strays(&mut self) -> Result<(), ClientError> {
        let folder = self.places.under_way();
        let mut strays = Vec::new();
        for entry in fs::read_dir(&folder).map_err(ClientError::io(&folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let state = self.books().out.get(&name).map(|f| f.state);
            if FileName::parse(&name).is_ok() && matches!(state, None | Some(OutState::Refused | OutState::Rejected)) {
                strays.push(name);
            }
        }
        for name in strays {
            disk::move_file(&folder.join(&name), &folder.join(format!("{name}.claim")))?;
        }
        self.look_at_claims(&mut Round::default())
    }

    fn sign(&mut self, name: &str) -> Result<(), ClientError> {
        let path = self.places.under_way().join(name);
        let signature = path.with_extension("dat.sig");
        if !signature.exists()
            && let Some(key) = &self.signing_key
        {
            let mut file = open_plain(&path).map_err(ClientError::io(&path))?;
            let text = sign::sign_reader(&mut file, key).map_err(ClientError::io(&path))?;
            disk::write_file(&signature, text.as_bytes())?;
        }
        self.out(name, OutState::Signed, None, "", "")
    }

    /// Sends every file that is ready, in the order of names.
    pub(super) async fn send_all(&mut self, remote: &Remote, round: &mut Round) -> Result<(), ClientError> {
        let ready = |state| matches!(state, OutState::Checked | OutState::Signed | OutState::Sending);
        let mut names: Vec<FileName> = Vec::new();
        for (name, file) in &self.books().out {
            names.extend(FileName::parse(name).ok().filter(|_| ready(file.state)));
        }
        names.sort();
        let now = Instant::now();
        for name in names {
            let text = name.to_string();
            if self.later.get(&text).is_some_and(|(_, at)| *at > now) {
                continue;
            }
            match self.send(remote, &name).await {
                Ok(()) => {
                    round.sent += 1;
                    self.later.remove(&text);
                }
                Err(error) => self.not_sent(&text, error, round)?,
            }
        }
        Ok(())
    }

    async fn send(&mut self, remote: &Remote, name: &FileName) -> Result<(), ClientError> {
        let text = name.to_string();
        let path = self.places.under_way().join(&text);
        let file = self.books().out[&text].clone();
        if bytes_of(&path)? != file.bytes {
            let detail = format!("在途文件被改动 changed while under way: {text}");
            return Err(ClientError::new(ClientCode::SameName, detail));
        }
        if file.state != OutState::Sending {
            self.out(&text, OutState::Sending, None, "", "")?;
        }
        let signature = path.with_extension("dat.sig");
        if signature.exists() {
            let fingerprint = bytes_of(&signature)?.fingerprint;
            let sending = Sending { path: &signature, name: *name, signature: true, fingerprint: &fingerprint };
            remote.send(&sending, &|_| {}).await?;
        }
        let live = self.live();
        let size = file.bytes.size;
        let progress = move |at: u64| {
            let shown = Some((text.clone(), at, size));
            live.lock().expect("no thread panics with it").sending = shown;
        };
        let fingerprint = file.bytes.fingerprint.as_str();
        remote.send(&Sending { path: &path, name: *name, signature: false, fingerprint }, &progress).await?;
        let text = name.to_string();
        self.out(&text, OutState::Delivered, None, "", "")?;
        self.archive(&text)
    }

    /// Decides what a failure means: for the file, or for the connection.
    fn not_sent(&mut self, name: &str, error: ClientError, round: &mut Round) -> Result<(), ClientError> {
        let refused = match &error {
            ClientError::Link(link) => remote_code(link).map(str::to_owned),
            ClientError::Own { code: ClientCode::SameName | ClientCode::NotFound, .. } => {
                Some(error.code_text().to_owned())
            }
            ClientError::Own { .. } => None,
        };
        let Some(code) = refused.filter(|code| !is_of_account(code)) else { return Err(error) };
        let why = error.detail();
        if is_final(&code) || matches!(error, ClientError::Own { .. }) {
            let path = self.places.under_way().join(name);
            self.out(name, OutState::Refused, None, &code, &why)?;
            if path.exists() {
                self.refuse_path(&path, &code, &why)?;
            }
            remove(&path.with_extension("dat.sig"))?;
            round.refused += 1;
            return Ok(());
        }
        self.note([Event::Note { name: name.to_owned(), code: code.clone(), detail: why.clone() }])?;
        let times = self.later.get(name).map_or(1, |(times, _)| times + 1);
        self.later.insert(name.to_owned(), (times, Instant::now() + self.config.retry_after(times)));
        if times > self.config.times.retry_s.len() as u32 {
            self.tell(&code, name, &why);
        }
        Ok(())
    }

    /// Moves a delivered file to the archive. Safe to be done again.
    fn archive(&mut self, name: &str) -> Result<(), ClientError> {
        let parsed = FileName::parse(name).map_err(|e| ClientError::new(ClientCode::Name, e))?;
        let path = self.places.under_way().join(name);
        let target = self.places.sent_file(&parsed);
        for ending in ["dat.sig", "dat"] {
            let (from, to) = (path.with_extension(ending), target.with_extension(ending));
            if from.exists() {
                move_to(&from, &to)?;
            }
        }
        let file = &self.books().out[name];
        // What a receipt said of these bytes still holds.
        let receipt = file.receipt.clone().map(|receipt| Event::Receipt { name: name.to_owned(), receipt });
        let archived = Event::Out {
            name: name.to_owned(),
            state: OutState::Archived,
            bytes: None,
            code: String::new(),
            detail: String::new(),
        };
        self.note(std::iter::once(archived).chain(receipt))
    }

    /// Takes a receipt in: what the centre made of an upload.
    pub(super) fn settle_receipt(&mut self, file: &str, row: &tongka_wire::ReceiptRow) -> Result<(), ClientError> {
        let name = row.upload_name.clone();
        let receipt = crate::books::Receipt {
            file: file.to_owned(),
            result: row.result.map_or("OK".to_owned(), |c| c.to_string()),
            records: row.record_count,
            total_fen: row.total_amount,
            clearing_date: row.clearing_date.map(tongka_base::date::format_date).unwrap_or_default(),
        };
        let Some(upload) = self.books().out.get(&name) else {
            tracing::warn!(name, "receipt of a file that this client did not send");
            return Ok(());
        };
        // A file that was replaced meanwhile is judged by its own receipt.
        let current = matches!(
            upload.state,
            OutState::Sending | OutState::Delivered | OutState::Archived | OutState::Waiting | OutState::Rejected
        );
        if !current || upload.receipt.as_ref().is_some_and(|r| r.file == file) {
            return Ok(());
        }
        // The answer to the last byte was lost: the receipt says that the other side has it.
        if matches!(upload.state, OutState::Sending | OutState::Delivered) {
            self.out(&name, OutState::Delivered, None, "", "")?;
            self.archive(&name)?;
        }
        if let Some(code) = row.result.filter(|c| *c != FileCode::F09) {
            let why = format!("{} {}", code.text_zh(), code.text_en());
            let source = FileName::parse(&name).ok().map(|n| self.places.sent_file(&n)).filter(|p| p.exists());
            let kept = self.free_name(&name);
            if let Some(source) = source {
                super::copy_file(&source, &self.places.refused().join(&kept))?;
                let text = format!("{}\n{code} {why}\n回执 receipt {file}\n", crate::books::shown_at(&self.now()));
                disk::write_file(&self.places.refused().join(format!("{kept}.reason.txt")), text.as_bytes())?;
            }
            self.tell(code.code(), &name, &why);
        }
        self.note([Event::Receipt { name, receipt }])
    }
}
