//! Personalisation of the cards of an order, one after the other, in a PC/SC reader.
//!
//! The feedback file is where the order stands: a line for each card that was written, read back and tested, on disk
//! before the next is begun. A card on which anything fails gets no line: its number goes to the next blank card, and
//! the torn card says that it is one.

use crate::show::{InReader, ask, connect, data};
use serde_json::json;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use tongka_base::{Algorithm, CardScheme};
use tongka_card::apdu::build::{self, Purse};
use tongka_card::card::{MOHURD_AID, TUNION_AID};
use tongka_card::data::{CardData, parse};
use tongka_card::files::PublicInfo;
use tongka_card::personalise::personalise;
use tongka_card::{CardImage, FlowError, KeyUsage};
use tongka_crypto::{Key16, LoadFields, SessionInput, Sm4SessionPadding, load_mac1, mac_whole, session_key, sm3};

/// What is worked with.
pub(crate) struct Desk<'a> {
    pub(crate) order: &'a Path,
    pub(crate) feedback: &'a Path,
    pub(crate) maker: Key16,
    pub(crate) transport: Key16,
    pub(crate) file: Key16,
    pub(crate) algorithm: Algorithm,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The content of a card data file whose MAC is right.
fn checked<'b>(desk: &Desk<'_>, bytes: &'b [u8]) -> Outcome<&'b [u8]> {
    let wrong = || {
        format!(
            "Q12 制卡数据文件损坏或文件密钥不符 the order's file is damaged or under another key: {}",
            desk.order.display()
        )
    };
    let length = if desk.algorithm == Algorithm::Tdes { 8 } else { 16 };
    let (content, mac) = bytes.len().checked_sub(length).map(|at| bytes.split_at(at)).ok_or_else(wrong)?;
    let expected = mac_whole(desk.algorithm, desk.file.bytes(), &sm3(content));
    if expected == mac { Ok(content) } else { Err(wrong().into()) }
}

pub(crate) fn run(desk: &Desk<'_>, reader: Option<&str>, json: bool) -> Outcome<()> {
    let bytes = std::fs::read(desk.order).map_err(|e| format!("Q01 {}: {e}", desk.order.display()))?;
    let order = parse(checked(desk, &bytes)?)?;
    let scheme = order.scheme()?;
    let done = if desk.feedback.exists() { std::fs::read_to_string(desk.feedback)? } else { String::new() };
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
    let image = card.image(scheme, (desk.algorithm, &desk.transport)).map_err(|e| format!("Q13 {e}"))?;
    let mut card = connect(reader)?;
    let started = Instant::now();
    write(&mut card, &image, desk)?;
    test(&mut card, &image)?;
    let ms = started.elapsed().as_millis() as u64;
    let mut feedback = OpenOptions::new().create(true).append(true).open(desk.feedback)?;
    feedback.write_all(format!("{number},ok\n").as_bytes())?;
    feedback.sync_all()?;
    let shown = format!("{}****{}", &number[..6], &number[number.len() - 4..]);
    let left = left - 1;
    if json {
        println!("{}", json!({ "number": shown, "ms": ms, "left": left }));
    } else {
        println!("✓ 已写卡并校验 written and tested: {shown}，{ms} ms，余 left {left}");
    }
    Ok(())
}

fn aid(scheme: CardScheme) -> &'static [u8] {
    match scheme {
        CardScheme::TUnion => &TUNION_AID,
        CardScheme::Mohurd => &MOHURD_AID,
    }
}

/// Writes a blank card, and says of any other what it is.
fn write(card: &mut InReader, image: &CardImage, desk: &Desk<'_>) -> Outcome<()> {
    let written = || "Q14 卡片已写过 the card was written before";
    personalise(card, image, &desk.maker, desk.algorithm).map_err(|error| match &error {
        // A card in use has no maker's key any more.
        FlowError::Refused { step: "EXTERNAL AUTHENTICATE", .. } => {
            let used = ask(card, &build::select_aid(aid(image.scheme))).is_ok_and(|r| r.status.is_ok());
            if used { written().to_owned() } else { format!("Q15 卡商密钥不符 another maker's key: {error}") }
        }
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

/// Reads the public information back and checks a MAC1 of the card.
fn test(card: &mut InReader, image: &CardImage) -> Outcome<()> {
    let wrong = |what: &str| format!("Q18 写后校验失败，请销毁该卡 the test failed, destroy the card: {what}");
    data(card, &build::select_aid(aid(image.scheme)))?;
    let info = data(card, &build::read_binary(0x15, 0, PublicInfo::LEN as u16))?;
    let expected = image.files.iter().find(|f| f.fid == 0x15).and_then(|f| f.records.first());
    if expected != Some(&info) {
        return Err(wrong("EF15").into());
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
    if load_mac1(&session, &fields) == mac1 { Ok(()) } else { Err(wrong("MAC1").into()) }
}
