//! The journal: what a kill leaves at its end, what damage is, what the books make of it.

use std::fs;
use tongka_link_client::books::{Bytes, Entry, Event, OutState, Receipt};
use tongka_link_client::journal::Journal;

fn out(name: &str, state: OutState, at: &str) -> Entry {
    let bytes = (state == OutState::Seen).then(|| Bytes { size: 9, fingerprint: "AB".into() });
    let event = Event::Out { name: name.into(), state, bytes, code: String::new(), detail: String::new() };
    Entry { at: at.into(), event }
}

#[test]
fn a_torn_end_is_cut_off_and_damage_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.log");
    let mut journal = Journal::open(&path, "20260101").unwrap();
    let states = [OutState::Seen, OutState::Checked, OutState::Sending, OutState::Delivered];
    for state in states {
        journal.append(&[out("a", state, "20260901090000")]).unwrap();
    }
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> = whole.iter().enumerate().filter(|(_, c)| **c == b'\n').map(|(at, _)| at + 1).collect();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let complete = ends.iter().filter(|end| **end <= cut).count();
        let mut journal = Journal::open(&path, "20260101").unwrap();
        let state = journal.books().out.get("a").map(|f| f.state);
        assert_eq!(state, complete.checked_sub(1).map(|n| states[n]), "cut at {cut}");
        // What comes after follows the last good entry.
        journal.append(&[out("b", OutState::Seen, "20260901090001")]).unwrap();
        assert_eq!(Journal::read(&path).unwrap().out["b"].bytes.size, 9);
    }
    for at in 0..ends[2] - 1 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(Journal::open(&path, "20260101").unwrap_err().code_text(), "Z03", "byte {at}");
    }
}

#[test]
fn what_ended_long_ago_is_reduced_and_still_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.log");
    let mut journal = Journal::open(&path, "20260101").unwrap();
    let receipt = |name: &str| Entry {
        at: "20260901100000".into(),
        event: Event::Receipt {
            name: name.into(),
            receipt: Receipt { file: "R".into(), result: "OK".into(), records: 3, ..Receipt::default() },
        },
    };
    for name in ["old", "open"] {
        for state in [OutState::Seen, OutState::Sending, OutState::Delivered, OutState::Archived] {
            journal.append(&[out(name, state, "20260901090000")]).unwrap();
        }
    }
    journal.append(&[receipt("old")]).unwrap();
    let before = journal.books().out["old"].clone();
    drop(journal);
    let long = fs::metadata(&path).unwrap().len();
    let journal = Journal::open(&path, "20270101").unwrap();
    assert!(fs::metadata(&path).unwrap().len() < long);
    let after = &journal.books().out["old"];
    assert_eq!((after.state, &after.bytes, &after.receipt), (OutState::Accepted, &before.bytes, &before.receipt));
    assert_eq!(journal.books().out["open"].history.len(), 4, "what has not ended keeps its steps");
    drop(journal);
    // Again is the same.
    let again = fs::read(&path).unwrap();
    drop(Journal::open(&path, "20270101").unwrap());
    assert_eq!(fs::read(&path).unwrap(), again);
}
