//! A pip without an index: this program, started again to run the one test below.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What it does when it is asked for a package.
#[derive(Debug, Clone, Copy)]
pub enum Pip {
    /// Takes the wheel out of the folder it is given, and notes which.
    Fetches,
    /// As [`Pip::Fetches`], but begins with the part of a wheel that it then never finishes.
    Hangs,
    /// Says this and fails.
    Says(&'static str),
}

/// How `pip` is called, with `wheels` as its index.
pub fn call(pip: Pip, wheels: &Path) -> Vec<OsString> {
    let this = std::env::current_exe()
        .expect("this program has a path")
        .into_os_string();
    let (act, said) = match pip {
        Pip::Fetches => ("fetches", ""),
        Pip::Hangs => ("hangs", ""),
        Pip::Says(said) => ("says", said),
    };
    let test = [
        "--exact",
        "--nocapture",
        "starter::tests::pip::pip",
        "--",
        act,
        said,
    ];
    let words = test.into_iter().map(OsString::from);
    std::iter::once(this)
        .chain(words)
        .chain([wheels.into()])
        .collect()
}

/// The packages that were fetched from `wheels`, in their order.
pub fn fetched(wheels: &Path) -> Vec<String> {
    let noted = fs::read_to_string(wheels.join("fetched")).unwrap_or_default();
    noted.lines().map(str::to_owned).collect()
}

/// The other side: what pip does. Run as a test among others, it has nothing to do.
#[test]
fn pip() {
    let mut words = std::env::args().skip_while(|word| word != "--").skip(1);
    let (Some(act), Some(said), Some(wheels)) = (words.next(), words.next(), words.next()) else {
        return;
    };
    let words: Vec<String> = words.collect();
    assert_eq!(
        words[..4],
        ["download", "--no-deps", "--only-binary", ":all:"]
    );
    if act == "says" {
        eprintln!("{said}");
        std::process::exit(1);
    }
    let after = |word: &str| words.iter().skip_while(|other| *other != word).nth(1);
    let into = PathBuf::from(after("--dest").expect("it is told where to"));
    let package = words.last().expect("it is told what");
    if act == "hangs" {
        let scratch = std::env::var_os("TMPDIR").expect("it is told where to work");
        fs::write(Path::new(&scratch).join("half.whl"), [0; 1000]).expect("half a wheel");
        loop {
            std::thread::park(); // until killed
        }
    }
    let wheels = Path::new(&wheels);
    let (name, version) = package.split_once("==").expect("a version");
    let wheel = format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"));
    fs::copy(wheels.join(&wheel), into.join(&wheel)).expect("the wheel is in the index");
    let noted = fetched(wheels).join("\n") + "\n" + name;
    fs::write(wheels.join("fetched"), noted.trim_start()).expect("a note");
}
