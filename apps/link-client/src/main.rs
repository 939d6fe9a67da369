//! `tongka-link`: the transfer client (传输客户端) of a member institution.

use std::process::ExitCode;

fn main() -> ExitCode {
    tongka_link_client::cli::main()
}
