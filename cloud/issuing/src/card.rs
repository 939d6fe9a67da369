//! The life of a card.

use crate::IssuingError;
use crate::order::find;
use crate::product::{begin, finish, masked, noted};
use std::collections::BTreeMap;
use tongka_base::date::days_since_epoch;
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
    fn parse(name: &str) -> Option<Self> {
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
    /// State.
    pub state: CardState,
}

/// A card of an owner.
///
/// # Errors
/// N01.
pub async fn card(desk: &Desk<'_>, owner: TenantCode, number: &str) -> Result<StoredCard, IssuingError> {
    let sql = "SELECT number, product, order_id, state FROM card WHERE number = $1 AND {tenant:owner}";
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(sql, params![number]).await?;
    let row = row.ok_or_else(|| IssuingError::NotFound(masked(number)))?;
    let odd = || IssuingError::Value("a stored card that does not read".into());
    Ok(StoredCard {
        number: row.text("number")?,
        product: row.text("product")?,
        order: row.int("order_id")?,
        state: CardState::parse(&row.text("state")?).ok_or_else(odd)?,
    })
}

/// Moves a card to another state.
///
/// # Errors
/// N01; N05 where the state does not follow.
pub async fn transition(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    number: &str,
    to: CardState,
) -> Result<(), IssuingError> {
    let shown = masked(number);
    let work = async {
        let from = card(desk, owner, number).await?.state;
        if !from.next().contains(&to) {
            return Err(IssuingError::State(format!("{shown} is {}, it cannot become {}", from.name(), to.name())));
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE card SET state = $4, changed_on = $5 WHERE owner = $1 AND number = $2 AND state = $3";
        let today = days_since_epoch(desk.clock.now().date());
        if tx.execute(sql, params![owner.0, number, from.name(), to.name(), today]).await? == 0 {
            return Err(IssuingError::State(format!("{shown} was changed meanwhile")));
        }
        finish(desk, tx, owner, actor, "card.move", &shown, &format!("{} to {}", from.name(), to.name())).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "card.move", &shown), outcome).await
}

/// Takes a maker's feedback (制卡反馈): lines of `number,ok` or `number,failed`. All lines must be of the order's cards,
/// each card once, and none may be missing; then good cards are in stock and the others scrapped. Returns both counts.
///
/// # Errors
/// N01, N05; N07 with the first line that does not fit. Nothing is taken then.
pub async fn feedback(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    order: i64,
    text: &str,
) -> Result<(u64, u64), IssuingError> {
    let object = format!("order {order}");
    let work = async {
        let order = find(desk, owner, order).await?;
        if order.state != "made" {
            return Err(IssuingError::State(format!("order {} is {}", order.id, order.state)));
        }
        let sql = "SELECT number FROM card WHERE order_id = $1 AND {tenant:owner}";
        let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![order.id]).await?;
        let mut open: BTreeMap<String, Option<bool>> = BTreeMap::new();
        for row in rows {
            open.insert(row.text("number")?, None);
        }
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |what: &str| IssuingError::File(format!("line {}: {what}", n + 1));
            let (number, result) = line.trim().split_once(',').ok_or_else(|| wrong("number,ok or number,failed"))?;
            let good = match result.trim() {
                "ok" => true,
                "failed" => false,
                _ => return Err(wrong("number,ok or number,failed")),
            };
            let slot = open.get_mut(number.trim()).ok_or_else(|| wrong("not a card of the order"))?;
            if slot.replace(good).is_some() {
                return Err(wrong("this card came before"));
            }
        }
        let missing = open.values().filter(|result| result.is_none()).count();
        if missing > 0 {
            return Err(IssuingError::File(format!("{missing} cards of the order are missing")));
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE production_order SET state = 'closed' WHERE id = $1 AND owner = $2 AND state = 'made'";
        if tx.execute(sql, params![order.id, owner.0]).await? == 0 {
            return Err(IssuingError::State(format!("order {} was fed back meanwhile", order.id)));
        }
        let today = days_since_epoch(desk.clock.now().date());
        let sql = "UPDATE card SET state = $3, changed_on = $4 WHERE order_id = $1 AND owner = $2";
        tx.execute(sql, params![order.id, owner.0, CardState::Stock.name(), today]).await?;
        let failed: Vec<&String> = open.iter().filter(|(_, r)| **r == Some(false)).map(|(number, _)| number).collect();
        for number in &failed {
            let sql = "UPDATE card SET state = $3, changed_on = $4 WHERE number = $1 AND owner = $2";
            tx.execute(sql, params![number.as_str(), owner.0, CardState::Scrapped.name(), today]).await?;
        }
        let counts = (open.len() as u64 - failed.len() as u64, failed.len() as u64);
        let detail = format!("{} in stock, {} scrapped", counts.0, counts.1);
        finish(desk, tx, owner, actor, "order.feedback", &object, &detail).await?;
        Ok(counts)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.feedback", &object), outcome).await
}
