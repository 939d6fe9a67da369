//! Personalisation of the cards of an order, one after the other, in a PC/SC reader.
//!
//! The feedback file is where the order stands: a line for each card that was written, read back and tested, on disk
//! before the next is begun. A card on which anything fails gets no line: its number goes to the next blank card, and
//! the torn card says that it is one. Everything that happens, refusals too, is in the event log beside the feedback.

use crate::journal::Journal;
use crate::show::{InReader, ask, connect, data};
use serde_json::json;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use tongka_base::{Algorithm, CardScheme, IssuerId};
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::{Access, Directory, FileImage, FileKind, MOHURD_AID, TUNION_AID};
use tongka_card::data::{CardData, parse};
use tongka_card::events::Event;
use tongka_card::files::PublicInfo;
use tongka_card::personalise::personalise;
use tongka_card::profile::Profile;
use tongka_card::{CardImage, FlowError, KeyUsage};
use tongka_crypto::{Key16, LoadFields, SessionInput, Sm4SessionPadding, load_mac1, mac_whole, session_key, sm3};

/// What is worked with.
pub(crate) struct Desk<'a> {
    pub(crate) order: &'a Path,
    pub(crate) feedback: &'a Path,
    pub(crate) events: &'a Path,
    pub(crate) profiles: Vec<Profile>,
    pub(crate) maker: Key16,
    pub(crate) transport: Key16,
    pub(crate) file: Key16,
    pub(crate) algorithm: Algorithm,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The content of a card data file whose MAC is right, and its digest.
fn checked<'b>(desk: &Desk<'_>, bytes: &'b [u8]) -> Outcome<(&'b [u8], [u8; 32])> {
    let wrong = || {
        format!(
            "Q12 制卡数据文件损坏或文件密钥不符 the order's file is damaged or under another key: {}",
            desk.order.display()
        )
    };
    let length = if desk.algorithm == Algorithm::Tdes { 8 } else { 16 };
    let (content, mac) = bytes.len().checked_sub(length).map(|at| bytes.split_at(at)).ok_or_else(wrong)?;
    let digest = sm3(content);
    let expected = mac_whole(desk.algorithm, desk.file.bytes(), &digest);
    if expected == mac { Ok((content, digest)) } else { Err(wrong().into()) }
}

pub(crate) fn run(desk: &Desk<'_>, reader: Option<&str>, json: bool) -> Outcome<()> {
    let bytes = std::fs::read(desk.order).map_err(|e| format!("Q01 {}: {e}", desk.order.display()))?;
    let read = checked(desk, &bytes)
        .and_then(|(content, digest)| Ok((parse(content, &desk.profiles).map_err(|e| format!("Q12 {e}"))?, digest)));
    // Without an order that can be trusted there is no log of it either.
    let (order, digest) = Journal::unsealed(&Journal::beside(desk.events, ".refused")).refused("", read)?;
    let journal = Journal::of_order(desk.events, &digest, desk.algorithm, &desk.file);
    let before = journal.events()?.0;
    let scheme = order.scheme()?;
    let mut done = if desk.feedback.exists() { std::fs::read_to_string(desk.feedback)? } else { String::new() };
    mend(desk, &order.cards, scheme, &before, &mut done)?;
    let is_done = |number: &str| done.lines().any(|line| line.split(',').next() == Some(number));
    let mut next: Option<(&CardData, String)> = None;
    let mut left = 0;
    for card in &order.cards {
        let number = card.number(scheme)?;
        if !is_done(&number) {
            left += 1;
            next.get_or_insert((card, number));
        }
    }
    let Some((card, number)) = next else {
        if before.last().is_none_or(|event| event.code != "complete") {
            journal.add("complete", "", "")?;
        }
        println!(
            "{}",
            if json {
                json!({ "left": 0 }).to_string()
            } else {
                "✓ 订单已全部写完 the order is complete".into()
            }
        );
        return Ok(());
    };
    let shown = format!("{}****{}", &number[..6], &number[number.len() - 4..]);
    let started = Instant::now();
    let work = || -> Outcome<()> {
        let image = card.image(scheme, (desk.algorithm, &desk.transport)).map_err(|e| format!("Q13 {e}"))?;
        let issuer = card.public_info().map_err(|e| format!("Q13 {e}"))?.issuer;
        let mut card = connect(reader)?;
        write(&mut card, &image, issuer, desk)?;
        test(&mut card, &image)
    };
    journal.refused(&shown, work())?;
    let ms = started.elapsed().as_millis() as u64;
    // The event first: after a stop between both the next run adds the line.
    journal.add(WRITTEN, &shown, &format!("{ms} ms"))?;
    add_line(desk, &number)?;
    let left = left - 1;
    if left == 0 {
        journal.add("complete", "", "")?;
    }
    if json {
        println!("{}", json!({ "number": shown, "ms": ms, "left": left }));
    } else {
        println!("✓ 已写卡并校验 written and tested: {shown}，{ms} ms，余 left {left}");
    }
    Ok(())
}

/// Event of a card that was written.
const WRITTEN: &str = "written";

fn add_line(desk: &Desk<'_>, number: &str) -> Outcome<()> {
    let mut feedback = OpenOptions::new().create(true).append(true).open(desk.feedback)?;
    feedback.write_all(format!("{number},ok\n").as_bytes())?;
    Ok(feedback.sync_all()?)
}

