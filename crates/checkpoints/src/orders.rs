//! The order book: which models a person wants and whether they wait, and how far whoever fetches them is.
//!
//! It lies in the models folder, so that it survives whatever happens to a process, and so that several (the window,
//! the command line) see the same. Of each wanted model there are two small files:
//! - the order, `NAME.order.partial`, says what a person wants. Whoever asks for something writes it;
//! - the report, `NAME.report.partial`, says what became of it. Only who has the turn to fetch writes it.
//!
//! Both are replaced as a whole, so that nobody ever reads half of one. They are files from outside, for all we know:
//! what cannot be read is said, and not obeyed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::Error;
use crate::fetch::Wanted;
use crate::models::{FetchTurn, Models};

const ORDER: &str = ".order.partial";
const REPORT: &str = ".report.partial";
/// Of the layout of both.
const VERSION: u32 = 1;
/// Each has a few hundred bytes; a report may cite a server.
const MOST_BYTES: u64 = 64 << 10;

/// What a person wants of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What is to happen.
    pub wish: Wish,
    /// When it was ordered, which is its place in the queue; Unix milliseconds.
    pub since_ms: i64,
    /// Counts how often it was asked to go on: what failed before that is forgotten.
    pub attempt: u32,
}

/// What is to happen with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// It is to come, as soon as it is its turn.
    Come,
    /// What came stays, and no more comes for now.
    Pause,
    /// What came is to go.
    Cancel,
}

/// How far an order is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The order's attempt that it is about.
    pub attempt: u32,
    /// "Downloading the model"
    pub step: String,
    /// Why nothing comes for now, and when it is tried again.
    pub trouble: Option<String>,
    /// Bytes that came.
    pub done_bytes: u64,
    /// Bytes there are.
    pub total_bytes: u64,
    /// In the last seconds.
    pub bytes_per_second: Option<f64>,
    /// By that speed.
    pub seconds_left: Option<f64>,
    /// Why it is given up, if it is.
    pub failure: Option<Failure>,
}

/// Why an order was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    pub error: String,
    /// What to do about it.
    pub hint: String,
    /// Whether it takes a token of an account that has agreed to the terms.
    pub needs_token: bool,
}

/// An entry of the book.
#[derive(Debug)]
pub struct Entry {
    /// What was ordered: a name of the catalogue, or `starter`.
    pub name: String,
    /// What is known by that name, if anything is.
    pub wanted: Option<Wanted>,
    /// What is wanted, or why that cannot be told.
    pub order: Result<Order, Error>,
    /// What became of it, if anybody tried and that can be told.
    pub report: Option<Report>,
}

impl Entry {
    /// Whether `path`, in the folder of `models`, is something that the order still needs.
    pub fn needs(&self, path: &Path, models: &Models) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(&self.name);
        let is_named = rest.is_some_and(|rest| rest.starts_with('.'));
        let partials = self.wanted.map(|wanted| wanted.partials(models));
        is_named || partials.is_some_and(|partials| partials.iter().any(|it| it == path))
    }
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    #[serde(flatten)]
    kept: T,
}

impl Models {
    /// What is ordered, the first first.
    pub fn orders(&self) -> Result<Vec<Entry>, Error> {
        let folder = self.folder();
        let read = || Error::io("read", folder);
        let mut entries = Vec::new();
        for found in fs::read_dir(folder).map_err(read())? {
            let file_name = found.map_err(read())?.file_name();
            let file_name = file_name.to_string_lossy();
            if let Some(name) = file_name.strip_suffix(ORDER) {
                // One that goes at this moment is not there.
                entries.extend(self.order(name)?);
            }
        }
        let since_ms = |entry: &Entry| {
            entry
                .order
                .as_ref()
                .map_or(i64::MAX, |order| order.since_ms)
        };
        entries.sort_by(|a, b| (since_ms(a), &a.name).cmp(&(since_ms(b), &b.name)));
        Ok(entries)
    }

    /// The order for `name`, if there is one.
    pub fn order(&self, name: &str) -> Result<Option<Entry>, Error> {
        let path = self.beside(name, ORDER);
        let order = match read(&path) {
            Ok(None) => return Ok(None),
            Ok(Some(text)) => parse(&text).map_err(|problem| Error::Broken { path, problem }),
            Err(error) => Err(error),
        };
        // A report that cannot be read says as much as none.
        let report = read(&self.beside(name, REPORT)).ok().flatten();
        Ok(Some(Entry {
            name: name.to_owned(),
            wanted: Wanted::named(name),
            order,
            report: report.and_then(|text| parse(&text).ok()),
        }))
    }

