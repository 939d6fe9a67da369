//! The life of a card.

use crate::IssuingError;
use crate::order::{Destination, Part, find, parts};
use crate::product::{begin, finish, masked, noted};
use crate::stock::{MAIN, account, book, check_place};
use std::collections::BTreeMap;
use tongka_audit::Deed;
use tongka_base::date::days_since_epoch;
use tongka_card::events::{Event, LogError, read};
use tongka_crypto::sm3;
use tongka_key::Desk;
use tongka_storage::{Scope, TenantCode, params};

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident $text:literal $zh:literal -> [$($next:ident),*];)*) => {
        /// Where a card is in its life.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum CardState { $($(#[$doc])* $name),* }

        impl CardState {
            /// All states.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As stored.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Chinese name.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// The states a card may go to.
            pub fn next(self) -> &'static [Self] {
                match self { $(Self::$name => &[$(Self::$next),*]),* }
            }
        }
    };
}

states! {
    /// Data were given to the maker.
    Made "made" "已制卡" -> [Stock, Scrapped];
    /// In the city's stock.
    Stock "stock" "库存" -> [Issued, Scrapped];
    /// Failed at the maker or in stock.
    Scrapped "scrapped" "报废" -> [Destroyed];
    /// Sold or handed out.
    Issued "issued" "已发行" -> [Active, Returned];
    /// In use.
    Active "active" "正常" -> [Lost, Blocked, Returned, Replaced];
    /// Reported lost (挂失).
    Lost "lost" "挂失" -> [Active, Blocked, Replaced];
    /// Blocked.
    Blocked "blocked" "锁定" -> [Active, Returned, Replaced];
    /// Returned for a refund.
    Returned "returned" "退卡" -> [Stock, Destroyed];
    /// Another card took its place.
    Replaced "replaced" "换卡" -> [Destroyed];
    /// Destroyed.
    Destroyed "destroyed" "销毁" -> [];
}

impl CardState {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.name() == name)
    }
}

/// A card as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCard {
    /// Number, as printed.
    pub number: String,
    /// Product.
    pub product: String,
    /// Order it was made by.
    pub order: i64,
    /// Part of the order.
    pub part: u16,
    /// Maker.
    pub maker: String,
    /// Store it is in, while in stock.
    pub place: String,
    /// State.
    pub state: CardState,
}

/// A card of an owner.
///
/// # Errors
/// N01.
pub async fn card(desk: &Desk<'_>, owner: TenantCode, number: &str) -> Result<StoredCard, IssuingError> {
    let sql = "SELECT c.number, c.product, c.order_id, c.part, c.state, c.place, o.maker FROM card c \
               JOIN production_order o ON o.id = c.order_id WHERE c.number = $1 AND {tenant:c.owner}";
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(sql, params![number]).await?;
    let row = row.ok_or_else(|| IssuingError::NotFound(masked(number)))?;
    let odd = || IssuingError::Value("a stored card that does not read".into());
    Ok(StoredCard {
        number: row.text("number")?,
        product: row.text("product")?,
        order: row.int("order_id")?,
        part: row.int("part")? as u16,
        maker: row.text("maker")?,
        place: row.text("place")?,
        state: CardState::parse(&row.text("state")?).ok_or_else(odd)?,
    })
}

/// A card of an owner by the id that lists show of it.
///
/// # Errors
/// N01.
pub async fn card_of_id(desk: &Desk<'_>, owner: TenantCode, id: i64) -> Result<StoredCard, IssuingError> {
    let sql = "SELECT number FROM card WHERE id = $1 AND {tenant:owner}";
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(sql, params![id]).await?;
    let row = row.ok_or_else(|| IssuingError::NotFound(format!("card {id}")))?;
    card(desk, owner, &row.text("number")?).await
}

