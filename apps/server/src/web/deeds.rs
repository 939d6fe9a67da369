//! What an approved proposal does: handed to the crate whose deed it is, by the area before the first dot of its kind.

use tongka_access::{AccessError, Approval, Execution};
use tongka_base::Clock;
use tongka_http::ApiError;
use tongka_storage::WriteTx;

/// Carries a proposal out in the transaction that approves it.
pub(crate) fn execute<'t>(tx: &'t mut WriteTx, approval: &'t Approval, clock: &'t dyn Clock) -> Execution<'t> {
    Box::pin(async move {
        match tongka_access::area(&approval.kind) {
            "dispute" => Ok(tongka_dispute::execute(tx, approval, clock).await?),
            "lists" => Ok(tongka_lists::execute(tx, approval, clock).await?),
            "member" => Ok(tongka_member::execute(tx, approval, clock).await?),
            "settlement" => Ok(tongka_settlement::execute(tx, approval, clock).await?),
            other => Err(format!("W27 前提不满足 nobody carries this out: {other}").into()),
        }
    })
}

/// An error of a decision: where the deed itself refused, with the deed's own code.
pub(crate) fn told(error: AccessError) -> ApiError {
    match error {
        AccessError::Execution(inner) => {
            ApiError::coded(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &inner.to_string())
        }
        other => other.into(),
    }
}
