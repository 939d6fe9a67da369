//! Lists over SQL tables (列表).