/// Moves a card to another state. One that comes back into stock goes to a store, [`MAIN`] where none is named.
///
/// # Errors
/// N01; N05 where the state does not follow; N06 for a store that is none.
pub async fn transition(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    number: &str,
    to: CardState,
    place: Option<&str>,
) -> Result<(), IssuingError> {
    let shown = masked(number);
    let work = async {
        let card = card(desk, owner, number).await?;
        let from = card.state;
        if !from.next().contains(&to) {
            return Err(IssuingError::State(format!("{shown} is {}, it cannot become {}", from.name(), to.name())));
        }
        let place = if to == CardState::Stock { place.unwrap_or(MAIN) } else { "" };
        if to == CardState::Stock {
            check_place(place)?;
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE card SET state = $4, changed_on = $5, place = $6 \
                   WHERE owner = $1 AND number = $2 AND state = $3 AND place = $7";
        let today = days_since_epoch(desk.clock.now().date());
        let values = params![owner.0, number, from.name(), to.name(), today, place, card.place.as_str()];
        if tx.execute(sql, values).await? == 0 {
            return Err(IssuingError::State(format!("{shown} was changed meanwhile")));
        }
        let accounts = (&*account(from, &card.maker, &card.place), &*account(to, &card.maker, place));
        let why = format!("{} to {}", from.name(), to.name());
        book(&mut tx, desk, (owner, actor), &card.product, accounts, 1, &why).await?;
        finish(desk, tx, owner, actor, "card.move", &shown, &why).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "card.move", &shown), outcome).await
}

/// What came back from where a part of an order was personalised.
#[derive(Clone, Copy, Debug)]
pub struct Feedback<'a> {
    /// Order.
    pub order: i64,
    /// Part of it.
    pub part: u16,
    /// Lines of `number,ok` or `number,failed`.
    pub text: &'a str,
    /// The reader's event log and the file key of the owner under which it was sealed. Due from the owner's own readers.
    pub events: Option<(&'a str, &'a str)>,
}

/// Takes feedback (制卡反馈). All lines must be of the part's cards, each card once, and none may be missing; then good
/// cards are in stock, in the store [`MAIN`], and the others scrapped. What the reader's event log tells of cards that
/// were torn, wrong or taken away goes into the audit log. Returns the numbers of good and of scrapped cards.
///
/// # Errors
/// N01, N05; N07 with the first line that does not fit; N08 for an event log that is missing where it is due, was changed,
/// or does not tell of the cards that are said to be written. Nothing is taken then.
pub async fn feedback(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    given: &Feedback<'_>,
) -> Result<(u64, u64), IssuingError> {
    let object = format!("order {} part {}", given.order, given.part);
    let work = async {
        let order = find(desk, owner, given.order).await?;
        let part = parts(desk, owner, order.id).await?.into_iter().find(|p| p.part == given.part);
        let part = part.ok_or_else(|| IssuingError::NotFound(object.clone()))?;
        if part.state != "made" {
            return Err(IssuingError::State(format!("{object} is {}", part.state)));
        }
        let sql = "SELECT number FROM card WHERE order_id = $1 AND part = $2 AND {tenant:owner}";
        let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![order.id, i64::from(part.part)]).await?;
        let mut open: BTreeMap<String, Option<bool>> = BTreeMap::new();
        for row in rows {
            open.insert(row.text("number")?, None);
        }
        read_lines(given.text, &mut open)?;
        let refusals = told(desk, owner, &part, given.events, &open)?;
        let mut tx = begin(desk).await?;
        let sql = "UPDATE production_part SET state = 'closed' WHERE order_id = $1 AND part = $2 AND owner = $3 \
                   AND state = 'made'";
        if tx.execute(sql, params![order.id, i64::from(part.part), owner.0]).await? == 0 {
            return Err(IssuingError::State(format!("{object} was fed back meanwhile")));
        }
        let sql = "UPDATE production_order SET state = 'closed' WHERE id = $1 AND owner = $2 AND state = 'made' AND \
                   NOT EXISTS (SELECT 1 FROM production_part p WHERE p.order_id = $1 AND p.state = 'made')";
        tx.execute(sql, params![order.id, owner.0]).await?;
        let today = days_since_epoch(desk.clock.now().date());
        let sql = "UPDATE card SET state = $4, changed_on = $5, place = $6 \
                   WHERE order_id = $1 AND part = $2 AND owner = $3";
        let values = params![order.id, i64::from(part.part), owner.0, CardState::Stock.name(), today, MAIN];
        tx.execute(sql, values).await?;
        let failed: Vec<&String> = open.iter().filter(|(_, r)| **r == Some(false)).map(|(number, _)| number).collect();
        for number in &failed {
            let sql = "UPDATE card SET state = $3, changed_on = $4, place = '' WHERE number = $1 AND owner = $2";
            tx.execute(sql, params![number.as_str(), owner.0, CardState::Scrapped.name(), today]).await?;
        }
        let counts = (open.len() as u64 - failed.len() as u64, failed.len() as u64);
        let maker = account(CardState::Made, &order.maker, "");
        for (state, count) in [(CardState::Stock, counts.0), (CardState::Scrapped, counts.1)] {
            let to = account(state, &order.maker, MAIN);
            book(&mut tx, desk, (owner, actor), &order.product, (&maker, &to), count, &object).await?;
        }
        for event in &refusals {
            let detail = format!("{object}, reader event {} at {}: {}", event.sequence, event.at, event.detail);
            let (object, outcome) = (event.object.as_str(), event.code.as_str());
            let deed = Deed { owner: owner.0, actor, action: "card.personalise", object, outcome, detail: &detail };
            tongka_audit::record(&mut tx, &deed, desk.clock).await?;
        }
        let detail = format!("{} in stock, {} scrapped, {} refusals", counts.0, counts.1, refusals.len());
        finish(desk, tx, owner, actor, "order.feedback", &object, &detail).await?;
        Ok(counts)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.feedback", &object), outcome).await
}

