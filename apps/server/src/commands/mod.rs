//! What each command does: calls one operation and prints its result.

mod account;
mod card;
mod centre;
mod data;
mod front;
mod hsm;
pub(crate) use hsm::open as open_hsm;
mod key;
mod serve;
pub(crate) mod trail;

use crate::args::{Args, Command};
use std::error::Error;
use std::process::ExitCode;

/// Runs a command.
pub(crate) fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let json = args.json;
    match args.command {
        Command::Serve(args) => runtime.block_on(serve::run(args)),
        Command::Account(command) => runtime.block_on(account::run(command, json)),
        Command::Front(command) => runtime.block_on(front::run(command, json)),
        Command::Openapi => runtime.block_on(serve::openapi()),
        Command::Scheme(command) => data::scheme(command, json),
        Command::Simulate(command) => data::simulate(command, json),
        Command::Import(command) => data::import(command, json),
        Command::Centre(command) => runtime.block_on(centre::run(command, json)),
        Command::Hsm(command) => hsm::run(command, json),
        Command::Key(command) => runtime.block_on(key::run(command, json)),
        Command::Card(command) => runtime.block_on(card::run(command, json)),
        Command::Audit(command) => runtime.block_on(key::audit(command, json)),
        Command::Ledger(command) => runtime.block_on(centre::ledger_verify(command, json)),
    }
}
