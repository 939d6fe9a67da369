//! Keys and reserves from one clearing date to the next.

use super::*;

fn name(date: &str) -> String {
    format!("TXU_{date}_10003350_000001.dat")
}

fn patient_scheme() -> Scheme {
    let mut patient = scheme();
    patient.rules.late_window_days = 1000;
    patient
}

#[test]
fn keys_are_held_for_history_days_and_no_longer() {
    // 2026-06-01 + 90 days = 2026-08-30.
    let tap = Tap { date: "20260601".into(), ..Tap::default() };
    let conflict = Tap { device: "00000002", ..tap.clone() };
    let psam_clash = Tap { serial: "03104290000000054321".into(), ..tap.clone() };
    let again = [tap.clone(), conflict, psam_clash];
    for (day, expected) in
        [("20260602", ["D04", "S05", "S14"]), ("20260830", ["D04", "S05", "S14"]), ("20260831", ["A00", "S05", "S14"])]
    {
        let mut centre = Centre::new(patient_scheme());
        let first = centre.day("20260601", &[upload_of(&name("20260601"), std::slice::from_ref(&tap))]);
        assert_eq!(verdicts(&first.files[0]), ["A00"]);
        let second = centre.day(day, &[upload_of(&name(day), &again)]);
        assert_eq!(verdicts(&second.files[0]), expected, "on {day}");
    }
}

#[test]
fn a_clearing_date_does_not_see_itself_or_later_ones_in_history() {
    let mut centre = Centre::new(scheme());
    let upload = [upload_of(&name("20260901"), &[Tap::default()])];
    let outcome = centre.day("20260901", &upload);
    // Proven again from the same inputs, with its own keys already remembered.
    let carried = CarryOver { history: centre.carried.history.clone(), ..CarryOver::opening(&centre.scheme) };
    let mut again = Centre { scheme: scheme(), carried };
    assert_eq!(again.day("20260901", &upload), outcome);
}

#[test]
fn old_days_can_be_forgotten() {
    let mut centre = Centre::new(scheme());
    for day in ["20260901", "20260902", "20260903"] {
        centre.day(day, &[]);
    }
    centre.carried.history.forget_before(date("20260902"));
    let left: Vec<Date> = centre.carried.history.days.keys().copied().collect();
    assert_eq!(left, [date("20260902"), date("20260903")]);
}

#[test]
fn reserves_follow_positions() {
    let mut centre = Centre::new(scheme());
    let tap = |n| Tap { amount: 10_000, ..Tap::nth(n) };
    centre.day("20260901", &[upload_of(&name("20260901"), &[tap(1)])]);
    let second = centre.day("20260902", &[upload_of(&name("20260902"), &[tap(2)])]);
    let shanghai = second.positions[&SHANGHAI];
    assert_eq!(shanghai.position, Fen(-9_800));
    assert_eq!(shanghai.reserve_before, Fen(500_000_000 - 9_800));
    assert_eq!(shanghai.reserve_after, Fen(500_000_000 - 2 * 9_800));
    let jiaxing = second.positions[&JIAXING];
    assert_eq!((jiaxing.reserve_before, jiaxing.reserve_after), (Fen(9_775), Fen(2 * 9_775)));
}

#[test]
fn the_day_carries_what_it_decided() {
    let mut centre = Centre::new(scheme());
    let waiting = upload_of("TXU_20260901_10003350_000003.dat", &[]);
    let outcome = centre.day("20260901", &[upload_of(&name("20260901"), &[Tap::default()]), waiting]);
    assert_eq!(outcome.accepted.len(), 1);
    assert_eq!(outcome.refused.iter().map(|r| r.code).collect::<Vec<_>>(), [FileCode::F09]);
    assert_eq!(outcome.keys.cards.len(), 1);
    assert_eq!(centre.carried.accepted, outcome.accepted);
    assert_eq!(centre.carried.refused, outcome.refused);
}
