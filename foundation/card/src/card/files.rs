//! SELECT, and reading and writing of files.

use super::image::{Access, FileKind};
use super::memory::{self as at, FileEntry};
use super::{Answer, Card, Fault, PPSE};
use crate::apdu::{Command, Response, StatusWord};
use tongka_base::CardScheme;

fn tlv(tag: &[u8], value: &[u8]) -> Vec<u8> {
    [tag, &[value.len() as u8], value].concat()
}

impl Card {
    pub(super) fn select(&mut self, command: &Command) -> Answer {
        let exists = self.memory.0.byte(at::APPLICATION) != at::NO_APPLICATION;
        match (command.p1, command.p2) {
            (0x04, 0x00) => {
                if exists && command.data == self.memory.aid() {
                    return self.select_application();
                }
                if exists && self.memory.scheme() == CardScheme::TUnion && command.data == PPSE {
                    let entry = [tlv(&[0x4F], self.memory.aid()), tlv(&[0x50], b"TUNION"), tlv(&[0x87], &[1])].concat();
                    let list = tlv(&[0xBF, 0x0C], &tlv(&[0x61], &entry));
                    self.leave(0);
                    return Ok(Response::ok(tlv(&[0x6F], &[tlv(&[0x84], &PPSE), tlv(&[0xA5], &list)].concat())));
                }
                Err(StatusWord::FILE_NOT_FOUND.into())
            }
            (0x00, 0x00) => match <[u8; 2]>::try_from(&command.data[..]).map(u16::from_be_bytes) {
                Err(_) if command.data.is_empty() => Ok(self.select_master()),
                Err(_) => Err(StatusWord::WRONG_LENGTH.into()),
                Ok(0x3F00) => Ok(self.select_master()),
                Ok(fid) if exists && fid == self.memory.u16(at::DF_FID) => self.select_application(),
                Ok(fid) if self.memory.find_file(self.volatile.directory, |other| other == fid).is_some() => {
                    self.volatile.file = Some(fid);
                    Ok(Response::ok([]))
                }
                Ok(_) => Err(StatusWord::FILE_NOT_FOUND.into()),
            },
            _ => Err(StatusWord::WRONG_P1P2.into()),
        }
    }

    /// Leaves for a directory, with none of the rights held before.
    fn leave(&mut self, directory: u8) {
        let blank = self.memory.0.byte(at::LIFE) == at::BLANK;
        self.volatile.directory = directory;
        self.volatile.file = None;
        self.volatile.pin_verified = false;
        if !blank {
            self.volatile.authenticated = 0;
        }
    }

    fn select_master(&mut self) -> Response {
        self.leave(0);
        Response::ok(tlv(&[0x6F], &tlv(&[0x84], b"1PAY.SYS.DDF01")))
    }

    fn select_application(&mut self) -> Answer {
        self.leave(1);
        let info = self.memory.file(1, 0x15).and_then(|file| Some((file.record(1)?, usize::from(file.size))));
        let info = info.map(|(at, len)| tlv(&[0x9F, 0x0C], &self.memory.0.read(at, len)[..len.min(30)]));
        let name = tlv(&[0x84], self.memory.aid());
        let data = tlv(&[0x6F], &[name, tlv(&[0xA5], &info.unwrap_or_default())].concat());
        let blocked = self.memory.0.byte(at::APPLICATION) != at::ACTIVE;
        Ok(Response { data, status: if blocked { StatusWord::FILE_BLOCKED } else { StatusWord::OK } })
    }

