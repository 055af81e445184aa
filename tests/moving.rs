//! The models folder goes to another disk, and wherever the process is killed meanwhile, no model is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use journeys::{Desk, golden};
use serde_json::Value;
use tempfile::TempDir;

/// What a golden model is made longer by, so that copying it takes a while.
const MORE_BYTES: usize = 24 << 20;

/// A desk with `names` as models of some size, each another's bytes, with notes, a link, an order and half a model.
fn with_models(names: &[&str]) -> Desk {
    let desk = Desk::new();
    let models = desk.home().join("models");
    fs::create_dir_all(&models).expect("a models folder");
    let golden_bytes = fs::read(golden("tiny-text/model.gguf")).expect("the golden model");
    for (number, name) in names.iter().enumerate() {
        let mut bytes = golden_bytes.clone();
        bytes.resize(golden_bytes.len() + MORE_BYTES, number as u8);
        fs::write(models.join(format!("{name}.gguf")), bytes).expect("a model");
    }
    let folder = models.join("as-published");
    fs::create_dir(&folder).expect("a folder");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden("tiny-text").join(name), folder.join(name)).expect("a file");
    }
    fs::write(models.join("next.order.partial"), "{}").expect("an order");
    fs::create_dir(models.join("next.partial")).expect("a folder");
    fs::write(models.join("next.partial/half"), [7; 5000]).expect("half a model");
    let linked = golden("tiny-mm/model.gguf").display().to_string();
    let linked = format!(r#"{{"version":1,"path":{linked:?}}}"#);
    fs::write(models.join("linked.link.json"), linked).expect("a link");
    desk
}

/// A folder on another disk, where there is one that is always there; else on the same.
fn other_disk() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => TempDir::with_prefix_in("lectern-disk-", memory),
        false => TempDir::with_prefix("lectern-disk-"),
    }
    .expect("a folder")
}

/// Every visible file below the folder that `lectern` says the models are in, with its bytes.
fn held(desk: &Desk) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder(desk);
    let mut files = Vec::new();
    collect(&folder, &folder, &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, below: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(below).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'))
        {
            continue;
        }
        match path.is_dir() {
            true => collect(folder, &path, files),
            false => {
                let bytes = fs::read(&path).expect("a file");
                files.push((
                    path.strip_prefix(folder).expect("it is below").to_owned(),
                    bytes,
                ));
            }
        }
    }
}

fn folder(desk: &Desk) -> PathBuf {
    let path = json(desk.lectern(&["models", "path", "--json"]));
    PathBuf::from(path["path"].as_str().expect("a path"))
}

