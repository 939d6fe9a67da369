//! Personalisation of a blank card (白卡个人化) through its APDUs, and their proprietary coding.
//!
//! A blank card answers SELECT, GET CHALLENGE, EXTERNAL AUTHENTICATE (P2 00, maker's key), READ, and after that:
//!
//! * CREATE FILE `80 E0 FID`, application: `38 ‖ scheme letter ‖ algorithm ‖ flags (01 has a deposit) ‖ highest balance
//!   4 ‖ overdraft of the purse 3 ‖ overdraft of the deposit 3 ‖ AID 5..16`;
//! * CREATE FILE `80 E0 FID`, file: `kind (28 transparent, 2A linear, 2E cyclic) ‖ directory (00 MF, 01 application)
//!   ‖ read ‖ write (00 free, 01 MAC, 02 authenticated, 03 PIN, 04 never, 05 record protection) ‖ size 2 ‖ records 1`;
//! * UPDATE BINARY `04 D6` and APPEND RECORD `04 E2` with a MAC under the maker's key, whatever the file's access;
//! * WRITE KEY `84 D4 tries‖1 index`: `len 13 ‖ usage ‖ version ‖ algorithm ‖ key 16`, encrypted and with a MAC under
//!   the maker's key; the upper half of P1 is the number of tries, 0 for three. Usage 3A brings the PIN, its value
//!   being `length ‖ PIN 6 padded FF ‖ tries ‖ flag (01 load needs it) ‖ zeros`;
//! * END OF PERSONALISATION `84 44 00 00` with a MAC. Needs the application, its EF15, and a purchase, TAC and
//!   maintenance key in the card's algorithm; wipes the maker's key. From then on the card refuses
//!   CREATE FILE, WRITE KEY and this.
//!
//! Balances and counters start at zero.

use crate::algorithm_byte;
use crate::apdu::Command;
use crate::apdu::build::{self, Secure};
use crate::card::{CardImage, Directory, FileImage, FileKind, application};
use crate::flow::{Channel, FlowError, ask};
use tongka_base::Algorithm;
use tongka_crypto::{Key16, external_authentication};

/// Bytes of one update.
const CHUNK: usize = 128;

struct Session<'a> {
    card: &'a mut dyn Channel,
    key: &'a Key16,
    algorithm: Algorithm,
}

impl Session<'_> {
    /// Sends a command made with a fresh challenge.
    fn secured(&mut self, step: &'static str, make: impl Fn(&Secure<'_>) -> Command) -> Result<(), FlowError> {
        let challenge = ask(self.card, "GET CHALLENGE", &build::get_challenge(4))?;
        let challenge = challenge.try_into().map_err(|_| FlowError::Malformed("GET CHALLENGE"))?;
        let secure = Secure { algorithm: self.algorithm, key: self.key, challenge };
        ask(self.card, step, &make(&secure)).map(drop)
    }

    fn authenticate(&mut self) -> Result<(), FlowError> {
        let challenge = ask(self.card, "GET CHALLENGE", &build::get_challenge(8))?;
        let challenge: [u8; 8] = challenge.try_into().map_err(|_| FlowError::Malformed("GET CHALLENGE"))?;
        let cryptogram = external_authentication(self.algorithm, self.key.bytes(), &challenge);
        ask(self.card, "EXTERNAL AUTHENTICATE", &build::external_auth(0, cryptogram)).map(drop)
    }

    fn application(&mut self, image: &CardImage) -> Result<(), FlowError> {
        let (aid, fid) = application(image.scheme);
        let flags = u8::from(image.ed.is_some());
        let mut data = vec![0x38, image.scheme.letter(), algorithm_byte(image.algorithm), flags];
        data.extend_from_slice(&image.max_balance.to_be_bytes());
        data.extend_from_slice(&image.ep.overdraft.to_be_bytes()[1..]);
        data.extend_from_slice(&image.ed.map_or(0, |ed| ed.overdraft).to_be_bytes()[1..]);
        data.extend_from_slice(aid);
        ask(self.card, "CREATE FILE", &build::create_file(fid, &data)).map(drop)
    }

    fn file(&mut self, image: &FileImage) -> Result<(), FlowError> {
        let [s0, s1] = image.size.to_be_bytes();
        let (kind, directory) = (image.kind as u8, image.directory as u8);
        let data = [kind, directory, image.read as u8, image.write as u8, s0, s1, image.capacity];
        ask(self.card, "CREATE FILE", &build::create_file(image.fid, &data)).map(drop)
    }

    fn contents(&mut self, image: &FileImage) -> Result<(), FlowError> {
        let sfi = (image.fid & 0x1F) as u8;
        if image.kind == FileKind::Transparent {
            let bytes = image.records.first().map_or(&[][..], |bytes| bytes);
            for (n, chunk) in bytes.chunks(CHUNK).enumerate() {
                let offset = u8::try_from(n * CHUNK).map_err(|_| FlowError::Malformed("UPDATE BINARY"))?;
                self.secured("UPDATE BINARY", |secure| build::update_binary(sfi, offset, chunk, secure))?;
            }
            return Ok(());
        }
        let mut records: Vec<&Vec<u8>> = image.records.iter().collect();
        if image.kind == FileKind::Cyclic {
            records.reverse();
        }
        records
            .into_iter()
            .try_for_each(|record| self.secured("APPEND RECORD", |secure| build::append_record(sfi, record, secure)))
    }

    fn keys(&mut self, image: &CardImage) -> Result<(), FlowError> {
        for key in &image.keys {
            let header = [key.usage as u8, key.version, algorithm_byte(key.algorithm)];
            self.secured("WRITE KEY", |secure| build::write_key(key.index, key.tries, header, &key.key, secure))?;
        }
        let Some(pin) = &image.pin else { return Ok(()) };
        let mut value = zeroize::Zeroizing::new([0; 16]);
        value[1..7].fill(0xFF);
        let length = pin.value.len().min(6);
        (value[0], value[7], value[8]) = (length as u8, pin.tries, u8::from(pin.for_load));
        value[1..1 + length].copy_from_slice(&pin.value[..length]);
        let value = Key16::new(*value);
        self.secured("WRITE KEY", |secure| build::write_key(0, 0, [0x3A, 0, 0], &value, secure))
    }
}

/// Makes a blank card the card of an image, whose balances and counters are not used.
pub fn personalise(
    card: &mut dyn Channel,
    image: &CardImage,
    maker_key: &Key16,
    maker_algorithm: Algorithm,
) -> Result<(), FlowError> {
    let mut session = Session { card, key: maker_key, algorithm: maker_algorithm };
    session.authenticate()?;
    session.application(image)?;
    image.files.iter().try_for_each(|file| session.file(file))?;
    let (aid, _) = application(image.scheme);
    for (directory, select) in [(Directory::Mf, build::select_fid(0x3F00)), (Directory::Adf, build::select_aid(aid))] {
        ask(session.card, "SELECT", &select)?;
        image.files.iter().filter(|file| file.directory == directory).try_for_each(|file| session.contents(file))?;
    }
    session.keys(image)?;
    session.secured("END OF PERSONALISATION", build::end_personalisation)
}
