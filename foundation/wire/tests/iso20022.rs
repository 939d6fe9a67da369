//! Bank messages: what is written reads back and fits the published schemas; what banks send is read in all its varieties;
//! what is hostile or wrong is refused at once.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use tongka_base::date::{DateTime, parse_date};
use tongka_base::{Date, Fen};
use tongka_wire::iso20022::{
    CamtHead, Entry, EntryStatus, IsoCode, Notification, OriginalStatus, Party, Payment, PaymentOrder, Statement,
    StatementHead, StatusReport, TransactionStatus, Way, message_name, read_notifications, read_order, read_statements,
    read_status, stream_statements, write_notification, write_statements, write_status,
};

fn day(day: u32) -> Date {
    parse_date(format!("202609{day:02}").as_bytes()).unwrap()
}

fn at(hour: u32) -> DateTime {
    day(2).and_hms_opt(hour, 30, 15).unwrap()
}

fn party(n: u32) -> Party {
    Party {
        name: format!("机构{n} <Members & Co.> \"'"), account: format!("6222{n:015}"), bank: "102100099996".into()
    }
}

fn order(way: Way) -> PaymentOrder {
    let payment = |n: u32| Payment {
        id: format!("TK2026090210002{n:03}P"),
        amount: Fen(i64::from(n) * 12_345 + 5),
        party: party(n),
        mandate: (way == Way::Collect).then(|| (format!("MNDT{n}"), day(1))),
        remittance: format!("清算 2026-09-01 第{n}笔"),
    };
    PaymentOrder {
        id: "TKORDER-20260902-1".into(),
        way,
        created_at: at(9),
        execute_on: day(2),
        own: party(0),
        payments: (1..4).map(payment).collect(),
    }
}

fn entry(number: u32, amount: i64, is_credit: bool) -> Entry {
    Entry {
        number,
        amount: Fen(amount),
        is_credit,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked_on: Some(day(2)),
        valued_on: Some(day(2)),
        reference: Some(format!("TK20260902{number}")),
        bank_reference: Some(format!("BK{number}")),
        return_reason: None,
        party: Some("上海 & 北京".into()),
        party_account: Some("6222000".into()),
        remittance: "清算款".into(),
    }
}

fn statement(account: &str, opening: i64, entries: Vec<Entry>) -> Statement {
    let sum: i128 = entries.iter().filter(|e| e.status == EntryStatus::Booked).map(Entry::signed).sum();
    let head = StatementHead {
        id: format!("ST-{account}"),
        sequence: Some(17),
        created_at: Some(at(20)),
        account: account.into(),
        days: Some((day(2), day(2))),
        opening: Fen(opening),
        closing: Fen(opening + sum as i64),
        closing_on: Some(day(2)),
    };
    Statement { head, entries }
}

/// Folder of the published schemas, which `cargo xtask test` puts beside the compiled tests.
fn schema_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folders = program.ancestors().map(|folder| folder.join("iso20022-schemas"));
    folders.into_iter().find(|folder| folder.is_dir()).expect("the published schemas: cargo xtask test fetches them")
}

