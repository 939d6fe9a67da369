//! Event logs of readers that belong to no order: a card data file whose MAC was wrong, malformed commands to an emulated
//! card. They are chained by a digest alone, which shows damage; those of an order come with its feedback.

use crate::IssuingError;
use crate::product::{begin, finish, noted};
use tongka_audit::Deed;
use tongka_card::events::{LogError, UNSEALED, read};
use tongka_crypto::sm3;
use tongka_key::Desk;
use tongka_storage::{Scope, TenantCode, params};

/// Takes such a log into the audit log, event by event; returns how many. A log is taken once.
///
/// # Errors
/// N02 where it was taken before; N08 where it is damaged.
pub async fn take_events(desk: &Desk<'_>, owner: TenantCode, actor: &str, text: &str) -> Result<u64, IssuingError> {
    let seal = |data: &[u8]| Ok::<_, std::convert::Infallible>(sm3(data).to_vec());
    let object = format!("log {}", sm3(text.as_bytes())[..8].iter().map(|b| format!("{b:02X}")).collect::<String>());
    let work = async {
        let (events, _) = read(text, UNSEALED, seal).map_err(|error| match error {
            LogError::Line(_) => IssuingError::Events(error.to_string()),
            LogError::Seal(never) => match never {},
        })?;
        let sql = "SELECT sequence FROM audit_entry WHERE action = 'reader.events' AND object = $1 AND outcome = 'ok' \
                   AND {tenant:owner}";
        let before = desk.db.read(Scope::Tenant(owner)).fetch_optional(sql, params![object.as_str()]).await?;
        if before.is_some() {
            return Err(IssuingError::Exists(object.clone()));
        }
        let mut tx = begin(desk).await?;
        for event in &events {
            let detail = format!("{object}, reader event {} at {}: {}", event.sequence, event.at, event.detail);
            let (about, outcome) = (event.object.as_str(), event.code.as_str());
            let deed = Deed { owner: owner.0, actor, action: "reader.event", object: about, outcome, detail: &detail };
            tongka_audit::record(&mut tx, &deed, desk.clock).await?;
        }
        finish(desk, tx, owner, actor, "reader.events", &object, &format!("{} events", events.len())).await?;
        Ok(events.len() as u64)
    };
    let outcome = work.await;
    noted(desk, (owner, actor, "reader.events", &object), outcome).await
}
