//! Who has the models folder open: a lock that all share, so that what only one alone may do can be done by one alone.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::Error;

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

/// While it lives, nobody else has the folder open.
#[derive(Debug)]
pub(crate) struct Alone<'a>(&'a Presence);

impl Presence {
    /// Fails if another process has the folder open.
    pub fn alone(&self, folder: &Path) -> Result<Alone<'_>, Error> {
        // Not every system turns one lock into the other, so it is let go of in between.
        if self.0.unlock().is_ok() && self.0.try_lock().is_ok() {
            return Ok(Alone(self));
        }
        let _ = self.0.lock_shared(); // as before
        Err(Error::OpenElsewhere {
            folder: folder.to_owned(),
        })
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let file = &self.0.0;
        let _ = file.unlock().and_then(|()| file.lock_shared());
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started by another thread holds every
        // open file until its first instruction.
        let _ = self.0.unlock();
    }
}