/// Adds the line that a stop kept from the feedback: the log is one card ahead. Anything else is no work of this reader.
fn mend(desk: &Desk<'_>, cards: &[CardData], scheme: CardScheme, events: &[Event], done: &mut String) -> Outcome<()> {
    let written = events.iter().filter(|event| event.code == WRITTEN).count();
    let lines = done.lines().filter(|line| line.ends_with(",ok")).count();
    if written == lines {
        return Ok(());
    }
    let number = cards.get(lines).map(|card| card.number(scheme)).transpose()?;
    let Some(number) = number.filter(|_| written == lines + 1) else {
        let text = "Q20 反馈与事件日志不一致 the feedback and the event log tell of other cards";
        return Err(format!("{text}: {lines}, {written}").into());
    };
    add_line(desk, &number)?;
    done.push_str(&format!("{number},ok\n"));
    Ok(())
}

fn aid(scheme: CardScheme) -> &'static [u8] {
    match scheme {
        CardScheme::TUnion => &TUNION_AID,
        CardScheme::Mohurd => &MOHURD_AID,
    }
}

/// What a card that is no blank one is: the issuer in it, where it says.
fn issuer_of(card: &mut InReader) -> Option<IssuerId> {
    for scheme in CardScheme::ALL {
        if ask(card, &build::select_aid(aid(scheme))).is_ok_and(|r| r.status.is_ok()) {
            let info = data(card, &build::read_binary(0x15, 0, PublicInfo::LEN as u16)).ok()?;
            return PublicInfo::decode(&info).ok().map(|info| info.issuer);
        }
    }
    None
}

/// Writes a blank card, and says of any other what it is.
fn write(card: &mut InReader, image: &CardImage, issuer: IssuerId, desk: &Desk<'_>) -> Outcome<()> {
    personalise(card, image, &desk.maker, desk.algorithm).map_err(|error| match &error {
        // A card in use has no maker's key any more.
        FlowError::Refused { step: "EXTERNAL AUTHENTICATE", .. } => match issuer_of(card) {
            Some(found) if found == issuer => "Q14 卡片已写过 the card was written before".to_owned(),
            Some(found) => format!("Q19 其他发卡机构的卡片 a card of another issuer: {found}"),
            None => format!("Q15 卡商密钥不符 another maker's key: {error}"),
        },
        FlowError::Refused { step: "CREATE FILE", .. } => {
            format!("Q16 卡片上次未写完，请销毁 the card is torn, destroy it: {error}")
        }
        FlowError::NoAnswer(_) => {
            format!("Q08 卡片无应答，可能已移开；该卡请销毁 no answer: destroy this card: {error}")
        }
        _ => format!("Q17 写卡失败，请销毁该卡 personalisation failed, destroy the card: {error}"),
    })?;
    Ok(())
}

fn wrong(what: &str) -> Box<dyn Error> {
    format!("Q18 写后校验失败，请销毁该卡 the test failed, destroy the card: {what}").into()
}

/// Bytes of one reading.
const CHUNK: usize = 128;

/// Reads a file back.
fn same(card: &mut InReader, file: &FileImage) -> Outcome<()> {
    let (sfi, odd) = ((file.fid & 0x1F) as u8, || wrong(&format!("EF{:02X}", file.fid)));
    if file.kind == FileKind::Transparent {
        let expected = file.records.first().map_or(&[][..], Vec::as_slice);
        for (n, chunk) in expected.chunks(CHUNK).enumerate() {
            let offset = u8::try_from(n * CHUNK).map_err(|_| odd())?;
            if data(card, &build::read_binary(sfi, offset, chunk.len() as u16))? != chunk {
                return Err(odd());
            }
        }
        return Ok(());
    }
    for (number, record) in (1..).zip(&file.records) {
        if data(card, &build::read_record(sfi, number, file.size))? != *record {
            return Err(odd());
        }
    }
    Ok(())
}

/// Reads back every file that may be read, and checks a MAC1 of the card.
fn test(card: &mut InReader, image: &CardImage) -> Outcome<()> {
    let directories =
        [(Directory::Mf, build::select_fid(0x3F00)), (Directory::Adf, build::select_aid(aid(image.scheme)))];
    for (directory, select) in directories {
        data(card, &select)?;
        let files = image.files.iter().filter(|f| f.directory == directory && f.read == Access::Free);
        files.into_iter().try_for_each(|file| same(card, file))?;
    }
    let load = image.keys.iter().find(|k| k.usage == KeyUsage::Load && k.algorithm == image.algorithm);
    let load = load.ok_or_else(|| wrong("load key"))?;
    let (amount, terminal) = (1, [0; 6]);
    let start = data(card, &build::init_for_load(Purse::Ep, load.index, amount, terminal))?;
    let start: [u8; 16] = start.try_into().map_err(|_| wrong("INITIALIZE FOR LOAD"))?;
    let [b0, b1, b2, b3, c0, c1, _, _, r0, r1, r2, r3, mac1 @ ..] = start;
    let input = SessionInput { random: [r0, r1, r2, r3], counter: [c0, c1], tail: [0x80, 0] };
    let session = session_key(load.algorithm, &load.key, input, Sm4SessionPadding::default());
    let fields = LoadFields {
        old_balance: u32::from_be_bytes([b0, b1, b2, b3]),
        online_counter: u16::from_be_bytes([c0, c1]),
        amount,
        tti: 2,
        terminal,
        date: [0; 4],
        time: [0; 3],
    };
    if load_mac1(&session, &fields) == mac1 { Ok(()) } else { Err(wrong("MAC1")) }
}
