//! What-if pricing (费率试算): closed clearing dates priced again under proposed fee rules, from their stored groups.
//!
//! Nothing is written. A proposal is refused for what a scheme file with these rules would be refused for. Groups are
//! priced as a clearing day prices them, each date by itself and rounded once a group, so that the same rules give the
//! same figures; then they are added up over the dates. Adjustments do not depend on fees and are left out.
//!
//! Invariant: Σ members + centre's fees = 0, before and after.

use crate::EngineError;
use crate::day::{self, DayState};
use crate::pricing::PricedGroup;
use std::collections::{BTreeMap, HashMap};
use tongka_base::date::days_since_epoch;
use tongka_base::{Date, Fen, Industry, MemberCode, MoneyError};
use tongka_scheme::{FeeRule, Scheme, check};
use tongka_storage::{Db, Scope, params};
use tongka_txn::GroupKey;

/// A group of a closed date as it was priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastGroup {
    /// Its clearing date.
    pub date: Date,
    /// The group with its fees.
    pub group: PricedGroup,
}

/// Closed dates as they were priced and netted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Their groups.
    pub groups: Vec<PastGroup>,
    /// What each member received less what it paid, as booked.
    pub booked: BTreeMap<MemberCode, Fen>,
}

/// A figure before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Under the rules that were in force.
    pub before: Fen,
    /// Under the proposed ones.
    pub after: Fen,
}

impl Change {
    /// What the proposal adds.
    pub fn difference(&self) -> Result<Fen, MoneyError> {
        self.after.checked_sub(self.before)
    }
}

/// What a proposal means for a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// What it receives less what it pays.
    pub position: Change,
    /// Fees it pays as acquirer, to issuers and to the centre.
    pub fees_paid: Change,
    /// Fees it earns as issuer.
    pub fees_earned: Change,
}

/// What a proposal means for a group, over all dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// Number of records.
    pub count: u64,
    /// Gross.
    pub gross: Fen,
    /// Issuer's fee.
    pub issuer_fee: Change,
    /// Centre's fee.
    pub centre_fee: Change,
}

/// What a proposal means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Dates priced again.
    pub dates: Vec<Date>,
    /// By member: every member that had money moved.
    pub members: BTreeMap<MemberCode, MemberChange>,
    /// By group; own cards, which have no fee, are left out.
    pub groups: BTreeMap<GroupKey, GroupChange>,
    /// The centre's fees.
    pub centre_fees: Change,
    /// Σ members + centre's fees: zero, before and after.
    pub imbalance: Change,
}

/// Whether there is anything to price.
///
/// # Errors
/// E08 where none of these dates is closed.
pub async fn check_dates(db: &Db, from: Date, to: Date) -> Result<(), EngineError> {
    let closed = |d: &day::Day| d.state == DayState::Closed && (from..=to).contains(&d.date);
    if day::days(db).await?.iter().any(closed) {
        return Ok(());
    }
    let text = format!("{from} 至 {to} 没有已关账的清算日 no clearing date from {from} to {to} is closed");
    Err(EngineError::refused("E08", text))
}

/// The closed dates among these.
///
/// # Errors
/// E08 where none of them is closed.
pub async fn load(db: &Db, from: Date, to: Date) -> Result<Past, EngineError> {
    check_dates(db, from, to).await?;
    let sql = "SELECT g.clearing_date, g.acquirer, g.issuer, g.industry, g.record_count, g.gross_fen, g.fee_rule, \
               g.issuer_fee_fen, g.centre_fee_fen FROM day_group g \
               JOIN clearing_day d ON d.clearing_date = g.clearing_date \
               WHERE d.state = 'closed' AND g.clearing_date >= $1 AND g.clearing_date <= $2";
    let params = params![days_since_epoch(from), days_since_epoch(to)];
    let mut past = Past::default();
    for row in db.read(Scope::Platform).fetch_all(sql, params).await? {
        past.groups.push(PastGroup { date: day::date_of(&row)?, group: day::priced_group(&row)? });
    }
    let sql = "SELECT p.member, CAST(SUM(p.receivable_fen - p.payable_fen) AS BIGINT) AS booked FROM position p \
               JOIN clearing_day d ON d.clearing_date = p.clearing_date \
               WHERE d.state = 'closed' AND p.clearing_date >= $1 AND p.clearing_date <= $2 GROUP BY p.member";
    for row in db.read(Scope::Platform).fetch_all(sql, params).await? {
        past.booked.insert(MemberCode(row.int("member")? as u32), Fen(row.int("booked")?));
    }
    Ok(past)
}

