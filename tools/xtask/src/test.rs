//! `test`: everything that CI runs.

use crate::{Outcome, cargo};
use std::path::Path;
use std::process::Command;

pub(crate) fn run() -> Outcome {
    println!("全部测试 All tests（冷编译约 10 分钟，2 核 about 10 minutes cold on 2 cores）\n");
    install_packages()?;
    crate::tidy::run(false)?;
    crate::run("格式 formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    crate::run("静态检查 lints", &mut cargo(&clippy))?;
    crate::run("测试 tests", &mut cargo(&["test", "--workspace"]))
}

/// Debian packages that the tests need: a PostgreSQL server of their own.
fn install_packages() -> Outcome {
    let have = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if have.into_iter().any(|e| e.path().join("bin/initdb").exists()) {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(
            "测试需要 PostgreSQL 服务器 the tests need a PostgreSQL server: install the package postgresql".into()
        );
    }
    crate::run("更新软件包目录 apt-get update", Command::new("apt-get").args(["-qq", "update"]))?;
    let install = ["-qq", "-y", "--no-install-recommends", "install", "postgresql"];
    crate::run(
        "安装 PostgreSQL install PostgreSQL",
        Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(install),
    )
}