    fn named(&self, sfi: u8) -> Result<FileEntry, StatusWord> {
        match (sfi, self.volatile.file) {
            (0, Some(fid)) => self.memory.find_file(self.volatile.directory, |other| other == fid),
            (0, None) => None,
            _ => self.memory.file(self.volatile.directory, sfi),
        }
        .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// The transparent file and offset of P1 P2.
    fn binary(&self, command: &Command) -> Result<(FileEntry, usize), StatusWord> {
        let (sfi, offset) = match command.p1 {
            p1 if p1 & 0x80 == 0 => (0, usize::from(p1) << 8 | usize::from(command.p2)),
            p1 if p1 & 0x60 != 0 || p1 & 0x1F == 0 => return Err(StatusWord::WRONG_P1P2),
            p1 => (p1 & 0x1F, usize::from(command.p2)),
        };
        let file = self.named(sfi)?;
        if file.kind != FileKind::Transparent {
            return Err(StatusWord::FILE_TYPE);
        }
        Ok((file, offset))
    }

    fn granted(&self, access: Access) -> bool {
        match access {
            Access::Free => true,
            Access::Mac | Access::Protected | Access::Never => false,
            Access::Authenticated => self.volatile.authenticated != 0,
            Access::Pin => self.volatile.pin_verified,
        }
    }

    pub(super) fn read_binary(&mut self, command: &Command) -> Answer {
        let (file, offset) = self.binary(command)?;
        if !self.granted(file.read) {
            return Err(StatusWord::SECURITY.into());
        }
        let left = usize::from(file.size).checked_sub(offset).filter(|left| *left > 0);
        let left = left.ok_or(StatusWord::OUT_OF_FILE)?;
        let length = match command.le {
            _ if !command.data.is_empty() => return Err(StatusWord::WRONG_LENGTH.into()),
            None => return Err(StatusWord::right_length(left.min(256)).into()),
            Some(256) => left.min(256),
            Some(le) if usize::from(le) > left => return Err(StatusWord::right_length(left).into()),
            Some(le) => usize::from(le),
        };
        let at = file.record(1).ok_or(StatusWord::RECORD_NOT_FOUND)? + offset;
        Ok(Response::ok(self.memory.0.read(at, length)))
    }

    pub(super) fn read_record(&mut self, command: &Command) -> Answer {
        if command.p2 & 7 != 4 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let file = self.named(command.p2 >> 3)?;
        if file.kind == FileKind::Transparent {
            return Err(StatusWord::FILE_TYPE.into());
        }
        if !self.granted(file.read) {
            return Err(StatusWord::SECURITY.into());
        }
        let at = file.record(command.p1).ok_or(StatusWord::RECORD_NOT_FOUND)?;
        let length = usize::from(file.size);
        if !command.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        match command.le {
            None => Err(StatusWord::right_length(length).into()),
            Some(le) if le != 256 && usize::from(le) != length => Err(StatusWord::right_length(length).into()),
            Some(_) => Ok(Response::ok(self.memory.0.read(at, length))),
        }
    }

    /// Checks the right to write, and returns the data without the MAC.
    fn writing(&mut self, command: &Command, file: &FileEntry) -> Result<Vec<u8>, Fault> {
        let secured = command.cla & 0x0C != 0;
        if self.memory.0.byte(at::LIFE) == at::BLANK {
            return self.maker_mac(command);
        }
        let by_mac = matches!(file.write, Access::Mac | Access::Protected);
        if !((secured && by_mac) || self.granted(file.write)) {
            return Err(StatusWord::SECURITY.into());
        }
        match (secured, file.write) {
            (false, _) => Ok(command.data.clone()),
            (true, Access::Protected) => self.protection_mac(command),
            (true, _) => self.maintenance_mac(command, file.directory),
        }
    }

    pub(super) fn update_binary(&mut self, command: &Command) -> Answer {
        let (file, offset) = self.binary(command)?;
        let data = self.writing(command, &file)?;
        if data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        if offset + data.len() > usize::from(file.size) {
            return Err(StatusWord::OUT_OF_FILE.into());
        }
        let at = file.record(1).ok_or(StatusWord::RECORD_NOT_FOUND)? + offset;
        self.memory.0.stage(at, &data);
        self.commit()?;
        Ok(Response::ok([]))
    }

    pub(super) fn update_record(&mut self, command: &Command) -> Answer {
        if command.p2 & 7 != 4 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let file = self.named(command.p2 >> 3)?;
        if file.kind == FileKind::Transparent {
            return Err(StatusWord::FILE_TYPE.into());
        }
        let at = file.record(command.p1).ok_or(StatusWord::RECORD_NOT_FOUND)?;
        let data = self.writing(command, &file)?;
        if data.is_empty() || data.len() > usize::from(file.size) {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        self.memory.0.stage(at, &data);
        self.commit()?;
        Ok(Response::ok([]))
    }

    pub(super) fn append_record(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 || command.p2 & 7 != 0 {
            return Err(StatusWord::WRONG_P1P2.into());
        }
        let mut file = self.named(command.p2 >> 3)?;
        if file.kind == FileKind::Transparent {
            return Err(StatusWord::FILE_TYPE.into());
        }
        let data = self.writing(command, &file)?;
        if data.is_empty() || data.len() > usize::from(file.size) {
            return Err(StatusWord::WRONG_LENGTH.into());
        }
        self.memory.append(&mut file, &data).ok_or(StatusWord::NO_SPACE)?;
        self.commit()?;
        Ok(Response::ok([]))
    }
}
