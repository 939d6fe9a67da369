//! The data of a scheme.

use tongka_base::{
    Algorithm, AppSerial, CardScheme, Date, DateTime, Fen, Industry, IssuerId, KeyVersion, MemberCode, PsamNo, RatePpm,
};

/// A whole scheme: rules, members, issuers, PSAM ranges, fees, blacklist, test keys, reserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Rules of the day.
    pub rules: Rules,
    /// Member institutions (成员机构), ordered by code.
    pub members: Vec<Member>,
    /// Issuers (发卡机构), ordered by (scheme, issuer id).
    pub issuers: Vec<Issuer>,
    /// PSAM terminal number ranges, ordered by first number, disjoint.
    pub psam_ranges: Vec<PsamRange>,
    /// Fee rules (费率), ordered by pattern and first day; any comes before a code.
    pub fees: Vec<FeeRule>,
    /// Blacklisted cards (黑名单), ordered by card; at most one entry a card.
    pub blacklist: Vec<BlacklistEntry>,
    /// TAC master keys of a test scheme, by (scheme, version, algorithm).
    pub tac_keys: Vec<TacKey>,
    /// Reserve fund (备付金) of members, ordered by member.
    pub reserves: Vec<Reserve>,
}

/// Rules that hold for every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days before the clearing date from which a transaction date is too late (S 18).
    pub late_window_days: u32,
    /// Amounts above this are suspicious (S 08).
    pub single_limit_fen: Fen,
    /// Hours after listing from which a blacklisted card is refused (R 07).
    pub blacklist_grace_hours: u32,
    /// Days back from the clearing date for which keys of accepted records count; at least 90.
    pub history_days: u32,
    /// Who checks TACs.
    pub tac_verifier: TacVerifier,
}

/// Who checks TACs (TAC 验证方).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TacVerifier {
    /// The centre, with national TAC keys.
    Centre,
    /// The card's issuer, after the centre passed the record on.
    Issuer,
}

impl TacVerifier {
    /// As the scheme file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Issuer => "issuer",
        }
    }

    /// The verifier of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Centre, Self::Issuer].into_iter().find(|verifier| verifier.name() == name)
    }
}

/// A member institution (成员机构).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its code.
    pub code: MemberCode,
    /// Its name for people.
    pub name: String,
    /// Its city code.
    pub city: String,
    /// First day it takes part.
    pub active_from: Date,
    /// Last day it takes part; open-ended when absent.
    pub active_to: Option<Date>,
    /// Days between on which it does not take part (暂停), in order, disjoint.
    pub suspensions: Vec<Period>,
    /// Registered certificates (证书), in order of their first day. With any, also one that has run out, uploads must
    /// be signed.
    pub certificates: Vec<Certificate>,
}

impl Member {
    /// Whether the member takes part on that day.
    pub fn is_active(&self, on: Date) -> bool {
        Period { from: self.active_from, to: self.active_to }.contains(on)
            && !self.suspensions.iter().any(|pause| pause.contains(on))
    }

    /// The certificates that are valid on that day: two at most, while one replaces the other.
    pub fn certificates_on(&self, on: Date) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(move |certificate| certificate.is_valid(on))
    }
}

/// Days from a first to a last one, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day; open-ended when absent.
    pub to: Option<Date>,
}

impl Period {
    /// Whether the day is one of them.
    pub fn contains(&self, on: Date) -> bool {
        self.from <= on && on <= self.last()
    }

    /// The last day, of an open-ended period the last of all.
    pub fn last(&self) -> Date {
        self.to.unwrap_or(Date::MAX)
    }
}

/// Most certificates of a member that are valid on one day.
pub const MAX_VALID_CERTIFICATES: usize = 2;

/// A registered certificate (证书) of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// First clearing date on which it is valid; always when absent.
    pub not_before: Option<Date>,
    /// Last clearing date on which it is valid; for ever when absent.
    pub not_after: Option<Date>,
    /// Uncompressed SM2 public key (`04 ‖ x ‖ y`).
    pub public_key: [u8; 65],
}

impl Certificate {
    /// Whether signatures of it count on that clearing date.
    pub fn is_valid(&self, on: Date) -> bool {
        self.period().contains(on)
    }

    /// The days on which it is valid.
    pub fn period(&self) -> Period {
        Period { from: self.not_before.unwrap_or(Date::MIN), to: self.not_after }
    }
}

/// An issuer id of a member's cards (发卡机构).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id as in the cards' EF15.
    pub issuer_id: IssuerId,
    /// The member that answers for its cards.
    pub member: MemberCode,
    /// How far below zero a purse may go.
    pub overdraft_limit_fen: Fen,
    /// Allowed TAC keys as (version, algorithm).
    pub keys: Vec<(KeyVersion, Algorithm)>,
}

/// State of a PSAM range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PsamState {
    /// In use.
    Active,
    /// Stopped: records are rejected (R 02).
    Stopped,
    /// Test terminals: records are kept apart from money (T 12).
    Test,
}

impl PsamState {
    /// As the scheme file writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Test => "test",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Stopped, Self::Test].into_iter().find(|state| state.name() == name)
    }
}

/// A range of PSAM terminal numbers of one member, inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsamRange {
    /// Owner.
    pub member: MemberCode,
    /// First number.
    pub from: PsamNo,
    /// Last number.
    pub to: PsamNo,
    /// State.
    pub state: PsamState,
}

