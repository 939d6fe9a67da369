//! Doors to outside parties (通信前置的文件侧): what a member sends and fetches, over whatever line.
//!
//! | module | what is in it |
//! |---|---|
//! | [`front`] | the front's places, limits and hooks; who calls |
//! | [`accounts`] | accounts of members, their keys, logging in |
//! | [`inbox`] | taking files: chunk by chunk, resumed, complete, handed to the centre |
//! | [`outbox`] | giving files: results, offers, signatures, confirmation |
//! | [`sftp`] | the SFTP server over both |
//! | [`https`] | what the routes of the HTTPS file API call |
//! | [`client`] | the other side: SFTP and HTTPS clients |
//! | [`transfers`] | every event of every file |
//! | [`lists`] | lists for consoles and exports |
//! | [`sign`] | SM2 signatures over files, key files under a passphrase |
//!
//! Invariants: no name of a caller reaches the file system but one that was parsed whole; a file is acknowledged when it
//! is on disk with its name and in the books; the centre's inbox only ever sees whole files under final names that belong
//! to the account's member; what lies in the centre's inbox is replaced only after its receipt refused it; results are
//! never written, moved or removed by a member: fetching and confirming are marks in the books.

pub mod accounts;
pub mod client;
pub mod disk;
pub mod drop;
mod error;
pub mod front;
pub mod https;
pub mod inbox;
pub mod lists;
pub mod names;
pub mod outbox;
pub mod sftp;
pub mod sign;
pub mod transfers;

pub use error::{LinkCode, LinkError};
pub use front::{Alarm, Arrival, Caller, Channel, Front, Hooks, Limits, Places};
