//! People and permissions (用户与权限): who may do what, and how two of them do it together.
//!
//! | to | use |
//! |---|---|
//! | let somebody in | [`login`], then [`identify`] for each request; [`verify`] for a machine's signed request |
//! | manage accounts and roles | [`open_account`], [`set_roles`], [`put_role`], … |
//! | have two people decide | [`propose`], [`approve`], [`refuse`], [`withdraw`], and [`due`] for what takes effect later |
//! | answer a repeated request | [`claim`], [`store_answer`] |
//! | show all that | the lists [`LISTS`] |
//!
//! Invariants: every change is in the audit log, in its own transaction, refusals too; passwords are kept under Argon2id,
//! tokens as digests, what has to come back in the clear sealed under the installation's [`ServerSecret`]; none of them is
//! in any error, log or audit entry. Permissions are read again at every request and at every decision.

mod account;
mod actor;
mod answer;
mod api_key;
mod approval;
mod error;
mod list;
mod password;
mod permission;
mod preference;
mod role;
mod secret;
mod session;
mod store;
mod totp;

pub use account::{
    Account, NewAccount, Opened, account, change_password, create_first_admin, open_account, open_account_here,
    reset_password, reset_totp, set_enabled, set_roles,
};
pub use actor::{Actor, Owner, Via};
pub use answer::{Answer, Claim, KEPT, claim, prune_answers, release, store_answer};
pub use api_key::{KeyKind, MadeKey, NewKey, Signed, WINDOW_SECONDS, create_key, disable_key, prune_nonces, verify};
pub use approval::{
    Approval, ApprovalState, Execution, Person, Proposal, approval, approve, due, propose, propose_in, refuse, withdraw,
};
pub use error::{AccessCode, AccessError, BoxError};
pub use list::{ACCOUNTS, API_KEYS, APPROVALS, AUDIT, LISTS, LOGIN_LOG, ROLES, SESSIONS};
pub use permission::{Conflict, Duty, PERMISSIONS, PermissionSpec, Power, Side, area, conflicts, permission};
pub use preference::{preference, set_preference};
pub use role::{BUILT_IN_ROLES, BuiltInRole, Role, delete_role, put_role, roles, sync_roles};
pub use secret::ServerSecret;
pub use session::{
    Identity, LoggedIn, Login, SessionRules, csrf_fits, csrf_token, end_session, identify, login, logout, still_in,
};
pub use totp::{TotpOffer, TotpState, begin_totp, confirm_totp, end_totp, recovery_codes_left};
