//! Where a custodian works: the database, the device, the clock. And how every deed is done and noted.

use crate::KeyError;
use tongka_audit::Deed;
use tongka_base::Clock;
use tongka_hsm::Hsm;
use tongka_storage::{Db, TenantCode, WriteTx};

/// What key management works with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Where rows are.
    pub db: &'a Db,
    /// Where keys are.
    pub hsm: &'a dyn Hsm,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

/// Who does what to what, for the audit log.
#[derive(Clone, Copy)]
pub(crate) struct Note<'a> {
    pub(crate) owner: TenantCode,
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    pub(crate) object: &'a str,
}

impl Note<'_> {
    fn deed<'d>(&'d self, outcome: &'d str, detail: &'d str) -> Deed<'d> {
        Deed { owner: self.owner.0, actor: self.actor, action: self.action, object: self.object, outcome, detail }
    }
}

impl Desk<'_> {
    /// Notes that something was refused before it reached a command: what a person entered could not be read. The
    /// outcome stays what it was.
    ///
    /// # Errors
    /// The outcome's; what the audit log says.
    pub async fn audited<T>(
        &self,
        (owner, actor, action, object): (TenantCode, &str, &str, &str),
        outcome: Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        self.noted(Note { owner, actor, action, object }, outcome).await
    }

    pub(crate) async fn begin(&self) -> Result<WriteTx, KeyError> {
        Ok(tongka_audit::begin(self.db).await?)
    }

    /// Notes a deed that is done and makes it durable.
    pub(crate) async fn finish(&self, tx: WriteTx, note: Note<'_>, detail: &str) -> Result<(), KeyError> {
        Ok(tongka_audit::commit(tx, &note.deed("ok", detail), self.clock).await?)
    }

    /// Notes a refusal; the outcome stays what it was.
    pub(crate) async fn noted<T>(&self, note: Note<'_>, outcome: Result<T, KeyError>) -> Result<T, KeyError> {
        if let Err(error) = &outcome {
            tongka_audit::note(self.db, &note.deed(&error.code(), ""), self.clock).await?;
        }
        outcome
    }
}
