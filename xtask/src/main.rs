//! `cargo xtask run | test | bench`: what a contributor types, on every desktop platform.

fn main() {}
