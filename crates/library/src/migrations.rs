//! The schema, one step at a time. A step that shipped is never edited: add the next one.

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as ours ("Lctn"), so that another program's database is never taken for a library.
const APPLICATION_ID: i64 = 0x4c63_746e;

/// Why each step was taken, and what it does. The length of the list is the library's version.
const STEPS: &[(&str, &str)] = &[
    (
        "conversations and their messages",
        "CREATE TABLE conversation (
            id         INTEGER PRIMARY KEY AUTOINCREMENT, -- no id is ever given twice
            title      TEXT    NOT NULL,
            created_ms INTEGER NOT NULL,                  -- Unix time, milliseconds, as all times here
            updated_ms INTEGER NOT NULL,                  -- when something was last said in it
            deleted_ms INTEGER                            -- hidden since then; gone at the next start
        ) STRICT;
        CREATE TABLE message (
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            role         TEXT    NOT NULL CHECK (role IN ('user', 'model')),
            text         TEXT    NOT NULL,
            created_ms   INTEGER NOT NULL,
            cut_short    INTEGER NOT NULL CHECK (cut_short IN (0, 1))
        ) STRICT;
        CREATE INDEX message_of_conversation ON message (conversation, id);",
    ),
    (
        "what an answer cost",
        "CREATE TABLE figures (
            message        INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,
            model          TEXT    NOT NULL,
            prompt_tokens  INTEGER NOT NULL,
            cached_tokens  INTEGER NOT NULL,
            answer_tokens  INTEGER NOT NULL,
            prompt_seconds REAL    NOT NULL,
            answer_seconds REAL    NOT NULL,
            context_tokens INTEGER NOT NULL
        ) STRICT;",
    ),
    (
        "what stands unsent in the composer",
        "CREATE TABLE draft (
            conversation INTEGER REFERENCES conversation ON DELETE CASCADE, -- NULL: not begun yet
            text         TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX one_draft_each ON draft (ifnull(conversation, 0)); -- ids begin at 1",
    ),
    (
        "what a person has chosen",
        "CREATE TABLE setting (
            key   TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;",
    ),
    (
        "pictures, with their messages and in the composer",
        "CREATE TABLE picture (
            sha256  BLOB    NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), -- of bytes: kept once
            mime    TEXT    NOT NULL,
            width   INTEGER NOT NULL,           -- upright, as one looks at it
            height  INTEGER NOT NULL,
            preview BLOB    NOT NULL,           -- small, for showing; before bytes, so that it reads fast
            bytes   BLOB    NOT NULL            -- the file as it came
        ) STRICT;
        CREATE TABLE message_picture (
            message      INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
            place        INTEGER NOT NULL,      -- from 0 on
            picture      BLOB    NOT NULL REFERENCES picture,
            pan_and_scan INTEGER NOT NULL CHECK (pan_and_scan IN (0, 1)),
            PRIMARY KEY (message, place)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX message_of_picture ON message_picture (picture);
        CREATE TABLE draft_picture (
            conversation INTEGER REFERENCES conversation ON DELETE CASCADE, -- NULL: not begun yet
            place        INTEGER NOT NULL,
            picture      BLOB    NOT NULL REFERENCES picture
        ) STRICT;
        CREATE UNIQUE INDEX one_picture_each ON draft_picture (ifnull(conversation, 0), place);
        CREATE INDEX draft_of_picture ON draft_picture (picture);",
    ),
    (
        "when each model answered last",
        "CREATE TABLE model_use (
            model   TEXT    NOT NULL PRIMARY KEY, -- its name among the models
            used_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;",
    ),
];

/// Why a file is not brought to the newest schema.
#[derive(Debug)]
pub enum Refused {
    NotALibrary,
    TooNew { found: i64, known: i64 },
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings `db` to the newest schema: every missing step, or none.
pub fn migrate(db: &mut Connection) -> Result<(), Refused> {
    migrate_by(db, STEPS)
}

fn migrate_by(db: &mut Connection, steps: &[(&str, &str)]) -> Result<(), Refused> {
    // The version is read inside the transaction: two processes may open a new library at once.
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let owner: i64 = tx.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let objects: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let untouched = taken == 0 && owner == 0 && objects == 0;
    if owner != APPLICATION_ID && !untouched {
        return Err(Refused::NotALibrary);
    }
    let known = i64::try_from(steps.len()).expect("a list of steps is short");
    if known < taken {
        return Err(Refused::TooNew {
            found: taken,
            known,
        });
    }
    let missing = usize::try_from(taken)
        .ok()
        .and_then(|taken| steps.get(taken..));
    let missing = missing.ok_or(Refused::NotALibrary)?; // a version below zero is nobody's
    if missing.is_empty() {
        return Ok(());
    }
    for (_why, sql) in missing {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known)?;
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object's SQL, without the comments for readers of the steps.
    fn schema(db: &Connection) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'
                   ORDER BY type DESC, name";
        let mut objects = db.prepare(sql).expect("the schema can be asked for");
        let objects = objects.query_map([], |row| row.get::<_, String>(0));
        let objects = objects.expect("as above");
        objects.map(|sql| one_line(&sql.expect("a text"))).collect()
    }

