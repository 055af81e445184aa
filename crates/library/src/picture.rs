//! Pictures: each file once, whoever shows it, and none that nobody shows any more.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, Transaction};
use sha2::{Digest, Sha256};

use crate::conversation::ConversationId;
use crate::error::Error;
use crate::message::MessageId;
use crate::store::Library;

/// Names a picture by what is in its file: its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PictureId(pub [u8; 32]);

impl PictureId {
    /// The name of the file with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The name that `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let pairs = text.as_bytes().chunks_exact(2);
        if text.len() != 64 || !text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(pairs) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(id))
    }
}

/// A picture, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its name.
    pub id: PictureId,
    /// What its file is: "image/png".
    pub mime: String,
    /// Pixels from left to right, as one looks at it.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The length of its file.
    pub size_bytes: u64,
}

/// A picture that is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewPicture<'a> {
    /// The file as it came.
    pub bytes: &'a [u8],
    /// What it is: "image/png".
    pub mime: &'a str,
    /// Pixels from left to right, as one looks at it.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The same picture small, for showing.
    pub preview: &'a [u8],
}

/// A picture as it is shown with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which one.
    pub picture: Picture,
    /// Whether the model is also shown its pieces.
    pub pan_and_scan: bool,
}

const PICTURE: &str = "picture.sha256, mime, width, height, length(bytes) AS size_bytes";

impl Library {
    /// Keeps a picture and puts it at the end of a draft. One that is in the draft already stays where it is.
    pub fn add_draft_picture(
        &self,
        conversation: Option<ConversationId>,
        new: &NewPicture,
    ) -> Result<Picture, Error> {
        let id = PictureId::of(new.bytes); // before the lock: it takes a moment
        let added = self.write("keep a picture", |tx| {
            let sql = "SELECT ?1 IS NULL OR EXISTS (SELECT 1 FROM conversation WHERE id = ?1)";
            if !tx.query_row(sql, [conversation], |row| row.get::<_, bool>(0))? {
                return Ok(None);
            }
            let sql = "INSERT INTO picture (sha256, mime, width, height, preview, bytes)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let row = (id, new.mime, new.width, new.height, new.preview, new.bytes);
            tx.execute(sql, row)?;
            let sql = "INSERT INTO draft_picture (conversation, place, picture)
                       SELECT ?1, ifnull(max(place) + 1, 0), ?2 FROM draft_picture
                       WHERE ifnull(conversation, 0) = ifnull(?1, 0)
                       HAVING count(*) FILTER (WHERE picture = ?2) = 0";
            tx.execute(sql, (conversation, id))?;
            picture(tx, id)
        })?;
        // Without a conversation there is nothing that could be missing.
        added.ok_or(Error::NoConversation {
            id: conversation.unwrap_or_default(),
        })
    }

    /// The file of a picture, as it came.
    pub fn picture_bytes(&self, id: PictureId) -> Result<Vec<u8>, Error> {
        self.blob_of_picture(id, "SELECT bytes FROM picture WHERE sha256 = ?1")
    }

    /// The small picture that was kept with it.
    pub fn picture_preview(&self, id: PictureId) -> Result<Vec<u8>, Error> {
        self.blob_of_picture(id, "SELECT preview FROM picture WHERE sha256 = ?1")
    }

    /// Whether the picture is kept, with a message or in a draft.
    pub fn has_picture(&self, id: PictureId) -> Result<bool, Error> {
        self.read("look for a picture", |tx| Ok(picture(tx, id)?.is_some()))
    }

    fn blob_of_picture(&self, id: PictureId, sql: &str) -> Result<Vec<u8>, Error> {
        let found = self.read("read a picture", |tx| {
            tx.query_row(sql, [id], |row| row.get(0)).optional()
        })?;
        found.ok_or(Error::NoPicture { id })
    }
}

/// The pictures of these names, or the name of one that is not kept.
pub(crate) fn shown_by(
    tx: &Transaction,
    shown: &[(PictureId, bool)],
) -> rusqlite::Result<Result<Vec<Shown>, PictureId>> {
    let mut found = Vec::with_capacity(shown.len());
    for (id, pan_and_scan) in shown.iter().copied() {
        let Some(picture) = picture(tx, id)? else {
            return Ok(Err(id));
        };
        found.push(Shown {
            picture,
            pan_and_scan,
        });
    }
    Ok(Ok(found))
}

/// Puts pictures with a message that is there.
pub(crate) fn show_with(
    tx: &Transaction,
    message: MessageId,
    pictures: &[Shown],
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO message_picture (message, place, picture, pan_and_scan)
               VALUES (?1, ?2, ?3, ?4)";
    for (place, shown) in pictures.iter().enumerate() {
        tx.execute(
            sql,
            (message, place as i64, shown.picture.id, shown.pan_and_scan),
        )?;
    }
    Ok(())
}

/// What is shown with the messages of a conversation, each picture with its message.
pub(crate) fn shown_in(
    tx: &Transaction,
    conversation: ConversationId,
) -> rusqlite::Result<Vec<(MessageId, Shown)>> {
    let sql = format!(
        "SELECT message.id AS message, {PICTURE}, pan_and_scan
         FROM message JOIN message_picture ON message_picture.message = message.id
         JOIN picture ON picture.sha256 = message_picture.picture
         WHERE conversation = ?1 ORDER BY message.id, place"
    );
    let shown = |row: &Row| {
        let shown = Shown {
            picture: picture_of(row)?,
            pan_and_scan: row.get("pan_and_scan")?,
        };
        Ok((row.get("message")?, shown))
    };
    tx.prepare_cached(&sql)?
        .query_map([conversation], shown)?
        .collect()
}

/// What stands in a draft, in its order.
pub(crate) fn in_draft(
    tx: &Transaction,
    conversation: Option<ConversationId>,
) -> rusqlite::Result<Vec<Picture>> {
    let sql = format!(
        "SELECT {PICTURE} FROM draft_picture JOIN picture ON sha256 = picture
         WHERE ifnull(conversation, 0) = ifnull(?1, 0) ORDER BY place"
    );
    tx.prepare_cached(&sql)?
        .query_map([conversation], picture_of)?
        .collect()
}

/// Forgets the pictures that stand with no message and in no draft: how many they were.
pub(crate) fn forget_unshown(tx: &Transaction) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM picture
               WHERE NOT EXISTS (SELECT 1 FROM message_picture WHERE picture = sha256)
                 AND NOT EXISTS (SELECT 1 FROM draft_picture WHERE picture = sha256)";
    tx.execute(sql, [])
}

fn picture(tx: &Transaction, id: PictureId) -> rusqlite::Result<Option<Picture>> {
    let sql = format!("SELECT {PICTURE} FROM picture WHERE sha256 = ?1");
    tx.query_row(&sql, [id], picture_of).optional()
}

fn picture_of(row: &Row) -> rusqlite::Result<Picture> {
    Ok(Picture {
        id: row.get("sha256")?,
        mime: row.get("mime")?,
        width: row.get("width")?,
        height: row.get("height")?,
        size_bytes: row.get::<_, i64>("size_bytes")?.unsigned_abs(),
    })
}

impl fmt::Display for PictureId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for PictureId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl ToSql for PictureId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_slice().into())
    }
}

impl FromSql for PictureId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let found = bytes.try_into().map(Self);
        found.map_err(|_| FromSqlError::InvalidBlobSize {
            expected_size: 32,
            blob_size: bytes.len(),
        })
    }
}
