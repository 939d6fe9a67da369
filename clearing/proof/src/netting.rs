//! Pricing and netting (清分轧差), document, chapter 6: groups, fees once per group, positions, and the proof that all
//! of it cancels out.

use crate::error::ProofError;
use crate::record::industry_code;
use std::collections::BTreeMap;
use tongka_base::{Date, Fen, Industry, MemberCode};
use tongka_scheme::Scheme;

/// What accepted records of one clearing date are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// Acquirer (收单机构): the sender.
    pub acquirer: MemberCode,
    /// Issuer (发卡机构): the member that answers for the card.
    pub issuer: MemberCode,
    /// Industry of the terminal.
    pub industry: Industry,
}

/// A group cleared between two members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Accepted records.
    pub count: u64,
    /// Sum of their amounts.
    pub gross: Fen,
    /// The issuer's fee on the gross.
    pub issuer_fee: Fen,
    /// The centre's fee on the gross.
    pub centre_fee: Fen,
}

impl Group {
    /// What the acquirer receives: gross − issuer fee − centre fee.
    pub fn acquirer_receives(&self) -> i128 {
        i128::from(self.gross.0) - i128::from(self.issuer_fee.0) - i128::from(self.centre_fee.0)
    }

    /// What the issuer pays: gross − issuer fee.
    pub fn issuer_pays(&self) -> i128 {
        i128::from(self.gross.0) - i128::from(self.issuer_fee.0)
    }
}

/// A member's own cards at its own terminals (本地交易): counted, never money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnGroup {
    /// Accepted records.
    pub count: u64,
    /// Sum of their amounts.
    pub gross: Fen,
}

/// A member's position (头寸) of one clearing date and its reserve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Received as acquirer.
    pub receivable: Fen,
    /// Paid as issuer, as a positive sum.
    pub payable: Fen,
    /// Adjustments (调账) booked on the date, signed for this member.
    pub adjustments: Fen,
    /// receivable − payable + adjustments.
    pub position: Fen,
    /// Reserve fund (备付金) before the day.
    pub reserve_before: Fen,
    /// Reserve fund after it.
    pub reserve_after: Fen,
}

/// An adjustment (调账) booked on a clearing date: one party pays another, each a member or [`MemberCode::CENTRE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Who pays.
    pub debtor: MemberCode,
    /// Who receives.
    pub creditor: MemberCode,
    /// How much.
    pub amount: Fen,
}

/// Count and gross of accepted records while a day is running.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<GroupKey, (u64, i128)>);

impl Tally {
    pub(crate) fn add(&mut self, key: GroupKey, amount: i64) {
        let (count, gross) = self.0.entry(key).or_default();
        *count += 1;
        *gross += i128::from(amount);
    }
}

/// A day's figures.
pub(crate) struct Netting {
    pub(crate) groups: BTreeMap<GroupKey, Group>,
    pub(crate) own_groups: BTreeMap<GroupKey, OwnGroup>,
    pub(crate) positions: BTreeMap<MemberCode, Position>,
    pub(crate) centre_fees: Fen,
}

