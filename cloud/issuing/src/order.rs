//! Production orders.

use crate::IssuingError;
use crate::product::{begin, finish, noted, product};
use tongka_base::date::format_date_time;
use tongka_key::Desk;
use tongka_storage::{Row, Scope, TenantCode, params};

/// A production order: so many cards of a product, with the numbers from `first` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Number.
    pub id: i64,
    /// Product.
    pub product: String,
    /// Maker.
    pub maker: String,
    /// First number of the segment.
    pub first: i64,
    /// Number of cards.
    pub count: u64,
    /// Cards whose data were given out.
    pub given: u64,
    /// `open`, `made` (the data of all were given out), `closed` (all fed back).
    pub state: String,
    /// When.
    pub ordered_at: String,
}

/// Most cards of one order.
const MOST: u64 = 200_000;

/// Orders cards: takes the next numbers of the product's first segment at the maker that has enough of them.
///
/// # Errors
/// N01, N04, N06.
pub async fn order(
    desk: &Desk<'_>,
    owner: TenantCode,
    actor: &str,
    code: &str,
    maker: &str,
    count: u64,
) -> Result<Order, IssuingError> {
    let work = async {
        product(desk, owner, code).await?;
        if !(1..=MOST).contains(&count) {
            return Err(IssuingError::Value(format!("1 to {MOST} cards an order")));
        }
        let mut tx = begin(desk).await?;
        let sql = "UPDATE number_segment SET next = next + $4 WHERE first = (SELECT MIN(first) FROM number_segment \
                   WHERE owner = $1 AND product = $2 AND maker = $3 AND last - next + 1 >= $4) \
                   AND owner = $1 AND product = $2 AND maker = $3 RETURNING next";
        let row = tx.fetch_optional(sql, params![owner.0, code, maker, count as i64]).await?;
        let row = row.ok_or(IssuingError::Exhausted(count))?;
        let first = row.int("next")? - count as i64;
        let next = tx.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS id FROM production_order", params![]).await?;
        let new = Order {
            id: next.int("id")?,
            product: code.to_owned(),
            maker: maker.to_owned(),
            first,
            count,
            given: 0,
            state: "open".to_owned(),
            ordered_at: format_date_time(desk.clock.now()),
        };
        let sql = "INSERT INTO production_order (id, owner, product, maker, first, card_count, state, ordered_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let at = new.ordered_at.as_str();
        tx.execute(sql, params![new.id, owner.0, code, maker, first, count as i64, "open", at]).await?;
        let (object, detail) = (format!("order {}", new.id), format!("{count} of {code} from {maker}"));
        finish(desk, tx, owner, actor, "order.place", &object, &detail).await?;
        Ok(new)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "order.place", code), outcome).await
}

fn order_of(row: &Row) -> Result<Order, IssuingError> {
    Ok(Order {
        id: row.int("id")?,
        product: row.text("product")?,
        maker: row.text("maker")?,
        first: row.int("first")?,
        count: row.int("card_count")? as u64,
        given: row.int("given")? as u64,
        state: row.text("state")?,
        ordered_at: row.text("ordered_at")?,
    })
}

const COLUMNS: &str = "id, product, maker, first, card_count, state, ordered_at, CAST(COALESCE((SELECT SUM(p.card_count) \
                       FROM production_part p WHERE p.order_id = production_order.id), 0) AS BIGINT) AS given";

/// The orders of an owner, newest first.
///
/// # Errors
/// What the database says.
pub async fn orders(desk: &Desk<'_>, owner: TenantCode) -> Result<Vec<Order>, IssuingError> {
    let sql = format!("SELECT {COLUMNS} FROM production_order WHERE {{tenant:owner}} ORDER BY id DESC");
    desk.db.read(Scope::Tenant(owner)).fetch_all(&sql, params![]).await?.iter().map(order_of).collect()
}

/// One order of an owner.
pub(crate) async fn find(desk: &Desk<'_>, owner: TenantCode, id: i64) -> Result<Order, IssuingError> {
    let sql = format!("SELECT {COLUMNS} FROM production_order WHERE id = $1 AND {{tenant:owner}}");
    let row = desk.db.read(Scope::Tenant(owner)).fetch_optional(&sql, params![id]).await?;
    row.as_ref().map(order_of).transpose()?.ok_or_else(|| IssuingError::NotFound(format!("order {id}")))
}

/// Who personalises a part of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A card bureau (制卡厂), which feeds back a list.
    Bureau,
    /// The owner itself, in its own readers, whose event log comes back with the list.
    Own,
}

impl Destination {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bureau => "bureau",
            Self::Own => "own",
        }
    }
}

/// A part of an order: the cards of one data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Order.
    pub order: i64,
    /// Number within the order, from 1.
    pub part: u16,
    /// First card of the order in it, from 0.
    pub first: u64,
    /// Number of cards.
    pub count: u64,
    /// Who personalises it.
    pub destination: Destination,
    /// Form of the file.
    pub form: String,
    /// SM3 of the file's content without its MAC, hex.
    pub digest: String,
    /// `made`, `closed` (fed back).
    pub state: String,
}

/// The parts of an order of an owner.
///
/// # Errors
/// N01.
pub async fn parts(desk: &Desk<'_>, owner: TenantCode, order: i64) -> Result<Vec<Part>, IssuingError> {
    find(desk, owner, order).await?;
    let sql = "SELECT order_id, part, first_card, card_count, destination, form, digest, state FROM production_part \
               WHERE order_id = $1 AND {tenant:owner} ORDER BY part";
    let rows = desk.db.read(Scope::Tenant(owner)).fetch_all(sql, params![order]).await?;
    let part = |row: &Row| -> Result<Part, IssuingError> {
        Ok(Part {
            order: row.int("order_id")?,
            part: row.int("part")? as u16,
            first: row.int("first_card")? as u64,
            count: row.int("card_count")? as u64,
            destination: if row.text("destination")? == "own" { Destination::Own } else { Destination::Bureau },
            form: row.text("form")?,
            digest: row.text("digest")?,
            state: row.text("state")?,
        })
    };
    rows.iter().map(part).collect()
}
