#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
//! Starts the window.

fn main() {
    lectern_desktop::run();
}