fn fits_schema(bytes: &[u8], message: &str) {
    let schema = schema_folder().join(format!("{message}.xsd"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.xml");
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&file).output();
    let output = output.expect("xmllint of libxml2-utils: cargo xtask test installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn orders_fit_their_schemas_and_read_back() {
    for way in [Way::Pay, Way::Collect] {
        let order = order(way);
        let bytes = order.write().unwrap();
        assert_eq!(message_name(&bytes).unwrap(), way.message());
        fits_schema(&bytes, way.message());
        assert_eq!(read_order(&bytes).unwrap(), order);
        assert_eq!(order.write().unwrap(), bytes, "the same order is the same bytes");
    }
}

#[test]
fn status_reports_fit_their_schema_and_read_back() {
    let transaction = |id: &str, status, reason: Option<&str>| TransactionStatus {
        id: id.into(),
        status,
        reason: reason.map(Into::into),
        text: reason.map(|_| "余额不足 insufficient".into()),
    };
    let report = StatusReport {
        id: "RPT1".into(),
        created_at: at(10),
        order: "TKORDER-20260902-1".into(),
        group: None,
        reason: None,
        transactions: vec![
            transaction("A1", OriginalStatus::Settled, None),
            transaction("A2", OriginalStatus::Rejected, Some("AM04")),
            transaction("A3", OriginalStatus::Pending, None),
        ],
    };
    let whole = StatusReport {
        group: Some(OriginalStatus::Rejected),
        reason: Some("DU01".into()),
        transactions: Vec::new(),
        ..report.clone()
    };
    for report in [report, whole] {
        let bytes = write_status(&report, "pain.001.001.09").unwrap();
        fits_schema(&bytes, "pain.002.001.12");
        assert_eq!(read_status(&bytes).unwrap(), report);
    }
}

#[test]
fn statements_and_notifications_read_back() {
    let mut entries = vec![entry(1, 885, true), entry(2, 0, false), entry(3, 700, false)];
    entries[1] = Entry { status: EntryStatus::Pending, amount: Fen(5), ..entries[1].clone() };
    entries[2] = Entry { is_reversal: true, return_reason: Some("AC04".into()), reference: None, ..entries[2].clone() };
    let statements = vec![
        statement("6222001", 100, entries.clone()),
        statement("6222002", -300, Vec::new()),
        statement("6222003", 0, vec![entry(1, 1, true)]),
    ];
    let head = CamtHead { id: "M1".into(), created_at: at(20) };
    let bytes = write_statements(&head, &statements).unwrap();
    assert_eq!(read_statements(&bytes).unwrap(), statements);
    assert_eq!(message_name(&bytes).unwrap(), "camt.053.001.08");
    let notification = Notification { id: "N1".into(), account: "6222001".into(), entries };
    let bytes = write_notification(&head, std::slice::from_ref(&notification)).unwrap();
    assert_eq!(read_notifications(&bytes).unwrap(), vec![notification]);
}

/// A statement as banks write it: `version` of the message, `body` between account and end.
fn camt053(version: &str, balances: [&str; 2], entries: &str) -> String {
    let balance = |kind: &str, amount: &str| {
        let (side, amount) = amount.strip_prefix('-').map_or(("CRDT", amount), |a| ("DBIT", a));
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt>\
             <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-09-02</Dt></Dt></Bal>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-09-02T20:00:00+08:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>\
         <Acct><Id><Othr><Id>6222001</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", balances[0]),
        balance("CLBD", balances[1]),
    )
}

fn ntry(amount: &str, side: &str, status: &str, details: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}\
         <BookgDt><DtTm>2026-09-02T18:43:50Z</DtTm></BookgDt><ValDt><Dt>2026-09-03+08:00</Dt></ValDt>{details}</Ntry>"
    )
}

