//! `bench --front`: a hundred members sending at once, receipts, and a list of a million cards for all of them.

use crate::{Outcome, build_release, cargo, root, run};

pub(crate) fn run_all() -> Outcome {
    println!("基准：一百个成员同时上送；一万条记录文件的回执；一百万卡的增量名单（约 2 分钟，另加编译）");
    println!("Bench: a hundred members sending at once; receipts; an increment of a million cards (about 2 minutes)\n");
    let tongka = build_release()?;
    let dir = root().join("bench-front");
    let (tongka, dir) = (tongka.display().to_string(), dir.display().to_string());
    let example = |package: &'static str, example: &'static str| {
        ["run", "--release", "--quiet", "--package", package, "--example", example, "--"]
    };
    let mut load = cargo(&example("tongka-link-client", "front_load"));
    run("前置 the front", load.args(["--tongka", &tongka, "--dir", &dir]))?;
    run("名单 lists", &mut cargo(&example("tongka-lists", "increment")))
}
