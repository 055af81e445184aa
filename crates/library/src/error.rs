//! Why the library could not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::conversation::ConversationId;
use crate::message::MessageId;
use crate::picture::PictureId;

/// What went wrong with the library; [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the fields are named for what the sentences say of them"
)]
pub enum Error {
    /// The file is something else: another program's database, or no database at all.
    #[error("{} is not a Lectern library", path.display())]
    NotALibrary { path: PathBuf },
    /// The file was a library once and can no longer be read.
    #[error("the library {} is damaged", path.display())]
    Damaged {
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// A newer Lectern wrote it.
    #[error("the library {} is of version {found}, this Lectern knows versions up to {known}", path.display())]
    TooNew {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    /// Nothing more fits on the disk; what was saved before is intact.
    #[error("could not {doing}: the disk that holds {} is full", path.display())]
    DiskFull {
        doing: &'static str,
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// Another process held the library for longer than [`crate::Library`] waits.
    #[error("could not {doing}: another program is using the library {}", path.display())]
    Busy {
        doing: &'static str,
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// The file or its folder may not be written.
    #[error("could not {doing}: the library {} may not be written", path.display())]
    ReadOnly {
        doing: &'static str,
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// The conversation was never there, or is deleted.
    #[error("there is no conversation {id}")]
    NoConversation { id: ConversationId },
    /// The message is gone together with its conversation.
    #[error("there is no message {id}")]
    NoMessage { id: MessageId },
    /// The picture is gone together with its last message.
    #[error("there is no picture {id}")]
    NoPicture { id: PictureId },
    /// The file system refused.
    #[error("could not {doing} {}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Anything else SQLite says.
    #[error("could not {doing} ({})", path.display())]
    Store {
        doing: &'static str,
        path: PathBuf,
        source: rusqlite::Error,
    },
}

impl Error {
    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotALibrary { .. } => {
                Some("the file was left as it is; move it away, and Lectern begins a new library")
            }
            Self::Damaged { .. } => Some(
                "the file was left as it is; put a backup in its place, or move it away to begin a new library",
            ),
            Self::TooNew { .. } => Some("update Lectern; the library was left as it is"),
            Self::DiskFull { .. } => {
                Some("free some space and try again; everything saved before is intact")
            }
            Self::Busy { .. } => Some("close the other program, or try again in a moment"),
            Self::ReadOnly { .. } => Some("allow this account to write the file and its folder"),
            Self::Io { .. } => {
                Some("check that the folder exists and that this account may write it")
            }
            Self::Store { .. } => {
                Some("check the disk; everything saved before is still in the library")
            }
            Self::NoConversation { .. } | Self::NoMessage { .. } | Self::NoPicture { .. } => None,
        }
    }

    /// Names what SQLite means in terms of the person's file.
    pub(crate) fn of_sqlite(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        // A full disk too: no room for the memory that the library's processes share.
        if let Some(SQLITE_IOERR_SHMSIZE) = source.sqlite_error().map(|error| error.extended_code) {
            return Self::DiskFull {
                doing,
                path,
                source,
            };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotALibrary { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::DiskFull) => Self::DiskFull {
                doing,
                path,
                source,
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy {
                doing,
                path,
                source,
            },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly {
                    doing,
                    path,
                    source,
                }
            }
            _ => Self::Store {
                doing,
                path,
                source,
            },
        }
    }
}
