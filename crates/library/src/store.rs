//! One file, held open: how it is made, shared between processes, and asked.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::Error;
use crate::migrations::{Refused, migrate};

/// How long a statement waits for another process that is writing.
/// A write is a few rows and one flush to disk; five seconds is a disk in distress.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open library. One connection behind a lock, shared by all threads; other processes
/// may hold the same file.
#[derive(Debug)]
pub struct Library {
    path: PathBuf,
    db: Mutex<Connection>,
    presence: Option<Presence>,
}

/// A lock beside the library, shared by all who have it open: so that the next to open it knows.
/// It is the kernel's: it ends with the process, however that ends.
#[derive(Debug)]
struct Presence(File);

impl Drop for Presence {
    fn drop(&mut self) {
        // Closing would not do: a program that is just being started by another thread holds every
        // open file until its first instruction.
        let _ = self.0.unlock();
    }
}

impl Library {
    /// Opens the library at `path`, or makes it with its folder, and forgets for good what was
    /// deleted, unless another process has the library open and could still restore it.
    ///
    /// A file that is not a library, is damaged, or was written by a newer Lectern is refused and
    /// left as it is.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::Io {
                doing: "make the folder",
                path: folder.to_owned(),
                source,
            })?;
        }
        let (presence, alone) = Self::announce(path)?;
        let mut db =
            connect(path).map_err(|why| Error::of_sqlite("open the library", path, why))?;
        migrate(&mut db).map_err(|refused| match refused {
            Refused::NotALibrary => Error::NotALibrary {
                path: path.to_owned(),
            },
            Refused::TooNew { found, known } => Error::TooNew {
                path: path.to_owned(),
                found,
                known,
            },
            Refused::Sqlite(why) => Error::of_sqlite("open the library", path, why),
        })?;
        let library = Self {
            path: path.to_owned(),
            db: Mutex::new(db),
            presence,
        };
        if alone {
            // On a full disk nothing can be erased. It stays hidden then, until a later start:
            // no reason to keep everything else from the person.
            let _ = library.forget_deleted();
            library.stay()?;
        }
        Ok(library)
    }

    /// Says that the library is open, and whether nobody else has it open. On a file system
    /// without locks everyone looks accompanied, and nothing is forgotten.
    fn announce(path: &Path) -> Result<(Option<Presence>, bool), Error> {
        let beside = lock_beside(path);
        let io = |source| Error::Io {
            doing: "write",
            path: beside.clone(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok((Some(Presence(file)), true)),
            Err(TryLockError::WouldBlock) => {
                file.lock_shared().map_err(io)?; // waits while the other one tidies up, no longer
                Ok((Some(Presence(file)), false))
            }
            Err(TryLockError::Error(_)) => Ok((None, false)),
        }
    }

    /// Lets others in: from alone to one of many.
    fn stay(&self) -> Result<(), Error> {
        let Some(Presence(file)) = &self.presence else {
            return Ok(());
        };
        // Not every system turns one lock into the other, so it is let go of in between.
        file.unlock()
            .and_then(|()| file.lock_shared())
            .map_err(|source| Error::Io {
                doing: "share",
                path: lock_beside(&self.path),
                source,
            })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one transaction that reads.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.transaction(TransactionBehavior::Deferred, doing, work)
    }

    /// Runs `work` in one transaction that writes: all of it is on the disk when this returns, or none.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        // Immediate: a transaction that begins by reading could not wait for another writer later.
        self.transaction(TransactionBehavior::Immediate, doing, work)
    }

    fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        doing: &'static str,
        work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let mut db = self.db();
        let run = || -> rusqlite::Result<T> {
            let tx = db.transaction_with_behavior(behavior)?;
            let value = work(&tx)?;
            tx.commit()?;
            Ok(value)
        };
        run().map_err(|why| Error::of_sqlite(doing, &self.path, why))
    }

    /// Empties the write-ahead log into the library, so that what was erased is not in it either.
    pub(crate) fn empty_log(&self) -> Result<(), Error> {
        let done = self
            .db()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        done.map_err(|why| Error::of_sqlite("tidy up", &self.path, why))
    }

    pub(crate) fn db(&self) -> MutexGuard<'_, Connection> {
        // A panic in the middle of a transaction rolled it back: the connection is sound.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    // Reading the header first: a file that is not a database is refused before anything is set.
    db.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // In WAL mode only FULL flushes at every commit, so that a power cut takes nothing a person wrote.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?; // what is deleted is overwritten with zeros
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_and_takes_nothing_that_was_saved() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = Library::open(&folder.path().join("library.sqlite")).expect("a new library");
        let id = library.new_conversation(1).expect("there is room").id;
        let saved = library
            .add_question(id, "saved before", 2)
            .expect("there is room");

        // As full as a disk gets: SQLite reports a file that may not grow as it reports ENOSPC.
        let pages: i64 = library
            .db()
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .expect("a number");
        let limit = |pages: i64| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            library.db().query_row(&sql, [], |_| Ok(()))
        };
        limit(pages).expect("a limit can be set");

        let long = "too much ".repeat(100_000);
        let refused = library
            .add_question(id, &long, 3)
            .expect_err("there is no room");
        assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
        assert!(
            refused
                .to_string()
                .starts_with("could not save a message: the disk that holds ")
        );
        assert!(refused.hint().is_some());
        assert_eq!(
            library.messages(id).expect("reading works"),
            std::slice::from_ref(&saved)
        );

        let mut answer = library.begin_answer(id, 4).expect("a row fits");
        let refused = answer.append(&long, 9000).expect_err("there is no room");
        assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");

        limit(1 << 30).expect("room again");
        answer.append("!", 9001).expect("room again");
        drop(answer);
        let messages = library.messages(id).expect("reading works");
        assert_eq!(messages[0], saved);
        assert!(
            messages[1].text == format!("{long}!"),
            "what did not fit then is saved now"
        );
    }
}
