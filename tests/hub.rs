//! A hub on this machine, for the journeys: speaks the hub's protocol (what a repository is and has, `resolve`, a
//! redirect to a content server, ranges, tags, gated answers), and misbehaves as it is told.

mod answers;
mod files;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use files::{Noise, model, sha256_of};

/// The revision of every repository.
pub const REVISION: &str = "4567def";
/// How long somebody who waits does so before they look around.
const A_WHILE: Duration = Duration::from_millis(200);

/// How it misbehaves when it is asked for bytes, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Hangs up after so many of the bytes that were asked for.
    HangUpAfter(usize),
    /// Says that there are more bytes than come.
    SayMore,
    /// Says that the whole has another length.
    SayOtherLength,
    /// Brings other bytes, as many.
    WrongBytes,
    /// Sends so many bytes, and then neither more nor an end.
    FallSilentAfter(usize),
    /// Answers with this status.
    Status(u16),
    /// Wants to be left alone for so many seconds (429).
    Patience(u32),
    /// The file is called otherwise from now on, as if it had changed.
    OtherTag,
}

/// What went over its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Questions for bytes.
    pub questions: usize,
    /// Questions that were answered badly.
    pub faults: usize,
    /// Bytes of files that were sent.
    pub sent_bytes: u64,
}

/// A file of a repository.
struct File {
    repository: String,
    name: String,
    bytes: Arc<Vec<u8>>,
    sha256: String,
}

impl File {
    /// Whether git only has a note about it, and its SHA-256 is told.
    fn is_large(&self) -> bool {
        self.name.ends_with(".gguf") || self.name.ends_with(".safetensors")
    }
}

/// Who may have a repository.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    /// Tokens of accounts that have agreed to the terms.
    pub agreed: Vec<String>,
    /// Tokens of accounts that have not.
    pub others: Vec<String>,
}

/// A hub that is gone when it is dropped.
pub struct Hub {
    shared: Arc<Shared>,
    listening: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    /// Of the content server, which is another host to whoever asks.
    content: SocketAddr,
    files: Vec<File>,
    /// Old names of repositories, and their new ones.
    moved: Vec<(String, String)>,
    gate: Option<Gate>,
    state: Mutex<State>,
    changed: Condvar,
    is_closing: AtomicBool,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Option<Fault>>,
    figures: Figures,
    tag: u32,
    /// What each line is given in a second; all it takes where nothing is said.
    bytes_per_second: Option<f64>,
    has_no_ranges: bool,
    /// It sends no more once so many bytes were sent, until it is told to go on.
    hold_at: Option<u64>,
    /// Every line of a request for bytes that was told who asks.
    secrets_at_content: usize,
    requests: Vec<String>,
}

/// What a hub is made of.
#[derive(Default)]
pub struct Repositories {
    files: Vec<File>,
    moved: Vec<(String, String)>,
    gate: Option<Gate>,
}

impl Repositories {
    /// With one more file.
    pub fn with(mut self, repository: &str, name: &str, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes);
        self.files.push(File {
            repository: repository.to_owned(),
            name: name.to_owned(),
            bytes: Arc::new(bytes),
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        self
    }

    /// Where `old` leads to `new`.
    pub fn moved(mut self, old: &str, new: &str) -> Self {
        self.moved.push((old.to_owned(), new.to_owned()));
        self
    }

    /// All of them only for those who have agreed to something.
    pub fn gated(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Opens the hub.
    pub fn open(self) -> Hub {
        let listeners = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [address, content] = listeners
            .each_ref()
            .map(|listener| listener.local_addr().expect("it has one"));
        let Self { files, moved, gate } = self;
        let shared = Arc::new(Shared {
            address,
            content,
            files,
            moved,
            gate,
            state: Mutex::default(),
            changed: Condvar::new(),
            is_closing: AtomicBool::new(false),
        });
        let listening = listeners.map(|listener| {
            let shared = shared.clone();
            thread::spawn(move || listen(&listener, &shared))
        });
        Hub {
            shared,
            listening: listening.into(),
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut answering = Vec::new();
    for line in listener.incoming() {
        if shared.is_closing.load(Ordering::SeqCst) {
            break;
        }
        let shared = shared.clone();
        answering.push(thread::spawn(move || {
            // A client that hangs up is as usual as one that does not.
            let _ = line.and_then(|line| shared.answer(&line));
        }));
    }
    answering.into_iter().for_each(|thread| drop(thread.join()));
}

impl Hub {
    /// What `HF_ENDPOINT` is to be.
    pub fn address(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Misbehaves so, or not, with the next questions for bytes, one after the other.
    pub fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.shared.state().faults.extend(faults);
    }

    /// Sends no more once `bytes` were sent in all.
    pub fn hold_at(&self, bytes: u64) {
        self.shared.state().hold_at = Some(bytes);
    }

    /// Waits until that is so; false if it is not for a while.
    pub fn is_soon_held(&self) -> bool {
        let is_under_way = |state: &mut State| {
            state
                .hold_at
                .is_some_and(|hold_at| state.figures.sent_bytes < hold_at)
        };
        let state = self.shared.state();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, A_WHILE, is_under_way);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Gives each line so much in a second, as servers of large files do.
    pub fn slow_down(&self, bytes_per_second: f64) {
        self.shared.state().bytes_per_second = Some(bytes_per_second);
    }

    /// Brings the whole from now on, whatever part is asked for.
    pub fn forget_ranges(&self) {
        self.shared.state().has_no_ranges = true;
    }

    /// Sends again.
    pub fn go_on(&self) {
        self.shared.state().hold_at = None;
        self.shared.changed.notify_all();
    }

    /// What went over its lines so far.
    pub fn figures(&self) -> Figures {
        self.shared.state().figures
    }

    /// Faults that are planned and have not happened.
    pub fn planned(&self) -> usize {
        self.shared.state().faults.iter().flatten().count()
    }

    /// How often the content server, which it is nothing to, was told who asks.
    pub fn secrets_at_content(&self) -> usize {
        self.shared.state().secrets_at_content
    }

    /// The first line of every request.
    pub fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    /// The SHA-256 of a file.
    pub fn sha256(&self, name: &str) -> &str {
        let file = self.shared.files.iter().find(|file| file.name == name);
        &file.expect("it has the file").sha256
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.go_on();
        for address in [self.shared.address, self.shared.content] {
            drop(TcpStream::connect(address)); // wakes it up
        }
        for listening in self.listening.drain(..) {
            listening.join().expect("no panic");
        }
    }
}
