//! Which command is allowed when, and where it goes.

use super::memory as at;
use super::{Answer, Card, Transmission};
use crate::apdu::{Command, Response, StatusWord};

impl Card {
    pub(super) fn dispatch(&mut self, command: &Command) -> Answer {
        self.volatile.fresh = self.volatile.challenge.take();
        let instruction = (command.cla, command.ins);
        if instruction == (0x00, 0xC0) {
            return self.get_response(command);
        }
        self.volatile.response.clear();
        if !keeps_session(instruction) {
            self.volatile.session = None;
        }
        self.allowed(instruction)?;
        let response = self.execute(command)?;
        let deferred = self.transmission == Transmission::GetResponse
            && command.le.is_none()
            && !command.data.is_empty()
            && !response.data.is_empty();
        if deferred && response.status.is_ok() {
            let more = StatusWord::more(response.data.len());
            self.volatile.response = response.data;
            return Ok(more.into());
        }
        Ok(response)
    }

    /// Refuses what the life of the card or application does not allow.
    fn allowed(&self, (cla, ins): (u8, u8)) -> Result<(), StatusWord> {
        if !matches!(cla, 0x00 | 0x04 | 0x80 | 0x84) {
            return Err(StatusWord::CLA_NOT_SUPPORTED);
        }
        let making = matches!((cla, ins), (0x80, 0xE0) | (0x84, 0xD4 | 0x44));
        match self.memory.0.byte(at::LIFE) {
            at::CARD_BLOCKED => return Err(StatusWord::BLOCKED),
            at::BLANK => {
                let update = matches!((cla, ins), (0x04, 0xD6 | 0xDC | 0xE2));
                let other = matches!((cla, ins), (0x00, 0xA4 | 0x84 | 0x82 | 0xB0 | 0xB2));
                return if making || update || other { Ok(()) } else { Err(StatusWord::INVALID_STATE) };
            }
            _ if making => return Err(StatusWord::INVALID_STATE),
            _ => {}
        }
        let harmless = matches!(
            (cla, ins),
            (0x00, 0xA4 | 0xB0 | 0xB2 | 0x84 | 0x82 | 0x88) | (0x80, 0x5C | 0x5A) | (0x84, 0x18 | 0x1E | 0x16)
        );
        match self.memory.0.byte(at::APPLICATION) {
            at::TEMPORARILY_BLOCKED if !harmless => Err(StatusWord::BLOCKED),
            at::PERMANENTLY_BLOCKED if !harmless => Err(StatusWord::PERMANENTLY_BLOCKED),
            _ => Ok(()),
        }
    }

    fn execute(&mut self, command: &Command) -> Answer {
        match (command.cla, command.ins) {
            (0x00, 0xA4) => self.select(command),
            (0x00, 0xB0) => self.read_binary(command),
            (0x00, 0xB2) => self.read_record(command),
            (0x00 | 0x04, 0xD6) => self.update_binary(command),
            (0x00 | 0x04, 0xDC) => self.update_record(command),
            (0x00 | 0x04, 0xE2) => self.append_record(command),
            (0x00, 0x84) => self.get_challenge(command),
            (0x00, 0x82) => self.external_authenticate(command),
            (0x00, 0x88) => self.internal_authenticate(command),
            (0x00, 0x20) => self.verify_pin(command),
            (0x80, 0x5E) => self.change_or_reload_pin(command),
            (0x84, 0x24) => self.unblock_pin(command),
            (0x84, 0x1E) => self.application_block(command),
            (0x84, 0x18) => self.application_unblock(command),
            (0x84, 0x16) => self.card_block(command),
            (0x80, 0x5C) => self.get_balance(command),
            (0x80, 0x50) => self.initialize(command),
            (0x80, 0x52) => self.credit_for_load(command),
            (0x80, 0x54) => self.debit(command),
            (0x80, 0x58) => self.update_overdraft(command),
            (0x80, 0x5A) => self.prove(command),
            (0x80, 0xDC) => self.update_cache(command),
            (0x80, 0xE0) => self.create_file(command),
            (0x84, 0xD4) => self.write_key(command),
            (0x84, 0x44) => self.end_personalisation(command),
            _ => Err(StatusWord::INS_NOT_SUPPORTED.into()),
        }
    }

    fn get_response(&mut self, command: &Command) -> Answer {
        let length = self.volatile.response.len();
        if length == 0 {
            return Err(StatusWord::CONDITIONS.into());
        }
        expect_length(command, length)?;
        Ok(Response::ok(std::mem::take(&mut self.volatile.response)))
    }
}

/// Commands that may come between INITIALIZE and what it was for.
fn keeps_session((cla, ins): (u8, u8)) -> bool {
    matches!((cla, ins), (0x00, 0xB0 | 0xB2) | (0x80, 0x5C | 0x52 | 0x54 | 0x58 | 0xDC))
}

/// Refuses an Le that is neither open nor right.
pub(super) fn expect_length(command: &Command, length: usize) -> Result<(), StatusWord> {
    match command.le {
        Some(le) if le != 256 && usize::from(le) != length => Err(StatusWord::right_length(length)),
        _ => Ok(()),
    }
}

/// Refuses other parameters.
pub(super) fn expect_p1p2(command: &Command, p1: u8, p2: u8) -> Result<(), StatusWord> {
    if (command.p1, command.p2) == (p1, p2) { Ok(()) } else { Err(StatusWord::WRONG_P1P2) }
}
