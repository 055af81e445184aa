//! Settings: words kept under names. What they mean is their reader's business.

use rusqlite::OptionalExtension;

use crate::error::Error;
use crate::store::Library;

impl Library {
    /// What is kept under `key`, if anything.
    pub fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        self.read("read the settings", |tx| {
            let sql = "SELECT value FROM setting WHERE key = ?1";
            tx.query_row(sql, [key], |row| row.get(0)).optional()
        })
    }

    /// Keeps each value under its key, and removes the keys without one: all of them, or none.
    pub fn save_settings(&self, values: &[(&str, Option<&str>)]) -> Result<(), Error> {
        self.write("save the settings", |tx| {
            for (key, value) in values {
                match value {
                    Some(value) => tx.execute(
                        "INSERT INTO setting (key, value) VALUES (?1, ?2)
                         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                        [key, value],
                    )?,
                    None => tx.execute("DELETE FROM setting WHERE key = ?1", [key])?,
                };
            }
            Ok(())
        })
    }
}
