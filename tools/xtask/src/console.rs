//! The console (页面): built by npm, embedded into the executable.

use crate::{Outcome, root, run};
use std::path::Path;
use std::process::Command;

/// Node.js that the console's build needs.
const NODE: (u32, u32) = (20, 19);

/// Whether a Node.js is there that is new enough.
pub(crate) fn node_is_there() -> bool {
    let output = Command::new("node").arg("--version").output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    let mut numbers = text.trim_start_matches('v').split('.').filter_map(|n| n.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= NODE)
}

fn npm(args: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.arg("--prefix").arg(root().join("console")).args(args);
    npm
}

/// Newest change below a folder, in seconds.
fn newest(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let changed = |path: &Path| {
        let at = path.metadata().and_then(|m| m.modified()).ok();
        at.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_secs())
    };
    entries.flatten().map(|e| if e.path().is_dir() { newest(&e.path()) } else { changed(&e.path()) }).max().unwrap_or(0)
}

/// Installs the packages and builds the pages, where that is still to be done.
pub(crate) fn build() -> Outcome {
    let console = root().join("console");
    if !node_is_there() {
        println!(
            "· 没有 Node.js {}.{} 以上：服务器将没有页面，接口可用 without Node.js {}.{} the server has no pages, its API works",
            NODE.0, NODE.1, NODE.0, NODE.1
        );
        return Ok(());
    }
    let lock = console.join("package-lock.json");
    let installed = console.join("node_modules/.package-lock.json");
    let fresh = |made: &Path, from: &Path| {
        let at = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
        at(made).zip(at(from)).is_some_and(|(made, from)| made >= from)
    };
    if !fresh(&installed, &lock) {
        let what = "安装页面所需的包 install the console's packages（约 10 秒 about 10 s）";
        run(what, &mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    }
    if newest(&console.join("dist")) < newest(&console.join("src")).max(1) {
        run("编译页面 build the console（约 10 秒 about 10 s）", &mut npm(&["run", "build"]))?;
    }
    Ok(())
}

/// The console's own tests.
pub(crate) fn test() -> Outcome {
    if !node_is_there() {
        return Err(format!(
            "测试需要 Node.js {}.{} 以上 the tests need Node.js {}.{}",
            NODE.0, NODE.1, NODE.0, NODE.1
        ));
    }
    run("页面单元测试 unit tests of the console", &mut npm(&["test"]))
}

/// A real browser goes through every page on a server of its own and does a whole day with two people.
pub(crate) fn browse() -> Outcome {
    let target = crate::target_dir()?;
    let mut stage = Command::new("node");
    stage.arg("console/e2e/stage.mjs").arg("--tongka").arg(target.join("debug/tongka"));
    stage.arg("--folder").arg(target.join("browser"));
    run("浏览器测试 browser tests（约 6 分钟 about 6 minutes）", &mut stage)
}
