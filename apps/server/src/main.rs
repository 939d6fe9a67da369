//! `tongka`: the platform's one executable. This file is the command line; each group of commands has its module.

mod args;
mod commands;
mod output;
mod web;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let json = args.json;
    match commands::run(args) {
        Ok(code) => code,
        Err(error) => {
            if json {
                println!("{}", serde_json::json!({ "error": error.to_string() }));
            }
            eprintln!("错误 error: {error}");
            ExitCode::from(1)
        }
    }
}
