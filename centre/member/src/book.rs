//! The book in memory, all of it but the blacklist, and the difference between two states of it.
//!
//! A change works on a copy of the current book; what became different is written as the next version. The blacklist is
//! too long for that: its difference is given beside it.

use crate::error::MemberError;
use crate::read::{At, Rows, load_shelf};
use crate::rows::{
    CertificateEntry, Entry, ExpectedEntry, HolidayEntry, MemberEntry, ScheduleEntry, Shelf, SuspensionEntry,
    TacKeyEntry,
};
use crate::write::{Digester, close, close_cards, insert};
use tongka_base::MemberCode;
use tongka_scheme::{
    BlacklistEntry, Certificate, Fault, FeeRule, Issuer, Member, Period, PsamRange, Reserve, Rules, Scheme, TacKey,
};
use tongka_storage::WriteTx;

/// Entries that went and entries that came, each in order of its key; one that changed is in both.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference<E> {
    pub(crate) removed: Vec<E>,
    pub(crate) added: Vec<E>,
}

impl<E> Default for Difference<E> {
    fn default() -> Self {
        Self { removed: Vec::new(), added: Vec::new() }
    }
}

impl<E: Entry> Difference<E> {
    /// Between two shelves.
    fn between(before: &Shelf<E>, after: &Shelf<E>) -> Self {
        let changed = |from: &Shelf<E>, to: &Shelf<E>| {
            from.iter().filter(|(key, entry)| to.get(key) != Some(entry)).map(|(_, entry)| entry.clone()).collect()
        };
        Self { removed: changed(before, after), added: changed(after, before) }
    }

    /// Between two lists in order of their keys.
    pub(crate) fn merge(before: &[E], after: &[E]) -> Self {
        let mut found = Self::default();
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(one), Some(other)) => one.key().cmp(&other.key()),
            };
            match order {
                std::cmp::Ordering::Less => found.removed.extend(old.next().cloned()),
                std::cmp::Ordering::Greater => found.added.extend(new.next().cloned()),
                std::cmp::Ordering::Equal => {
                    let (one, other) = (old.next(), new.next());
                    if one != other {
                        found.removed.extend(one.cloned());
                        found.added.extend(other.cloned());
                    }
                }
            }
        }
        found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }
}

/// Rows of a table that differ between two states.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableChange {
    /// Table, such as `scheme_fee`.
    pub table: &'static str,
    /// Rows that came.
    pub added: u64,
    /// Rows that went.
    pub removed: u64,
}

macro_rules! book {
    ($($shelf:ident: $entry:ty),* $(,)?) => {
        /// A state of the book, without the blacklist.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Book {
            $(pub(crate) $shelf: Shelf<$entry>),*
        }

        /// What differs between two states.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Delta {
            $(pub(crate) $shelf: Difference<$entry>,)*
            pub(crate) cards: Difference<BlacklistEntry>,
        }

        impl Book {
            /// Reads a state.
            pub(crate) async fn load<R: Rows>(rows: &mut R, at: At) -> Result<Self, MemberError> {
                Ok(Self { $($shelf: load_shelf::<$entry, R>(rows, at).await?),* })
            }

            /// What has to happen for this state to become the other; of cards nothing.
            pub(crate) fn delta(&self, after: &Self) -> Delta {
                Delta {
                    $($shelf: Difference::between(&self.$shelf, &after.$shelf),)*
                    cards: Difference::default(),
                }
            }
        }

        impl Delta {
            pub(crate) fn is_empty(&self) -> bool {
                $(self.$shelf.is_empty() &&)* self.cards.is_empty()
            }

            /// Rows by table, of tables that differ.
            pub(crate) fn tables(&self) -> Vec<TableChange> {
                let all = [
                    $(table_change(&self.$shelf),)*
                    table_change(&self.cards),
                ];
                all.into_iter().filter(|change| change.added + change.removed > 0).collect()
            }

            /// Closes and inserts rows.
            pub(crate) async fn write(&self, tx: &mut WriteTx, version: i64) -> Result<(), MemberError> {
                $(
                    close(tx, &self.$shelf.removed, version).await?;
                    insert(tx, &self.$shelf.added, version).await?;
                )*
                close_cards(tx, &self.cards.removed, version).await?;
                insert(tx, &self.cards.added, version).await
            }

            /// Goes into the digest of a version, table by table in this order.
            pub(crate) fn digest(&self, digester: &mut Digester) {
                $(digester.difference(&self.$shelf);)*
                digester.difference(&self.cards);
            }

            /// What a version closed and inserted, from its rows.
            pub(crate) async fn of_version<R: Rows>(rows: &mut R, version: i64) -> Result<Self, MemberError> {
                Ok(Self {
                    $($shelf: crate::read::difference_of::<$entry, R>(rows, version).await?,)*
                    cards: crate::read::difference_of::<BlacklistEntry, R>(rows, version).await?,
                })
            }
        }
    };
}