fn names(desk: &Desk) -> Vec<String> {
    let listed = json(desk.lectern(&["models", "list", "--json"]));
    let listed = listed.as_array().expect("a list").iter();
    listed
        .map(|it| it["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn move_to(desk: &Desk, to: &Path) -> Output {
    desk.lectern(&["models", "move", "--json", to.to_str().expect("UTF-8")])
}

#[track_caller]
fn json(output: Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The command failed with a sentence that has `about` in it.
#[track_caller]
fn fails(output: &Output, about: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(about), "{said}");
}

#[test]
fn everything_moves_and_is_used_at_the_new_place() {
    let desk = with_models(&["a"]);
    let before = held(&desk);
    let beside = desk.home().join("beside");
    let disk = other_disk();
    let far = disk.path().join("models of mine");
    for to in [beside, far, desk.home().join("models")] {
        let from = folder(&desk);
        assert_eq!(
            json(move_to(&desk, &to))["path"],
            to.to_str().expect("UTF-8")
        );
        assert_eq!(folder(&desk), to);
        assert!(held(&desk) == before, "the same files with the same bytes");
        assert!(!from.exists(), "nothing is left at {}", from.display());
        assert_eq!(names(&desk), ["a", "as-published", "linked"]);
    }
    let left = fs::read_dir(disk.path()).expect("the disk").count();
    assert_eq!(left, 0);
}

#[test]
fn a_place_that_will_not_do_is_refused_and_left_alone() {
    let desk = with_models(&["a"]);
    let before = held(&desk);
    let full = desk.home().join("full");
    fs::create_dir(&full).expect("a folder");
    fs::write(full.join("letter.txt"), "a person's own").expect("a file");
    fails(&move_to(&desk, &full), "is not empty");
    assert_eq!(fs::read_dir(&full).expect("the folder").count(), 1);
    let inside = desk.home().join("models/inside");
    fails(
        &move_to(&desk, &inside),
        "is in the folder that would move there",
    );
    fails(
        &move_to(&desk, &desk.home().join("models")),
        "is in the folder",
    );
    fails(&move_to(&desk, &full.join("letter.txt")), "letter.txt");
    fails(&move_to(&desk, &full.join("letter.txt/x")), "letter.txt");
    assert!(held(&desk) == before);
}

/// A disk that is not plugged in is said, and nothing is made or fetched in its place.
#[test]
fn a_folder_that_is_gone_is_said_and_comes_back() {
    let desk = with_models(&["a"]);
    let disk = other_disk();
    let (far, away) = (disk.path().join("far"), disk.path().join("away"));
    json(move_to(&desk, &far));
    fs::rename(&far, &away).expect("the disk is unplugged");
    for command in [&["list"][..], &["disk"], &["remove", "a"], &["verify"]] {
        let output = desk.lectern(&[&["models"], command].concat());
        fails(
            &output,
            &format!("the folder of the models, {}, is not there", far.display()),
        );
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("hint: plug in the disk"), "{said}");
    }
    assert!(!far.exists() && !desk.home().join("models").exists());
    fs::create_dir(&far).expect("the place where it is plugged in");
    fails(&desk.lectern(&["models", "list"]), "is not there");
    fs::remove_dir(&far).expect("as before");
    fs::rename(&away, &far).expect("the disk is plugged in");
    assert_eq!(names(&desk), ["a", "as-published", "linked"]);
}

/// A disk in memory, which only an administrator may mount.
#[cfg(target_os = "linux")]
struct Mounted {
    place: PathBuf,
}

#[cfg(target_os = "linux")]
impl Mounted {
    fn at(place: PathBuf, how: &str) -> Option<Self> {
        fs::create_dir(&place).expect("a folder");
        let mut mount = std::process::Command::new("mount");
        let mounted = mount
            .args(["-t", "tmpfs", "-o", how, "tmpfs"])
            .arg(&place)
            .output();
        match mounted {
            Ok(mounted) if mounted.status.success() => Some(Self { place }),
            refused => {
                println!("left out, as no disk can be mounted here: {refused:?}");
                None
            }
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        let mut umount = std::process::Command::new("umount");
        drop(umount.arg("-l").arg(&self.place).status());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_nothing_is_said_and_nothing_is_lost() {
    let desk = with_models(&["a"]);
    let before = held(&desk);
    for (name, how, words) in [
        ("small", "size=16000000", "are needed in"),
        ("locked", "ro", "Read-only file system"),
    ] {
        let Some(disk) = Mounted::at(desk.home().join(name), how) else {
            return;
        };
        fails(&move_to(&desk, &disk.place.join("far")), words);
        assert_eq!(fs::read_dir(&disk.place).expect("the disk").count(), 0);
        assert!(held(&desk) == before);
        assert_eq!(folder(&desk), desk.home().join("models"));
    }
}

/// Ctrl+C while bytes are copied: all is where it was, and nothing is left where it was going.
#[cfg(target_os = "linux")]
#[test]
fn a_stopped_move_leaves_all_where_it_was() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let desk = with_models(&["a", "b", "c", "d"]);
    let before = held(&desk);
    let disk = other_disk();
    let to = disk.path().join("far");
    let mut moving = desk.command(&["models", "move", to.to_str().expect("UTF-8")]);
    let moving = moving.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut moving = moving.spawn().expect("lectern");
    let mut told = BufReader::new(moving.stderr.take().expect("it is piped")).lines();
    told.next().expect("it begins").expect("text");
    let pressed = Command::new("kill")
        .args(["-INT", &moving.id().to_string()])
        .status();
    assert!(pressed.expect("kill").success());
    let told: Vec<String> = told.map_while(Result::ok).collect();
    let status = moving.wait().expect("it ends");
    assert_eq!(status.code(), Some(130), "{told:?}");
    assert_eq!(folder(&desk), desk.home().join("models"));
    assert!(held(&desk) == before && !to.exists());
    json(move_to(&desk, &to));
    assert!(held(&desk) == before);
}

/// Killed at sixteen moments, from the first to the last: after each the models are all there, at the one place or at the
/// other, and the next move goes on from there.
#[cfg(target_os = "linux")] // elsewhere there is no second disk to rely on
#[test]
fn a_killed_move_loses_nothing() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    use std::time::Duration;

    /// How many tenths are told of, from 0 % to 100 %.
    const TOLD: u64 = 11;
    let desk = with_models(&["a", "b", "c", "d"]);
    let before = held(&desk);
    let disk = other_disk();
    let places = [disk.path().join("far"), desk.home().join("models")];
    let (mut killed, mut moved) = (0, 0);
    for moment in 0..TOLD + 5 {
        let now = folder(&desk);
        let to = places
            .iter()
            .find(|place| **place != now)
            .expect("there are two");
        let mut moving = desk.command(&["models", "move", to.to_str().expect("UTF-8")]);
        let moving = moving.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut moving = moving.spawn().expect("lectern");
        let told = BufReader::new(moving.stderr.take().expect("it is piped"));
        assert_eq!(
            told.lines().take(moment.min(TOLD) as usize).count() as u64,
            moment.min(TOLD)
        );
        wait(Duration::from_millis(moment.saturating_sub(TOLD)));
        moving.kill().expect("it can be killed");
        killed += u32::from(!moving.wait().expect("it ends").success());

        assert_eq!(
            names(&desk),
            ["a", "as-published", "b", "c", "d", "linked"],
            "{moment}"
        );
        assert!(held(&desk) == before, "every byte, after moment {moment}");
        moved += u32::from(folder(&desk) == *to);
        assert!(!desk.home().join("models-move.json").exists());
    }
    println!(
        "killed {killed} of {} moves; {moved} had come to their end or went on",
        TOLD + 5
    );
    assert!(10 <= killed, "only {killed} were still moving");
}

/// Waits for a moment within what another process does, of which nothing can be heard.
#[cfg(target_os = "linux")]
fn wait(time: std::time::Duration) {
    let (_nobody, heard) = std::sync::mpsc::channel::<()>();
    let _ = heard.recv_timeout(time);
}
