//! When each model answered last: what is kept longest unused is what a person deletes first.

use std::collections::HashMap;

use crate::error::Error;
use crate::store::Library;

impl Library {
    /// Keeps that `model` answered at `now_ms`.
    pub fn model_was_used(&self, model: &str, now_ms: i64) -> Result<(), Error> {
        self.write("keep when a model answered", |tx| {
            tx.execute(
                "INSERT INTO model_use (model, used_ms) VALUES (?1, ?2)
                 ON CONFLICT (model) DO UPDATE SET used_ms = excluded.used_ms",
                (model, now_ms),
            )?;
            Ok(())
        })
    }

    /// When each model answered last, by name.
    pub fn models_used(&self) -> Result<HashMap<String, i64>, Error> {
        self.read("read when models answered", |tx| {
            let mut used = tx.prepare("SELECT model, used_ms FROM model_use")?;
            let used = used.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            used.collect()
        })
    }

    /// Forgets when a model answered that is deleted.
    pub fn forget_model(&self, model: &str) -> Result<(), Error> {
        self.write("forget a model", |tx| {
            tx.execute("DELETE FROM model_use WHERE model = ?1", [model])?;
            Ok(())
        })
    }

    /// Bytes of the library on the disk, with what SQLite keeps beside it.
    pub fn bytes(&self) -> u64 {
        let beside = ["", "-wal", "-shm"].map(|end| {
            let mut path = self.path().as_os_str().to_owned();
            path.push(end);
            std::fs::metadata(path).map_or(0, |metadata| metadata.len())
        });
        beside.iter().sum()
    }
}

#[test]
fn the_last_time_counts_and_a_deleted_model_is_forgotten() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = Library::open(&folder.path().join("library.sqlite")).expect("a new library");
    library.model_was_used("a", 5).expect("it is written");
    library.model_was_used("b", 6).expect("it is written");
    library.model_was_used("a", 7).expect("it is written");
    let used = library.models_used().expect("it is read");
    assert_eq!(
        used,
        HashMap::from([("a".to_owned(), 7), ("b".to_owned(), 6)])
    );
    library.forget_model("a").expect("it is written");
    assert_eq!(library.models_used().expect("it is read").len(), 1);
    assert!(0 < library.bytes());
}
