//! Shared API plumbing.
