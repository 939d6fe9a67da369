//! Verdicts on files: every code, their order, receipts, resends and waiting.

use super::*;
use sm2::dsa::SigningKey;
use sm2::dsa::signature::Signer;

const FIRST: &str = "TXU_20260901_10003350_000001.dat";
const SECOND: &str = "TXU_20260901_10003350_000002.dat";

/// What becomes of one file of these bytes under a name.
fn result(name: &str, bytes: Vec<u8>) -> String {
    results(&prove(&[upload(name, bytes)])).remove(0)
}

/// The usual good file with other bytes at an offset.
fn patched(offset: usize, text: &str) -> Vec<u8> {
    let mut file = bytes(&upload_of(FIRST, &[Tap::nth(1), Tap::nth(2)])).to_vec();
    file[offset..offset + text.len()].copy_from_slice(text.as_bytes());
    file
}

/// Puts the right digest of its body into a file's header.
fn redigested(mut file: Vec<u8>) -> Vec<u8> {
    let digest = to_hex(&sm3(&file[143..]));
    file[77..141].copy_from_slice(digest.as_bytes());
    file
}

#[test]
fn names_and_senders() {
    let empty = |name: &str| bytes(&upload_of(name, &[])).to_vec();
    assert_eq!(result(FIRST, empty(FIRST)), "OK", "an empty body is valid");
    for name in ["notes.txt", "TXR_20260901_10003350_000001.dat", "TXU_20260230_10003350_000001.dat"] {
        assert_eq!(result(name, empty(FIRST)), "F01", "{name}");
    }
    for member in ["12345678", "00000000", "99999999", "10009000"] {
        let name = format!("TXU_20260901_{member}_000001.dat");
        assert_eq!(result(&name, empty(&name)), "F02", "{member}");
    }
    let gone = "TXU_20260815_10009000_000001.dat";
    let mut centre = Centre::new(scheme());
    assert_eq!(results(&centre.day("20260815", &[upload_of(gone, &[])])), ["OK"], "active on its last day");
}

#[test]
fn headers() {
    assert_eq!(result(FIRST, patched(0, "H")), "OK");
    for (offset, text) in [
        (0, "D"),
        (1, "02"),
        (3, "TXR"),
        (6, "10002900"),
        (14, "10003350"),
        (22, "20260902"),
        (22, "20260931"),
        (30, "000002"),
        (36, "0000000A"),
        (36, "-0000002"),
        (36, "01000001"),
        (44, "00000000000040 "),
        (59, "01A0"),
        (63, "2026090101020X"),
        (77, "g"),
        (77, "a"),
        (100, "\n"),
        (140, "\r"),
        (141, "\n\r"),
        (141, "  "),
    ] {
        assert_eq!(result(FIRST, patched(offset, text)), "F03", "{text:?} at {offset}");
    }
    assert_eq!(result(FIRST, patched(63, "99999999999999")), "OK", "a time of creation is digits, no more");
    assert_eq!(result(FIRST, patched(0, "H")[..142].to_vec()), "F03");
    assert_eq!(result(FIRST, vec![]), "F03");
}

#[test]
fn bodies() {
    let good = patched(0, "H");
    for (offset, text) in [
        (59, "0161"),
        (143, "E"),
        (143 + 160, "d"),
        (143 + 158, "\n\r"),
        (143 + 159, " "),
        (143 + 20, "\r"),
        (143 + 160 + 157, "\n"),
    ] {
        assert_eq!(result(FIRST, redigested(patched(offset, text))), "F04", "{text:?} at {offset}");
    }
    assert_eq!(result(FIRST, good[..good.len() - 1].to_vec()), "F04", "cut");
    assert_eq!(result(FIRST, [&good[..], b"\r\n"].concat()), "F04", "longer");
    assert_eq!(result(FIRST, patched(36, "00000001")), "F05");
    assert_eq!(result(FIRST, patched(36, "00000003")), "F05");
    assert_eq!(result(FIRST, good[..143 + 160].to_vec()), "F05");
    for (offset, text) in [(44, "000000000000401"), (44, "-00000000000400"), (77, "0000"), (143 + 9, "M")] {
        assert_eq!(result(FIRST, patched(offset, text)), "F06", "{text:?} at {offset}");
    }
    // A malformed amount counts nothing; its record is rejected, the file is not.
    let mut file = patched(143 + 84, "000002x0");
    file[44..59].copy_from_slice(b"000000000000200");
    let outcome = prove(&[upload(FIRST, redigested(file))]);
    assert_eq!(results(&outcome), ["OK"]);
    assert_eq!(verdicts(&outcome.files[0]), ["R01", "A00"]);
    let error_file = outcome.result_files["10003350/TXE_20260901_10003350_000001.dat"].bytes().unwrap();
    assert_eq!(&error_file[36..59], b"00000001000000000000000", "and nothing in the TXE's sum");
}