    /// Puts an order into the book, or another in its place.
    pub fn put_order(&self, name: &str, order: Order) -> Result<(), Error> {
        disk::replace(&self.beside(name, ORDER), &text_of(order))
    }

    /// Takes an order out of the book, with its report.
    pub fn drop_order(&self, name: &str, _turn: &FetchTurn) -> Result<(), Error> {
        // The order last: a report alone is never looked at.
        for path in [self.beside(name, REPORT), self.beside(name, ORDER)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                gone => gone.map_err(Error::io("delete", &path))?,
            }
        }
        Ok(())
    }

    /// Says how far an order is.
    pub fn put_report(&self, name: &str, report: &Report, _turn: &FetchTurn) -> Result<(), Error> {
        // Not through to the disk: it is written every second, and what a power cut takes of it is of no use any more.
        let (path, new) = (
            self.beside(name, REPORT),
            self.beside(name, ".new.report.partial"),
        );
        let written = fs::write(&new, text_of(report)).and_then(|()| fs::rename(&new, &path));
        written.map_err(Error::io("write", &path))
    }

    fn beside(&self, name: &str, end: &str) -> PathBuf {
        self.folder().join(format!("{name}{end}"))
    }
}

/// What the text of an order or a report says, or what is wrong with it.
fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<T, String> {
    if MOST_BYTES < text.len() as u64 {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    let Kept { version, kept } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    match version {
        VERSION => Ok(kept),
        _ => Err(format!("its layout is {version}, and {VERSION} is known")),
    }
}

fn text_of(kept: impl Serialize) -> Vec<u8> {
    let version = VERSION;
    serde_json::to_vec_pretty(&Kept { version, kept }).expect("plain data has a JSON form")
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

impl Order {
    /// What `text` says, or what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        parse(text)
    }
}

impl Report {
    /// What `text` says, or what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        parse(text)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const FIRST: &str = "gemma-3-4b-it-Q8_0";
    const SECOND: &str = "gemma-3-1b-it-Q8_0";

    fn models() -> (Models, TempDir) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let models = Models::open(&home.path().join("models")).expect("a new folder");
        (models, home)
    }

    fn order(since_ms: i64) -> Order {
        Order {
            wish: Wish::Come,
            since_ms,
            attempt: 1,
        }
    }

    #[test]
    fn orders_stand_in_their_order_and_go_with_their_reports() {
        let (models, _home) = models();
        models.put_order(SECOND, order(20)).expect("room");
        models.put_order(FIRST, order(10)).expect("room");
        let turn = models.take_fetch_turn().expect("nobody else fetches");
        let report = Report {
            attempt: 1,
            step: "Looking".to_owned(),
            bytes_per_second: Some(0.5),
            ..Report::default()
        };
        models.put_report(FIRST, &report, &turn).expect("room");
        let entries = models.orders().expect("the book");
        let names: Vec<_> = entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, [FIRST, SECOND]);
        assert_eq!(entries[0].order.as_ref().ok(), Some(&order(10)));
        assert_eq!(entries[0].report, Some(report));
        assert!(models.list().expect("the models").problems.is_empty());

        let partial = models.folder().join(format!("{FIRST}.partial"));
        assert!(entries[0].needs(&partial, &models));
        assert!(!entries[1].needs(&partial, &models));
        models.drop_order(FIRST, &turn).expect("it goes");
        assert!(models.order(FIRST).expect("the book").is_none());
    }

    #[test]
    fn a_damaged_order_is_told_and_not_obeyed() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let (models, _home) = models();
            fs::write(models.beside(FIRST, ORDER), text).expect("a file");
            let entries = models.orders().expect("the book can be read");
            let problem = entries[0].order.as_ref().expect_err("it is damaged");
            assert!(problem.to_string().contains(expected), "{problem}");
            assert!(problem.to_string().contains(FIRST), "{problem}");
        }
        check("", "EOF");
        check("\0\0\0", "expected value");
        let newer = r#"{"version":2,"wish":"come","since_ms":1,"attempt":1}"#;
        check(newer, "layout is 2");
        let unknown = r#"{"version":1,"wish":"dance","since_ms":1,"attempt":1}"#;
        check(unknown, "dance");
        check(&" ".repeat(100_000), "bytes");
    }

    #[test]
    fn one_fetches_at_a_time_and_nobody_is_kept_from_importing() {
        let (models, _home) = models();
        let turn = models.take_fetch_turn().expect("nobody else fetches");
        assert!(matches!(models.take_fetch_turn(), Err(Error::Busy { .. })));
        models.take_turn().expect("nobody imports");
        drop(turn);
        models.take_fetch_turn().expect("nobody fetches any more");
    }
}
