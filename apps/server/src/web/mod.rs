//! `tongka serve`: API, console, worker, on one port in one process, or each role alone.

pub(crate) mod app;
mod assets;
mod bank;
pub(crate) mod config;
mod deeds;
mod desk;
mod events;
mod front;
mod jobs;
mod listen;
mod routes;
mod schemes;
mod serve;
mod worker;

pub(crate) use serve::{document, run};
