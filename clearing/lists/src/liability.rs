//! Liability (责任) for a card that was taken though it was listed: computed from what the acquirer was given and what it
//! acknowledged, never from what anybody says afterwards.
//!
//! The acquirer answers once its terminals work with a version that lists the card, or once it has had such a version for
//! longer than the grace of the rules. Before that the card's issuer does.

use crate::publish::first_with;
use crate::{ListError, ListName};
use std::time::Duration;
use tongka_base::MemberCode;
use tongka_base::date::{DateTime, format_date_time, parse_date_time};
use tongka_storage::{Db, Scope, params};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liable {
    /// 收单方: it should have known.
    Acquirer,
    /// 发卡方: the acquirer could not know yet.
    Issuer,
}

impl Liable {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Acquirer => "acquirer",
            Self::Issuer => "issuer",
        }
    }
}

/// Who answers, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liability {
    /// Who answers.
    pub liable: Liable,
    /// Why, in Chinese.
    pub zh: &'static str,
    /// Why, in English.
    pub en: &'static str,
    /// The first version of the blacklist that lists the card.
    pub version: Option<i64>,
    /// From when that version holds.
    pub effective_at: Option<String>,
    /// When the acquirer was first offered it or a newer one.
    pub offered_at: Option<String>,
    /// Since when its terminals work with it or a newer one, by its own word.
    pub applied_at: Option<String>,
}

/// Who answers for a transaction at `at` at a terminal of `acquirer`, with a card that is listed since a version of the
/// book.
///
/// # Errors
/// What the database says.
pub async fn liability(
    db: &Db,
    acquirer: MemberCode,
    book_version: i64,
    at: DateTime,
    grace_hours: u32,
) -> Result<Liability, ListError> {
    let list = ListName::Blacklist;
    let mut found = Liability {
        liable: Liable::Issuer,
        zh: "该卡尚未随名单发布",
        en: "no version that lists the card was published",
        version: None,
        effective_at: None,
        offered_at: None,
        applied_at: None,
    };
    let Some(first) = first_with(db, list, book_version).await? else { return Ok(found) };
    found.version = Some(first.version);
    found.effective_at = Some(first.effective_at.clone());
    let read = db.read(Scope::Platform);
    let values = params![acquirer, list.code(), first.version];
    let sql = "SELECT MIN(offered_at) AS at FROM list_offer WHERE member = $1 AND list = $2 AND version >= $3";
    found.offered_at = read.fetch_one(sql, values).await?.opt_text("at")?;
    let sql =
        "SELECT MIN(applied_at) AS at FROM list_acknowledgement WHERE member = $1 AND list = $2 AND version >= $3";
    found.applied_at = read.fetch_one(sql, values).await?.opt_text("at")?;
    let then = format_date_time(at);
    let grace = Duration::from_secs(u64::from(grace_hours) * 3600);
    let late = found.offered_at.as_deref().and_then(parse_date_time).map(|offered| format_date_time(offered + grace));
    let (liable, zh, en) = if first.effective_at > then {
        (Liable::Issuer, "交易时该名单尚未生效", "the version was not effective yet")
    } else if found.applied_at.as_ref().is_some_and(|applied| *applied <= then) {
        (Liable::Acquirer, "交易时终端已启用该名单", "its terminals worked with the version")
    } else if late.is_some_and(|late| late <= then) {
        (Liable::Acquirer, "名单已下发并超过宽限期", "it had the version for longer than the grace")
    } else {
        (Liable::Issuer, "收单方尚在宽限期内", "the acquirer was within the grace")
    };
    Ok(Liability { liable, zh, en, ..found })
}
