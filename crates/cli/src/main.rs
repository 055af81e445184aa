//! The `lectern` command: the same core without a window. It holds no rule.

fn main() {}