/// Why proposed rules are refused: one text a fault, in both languages.
///
/// # Errors
/// E09 with every fault that a scheme file with these rules would have.
pub fn check_rules(scheme: &Scheme, fees: &[FeeRule]) -> Result<(), EngineError> {
    let mut proposed = scheme.clone();
    proposed.fees = fees.to_vec();
    proposed.fees.sort_by_key(FeeRule::key);
    let faults: Vec<String> =
        check(&proposed).into_iter().filter(|f| f.section == "fee").map(|f| f.to_string()).collect();
    match faults.is_empty() {
        true => Ok(()),
        false => {
            Err(EngineError::refused("E09", format!("费率规则无效 the fee rules are refused: {}", faults.join("; "))))
        }
    }
}

/// Prices closed dates by proposed rules. `scheme` knows the members.
///
/// # Errors
/// E09 as [`check_rules`]; a sum that does not fit; E90 when the stored groups do not give what was booked.
pub fn reprice(scheme: &Scheme, fees: &[FeeRule], past: &Past) -> Result<WhatIf, EngineError> {
    check_rules(scheme, fees)?;
    let rules = Rules::of(fees);
    let mut groups: HashMap<GroupKey, Sums> = HashMap::new();
    let mut dates: Vec<Date> = past.groups.iter().map(|p| p.date).collect();
    dates.sort_unstable();
    dates.dedup();
    for PastGroup { date, group } in past.groups.iter().filter(|p| !p.group.is_own_card()) {
        let rule = rules.find(&group.key, *date);
        let fee = |rate: fn(&FeeRule) -> _| rule.map_or(Ok(Fen::ZERO), |rule| group.sum.gross.fee_half_up(rate(rule)));
        let after = (fee(|r| r.issuer_rate)?, fee(|r| r.centre_rate)?);
        let sums = groups.entry(group.key).or_default();
        sums.count += group.sum.count;
        sums.gross += i128::from(group.sum.gross.0);
        sums.before.0 += i128::from(group.issuer_fee.0);
        sums.before.1 += i128::from(group.centre_fee.0);
        sums.after.0 += i128::from(after.0.0);
        sums.after.1 += i128::from(after.1.0);
    }
    let mut result = WhatIf { dates, ..WhatIf::default() };
    let mut members: BTreeMap<MemberCode, [[i128; 3]; 2]> = BTreeMap::new();
    let mut centre = [0, 0];
    for (key, sums) in groups {
        for (at, (issuer_fee, centre_fee)) in [sums.before, sums.after].into_iter().enumerate() {
            let acquirer = &mut members.entry(key.acquirer).or_default()[at];
            acquirer[0] += sums.gross - issuer_fee - centre_fee;
            acquirer[1] += issuer_fee + centre_fee;
            let issuer = &mut members.entry(key.issuer).or_default()[at];
            issuer[0] -= sums.gross - issuer_fee;
            issuer[2] += issuer_fee;
            centre[at] += centre_fee;
        }
        result.groups.insert(key, sums.change()?);
    }
    let mut imbalance = centre;
    for (member, [before, after]) in members {
        imbalance = [imbalance[0] + before[0], imbalance[1] + after[0]];
        let part = |n: usize| change(before[n], after[n]);
        let changed = MemberChange { position: part(0)?, fees_paid: part(1)?, fees_earned: part(2)? };
        result.members.insert(member, changed);
    }
    result.centre_fees = change(centre[0], centre[1])?;
    result.imbalance = change(imbalance[0], imbalance[1])?;
    // Members without money are in the books and not here.
    let before = |member: &MemberCode| result.members.get(member).map_or(Fen::ZERO, |m| m.position.before);
    let parties = past.booked.keys().chain(result.members.keys());
    for member in parties {
        let booked = past.booked.get(member).copied().unwrap_or_default();
        if before(member) != booked {
            let what = format!("groups give {member} {}, the books {booked}", before(member));
            return Err(EngineError::ProofFailed(what));
        }
    }
    if result.imbalance != Change::default() {
        return Err(EngineError::ProofFailed(format!("positions and fees sum to {:?}", result.imbalance)));
    }
    Ok(result)
}