    fn one_line(sql: &str) -> String {
        let code = sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or(""));
        let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
        words.join(" ")
    }

    fn library_of_version(version: usize) -> Connection {
        let mut db = Connection::open_in_memory().expect("memory is there");
        migrate_by(&mut db, &STEPS[..version]).expect("old steps run");
        db
    }

    #[test]
    fn the_schema_is_this() {
        let expected = [
            "CREATE TABLE conversation ( id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, \
             created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, deleted_ms INTEGER ) STRICT",
            "CREATE TABLE draft ( conversation INTEGER REFERENCES conversation ON DELETE CASCADE, \
             text TEXT NOT NULL ) STRICT",
            "CREATE TABLE draft_picture ( conversation INTEGER REFERENCES conversation ON DELETE CASCADE, \
             place INTEGER NOT NULL, picture BLOB NOT NULL REFERENCES picture ) STRICT",
            "CREATE TABLE figures ( message INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE, \
             model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, \
             answer_tokens INTEGER NOT NULL, prompt_seconds REAL NOT NULL, \
             answer_seconds REAL NOT NULL, context_tokens INTEGER NOT NULL ) STRICT",
            "CREATE TABLE message ( id INTEGER PRIMARY KEY AUTOINCREMENT, \
             conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE, \
             role TEXT NOT NULL CHECK (role IN ('user', 'model')), text TEXT NOT NULL, \
             created_ms INTEGER NOT NULL, cut_short INTEGER NOT NULL CHECK (cut_short IN (0, 1)) ) \
             STRICT",
            "CREATE TABLE message_picture ( \
             message INTEGER NOT NULL REFERENCES message ON DELETE CASCADE, place INTEGER NOT NULL, \
             picture BLOB NOT NULL REFERENCES picture, \
             pan_and_scan INTEGER NOT NULL CHECK (pan_and_scan IN (0, 1)), \
             PRIMARY KEY (message, place) ) STRICT, WITHOUT ROWID",
            "CREATE TABLE model_use ( model TEXT NOT NULL PRIMARY KEY, used_ms INTEGER NOT NULL ) \
             STRICT, WITHOUT ROWID",
            "CREATE TABLE picture ( sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32), \
             mime TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, \
             preview BLOB NOT NULL, bytes BLOB NOT NULL ) STRICT",
            "CREATE TABLE setting ( key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL ) \
             STRICT, WITHOUT ROWID",
            "CREATE INDEX draft_of_picture ON draft_picture (picture)",
            "CREATE INDEX message_of_conversation ON message (conversation, id)",
            "CREATE INDEX message_of_picture ON message_picture (picture)",
            "CREATE UNIQUE INDEX one_draft_each ON draft (ifnull(conversation, 0))",
            "CREATE UNIQUE INDEX one_picture_each ON draft_picture (ifnull(conversation, 0), place)",
        ];
        assert_eq!(schema(&library_of_version(STEPS.len())), expected);
    }

    #[test]
    fn every_older_library_becomes_the_newest_and_keeps_its_rows() {
        let newest = schema(&library_of_version(STEPS.len()));
        for version in 0..=STEPS.len() {
            let mut db = library_of_version(version);
            if 1 <= version {
                let row = "INSERT INTO conversation (title, created_ms, updated_ms) VALUES ('kept', 1, 2)";
                db.execute(row, []).expect("a row of the time");
            }
            migrate(&mut db).unwrap_or_else(|why| panic!("from version {version}: {why:?}"));
            assert_eq!(schema(&db), newest, "from version {version}");
            let kept: i64 = db
                .query_row("SELECT count(*) FROM conversation", [], |row| row.get(0))
                .expect("the table is there");
            assert_eq!(kept, i64::from(1 <= version), "from version {version}");
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_library_as_it_was() {
        let mut db = library_of_version(1);
        let before = schema(&db);
        let steps = [
            STEPS[0],
            STEPS[1],
            (
                "a mistake",
                "CREATE TABLE setting (x INT) STRICT; CREATE NONSENSE;",
            ),
        ];
        let refused = migrate_by(&mut db, &steps);
        assert!(matches!(refused, Err(Refused::Sqlite(_))), "{refused:?}");
        assert_eq!(
            schema(&db),
            before,
            "step 2 went well, and is undone with step 3"
        );
        migrate(&mut db).expect("the right steps still run");
    }

    #[test]
    fn a_newer_library_is_refused() {
        let mut db = library_of_version(STEPS.len());
        let newer = i64::try_from(STEPS.len()).expect("short") + 1;
        db.pragma_update(None, "user_version", newer)
            .expect("any number is taken");
        let refused = migrate(&mut db);
        assert!(
            matches!(refused, Err(Refused::TooNew { found, .. }) if found == newer),
            "{refused:?}"
        );
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        let mut db = Connection::open_in_memory().expect("memory is there");
        db.execute_batch("CREATE TABLE bookmarks (url TEXT)")
            .expect("any table");
        let refused = migrate(&mut db);
        assert!(matches!(refused, Err(Refused::NotALibrary)), "{refused:?}");
    }
}
