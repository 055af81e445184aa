//! A program with all the processes it starts, gone together.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

/// The process group of a program: a driver left alone would leave its app running.
#[derive(Debug)]
pub struct Group(pub Child);

impl Group {
    pub fn spawn(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| {
            panic!("{command:?}: {error}; ./dev test installs what is missing")
        }))
    }

    /// SIGKILL to every process of the group: none can say goodbye.
    pub fn kill(&mut self) {
        let group = format!("-{}", self.0.id());
        // That some of them are gone already is fine.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.0.wait();
    }

    /// Whether a process of this group runs `program`.
    pub fn runs(&self, program: &Path) -> bool {
        let program = program.canonicalize().expect("a program has a place");
        let processes = fs::read_dir("/proc").expect("/proc").flatten();
        processes.map(|process| process.path()).any(|process| {
            group_of(&process) == Some(self.0.id())
                && fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The group of a process, given its folder in `/proc`: the third field after the name.
fn group_of(process: &Path) -> Option<u32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(2)?.parse().ok()
}
