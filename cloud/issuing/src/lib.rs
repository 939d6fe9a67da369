//! Card management (卡管系统), for every tenant city: what cards are made, from which numbers, with which data, and what
//! becomes of each.
//!
//! A product (卡产品) says what its cards are like. A number segment (号段) is allotted to a city, a product and a maker;
//! no two segments of a scheme overlap, whoever owns them. A production order (制卡订单) takes the next numbers; it is given
//! out in parts, to a bureau or to the city's own readers: a card data file holds the files and keys of every card, the
//! keys under the maker's transport key, the whole under a MAC. Feedback puts cards in stock; from there every transition
//! of a card is checked and audited, and every movement booked in the stock ledger.
//!
//! Invariants: a number is given to one card for ever; a card's keys exist outside the HSM only encrypted; every query is
//! scoped to its owner; logs and the audit log show a card's number masked.

mod card;
mod content;
mod data;
mod error;
mod events;
pub mod lists;
mod order;
mod product;
mod sam;
mod stock;

pub use card::{CardState, Feedback, StoredCard, card, card_of_id, feedback, transition};
pub use content::ProductFile;
pub use data::{CardFileRequest, check_card_file, read_card_file, write_card_file};
pub use error::IssuingError;
pub use events::take_events;
pub use order::{Destination, Order, Part, order, orders, parts};
pub use product::{KeySets, Product, Segment, SegmentUse, allot, define, product, products, segments};
pub use sam::{SAM_STATES, Sam, SamKind, move_sam, register_sams, sam, write_sam_file};
pub use stock::{MAIN, StockEntry, StockLine, check_stock, stock, stock_entries, transfer_stock};
