//! Versioned lists (名单与参数): what terminals must know, published by two people, given to every member, acknowledged.
//!
//! | list | content, from the scheme book |
//! |---|---|
//! | `BLF`/`BLI` 黑名单 | blacklisted cards |
//! | `WHT` 受理名单 | members whose cards are taken |
//! | `ISS` 发卡机构 | issuers and their key versions |
//! | `PSM` PSAM状态 | ranges of terminal numbers |
//! | `PAR` 参数 | rules that terminals keep |
//! | `FEE` 费率 | fee rules that concern the member |
//!
//! A version is approved ([`execute`]) and then published by a reconciler ([`publish`]) that makes its content once from
//! the version of the book it was approved for; [`offer`] gives every member the newest version: what changed since the
//! version that it last acknowledged, or all of it. [`acknowledge`] takes the member's word (`ACK`) for what its terminals
//! work with; [`liability`] says who answers for a card that was taken though it was listed.
//!
//! Invariants: versions of a list are numbered from 1 without gaps; a published content never changes; a member's file
//! names its base, and is never an increment on a version that the member did not acknowledge; everything here may be
//! stopped at any point and run again.

mod acknowledge;
mod body;
mod error;
mod liability;
mod list;
mod name;
mod offer;
mod publish;

pub use acknowledge::{Acknowledged, acknowledge};
pub use body::{Body, body, difference};
pub use error::ListError;
pub use liability::{Liability, Liable, liability};
pub use list::{LIST_LAG, LIST_OFFERS, LIST_VERSIONS, LISTS};
pub use name::ListName;
pub use offer::{Offered, offer};
pub use publish::{Approved, PUBLISH, Published, Wish, approved, execute, newest, propose, publish};
