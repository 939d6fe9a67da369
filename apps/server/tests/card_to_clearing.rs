//! The loop closes: a card is personalised, loaded through the HSM, pays with a PSAM, and the clearing day accepts its
//! taps, in both schemes and both algorithms.

use std::fs;
use std::path::Path;
use std::process::Command;
use tongka_base::date::parse_date;
use tongka_base::{Algorithm, AppSerial, CardScheme, Industry, KeyVersion, PsamNo};
use tongka_card::apdu::build::{self, Purse};
use tongka_card::files::PublicInfo;
use tongka_card::flow::PurchaseRequest;
use tongka_card::numbers::FactorTemplate;
use tongka_card::personalise::personalise;
use tongka_card::psam::{PsamApplication, PsamInfo};
use tongka_card::{
    Card, CardImage, Channel, KeyImage, KeyUsage, Psam, PsamImage, PurchaseRecord, Random, Response, purchase,
};
use tongka_crypto::{Key16, SessionInput, Sm4SessionPadding, diversify_levels, kcv, sm3};
use tongka_hsm::soft::SoftHsm;
use tongka_hsm::{Component, Hsm, KeyRef, KeySpec, Session, Usage};
use tongka_scheme::{PsamState, Scheme};
use tongka_wire::txu::{LINE_LEN, Txu, format_txu};
use tongka_wire::{FileName, Header, Kind};

const TONGKA: &str = env!("CARGO_BIN_EXE_tongka");
const DATE: &str = "2026-09-01";
const DATE_BCD: [u8; 4] = [0x20, 0x26, 0x09, 0x01];
const HOST: [u8; 6] = [0x31, 0, 0, 0, 0, 1];

fn tongka(args: &[&str], dir: &Path) -> serde_json::Value {
    let output = Command::new(TONGKA).arg("--json").args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn seeded(mut state: u64) -> Random {
    Box::new(move |out| {
        for byte in out {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 40) as u8;
        }
    })
}

/// Enters a key into the device as two custodians would.
fn enter(hsm: &SoftHsm, name: &str, usage: Usage, algorithm: Algorithm, value: &Key16) {
    let first: [u8; 16] = std::array::from_fn(|i| 0x5A ^ (i as u8 * 13));
    let second = std::array::from_fn(|i| first[i] ^ value.bytes()[i]);
    let part = |bytes: [u8; 16]| Component { kcv: kcv(algorithm, &bytes), value: Key16::new(bytes) };
    let spec = KeySpec { name: name.to_owned(), usage, algorithm, version: 1, index: 1 };
    let whole = Some(kcv(algorithm, value.bytes()));
    hsm.import_components(&spec, &[part(first), part(second)], whole).unwrap();
}

/// A master key of the test; the TAC masters are those of the scheme file.
fn master(usage: KeyUsage) -> Key16 {
    Key16::new(std::array::from_fn(|i| (usage as u8).wrapping_mul(31) ^ (i as u8).wrapping_mul(17)))
}

fn ok(card: &mut Card, command: &tongka_card::Command) -> Vec<u8> {
    let response = Response::parse(&Channel::transmit(card, &command.bytes()).unwrap()).unwrap();
    assert!(response.status.is_ok(), "{}", response.status);
    response.data
}

/// A load with the host's side in the HSM.
fn load(card: &mut Card, hsm: &SoftHsm, keys: (&str, &str), factors: &[[u8; 8]], key_index: u8, amount: u32) {
    let start = ok(card, &build::init_for_load(Purse::Ep, key_index, amount, HOST));
    let [b0, b1, b2, b3, c0, c1, _, _, r0, r1, r2, r3, ref mac1 @ ..] = start[..] else { panic!("{start:?}") };
    let input = SessionInput { random: [r0, r1, r2, r3], counter: [c0, c1], tail: [0x80, 0] };
    let session = Session { input, padding: Sm4SessionPadding::Pad80 };
    let (amount_bytes, time) = (amount.to_be_bytes(), [0x08, 0x30, 0x15]);
    let mac1_data = [&[b0, b1, b2, b3][..], &amount_bytes, &[2], &HOST].concat();
    let mac2_data = [&amount_bytes[..], &[2], &HOST, &DATE_BCD, &time].concat();
    let key = |name| KeyRef { name, factors };
    let mac2 = hsm.authorise(key(keys.0), session, &mac1_data, <[u8; 4]>::try_from(mac1).unwrap(), &mac2_data).unwrap();
    let tac = ok(card, &build::credit_for_load(DATE_BCD, time, mac2));
    let after = (u32::from_be_bytes([b0, b1, b2, b3]) + amount).to_be_bytes();
    let tac_data = [&after[..], &[c0, c1], &amount_bytes, &[2], &HOST, &DATE_BCD, &time].concat();
    assert_eq!(hsm.tac(key(keys.1), &tac_data).unwrap(), *tac);
}

