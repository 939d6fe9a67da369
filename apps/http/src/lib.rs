//! Shared API plumbing (接口底座): routes with their permissions and documentation, who is calling, errors, idempotency,
//! limits, lists.
//!
//! An API is built route by route; [`Api::finish`] makes the router, and the same specs make the permission table
//! ([`Api::routes`]) and the OpenAPI document:
//!
//! ```ignore
//! let api = Api::new(web)
//!     .list(&UPLOADS)
//!     .get("/clearing-days/{date}", Spec::new("clearing_day", "清算日", "A clearing date", "day.read")
//!         .path("date", DATE, "日期 date", "2026-09-01").answers::<DayView>(), clearing_day);
//! ```
//!
//! A handler takes the caller with [`Who`], a JSON body with [`Body`], parameters of the query with [`Params`], and returns
//! `Result<_, ApiError>`.
//!
//! Invariants: no route without a permission and documentation; who calls is known before a handler runs; a change by a
//! browser carries a token that another site cannot know; a POST that changes something is done once for an idempotency
//! key; an answer that is no success is a problem with a stable code.

mod api;
mod error;
mod extract;
mod identity;
mod limit;
mod lists;
mod openapi;
mod outer;
mod spec;

pub use api::{Api, PREFIX, RequestKey, Route, Web, WebOptions, WebParts};
pub use error::{ApiError, FieldError, Problem, WebCode};
pub use extract::{Body, Params, Who};
pub use identity::{COOKIE, Cookie};
pub use limit::Rate;
pub use outer::{RequestId, finish_router};
pub use spec::{Access, Param, Spec};