/// Prices every group and nets all of them into one position per member of the scheme.
pub(crate) fn net(
    scheme: &Scheme,
    clearing_date: Date,
    tally: &Tally,
    adjustments: &[Adjustment],
    reserve_before: &BTreeMap<MemberCode, Fen>,
) -> Result<Netting, ProofError> {
    let mut groups = BTreeMap::new();
    let mut own_groups = BTreeMap::new();
    for (&key, &(count, gross)) in &tally.0 {
        if key.acquirer == key.issuer {
            own_groups.insert(key, OwnGroup { count, gross: Fen::from_i128(gross)? });
            continue;
        }
        let (issuer_rate_ppm, centre_rate_ppm) = rates_ppm(scheme, key, clearing_date)?;
        let group = Group {
            count,
            gross: Fen::from_i128(gross)?,
            issuer_fee: Fen::from_i128(half_up(gross, issuer_rate_ppm))?,
            centre_fee: Fen::from_i128(half_up(gross, centre_rate_ppm))?,
        };
        groups.insert(key, group);
    }

    let mut adjusted: BTreeMap<MemberCode, i128> = BTreeMap::new();
    for adjustment in adjustments {
        for party in [adjustment.debtor, adjustment.creditor] {
            if party != MemberCode::CENTRE && !scheme.members.iter().any(|m| m.code == party) {
                return Err(ProofError::UnknownMember(party));
            }
        }
        *adjusted.entry(adjustment.debtor).or_default() -= i128::from(adjustment.amount.0);
        *adjusted.entry(adjustment.creditor).or_default() += i128::from(adjustment.amount.0);
    }
    let mut receivable: BTreeMap<MemberCode, i128> = BTreeMap::new();
    let mut payable: BTreeMap<MemberCode, i128> = BTreeMap::new();
    for (key, group) in &groups {
        *receivable.entry(key.acquirer).or_default() += group.acquirer_receives();
        *payable.entry(key.issuer).or_default() += group.issuer_pays();
    }
    let mut positions = BTreeMap::new();
    for member in &scheme.members {
        let receivable = receivable.get(&member.code).copied().unwrap_or_default();
        let payable = payable.get(&member.code).copied().unwrap_or_default();
        let adjustments = adjusted.get(&member.code).copied().unwrap_or_default();
        let position = receivable - payable + adjustments;
        let reserve_before = reserve_before.get(&member.code).copied().unwrap_or_default();
        let row = Position {
            receivable: Fen::from_i128(receivable)?,
            payable: Fen::from_i128(payable)?,
            adjustments: Fen::from_i128(adjustments)?,
            position: Fen::from_i128(position)?,
            reserve_before,
            reserve_after: Fen::from_i128(i128::from(reserve_before.0) + position)?,
        };
        positions.insert(member.code, row);
    }

    let centre_adjusted = adjusted.get(&MemberCode::CENTRE).copied().unwrap_or_default();
    let centre_fees = centre_adjusted + groups.values().map(|group| i128::from(group.centre_fee.0)).sum::<i128>();
    let all_positions: i128 = positions.values().map(|row| i128::from(row.position.0)).sum();
    if all_positions + centre_fees != 0 {
        return Err(ProofError::Unbalanced { positions: all_positions, centre_fees });
    }
    Ok(Netting { groups, own_groups, positions, centre_fees: Fen::from_i128(centre_fees)? })
}

/// Issuer's and centre's rate of the most specific fee rule in force; no rule, no fee.
///
/// Issuer counts 4, acquirer 2, industry 1, so a rule is more specific when it names the issuer and the other does
/// not; among equals when it names the acquirer; among those when it names the industry.
fn rates_ppm(scheme: &Scheme, key: GroupKey, clearing_date: Date) -> Result<(u32, u32), ProofError> {
    let mut best = None;
    for rule in &scheme.fees {
        let in_force = rule.from <= clearing_date && rule.to.is_none_or(|to| clearing_date <= to);
        let names_ours = rule.issuer.is_none_or(|code| code == key.issuer)
            && rule.acquirer.is_none_or(|code| code == key.acquirer)
            && rule.industry.is_none_or(|industry| industry == key.industry);
        if !in_force || !names_ours {
            continue;
        }
        let rank = (rule.issuer.is_some(), rule.acquirer.is_some(), rule.industry.is_some());
        match best {
            Some((best_rank, _)) if best_rank > rank => {}
            Some((best_rank, _)) if best_rank == rank => {
                return Err(ProofError::AmbiguousFee {
                    acquirer: key.acquirer,
                    issuer: key.issuer,
                    industry: industry_code(key.industry),
                });
            }
            _ => best = Some((rank, (rule.issuer_rate.0, rule.centre_rate.0))),
        }
    }
    Ok(best.map_or((0, 0), |(_, rates)| rates))
}

/// gross × rate / 10⁶, rounded half up (四舍五入) to the fen. The gross is never negative.
fn half_up(gross: i128, rate_ppm: u32) -> i128 {
    let exact = gross * i128::from(rate_ppm);
    let (whole, rest) = (exact / 1_000_000, exact % 1_000_000);
    if rest * 2 >= 1_000_000 { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use super::half_up;

    #[test]
    fn fees_round_half_up() {
        for (gross, rate, fee) in [
            (0, 2000, 0),
            (249, 2000, 0),
            (250, 2000, 1),
            (749, 2000, 1),
            (750, 2000, 2),
            (999, 500, 0),
            (1000, 500, 1),
            (1, 499_999, 0),
            (1, 500_000, 1),
            (3, 1_000_000, 3),
            (i128::from(i64::MAX), 1_000_000, i128::from(i64::MAX)),
        ] {
            assert_eq!(half_up(gross, rate), fee, "{gross} at {rate} ppm");
        }
    }
}