book! {
    rules: Rules,
    members: MemberEntry,
    suspensions: SuspensionEntry,
    certificates: CertificateEntry,
    issuers: Issuer,
    psam_ranges: PsamRange,
    fees: FeeRule,
    reserves: Reserve,
    tac_keys: TacKeyEntry,
    holidays: HolidayEntry,
    schedule: ScheduleEntry,
    expected_files: ExpectedEntry,
}

fn table_change<E: Entry>(difference: &Difference<E>) -> TableChange {
    TableChange { table: E::TABLE, added: difference.added.len() as u64, removed: difference.removed.len() as u64 }
}

/// A shelf of a list.
fn shelve<E: Entry>(entries: impl IntoIterator<Item = E>) -> Shelf<E> {
    entries.into_iter().map(|entry| (entry.key(), entry)).collect()
}

impl Book {
    /// The clearing scheme of this state. `None` where the book is empty.
    pub(crate) fn scheme(&self, blacklist: Vec<BlacklistEntry>, tac_keys: Vec<TacKey>) -> Option<Scheme> {
        let rules = *self.rules.get(&())?;
        Some(Scheme {
            rules,
            members: self.members.values().map(|entry| self.member(entry)).collect(),
            issuers: self.issuers.values().cloned().collect(),
            psam_ranges: self.psam_ranges.values().cloned().collect(),
            fees: self.fees.values().cloned().collect(),
            blacklist,
            tac_keys,
            reserves: self.reserves.values().copied().collect(),
        })
    }

    fn member(&self, entry: &MemberEntry) -> Member {
        let MemberEntry { code, name, city, active_from, active_to } = entry.clone();
        let pauses = self.suspensions_of(code).map(|pause| Period { from: pause.from, to: pause.to });
        let mut certificates: Vec<_> = self
            .certificates_of(code)
            .map(|entry| Certificate {
                not_before: entry.not_before,
                not_after: entry.not_after,
                public_key: entry.public_key,
            })
            .collect();
        certificates.sort();
        Member { code, name, city, active_from, active_to, suspensions: pauses.collect(), certificates }
    }

    /// Whether a member takes part on a day.
    pub(crate) fn is_active(&self, code: MemberCode, on: tongka_base::Date) -> bool {
        self.members.get(&code).is_some_and(|entry| self.member(entry).is_active(on))
    }

    pub(crate) fn suspensions_of(&self, member: MemberCode) -> impl Iterator<Item = &SuspensionEntry> {
        self.suspensions.values().filter(move |pause| pause.member == member)
    }

    pub(crate) fn certificates_of(&self, member: MemberCode) -> impl Iterator<Item = &CertificateEntry> {
        self.certificates.values().filter(move |certificate| certificate.member == member)
    }

    /// What is wrong with this state. That test keys are there is known, not what they are.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let tac_keys = self.tac_keys.values().map(|entry| TacKey {
            scheme: entry.scheme,
            version: entry.version,
            algorithm: entry.algorithm,
            key: [0; 16],
        });
        self.scheme(Vec::new(), tac_keys.collect()).map_or_else(Vec::new, |scheme| tongka_scheme::check(&scheme))
    }

    /// This state with everything that a scheme says in place of what it said; calendar, schedule and expected files stay,
    /// and so do labels and revocations of certificates that stay. `key_file` holds the scheme's test keys.
    pub(crate) fn with_scheme(&self, scheme: &Scheme, key_file: &str) -> Self {
        let certificate = |member: MemberCode, new: &Certificate| {
            let known = self.certificates.get(&(member, new.public_key));
            CertificateEntry {
                member,
                public_key: new.public_key,
                not_before: new.not_before,
                not_after: new.not_after,
                label: known.map_or_else(String::new, |known| known.label.clone()),
                revoked: known.is_some_and(|known| known.revoked),
            }
        };
        Self {
            rules: shelve([scheme.rules]),
            members: shelve(scheme.members.iter().map(|member| MemberEntry {
                code: member.code,
                name: member.name.clone(),
                city: member.city.clone(),
                active_from: member.active_from,
                active_to: member.active_to,
            })),
            suspensions: shelve(scheme.members.iter().flat_map(|member| {
                let entry = |pause: &Period| SuspensionEntry { member: member.code, from: pause.from, to: pause.to };
                member.suspensions.iter().map(entry)
            })),
            certificates: shelve(
                scheme.members.iter().flat_map(|m| m.certificates.iter().map(|c| certificate(m.code, c))),
            ),
            issuers: shelve(scheme.issuers.iter().cloned()),
            psam_ranges: shelve(scheme.psam_ranges.iter().cloned()),
            fees: shelve(scheme.fees.iter().cloned()),
            reserves: shelve(scheme.reserves.iter().copied()),
            tac_keys: shelve(scheme.tac_keys.iter().map(|key| TacKeyEntry {
                scheme: key.scheme,
                version: key.version,
                algorithm: key.algorithm,
                key_file: key_file.to_owned(),
            })),
            holidays: self.holidays.clone(),
            schedule: self.schedule.clone(),
            expected_files: self
                .expected_files
                .iter()
                .filter(|((member, _), _)| scheme.member(*member).is_some())
                .map(|(key, entry)| (key.clone(), entry.clone()))
                .collect(),
        }
    }
}
