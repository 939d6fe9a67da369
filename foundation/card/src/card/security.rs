//! Challenges, authentication, PIN, secure messaging and blocking.

use super::dispatch::{expect_length, expect_p1p2};
use super::image::KeyUsage;
use super::memory::{self as at, KeyEntry};
use super::{Answer, Card, Fault};
use crate::algorithm_from_byte;
use crate::apdu::{Command, Response, StatusWord};
use crate::same;
use tongka_base::Algorithm;
use tongka_crypto::{Key16, external_authentication, secure_mac, sm4_decrypt, tac, tdes_decrypt};
use zeroize::Zeroizing;

/// A counter of tries; a limit of 0 counts nothing.
struct Tries {
    at: usize,
    left: u8,
    limit: u8,
}

impl From<&KeyEntry> for Tries {
    fn from(key: &KeyEntry) -> Self {
        Self { at: key.tries_at(), left: key.tries, limit: key.limit }
    }
}

/// Undoes `secure_encrypt`; `None` for what it cannot have made.
pub(crate) fn secure_decrypt(algorithm: Algorithm, key: &Key16, cipher: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(cipher.len()));
    let size = match algorithm {
        Algorithm::Tdes => 8,
        Algorithm::Sm4 => 16,
    };
    if cipher.is_empty() || !cipher.len().is_multiple_of(size) {
        return None;
    }
    for block in cipher.chunks_exact(size) {
        match algorithm {
            Algorithm::Tdes => plain.extend_from_slice(&tdes_decrypt(key.bytes(), block.try_into().ok()?)),
            Algorithm::Sm4 => plain.extend_from_slice(&sm4_decrypt(key.bytes(), block.try_into().ok()?)),
        }
    }
    let length = usize::from(plain[0]);
    let padding = plain.get(1 + length..)?;
    let padded = padding.is_empty() || (padding[0] == 0x80 && padding[1..].iter().all(|byte| *byte == 0));
    (padded && padding.len() < size).then(|| Zeroizing::new(plain[1..1 + length].to_vec()))
}

impl Card {
    /// Takes a try, compares, gives it back. `Err` when none is left.
    fn guarded(&mut self, tries: &Tries, right: impl FnOnce() -> bool) -> Result<bool, Fault> {
        if tries.limit == 0 {
            return Ok(right());
        }
        let left = tries.left.checked_sub(1).ok_or(StatusWord::LOCKED)?;
        self.memory.set(tries.at, left);
        self.commit()?;
        let right = right();
        if right {
            self.memory.set(tries.at, tries.limit);
            self.commit()?;
        }
        Ok(right)
    }

    pub(super) fn get_challenge(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        let length = match command.le {
            Some(4) => 4,
            Some(8) => 8,
            _ => return Err(StatusWord::WRONG_LENGTH.into()),
        };
        let mut challenge = [0; 8];
        (self.random)(&mut challenge[..length]);
        self.volatile.challenge = Some(challenge);
        Ok(Response::ok(&challenge[..length]))
    }

    fn maker(&self) -> (Algorithm, Key16, Tries) {
        let algorithm = algorithm_from_byte(self.memory.0.byte(at::MAKER_ALGORITHM)).unwrap_or(Algorithm::Tdes);
        let left = self.memory.0.byte(at::MAKER_TRIES);
        let tries = Tries { at: at::MAKER_TRIES, left, limit: super::make::MAKER_LIMIT };
        (algorithm, Key16::new(self.memory.0.array(at::MAKER)), tries)
    }

    pub(super) fn maker_key(&self) -> (Algorithm, Key16) {
        let (algorithm, key, _) = self.maker();
        (algorithm, key)
    }

