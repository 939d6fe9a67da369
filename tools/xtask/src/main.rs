//! Developer tasks: demo, test, bench, tidy
fn main() {}
