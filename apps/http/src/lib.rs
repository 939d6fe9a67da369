//! NOTE: the lead writes this crate (see NOTE_FROM_LEAD_READ_ME.md in the worktree root); plumb does not.
//! Shared API plumbing.
