//! `serve` and `openapi`.

use crate::args::ServeArgs;
use crate::web;
use crate::web::config::{COMMENTED, Config};
use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<ExitCode, Box<dyn Error>>;

pub(crate) async fn run(args: ServeArgs) -> Outcome {
    if args.example {
        print!("{COMMENTED}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(data) = args.data {
        config.data = data;
    }
    if args.check {
        print!("{}", config.redacted());
        return Ok(ExitCode::SUCCESS);
    }
    web::run(config).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn openapi() -> Outcome {
    println!("{}", serde_json::to_string_pretty(&web::document().await?)?);
    Ok(ExitCode::SUCCESS)
}