/// Reads the lines of feedback into the cards they are due for.
fn read_lines(text: &str, open: &mut BTreeMap<String, Option<bool>>) -> Result<(), IssuingError> {
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| IssuingError::File(format!("line {}: {what}", n + 1));
        let (number, result) = line.trim().split_once(',').ok_or_else(|| wrong("number,ok or number,failed"))?;
        let good = match result.trim() {
            "ok" => true,
            "failed" => false,
            _ => return Err(wrong("number,ok or number,failed")),
        };
        let slot = open.get_mut(number.trim()).ok_or_else(|| wrong("not a card of this part of the order"))?;
        if slot.replace(good).is_some() {
            return Err(wrong("this card came before"));
        }
    }
    match open.values().filter(|result| result.is_none()).count() {
        0 => Ok(()),
        missing => Err(IssuingError::File(format!("{missing} cards of this part of the order are missing"))),
    }
}

/// What a reader's event log tells beside the cards that were written, when it is what the reader wrote and tells of
/// just the cards that the feedback names.
fn told(
    desk: &Desk<'_>,
    owner: TenantCode,
    part: &Part,
    events: Option<(&str, &str)>,
    cards: &BTreeMap<String, Option<bool>>,
) -> Result<Vec<Event>, IssuingError> {
    let Some((text, file_key)) = events else {
        return match part.destination {
            Destination::Bureau => Ok(Vec::new()),
            Destination::Own => Err(IssuingError::Events("it comes with the feedback of own readers".into())),
        };
    };
    let key = format!("{owner}.{file_key}");
    let seal = |data: &[u8]| desk.hsm.file_mac(&key, &sm3(data));
    let (all, _) = read(text, part.digest.as_bytes(), seal).map_err(|error| match error {
        LogError::Seal(error) => error.into(),
        line => IssuingError::Events(line.to_string()),
    })?;
    let (written, others): (Vec<Event>, Vec<Event>) = all.into_iter().partition(|e| e.code == "written");
    let mut said: Vec<String> = written.into_iter().map(|e| e.object).collect();
    let mut named: Vec<String> = cards.iter().filter(|(_, r)| **r == Some(true)).map(|(n, _)| masked(n)).collect();
    said.sort_unstable();
    named.sort_unstable();
    if said != named {
        return Err(IssuingError::Events("it tells of other cards than the feedback".into()));
    }
    let Some((last, refusals)) = others.split_last().filter(|(last, _)| last.code == "complete") else {
        return Err(IssuingError::Events("it does not end with the end of the order".into()));
    };
    debug_assert_eq!(last.code, "complete");
    Ok(refusals.to_vec())
}
