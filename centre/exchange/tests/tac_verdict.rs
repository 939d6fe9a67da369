//! TACs that issuers judge: what was wrong is undone by adjustments, on both databases.

mod common;

use common::{clock, day, folders};
use std::path::Path;
use tempfile::TempDir;
use tongka_base::{Fen, FixedClock, MemberCode};
use tongka_exchange::intake::Folders;
use tongka_exchange::run::{RunOptions, open_database};
use tongka_exchange::tac_verdict::{Verdicts, take_verdicts};
use tongka_exchange::{ExchangeError, run_day};
use tongka_simulator::{DayPlan, simulate_day};
use tongka_storage::{Db, Scope, params};
use tongka_testkit::databases;
use tongka_wire::txu::parse_txu;
use tongka_wire::{Kind, Value, parse_txd, write_record};

/// A date whose issuers verify, closed.
async fn closed(dir: &Path, url: &str) -> (Db, Folders, RunOptions) {
    let plan =
        DayPlan { date: day(1), members: 4, records: 2_000, seed: 3, faults_ppm: 60_000, max_records_per_file: 400 };
    simulate_day(&plan, &dir.join("d1"), &|_| ()).unwrap();
    let scheme = dir.join("d1/scheme.toml");
    let text = std::fs::read_to_string(&scheme).unwrap();
    assert!(text.contains("tac_verifier = \"centre\""));
    std::fs::write(&scheme, text.replace("tac_verifier = \"centre\"", "tac_verifier = \"issuer\"")).unwrap();
    let options =
        RunOptions { scheme, date: day(1), folders: folders(dir, 1), database: Some(url.to_owned()), threads: Some(2) };
    run_day(&options, &clock(1), &|_| ()).await.unwrap();
    (open_database(&options.folders, Some(url)).await.unwrap(), options.folders.clone(), options)
}

/// A line of a verdict file.
struct Line {
    date: i64,
    acquirer: MemberCode,
    upload: String,
    record_no: u32,
    amount: i64,
    verdict: i64,
}

impl Line {
    fn write(&self, out: &mut Vec<u8>) {
        let values = [
            Value::Text("V".into()),
            Value::Number(self.date),
            Value::Number(self.acquirer.0.into()),
            Value::Text(self.upload.clone()),
            Value::Number(self.record_no.into()),
            Value::Number(self.amount),
            Value::Number(self.verdict),
        ];
        write_record(Kind::Txv.table(), &values, out).unwrap();
    }
}

fn bytes(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    lines.iter().for_each(|line| line.write(&mut out));
    out
}

/// All records that an issuer got of the date, each judged right.
fn asked(folders: &Folders, issuer: MemberCode) -> Vec<Line> {
    let path = folders.outbox.join(format!("{issuer}/TXD_20260901_{issuer}_000001.dat"));
    let bytes = std::fs::read(path).unwrap();
    let line = |line: &[u8]| {
        let row = parse_txd(line).unwrap();
        let txu = parse_txu(&[row.original, b"\r\n"].concat()).unwrap();
        Line {
            date: 20_260_901,
            acquirer: row.acquirer,
            upload: row.upload_name.to_owned(),
            record_no: txu.record_no,
            amount: i64::from(txu.amount),
            verdict: 0,
        }
    };
    bytes[143..].split_inclusive(|b| *b == b'\n').map(line).collect()
}

