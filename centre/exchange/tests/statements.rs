//! Statements and the settlement summary of real days: figures, numbers, versions, files, on both databases.

mod common;

use calamine::{Data, Reader, Xlsx};
use common::{clock, day, folders, installation};
use std::io::Cursor;
use std::process::Command;
use tempfile::TempDir;
use tongka_base::{Fen, MemberCode};
use tongka_exchange::ExchangeError;
use tongka_exchange::statement::{Body, Paper, Statement, reissue, statement, summary};
use tongka_report::{Cell, FontFile};
use tongka_storage::{Scope, params};
use tongka_testkit::databases;
use tongka_wire::{parse_sta, parse_stl};

fn figure(statement: &Statement, wanted: &str) -> Cell {
    let figures = statement.sections.iter().find_map(|section| match &section.body {
        Body::Figures(figures) => figures.iter().find(|(name, ..)| *name == wanted),
        Body::Table(_) => None,
    });
    figures.unwrap_or_else(|| panic!("{wanted}")).2.clone()
}

fn rows(statement: &Statement, wanted: &str) -> Vec<Vec<Cell>> {
    let section = statement.sections.iter().find(|section| section.id == wanted).unwrap();
    match &section.body {
        Body::Table(table) => table.rows.clone(),
        Body::Figures(_) => panic!("{wanted} is no table"),
    }
}

fn sum(rows: &[Vec<Cell>], column: usize) -> i64 {
    let value = |row: &Vec<Cell>| match row[column] {
        Cell::Money(Fen(n)) | Cell::Int(n) => n,
        _ => 0,
    };
    rows.iter().map(value).sum()
}

#[tokio::test]
async fn a_statement_says_what_the_result_files_say_under_one_number() {
    let font = FontFile::find(None).unwrap();
    let paper = Paper { issuer: "通卡清算中心 Tongka Clearing Centre", font: &font };
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        let (db, _) = installation(dir.path(), database.url(), 2, 1, 2_000).await;
        let folders = folders(dir.path(), 2);
        let positions = tongka_engine::day::positions(&db, Scope::Platform, day(1)).await.unwrap();
        let mut sent = 0;
        for position in &positions {
            let member = position.member;
            let own = Scope::Member(member);
            let made = statement(&db, &folders, own, day(1), member, "王小明", &clock(2)).await.unwrap();
            assert_eq!(made.number, format!("ST-20260901-{member}-1"));
            // The same number is the same statement, whoever asks and whenever.
            let again = statement(&db, &folders, Scope::Platform, day(1), member, "another", &clock(3)).await.unwrap();
            assert_eq!(again, made);

            let outbox = dir.path().join(format!("out/{member}"));
            let body = |kind: &str| {
                let name = format!("{kind}_20260901_{member}_000001.dat");
                let bytes = std::fs::read(outbox.join(name)).unwrap();
                bytes[143..].split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
            };
            let sta = parse_sta(&body("STA")[0]).unwrap();
            for (name, fen) in [
                ("receivable", sta.receivable),
                ("payable", sta.payable),
                ("adjustments", sta.adjustments),
                ("net", sta.position),
                ("reserve_before", sta.reserve_before),
                ("reserve_after", sta.reserve_after),
            ] {
                assert_eq!(figure(&made, name), Cell::Money(fen), "{name} of {member}");
            }
            let settlement = rows(&made, "settlement");
            let stl: Vec<_> = body("STL").iter().map(|line| parse_stl(line).unwrap()).collect();
            assert_eq!(settlement.len(), stl.len());
            assert_eq!(sum(&settlement, 7), stl.iter().map(|r| r.net.0).sum::<i64>());
            assert_eq!(sum(&settlement, 7), sta.position.0 - sta.adjustments.0);
            let verdicts = rows(&made, "verdicts");
            assert_eq!(Cell::Int(sum(&verdicts, 3)), figure(&made, "sent_count"));
            assert_eq!(sum(&rows(&made, "files"), 4), sum(&verdicts, 3));
            let not_cleared: Vec<_> = verdicts.iter().filter(|v| !v[0].plain().starts_with('A')).cloned().collect();
            assert_eq!(sum(&not_cleared, 3), body("TXE").len() as i64);
            sent += sum(&verdicts, 3);

            // Another member's is as one that does not exist.
            let other = Scope::Member(MemberCode(member.0 + 1));
            let refused = statement(&db, &folders, other, day(1), member, "x", &clock(2)).await.unwrap_err();
            assert!(matches!(refused, ExchangeError::NotFound(_)), "{refused}");
            let refused = summary(&db, &folders, own, day(1), "x", &clock(2)).await.unwrap_err();
            assert!(matches!(refused, ExchangeError::NotFound(_)), "{refused}");
            if member == positions[0].member {
                check_files(dir.path(), &made, &paper);
            }
        }
        let total = summary(&db, &folders, Scope::Platform, day(1), "王小明", &clock(2)).await.unwrap();
        assert_eq!(total.number, "ST-20260901-00000000-1");
        assert_eq!((figure(&total, "records"), figure(&total, "imbalance")), (Cell::Int(sent), Fen::ZERO.into()));
        assert_eq!(figure(&total, "balanced"), "平衡 balanced".into());
        let table = rows(&total, "positions");
        assert_eq!(table.len(), positions.len());
        let Cell::Money(Fen(centre)) = figure(&total, "centre_net") else { panic!("money") };
        assert!(centre > 0 && sum(&table, 4) + centre == 0, "Σ = 0");
        check_files(dir.path(), &total, &paper);
        db.close().await;
    }
}

