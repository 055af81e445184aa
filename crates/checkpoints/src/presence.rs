//! Who has the models folder open: a lock that all share, so that what only one alone may do can be done by one alone.

use std::fs::{File, TryLockError};
use std::path::Path;

/// The lock's file, in the folder.
pub(crate) const PRESENCE: &str = ".presence";

/// Held while the folder is open. It is the kernel's: it ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Presence(File);

impl Presence {
    /// Says that `folder` is open, after `alone` if nobody else has it open. `None` where there are no locks, or nothing
    /// can be written: then everyone looks accompanied.
    pub fn announce(folder: &Path, alone: impl FnOnce()) -> Option<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(PRESENCE))
            .ok()?;
        match file.try_lock() {
            Ok(()) => {
                alone();
                file.unlock().ok()?; // not every system turns one lock into the other
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(_)) => return None,
        }
        file.lock_shared().ok()?; // waits while another one tidies up, no longer
        Some(Self(file))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started by another thread holds every
        // open file until its first instruction.
        let _ = self.0.unlock();
    }
}