fn change(before: i128, after: i128) -> Result<Change, MoneyError> {
    Ok(Change { before: Fen::from_i128(before)?, after: Fen::from_i128(after)? })
}

/// Exact sums of a group: issuer's and centre's fee before and after.
#[derive(Default)]
struct Sums {
    count: u64,
    gross: i128,
    before: (i128, i128),
    after: (i128, i128),
}

impl Sums {
    fn change(&self) -> Result<GroupChange, MoneyError> {
        Ok(GroupChange {
            count: self.count,
            gross: Fen::from_i128(self.gross)?,
            issuer_fee: change(self.before.0, self.after.0)?,
            centre_fee: change(self.before.1, self.after.1)?,
        })
    }
}

type Pattern = (Option<MemberCode>, Option<MemberCode>, Option<Industry>);

/// Rules by pattern, so that finding one costs the eight patterns that can match and not all rules.
struct Rules<'a>(HashMap<Pattern, Vec<&'a FeeRule>>);

impl<'a> Rules<'a> {
    fn of(fees: &'a [FeeRule]) -> Self {
        let mut rules: HashMap<Pattern, Vec<&FeeRule>> = HashMap::new();
        for rule in fees {
            rules.entry((rule.acquirer, rule.issuer, rule.industry)).or_default().push(rule);
        }
        Self(rules)
    }