#[test]
fn the_first_failing_check_names_the_refusal() {
    // Everything is wrong at once; then one thing after another is put right.
    let mut scheme = scheme();
    scheme.members[2].certificates = vec![certificate(None, None)];
    let mut centre = Centre::new(scheme);
    let future = "TXU_20260902_10003350_000002.dat";
    let good = bytes(&upload_of(future, &[Tap::nth(1)])).to_vec();
    let mut bad = good.clone();
    bad[0] = b'X';
    bad[36..44].copy_from_slice(b"00000009");
    bad[44..59].copy_from_slice(b"000000000000009");
    bad[59..63].copy_from_slice(b"0000");
    let mut seen = Vec::new();
    let mut next = |name: &str, file: &[u8], signed: bool| {
        let mut one = upload(name, file.to_vec());
        one.signature = signed.then(|| sign(file));
        seen.extend(results(&centre.day("20260901", &[one])));
    };
    next("future.dat", &bad, false);
    next("TXU_20260902_10009000_000002.dat", &bad, false);
    next(future, &bad, false);
    bad[0] = b'H';
    next(future, &bad, false);
    bad[59..63].copy_from_slice(b"0160");
    next(future, &bad, false);
    bad[36..44].copy_from_slice(b"00000001");
    next(future, &bad, false);
    next(future, &good, false);
    next(future, &good, true);
    let first = "TXU_20260902_10003350_000001.dat";
    next(first, bytes(&upload_of(first, &[])), true);
    assert_eq!(seen, ["F01", "F02", "F03", "F04", "F05", "F06", "F08", "F09", "F10"]);
}

fn signing_key() -> SigningKey {
    SigningKey::from_slice("1234567812345678", &[7; 32]).unwrap()
}

fn public_key() -> [u8; 65] {
    signing_key().verifying_key().to_sec1_bytes().as_ref().try_into().unwrap()
}

fn certificate(not_before: Option<&str>, not_after: Option<&str>) -> Certificate {
    Certificate { not_before: not_before.map(date), not_after: not_after.map(date), public_key: public_key() }
}

/// Base64 of the DER signature, with a line end as members write it.
fn sign(message: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let signature: sm2::dsa::Signature = signing_key().sign(message);
    let text = base64::engine::general_purpose::STANDARD.encode(signature.to_der().as_bytes());
    format!("{text}\r\n").into_bytes()
}

#[test]
fn signatures_are_required_where_a_key_is_registered() {
    let mut scheme = scheme();
    scheme.members[2].certificates = vec![certificate(None, None)];
    let good = upload_of(FIRST, &[Tap::nth(1)]);
    let file = bytes(&good).to_vec();
    let raw = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, sign(&file).trim_ascii()).unwrap();
    for (signature, expected) in [
        (None, "F08"),
        (Some(b"".to_vec()), "F08"),
        (Some(b"not base64!".to_vec()), "F08"),
        (Some(b"AAAA".to_vec()), "F08"),
        (Some(raw), "F08"),
        (Some(sign(&file[..file.len() - 1])), "F08"),
        (Some(sign(&file)), "OK"),
        (Some([b" \n", &sign(&file)[..]].concat()), "OK"),
    ] {
        let one = Upload { signature: signature.clone(), ..good.clone() };
        assert_eq!(results(&Centre::new(scheme.clone()).day("20260901", &[one])), [expected], "{signature:?}");
    }
    // A certificate counts on clearing dates of its time; with none that counts, nothing is accepted.
    let other = Certificate { not_before: None, not_after: None, public_key: [0x04; 65] };
    for (certificates, expected) in [
        (vec![certificate(Some("20260901"), Some("20260901"))], "OK"),
        (vec![certificate(Some("20260902"), None)], "F08"),
        (vec![certificate(None, Some("20260831"))], "F08"),
        (vec![other, certificate(Some("20260801"), None)], "OK"),
        (vec![other], "F08"),
    ] {
        scheme.members[2].certificates = certificates;
        let one = Upload { signature: Some(sign(&file)), ..good.clone() };
        assert_eq!(results(&Centre::new(scheme.clone()).day("20260901", &[one])), [expected]);
    }
    let ignored = Upload { signature: Some(b"rubbish".to_vec()), ..good };
    assert_eq!(results(&prove(&[ignored])), ["OK"], "no key registered");
}

