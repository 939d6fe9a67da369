//! Outcomes held against folders of result files.

use super::*;
use std::fs;
use std::path::Path;

fn write(outcome: &DayOutcome, outbox: &Path) {
    for (path, file) in &outcome.result_files {
        let path = outbox.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.bytes().unwrap()).unwrap();
    }
}

fn proven(created_at: &str, output: OutputMode) -> DayOutcome {
    let scheme = scheme();
    let carried = CarryOver::opening(&scheme);
    let input = carried.input(&scheme, date("20260901"), at(created_at), &[], output);
    let wrong_tac = Tap { tac: "00000000", ..Tap::nth(2) };
    let uploads = [
        upload_of("TXU_20260901_10003350_000001.dat", &[Tap::nth(1), wrong_tac, Tap::nth(1), Tap::nth(3)]),
        upload("what is this", vec![]),
    ];
    prove_day(&input, &uploads).unwrap()
}

#[test]
fn an_equal_outbox_has_no_differences() {
    let folder = tempfile::tempdir().unwrap();
    write(&proven("20260901233000", OutputMode::Keep), folder.path());
    fs::write(folder.path().join("10002900/TXD_20260901_10002900_000002.dat.tmp"), "half").unwrap();
    fs::write(folder.path().join("10002900/TXD_20260831_10002900_000001.dat"), "another day's").unwrap();
    fs::write(folder.path().join("10002900/PAR_20260901_10002900_000001.dat"), "another kind").unwrap();
    for output in [OutputMode::Keep, OutputMode::DigestOnly] {
        for created_at in ["20260901233000", "20260902010203"] {
            assert_eq!(compare_outbox(&proven(created_at, output), folder.path()).unwrap(), []);
        }
    }
}

#[test]
fn every_difference_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = proven("20260901233000", OutputMode::Keep);
    write(&outcome, folder.path());
    let change = |path: &str, edit: fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(folder.path().join(path)).unwrap();
        edit(&mut bytes);
        fs::write(folder.path().join(path), bytes).unwrap();
    };
    let [sta, txd, txe, sus, stl, extra] = [
        "10002900/STA_20260901_10002900_000001.dat",
        "10002900/TXD_20260901_10002900_000001.dat",
        "10003350/TXE_20260901_10003350_000001.dat",
        "10002900/SUS_20260901_10002900_000001.dat",
        "10003350/STL_20260901_10003350_000001.dat",
        "unrouted/TXR_20260901_99999999_000002.dat",
    ];
    change(sta, |b| b[43] = b'9');
    change(txd, |b| b[143 + 209 + 150] = b'9');
    change(txe, |b| b.truncate(143 + 204));
    change(sus, |b| b.truncate(100));
    fs::remove_file(folder.path().join(stl)).unwrap();
    fs::write(folder.path().join(extra), "").unwrap();

    let found = compare_outbox(&outcome, folder.path()).unwrap();
    let kinds: Vec<_> = found
        .iter()
        .map(|difference| match difference {
            Difference::Missing { .. } => ("missing", difference.path(), 0),
            Difference::Unexpected { .. } => ("unexpected", difference.path(), 0),
            Difference::Header { .. } => ("header", difference.path(), 0),
            Difference::Record { record, .. } => ("record", difference.path(), *record),
            Difference::Body { .. } => ("body", difference.path(), 0),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("missing", stl, 0),
            ("unexpected", extra, 0),
            ("header", sta, 0),
            ("header", sus, 0),
            ("record", sus, 1),
            ("record", txd, 2),
            ("record", txe, 2),
        ]
    );
    let digests = compare_outbox(&proven("20260901233000", OutputMode::DigestOnly), folder.path()).unwrap();
    let bodies: Vec<_> =
        digests.iter().filter(|d| matches!(d, Difference::Body { .. })).map(Difference::path).collect();
    assert_eq!(bodies, [sus, txd, txe]);
    assert_eq!(digests.len(), found.len());
}

#[test]
fn bodies_need_not_be_kept() {
    let kept = proven("20260901233000", OutputMode::Keep);
    let lean = proven("20260901233000", OutputMode::DigestOnly);
    for (path, file) in &lean.result_files {
        assert_eq!((&file.header, file.size), (&kept.result_files[path].header, kept.result_files[path].size));
        assert_eq!((file.body.as_ref(), file.bytes()), (None, None));
        let whole = kept.result_files[path].bytes().unwrap();
        assert_eq!(whole.len() as u64, file.size);
        assert_eq!(to_hex(&sm3(&whole[143..])).as_bytes(), &whole[77..141]);
    }
    assert_eq!(lean.files, kept.files);
}
