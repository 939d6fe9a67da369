//! The tongka executable
fn main() {}