    pub(super) fn external_authenticate(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        if command.data.len() != 8 {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        let challenge = self.volatile.fresh.take().ok_or(StatusWord::NO_CHALLENGE)?;
        let (algorithm, key, tries) = if self.memory.0.byte(at::LIFE) == at::BLANK {
            if command.p2 != 0 {
                return Err(StatusWord::KEY_INDEX.into());
            }
            self.maker()
        } else {
            let master = if self.volatile.directory == 0 { KeyUsage::CardMaster } else { KeyUsage::AppMaster };
            let key = self.memory.key(KeyUsage::ExternalAuth, command.p2);
            let key = key.or_else(|| self.memory.key(master, command.p2)).ok_or(StatusWord::KEY_INDEX)?;
            (key.algorithm, key.key.clone(), Tries::from(&key))
        };
        let right = || same(&external_authentication(algorithm, key.bytes(), &challenge), &command.data);
        if !self.guarded(&tries, right)? {
            self.volatile.authenticated &= !(1 << (command.p2 & 0x3F));
            return Err(StatusWord::tries(tries.left.saturating_sub(1)).into());
        }
        self.volatile.authenticated |= 1 << (command.p2 & 0x3F);
        Ok(Response::ok([]))
    }

    pub(super) fn internal_authenticate(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let data: [u8; 8] = command.data[..].try_into().map_err(|_| StatusWord::WRONG_LENGTH)?;
        expect_length(command, 8)?;
        let key = self.memory.key(KeyUsage::InternalAuth, command.p2).ok_or(StatusWord::KEY_INDEX)?;
        Ok(Response::ok(external_authentication(key.algorithm, key.key.bytes(), &data)))
    }

    /// Checks the MAC of secure messaging and returns the data before it.
    fn checked_mac(&mut self, command: &Command, algorithm: Algorithm, key: &Key16, tries: &Tries) -> MacResult {
        let end = command.data.len().checked_sub(4).ok_or(StatusWord::WRONG_LENGTH)?;
        let fresh = self.volatile.fresh.take().ok_or(StatusWord::NO_CHALLENGE)?;
        let challenge = [fresh[0], fresh[1], fresh[2], fresh[3]];
        let expected = secure_mac(algorithm, key.bytes(), &challenge, &command.secured_part(4));
        if self.guarded(tries, || same(&expected, &command.data[end..]))? {
            Ok(command.data[..end].to_vec())
        } else {
            Err(StatusWord::SM_MAC.into())
        }
    }

    /// Secure messaging of a blank card: under the maker's key, after authentication with it.
    pub(super) fn maker_mac(&mut self, command: &Command) -> MacResult {
        if self.volatile.authenticated & 1 == 0 {
            return Err(StatusWord::SECURITY.into());
        }
        let (algorithm, key, tries) = self.maker();
        self.checked_mac(command, algorithm, &key, &tries)
    }

    fn key_mac(&mut self, command: &Command, choices: &[(KeyUsage, u8)]) -> MacResult {
        let found = choices.iter().find_map(|(usage, index)| self.memory.key(*usage, *index));
        let key = found.ok_or(StatusWord::KEY_INDEX)?;
        self.checked_mac(command, key.algorithm, &key.key, &Tries::from(&key))
    }

    /// Secure messaging of an update.
    pub(super) fn maintenance_mac(&mut self, command: &Command, directory: u8) -> MacResult {
        match directory {
            0 => self.key_mac(command, &[(KeyUsage::CardMaintenance, 1), (KeyUsage::Maintenance, 1)]),
            _ => self.key_mac(command, &[(KeyUsage::Maintenance, 1)]),
        }
    }

    /// Secure messaging of an update of interoperable records.
    pub(super) fn protection_mac(&mut self, command: &Command) -> MacResult {
        self.key_mac(command, &[(KeyUsage::RecordProtect, 1), (KeyUsage::Maintenance, 1)])
    }

    pub(super) fn application_block(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 || command.p2 > 1 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        self.only_mac(command, &[(KeyUsage::Maintenance, 2), (KeyUsage::Maintenance, 1)])?;
        let state = if command.p2 == 1 { at::PERMANENTLY_BLOCKED } else { at::TEMPORARILY_BLOCKED };
        if self.memory.0.byte(at::APPLICATION) != at::PERMANENTLY_BLOCKED {
            self.memory.set(at::APPLICATION, state);
            self.commit()?;
        }
        Ok(Response::ok([]))
    }

    pub(super) fn application_unblock(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        match self.memory.0.byte(at::APPLICATION) {
            at::PERMANENTLY_BLOCKED => return Err(StatusWord::PERMANENTLY_BLOCKED.into()),
            at::TEMPORARILY_BLOCKED => {}
            _ => return Err(StatusWord::CONDITIONS.into()),
        }
        self.only_mac(command, &[(KeyUsage::Maintenance, 3), (KeyUsage::Maintenance, 1)])?;
        self.memory.set(at::APPLICATION, at::ACTIVE);
        self.commit()?;
        Ok(Response::ok([]))
    }

    pub(super) fn card_block(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        self.only_mac(command, &[(KeyUsage::CardMaintenance, 1), (KeyUsage::Maintenance, 1)])?;
        self.memory.set(at::LIFE, at::CARD_BLOCKED);
        self.commit()?;
        Ok(Response::ok([]))
    }

    fn only_mac(&mut self, command: &Command, choices: &[(KeyUsage, u8)]) -> Result<(), Fault> {
        if command.data.len() != 4 {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        self.key_mac(command, choices).map(drop)
    }

    fn pin_tries(&self) -> Result<Tries, StatusWord> {
        if self.memory.0.byte(at::PIN_FLAGS) & at::HAS_PIN == 0 {
            return Err(StatusWord::CONDITIONS);
        }
        let (left, limit) = (self.memory.0.byte(at::PIN_TRIES), self.memory.0.byte(at::PIN_LIMIT));
        Ok(Tries { at: at::PIN_TRIES, left, limit })
    }

    /// The PIN as it is kept: padded with FF to eight bytes.
    fn pin_block(pin: &[u8]) -> Result<Zeroizing<[u8; 8]>, StatusWord> {
        if !(2..=6).contains(&pin.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let mut block = Zeroizing::new([0xFF; 8]);
        block[..pin.len()].copy_from_slice(pin);
        Ok(block)
    }

    fn compare_pin(&mut self, pin: &[u8]) -> Result<(), Fault> {
        let tries = self.pin_tries()?;
        let (given, kept) = (Self::pin_block(pin)?, Zeroizing::new(self.memory.0.array::<8>(at::PIN)));
        if self.guarded(&tries, || same(&*given, &*kept))? {
            return Ok(());
        }
        self.volatile.pin_verified = false;
        Err(StatusWord::tries(tries.left.saturating_sub(1)).into())
    }

    fn write_pin(&mut self, pin: &[u8]) -> Answer {
        let block = Self::pin_block(pin)?;
        self.memory.0.stage(at::PIN, &*block);
        self.memory.set(at::PIN_TRIES, self.memory.0.byte(at::PIN_LIMIT));
        self.commit()?;
        self.volatile.pin_verified = false;
        Ok(Response::ok([]))
    }

    pub(super) fn verify_pin(&mut self, command: &Command) -> Answer {
        expect_p1p2(command, 0, 0)?;
        self.compare_pin(&command.data)?;
        self.volatile.pin_verified = true;
        Ok(Response::ok([]))
    }

    pub(super) fn change_or_reload_pin(&mut self, command: &Command) -> Answer {
        match (command.p1, command.p2) {
            (0x01, 0x00) => {
                let separator = command.data.iter().position(|byte| *byte == 0xFF).ok_or(StatusWord::WRONG_DATA)?;
                let (old, new) = (&command.data[..separator], &command.data[separator + 1..]);
                Self::pin_block(new)?;
                self.compare_pin(old)?;
                self.write_pin(new)
            }
            (0x00, 0x00) => {
                let (pin, mac) = command.data.split_last_chunk::<4>().ok_or(StatusWord::WRONG_LENGTH)?;
                Self::pin_block(pin)?;
                self.pin_tries()?;
                let key = self.memory.key(KeyUsage::PinReload, 1).ok_or(StatusWord::KEY_INDEX)?;
                let expected = tac(key.algorithm, &key.key, pin);
                if !self.guarded(&Tries::from(&key), || same(&expected, mac))? {
                    return Err(StatusWord::MAC.into());
                }
                self.write_pin(pin)
            }
            _ => Err(StatusWord::WRONG_P1P2.into()),
        }
    }

    pub(super) fn unblock_pin(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 || command.p2 > 1 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        self.pin_tries()?;
        let key = self.memory.key(KeyUsage::PinUnblock, 1).ok_or(StatusWord::KEY_INDEX)?;
        let cipher = self.checked_mac(command, key.algorithm, &key.key, &Tries::from(&key))?;
        let pin = secure_decrypt(key.algorithm, &key.key, &cipher).ok_or(StatusWord::WRONG_DATA)?;
        if command.p2 == 0 && !same(&*Self::pin_block(&pin)?, self.memory.0.read(at::PIN, 8)) {
            return Err(StatusWord::WRONG_DATA.into());
        }
        self.write_pin(&pin)
    }
}

type MacResult = Result<Vec<u8>, Fault>;
