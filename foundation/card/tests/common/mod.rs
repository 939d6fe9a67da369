//! A test issuer: keys, card and PSAM images, the host's side of online transactions.
#![allow(dead_code, unreachable_pub)]

use tongka_base::Algorithm::{self, Sm4, Tdes};
use tongka_base::CardScheme::{self, Mohurd, TUnion};
use tongka_base::{AppSerial, IssuerId, PsamNo};
use tongka_card::apdu::build::{self, Purse, Secure};
use tongka_card::card::{PinImage, PurseImage};
use tongka_card::files::PublicInfo;
use tongka_card::flow::PurchaseRequest;
use tongka_card::numbers::FactorTemplate;
use tongka_card::psam::{PsamApplication, PsamInfo};
use tongka_card::*;
use tongka_crypto::*;

pub const TERMINAL: &str = "112233445566";
pub const HOST: &str = "310000000001";
pub const DATE: &str = "20250131";
pub const TIME: &str = "083015";

pub fn h<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

pub fn up(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

/// A small generator, so that every test repeats.
pub fn seeded(seed: u64) -> Random {
    scripted("", seed)
}

/// The bytes of a text first, then a small generator.
pub fn scripted(text: &str, seed: u64) -> Random {
    let mut first = hex::decode(text).unwrap().into_iter();
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    Box::new(move |out| {
        for byte in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = first.next().unwrap_or((state >> 24) as u8);
        }
    })
}

pub fn master(usage: KeyUsage) -> Key16 {
    Key16::new(match usage {
        KeyUsage::Purchase => h("11223344556677888877665544332211"),
        KeyUsage::Load => h("A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8"),
        KeyUsage::Tac => h("C0C1C2C3C4C5C6C7D0D1D2D3D4D5D6D7"),
        KeyUsage::Maintenance => h("E0E1E2E3E4E5E6E7F0F1F2F3F4F5F6F7"),
        KeyUsage::Unload => h("20212223242526273031323334353637"),
        KeyUsage::Overdraft => h("50515253545556576061626364656667"),
        other => std::array::from_fn(|i| (other as u8).wrapping_mul(7) ^ i as u8),
    })
}

pub fn issuer(scheme: CardScheme) -> IssuerId {
    IssuerId(if scheme == TUnion { h("02002900FFFFFFFF") } else { h("0001200000010000") })
}

pub fn serial(scheme: CardScheme) -> AppSerial {
    AppSerial(if scheme == TUnion { h("03104290000000012345") } else { h("00000000000090002030") })
}

pub fn template(scheme: CardScheme) -> FactorTemplate {
    if scheme == TUnion { FactorTemplate::IssuerHead } else { FactorTemplate::City }
}

pub fn card_key(scheme: CardScheme, algorithm: Algorithm, usage: KeyUsage) -> Key16 {
    let factors = [template(scheme).factor(issuer(scheme)), serial(scheme).card_factor()];
    diversify_levels(algorithm, &master(usage), &factors)
}

/// A card with both key sets and a deposit.
pub fn image(scheme: CardScheme, algorithm: Algorithm) -> CardImage {
    let info = PublicInfo {
        issuer: issuer(scheme),
        enabled: 1,
        version: 1,
        serial: serial(scheme),
        start: h("20250101"),
        expiry: h("20351231"),
        issuer_data: [0; 2],
    };
    let keys = [Tdes, Sm4].into_iter().flat_map(|algorithm| {
        KeyUsage::ALL.map(|usage| KeyImage::new(usage, algorithm, card_key(scheme, algorithm, usage)))
    });
    let mut image = CardImage::new(scheme, algorithm, &info, keys.collect());
    image.ed = Some(PurseImage::default());
    image
}

pub fn with_pin(mut image: CardImage) -> CardImage {
    image.pin = Some(PinImage { value: vec![0x12, 0x34, 0x56], tries: 3, for_load: true });
    image
}

pub fn psam_image() -> PsamImage {
    let key = |usage, algorithm| KeyImage::new(usage, algorithm, master(usage));
    PsamImage {
        info: PsamInfo { serial: h("00000000000000000001"), version: 1, key_card: 0, issuer_data: [0; 2] },
        terminal: PsamNo(h(TERMINAL)),
        application: PsamApplication {
            key_index: 1,
            issuer: h("02002900FFFFFFFF"),
            application: h("A000000632010105"),
            start: h("20250101"),
            expiry: h("20351231"),
        },
        next_txn: 0xA17,
        tries: 3,
        keys: vec![
            key(KeyUsage::Purchase, Tdes),
            key(KeyUsage::Purchase, Sm4),
            key(KeyUsage::Maintenance, Tdes),
            key(KeyUsage::Maintenance, Sm4),
        ],
    }
}

/// Index byte that asks for an algorithm.
pub fn index(algorithm: Algorithm) -> u8 {
    if algorithm == Sm4 { 0x81 } else { 0x41 }
}

pub fn request(scheme: CardScheme, algorithm: Algorithm, amount: u32) -> PurchaseRequest {
    PurchaseRequest {
        scheme,
        issuer_factor: template(scheme),
        key_index: index(algorithm),
        amount,
        date: h(DATE),
        time: h(TIME),
        cache: Vec::new(),
    }
}

pub fn send(card: &mut Card, command: &Command) -> Response {
    Response::parse(&card.transmit(&command.bytes())).unwrap()
}

pub fn ok(card: &mut Card, command: &Command) -> Vec<u8> {
    let response = send(card, command);
    assert_eq!(response.status, StatusWord::OK, "{command:02X?}");
    response.data
}

