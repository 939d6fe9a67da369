//! `tongka-link`: the transfer client (传输客户端) of a member institution.

fn main() {}
