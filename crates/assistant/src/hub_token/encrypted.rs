//! A token in a file, where the system has no keychain.
//!
//! What this protects against: somebody who gets the one file and not the other, as from a backup, a synchronised
//! folder, or a disk that was searched for `hf_…`; and other accounts of the machine, as both files are for this one alone.
//! What it does not protect against: whoever may read as this account, because the key lies beside it. Only a
//! keychain does better, and only while it is closed.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, Generate, Key, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use checkpoints::fetch::Token;

use crate::Error;
use crate::home::Home;

/// In front of what is encrypted; each time another.
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;

/// Keeps it.
pub fn keep(home: &Home, token: &Token) -> Result<(), Error> {
    let folder = home.root();
    fs::create_dir_all(folder).map_err(|source| Error::io("make the folder", folder, source))?;
    let key = match read(&key_file(home))?.and_then(|bytes| key_of(&bytes)) {
        Some(key) => key,
        None => {
            let key = Key::<ChaCha20Poly1305>::generate();
            write(&key_file(home), &key)?;
            key
        }
    };
    let nonce = Nonce::generate();
    let text = token.reveal().as_bytes();
    let sealed = ChaCha20Poly1305::new(&key).encrypt(&nonce, text);
    let sealed = sealed.expect("a token is shorter than 256 GB");
    write(&token_file(home), &[&nonce[..], &sealed[..]].concat())
}

/// What is kept. What cannot be read any more, as its key is gone, is as good as nothing.
pub fn find(home: &Home) -> Result<Option<Token>, Error> {
    let (Some(sealed), Some(key)) = (read(&token_file(home))?, read(&key_file(home))?) else {
        return Ok(None);
    };
    Ok(open(&sealed, &key))
}

/// Forgets it, with its key.
pub fn forget(home: &Home) -> Result<(), Error> {
    for path in [token_file(home), key_file(home)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("delete", &path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn open(sealed: &[u8], key: &[u8]) -> Option<Token> {
    let key = key_of(key)?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::from(<[u8; NONCE_BYTES]>::try_from(nonce).ok()?);
    let text = ChaCha20Poly1305::new(&key).decrypt(&nonce, sealed).ok()?;
    Token::new(std::str::from_utf8(&text).ok()?)
}

fn key_of(bytes: &[u8]) -> Option<Key<ChaCha20Poly1305>> {
    <[u8; KEY_BYTES]>::try_from(bytes)
        .ok()
        .map(Key::<ChaCha20Poly1305>::from)
}

fn token_file(home: &Home) -> PathBuf {
    home.root().join("hub-token.sealed")
}

fn key_file(home: &Home) -> PathBuf {
    home.root().join("hub-token.key")
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Writes a file that only this account may read, in the place of any other.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new); // of a process that was killed
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(|source| Error::io("write", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "hf_abcdefghijklmnopqrstuvwx9xQz";

    #[test]
    fn a_token_is_read_again_and_never_lies_there_as_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::at(folder.path().join("home"));
        let token = Token::new(TEXT).expect("a token");
        assert_eq!(find(&home).expect("no file"), None);
        keep(&home, &token).expect("it is kept");
        let first = fs::read(token_file(&home)).expect("the file");
        assert_eq!(find(&home).expect("a file"), Some(token.clone()));
        keep(&home, &token).expect("it is kept");
        let second = fs::read(token_file(&home)).expect("the file");
        assert_ne!(first, second, "each time it looks otherwise");
        for file in [token_file(&home), key_file(&home)] {
            let bytes = fs::read(&file).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("abcdef"), "{}", file.display());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::metadata(&file).expect("a file").permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{}", file.display());
            }
        }
        forget(&home).expect("it goes");
        assert_eq!(fs::read_dir(home.root()).expect("the home").count(), 0);
    }

    #[test]
    fn what_was_changed_is_not_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::at(folder.path());
        keep(&home, &Token::new(TEXT).expect("a token")).expect("it is kept");
        let sealed = fs::read(token_file(&home)).expect("the file");
        let mut other = sealed.clone();
        other[20] ^= 1;
        for bytes in [&other[..], &sealed[..5], &[]] {
            fs::write(token_file(&home), bytes).expect("a file");
            assert_eq!(find(&home).expect("a file"), None);
        }
        fs::write(token_file(&home), sealed).expect("a file");
        fs::write(key_file(&home), [7; 5]).expect("a file");
        assert_eq!(find(&home).expect("a file"), None);
    }
}
