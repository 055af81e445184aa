//! Journeys in the real window: the app as it is built, its own WebKitGTK, a screen nobody sees.
//!
//! WebKitWebDriver types and clicks, so the page, the wire, the assistant and the engine are all the
//! real ones. Each journey has a screen, a home and a driver of its own. Its pictures are left in
//! `target/screenshots`, beside those of the browser.
//!
//! Read the journeys first (`talking`, `ending`, `starting`, `fetching`, `seeing`, `fenced`), then `window`, `screen` and
//! `group`, which they stand on.
#![cfg(target_os = "linux")]

mod ending;
mod fenced;
mod fetching;
mod seeing;
mod starting;
mod talking;

mod group;
mod screen;
mod window;
