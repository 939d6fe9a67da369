//! Card management (卡管系统), for every tenant city: what cards are made, from which numbers, with which data, and what
//! becomes of each.
//!
//! A product (卡产品) says what its cards are like. A number segment (号段) is allotted to a city, a product and a maker;
//! no two segments of a scheme overlap, whoever owns them. A production order (制卡订单) takes the next numbers; its card
//! data file holds the files and keys of every card, the keys under the maker's transport key, the whole under a MAC. The
//! maker's feedback puts cards in stock; from there every transition of a card is checked and audited.
//!
//! Invariants: a number is given to one card for ever; a card's keys exist outside the HSM only encrypted; every query is
//! scoped to its owner; logs and the audit log show a card's number masked.

mod card;
mod data;
mod error;
mod order;
mod product;
mod sam;

pub use card::{CardState, StoredCard, card, feedback, transition};
pub use data::{read_card_file, write_card_file};
pub use error::IssuingError;
pub use order::{Order, order, orders};
pub use product::{Product, Segment, Stock, allot, define, product, stock};
pub use sam::{SAM_STATES, Sam, SamKind, move_sam, register_sams, sam, write_sam_file};
