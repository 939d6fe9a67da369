//! EF1A: the process record of a metro journey (未完成行程), with its checksum.

use super::{FileError, layout};

layout! {
    /// A record of EF1A, 128 bytes. The checksum is written by [`JourneyProcess::seal`] and checked by
    /// [`JourneyProcess::open`].
    JourneyProcess "EF1A" 128 bcd [] {
        /// Record id.
        id: u8,
        /// Record flag.
        flag: u8,
        /// Record length.
        length: u16,
        /// Validity.
        valid: u8,
        /// Lock (锁定标志).
        locked: u8,
        /// Serial number, BCD.
        serial: [u8; 8],
        /// Status (状态): 00 none, 01 entered, 03 bus on.
        status: u8,
        /// City of entry.
        entry_city: [u8; 2],
        /// City of exit.
        exit_city: [u8; 2],
        /// Organisation of entry.
        entry_organisation: [u8; 8],
        /// Organisation of exit.
        exit_organisation: [u8; 8],
        /// Station of entry.
        entry_station: [u8; 8],
        /// Station of exit.
        exit_station: [u8; 8],
        /// Device of entry.
        entry_device: [u8; 8],
        /// Device of exit.
        exit_device: [u8; 8],
        /// Time of entry, YYYYMMDDhhmmss.
        entry_time: [u8; 7],
        /// Time of exit.
        exit_time: [u8; 7],
        /// Highest fare.
        max_fare: u32,
        /// Line of entry.
        entry_line: u8,
        /// Line of exit.
        exit_line: u8,
        /// Amount at entry.
        entry_amount: u32,
        /// Balance at entry.
        entry_balance: u32,
        /// Amount taken.
        amount: u32,
        /// Time of the last use.
        last_time: [u8; 7],
        /// Device of the last use.
        last_device: [u8; 4],
        /// Amount of the month.
        month_amount: [u8; 3],
        /// Trips of the month.
        month_count: u16,
        /// Reserved.
        reserved: [u8; 5],
        /// Entry sign of the city.
        entry_sign: u8,
        /// Exit sign of the city.
        exit_sign: u8,
        /// Entry and exit status.
        sign_status: u8,
        /// Reserved.
        tail: u8,
        /// CRC-32 over bytes 6 to 123.
        crc: u32,
    }
}

impl JourneyProcess {
    /// Writes the record with its checksum.
    pub fn seal(&self) -> [u8; 128] {
        let mut bytes = self.encode();
        let crc = crc32(&bytes[6..124]);
        bytes[124..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// Reads a record and checks its checksum.
    pub fn open(bytes: &[u8]) -> Result<Self, FileError> {
        let record = Self::decode(bytes)?;
        let computed = crc32(&bytes[6..124]);
        if record.crc != computed {
            return Err(FileError::Crc { stored: record.crc, computed });
        }
        Ok(record)
    }

    /// A record with nothing in it.
    pub fn empty() -> Self {
        Self::decode(&[0; 128]).expect("the length of the layout")
    }
}

/// CRC-32 of ISO 3309 (polynomial EDB88320, reflected).
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ crc >> 8)
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};
