//! The software PSAM (消费安全存取模块): terminal number, national purchase keys, a transaction number that never repeats.
//!
//! INIT SAM FOR PURCHASE writes the next transaction number before it answers, so power cut at any byte may skip a
//! number but never gives one twice. A wrong MAC2 costs a try; a right one gives all back; with none left the PSAM is
//! locked. For locking cards and writing their protected records it has INIT FOR DESCRYPT and DES CRYPT (P1 05: MAC with the first eight bytes as initial
//! value).

use crate::answer::{Answer, Fault};
use crate::apdu::{Command, Response, StatusWord};
use crate::card::{KeyImage, KeyUsage, StateError, Transmission};
use crate::files::{crc32, layout};
use crate::nvm::{Nvm, Power, PowerLost};
use crate::{algorithm_byte, algorithm_from_byte, same};
use tongka_base::{Algorithm, PsamNo};
use tongka_crypto::{
    Key16, PurchaseFields, SessionInput, SessionKey, Sm4SessionPadding, diversify_levels, mac_sm4, purchase_mac1,
    purchase_mac2, retail_mac, session_key,
};
use zeroize::Zeroizing;

layout! {
    /// EF15 of a PSAM, 14 bytes.
    PsamInfo "PSAM EF15" 14 bcd [] {
        /// Serial number of the PSAM card (PSAM序列号).
        serial: [u8; 10],
        /// Version.
        version: u8,
        /// Key card type (密钥卡类型).
        key_card: u8,
        /// Issuer's own data.
        issuer_data: [u8; 2],
    }
}

layout! {
    /// EF17 of a PSAM, 25 bytes.
    PsamApplication "PSAM EF17" 25 bcd [start expiry] {
        /// Index of the purchase key that terminals ask cards for.
        key_index: u8,
        /// Issuer of the application.
        issuer: [u8; 8],
        /// Application.
        application: [u8; 8],
        /// First day.
        start: [u8; 4],
        /// Last day.
        expiry: [u8; 4],
    }
}

/// Everything of a PSAM.
#[derive(Clone, Debug)]
pub struct PsamImage {
    /// EF15.
    pub info: PsamInfo,
    /// EF16: the terminal number (终端机编号).
    pub terminal: PsamNo,
    /// EF17.
    pub application: PsamApplication,
    /// First transaction number.
    pub next_txn: u32,
    /// Wrong MAC2 until it locks, 1 to 255.
    pub tries: u8,
    /// National keys.
    pub keys: Vec<KeyImage>,
}

const INFO: usize = 0;
const TERMINAL: usize = 14;
const APPLICATION: usize = 20;
const NEXT_TXN: usize = 45;
const TRIES: usize = 49;
const LIMIT: usize = 50;
const KEY_COUNT: usize = 51;
const KEYS: usize = 52;
const KEY_ENTRY: usize = 20;
const JOURNAL: usize = 64;
const MAGIC: &[u8; 4] = b"TKP1";

#[derive(Default)]
struct Volatile {
    purchase: Option<(SessionKey, PurchaseFields)>,
    crypt: Option<(Algorithm, Key16)>,
    response: Vec<u8>,
}

/// A PSAM.
pub struct Psam {
    memory: Nvm,
    volatile: Volatile,
    on: bool,
    power: Power,
    padding: Sm4SessionPadding,
    transmission: Transmission,
}

impl Psam {
    /// A PSAM of an image.
    ///
    /// # Panics
    /// With more than 255 keys.
    pub fn from_image(image: &PsamImage) -> Self {
        let count = u8::try_from(image.keys.len()).expect("a PSAM has up to 255 keys");
        let mut memory = Nvm::new(KEYS + image.keys.len() * KEY_ENTRY, JOURNAL);
        let mut write = |at: usize, bytes: &[u8]| {
            memory.stage(at, bytes);
            memory.commit(&mut Power(None)).expect("each write fits the journal");
        };
        write(INFO, &image.info.encode());
        write(TERMINAL, &image.terminal.0);
        write(APPLICATION, &image.application.encode());
        write(NEXT_TXN, &image.next_txn.to_be_bytes());
        write(TRIES, &[image.tries, image.tries, count]);
        for (n, key) in image.keys.iter().enumerate() {
            let at = KEYS + n * KEY_ENTRY;
            write(at, &[key.usage as u8, key.index, key.version, algorithm_byte(key.algorithm)]);
            write(at + 4, key.key.bytes());
        }
        Self::new(memory)
    }

