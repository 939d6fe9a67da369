//! Pricing (计费) and netting (轧差): from group sums to fees and positions. Exchange interface v1, chapter 6.

use std::collections::BTreeMap;
use tongka_base::{Date, Fen, MemberCode, MoneyError};
use tongka_scheme::Scheme;
use tongka_txn::{GroupKey, GroupSum, Groups};

/// A group with its fees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedGroup {
    /// Group.
    pub key: GroupKey,
    /// Count and gross.
    pub sum: GroupSum,
    /// Position in the scheme file (from 0) of the fee rule that priced it; none for own cards and where no rule matches.
    pub fee_rule: Option<usize>,
    /// Issuer's fee.
    pub issuer_fee: Fen,
    /// Centre's fee.
    pub centre_fee: Fen,
}

impl PricedGroup {
    /// Whether acquirer and issuer are the same member: cleared with no money and no fee.
    pub fn is_own_card(&self) -> bool {
        self.key.acquirer == self.key.issuer
    }

    /// What the issuer pays: gross less its fee.
    pub fn issuer_pays(&self) -> Result<Fen, MoneyError> {
        self.sum.gross.checked_sub(self.issuer_fee)
    }

    /// What the acquirer receives: gross less both fees.
    pub fn acquirer_receives(&self) -> Result<Fen, MoneyError> {
        self.issuer_pays()?.checked_sub(self.centre_fee)
    }
}

/// Prices every group by the most specific fee rule in force on the clearing date.
pub fn price(scheme: &Scheme, clearing_date: Date, groups: &Groups) -> Result<Vec<PricedGroup>, MoneyError> {
    let mut priced = Vec::with_capacity(groups.len());
    for (key, sum) in groups {
        let rule = (key.acquirer != key.issuer)
            .then(|| scheme.fee_rule(key.acquirer, key.issuer, key.industry, clearing_date))
            .flatten();
        priced.push(PricedGroup {
            key: *key,
            sum: *sum,
            fee_rule: rule
                .map(|rule| scheme.fees.iter().position(|f| std::ptr::eq(f, rule)).expect("a rule of the scheme")),
            issuer_fee: rule.map_or(Ok(Fen::ZERO), |rule| sum.gross.fee_half_up(rule.issuer_rate))?,
            centre_fee: rule.map_or(Ok(Fen::ZERO), |rule| sum.gross.fee_half_up(rule.centre_rate))?,
        });
    }
    Ok(priced)
}

/// What a member gets and owes for one clearing date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Sum received as acquirer.
    pub receivable: Fen,
    /// Sum paid as issuer, zero or more.
    pub payable: Fen,
    /// Adjustments (调账) booked on the date.
    pub adjustments: Fen,
}

impl Position {
    /// Net: receivable − payable + adjustments.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.receivable.checked_sub(self.payable)?.checked_add(self.adjustments)
    }
}

/// Positions of all members and the centre's fees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Netting {
    /// By member: every member of the scheme is there.
    pub positions: BTreeMap<MemberCode, Position>,
    /// Sum of the centre's fees, with the adjustments that the centre pays or receives.
    pub centre_fees: Fen,
}

impl Netting {
    /// Σ positions + centre fees; anything but zero is a broken invariant.
    pub fn imbalance(&self) -> Result<Fen, MoneyError> {
        let nets = self.positions.values().map(Position::net).collect::<Result<Vec<_>, _>>()?;
        Fen::try_sum(nets.into_iter().chain([self.centre_fees]))
    }
}

