//! What a move that was killed left is brought to its end or undone, at every step, and what is no journal moves nothing.

use std::fs;
use std::path::{Path, PathBuf};

use checkpoints::{Error, Models, Whereabouts};
use tempfile::TempDir;

use crate::{NEVER, golden};

const NAMES: [&str; 3] = ["a.gguf", "b.gguf", "next.order.partial"];

/// Lectern's own folder, and a place to move models to.
struct Move {
    folder: TempDir,
}

impl Move {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("home")).unwrap();
        Self { folder }
    }

    fn old(&self) -> PathBuf {
        self.folder.path().join("home/models")
    }

    fn new_place(&self) -> PathBuf {
        self.folder.path().join("far")
    }

    fn stage(&self) -> PathBuf {
        self.new_place().join(".lectern-moving")
    }

    fn open(&self) -> Result<Models, Error> {
        Whereabouts::of(&self.folder.path().join("home")).open()
    }

    fn write_journal(&self, step: &str, is_one_disk: bool, names: &[&str]) {
        let (from, to) = (self.old(), self.new_place());
        let text = format!(
            r#"{{"version":1,"step":{step:?},"from":{from:?},"to":{to:?},"is_one_disk":{is_one_disk},"is_new":true,"entries":{names:?}}}"#
        );
        fs::write(self.folder.path().join("home/models-move.json"), text).unwrap();
    }

    fn mark(&self) {
        fs::create_dir_all(self.new_place()).unwrap();
        fs::write(self.new_place().join(".lectern-models"), "").unwrap();
    }

    fn point(&self) {
        let text = format!(r#"{{"version":1,"folder":{:?}}}"#, self.new_place());
        fs::write(self.folder.path().join("home/models-folder.json"), text).unwrap();
    }

    /// All is at `place`, and nothing is left of the other.
    #[track_caller]
    fn check(&self, place: &Path) {
        let models = self.open().unwrap();
        assert_eq!(models.folder(), place);
        let entries = fs::read_dir(place).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        assert_eq!(names, NAMES);
        let listed = models.list().unwrap().checkpoints;
        assert_eq!(listed.len(), 2);
        let bytes = fs::read(golden("tiny-text/model.gguf")).unwrap();
        assert!(
            listed
                .iter()
                .all(|model| fs::read(&model.path).unwrap() == bytes)
        );
        assert!(!self.folder.path().join("home/models-move.json").exists());
        let other = if place == self.old() {
            self.new_place()
        } else {
            self.old()
        };
        assert!(!other.exists(), "{}", other.display());
    }
}

/// The first `count` of the names, whole.
fn put(folder: &Path, names: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for name in names {
        match name.ends_with(".gguf") {
            true => drop(fs::copy(golden("tiny-text/model.gguf"), folder.join(name)).unwrap()),
            false => fs::write(folder.join(name), "{}").unwrap(),
        }
    }
}

#[test]
fn killed_while_copying_it_is_undone() {
    for copied in 0..=NAMES.len() {
        let it = Move::new();
        put(&it.old(), &NAMES);
        it.mark();
        put(&it.stage(), &NAMES[..copied]);
        if let Some(half) = NAMES.get(copied) {
            fs::write(it.stage().join(half), "half").unwrap();
        }
        it.write_journal("copying", false, &NAMES);
        it.check(&it.old());
    }
}

#[test]
fn killed_while_names_move_it_goes_on() {
    for placed in 0..=NAMES.len() {
        let it = Move::new();
        put(&it.old(), &NAMES[placed..]);
        it.mark();
        put(&it.new_place(), &NAMES[..placed]);
        it.write_journal("placing", true, &NAMES);
        it.check(&it.new_place());

        let it = Move::new();
        put(&it.old(), &NAMES);
        it.mark();
        put(&it.stage(), &NAMES[placed..]);
        put(&it.new_place(), &NAMES[..placed]);
        it.write_journal("placing", false, &NAMES);
        it.check(&it.new_place());
    }
}

#[test]
fn killed_while_the_old_ones_go_it_goes_on() {
    for deleted in 0..=NAMES.len() {
        let it = Move::new();
        put(&it.old(), &NAMES[deleted..]);
        it.mark();
        put(&it.new_place(), &NAMES);
        it.point();
        it.write_journal("deleting", false, &NAMES);
        it.check(&it.new_place());
    }
}

#[test]
fn with_the_new_disk_unplugged_the_old_place_has_everything() {
    let it = Move::new();
    put(&it.old(), &NAMES);
    it.write_journal("placing", false, &NAMES);
    it.check(&it.old());
}

/// A name that does not exist at either place, or a place that cannot be written: all is where it was.
#[test]
fn a_move_that_cannot_end_is_taken_back() {
    let it = Move::new();
    put(&it.old(), &NAMES[1..]);
    it.mark();
    put(&it.new_place(), &NAMES[..1]);
    let names = ["a.gguf", "b.gguf", "gone.gguf", "next.order.partial"];
    it.write_journal("placing", true, &names);
    let refused = it.open().unwrap_err();
    assert!(
        refused.to_string().starts_with("could not move "),
        "{refused}"
    );
    it.check(&it.old());
}

#[test]
fn what_is_no_journal_moves_and_deletes_nothing() {
    let it = Move::new();
    put(&it.old(), &NAMES);
    it.mark();
    let precious = it.folder.path().join("precious");
    fs::write(&precious, "a person's own").unwrap();
    let absolute = precious.display().to_string();
    for name in [
        "../precious",
        "..",
        ".",
        "",
        "a/../../precious",
        absolute.as_str(),
    ] {
        it.write_journal("deleting", false, &[name]);
        let refused = it.open();
        assert!(
            matches!(refused, Err(Error::Pointer { .. })),
            "{name:?}: {refused:?}"
        );
    }
    fs::write(it.folder.path().join("home/models-move.json"), "{").unwrap();
    assert!(matches!(it.open(), Err(Error::Pointer { .. })));
    assert!(precious.is_file());
    assert_eq!(fs::read_dir(it.old()).unwrap().count(), NAMES.len());
}

#[test]
fn what_does_not_say_where_the_folder_is_is_said() {
    let it = Move::new();
    put(&it.old(), &NAMES);
    let pointer = it.folder.path().join("home/models-folder.json");
    for text in [
        "",
        "{}",
        r#"{"version":1,"folder":"far"}"#,
        r#"{"version":2,"folder":"/far"}"#,
    ] {
        fs::write(&pointer, text).unwrap();
        let refused = it.open().unwrap_err();
        assert!(matches!(refused, Error::Pointer { .. }), "{refused}");
    }
    fs::remove_file(pointer).unwrap();
    it.open().unwrap();
}

#[test]
fn nobody_moves_what_another_has_open_or_puts_a_model_into() {
    let it = Move::new();
    put(&it.old(), &NAMES);
    let whereabouts = Whereabouts::of(&it.folder.path().join("home"));
    let (models, other) = (it.open().unwrap(), it.open().unwrap());
    let refused = whereabouts.move_to(&models, &it.new_place(), &NEVER, |_, _| {});
    assert!(
        matches!(refused, Err(Error::OpenElsewhere { .. })),
        "{refused:?}"
    );
    drop(other);
    let turn = models.take_fetch_turn().unwrap();
    let refused = whereabouts.move_to(&models, &it.new_place(), &NEVER, |_, _| {});
    assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
    drop(turn);
    assert!(!it.new_place().exists());
    let moved = whereabouts.move_to(&models, &it.new_place(), &NEVER, |_, _| {});
    assert_eq!(moved.unwrap(), Some(it.new_place()));
    drop(models);
    it.check(&it.new_place());
}
