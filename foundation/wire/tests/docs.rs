//! The committed pages are those that the tables and the catalogue of codes render to.

#[test]
fn the_committed_pages_are_those_of_the_tables() {
    // As cargo says it now, not as it was compiled: a shared target folder may hold what another clone compiled.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let dir = std::path::Path::new(&here).join("../../docs/formats");
    let write = std::env::var_os("TONGKA_WRITE_DOCS").is_some();
    let mut names: Vec<String> = Vec::new();
    for (name, content) in tongka_wire::render_docs() {
        let path = dir.join(&name);
        if write {
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(&path, &content).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let stale = "is stale: TONGKA_WRITE_DOCS=1 cargo test -p tongka-wire --test docs";
        assert!(committed == content, "docs/formats/{name} {stale}");
        names.push(name);
    }
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unknown: Vec<String> = files.filter(|file| !names.contains(file)).collect();
    assert!(unknown.is_empty(), "docs/formats holds pages of no table: {unknown:?}");
}
