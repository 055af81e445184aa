//! Models fetched onto disks that fill up or stop taking anything: said in a sentence, and nothing is lost.
//!
//! The disks are small ones in memory, which only an administrator may mount; for others the tests say that they were
//! left out.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output};

use journeys::Desk;
use journeys::hub::{Hub, Repositories, model, sha256_of};

const REPOSITORY: &str = "ggml-org/gemma-3-1b-it-GGUF";
const NAME: &str = "gemma-3-1b-it-Q8_0";
const FILE: &str = "gemma-3-1b-it-Q8_0.gguf";
const BYTES: usize = 120_000_000;

/// A disk of 260 MB: the file, what stays free by rule, and 40 MB.
struct Disk {
    desk: Desk,
    place: PathBuf,
}

impl Disk {
    fn mount() -> Option<Self> {
        let desk = Desk::new();
        let place = desk.home().join("disk");
        fs::create_dir(&place).expect("a folder");
        let size = "size=260000000";
        let mount = ["-t", "tmpfs", "-o", size, "tmpfs"];
        match Command::new("mount").args(mount).arg(&place).output() {
            Ok(mounted) if mounted.status.success() => Some(Self { desk, place }),
            refused => {
                println!("left out, as no disk can be mounted here: {refused:?}");
                None
            }
        }
    }

    fn remount(&self, how: &str) {
        let remount = ["-o", &format!("remount,{how}")];
        let mounted = Command::new("mount")
            .args(remount)
            .arg(&self.place)
            .status();
        assert!(mounted.expect("mount").success(), "{how}");
    }

    fn start(&self, hub: &Hub, arguments: &[&str]) -> Child {
        let mut command = self.desk.at_hub(hub, arguments);
        command.env("LECTERN_HOME", &self.place);
        command.spawn().expect("lectern")
    }

    fn run(&self, hub: &Hub, arguments: &[&str]) -> Output {
        self.start(hub, arguments)
            .wait_with_output()
            .expect("it ends")
    }

    /// Takes `bytes` of it, or all there are.
    fn fill(&self, bytes: usize) -> PathBuf {
        let path = self.place.join("other");
        let mut file = File::create(&path).expect("a file");
        let piece = vec![1; 1 << 20];
        for _ in 0..bytes.div_ceil(piece.len()) {
            if file.write_all(&piece).is_err() {
                break; // it is full
            }
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.place).status());
    }
}

/// With a disk that `spoil` spoils while the model comes, `words` and `hint` are said; once `repair` has repaired it,
/// the model comes, and what had come is not asked for again.
#[track_caller]
fn check<S>(
    spoil: impl FnOnce(&Disk) -> S,
    words: &str,
    hint: &str,
    repair: impl FnOnce(&Disk, S),
) {
    let Some(disk) = Disk::mount() else { return };
    let repositories = Repositories::default().with(REPOSITORY, FILE, model(BYTES));
    let hub = repositories.open();
    hub.hold_at(50_000_000);
    let fetching = disk.start(&hub, &["models", "download", NAME]);
    while !hub.is_soon_held() {}
    let spoiled = spoil(&disk);
    hub.go_on();
    fails(&fetching.wait_with_output().expect("it ends"), words, hint);
    repair(&disk, spoiled);
    goes_on(&disk, &hub);
}

#[track_caller]
fn goes_on(disk: &Disk, hub: &Hub) {
    let here = disk.run(hub, &["models", "resume", NAME]);
    let err = String::from_utf8_lossy(&here.stderr);
    assert!(here.status.success(), "{err}");
    let model = disk.place.join("models").join(NAME).join(FILE);
    assert_eq!(sha256_of(&model), hub.sha256(FILE));
    let sent = hub.figures().sent_bytes;
    assert!(sent < BYTES as u64 + 60_000_000, "{sent} bytes for {BYTES}");
}

#[track_caller]
fn fails(output: &Output, words: &str, hint: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{err}");
    let said = err.split("error: ").nth(1).unwrap_or_default();
    let (error, next) = said.split_once("\n hint: ").unwrap_or((said, ""));
    assert!(error.contains(words), "{words:?} is not in {error:?}");
    assert!(next.contains(hint), "{hint:?} is not in {next:?}");
}

#[test]
fn a_disk_that_others_fill_is_noticed_before_it_is_full() {
    let refill = |_: &Disk, filler: PathBuf| fs::remove_file(filler).expect("it goes");
    check(
        |disk| disk.fill(120_000_000),
        "are needed in",
        "free some space",
        refill,
    );
}

#[test]
fn a_disk_that_is_full_to_the_last_byte_keeps_what_came() {
    let refill = |_: &Disk, filler: PathBuf| fs::remove_file(filler).expect("it goes");
    check(
        |disk| disk.fill(usize::MAX),
        "No space left",
        "free some space",
        refill,
    );
}

#[test]
fn a_disk_that_takes_nothing_any_more_keeps_what_came() {
    // A disk is not made read-only while a file on it is written: the process is killed before.
    let Some(disk) = Disk::mount() else { return };
    let repositories = Repositories::default().with(REPOSITORY, FILE, model(BYTES));
    let hub = repositories.open();
    hub.hold_at(50_000_000);
    let mut fetching = disk.start(&hub, &["models", "download", NAME]);
    while !hub.is_soon_held() {}
    fetching.kill().expect("SIGKILL");
    fetching.wait().expect("it is gone");
    hub.go_on();
    disk.remount("ro");
    let refused = disk.run(&hub, &["models", "resume"]);
    fails(&refused, "could not write", "check that the disk is there");
    disk.remount("rw");
    goes_on(&disk, &hub);
}

#[test]
fn nothing_is_begun_where_nothing_can_be_written() {
    let Some(disk) = Disk::mount() else { return };
    let hub = Repositories::default()
        .with(REPOSITORY, FILE, model(2_000_000))
        .open();
    disk.remount("ro");
    let refused = disk.run(&hub, &["models", "download", NAME]);
    fails(&refused, "could not", "check that the disk is there");
    assert_eq!(hub.figures().questions, 0);
}
