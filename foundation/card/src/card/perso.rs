//! Personalisation (个人化) of a blank card. [`crate::personalise`] has the coding.

use super::image::{Access, FileKind, KeyUsage};
use super::memory as at;
use super::security::secure_decrypt;
use super::{Answer, Card};
use crate::algorithm_from_byte;
use crate::apdu::{Command, Response, StatusWord};
use tongka_base::CardScheme;
use tongka_crypto::Key16;

/// Usage code under which WRITE KEY brings the PIN.
pub(crate) const PIN_USAGE: u8 = 0x3A;
/// First byte of CREATE FILE for the application.
pub(crate) const APPLICATION_FILE: u8 = 0x38;

impl Card {
    pub(super) fn create_file(&mut self, command: &Command) -> Answer {
        if self.volatile.authenticated & 1 == 0 {
            return Err(StatusWord::SECURITY.into());
        }
        let fid = u16::from_be_bytes([command.p1, command.p2]);
        match &command.data[..] {
            [APPLICATION_FILE, rest @ ..] => self.create_application(fid, rest),
            &[kind, directory, read, write, s0, s1, capacity] => {
                let kind = FileKind::from_byte(kind).ok_or(StatusWord::WRONG_DATA)?;
                let read = Access::from_byte(read).ok_or(StatusWord::WRONG_DATA)?;
                let write = Access::from_byte(write).ok_or(StatusWord::WRONG_DATA)?;
                let taken = self.memory.find_file(directory, |other| other == fid).is_some();
                if directory > 1 || taken || (kind == FileKind::Transparent && capacity != 1) {
                    return Err(StatusWord::WRONG_DATA.into());
                }
                if directory == 1 && self.memory.0.byte(at::APPLICATION) == at::NO_APPLICATION {
                    return Err(StatusWord::CONDITIONS.into());
                }
                let size = u16::from_be_bytes([s0, s1]);
                let made = self.memory.create_file(directory, fid, kind, read, write, size, capacity);
                made.ok_or(StatusWord::NO_SPACE)?;
                self.commit()?;
                Ok(Response::ok([]))
            }
            _ => Err(StatusWord::WRONG_LENGTH.into()),
        }
    }

    fn create_application(&mut self, fid: u16, data: &[u8]) -> Answer {
        let (head, aid) = data.split_first_chunk::<13>().ok_or(StatusWord::WRONG_LENGTH)?;
        let scheme = CardScheme::from_letter(head[0]).ok_or(StatusWord::WRONG_DATA)?;
        let algorithm = algorithm_from_byte(head[1]).ok_or(StatusWord::WRONG_DATA)?;
        let max_balance = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        if !(5..=16).contains(&aid.len()) || max_balance > i32::MAX as u32 || head[2] > at::HAS_ED {
            return Err(StatusWord::WRONG_DATA.into());
        }
        if self.memory.0.byte(at::APPLICATION) != at::NO_APPLICATION {
            return Err(StatusWord::CONDITIONS.into());
        }
        super::make::write_application(&mut self.memory, scheme, algorithm, fid, aid);
        self.memory.set(at::FLAGS, head[2]);
        self.memory.0.stage(at::MAX_BALANCE, &max_balance.to_be_bytes());
        for (ed, limit) in [(false, &head[7..10]), (true, &head[10..13])] {
            let mut purse = self.memory.purse(ed);
            purse.limit = limit.iter().fold(0, |n, byte| n << 8 | u32::from(*byte));
            self.memory.set_purse(&purse);
        }
        self.commit()?;
        Ok(Response::ok([]))
    }

    pub(super) fn write_key(&mut self, command: &Command) -> Answer {
        if command.p1 & 0x0F != 1 || command.p2 > 0x3F {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let cipher = self.maker_mac(command)?;
        let (algorithm, key) = self.maker_key();
        let plain = secure_decrypt(algorithm, &key, &cipher).ok_or(StatusWord::WRONG_DATA)?;
        let (&[usage, version, algorithm], value) = plain.split_first_chunk::<3>().ok_or(StatusWord::WRONG_DATA)?;
        let value = Key16::new(value.try_into().map_err(|_| StatusWord::WRONG_DATA)?);
        if usage == PIN_USAGE {
            return self.write_first_pin(value.bytes());
        }
        let usage = KeyUsage::from_code(usage).ok_or(StatusWord::WRONG_DATA)?;
        let algorithm = algorithm_from_byte(algorithm).ok_or(StatusWord::WRONG_DATA)?;
        let tries = if command.p1 >> 4 == 0 { 3 } else { command.p1 >> 4 };
        let stored = self.memory.set_key(usage, command.p2, version, algorithm, tries, &value);
        stored.ok_or(StatusWord::NO_SPACE)?;
        self.commit()?;
        Ok(Response::ok([]))
    }

    fn write_first_pin(&mut self, value: &[u8; 16]) -> Answer {
        let (length, tries, flags) = (usize::from(value[0]), value[7], value[8]);
        if !(2..=6).contains(&length) || !(1..=15).contains(&tries) || flags > 1 {
            return Err(StatusWord::WRONG_DATA.into());
        }
        let mut block = zeroize::Zeroizing::new([0xFF; 8]);
        block[..length].copy_from_slice(&value[1..1 + length]);
        self.memory.0.stage(at::PIN, &*block);
        self.memory.0.stage(at::PIN_TRIES, &[tries, tries]);
        self.memory.set(at::PIN_FLAGS, at::HAS_PIN | if flags == 1 { at::PIN_FOR_LOAD } else { 0 });
        self.commit()?;
        Ok(Response::ok([]))
    }

    pub(super) fn end_personalisation(&mut self, command: &Command) -> Answer {
        super::dispatch::expect_p1p2(command, 0, 0)?;
        if command.data.len() != 4 {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        self.maker_mac(command)?;
        let algorithm = self.memory.algorithm();
        let has = |usage| self.memory.any_key(usage, algorithm).is_some();
        let keys = [KeyUsage::Purchase, KeyUsage::Tac, KeyUsage::Maintenance].into_iter().all(has);
        let info = self.memory.file(1, 0x15).is_some_and(|file| file.size == 30);
        if !keys || !info {
            return Err(StatusWord::CONDITIONS.into());
        }
        self.memory.set(at::LIFE, at::IN_USE);
        self.memory.0.stage(at::MAKER, &[0; 16]);
        self.memory.set(at::MAKER_TRIES, 0);
        self.commit()?;
        self.volatile = super::Volatile::default();
        Ok(Response::ok([]))
    }
}