fn txu(record_no: u32, tap: &PurchaseRecord) -> Txu {
    let text = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<String>();
    Txu {
        record_no,
        scheme: tap.scheme,
        issuer_id: tap.issuer,
        serial: tap.serial,
        card_type: 0,
        tti: tap.tti,
        counter: tap.counter,
        psam: tap.psam,
        psam_txn: tap.psam_txn,
        balance_before: tap.balance_before,
        amount: tap.amount,
        list_price: tap.amount,
        date: parse_date(text(&tap.date).as_bytes()).unwrap(),
        time_seconds: {
            let [h, m, s] = tap.time.map(|b| u32::from(b >> 4) * 10 + u32::from(b & 15));
            h * 3600 + m * 60 + s
        },
        key_version: tap.key_version,
        algorithm: tap.algorithm,
        tac: tap.tac,
        industry: Industry::from_code(2).unwrap(),
        merchant: 1,
        line: 7,
        device: 9,
        city: 2900,
        grey: false,
        test: false,
    }
}

/// The card of an issuer after its load, and the taps it made.
fn live(
    scheme: &Scheme,
    kind: CardScheme,
    algorithm: Algorithm,
    psam: &mut Psam,
    nth: u8,
) -> Option<Vec<PurchaseRecord>> {
    let fits = |i: &&tongka_scheme::Issuer| i.scheme == kind && i.keys.contains(&(KeyVersion(1), algorithm));
    let issuer = scheme.issuers.iter().find(fits)?;
    let tac_master = Key16::new(scheme.tac_key(kind, KeyVersion(1), algorithm)?.key);
    let serial = AppSerial([0x03, 0x10, 0x42, 0x90, 0, 0, 0, 0x77, nth, 0x45]);
    let factors = [kind.issuer_factor(issuer.issuer_id), serial.card_factor()];
    let of = |usage| if usage == KeyUsage::Tac { tac_master.clone() } else { master(usage) };
    let hsm = SoftHsm::in_memory();
    enter(&hsm, "dlk", Usage::Load, algorithm, &of(KeyUsage::Load));
    enter(&hsm, "dtk", Usage::Tac, algorithm, &of(KeyUsage::Tac));

    let info = PublicInfo {
        issuer: issuer.issuer_id,
        enabled: 1,
        version: 1,
        serial,
        start: [0x20, 0x26, 0x01, 0x01],
        expiry: [0x20, 0x36, 0x01, 0x01],
        issuer_data: [0; 2],
    };
    let keys =
        KeyUsage::ALL.map(|usage| KeyImage::new(usage, algorithm, diversify_levels(algorithm, &of(usage), &factors)));
    let image = CardImage::new(kind, algorithm, &info, keys.to_vec());
    let maker = Key16::new([0x5C; 16]);
    let mut card = Card::blank(maker.clone(), algorithm, seeded(u64::from(nth)));
    personalise(&mut card, &image, &maker, algorithm).unwrap();

    let aid: &[u8] = match kind {
        CardScheme::TUnion => &tongka_card::card::TUNION_AID,
        CardScheme::Mohurd => &tongka_card::card::MOHURD_AID,
    };
    ok(&mut card, &build::select_aid(aid));
    load(&mut card, &hsm, ("dlk", "dtk"), &factors, 1, 5000);
    let issuer_factor = match kind {
        CardScheme::TUnion => FactorTemplate::IssuerId,
        CardScheme::Mohurd => FactorTemplate::City,
    };
    let tap = |n: u32| PurchaseRequest {
        scheme: kind,
        issuer_factor,
        key_index: 1,
        amount: 200 + n,
        date: DATE_BCD,
        time: [0x09, 0x10 + n as u8, nth],
        cache: Vec::new(),
    };
    Some((0..3).map(|n| purchase(&mut card, psam, &tap(n)).unwrap()).collect())
}