    /// The most specific rule in force. Rules of one pattern never overlap in time.
    fn find(&self, key: &GroupKey, on: Date) -> Option<&'a FeeRule> {
        (0..8).rev().find_map(|specificity: u8| {
            let issuer = (specificity & 4 != 0).then_some(key.issuer);
            let acquirer = (specificity & 2 != 0).then_some(key.acquirer);
            let industry = (specificity & 1 != 0).then_some(key.industry);
            let rules = self.0.get(&(acquirer, issuer, industry))?;
            rules.iter().find(|rule| rule.from <= on && rule.to.is_none_or(|to| on <= to)).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::tests::{fee, group, scheme};
    use crate::pricing::{net, price};
    use proptest::prelude::*;
    use tongka_base::date::from_days_since_epoch;
    use tongka_txn::{GroupSum, Groups};

    fn on(n: i32) -> Date {
        from_days_since_epoch(20_697 + n).unwrap()
    }

    type Cell = (i32, u32, u32, usize, i64);

    /// Groups of several dates as their clearing days would have priced them.
    fn past(scheme: &Scheme, cells: &[Cell]) -> Past {
        let mut dates: BTreeMap<i32, Groups> = BTreeMap::new();
        for &(day, acquirer, issuer, industry, gross) in cells {
            let key = group(acquirer, issuer, Industry::ALL[industry]);
            let sum = dates.entry(day).or_default().entry(key).or_default();
            sum.merge(GroupSum { count: 1, gross: Fen(gross) }).unwrap();
        }
        let mut past = Past::default();
        for (day, groups) in dates {
            let date = on(day);
            let priced = price(scheme, date, &groups).unwrap();
            for (member, position) in net(scheme, &priced, &BTreeMap::new()).unwrap().positions {
                let booked = past.booked.entry(member).or_default();
                *booked = booked.checked_add(position.net().unwrap()).unwrap();
            }
            past.groups.extend(priced.into_iter().map(|group| PastGroup { date, group }));
        }
        past
    }

    #[test]
    fn a_raised_fee_moves_money_from_acquirer_to_issuer_and_centre() {
        let old = scheme(3, vec![fee(None, None, None, 1_000)]);
        let groups =
            past(&old, &[(0, 1, 2, 0, 1_000_000), (1, 1, 2, 0, 1_000_000), (1, 3, 3, 0, 5_000), (1, 2, 1, 1, 100)]);
        let mut raised = fee(Some(1), Some(2), None, 3_000);
        raised.from = on(1);
        let result = reprice(&old, &[fee(None, None, None, 1_000), raised], &groups).unwrap();
        assert_eq!(result.dates, [on(0), on(1)]);
        let bus = result.groups[&group(1, 2, Industry::Bus)];
        assert_eq!((bus.count, bus.gross), (2, Fen(2_000_000)));
        // The rule holds from the second date on; the centre's rate is 500 ppm in both.
        assert_eq!(bus.issuer_fee, Change { before: Fen(2_000), after: Fen(4_000) });
        assert_eq!(bus.centre_fee, Change { before: Fen(1_000), after: Fen(1_000) });
        assert!(!result.groups.contains_key(&group(3, 3, Industry::Bus)), "own cards have no fee");
        assert_eq!(result.members[&MemberCode(1)].position.difference().unwrap(), Fen(-2_000));
        assert_eq!(result.members[&MemberCode(1)].fees_paid.difference().unwrap(), Fen(2_000));
        assert_eq!(result.members[&MemberCode(2)].position.difference().unwrap(), Fen(2_000));
        assert_eq!(result.members[&MemberCode(2)].fees_earned.difference().unwrap(), Fen(2_000));
        assert_eq!(result.imbalance, Change::default());
    }

    #[test]
    fn rules_that_a_scheme_would_refuse_are_refused() {
        let scheme = scheme(3, Vec::new());
        let twice = [fee(None, Some(2), None, 1), fee(None, Some(2), None, 2)];
        let unknown = [fee(Some(77), None, None, 1)];
        let too_much = [fee(None, None, None, 999_600)];
        for (fees, why) in [(&twice[..], "C07"), (&unknown, "C05"), (&too_much, "C03")] {
            let refused = reprice(&scheme, fees, &Past::default()).unwrap_err().to_string();
            assert!(refused.starts_with("E09 ") && refused.contains(why), "{refused}");
        }
        assert_eq!(reprice(&scheme, &[], &Past::default()).unwrap(), WhatIf::default());
    }

    #[test]
    fn groups_that_do_not_give_what_was_booked_are_noticed() {
        let scheme = scheme(3, vec![fee(None, None, None, 1_000)]);
        let mut altered = past(&scheme, &[(0, 1, 2, 0, 1_000_000)]);
        altered.groups[0].group.issuer_fee = Fen(999);
        assert!(matches!(reprice(&scheme, &scheme.fees, &altered), Err(EngineError::ProofFailed(_))));
        let mut lost = past(&scheme, &[(0, 1, 2, 0, 1_000_000)]);
        lost.groups.clear();
        assert!(matches!(reprice(&scheme, &scheme.fees, &lost), Err(EngineError::ProofFailed(_))));
    }

    proptest! {
        #[test]
        fn the_same_rules_change_nothing_and_others_what_pricing_by_them_would(
            cells in prop::collection::vec((0i32..5, 1u32..5, 1u32..5, 0usize..6, 0i64..10_000_000_000), 0..60),
            ppm in 0u32..400_000, other in 0u32..400_000,
        ) {
            let rules = |ppm| vec![
                fee(None, None, None, ppm),
                fee(None, None, Some(Industry::Metro), ppm / 2),
                fee(Some(2), None, None, 7),
                fee(None, Some(3), None, ppm / 3),
                fee(Some(1), Some(3), Some(Industry::Bus), 1),
            ];
            let (old, new) = (scheme(5, rules(ppm)), scheme(5, rules(other)));
            let groups = past(&old, &cells);
            let same = reprice(&old, &old.fees, &groups).unwrap();
            prop_assert!(same.members.values().all(|m| m.position.before == m.position.after
                && m.fees_paid.before == m.fees_paid.after && m.fees_earned.before == m.fees_earned.after));
            prop_assert!(same.groups.values().all(|g| g.issuer_fee.before == g.issuer_fee.after));
            prop_assert_eq!(same.centre_fees.before, same.centre_fees.after);

            // Pricing the same sums by the other rules gives the figures after.
            let changed = reprice(&old, &new.fees, &groups).unwrap();
            let again = past(&new, &cells);
            let expected = reprice(&new, &new.fees, &again).unwrap();
            for (member, change) in &changed.members {
                prop_assert_eq!(change.position.before, same.members[member].position.before);
                prop_assert_eq!(change.position.after, expected.members[member].position.before);
            }
            prop_assert_eq!(changed.centre_fees.after, expected.centre_fees.before);
            prop_assert_eq!(changed.imbalance, Change::default());
        }
    }
}