fn one(text: &str) -> Statement {
    let mut statements = read_statements(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(statements.len(), 1);
    statements.remove(0)
}

#[test]
fn the_varieties_of_versions_two_to_eight_are_read() {
    let old = "<Sts>BOOK</Sts>";
    let new = "<Sts><Cd>BOOK</Cd></Sts>";
    let party_old = "<NtryDtls><TxDtls><Refs><EndToEndId>TK1</EndToEndId></Refs><RltdPties><Dbtr><Nm>上海</Nm></Dbtr>\
                     <DbtrAcct><Id><IBAN>NL26VAYB8060476890</IBAN></Id></DbtrAcct></RltdPties>\
                     <RmtInf><Ustrd>一</Ustrd><Ustrd>二</Ustrd></RmtInf></TxDtls></NtryDtls>";
    let party_new = party_old.replace("<Dbtr><Nm>上海</Nm></Dbtr>", "<Dbtr><Pty><Nm>上海</Nm></Pty></Dbtr>");
    for (version, status, details) in
        [("02", old, party_old), ("04", old, party_old), ("06", old, &party_new), ("08", new, &party_new)]
    {
        let read = one(&camt053(version, ["1.00", "9.85"], &ntry("8.85", "CRDT", status, details)));
        let line = &read.entries[0];
        assert_eq!(
            (line.amount, line.is_credit, line.reference.as_deref()),
            (Fen(885), true, Some("TK1")),
            "{version}"
        );
        assert_eq!((line.party.as_deref(), line.party_account.as_deref()), (Some("上海"), Some("NL26VAYB8060476890")));
        assert_eq!((line.booked_on, line.valued_on, line.remittance.as_str()), (Some(day(3)), Some(day(3)), "一 二"));
        assert_eq!((read.head.opening, read.head.closing, read.head.account.as_str()), (Fen(100), Fen(985), "6222001"));
    }
    // A prefix, a byte order mark, comments and CDATA change nothing.
    let plain = camt053("08", ["1.00", "-7.85"], &ntry("8.85", "DBIT", new, ""));
    let prefixed =
        plain.replace('<', "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("xmlns=", "xmlns:c=");
    let cdata = plain.replace("<Id>S1</Id>", "<!-- bank --><Id><![CDATA[S]]>1</Id>");
    for text in [plain.clone(), prefixed, cdata, format!("\u{feff}{plain}")] {
        assert_eq!(one(&text).head.closing, Fen(-785), "{text}");
    }
    // What is pending or for information only is told and does not count.
    let pending = ntry("5.00", "CRDT", "<Sts><Cd>PDNG</Cd></Sts>", "") + &ntry("6.00", "CRDT", "<Sts>INFO</Sts>", "");
    let read = one(&camt053("08", ["1.00", "1.00"], &pending));
    assert_eq!(
        read.entries.iter().map(|e| e.status).collect::<Vec<_>>(),
        [EntryStatus::Pending, EntryStatus::Information]
    );
    // An entry with several transactions is several lines.
    let parts = "<NtryDtls><TxDtls><Refs><EndToEndId>A</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy=\"CNY\">3.00</Amt></TxAmt></AmtDtls></TxDtls>\
                 <TxDtls><Refs><EndToEndId>B</EndToEndId></Refs><Amt Ccy=\"CNY\">5.85</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls></NtryDtls>";
    let read = one(&camt053("08", ["0.00", "8.85"], &ntry("8.85", "CRDT", new, parts)));
    let lines: Vec<_> = read.entries.iter().map(|e| (e.number, e.amount.0, e.reference.clone().unwrap())).collect();
    assert_eq!(lines, [(1, 300, "A".into()), (2, 585, "B".into())]);
}

fn code<T: std::fmt::Debug>(result: Result<T, tongka_wire::iso20022::IsoError>) -> IsoCode {
    result.unwrap_err().code
}

#[test]
fn statements_that_do_not_fit_are_refused() {
    let book = "<Sts><Cd>BOOK</Cd></Sts>";
    let good = ntry("8.85", "CRDT", book, "");
    let parts = |a: &str, b: &str| {
        format!(
            "<NtryDtls><TxDtls><Amt Ccy=\"CNY\">{a}</Amt></TxDtls><TxDtls><Amt Ccy=\"CNY\">{b}</Amt></TxDtls></NtryDtls>"
        )
    };
    let statement = |entries: &str| camt053("08", ["1.00", "9.85"], entries);
    let cases = [
        (camt053("08", ["1.00", "9.86"], &good), IsoCode::Balance),
        (statement(&(good.clone() + &good)), IsoCode::Balance),
        (statement(&ntry("8.85", "CRDT", book, &parts("3.00", "5.84"))), IsoCode::Balance),
        (
            statement(&ntry("8.85", "CRDT", book, &parts("3.00", "5.85").replace("<Amt Ccy=\"CNY\">3.00</Amt>", ""))),
            IsoCode::Field,
        ),
        (statement(&ntry("8.85000", "CRDT", book, "")), IsoCode::Amount),
        (statement(&ntry("-8.85", "CRDT", book, "")), IsoCode::Amount),
        (statement(&ntry("8.85", "CRDT", book, "").replace("CNY", "EUR")), IsoCode::Amount),
        (statement(&ntry("8.85", "KRDT", book, "")), IsoCode::Field),
        (statement(&ntry("8.85", "CRDT", "<Sts>GONE</Sts>", "")), IsoCode::Field),
        (statement(&good.replace("2026-09-03+08:00", "2026-02-30")), IsoCode::Field),
        (statement(&good).replace("CLBD", "CLAV"), IsoCode::Field),
        (statement(&good).replace("<Id>S1</Id>", ""), IsoCode::Field),
        (statement(&good).replace("<Acct>", "<Akct>").replace("</Acct>", "</Akct>"), IsoCode::Field),
        (
            statement(&good).replace("camt.053.001.08", "pain.002.001.12").replace("BkToCstmrStmt", "CstmrPmtStsRpt"),
            IsoCode::Message,
        ),
        (statement(&good).replace("urn:iso:std:iso:20022:tech:xsd:", "http://example.com/"), IsoCode::Message),
        (statement(&good).replace("<Document", "<Envelope").replace("</Document", "</Envelope"), IsoCode::Message),
        (
            statement(&good)
                .replace("</Stmt>", "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry></Stmt>"),
            IsoCode::Balance,
        ),
        (statement(&good).replace("encoding=\"UTF-8\"", "encoding=\"GBK\""), IsoCode::Syntax),
        (statement(&good).replace("</Stmt>", "</Stnt>"), IsoCode::Syntax),
        (String::new(), IsoCode::Message),
        ("not xml".into(), IsoCode::Field),
    ];
    for (text, expected) in cases {
        assert_eq!(code(read_statements(text.as_bytes())), expected, "{text}");
    }
    assert_eq!(code(read_statements(b"\xff\xfe<\x00D\x00")), IsoCode::Syntax);
    // Cut anywhere, a message is refused and never half used.
    let whole = statement(&good);
    for end in 0..whole.trim_end().len() {
        let cut = &whole.as_bytes()[..end];
        assert!(read_statements(cut).is_err(), "cut at {end}");
    }
}

#[test]
fn hostile_xml_is_refused_at_once_and_in_bounded_memory() {
    let statement = camt053("08", ["1.00", "1.00"], "");
    let with_dtd = |dtd: &str| statement.replacen("?>", &format!("?>{dtd}"), 1);
    let laughs = (1..10).fold("<!ENTITY a0 \"ha\">".to_owned(), |mut dtd, n| {
        let before = n - 1;
        write!(dtd, "<!ENTITY a{n} \"{}\">", format!("&a{before};").repeat(10)).unwrap();
        dtd
    });
    let cases = [
        (with_dtd("<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>").replace("S1", "&x;"), IsoCode::Entity),
        (with_dtd(&format!("<!DOCTYPE d [{laughs}]>")).replace("S1", "&a9;"), IsoCode::Entity),
        (with_dtd("<!DOCTYPE d SYSTEM \"http://example.com/d.dtd\">"), IsoCode::Entity),
        (statement.replace("S1", "&x;"), IsoCode::Entity),
        (statement.replace("<Stmt>", "<Stmt a=\"&x;\">"), IsoCode::Entity),
        (statement.replace("S1", &"x".repeat(100 << 20)), IsoCode::Limit),
        (statement.replace("<Stmt>", &format!("<Stmt a=\"{}\">", "x".repeat(1 << 20))), IsoCode::Limit),
        (statement.replace("S1", &format!("<!--{}-->", "x".repeat(1 << 20))), IsoCode::Limit),
        (statement.replace("S1", &"<a>".repeat(100_000)), IsoCode::Limit),
        (statement.replace("S1", &"<a/>".repeat(1_000_000)), IsoCode::Limit),
        (statement.replace("<Stmt>", &"<Stmt>".repeat(100)), IsoCode::Limit),
        (statement.replace("</Acct>", &format!("</Acct>{}", "<Bal/>".repeat(10_000))), IsoCode::Limit),
    ];
    for (text, expected) in cases {
        assert_eq!(code(read_statements(text.as_bytes())), expected, "{}", &text[..200]);
    }
    let order = String::from_utf8(order(Way::Pay).write().unwrap()).unwrap();
    for broken in
        [order.replace("<NbOfTxs>3", "<NbOfTxs>4"), order.replace("TK2026090210002002P", "TK2026090210002001P")]
    {
        assert_eq!(code(read_order(broken.as_bytes())), IsoCode::Field);
    }
    assert_eq!(code(read_order(statement.as_bytes())), IsoCode::Message);
    assert_eq!(code(read_status(order.as_bytes())), IsoCode::Message);
    assert_eq!(code(read_notifications(statement.as_bytes())), IsoCode::Message);
}

#[test]
fn orders_that_the_schema_would_refuse_are_not_written() {
    type Change = fn(&mut PaymentOrder);
    let cases: [(Change, IsoCode); 10] = [
        (|o| o.id = "x".repeat(36), IsoCode::Field),
        (|o| o.id = "清算".into(), IsoCode::Field),
        (|o| o.payments.clear(), IsoCode::Field),
        (|o| o.payments[0].amount = Fen(0), IsoCode::Amount),
        (|o| o.payments[0].amount = Fen(-5), IsoCode::Amount),
        (|o| o.payments[1].id = o.payments[0].id.clone(), IsoCode::Field),
        (|o| o.payments[0].party.name = String::new(), IsoCode::Field),
        (|o| o.payments[0].party.account = "6222 0001".into(), IsoCode::Field),
        (|o| o.payments[0].party.bank = "1021".into(), IsoCode::Field),
        (|o| o.payments[2].mandate = None, IsoCode::Field),
    ];
    for (at, (change, expected)) in cases.into_iter().enumerate() {
        let mut order = order(Way::Collect);
        change(&mut order);
        assert_eq!(code(order.write()), expected, "case {at}");
    }
}

#[test]
fn long_statements_are_read_entry_by_entry() {
    let mut text = camt053("08", ["0.00", "200.00"], "ENTRIES");
    let line = ntry("0.01", "CRDT", "<Sts><Cd>BOOK</Cd></Sts>", "");
    text = text.replace("ENTRIES", &line.repeat(20_000));
    let (mut lines, mut heads) = (0, Vec::new());
    stream_statements::<tongka_wire::iso20022::IsoError>(
        text.as_bytes(),
        |entry| {
            lines += 1;
            assert_eq!(entry.number, lines);
            Ok(())
        },
        |head| {
            heads.push(head);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!((lines, heads.len(), heads[0].closing), (20_000, 1, Fen(20_000)));
}
