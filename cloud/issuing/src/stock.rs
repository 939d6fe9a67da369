//! The stock of cards (库存): a ledger of double entry beside the cards' states.
//!
//! Cards are with a maker (`maker:NAME`), in a store (`store:PLACE`), with holders, returned, scrapped, replaced or
//! destroyed. Whatever moves cards from one of these accounts to another books the quantity in the same transaction, and
//! entries are never changed; [`check_stock`] counts the cards and compares.

use crate::IssuingError;
use crate::card::CardState;
use crate::product::{begin, finish, noted};
use std::collections::BTreeMap;
use tongka_base::date::format_date_time;
use tongka_key::Desk;
use tongka_storage::{Scope, TenantCode, WriteTx, params};

/// The store that makers deliver to.
pub const MAIN: &str = "MAIN";
/// Where cards come from.
pub(crate) const BLANK: &str = "blank";

/// Cards of a product on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// Product.
    pub product: String,
    /// Account.
    pub account: String,
    /// How many.
    pub quantity: i64,
}

/// A movement of cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockEntry {
    /// Number.
    pub id: i64,
    /// The line it takes from and that it adds to: product, both accounts, quantity.
    pub product: String,
    /// From.
    pub source: String,
    /// To.
    pub target: String,
    /// How many.
    pub quantity: i64,
    /// Why.
    pub why: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: String,
}

/// Account of a card of a state, a maker and a store.
pub(crate) fn account(state: CardState, maker: &str, place: &str) -> String {
    match state {
        CardState::Made => format!("maker:{maker}"),
        CardState::Stock => format!("store:{place}"),
        CardState::Scrapped => "scrapped".to_owned(),
        CardState::Issued | CardState::Active | CardState::Lost | CardState::Blocked => "holders".to_owned(),
        CardState::Returned => "returned".to_owned(),
        CardState::Replaced => "replaced".to_owned(),
        CardState::Destroyed => "destroyed".to_owned(),
    }
}

/// Refuses what is no store.
pub(crate) fn check_place(place: &str) -> Result<(), IssuingError> {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    if place.is_empty() || place.len() > 32 || !place.bytes().all(plain) {
        return Err(IssuingError::Value("a store is 1 to 32 of A-Z 0-9 -".into()));
    }
    Ok(())
}

/// Books cards from one account to another.
pub(crate) async fn book(
    tx: &mut WriteTx,
    desk: &Desk<'_>,
    (owner, actor): (TenantCode, &str),
    product: &str,
    (source, target): (&str, &str),
    quantity: u64,
    why: &str,
) -> Result<(), IssuingError> {
    if quantity == 0 || source == target {
        return Ok(());
    }
    let next = tx.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM stock_entry", params![]).await?.int("id")?;
    let sql = "INSERT INTO stock_entry (id, owner, product, source, target, quantity, why, actor, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let at = format_date_time(desk.clock.now());
    tx.execute(sql, params![next, owner.0, product, source, target, quantity as i64, why, actor, at]).await?;
    Ok(())
}

/// What the ledger has of an owner's cards, by product and account.
///
/// # Errors
/// What the database says.
pub async fn stock(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<StockLine>, IssuingError> {
    let sql = "SELECT product, account, CAST(SUM(quantity) AS BIGINT) AS quantity FROM \
               (SELECT product, target AS account, quantity FROM stock_entry WHERE {tenant:owner} UNION ALL \
               SELECT product, source AS account, -quantity AS quantity FROM stock_entry WHERE {tenant:owner}) AS moved \
               WHERE account <> $1 GROUP BY product, account HAVING SUM(quantity) <> 0 ORDER BY product, account";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![BLANK]).await?;
    let line = |row: &tongka_storage::Row| -> Result<StockLine, IssuingError> {
        Ok(StockLine { product: row.text("product")?, account: row.text("account")?, quantity: row.int("quantity")? })
    };
    rows.iter().map(line).collect()
}

/// The last movements of an owner's cards, newest first.
///
/// # Errors
/// What the database says.
pub async fn stock_entries(desk: &Desk<'_>, owner: TenantCode, limit: i64) -> Result<Vec<StockEntry>, IssuingError> {
    let sql = "SELECT id, product, source, target, quantity, why, actor, at FROM stock_entry \
               WHERE {tenant:owner} ORDER BY id DESC LIMIT $1";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![limit]).await?;
    let entry = |row: &tongka_storage::Row| -> Result<StockEntry, IssuingError> {
        Ok(StockEntry {
            id: row.int("id")?,
            product: row.text("product")?,
            source: row.text("source")?,
            target: row.text("target")?,
            quantity: row.int("quantity")?,
            why: row.text("why")?,
            actor: row.text("actor")?,
            at: row.text("at")?,
        })
    };
    rows.iter().map(entry).collect()
}

/// Lines where the ledger and the cards differ: the line of the ledger, and how many cards there are.
///
/// # Errors
/// What the database says.
pub async fn check_stock(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<(StockLine, i64)>, IssuingError> {
    let sql = "SELECT c.product, c.state, c.place, o.maker, COUNT(*) AS cards FROM card c \
               JOIN production_order o ON o.id = c.order_id WHERE {tenant:c.owner} \
               GROUP BY c.product, c.state, c.place, o.maker";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![]).await?;
    let mut lines: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for row in rows {
        let odd = || IssuingError::Value("a stored card that does not read".into());
        let state = CardState::parse(&row.text("state")?).ok_or_else(odd)?;
        let account = account(state, &row.text("maker")?, &row.text("place")?);
        lines.entry((row.text("product")?, account)).or_default().1 += row.int("cards")?;
    }
    for line in stock(desk, owner).await? {
        lines.entry((line.product, line.account)).or_default().0 += line.quantity;
    }
    let differ = lines.into_iter().filter(|(_, (booked, counted))| booked != counted);
    Ok(differ
        .map(|((product, account), (quantity, counted))| (StockLine { product, account, quantity }, counted))
        .collect())
}

/// Moves cards that are in stock from one store to another: so many, the lowest numbers first, from a number on where
/// one is given.
///
/// # Errors
/// N04 where there are not so many; N06.
pub async fn transfer_stock(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    product: &str,
    (from, to): (&str, &str),
    (first, count): (Option<&str>, u64),
) -> Result<(), IssuingError> {
    let work = async {
        check_place(from)?;
        check_place(to)?;
        if from == to || count == 0 || count > 1_000_000 {
            return Err(IssuingError::Value("1 to 1000000 cards, from one store to another".into()));
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE card SET place = $4 WHERE owner = $1 AND number IN (SELECT number FROM card WHERE owner = $1 \
                   AND product = $2 AND state = $5 AND place = $3 AND number >= $6 ORDER BY number LIMIT $7) \
                   AND product = $2 AND state = $5 AND place = $3";
        let state = CardState::Stock.name();
        let values = params![owner.0, product, from, to, state, first.unwrap_or_default(), count as i64];
        if tx.execute(sql, values).await? != count {
            return Err(IssuingError::Exhausted(count));
        }
        let accounts = [from, to].map(|place| account(CardState::Stock, "", place));
        book(&mut tx, desk, (owner, actor), product, (&accounts[0], &accounts[1]), count, "transfer").await?;
        finish(desk, tx, owner, actor, "stock.transfer", product, &format!("{count} from {from} to {to}")).await
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "stock.transfer", product), outcome).await
}
