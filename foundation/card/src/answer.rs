//! How a command of a card or SAM ends.

use crate::apdu::{Response, StatusWord};
use crate::nvm::CommitError;

/// What ends a command early.
pub(crate) enum Fault {
    /// A refusal, which the terminal sees.
    Status(StatusWord),
    /// Power was lost: there is no answer.
    Power,
}

impl From<StatusWord> for Fault {
    fn from(status: StatusWord) -> Self {
        Self::Status(status)
    }
}

impl From<CommitError> for Fault {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::PowerLost => Self::Power,
            CommitError::Full => Self::Status(StatusWord::MEMORY),
        }
    }
}

/// The answer to a command.
pub(crate) type Answer = Result<Response, Fault>;