    fn new(memory: Nvm) -> Self {
        let (padding, transmission) = (Sm4SessionPadding::default(), Transmission::default());
        Self { memory, volatile: Volatile::default(), on: true, power: Power(None), padding, transmission }
    }

    /// How the session keys of SM4 are made. Not part of the saved state.
    pub fn set_sm4_padding(&mut self, padding: Sm4SessionPadding) {
        self.padding = padding;
    }

    /// How answers come back. Not part of the saved state.
    pub fn set_transmission(&mut self, transmission: Transmission) {
        self.transmission = transmission;
    }

    /// Powers the PSAM on and returns the answer to reset.
    pub fn power_on(&mut self) -> Vec<u8> {
        self.volatile = Volatile::default();
        self.memory.recover(&mut Power(None)).expect("power without end");
        self.on = true;
        [&[0x3B, 0x65, 0x00, 0x00][..], b"TKSAM"].concat()
    }

    /// A command; a PSAM without power is powered on first.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if !self.on {
            self.power_on();
        }
        self.transmit_with_power(command, None).expect("power without end")
    }

    /// A command with power for so many bytes written. Without an answer the PSAM is off until [`Psam::power_on`].
    pub fn transmit_with_power(&mut self, command: &[u8], budget: Option<u64>) -> Result<Vec<u8>, PowerLost> {
        if !self.on {
            return Err(PowerLost);
        }
        self.power = Power(budget);
        let answer = match Command::parse(command) {
            Ok(command) => self.dispatch(&command),
            Err(status) => Err(status.into()),
        };
        self.memory.discard();
        match answer {
            Ok(response) => Ok(response.bytes()),
            Err(Fault::Status(status)) => Ok(Response::from(status).bytes()),
            Err(Fault::Power) => {
                self.on = false;
                self.volatile = Volatile::default();
                Err(PowerLost)
            }
        }
    }

    fn dispatch(&mut self, command: &Command) -> Answer {
        if (command.cla, command.ins) == (0x00, 0xC0) {
            let data = std::mem::take(&mut self.volatile.response);
            let wrong = command.le.is_some_and(|le| le != 256 && usize::from(le) != data.len());
            if data.is_empty() {
                return Err(StatusWord::CONDITIONS.into());
            }
            if wrong {
                let length = data.len();
                self.volatile.response = data;
                return Err(StatusWord::right_length(length).into());
            }
            return Ok(Response::ok(data));
        }
        self.volatile.response.clear();
        let response = match (command.cla, command.ins) {
            (0x00, 0xA4) => self.select(command),
            (0x00, 0xB0) => self.read_binary(command),
            (0x80, 0x70) => self.init_for_purchase(command),
            (0x80, 0x72) => self.credit(command),
            (0x80, 0x1A) => self.init_crypt(command),
            (0x80, 0xFA) => self.crypt(command),
            (0x00 | 0x80, _) => Err(StatusWord::INS_NOT_SUPPORTED.into()),
            _ => Err(StatusWord::CLA_NOT_SUPPORTED.into()),
        }?;
        let deferred = self.transmission == Transmission::GetResponse && command.le.is_none();
        if deferred && !command.data.is_empty() && !response.data.is_empty() {
            let more = StatusWord::more(response.data.len());
            self.volatile.response = response.data;
            return Ok(more.into());
        }
        Ok(response)
    }

    /// There is one application; any name of it and the master file are taken.
    fn select(&mut self, command: &Command) -> Answer {
        self.volatile = Volatile::default();
        match (command.p1, &command.data[..]) {
            (0x00, [] | [0x3F, 0x00] | [0x10, 0x01]) | (0x04, [_, ..]) => Ok(Response::ok([])),
            _ => Err(StatusWord::FILE_NOT_FOUND.into()),
        }
    }

    fn read_binary(&mut self, command: &Command) -> Answer {
        let (at, size) = match command.p1 {
            0x95 => (INFO, PsamInfo::LEN),
            0x96 => (TERMINAL, 6),
            0x97 => (APPLICATION, PsamApplication::LEN),
            _ => return Err(StatusWord::FILE_NOT_FOUND.into()),
        };
        let offset = usize::from(command.p2);
        let left = size.checked_sub(offset).filter(|left| *left > 0).ok_or(StatusWord::OUT_OF_FILE)?;
        match command.le {
            Some(256) => Ok(Response::ok(self.memory.read(at + offset, left))),
            Some(le) if usize::from(le) <= left => Ok(Response::ok(self.memory.read(at + offset, le.into()))),
            _ => Err(StatusWord::right_length(left).into()),
        }
    }

    /// Entries of the key table: usage, index, version, algorithm, key.
    fn find_key(&self, wanted: impl Fn(&[u8; 4]) -> bool) -> Option<Key16> {
        let count = usize::from(self.memory.byte(KEY_COUNT));
        let at = (0..count).map(|n| KEYS + n * KEY_ENTRY).find(|at| wanted(&self.memory.array(*at)))?;
        Some(Key16::new(self.memory.array(at + 4)))
    }

    /// The key for a card: factors come card first and are consumed from the last.
    fn diversified(algorithm: Algorithm, key: &Key16, factors: &[u8]) -> Option<Key16> {
        let (factors, rest) = factors.as_chunks::<8>();
        let levels: Vec<[u8; 8]> = factors.iter().rev().copied().collect();
        (rest.is_empty() && levels.len() <= 3).then(|| diversify_levels(algorithm, key, &levels))
    }

    fn init_for_purchase(&mut self, command: &Command) -> Answer {
        self.volatile.purchase = None;
        if (command.p1, command.p2) != (0, 0) {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let data = &command.data;
        let (head, factors) = data.split_first_chunk::<20>().ok_or(StatusWord::WRONG_LENGTH)?;
        if command.le.is_some_and(|le| le != 256 && le != 8) {
            return Err(StatusWord::right_length(8).into());
        }
        if self.memory.byte(TRIES) == 0 {
            return Err(StatusWord::LOCKED.into());
        }
        let algorithm = algorithm_from_byte(head[19]).ok_or(StatusWord::KEY_INDEX)?;
        let found = self
            .find_key(|[usage, _, version, alg]| *usage == KeyUsage::Purchase as u8 && [*version, *alg] == head[18..]);
        let key = found.ok_or(StatusWord::KEY_INDEX)?;
        let key = Self::diversified(algorithm, &key, factors).ok_or(StatusWord::WRONG_LENGTH)?;
        let txn = u32::from_be_bytes(self.memory.array(NEXT_TXN));
        let next = txn.checked_add(1).ok_or(StatusWord::COUNTER_MAXIMUM)?;
        self.memory.stage(NEXT_TXN, &next.to_be_bytes());
        self.memory.commit(&mut self.power)?;
        let terminal_txn = txn.to_be_bytes();
        let fields = PurchaseFields {
            amount: u32::from_be_bytes([head[6], head[7], head[8], head[9]]),
            tti: head[10],
            terminal: self.memory.array(TERMINAL),
            terminal_txn,
            date: [head[11], head[12], head[13], head[14]],
            time: [head[15], head[16], head[17]],
        };
        let input = SessionInput {
            random: [head[0], head[1], head[2], head[3]],
            counter: [head[4], head[5]],
            tail: [terminal_txn[2], terminal_txn[3]],
        };
        let session = session_key(algorithm, &key, input, self.padding);
        let mac1 = purchase_mac1(&session, &fields);
        self.volatile.purchase = Some((session, fields));
        Ok(Response::ok([terminal_txn, mac1].concat()))
    }

    fn credit(&mut self, command: &Command) -> Answer {
        let purchase = self.volatile.purchase.take();
        if command.data.len() != 4 {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        let (session, fields) = purchase.ok_or(StatusWord::CONDITIONS)?;
        let left = self.memory.byte(TRIES).checked_sub(1).ok_or(StatusWord::LOCKED)?;
        self.memory.stage(TRIES, &[left]);
        self.memory.commit(&mut self.power)?;
        if !same(&purchase_mac2(&session, &fields), &command.data) {
            return Err(StatusWord::MAC.into());
        }
        self.memory.stage(TRIES, &[self.memory.byte(LIMIT)]);
        self.memory.commit(&mut self.power)?;
        Ok(Response::ok([]))
    }

    /// INIT FOR DESCRYPT: P1 usage, P2 index with the algorithm bits of card keys (bit 7 SM4), data the factors. Takes
    /// maintenance and record protection keys only: purchase keys make purchases.
    fn init_crypt(&mut self, command: &Command) -> Answer {
        self.volatile.crypt = None;
        let algorithm = if command.p2 & 0x80 != 0 { Algorithm::Sm4 } else { Algorithm::Tdes };
        if ![KeyUsage::Maintenance as u8, KeyUsage::RecordProtect as u8].contains(&command.p1) {
            return Err(StatusWord::KEY_INDEX.into());
        }
        let found = self.find_key(|[usage, index, _, alg]| {
            (*usage, *index, *alg) == (command.p1, command.p2 & 0x3F, algorithm_byte(algorithm))
        });
        let key = found.ok_or(StatusWord::KEY_INDEX)?;
        let key = Self::diversified(algorithm, &key, &command.data).ok_or(StatusWord::WRONG_LENGTH)?;
        self.volatile.crypt = Some((algorithm, key));
        Ok(Response::ok([]))
    }

    /// DES CRYPT with P1 05: initial value 8, data; the answer is the four bytes of a MAC of secure messaging.
    fn crypt(&mut self, command: &Command) -> Answer {
        let (algorithm, key) = self.volatile.crypt.take().ok_or(StatusWord::CONDITIONS)?;
        if (command.p1, command.p2) != (5, 0) {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let (iv, data) = command.data.split_first_chunk::<8>().ok_or(StatusWord::WRONG_LENGTH)?;
        let mac = match algorithm {
            Algorithm::Tdes => retail_mac(key.bytes(), *iv, data)[..4].to_vec(),
            Algorithm::Sm4 => {
                let mut wide = [0; 16];
                wide[..8].copy_from_slice(iv);
                mac_sm4(key.bytes(), wide, data)[..4].to_vec()
            }
        };
        Ok(Response::ok(mac))
    }

    /// The whole non-volatile state, with the keys in it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let memory = self.memory.to_bytes();
        let mut out = Zeroizing::new(Vec::with_capacity(memory.len() + 8));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&crc32(&memory).to_be_bytes());
        out.extend_from_slice(&memory);
        out
    }

    /// The PSAM of a saved state, powered on.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let (head, body) = bytes.split_first_chunk::<8>().ok_or(StateError)?;
        if &head[..4] != MAGIC || head[4..] != crc32(body).to_be_bytes() {
            return Err(StateError);
        }
        let mut memory = Nvm::from_bytes(body).ok_or(StateError)?;
        memory.recover(&mut Power(None)).map_err(|PowerLost| StateError)?;
        if memory.size() < KEYS || memory.size() != KEYS + usize::from(memory.byte(KEY_COUNT)) * KEY_ENTRY {
            return Err(StateError);
        }
        Ok(Self::new(memory))
    }
}

impl std::fmt::Debug for Psam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let terminal = PsamNo(self.memory.array(TERMINAL));
        f.debug_struct("Psam").field("terminal", &terminal).field("on", &self.on).finish_non_exhaustive()
    }
}