#[tokio::test]
async fn a_wrong_tac_is_undone_on_the_next_date() {
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        let (db, folders, options) = closed(dir.path(), database.url()).await;
        let issuer = MemberCode(10_001_000);
        let mut lines = asked(&folders, issuer);
        let foreign = lines.iter_mut().filter(|line| line.acquirer != issuer).take(3);
        let wrong: Vec<(String, u32, MemberCode, i64)> = foreign
            .map(|line| {
                line.verdict = 6;
                (line.upload.clone(), line.record_no, line.acquirer, line.amount)
            })
            .collect();
        assert_eq!(wrong.len(), 3);
        let own = lines.iter_mut().find(|line| line.acquirer == issuer).unwrap();
        own.verdict = 6;
        let own_amount = own.amount;
        let take = async |file: &str, lines: &[Line], d: u32| {
            take_verdicts(&db, &folders, issuer, (file, file), &bytes(lines), 5, &clock(d)).await
        };
        let refused = async |mut lines: Vec<Line>, spoil: &dyn Fn(&mut Line), d: u32| {
            spoil(&mut lines[1]);
            let error = take("TXV_bad", &lines, d).await.unwrap_err();
            assert!(matches!(error, ExchangeError::TacVerdict(_)), "{error}");
            error.to_string()
        };
        let good = || asked(&folders, issuer);
        for (spoil, d) in [
            (&(|line: &mut Line| line.amount += 1) as &dyn Fn(&mut Line), 2),
            (&|line| line.record_no = 90_000, 2),
            (&|line| line.acquirer = MemberCode(10_009_999), 2),
            (&|line| line.upload = "TXU_20260901_10002900_000099.dat".into(), 2),
            (&|line| line.date = 20_260_902, 2),
            (&|line| line.date = 20_260_931, 2),
            (&|line| line.verdict = 7, 2),
            (&|_| (), 7),
        ] {
            let text = refused(good(), spoil, d).await;
            assert!(text.starts_with("X11 "), "{text}");
        }
        let first = &good()[0];
        let (upload, number) = (first.upload.clone(), first.record_no);
        let (acquirer, amount) = (first.acquirer, first.amount);
        let twice = |line: &mut Line| {
            (line.upload, line.record_no) = (upload.clone(), number);
            (line.acquirer, line.amount) = (acquirer, amount);
        };
        assert!(refused(good(), &twice, 2).await.contains("twice"));
        // Another issuer cannot judge these cards.
        let other = MemberCode(10_002_900);
        let stranger = take_verdicts(&db, &folders, other, ("TXV_x", "x"), &bytes(&good()), 5, &clock(2)).await;
        assert!(stranger.unwrap_err().to_string().contains("no such record"));
        assert!(db.read(Scope::Platform).fetch_all("SELECT id FROM adjustment", params![]).await.unwrap().is_empty());

        // What is in dispute is not judged as well.
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        let sql = "INSERT INTO dispute_case (id, number, upload_name, record_no, clearing_date, acquirer, issuer, opener, \
                   opened_as, card, amount_fen, disputed_fen, held_fen, state, opened_at) \
                   VALUES (1, 'D1', $1, $2, 0, $3, $4, $4, 'charge_back', '', 1, 1, 1, 'closed', '')";
        tx.execute(sql, params![wrong[0].0.as_str(), wrong[0].1, wrong[0].2, issuer]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(take("TXV_1", &lines, 2).await.unwrap_err().to_string().contains("in dispute: D1"));
        let mut tx = db.begin_write(Scope::Platform).await.unwrap();
        tx.execute("DELETE FROM dispute_case", params![]).await.unwrap();
        tx.commit().await.unwrap();

        let sum = Fen(wrong.iter().map(|(.., amount)| amount).sum::<i64>() + own_amount);
        let expected = Verdicts { records: lines.len() as u64, wrong: 4, wrong_fen: sum };
        assert_eq!(take("TXV_1", &lines, 2).await.unwrap(), expected);
        assert_eq!(take("TXV_1", &lines, 9).await.unwrap(), expected, "the same file again");
        assert!(take("TXV_2", &lines, 2).await.unwrap_err().to_string().contains("found wrong before"));

        // The next date books it: the issuer has back what it paid, acquirer and centre what they received.
        let next = RunOptions {
            date: day(2),
            folders: Folders { inbox: dir.path().join("empty"), ..folders.clone() },
            ..options
        };
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        let report = run_day(&next, &clock(2), &|_| ()).await.unwrap();
        assert_eq!(report.imbalance, Fen::ZERO);
        let positions = tongka_engine::day::positions(&db, Scope::Platform, day(2)).await.unwrap();
        let net = |member: MemberCode| positions.iter().find(|p| p.member == member).unwrap().position.net().unwrap();
        let scheme = tongka_exchange::run::load_scheme(&dir.path().join("d1/scheme.toml")).unwrap().0;
        let adjusted: i64 =
            tongka_engine::adjust::adjustments(&db, day(2)).await.unwrap().iter().map(|a| a.terms.amount.0).sum();
        assert_eq!(net(issuer), Fen(adjusted));
        assert!(adjusted > 0 && adjusted <= sum.0 - own_amount && !scheme.fees.is_empty());
        let proof = tongka_exchange::prove::prove(&db, &next.folders, day(2), None, 2).await.unwrap();
        assert_eq!(proof.differences, Vec::<String>::new());
        db.close().await;
    }
}

#[tokio::test]
async fn where_the_centre_verifies_nobody_else_judges() {
    for database in databases().await {
        let dir = TempDir::new().unwrap();
        let (db, _) = common::installation(dir.path(), database.url(), 1, 1, 1_000).await;
        let folders = folders(dir.path(), 1);
        let issuer = MemberCode(10_001_000);
        let lines = bytes(&asked(&folders, issuer));
        let clock: FixedClock = clock(2);
        let error = take_verdicts(&db, &folders, issuer, ("TXV_1", "1"), &lines, 5, &clock).await.unwrap_err();
        assert!(error.to_string().contains("the centre verified"), "{error}");
        db.close().await;
    }
}