/// A fee rule (费率规则): a pattern over (acquirer, issuer member, industry) and two rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeRule {
    /// Acquirer, or any.
    pub acquirer: Option<MemberCode>,
    /// Issuer's member, or any.
    pub issuer: Option<MemberCode>,
    /// Industry, or any.
    pub industry: Option<Industry>,
    /// Issuer's fee rate on the group's gross.
    pub issuer_rate: RatePpm,
    /// Centre's fee rate on the group's gross.
    pub centre_rate: RatePpm,
    /// First clearing date it holds.
    pub from: Date,
    /// Last clearing date it holds; open-ended when absent.
    pub to: Option<Date>,
}

/// As people name it: acquirer, issuer and industry, `*` for any, and the first day.
impl std::fmt::Display for FeeRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let any = |code: Option<MemberCode>| code.map_or("*".to_owned(), |code| code.to_string());
        let industry = self.industry.map_or("*".to_owned(), |industry| industry.to_string());
        write!(f, "{}/{}/{industry} {}", any(self.acquirer), any(self.issuer), self.from)
    }
}

impl FeeRule {
    /// Specificity: issuer counts 4, acquirer 2, industry 1.
    pub fn specificity(&self) -> u8 {
        u8::from(self.issuer.is_some()) * 4 + u8::from(self.acquirer.is_some()) * 2 + u8::from(self.industry.is_some())
    }

    /// What tells it from other rules: pattern and first day.
    pub fn key(&self) -> FeeKey {
        (self.acquirer, self.issuer, self.industry, self.from)
    }

    /// Whether the rule holds for this group on that clearing date.
    pub fn matches(&self, acquirer: MemberCode, issuer: MemberCode, industry: Industry, on: Date) -> bool {
        self.acquirer.is_none_or(|a| a == acquirer)
            && self.issuer.is_none_or(|i| i == issuer)
            && self.industry.is_none_or(|i| i == industry)
            && self.from <= on
            && self.to.is_none_or(|to| on <= to)
    }
}

/// What tells fee rules apart: acquirer, issuer and industry, each one or any, and the first day.
pub type FeeKey = (Option<MemberCode>, Option<MemberCode>, Option<Industry>, Date);

/// A blacklisted card (黑名单).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlacklistEntry {
    /// Card scheme.
    pub scheme: CardScheme,
    /// Issuer id.
    pub issuer_id: IssuerId,
    /// Application serial.
    pub application_serial: AppSerial,
    /// Since when it is listed.
    pub listed_at: DateTime,
}

/// A national TAC master key of a test scheme. Production keys live in the HSM and are named, never written.
#[derive(Clone, PartialEq, Eq)]
pub struct TacKey {
    /// Card scheme.
    pub scheme: CardScheme,
    /// Version.
    pub version: KeyVersion,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// The 16 key bytes.
    pub key: [u8; 16],
}

/// Never shows the key bytes.
impl std::fmt::Debug for TacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TacKey({} {:02X} {:?})", self.scheme, self.version.0, self.algorithm)
    }
}

/// Reserve fund (备付金) lines of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Member.
    pub member: MemberCode,
    /// Balance when the member joins; booked once.
    pub opening_fen: Fen,
    /// Balance the member is asked to keep.
    pub target_fen: Fen,
    /// Below this the member is warned.
    pub warning_fen: Fen,
    /// Below this the member is stopped by rule.
    pub stop_fen: Fen,
}

impl Scheme {
    /// The member of a code.
    pub fn member(&self, code: MemberCode) -> Option<&Member> {
        self.members.binary_search_by_key(&code, |m| m.code).ok().map(|i| &self.members[i])
    }

    /// The issuer of a (scheme, issuer id).
    pub fn issuer(&self, scheme: CardScheme, issuer_id: IssuerId) -> Option<&Issuer> {
        self.issuers
            .binary_search_by_key(&(scheme, issuer_id), |i| (i.scheme, i.issuer_id))
            .ok()
            .map(|i| &self.issuers[i])
    }

    /// The PSAM range that holds a number.
    pub fn psam_range(&self, psam: PsamNo) -> Option<&PsamRange> {
        let after = self.psam_ranges.partition_point(|r| r.from <= psam);
        self.psam_ranges[..after].last().filter(|r| psam <= r.to)
    }

    /// The most specific fee rule in force for a group on a clearing date.
    pub fn fee_rule(&self, acquirer: MemberCode, issuer: MemberCode, industry: Industry, on: Date) -> Option<&FeeRule> {
        self.fees.iter().filter(|f| f.matches(acquirer, issuer, industry, on)).max_by_key(|f| f.specificity())
    }

    /// The TAC master key of (scheme, version, algorithm).
    pub fn tac_key(&self, scheme: CardScheme, version: KeyVersion, algorithm: Algorithm) -> Option<&TacKey> {
        self.tac_keys.iter().find(|k| (k.scheme, k.version, k.algorithm) == (scheme, version, algorithm))
    }

    /// The reserve lines of a member.
    pub fn reserve(&self, member: MemberCode) -> Option<&Reserve> {
        self.reserves.iter().find(|r| r.member == member)
    }
}
