//! A private PostgreSQL server for trying things out: prints its address and runs until standard input closes.

use std::io::{Read, Write};
use std::process::ExitCode;
use tongka_testkit::{Postgres, PostgresError};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), PostgresError> {
    let server = Postgres::start()?;
    let io = |error: std::io::Error| PostgresError::Io(error.to_string());
    writeln!(std::io::stdout(), "{}", server.url()).map_err(io)?;
    std::io::stdin().read_to_end(&mut Vec::new()).map_err(io)?;
    Ok(())
}
