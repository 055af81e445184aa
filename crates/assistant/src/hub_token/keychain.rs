//! The system's keychain: the Secret Service over D-Bus on Linux, Keychain on macOS, the Credential Manager on Windows.

use checkpoints::fetch::Token;
use keyring::v1::{Entry, Error, Result};

/// Who keeps something there.
const SERVICE: &str = "Lectern";

/// Keeps it; fails where there is no keychain, or a person did not open it.
pub fn keep(name: &str, token: &Token) -> Result<()> {
    Entry::new(SERVICE, name)?.set_password(token.reveal())
}

/// What is kept. A keychain that is not there, or stays closed, has nothing.
pub fn find(name: &str) -> Option<Token> {
    let kept = Entry::new(SERVICE, name).ok()?.get_password().ok()?;
    Token::new(&kept)
}

/// Forgets it. Where there is no keychain nothing is kept.
pub fn forget(name: &str) -> Result<()> {
    let Ok(entry) = Entry::new(SERVICE, name) else {
        return Ok(());
    };
    match entry.delete_credential() {
        Ok(()) | Err(Error::NoEntry | Error::NoDefaultStore | Error::NoStorageAccess(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
