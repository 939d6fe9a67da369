//! Matching (对账): which line of a statement is which booking that the books expect. Pure; the rules are tried in order.
//!
//! | rule | a line is a booking when |
//! |---|---|
//! | 1 `end_to_end` | it carries the booking's own reference (`EndToEndId`) |
//! | 2 `reference` | the bank's reference, or a word of the remittance, is the booking's reference |
//! | 3 `amount_date` | it carries no reference, and it alone and the booking alone have that amount and date |
//!
//! A line found by rule 1 or 2 whose amount is another is *different*: it is never matched by a later rule. A second line
//! of the same reference is *twice*. Invariant: every line has one outcome; a booking is taken once at most.

use std::collections::HashMap;

/// A booking that the books expect on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The id that goes with the payment.
    pub reference: &'a str,
    /// Fen, negative where the account pays.
    pub amount: i64,
    /// Day, days since 1970-01-01.
    pub day: i64,
}

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The id that came with the payment.
    pub reference: Option<&'a str>,
    /// The bank's own reference.
    pub bank_reference: Option<&'a str>,
    /// What it is for.
    pub remittance: &'a str,
    /// Fen, negative where the account pays.
    pub amount: i64,
    /// Day, days since 1970-01-01.
    pub day: i64,
}

/// By which rule a line was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// 1.
    EndToEnd,
    /// 2.
    Reference,
    /// 3.
    AmountDate,
}

impl Rule {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        ["end_to_end", "reference", "amount_date"][self as usize]
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is that booking.
    Matched(usize, Rule),
    /// It names that booking but has another amount.
    Different(usize, Rule),
    /// It names a booking that another line has taken.
    Twice(usize),
    /// The books know nothing of it.
    Missing,
}

/// The outcomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// One a line.
    pub lines: Vec<Outcome>,
    /// Bookings that no line is.
    pub unclaimed: Vec<usize>,
}

/// Matches the lines of one account with what is expected on it.
pub fn match_lines(expected: &[Expected<'_>], lines: &[Line<'_>]) -> Matching {
    let by_reference: HashMap<&str, usize> = expected.iter().enumerate().map(|(at, e)| (e.reference, at)).collect();
    let mut taken = vec![false; expected.len()];
    let mut outcomes: Vec<Option<Outcome>> = vec![None; lines.len()];
    let mut claim = |at: usize, line: &Line<'_>, rule| {
        if std::mem::replace(&mut taken[at], true) {
            Outcome::Twice(at)
        } else if expected[at].amount == line.amount {
            Outcome::Matched(at, rule)
        } else {
            Outcome::Different(at, rule)
        }
    };
    for (line, outcome) in lines.iter().zip(&mut outcomes) {
        let found = line.reference.and_then(|reference| by_reference.get(reference));
        *outcome = found.map(|at| claim(*at, line, Rule::EndToEnd));
    }
    for (line, outcome) in lines.iter().zip(&mut outcomes).filter(|(_, outcome)| outcome.is_none()) {
        let words = line.remittance.split_whitespace();
        let found = line.bank_reference.into_iter().chain(words).find_map(|word| by_reference.get(word));
        *outcome = found.map(|at| claim(*at, line, Rule::Reference));
    }
    by_amount_and_date(expected, lines, &mut taken, &mut outcomes);
    Matching {
        lines: outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Missing)).collect(),
        unclaimed: (0..expected.len()).filter(|at| !taken[*at]).collect(),
    }
}

fn by_amount_and_date(
    expected: &[Expected<'_>],
    lines: &[Line<'_>],
    taken: &mut [bool],
    outcomes: &mut [Option<Outcome>],
) {
    // None: more than one has that amount and day.
    let mut open: HashMap<(i64, i64), Option<usize>> = HashMap::new();
    let bare = |at: &usize| outcomes[*at].is_none() && lines[*at].reference.is_none();
    for at in (0..lines.len()).filter(bare) {
        open.entry((lines[at].amount, lines[at].day)).and_modify(|one| *one = None).or_insert(Some(at));
    }
    if open.is_empty() {
        return;
    }
    let mut wanted: HashMap<(i64, i64), Option<usize>> = HashMap::new();
    for (at, e) in expected.iter().enumerate().filter(|(at, _)| !taken[*at]) {
        wanted.entry((e.amount, e.day)).and_modify(|one| *one = None).or_insert(Some(at));
    }
    for (key, line) in open {
        if let (Some(line), Some(Some(at))) = (line, wanted.get(&key)) {
            taken[*at] = true;
            outcomes[line] = Some(Outcome::Matched(*at, Rule::AmountDate));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(reference: &str, amount: i64, day: i64) -> Expected<'_> {
        Expected { reference, amount, day }
    }

    fn line<'a>(reference: &'a str, bank: &'a str, remittance: &'a str, amount: i64) -> Line<'a> {
        let some = |text: &'a str| (!text.is_empty()).then_some(text);
        Line { reference: some(reference), bank_reference: some(bank), remittance, amount, day: 1 }
    }

    #[test]
    fn rules_are_tried_in_order() {
        use Outcome::{Different, Matched, Missing, Twice};
        let books = [expected("A", 5, 1), expected("B", -7, 1), expected("C", 9, 1), expected("D", 9, 1)];
        let cases: [(&[Line<'_>], &[Outcome], &[usize]); 9] = [
            (&[line("A", "", "", 5)], &[Matched(0, Rule::EndToEnd)], &[1, 2, 3]),
            (&[line("A", "", "", -5)], &[Different(0, Rule::EndToEnd)], &[1, 2, 3]),
            (&[line("", "B", "", -7)], &[Matched(1, Rule::Reference)], &[0, 2, 3]),
            (&[line("", "", "清算款 B 9月", -7)], &[Matched(1, Rule::Reference)], &[0, 2, 3]),
            (&[line("", "X", "清算", 5)], &[Matched(0, Rule::AmountDate)], &[1, 2, 3]),
            (&[line("X", "", "", 5)], &[Missing], &[0, 1, 2, 3]),
            (&[line("", "", "", 9)], &[Missing], &[0, 1, 2, 3]),
            (&[line("", "", "", 5), line("", "", "", 5)], &[Missing, Missing], &[0, 1, 2, 3]),
            (
                &[line("", "", "", 5), line("A", "", "", 5), line("A", "", "", 5)],
                &[Missing, Matched(0, Rule::EndToEnd), Twice(0)],
                &[1, 2, 3],
            ),
        ];
        for (lines, outcomes, unclaimed) in cases {
            let found = match_lines(&books, lines);
            assert_eq!((found.lines.as_slice(), found.unclaimed.as_slice()), (outcomes, unclaimed), "{lines:?}");
        }
        let late = Line { day: 2, ..line("", "", "", 5) };
        assert_eq!(match_lines(&books, &[late]).lines, [Missing], "another day");
    }
}