/// Both forms of a statement show its figures.
fn check_files(dir: &std::path::Path, statement: &Statement, paper: &Paper<'_>) {
    let pdf = statement.pdf(paper).unwrap();
    assert!(pdf == statement.pdf(paper).unwrap(), "byte for byte the same");
    let path = dir.join(format!("{}.pdf", statement.file_name()));
    std::fs::write(&path, pdf).unwrap();
    let output = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output();
    let output = output.unwrap_or_else(|e| panic!("pdftotext: {e}: install the Debian package poppler-utils"));
    let text = String::from_utf8(output.stdout).unwrap();
    let net = figure(statement, "net").shown();
    for wanted in [statement.number.as_str(), &statement.digest, &net, "2026-09-01", "经办", "第 1 页", "通卡清算中心"]
    {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    let mut book = Cursor::new(Vec::new());
    statement.xlsx(&mut book, None).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(book).unwrap();
    let names = book.sheet_names();
    assert_eq!(names.len(), statement.sections.len(), "{names:?}");
    let first = book.worksheet_range(&names[0]).unwrap();
    let cells: Vec<&Data> = first.used_cells().map(|(.., cell)| cell).collect();
    let net = figure(statement, "net").plain();
    let shown = |cell: &&Data| matches!(cell, Data::Float(yuan) if format!("{yuan:.2}") == net);
    assert!(cells.iter().any(shown), "{net} among {cells:?}");
    assert!(cells.iter().any(|c| matches!(c, Data::String(s) if s.contains(&statement.digest))));
}

#[tokio::test]
async fn a_corrected_statement_is_another_version_and_an_altered_book_is_noticed() {
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        let (db, _) = installation(dir.path(), database.url(), 2, 1, 1_000).await;
        let folders = folders(dir.path(), 2);
        let positions = tongka_engine::day::positions(&db, Scope::Platform, day(1)).await.unwrap();
        let member = positions[0].member;
        let get = || statement(&db, &folders, Scope::Platform, day(1), member, "a", &*CLOCK);
        let correct = |reason: &'static str| reissue(&db, &folders, day(1), member, reason, "b", &*CLOCK);
        let refused = correct("更正机构名称").await.unwrap_err();
        assert!(matches!(refused, ExchangeError::NotFound(_)), "nothing was issued yet: {refused}");
        let first = get().await.unwrap();
        for bad in ["", "  "] {
            assert!(correct(bad).await.unwrap_err().to_string().starts_with("X07 "));
        }
        let second = correct("更正机构名称").await.unwrap();
        assert_eq!((second.number.clone(), second.version), (format!("ST-20260901-{member}-2"), 2));
        assert_eq!((second.reason.as_str(), &second.digest), ("更正机构名称", &first.digest));
        assert_eq!(get().await.unwrap(), second);
        let font = FontFile::find(None).unwrap();
        check_files(dir.path(), &second, &Paper { issuer: "通卡清算中心", font: &font });
        let entries = tongka_audit::entries(&db, Scope::Platform, 0, 100).await.unwrap();
        let entry = entries.last().unwrap();
        assert_eq!((entry.action.as_str(), entry.object.as_str()), ("statement.reissue", second.number.as_str()));

        // Dates that are not there, members that are not, dates that are not closed.
        let gone = statement(&db, &folders, Scope::Platform, day(9), member, "a", &*CLOCK).await.unwrap_err();
        assert!(matches!(gone, ExchangeError::NotFound(_)), "{gone}");
        let nobody = statement(&db, &folders, Scope::Platform, day(1), MemberCode(7), "a", &*CLOCK).await.unwrap_err();
        assert!(matches!(nobody, ExchangeError::NotFound(_)), "{nobody}");
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let sql = "INSERT INTO clearing_day (clearing_date, state, scheme_digest, opened_at) \
                   SELECT clearing_date + 1, 'open', scheme_digest, opened_at FROM clearing_day";
        tx.execute(sql, params![]).await.unwrap();
        // One fen moved behind the books' back.
        let sql = "UPDATE position SET receivable_fen = receivable_fen + 1, payable_fen = payable_fen + 1 \
                   WHERE member = $1";
        tx.execute(sql, params![member]).await.unwrap();
        tx.commit().await.unwrap();
        let open = statement(&db, &folders, Scope::Platform, day(2), member, "a", &*CLOCK).await.unwrap_err();
        assert!(open.to_string().starts_with("X09 "), "{open}");
        let altered = get().await.unwrap_err();
        assert!(altered.to_string().starts_with("X10 ") && altered.to_string().contains(&second.number), "{altered}");
        db.close().await;
    }
}

static CLOCK: std::sync::LazyLock<tongka_base::FixedClock> = std::sync::LazyLock::new(|| clock(2));
