//! Making cards: personalised from an image, or blank.

use super::image::{CardImage, FileImage, ImageError, KeyImage, PinImage, PurseImage};
use super::memory::{self as at, Memory, memory_size};
use super::{Card, MOHURD_AID, MOHURD_DF, Random, TUNION_AID, TUNION_DF};
use crate::algorithm_byte;
use crate::nvm::{Nvm, Power};
use tongka_base::{Algorithm, CardScheme};
use tongka_crypto::Key16;

/// Enough for the writes of the largest command: eight records of a compound purchase of the largest size.
const JOURNAL: usize = 2400;
/// Files and keys a blank card has room for, and bytes of contents.
const BLANK_FILES: u8 = 20;
const BLANK_KEYS: u8 = 48;
const BLANK_CONTENTS: usize = 6144;
/// Wrong MACs or authentications under the maker's key until a blank card refuses.
pub(super) const MAKER_LIMIT: u8 = 10;

impl Card {
    /// A personalised card.
    pub fn from_image(image: &CardImage, random: Random) -> Result<Self, ImageError> {
        let contents: usize = image.files.iter().map(|f| usize::from(f.size) * usize::from(f.capacity)).sum();
        let (files, keys) = (u8::try_from(image.files.len()), u8::try_from(image.keys.len()));
        let (files, keys) = (files.map_err(|_| ImageError::Memory)?, keys.map_err(|_| ImageError::Memory)?);
        let size = memory_size(files, keys, contents);
        if size > 0xFFFF {
            return Err(ImageError::Memory);
        }
        let mut memory = Memory(Nvm::new(size, JOURNAL));
        memory.set(at::FILE_CAPACITY, files);
        memory.set(at::KEY_CAPACITY, keys);
        settle(&mut memory)?;
        let (aid, df) = application(image.scheme);
        write_application(&mut memory, image.scheme, image.algorithm, df, aid);
        memory.set(at::LIFE, at::IN_USE);
        memory.0.stage(at::MAX_BALANCE, &image.max_balance.to_be_bytes());
        settle(&mut memory)?;
        write_purse(&mut memory, false, &image.ep, image.max_balance)?;
        if let Some(ed) = &image.ed {
            memory.set(at::FLAGS, at::HAS_ED);
            write_purse(&mut memory, true, ed, image.max_balance)?;
        }
        if let Some(pin) = &image.pin {
            write_pin(&mut memory, pin)?;
        }
        settle(&mut memory)?;
        image.files.iter().try_for_each(|file| write_file(&mut memory, file))?;
        image.keys.iter().try_for_each(|key| write_key(&mut memory, key))?;
        Ok(Self::new(memory, random))
    }

    /// A card as it comes from the card maker, with the maker's transport key (传输密钥) in it.
    pub fn blank(maker_key: Key16, algorithm: Algorithm, random: Random) -> Self {
        let mut memory = Memory(Nvm::new(memory_size(BLANK_FILES, BLANK_KEYS, BLANK_CONTENTS), JOURNAL));
        memory.set(at::LIFE, at::BLANK);
        memory.set(at::FILE_CAPACITY, BLANK_FILES);
        memory.set(at::KEY_CAPACITY, BLANK_KEYS);
        memory.set(at::ALGORITHM, algorithm_byte(algorithm));
        memory.set(at::MAKER_ALGORITHM, algorithm_byte(algorithm));
        memory.set(at::MAKER_TRIES, MAKER_LIMIT);
        memory.0.stage(at::MAKER, maker_key.bytes());
        settle(&mut memory).expect("the header fits the journal");
        memory.0.clear_journal();
        Self::new(memory, random)
    }
}

fn settle(memory: &mut Memory) -> Result<(), ImageError> {
    memory.0.commit(&mut Power(None)).map_err(|_| ImageError::Memory)
}

/// AID and file identifier of a scheme's application.
pub(crate) fn application(scheme: CardScheme) -> (&'static [u8], u16) {
    match scheme {
        CardScheme::TUnion => (&TUNION_AID, TUNION_DF),
        CardScheme::Mohurd => (&MOHURD_AID, MOHURD_DF),
    }
}

pub(super) fn write_application(memory: &mut Memory, scheme: CardScheme, algorithm: Algorithm, df: u16, aid: &[u8]) {
    memory.set(at::APPLICATION, at::ACTIVE);
    memory.set(at::SCHEME, scheme.letter());
    memory.set(at::ALGORITHM, algorithm_byte(algorithm));
    memory.0.stage(at::DF_FID, &df.to_be_bytes());
    memory.set(at::AID_LEN, aid.len() as u8);
    memory.0.stage(at::AID, aid);
}

fn write_purse(memory: &mut Memory, ed: bool, image: &PurseImage, max_balance: u32) -> Result<(), ImageError> {
    if image.balance > max_balance || max_balance > i32::MAX as u32 || image.overdraft > 0xFF_FFFF {
        return Err(ImageError::Purse);
    }
    let mut purse = memory.purse(ed);
    purse.net = image.balance as i32;
    purse.limit = image.overdraft;
    (purse.online, purse.offline) = (image.online_counter, image.offline_counter);
    memory.set_purse(&purse);
    Ok(())
}

fn write_pin(memory: &mut Memory, pin: &PinImage) -> Result<(), ImageError> {
    if !(2..=6).contains(&pin.value.len()) || !(1..=15).contains(&pin.tries) {
        return Err(ImageError::Pin);
    }
    let mut value = [0xFF; 8];
    value[..pin.value.len()].copy_from_slice(&pin.value);
    memory.0.stage(at::PIN, &value);
    memory.0.stage(at::PIN_TRIES, &[pin.tries, pin.tries]);
    memory.set(at::PIN_FLAGS, at::HAS_PIN | if pin.for_load { at::PIN_FOR_LOAD } else { 0 });
    Ok(())
}

fn write_file(memory: &mut Memory, image: &FileImage) -> Result<(), ImageError> {
    let error = ImageError::File(image.fid);
    let directory = image.directory as u8;
    if memory.find_file(directory, |fid| fid == image.fid).is_some() || image.records.len() > image.capacity.into() {
        return Err(error);
    }
    memory
        .create_file(directory, image.fid, image.kind, image.read, image.write, image.size, image.capacity)
        .ok_or(error)?;
    settle(memory)?;
    let mut file = memory.find_file(directory, |fid| fid == image.fid).ok_or(error)?;
    if image.kind == super::FileKind::Transparent {
        if let Some(bytes) = image.records.first() {
            let at = file.record(1).filter(|_| bytes.len() <= usize::from(image.size) && image.capacity == 1);
            memory.0.stage(at.ok_or(error)?, bytes);
            settle(memory)?;
        }
        return Ok(());
    }
    let newest_last = image.kind == super::FileKind::Cyclic;
    for i in 0..image.records.len() {
        let record = if newest_last { &image.records[image.records.len() - 1 - i] } else { &image.records[i] };
        memory.append(&mut file, record).ok_or(error)?;
        settle(memory)?;
    }
    Ok(())
}

fn write_key(memory: &mut Memory, image: &KeyImage) -> Result<(), ImageError> {
    let selector = image.index | if image.algorithm == Algorithm::Sm4 { 0x80 } else { 0x40 };
    if image.index > 0x3F || memory.key(image.usage, selector).is_some() {
        return Err(ImageError::Key(image.index));
    }
    memory
        .set_key(image.usage, image.index, image.version, image.algorithm, image.tries, &image.key)
        .ok_or(ImageError::Memory)?;
    settle(memory)
}
