//! `tidy`: folders are floors, crates stay behind their fences, generated pages and ARCHITECTURE.md are true.

use crate::{Outcome, metadata, root};
use std::collections::BTreeMap;
use std::fs;

/// Floors, lowest first: a crate may use crates of its own floor and of those below. Tools may use all and are used by
/// tests, by the executables (schema, simulator) and by each other.
const FLOORS: [&str; 6] = ["foundation", "resources", "clearing", "centre", "cloud", "apps"];
/// Outside crates that one crate alone may name.
const FENCES: [(&str, &str); 8] = [
    ("axum", "tongka-server tongka-http tongka-link-client"),
    ("russh", "tongka-link"),
    ("russh-sftp", "tongka-link"),
    ("pcsc", "tongka-reader"),
    ("parquet", "tongka-lake"),
    ("sqlx", "tongka-storage"),
    ("cryptoki", "tongka-hsm"),
    ("des", "tongka-crypto tongka-proof"),
];
/// Tools that the product itself is made of.
const PRODUCT_TOOLS: [&str; 2] = ["tongka-schema", "tongka-simulator"];

pub(crate) fn run(write: bool) -> Outcome {
    println!("▶ 结构检查 structure");
    let metadata = metadata()?;
    let mut faults = Vec::new();
    let mut folder: BTreeMap<String, String> = BTreeMap::new();
    let root = root();
    let empty = Vec::new();
    let packages = metadata["packages"].as_array().unwrap_or(&empty);
    for package in packages {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let relative = manifest.strip_prefix(&format!("{}/", root.display())).unwrap_or(manifest);
        let place = relative.trim_end_matches("/Cargo.toml").to_owned();
        folder.insert(package["name"].as_str().unwrap_or_default().to_owned(), place);
    }
    let floor = |place: &str| FLOORS.iter().position(|f| place.starts_with(&format!("{f}/")));
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().unwrap_or(&empty) {
            if dependency["kind"].as_str() == Some("dev") {
                continue;
            }
            let wanted = dependency["name"].as_str().unwrap_or_default();
            if let Some((_, allowed)) = FENCES.iter().find(|(fenced, _)| *fenced == wanted)
                && !allowed.split(' ').any(|a| a == name)
            {
                faults.push(format!("{name} names {wanted}, which only {allowed} may"));
            }
            let Some(place) = folder.get(wanted) else { continue };
            match (floor(&folder[name]), floor(place)) {
                (Some(own), Some(other)) if other > own => {
                    faults.push(format!("{name} uses {wanted}, which is on a floor above"));
                }
                (Some(_), None) if !PRODUCT_TOOLS.contains(&wanted) => {
                    faults.push(format!("{name} uses the tool {wanted}"))
                }
                _ => {}
            }
        }
    }
    let architecture = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap_or_default();
    for place in folder.values().filter(|place| !architecture.contains(&format!("`{place}`"))) {
        faults.push(format!("docs/ARCHITECTURE.md does not name `{place}`"));
    }
    for named in architecture.split('`').skip(1).step_by(2) {
        let is_crate = named.split_once('/').is_some_and(|(f, _)| FLOORS.contains(&f) || f == "tools");
        let plain = named.chars().all(|c| c.is_ascii_lowercase() || c == '/' || c == '-');
        if is_crate && plain && named.matches('/').count() == 1 && !folder.values().any(|place| place == named) {
            faults.push(format!("docs/ARCHITECTURE.md names `{named}`, which does not exist"));
        }
    }
    for (name, content) in tongka_wire::render_docs() {
        let path = root.join("docs/formats").join(&name);
        if write {
            fs::create_dir_all(path.parent().expect("a file has a folder")).map_err(|e| e.to_string())?;
            fs::write(&path, &content).map_err(|e| e.to_string())?;
        }
        if fs::read_to_string(&path).unwrap_or_default() != content {
            faults.push(format!("docs/formats/{name} is stale: run cargo xtask tidy --write"));
        }
    }
    if faults.is_empty() {
        println!("✓ 结构检查 structure");
        return Ok(());
    }
    Err(faults.join("\n"))
}
