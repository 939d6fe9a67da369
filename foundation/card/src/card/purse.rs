//! The purse (电子钱包, 电子存折): load, purchase, compound purchase, cash withdrawal, unload, overdraft, proof.

use super::dispatch::{expect_length, expect_p1p2};
use super::image::{Access, FileKind, KeyUsage};
use super::memory::{self as at, FileEntry, KeyEntry, PurseState};
use super::{Answer, Card};
use crate::algorithm_byte;
use crate::apdu::{Command, Response, StatusWord};
use crate::files::TransactionLog;
use crate::same;
use tongka_crypto::{
    LoadFields, OverdraftFields, PurchaseFields, SessionInput, SessionKey, UnloadFields, load_mac1, load_mac2,
    overdraft_mac1, overdraft_mac2, overdraft_tac, purchase_mac1, purchase_mac2, purchase_tac, session_key, tac,
    unload_mac1, unload_mac2, unload_mac3,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Load,
    /// Purchase and cash withdrawal.
    Debit,
    Compound,
    Unload,
    Overdraft,
}

/// What INITIALIZE began.
pub(super) struct Session {
    kind: Kind,
    ed: bool,
    tti: u8,
    amount: u32,
    terminal: [u8; 6],
    random: [u8; 4],
    key: KeyEntry,
    tac: Option<KeyEntry>,
    cache: Vec<Cached>,
}

/// A cached write of a compound purchase.
struct Cached {
    fid: u16,
    /// Record of a linear file; `None` appends to a cyclic one.
    record: Option<u8>,
    data: Vec<u8>,
}

/// Updates of one compound purchase, and bytes of them in all, that the journal has room for.
const CACHE_UPDATES: usize = 8;
const CACHE_BYTES: usize = 2048;

struct Start {
    kind: Kind,
    ed: bool,
    tti: u8,
    usage: KeyUsage,
}

/// Rows of INITIALIZE: P1 P2 to what begins.
fn start(p1: u8, p2: u8) -> Option<Start> {
    let (kind, tti, usage) = match (p1, p2) {
        (0x00, 0x01) => (Kind::Load, 1, KeyUsage::Load),
        (0x00, 0x02) => (Kind::Load, 2, KeyUsage::Load),
        (0x01, 0x01) => (Kind::Debit, 5, KeyUsage::Purchase),
        (0x01, 0x02) => (Kind::Debit, 6, KeyUsage::Purchase),
        (0x02, 0x01) => (Kind::Debit, 4, KeyUsage::Purchase),
        (0x03, 0x02) => (Kind::Compound, 9, KeyUsage::Purchase),
        (0x04, 0x01) => (Kind::Overdraft, 7, KeyUsage::Overdraft),
        (0x05, 0x01) => (Kind::Unload, 3, KeyUsage::Unload),
        _ => return None,
    };
    Some(Start { kind, ed: p2 == 1, tti, usage })
}

fn parts<const N: usize>(data: &[u8], from: usize) -> [u8; N] {
    std::array::from_fn(|i| data[from + i])
}

impl Card {
    fn purse_of(&self, ed: bool) -> Result<PurseState, StatusWord> {
        if self.volatile.directory != 1 {
            return Err(StatusWord::CONDITIONS);
        }
        if ed && !self.memory.has_ed() {
            return Err(StatusWord::BLOCKED);
        }
        Ok(self.memory.purse(ed))
    }