/// Nets priced groups and adjustments into positions; adjustments are signed sums by party, the centre among them.
pub fn net(
    scheme: &Scheme,
    priced: &[PricedGroup],
    adjustments: &BTreeMap<MemberCode, Fen>,
) -> Result<Netting, MoneyError> {
    let mut netting = Netting {
        positions: scheme.members.iter().map(|m| (m.code, Position::default())).collect(),
        centre_fees: adjustments.get(&MemberCode::CENTRE).copied().unwrap_or_default(),
    };
    for (member, adjusted) in adjustments.iter().filter(|(member, _)| **member != MemberCode::CENTRE) {
        netting.positions.entry(*member).or_default().adjustments = *adjusted;
    }
    for group in priced.iter().filter(|g| !g.is_own_card()) {
        let acquirer = netting.positions.entry(group.key.acquirer).or_default();
        acquirer.receivable = acquirer.receivable.checked_add(group.acquirer_receives()?)?;
        let issuer = netting.positions.entry(group.key.issuer).or_default();
        issuer.payable = issuer.payable.checked_add(group.issuer_pays()?)?;
        netting.centre_fees = netting.centre_fees.checked_add(group.centre_fee)?;
    }
    Ok(netting)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use tongka_base::date::parse_date;
    use tongka_base::{Industry, RatePpm};
    use tongka_scheme::{FeeRule, Member, Rules, TacVerifier};

    pub(crate) fn scheme(members: u32, fees: Vec<FeeRule>) -> Scheme {
        Scheme {
            rules: Rules {
                late_window_days: 30,
                single_limit_fen: Fen(100_000),
                blacklist_grace_hours: 24,
                history_days: 90,
                tac_verifier: TacVerifier::Centre,
            },
            members: (1..=members)
                .map(|n| Member {
                    code: MemberCode(n),
                    name: String::new(),
                    city: String::new(),
                    active_from: day(),
                    active_to: None,
                    suspensions: Vec::new(),
                    certificates: Vec::new(),
                })
                .collect(),
            issuers: Vec::new(),
            psam_ranges: Vec::new(),
            fees,
            blacklist: Vec::new(),
            tac_keys: Vec::new(),
            reserves: Vec::new(),
        }
    }

    fn day() -> Date {
        parse_date(b"20260901").unwrap()
    }

    pub(crate) fn fee(
        acquirer: Option<u32>,
        issuer: Option<u32>,
        industry: Option<Industry>,
        issuer_ppm: u32,
    ) -> FeeRule {
        FeeRule {
            acquirer: acquirer.map(MemberCode),
            issuer: issuer.map(MemberCode),
            industry,
            issuer_rate: RatePpm(issuer_ppm),
            centre_rate: RatePpm(500),
            from: day(),
            to: None,
        }
    }

    pub(crate) fn group(acquirer: u32, issuer: u32, industry: Industry) -> GroupKey {
        GroupKey { acquirer: MemberCode(acquirer), issuer: MemberCode(issuer), industry }
    }

    #[test]
    fn the_most_specific_rule_prices_a_group() {
        let rules = vec![
            fee(None, None, None, 1),
            fee(None, None, Some(Industry::Bus), 2),
            fee(Some(1), None, None, 3),
            fee(Some(1), None, Some(Industry::Bus), 4),
            fee(None, Some(2), None, 5),
            fee(Some(1), Some(2), Some(Industry::Bus), 6),
        ];
        let scheme = scheme(4, rules);
        let cases = [
            (group(3, 4, Industry::Taxi), Some(0)),
            (group(3, 4, Industry::Bus), Some(1)),
            (group(1, 4, Industry::Taxi), Some(2)),
            (group(1, 4, Industry::Bus), Some(3)),
            (group(1, 2, Industry::Taxi), Some(4)),
            (group(1, 2, Industry::Bus), Some(5)),
            (group(1, 1, Industry::Bus), None),
        ];
        for (key, rule) in cases {
            let groups = Groups::from([(key, GroupSum { count: 1, gross: Fen(1_000_000) })]);
            assert_eq!(price(&scheme, day(), &groups).unwrap()[0].fee_rule, rule, "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn positions_and_fees_sum_to_zero(
            cells in prop::collection::vec((1u32..6, 1u32..6, 0usize..6, 0i64..10_000_000_000), 0..60),
            ppm in 0u32..500_000,
            adjusted in prop::collection::vec((0u32..7, 0u32..7, 1i64..1_000_000_000), 0..20),
        ) {
            let scheme = scheme(6, vec![fee(None, None, None, ppm), fee(Some(2), None, None, 7)]);
            let mut groups = Groups::new();
            for (acquirer, issuer, industry, gross) in cells {
                let key = group(acquirer, issuer, Industry::ALL[industry]);
                groups.entry(key).or_default().merge(GroupSum { count: 1, gross: Fen(gross) }).unwrap();
            }
            let mut adjustments = BTreeMap::<MemberCode, Fen>::new();
            for (debtor, creditor, amount) in adjusted {
                adjustments.entry(MemberCode(debtor)).or_default().0 -= amount;
                adjustments.entry(MemberCode(creditor)).or_default().0 += amount;
            }
            let netting = net(&scheme, &price(&scheme, day(), &groups).unwrap(), &adjustments).unwrap();
            prop_assert_eq!(netting.imbalance().unwrap(), Fen::ZERO);
        }
    }
}
