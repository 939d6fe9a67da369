//! A city with custodians, keys and a product.
#![allow(dead_code, unreachable_pub)] // each test binary uses its part

use chrono::NaiveDate;
use tongka_base::{Algorithm, CardScheme, Fen, IssuerId};
use tongka_card::profile::Profile;
use tongka_crypto::{Key16, kcv};
use tongka_hsm::{Component, Usage};
use tongka_issuing::*;
use tongka_key::{Action, Desk, KeyState, Level, Login, NewKey, Participant, approve, ceremony, enrol, propose};
use tongka_storage::TenantCode;

pub const CITY: TenantCode = TenantCode(3050);
pub const OTHER: TenantCode = TenantCode(3310);
pub const MAKER: &str = "maker-a";
/// The maker's transport key, known to the test as it is to the maker.
pub const TRANSPORT: [u8; 16] = *b"transport key 01";

pub fn login(name: &str) -> Login<'_> {
    Login::new(CITY, name, "horse battery staple")
}

pub async fn both(desk: &Desk<'_>, action: Action) {
    let id = propose(desk, login("chen"), &action).await.unwrap();
    approve(desk, login("lin"), id).await.unwrap();
}

pub async fn active(desk: &Desk<'_>, name: &str, usage: Usage, sm4: bool, level: Level) {
    active_index(desk, (name, 1), usage, sm4, level).await;
}

pub async fn active_index(desk: &Desk<'_>, (name, index): (&str, u8), usage: Usage, sm4: bool, level: Level) {
    let key = NewKey { name: name.into(), usage, sm4, version: 1, index, scheme: None, level };
    both(desk, Action::Generate { key }).await;
    both(desk, Action::Move { name: name.into(), to: KeyState::Active }).await;
}

/// Custodians, the keys a card needs in one algorithm, the maker's transport key and a file key.
pub async fn keys(desk: &Desk<'_>) {
    let day = |y| NaiveDate::from_ymd_opt(y, 1, 1).unwrap();
    for name in ["chen", "lin"] {
        enrol(desk, "admin", login(name), day(2026), day(2030)).await.unwrap();
    }
    enrol(desk, "admin", login("past"), day(2025), day(2026)).await.unwrap();
    let first: [u8; 16] = std::array::from_fn(|i| i as u8);
    let second = std::array::from_fn(|i| TRANSPORT[i] ^ first[i]);
    let part = |login, value: [u8; 16]| Participant {
        login,
        component: Component { kcv: kcv(Algorithm::Sm4, &value), value: Key16::new(value) },
    };
    let new = NewKey {
        name: "zmk".into(),
        usage: Usage::Transport,
        sm4: true,
        version: 1,
        index: 1,
        scheme: None,
        level: Level::Service,
    };
    let parts = vec![part(login("chen"), first), part(login("lin"), second)];
    ceremony(desk, "chen", CITY, &new, parts, None).await.unwrap();
    both(desk, Action::Move { name: "zmk".into(), to: KeyState::Active }).await;
    active(desk, "zak", Usage::FileMac, true, Level::Service).await;
}

pub fn sample(code: &str) -> Product {
    Product {
        code: code.into(),
        name: "普通卡".into(),
        scheme: CardScheme::TUnion,
        check_digit: true,
        issuer: IssuerId([0x02, 0x00, 0x30, 0x50, 0xFF, 0xFF, 0xFF, 0xFF]),
        region: [0x32, 0x00, 0x30, 0x50],
        kind: 0,
        keys: KeySets::Sm4,
        max_balance: Fen(100_000),
        overdraft: Fen(0),
        deposit: Fen(2_000),
        years: 10,
        files: Vec::new(),
    }
}

/// The data file of all of an order, for a bureau.
pub fn request<'a>(profile: &'a Profile, path: &'a std::path::Path) -> CardFileRequest<'a> {
    let destination = Destination::Bureau;
    CardFileRequest { order: 1, count: None, destination, transport: "zmk", file_key: "zak", profile, path }
}

pub fn segment(first: i64, last: i64) -> Segment {
    Segment { product: "STD".into(), maker: MAKER.into(), first, last }
}

pub fn refused<T: std::fmt::Debug>(outcome: Result<T, IssuingError>, code: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
}

pub const BODY: i64 = 310_430_500_000_000_000;