    pub(super) fn get_balance(&mut self, command: &Command) -> Answer {
        if !matches!(command.p1, 0x00 | 0x03) || !matches!(command.p2, 0x01 | 0x02) {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        if !command.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        let purse = self.purse_of(command.p2 == 0x01)?;
        expect_length(command, 4)?;
        let balance = if command.p1 == 0x03 { i64::from(purse.net) } else { purse.available() };
        Ok(Response::ok((balance as u32).to_be_bytes()))
    }

    pub(super) fn initialize(&mut self, command: &Command) -> Answer {
        let Start { kind, ed, tti, usage } = start(command.p1, command.p2).ok_or(StatusWord::WRONG_P1P2)?;
        let (length, answer) = match kind {
            Kind::Overdraft => (7, 0x13),
            Kind::Load | Kind::Unload => (11, 0x10),
            Kind::Debit | Kind::Compound => (11, 0x0F),
        };
        if command.data.len() != length {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        expect_length(command, answer)?;
        let purse = self.purse_of(ed)?;
        let has_pin = self.memory.0.byte(at::PIN_FLAGS);
        let needs_pin = has_pin & at::HAS_PIN != 0 && (ed || (kind == Kind::Load && has_pin & at::PIN_FOR_LOAD != 0));
        if needs_pin && !self.volatile.pin_verified {
            return Err(StatusWord::SECURITY.into());
        }
        let key = self.memory.key(usage, command.data[0]).ok_or(StatusWord::KEY_INDEX)?;
        let tac = self.memory.any_key(KeyUsage::Tac, key.algorithm);
        if tac.is_none() && kind != Kind::Unload {
            return Err(StatusWord::KEY_INDEX.into());
        }
        let counter = if matches!(kind, Kind::Debit | Kind::Compound) { purse.offline } else { purse.online };
        if counter == u16::MAX {
            return Err(StatusWord::COUNTER_MAXIMUM.into());
        }
        let amount = if kind == Kind::Overdraft { 0 } else { u32::from_be_bytes(parts(&command.data, 1)) };
        let terminal = parts(&command.data, length - 6);
        let enough = match kind {
            Kind::Load => i64::from(purse.net) + i64::from(amount) <= i64::from(self.max_balance()),
            Kind::Debit | Kind::Compound => i64::from(amount) <= purse.available(),
            Kind::Unload => i64::from(amount) <= i64::from(purse.net),
            Kind::Overdraft => true,
        };
        if !enough {
            let load = kind == Kind::Load;
            return Err(if load { StatusWord::WRONG_DATA } else { StatusWord::LOW_BALANCE }.into());
        }
        let random = self.draw();
        let session = Session { kind, ed, tti, amount, terminal, random, key, tac, cache: Vec::new() };
        let mut out = [&purse.net.to_be_bytes()[..], &counter.to_be_bytes()].concat();
        if kind != Kind::Load && kind != Kind::Unload {
            out.extend_from_slice(&purse.limit_bytes());
        }
        out.extend_from_slice(&[session.key.version, algorithm_byte(session.key.algorithm)]);
        out.extend_from_slice(&random);
        let online = self.session_key(&session, purse.online, [0x80, 0x00]);
        match kind {
            Kind::Load => out.extend(load_mac1(&online, &load_fields(&session, &purse, [0; 4], [0; 3]))),
            Kind::Unload => out.extend(unload_mac1(&online, &unload_fields(&session, &purse, [0; 4], [0; 3]))),
            Kind::Overdraft => {
                out.extend(overdraft_mac1(&online, &overdraft_fields(&session, &purse, [0; 3], [0; 4], [0; 3])));
            }
            Kind::Debit | Kind::Compound => {}
        }
        self.volatile.session = Some(session);
        Ok(Response::ok(out))
    }

    fn max_balance(&self) -> u32 {
        u32::from_be_bytes(self.memory.0.array(at::MAX_BALANCE))
    }

    fn session_key(&self, session: &Session, counter: u16, tail: [u8; 2]) -> SessionKey {
        let input = SessionInput { random: session.random, counter: counter.to_be_bytes(), tail };
        session_key(session.key.algorithm, &session.key.key, input, self.padding)
    }

    /// Takes the session of one of the kinds; any other state of things is the wrong order.
    fn session(&mut self, kinds: &[Kind]) -> Result<(Session, PurseState), StatusWord> {
        let session = self.volatile.session.take().filter(|session| kinds.contains(&session.kind));
        let session = session.ok_or(StatusWord::CONDITIONS)?;
        let purse = self.purse_of(session.ed)?;
        Ok((session, purse))
    }

    /// Checks length and Le of the command that ends a session; a wrong one ends it too.
    fn shape(&mut self, command: &Command, length: usize, answer: usize) -> Result<(), StatusWord> {
        if command.data.len() != length {
            self.volatile.session = None;
            return Err(StatusWord::WRONG_LENGTH);
        }
        expect_length(command, answer)
    }

    fn log(&mut self, session: &Session, purse: &PurseState, counter: u16, date: [u8; 4], time: [u8; 3]) {
        let &Session { amount, tti, terminal, .. } = session;
        let overdraft = purse.limit_bytes();
        self.memory.append_log(&TransactionLog { counter, overdraft, amount, tti, terminal, date, time });
    }

    pub(super) fn credit_for_load(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        self.shape(command, 11, 4)?;
        let (session, mut purse) = self.session(&[Kind::Load])?;
        let (date, time, mac2) = (parts(&command.data, 0), parts(&command.data, 4), parts::<4>(&command.data, 7));
        let fields = load_fields(&session, &purse, date, time);
        let key = self.session_key(&session, purse.online, [0x80, 0x00]);
        if !same(&load_mac2(&key, &fields), &mac2) {
            return Err(StatusWord::MAC.into());
        }
        let before = purse;
        // The balance was checked against its maximum, which is below the sign bit.
        purse.net = purse.net.checked_add_unsigned(session.amount).ok_or(StatusWord::WRONG_DATA)?;
        let tac_key = session.tac.as_ref().ok_or(StatusWord::KEY_INDEX)?;
        let (new, counter) = (purse.net.to_be_bytes(), before.online.to_be_bytes());
        let amount = session.amount.to_be_bytes();
        let data = [&new[..], &counter, &amount, &[session.tti], &session.terminal, &date, &time].concat();
        let tac = tac(tac_key.algorithm, &tac_key.key, &data);
        purse.online += 1;
        self.memory.set_purse(&purse);
        self.log(&session, &before, before.online, date, time);
        self.memory.set_proof(session.tti, before.online, mac2, tac);
        self.commit()?;
        Ok(Response::ok(tac))
    }

    pub(super) fn debit(&mut self, command: &Command) -> Answer {
        match (command.p1, command.p2) {
            (0x01, 0x00) => self.debit_for_purchase(command),
            (0x03, 0x00) => self.debit_for_unload(command),
            _ => Err(StatusWord::WRONG_P1P2.into()),
        }
    }

    fn debit_for_purchase(&mut self, command: &Command) -> Answer {
        self.shape(command, 15, 8)?;
        let (session, mut purse) = self.session(&[Kind::Debit, Kind::Compound])?;
        if session.kind == Kind::Compound && session.cache.is_empty() {
            return Err(StatusWord::CONDITIONS.into());
        }
        let data = &command.data;
        let fields = PurchaseFields {
            amount: session.amount,
            tti: session.tti,
            terminal: session.terminal,
            terminal_txn: parts(data, 0),
            date: parts(data, 4),
            time: parts(data, 8),
        };
        let key = self.session_key(&session, purse.offline, parts(data, 2));
        if !same(&purchase_mac1(&key, &fields), &data[11..]) {
            return Err(StatusWord::MAC.into());
        }
        let tac_key = session.tac.as_ref().ok_or(StatusWord::KEY_INDEX)?;
        let mac2 = purchase_mac2(&key, &fields);
        let tac = purchase_tac(tac_key.algorithm, &tac_key.key, &fields);
        let counter = purse.offline;
        let net = i64::from(purse.net) - i64::from(session.amount);
        purse.net = i32::try_from(net).map_err(|_| StatusWord::LOW_BALANCE)?;
        purse.offline += 1;
        self.memory.set_purse(&purse);
        self.log(&session, &purse, counter, fields.date, fields.time);
        self.stage_cache(&session.cache)?;
        self.memory.set_proof(session.tti, counter, mac2, tac);
        self.commit()?;
        Ok(Response::ok([tac, mac2].concat()))
    }

    fn stage_cache(&mut self, cache: &[Cached]) -> Result<(), StatusWord> {
        let mut files: Vec<FileEntry> = Vec::new();
        for update in cache {
            if !files.iter().any(|file| file.fid == update.fid) {
                files.extend(self.memory.find_file(1, |fid| fid == update.fid));
            }
            let file = files.iter_mut().find(|file| file.fid == update.fid).ok_or(StatusWord::FILE_NOT_FOUND)?;
            match update.record {
                Some(record) => {
                    let at = file.record(record).ok_or(StatusWord::RECORD_NOT_FOUND)?;
                    self.memory.0.stage(at, &update.data);
                }
                None => self.memory.append(file, &update.data).ok_or(StatusWord::NO_SPACE)?,
            }
        }
        Ok(())
    }

    pub(super) fn update_cache(&mut self, command: &Command) -> Answer {
        let session = self.volatile.session.as_ref().filter(|session| session.kind == Kind::Compound);
        let session = session.ok_or(StatusWord::CONDITIONS)?;
        let file = self.memory.file(1, command.p2 >> 3).ok_or(StatusWord::FILE_NOT_FOUND)?;
        if !matches!(file.write, Access::Mac | Access::Protected) {
            return Err(StatusWord::SECURITY.into());
        }
        if command.data.is_empty() || command.data.len() > usize::from(file.size) {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        let record = match (file.kind, command.p2 & 7, command.p1) {
            (FileKind::Cyclic, 0 | 3, 0) => None,
            (FileKind::Linear, 4, number) => Some(number),
            (FileKind::Linear, 0, id) => {
                let has_id = |number: &u8| file.record(*number).is_some_and(|at| self.memory.0.byte(at) == id);
                Some((1..=file.used).find(has_id).ok_or(StatusWord::RECORD_NOT_FOUND)?)
            }
            (FileKind::Transparent, ..) => return Err(StatusWord::FILE_TYPE.into()),
            _ => return Err(StatusWord::WRONG_P1P2.into()),
        };
        if record.is_some_and(|number| file.record(number).is_none()) {
            return Err(StatusWord::RECORD_NOT_FOUND.into());
        }
        let held: usize = session.cache.iter().map(|update| update.data.len()).sum();
        let mut data = command.data.clone();
        if record.is_none() {
            data.resize(usize::from(file.size), 0);
        }
        if session.cache.len() == CACHE_UPDATES || held + data.len() > CACHE_BYTES {
            return Err(StatusWord::NO_SPACE.into());
        }
        if let Some(session) = &mut self.volatile.session {
            session.cache.push(Cached { fid: file.fid, record, data });
        }
        Ok(Response::ok([]))
    }

    fn debit_for_unload(&mut self, command: &Command) -> Answer {
        self.shape(command, 11, 4)?;
        let (session, mut purse) = self.session(&[Kind::Unload])?;
        let (date, time, mac2) = (parts(&command.data, 0), parts(&command.data, 4), parts::<4>(&command.data, 7));
        let fields = unload_fields(&session, &purse, date, time);
        let key = self.session_key(&session, purse.online, [0x80, 0x00]);
        if !same(&unload_mac2(&key, &fields), &mac2) {
            return Err(StatusWord::MAC.into());
        }
        let mac3 = unload_mac3(&key, &fields).ok_or(StatusWord::LOW_BALANCE)?;
        let before = purse;
        purse.net = purse.net.checked_sub_unsigned(session.amount).ok_or(StatusWord::LOW_BALANCE)?;
        purse.online += 1;
        self.memory.set_purse(&purse);
        self.log(&session, &before, before.online, date, time);
        self.memory.set_proof(session.tti, before.online, mac3, [0; 4]);
        self.commit()?;
        Ok(Response::ok(mac3))
    }

    pub(super) fn update_overdraft(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        self.shape(command, 14, 4)?;
        let (session, mut purse) = self.session(&[Kind::Overdraft])?;
        let data = &command.data;
        let mac2 = parts::<4>(data, 10);
        let fields = overdraft_fields(&session, &purse, parts(data, 0), parts(data, 3), parts(data, 7));
        let key = self.session_key(&session, purse.online, [0x80, 0x00]);
        if !same(&overdraft_mac2(&key, &fields), &mac2) {
            return Err(StatusWord::MAC.into());
        }
        let [a, b, c] = fields.new_limit;
        purse.limit = u32::from_be_bytes([0, a, b, c]);
        if purse.available() < 0 {
            return Err(StatusWord::WRONG_DATA.into());
        }
        let tac_key = session.tac.as_ref().ok_or(StatusWord::KEY_INDEX)?;
        let tac = overdraft_tac(tac_key.algorithm, &tac_key.key, &fields);
        purse.online += 1;
        self.memory.set_purse(&purse);
        self.memory.set_proof(session.tti, fields.online_counter, mac2, tac);
        self.commit()?;
        Ok(Response::ok(tac))
    }

    pub(super) fn prove(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let counter: [u8; 2] = command.data[..].try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        expect_length(command, 8)?;
        self.purse_of(false)?;
        let proof = self.memory.proof(command.p2, u16::from_be_bytes(counter));
        Ok(Response::ok(proof.ok_or(StatusWord::NO_PROOF)?))
    }
}

/// A balance as MACs have it: the bits of the signed number.
fn bits(net: i32) -> u32 {
    net as u32
}

fn load_fields(session: &Session, purse: &PurseState, date: [u8; 4], time: [u8; 3]) -> LoadFields {
    let &Session { amount, tti, terminal, .. } = session;
    LoadFields { old_balance: bits(purse.net), online_counter: purse.online, amount, tti, terminal, date, time }
}

fn unload_fields(session: &Session, purse: &PurseState, date: [u8; 4], time: [u8; 3]) -> UnloadFields {
    let &Session { amount, tti, terminal, .. } = session;
    UnloadFields { old_balance: bits(purse.net), online_counter: purse.online, amount, tti, terminal, date, time }
}

fn overdraft_fields(
    session: &Session,
    purse: &PurseState,
    new_limit: [u8; 3],
    date: [u8; 4],
    time: [u8; 3],
) -> OverdraftFields {
    let (tti, terminal, old_limit) = (session.tti, session.terminal, purse.limit_bytes());
    let (balance, online_counter) = (bits(purse.net), purse.online);
    OverdraftFields { balance, online_counter, old_limit, new_limit, tti, terminal, date, time }
}
