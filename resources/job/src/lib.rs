//! Background jobs (后台任务): claimed under a lease, with progress, exactly one node at a time.
//!
//! | to | use |
//! |---|---|
//! | ask for work | [`enqueue`], or [`enqueue_in`] within the transaction that makes it necessary |
//! | work | [`claim`], then [`Lease::progress`] before the lease runs out, then [`Lease::finish`] or [`Lease::fail`] |
//! | look | [`job`], the list [`JOBS`] |
//! | stop, begin anew | [`cancel`], [`retry`] |
//!
//! Invariants: a job is `running` on one node at most; a node whose lease ran out, or that was overtaken, is told so at its
//! next word (J03) and can neither report nor finish; a job ends once. Two jobs of one kind and deduplication key are
//! never open at the same time. A job that brought down its node too often ends as failed.

mod error;
mod list;
mod queue;

pub use error::{JobCode, JobError};
pub use list::JOBS;
pub use queue::{
    Job, JobState, Lease, MOST_ATTEMPTS, NewJob, Progress, cancel, claim, enqueue, enqueue_in, job, newest, retry,
};
