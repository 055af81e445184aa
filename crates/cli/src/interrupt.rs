//! Ctrl+C, as a flag that is asked between two tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// Calls `first` at the first Ctrl+C and sets the flag it returns; a second Ctrl+C ends the process.
pub fn on_interrupt(first: impl Fn() + Send + 'static) -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let pressed = flag.clone();
    ctrlc::set_handler(move || {
        if pressed.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        first();
    })
    .map_err(Failure::Signals)?;
    Ok(flag)
}