#[test]
fn a_tap_of_a_card_that_was_made_here_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    tongka(
        &["simulate", "day", "--date", DATE, "--members", "6", "--records", "500", "--seed", "3", "--out", "day"],
        dir,
    );
    let scheme = tongka_scheme::parse(&fs::read_to_string(dir.join("day/scheme.toml")).unwrap(), "scheme").unwrap();
    let range = scheme.psam_ranges.iter().find(|r| r.state == PsamState::Active).unwrap();
    // The last number of the range, which the simulated day does not use.
    let terminal: PsamNo = range.to;
    let key = |algorithm| KeyImage::new(KeyUsage::Purchase, algorithm, master(KeyUsage::Purchase));
    let mut psam = Psam::from_image(&PsamImage {
        info: PsamInfo { serial: [1; 10], version: 1, key_card: 0, issuer_data: [0; 2] },
        terminal,
        application: PsamApplication {
            key_index: 1,
            issuer: [0; 8],
            application: tongka_card::card::TUNION_AID,
            start: [0x20, 0x26, 0x01, 0x01],
            expiry: [0x20, 0x36, 0x01, 0x01],
        },
        next_txn: 1,
        tries: 3,
        keys: vec![key(Algorithm::Tdes), key(Algorithm::Sm4)],
    });
    let mut taps = Vec::new();
    let mut kinds = 0;
    for kind in [CardScheme::TUnion, CardScheme::Mohurd] {
        for algorithm in [Algorithm::Tdes, Algorithm::Sm4] {
            kinds += 1;
            taps.extend(live(&scheme, kind, algorithm, &mut psam, kinds).expect("the scheme has such an issuer"));
        }
    }
    assert_eq!(taps.len(), 12);

    let mut body = Vec::new();
    for (n, tap) in taps.iter().enumerate() {
        let mut line = [0; LINE_LEN];
        format_txu(&txu(n as u32 + 1, tap), &mut line).unwrap();
        body.extend_from_slice(&line);
    }
    let date = parse_date(b"20260901").unwrap();
    // The simulated upload of the same member comes first.
    let name = FileName { kind: Kind::Txu, date, member: range.member, sequence: 2 };
    let header = Header {
        kind: Kind::Txu,
        sender: range.member,
        receiver: tongka_base::MemberCode::CENTRE,
        file_date: date,
        sequence: 2,
        record_count: taps.len() as u32,
        total_amount: taps.iter().map(|t| i64::from(t.amount)).sum(),
        record_length: LINE_LEN as u16,
        created_at: *b"20260901233000",
        body_digest: sm3(&body),
    };
    fs::write(dir.join("day/inbox").join(name.to_string()), [&header.write().unwrap()[..], &body].concat()).unwrap();
    let report = tongka(
        &[
            "centre",
            "run-day",
            "--scheme",
            "day/scheme.toml",
            "--date",
            DATE,
            "--inbox",
            "day/inbox",
            "--outbox",
            "out",
            "--data",
            "data",
        ],
        dir,
    );
    assert_eq!((&report["records"], &report["imbalance_fen"]), (&512.into(), &0.into()));
    for (n, tap) in taps.iter().enumerate() {
        let record = (n + 1).to_string();
        let trail =
            tongka(&["centre", "explain", "--data", "data", "--file", &name.to_string(), "--record", &record], dir);
        assert_eq!((trail["verdict"].as_str(), trail["reason"].as_str()), (Some("A"), Some("00")), "{tap:?} {trail}");
    }
}
