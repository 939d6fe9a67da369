//! The software card (软卡): SELECT to CARD BLOCK, the purse with its journal, personalisation of a blank card.
//!
//! Keys are addressed by usage and index byte; bit 7 of the index byte asks for the SM4 key set, bit 6 for the 3DES
//! one, neither for the card's own algorithm. Balances are returned without the overdraft, as signed 32-bit numbers;
//! GET BALANCE with P1 00 counts the overdraft in. The counter of log and proof is the one INITIALIZE returned.
//!
//! Tries of PINs and keys are taken before the comparison and given back after it, each by a commit of its own, so that
//! cutting the power never gives a free guess.

mod dispatch;
mod files;
mod image;
mod make;
mod memory;
mod perso;
mod purse;
mod security;

pub use image::{
    Access, CardImage, Directory, FileImage, FileKind, ImageError, KeyImage, KeyUsage, PinImage, PurseImage,
};

pub(crate) use make::application;
pub(crate) use security::secure_decrypt;

use crate::answer::{Answer, Fault};
use crate::apdu::{Command, Response};
use crate::files::crc32;
use crate::nvm::{Nvm, Power, PowerLost};
use memory::Memory;
use tongka_crypto::Sm4SessionPadding;
use zeroize::Zeroizing;

/// Source of a card's random numbers, the caller's: fills the bytes.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// AID of the T-Union purse (交通联合电子钱包).
pub const TUNION_AID: [u8; 8] = [0xA0, 0x00, 0x00, 0x06, 0x32, 0x01, 0x01, 0x05];
/// AID of the MOHURD purse.
pub const MOHURD_AID: [u8; 9] = [0xA0, 0x00, 0x00, 0x00, 0x03, 0x86, 0x98, 0x07, 0x01];
/// Name of the directory of contactless applications, PPSE.
pub const PPSE: [u8; 14] = *b"2PAY.SYS.DDF01";
/// File identifier of the MOHURD application.
pub const MOHURD_DF: u16 = 0x1001;
/// File identifier of the T-Union application.
pub const TUNION_DF: u16 = 0x3F01;

/// How answers with data come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transmission {
    /// At once (contactless, T=1).
    #[default]
    Direct,
    /// By 61xx and GET RESPONSE where the command has data and no Le (T=0).
    GetResponse,
}

/// What is lost with the power.
#[derive(Default)]
struct Volatile {
    /// 0 MF, 1 ADF.
    directory: u8,
    file: Option<u16>,
    /// Fetched by the last command, for the next one only.
    challenge: Option<[u8; 8]>,
    /// What the command before this one fetched.
    fresh: Option<[u8; 8]>,
    /// Bit n: authenticated with external key n.
    authenticated: u64,
    pin_verified: bool,
    session: Option<purse::Session>,
    response: Vec<u8>,
}

/// Answer to reset (复位应答): TS, T0 telling of five historical bytes, TB1 and TC1.
pub const ATR: [u8; 9] = *b"\x3B\x65\x00\x00TONGK";

/// A card.
pub struct Card {
    memory: Memory,
    random: Random,
    volatile: Volatile,
    /// Set while the card has power.
    on: bool,
    power: Power,
    padding: Sm4SessionPadding,
    transmission: Transmission,
}

impl Card {
    fn new(memory: Memory, random: Random) -> Self {
        let (padding, transmission) = (Sm4SessionPadding::default(), Transmission::default());
        let volatile = Volatile::default();
        Self { memory, random, volatile, on: true, power: Power(None), padding, transmission }
    }

    /// How the session keys of SM4 are made; card systems differ. Not part of the saved state.
    pub fn set_sm4_padding(&mut self, padding: Sm4SessionPadding) {
        self.padding = padding;
    }

    /// How answers come back. Not part of the saved state.
    pub fn set_transmission(&mut self, transmission: Transmission) {
        self.transmission = transmission;
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {
        self.on = false;
        self.volatile = Volatile::default();
    }

    /// Powers the card on, anew if it was on: finishes or forgets what it was writing, forgets all else. Returns the
    /// answer to reset.
    pub fn power_on(&mut self) -> Vec<u8> {
        self.power_on_with_power(None).expect("power without end")
    }

    /// [`Card::power_on`] with power for so many bytes written.
    pub fn power_on_with_power(&mut self, budget: Option<u64>) -> Result<Vec<u8>, PowerLost> {
        self.power_off();
        self.memory.0.recover(&mut Power(budget))?;
        self.on = true;
        Ok(ATR.to_vec())
    }

    /// A command; a card without power is powered on first.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if !self.on {
            self.power_on();
        }
        self.transmit_with_power(command, None).expect("power without end")
    }

    /// A command with power for so many bytes written. Without an answer the card is off until [`Card::power_on`].
    pub fn transmit_with_power(&mut self, command: &[u8], budget: Option<u64>) -> Result<Vec<u8>, PowerLost> {
        if !self.on {
            return Err(PowerLost);
        }
        self.power = Power(budget);
        let answer = match Command::parse(command) {
            Ok(command) => self.dispatch(&command),
            Err(status) => Err(status.into()),
        };
        self.memory.0.discard();
        match answer {
            Ok(response) => Ok(response.bytes()),
            Err(Fault::Status(status)) => Ok(Response::from(status).bytes()),
            Err(Fault::Power) => {
                self.power_off();
                Err(PowerLost)
            }
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
        Ok(self.memory.0.commit(&mut self.power)?)
    }

    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        (self.random)(&mut out);
        out
    }

    /// The whole non-volatile state, with the keys in it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let memory = self.memory.0.to_bytes();
        let mut out = Zeroizing::new(Vec::with_capacity(memory.len() + 8));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&crc32(&memory).to_be_bytes());
        out.extend_from_slice(&memory);
        out
    }

    /// The card of a saved state, powered on.
    pub fn from_bytes(bytes: &[u8], random: Random) -> Result<Self, StateError> {
        let (head, body) = bytes.split_first_chunk::<8>().ok_or(StateError)?;
        if &head[..4] != MAGIC || head[4..] != crc32(body).to_be_bytes() {
            return Err(StateError);
        }
        let mut memory = Nvm::from_bytes(body).ok_or(StateError)?;
        memory.recover(&mut Power(None)).map_err(|PowerLost| StateError)?;
        let memory = Memory(memory);
        if !memory.is_sound() {
            return Err(StateError);
        }
        Ok(Self::new(memory, random))
    }
}

const MAGIC: &[u8; 4] = b"TKC1";

/// Bytes that are no saved card or SAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("状态数据损坏 saved state is damaged")]
pub struct StateError;

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("scheme", &self.memory.scheme()).field("on", &self.on).finish_non_exhaustive()
    }
}
