//! The first version: a scheme file fills an empty book. Later files are taken in by two people
//! ([`crate::change::SchemeImport`]).

use crate::book::{Book, Delta, Difference};
use crate::error::{BookCode, MemberError, refuse};
use crate::keys::keep_keys;
use crate::version::Version;
use crate::write::{Making, append, head};
use std::path::Path;
use tongka_base::Clock;
use tongka_storage::Db;

/// Fills an empty book from a scheme file, whole or not at all. Its test keys go to the data folder.
///
/// # Errors
/// Every fault of the file; M13 when the book has a version already; what the database says.
pub async fn import_first(
    db: &Db,
    data: &Path,
    name: &str,
    text: &str,
    by: &str,
    clock: &dyn Clock,
) -> Result<Version, MemberError> {
    let scheme = tongka_scheme::parse(text, name).map_err(MemberError::Scheme)?;
    let key_file = keep_keys(data, &scheme.tac_keys)?;
    let mut tx = tongka_audit::begin(db).await?;
    if let Some(head) = head(&mut tx).await? {
        let (zh, en) =
            (format!("规则簿已有版本 {}", head.number), format!("the book has version {} already", head.number));
        return refuse(BookCode::State, "", zh, en);
    }
    let empty = Book::default();
    let mut delta = empty.delta(&empty.with_scheme(&scheme, &key_file));
    delta.cards = Difference { removed: Vec::new(), added: scheme.blacklist };
    let delta: Delta = delta;
    let note = format!("首次导入规则文件 {name}");
    let making = Making { by, approval: None, kind: "member.scheme.import", note: &note };
    let version = append(&mut tx, &delta, &making, clock).await?;
    tx.commit().await?;
    Ok(version)
}
