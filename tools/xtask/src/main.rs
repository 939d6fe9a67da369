//! Developer tasks: `cargo xtask demo | test | bench | tidy`. Each says what it does and how long it takes.

mod bench;
mod bench_front;
mod bench_web;
mod console;
mod demo;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

type Outcome = Result<(), String>;

const HELP: &str = "\
cargo xtask demo [--taps FILE] [--no-serve]   模拟一个全国清算日并运行，然后启动服务器 / simulate a national clearing day, run it, serve it
cargo xtask test                   安装缺少的部件并通过全部测试 / install what is missing and pass all tests
cargo xtask browse                 真实浏览器走遍页面，约 6 分钟 / a real browser goes through every page, about 6 minutes
cargo xtask bench [--records N]    清算日与 PostgreSQL 基线对比 / a clearing day beside a PostgreSQL baseline
cargo xtask bench --web            百万行列表的服务器 / the server with lists of a million rows
cargo xtask bench --front          一百个成员的前置与名单 / the front and lists of a hundred members
cargo xtask tidy [--write]         检查结构与生成的文档 / check the structure and the generated pages
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1)).cloned();
    let outcome = match args.first().map(String::as_str) {
        Some("demo") => demo::run(option("--taps").map(PathBuf::from), !args.iter().any(|a| a == "--no-serve")),
        Some("test") => test::run(),
        Some("browse") => test::browse(),
        Some("bench") if args.iter().any(|a| a == "--web") => bench_web::run(),
        Some("bench") if args.iter().any(|a| a == "--front") => bench_front::run_all(),
        Some("bench") => bench::run(option("--records").map_or(Ok(5_000_000), |n| n.parse().map_err(|_| n))),
        Some("tidy") => tidy::run(args.iter().any(|a| a == "--write")),
        _ => {
            print!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("错误 error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    // As cargo says it now, not as it was compiled: a shared target folder may hold what another clone compiled.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo");
    Path::new(&here).join("../..").canonicalize().expect("the workspace is there")
}

/// Runs a program in the workspace, saying what it is for and how long it took.
fn run(what: &str, command: &mut Command) -> Outcome {
    println!("▶ {what}");
    let started = Instant::now();
    let status = command.current_dir(root()).status().map_err(|e| format!("{what}: {e}"))?;
    if !status.success() {
        return Err(format!("{what}: {status}"));
    }
    println!("✓ {what} ({} s)", started.elapsed().as_secs());
    Ok(())
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    // What cargo says of this program is not for that one: build scripts that look at it would run again each time.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Builds the optimised executable and returns its path.
fn build_release() -> Result<PathBuf, String> {
    run(
        "编译优化版 build the optimised executable（首次约 4 分钟，2 核 about 4 minutes the first time on 2 cores）",
        &mut cargo(&["build", "--release", "--package", "tongka-server"]),
    )?;
    Ok(target_dir()?.join("release/tongka"))
}

fn target_dir() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    metadata["target_directory"].as_str().map(PathBuf::from).ok_or_else(|| "no target directory".to_owned())
}

fn metadata() -> Result<serde_json::Value, String> {
    let output = cargo(&["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))
}
