//! The engine from the outside: against the reference, over many turns, on odd files.

mod files;
mod golden;
mod session;
mod starter;
mod tiny;