#[test]
fn an_identity_is_taken_once() {
    let mut centre = Centre::new(scheme());
    let (good, other) = (upload_of(FIRST, &[Tap::nth(1)]), upload_of(FIRST, &[Tap::nth(2)]));
    let outcome = centre.day_in_runs("20260901", &[std::slice::from_ref(&good), &[good.clone(), other.clone()]]);
    assert_eq!(results(&outcome), ["OK", "no-op", "F07"]);
    assert_eq!(outcome.groups.values().map(|g| g.count).sum::<u64>(), 1, "F07 changes nothing");
    let receipts: Vec<_> = outcome.files.iter().map(|f| f.receipt.as_deref()).collect();
    let path = |n| format!("10003350/TXR_20260901_10003350_00000{n}.dat");
    assert_eq!(receipts, [Some(path(1).as_str()), None, Some(&path(2))]);

    let next = centre.day("20260902", &[good, other]);
    assert_eq!(results(&next), ["no-op", "F07"]);
    assert!(next.files.iter().all(|f| f.receipt.is_none()), "both have their receipts");
    assert!(next.refused.is_empty());
}

#[test]
fn a_resend_is_a_no_op_whatever_else_is_wrong() {
    let name = "TXU_20260815_10009000_000001.dat";
    let mut centre = Centre::new(scheme());
    assert_eq!(results(&centre.day("20260815", &[upload_of(name, &[])])), ["OK"]);
    assert_eq!(results(&centre.day("20260816", &[upload_of(name, &[])])), ["no-op"], "though it left since");
}

#[test]
fn a_refused_file_is_corrected_under_its_name() {
    let mut centre = Centre::new(scheme());
    let bad = upload(FIRST, patched(36, "00000001"));
    let worse = upload(FIRST, patched(36, "00000003"));
    let good = upload(FIRST, patched(0, "H"));
    let runs: [&[Upload]; 4] = [std::slice::from_ref(&bad), std::slice::from_ref(&bad), &[worse], &[good]];
    let outcome = centre.day_in_runs("20260901", &runs);
    assert_eq!(results(&outcome), ["F05", "F05", "F05", "OK"]);
    let receipted: Vec<_> = outcome.files.iter().map(|f| f.receipt.is_some()).collect();
    assert_eq!(receipted, [true, false, true, true], "a receipt for each refusal, not for each look");
}

#[test]
fn later_sequences_wait() {
    let mut centre = Centre::new(scheme());
    let (first, second) = (upload_of(FIRST, &[Tap::nth(1)]), upload_of(SECOND, &[Tap::nth(2)]));
    let third = upload_of("TXU_20260901_10003350_000003.dat", &[]);
    let other_day = upload_of("TXU_20260831_10003350_000002.dat", &[]);
    let outcome = centre.day("20260901", &[third.clone(), second.clone(), other_day]);
    assert_eq!(results(&outcome), ["F09", "F09", "F09"]);
    let outcome = centre.day_in_runs(
        "20260902",
        &[&[second.clone(), third.clone()], &[first.clone(), second.clone(), third.clone()], &[first, second, third]],
    );
    assert_eq!(results(&outcome), ["F09", "F09", "OK", "OK", "OK", "no-op", "no-op", "no-op"]);
    let receipted: Vec<_> = outcome.files.iter().map(|f| f.receipt.is_some()).collect();
    assert_eq!(receipted, [false, false, true, true, true, false, false, false]);
}

#[test]
fn a_file_of_tomorrow_is_accepted_tomorrow() {
    let mut centre = Centre::new(scheme());
    let tomorrow = [upload_of("TXU_20260902_10003350_000001.dat", &[Tap::nth(1)])];
    assert_eq!(results(&centre.day("20260901", &tomorrow)), ["F10"]);
    assert_eq!(results(&centre.day("20260902", &tomorrow)), ["OK"]);
}

#[test]
fn receipts_go_to_their_senders_in_the_order_of_processing() {
    let uploads = [
        upload("zzz.dat", vec![]),
        upload("\u{1}\u{2}.dat", vec![]),
        upload_of("TXU_20260901_12345678_000001.dat", &[]),
        upload_of("TXU_20260901_10009000_000001.dat", &[]),
        upload_of(SECOND, &[]),
        upload_of(FIRST, &[]),
        upload_of("TXU_20260831_10003350_000001.dat", &[]),
    ];
    let outcome = prove(&uploads);
    let seen: Vec<_> = outcome.files.iter().map(|f| f.receipt.clone().unwrap()).collect();
    assert_eq!(
        seen,
        [
            "10003350/TXR_20260901_10003350_000001.dat",
            "10003350/TXR_20260901_10003350_000002.dat",
            "10003350/TXR_20260901_10003350_000003.dat",
            "10009000/TXR_20260901_10009000_000001.dat",
            "unrouted/TXR_20260901_99999999_000001.dat",
            "unrouted/TXR_20260901_99999999_000002.dat",
            "unrouted/TXR_20260901_99999999_000003.dat",
        ]
    );
    let record = |n: usize| {
        let file = &outcome.result_files[&seen[n]];
        String::from_utf8(file.body.clone().unwrap()).unwrap()
    };
    assert!(record(0).starts_with("RTXU_20260831_10003350_000001.dat        OK "));
    assert_eq!(record(5), format!("R??.dat{}F01{}\r\n", " ".repeat(34), "0".repeat(95)));
}
