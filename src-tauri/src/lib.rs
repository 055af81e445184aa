//! The window: converts, calls one method of `assistant`, converts.

/// Opens the window and returns when it is closed.
pub fn run() {}
