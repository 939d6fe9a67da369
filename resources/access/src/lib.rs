//! People and permissions (用户与权限).

mod actor;
mod approval;
mod error;
mod permission;
mod role;
mod store;

pub use actor::{Actor, Owner, Via};
pub use approval::{
    Approval, ApprovalState, Execution, Person, Proposal, approval, approve, due, propose, propose_in, refuse, withdraw,
};
pub use error::{AccessCode, AccessError, BoxError};
pub use permission::{Conflict, Duty, PERMISSIONS, PermissionSpec, Power, Side, area, conflicts, permission};
