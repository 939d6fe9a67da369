//! Samples that every test of the codec starts from.
#![allow(dead_code)]

use tongka_base::date::from_days_since_epoch;
use tongka_base::{
    Algorithm, AppSerial, CardScheme, Date, Fen, FileCode, Industry, IssuerId, MemberCode, PsamNo, Reason,
};
use tongka_wire::txu::{LINE_LEN, RECORD_LEN, Txu, format_txu};
use tongka_wire::*;

pub(crate) const UPLOAD: &str = "TXU_20260901_10002900_000001.dat";

pub(crate) fn date() -> Date {
    // 2026-08-31
    from_days_since_epoch(20_696).unwrap()
}

pub(crate) fn txu() -> Txu {
    Txu {
        record_no: 1,
        scheme: CardScheme::TUnion,
        issuer_id: IssuerId::parse(b"02002900FFFFFFFF").unwrap(),
        serial: AppSerial::parse(b"03104290000000012345").unwrap(),
        card_type: 2,
        tti: 6,
        counter: 291,
        psam: PsamNo::parse(b"112233445566").unwrap(),
        psam_txn: 0xA17,
        balance_before: -150,
        amount: 200,
        list_price: 300,
        date: date(),
        time_seconds: 8 * 3600 + 30 * 60 + 15,
        key_version: 1,
        algorithm: Algorithm::Sm4,
        tac: [0xE0, 0xA0, 0xD8, 0x39],
        industry: Industry::Metro,
        merchant: 10_000_001,
        line: 123,
        device: 4567,
        city: 2900,
        grey: false,
        test: true,
    }
}

pub(crate) fn txu_line() -> [u8; LINE_LEN] {
    let mut line = [0; LINE_LEN];
    format_txu(&txu(), &mut line).unwrap();
    line
}

pub(crate) fn header() -> Header {
    Header {
        kind: Kind::Txu,
        sender: MemberCode(10_002_900),
        receiver: MemberCode::CENTRE,
        file_date: date(),
        sequence: 1,
        record_count: 1,
        total_amount: 200,
        record_length: 160,
        created_at: *b"20260901000000",
        body_digest: [0xAB; 32],
    }
}

pub(crate) fn receipt() -> ReceiptRow {
    ReceiptRow {
        upload_name: UPLOAD.into(),
        result: Some(FileCode::F05),
        record_count: 0,
        total_amount: 0,
        body_digest: [0; 32],
        clearing_date: None,
    }
}

pub(crate) fn stl() -> StlRow {
    StlRow {
        as_acquirer: false,
        counterparty: MemberCode(10_002_900),
        industry: Industry::Bus,
        count: 3,
        gross: Fen(1000),
        issuer_fee: Fen(2),
        centre_fee: Fen(0),
        net: Fen(-998),
    }
}

pub(crate) fn sta() -> StaRow {
    StaRow {
        receivable: Fen(1000),
        payable: Fen(2000),
        adjustments: Fen(-5),
        position: Fen(-1005),
        reserve_before: Fen(500),
        reserve_after: Fen(-505),
    }
}

/// A well-formed line of every kind, and the header line.
pub(crate) fn lines() -> Vec<(&'static RecordTable, Vec<u8>)> {
    let written = |write: &dyn Fn(&mut Vec<u8>) -> Result<(), WireError>| {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        out
    };
    let line = txu_line();
    let original = &line[..RECORD_LEN];
    let txd = DetailRow { acquirer: MemberCode(10_002_900), upload_name: UPLOAD, original };
    let txe = ErrorRow { upload_name: UPLOAD, original, reason: Reason::TacWrong };
    let table = Kind::table;
    vec![
        (&HEADER, header().write().unwrap().to_vec()),
        (table(Kind::Txu), line.to_vec()),
        (table(Kind::Txr), written(&|out| write_txr(&receipt(), out))),
        (table(Kind::Txe), written(&|out| write_txe(&txe, out))),
        (table(Kind::Txd), written(&|out| write_txd(&txd, out))),
        (table(Kind::Sus), written(&|out| write_txe(&txe, out))),
        (table(Kind::Stl), written(&|out| write_stl(&stl(), out))),
        (table(Kind::Sta), written(&|out| write_sta(&sta(), out))),
    ]
}