pub fn select(card: &mut Card) {
    let aid = [&card::TUNION_AID[..], &card::MOHURD_AID].map(build::select_aid);
    assert!(aid.iter().any(|command| {
        let status = send(card, command).status;
        status.is_ok() || status == StatusWord::FILE_BLOCKED
    }));
}

pub fn balance(card: &mut Card, purse: Purse) -> i64 {
    select(card);
    i64::from(i32::from_be_bytes(ok(card, &build::get_net_balance(purse)).try_into().unwrap()))
}

/// A command under secure messaging with one of the card's keys.
pub fn secured(
    card: &mut Card,
    (scheme, algorithm, usage): (CardScheme, Algorithm, KeyUsage),
    make: impl Fn(&Secure<'_>) -> Command,
) -> StatusWord {
    let challenge = ok(card, &build::get_challenge(4)).try_into().unwrap();
    let key = card_key(scheme, algorithm, usage);
    send(card, &make(&Secure { algorithm, key: &key, challenge })).status
}

/// What an online transaction begins with: the fields of INITIALIZE's answer.
struct Start {
    balance: u32,
    counter: u16,
    limit: [u8; 3],
    session: SessionKey,
    mac1: [u8; 4],
}

fn start(card: &mut Card, scheme: CardScheme, usage: KeyUsage, command: &Command) -> Result<Start, StatusWord> {
    let answer = send(card, command);
    if !answer.status.is_ok() {
        return Err(answer.status);
    }
    let d = answer.data;
    let (limit, rest) = if d.len() == 19 { ([d[6], d[7], d[8]], &d[9..]) } else { ([0; 3], &d[6..]) };
    let algorithm = algorithm_from_byte(rest[1]).unwrap();
    let random = rest[2..6].try_into().unwrap();
    let input = SessionInput { random, counter: [d[4], d[5]], tail: [0x80, 0] };
    Ok(Start {
        balance: u32::from_be_bytes(d[..4].try_into().unwrap()),
        counter: u16::from_be_bytes([d[4], d[5]]),
        limit,
        session: session_key(algorithm, &card_key(scheme, algorithm, usage), input, Default::default()),
        mac1: rest[6..].try_into().unwrap(),
    })
}

/// INITIALIZE FOR LOAD and the CREDIT command that goes with it.
pub fn begin_load(
    card: &mut Card,
    (scheme, algorithm): (CardScheme, Algorithm),
    purse: Purse,
    amount: u32,
) -> Result<(Command, LoadFields), StatusWord> {
    select(card);
    let begin = build::init_for_load(purse, index(algorithm), amount, h(HOST));
    let start = start(card, scheme, KeyUsage::Load, &begin)?;
    let fields = LoadFields {
        old_balance: start.balance,
        online_counter: start.counter,
        amount,
        tti: if purse == Purse::Ep { 2 } else { 1 },
        terminal: h(HOST),
        date: h(DATE),
        time: h(TIME),
    };
    assert_eq!(start.mac1, load_mac1(&start.session, &fields));
    Ok((build::credit_for_load(fields.date, fields.time, load_mac2(&start.session, &fields)), fields))
}

pub fn load(card: &mut Card, of: (CardScheme, Algorithm), purse: Purse, amount: u32) -> Result<(), StatusWord> {
    let (credit, fields) = begin_load(card, of, purse, amount)?;
    let answer = send(card, &credit);
    if !answer.status.is_ok() {
        return Err(answer.status);
    }
    if let Some(tac) = load_tac(of.1, &card_key(of.0, of.1, KeyUsage::Tac), &fields) {
        assert_eq!(answer.data, tac);
    }
    Ok(())
}

pub fn begin_unload(
    card: &mut Card,
    of: (CardScheme, Algorithm),
    amount: u32,
) -> Result<(Command, [u8; 4]), StatusWord> {
    select(card);
    let begin = build::init_for_unload(index(of.1), amount, h(HOST));
    let start = start(card, of.0, KeyUsage::Unload, &begin)?;
    let fields = UnloadFields {
        old_balance: start.balance,
        online_counter: start.counter,
        amount,
        tti: 3,
        terminal: h(HOST),
        date: h(DATE),
        time: h(TIME),
    };
    assert_eq!(start.mac1, unload_mac1(&start.session, &fields));
    let debit = build::debit_for_unload(fields.date, fields.time, unload_mac2(&start.session, &fields));
    Ok((debit, unload_mac3(&start.session, &fields).unwrap()))
}

pub fn begin_overdraft(
    card: &mut Card,
    of: (CardScheme, Algorithm),
    new_limit: [u8; 3],
) -> Result<(Command, [u8; 4]), StatusWord> {
    select(card);
    let start = start(card, of.0, KeyUsage::Overdraft, &build::init_for_update(index(of.1), h(HOST)))?;
    let fields = OverdraftFields {
        balance: start.balance,
        online_counter: start.counter,
        old_limit: start.limit,
        new_limit,
        tti: 7,
        terminal: h(HOST),
        date: h(DATE),
        time: h(TIME),
    };
    assert_eq!(start.mac1, overdraft_mac1(&start.session, &fields));
    let mac2 = overdraft_mac2(&start.session, &fields);
    let tac = overdraft_tac(of.1, &card_key(of.0, of.1, KeyUsage::Tac), &fields);
    Ok((build::update_overdraft(new_limit, fields.date, fields.time, mac2), tac))
}

pub const ALL: [(CardScheme, Algorithm); 4] = [(TUnion, Tdes), (TUnion, Sm4), (Mohurd, Tdes), (Mohurd, Sm4)];
