//! Hashes of the two keys by which a transaction is recognised again, and of its content.
//!
//! The hashes are keyed with a secret of the installation, so that nobody outside can look for two cards that collide.
//! 80 bits of a key hash are compared: among 2 billion keys of history a day of 20 million records meets a false
//! match with a probability below 10⁻⁷.

use crate::rulebook::{number48, split_serial};
use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13x128};
use std::hash::Hasher;
use tongka_base::MemberCode;
use tongka_wire::txu::{CONTENT, Txu};

/// The installation's hash secret.
#[derive(Clone)]
pub struct KeySecret([u8; 16]);

/// An 80-bit key hash, the 40-bit payload kept with it and a tag of 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyHash {
    /// Upper 64 bits of the key hash; never 0.
    pub high: u64,
    /// From the top: lower 16 bits of the key hash, 40 bits of payload, 8 bits of tag.
    pub low: u64,
}

const HASH: u64 = !0 << 48;
const TAG: u64 = 0xFF;
const PAYLOAD: u64 = !HASH & !TAG;

impl KeyHash {
    fn new(key: u128, payload: u64) -> Self {
        Self { high: ((key >> 64) as u64).max(1), low: (key as u64) & HASH | payload & PAYLOAD }
    }

    /// Whether both stand for the same key.
    pub fn same_key(self, other: Self) -> bool {
        self.high == other.high && (self.low ^ other.low) & HASH == 0
    }

    /// Whether the payloads agree.
    pub fn same_payload(self, other: Self) -> bool {
        (self.low ^ other.low) & PAYLOAD == 0
    }

    /// The tag: 0 unless [`KeyHash::tagged`].
    pub fn tag(self) -> u8 {
        (self.low & TAG) as u8
    }

    /// The same key and payload under a tag.
    pub fn tagged(self, tag: u8) -> Self {
        Self { low: self.low & !TAG | u64::from(tag), ..self }
    }
}

impl KeySecret {
    /// A secret of 16 random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Hash of the card key (scheme, issuer id, application serial, offline counter); its payload is a hash of the
    /// content: fields 3–23 of the record line and the sender.
    pub fn card(
        &self,
        scheme: u8,
        issuer_id: u64,
        serial: (u16, u64),
        counter: u16,
        content: &[u8],
        sender: u32,
    ) -> KeyHash {
        let mut key = [0; 24];
        key[0] = scheme;
        key[1..9].copy_from_slice(&issuer_id.to_be_bytes());
        key[9..11].copy_from_slice(&serial.0.to_be_bytes());
        key[11..19].copy_from_slice(&serial.1.to_be_bytes());
        key[19..21].copy_from_slice(&counter.to_be_bytes());
        let mut body = SipHasher13::new_with_key(&self.0);
        body.write(content);
        body.write_u32(sender);
        KeyHash::new(self.hash128(b'C', &key), body.finish())
    }

    /// Hash of the PSAM key (PSAM terminal number, PSAM transaction number); no payload.
    pub fn psam(&self, psam: u64, psam_txn: u32) -> KeyHash {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&psam.to_be_bytes());
        key[8..12].copy_from_slice(&psam_txn.to_be_bytes());
        KeyHash::new(self.hash128(b'P', &key), 0)
    }

    /// Hash of an application serial, by which a card's records are found again; never 0.
    pub fn card_number(&self, serial: (u16, u64)) -> u64 {
        let mut key = [0; 10];
        key[..2].copy_from_slice(&serial.0.to_be_bytes());
        key[2..].copy_from_slice(&serial.1.to_be_bytes());
        ((self.hash128(b'N', &key) >> 64) as u64).max(1)
    }

    /// Both hashes of a record, from its parsed form and its line.
    pub fn keys(&self, txu: &Txu, line: &[u8], sender: MemberCode) -> (KeyHash, KeyHash) {
        let issuer = u64::from_be_bytes(txu.issuer_id.0);
        let serial = split_serial(txu.serial.0);
        let card = self.card(txu.scheme.letter(), issuer, serial, txu.counter, &line[CONTENT], sender.0);
        (card, self.psam(number48(txu.psam.0), txu.psam_txn))
    }

    fn hash128(&self, domain: u8, key: &[u8]) -> u128 {
        let mut hasher = SipHasher13x128::new_with_key(&self.0);
        hasher.write_u8(domain);
        hasher.write(key);
        hasher.finish128().as_u128()
    }
}
