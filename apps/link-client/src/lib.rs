//! `tongka-link`, the transfer client (传输客户端) of a member institution: what its executable is made of.
//!
//! | module | what is in it |
//! |---|---|
//! | [`config`] | the configuration file |
//! | [`journal`], [`books`] | what became of every file, on disk and in memory |
//! | [`client`] | the client: one round of work, and what it does with outgoing, incoming and source files |
//! | [`convert`] | between a city's own layout and the exchange interface, by partner profiles |
//! | [`service`] | rounds for ever, with waits after failures |
//! | [`status`], [`page`] | how things stand; the status page |
//! | [`notify`] | telling people: command, webhook |
//! | [`cli`] | the command line |
//!
//! Invariants: a file leaves for the archive only after the other side has it; a result is confirmed only after it is verified,
//! in the inbox and synced; a sequence number is given out once; a source file is converted once; nothing is deleted but what
//! is known to lie elsewhere. Every step is on disk before the next begins and may be done again, so that a stop anywhere
//! loses nothing and doubles nothing.

pub mod books;
pub mod cli;
pub mod client;
pub mod config;
pub mod convert;
mod error;
pub mod journal;
pub mod notify;
pub mod page;
pub mod service;
pub mod status;

pub use error::{ClientCode, ClientError};
