//! A hub on this machine, for the journeys: speaks the hub's protocol (what a repository is and has, `resolve`, a
//! redirect to a content server, ranges, tags, gated answers), and misbehaves as it is told.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::golden;

/// The revision of every repository.
pub const REVISION: &str = "4567def";
/// How long somebody who waits does so before they look around.
const A_WHILE: Duration = Duration::from_millis(200);
/// Bytes between two looks at what is to happen.
const PIECE: usize = 64 << 10;

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

/// A question, as far as it matters.
struct Request {
    path: String,
    token: Option<String>,
    first: Option<usize>,
    last: Option<usize>,
    if_range: Option<String>,
}

impl Request {
    fn read(line: &TcpStream) -> (String, Self) {
        let lines = BufReader::new(line).lines().map_while(Result::ok);
        let mut head = lines.take_while(|line| !line.is_empty());
        let request = head.next().unwrap_or_default();
        let headers: Vec<(String, String)> = head
            .filter_map(|line| {
                let (name, value) = line.split_once(": ")?;
                Some((name.to_lowercase(), value.to_owned()))
            })
            .collect();
        let header = |name: &str| {
            let found = headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let range = header("range").unwrap_or_default();
        let (first, last) = range.trim_start_matches("bytes=").split_once('-').unzip();
        let token = header("authorization");
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let this = Self {
            path,
            token: token.and_then(|text| text.strip_prefix("Bearer ").map(str::to_owned)),
            first: first.and_then(|first| first.parse().ok()),
            last: last.and_then(|last| last.parse().ok()),
            if_range: header("if-range"),
        };
        (request, this)
    }
}

/// What to say in the place of what was asked for.
type Refusal = (u16, &'static str);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, line: &TcpStream) -> io::Result<()> {
        let (first_line, request) = Request::read(line);
        self.state().requests.push(first_line);
        let path = request.path.as_str();
        if let Some(place) = path.strip_prefix("/content/") {
            if request.token.is_some() {
                self.state().secrets_at_content += 1;
            }
            let file = &self.files[place.parse::<usize>().expect("the hub said so")];
            return self.serve(line, file, &request);
        }
        for (old, new) in &self.moved {
            if path.contains(old.as_str()) {
                let to = path.replacen(old.as_str(), new, 1);
                return say(line, 307, &[("location", &to)], "");
            }
        }
        if path == "/api/whoami-v2" {
            return match self.refusal(&request) {
                Some((401, code)) => say(line, 401, &[("x-error-message", code)], ""),
                _ => say(line, 200, &[], &json!({ "name": "somebody" }).to_string()),
            };
        }
        if let Some(repository) = path.strip_prefix("/api/models/") {
            return self.tell_of(line, repository, &request);
        }
        let asked = self.files.iter().position(|file| {
            path == format!("/{}/resolve/{REVISION}/{}", file.repository, file.name)
        });
        match (asked, self.refusal(&request)) {
            (None, _) => say(line, 404, &[("x-error-code", "EntryNotFound")], ""),
            (Some(_), Some((status, code))) => say(line, status, &[("x-error-code", code)], ""),
            (Some(place), None) => {
                let File { bytes, sha256, .. } = &self.files[place];
                let to = format!("http://{}/content/{place}", self.content);
                let headers = [
                    ("location", to.as_str()),
                    ("x-repo-commit", REVISION),
                    ("x-linked-size", &bytes.len().to_string()),
                    ("x-linked-etag", &format!("\"{sha256}\"")),
                ];
                say(line, 302, &headers, "")
            }
        }
    }

    /// Why whoever asks does not get it.
    fn refusal(&self, request: &Request) -> Option<Refusal> {
        let gate = self.gate.as_ref()?;
        match &request.token {
            None => Some((401, "GatedRepo")),
            Some(token) if gate.agreed.contains(token) => None,
            Some(token) if gate.others.contains(token) => Some((403, "GatedRepo")),
            Some(_) => Some((401, "")),
        }
    }

    fn tell_of(&self, line: &TcpStream, path: &str, request: &Request) -> io::Result<()> {
        let (repository, tree) = match path.split_once("/tree/") {
            Some((repository, _revision)) => (repository, true),
            None => (path, false),
        };
        let mut files = self
            .files
            .iter()
            .filter(|file| file.repository == repository);
        if files.clone().next().is_none() {
            return say(line, 404, &[("x-error-code", "RepoNotFound")], "");
        }
        if let Some((status @ 401, "")) = self.refusal(request) {
            return say(line, status, &[], ""); // a token that nobody has is refused everywhere
        }
        let entry = |file: &File| {
            let size = file.bytes.len();
            let lfs = json!({ "oid": file.sha256, "size": size, "pointerSize": 134 });
            json!({ "type": "file", "oid": "0", "path": file.name, "size": size, "lfs": lfs })
        };
        let gated = match &self.gate {
            Some(_) => json!("manual"),
            None => json!(false),
        };
        let answer = match tree {
            true => Value::Array(files.map(entry).collect()),
            false => {
                json!({ "id": files.next().map(|_| repository), "sha": REVISION, "gated": gated })
            }
        };
        say(line, 200, &[], &answer.to_string())
    }

    fn serve(&self, mut line: &TcpStream, file: &File, request: &Request) -> io::Result<()> {
        let (fault, tag) = {
            let mut state = self.state();
            state.figures.questions += 1;
            let fault = state.faults.pop_front().flatten();
            state.figures.faults += usize::from(fault.is_some());
            state.tag += u32::from(fault == Some(Fault::OtherTag));
            (fault, format!("\"{}\"", state.tag))
        };
        match fault {
            Some(Fault::Status(status)) => return say(line, status, &[], ""),
            Some(Fault::Patience(seconds)) => {
                return say(line, 429, &[("retry-after", &seconds.to_string())], "");
            }
            _ => {}
        }
        let bytes = file.bytes.as_slice();
        let has_ranges = !self.state().has_no_ranges;
        let is_same = has_ranges
            && request
                .if_range
                .as_ref()
                .is_none_or(|wanted| *wanted == tag);
        let whole = match fault {
            Some(Fault::SayOtherLength) => bytes.len() + 1,
            _ => bytes.len(),
        };
        let body = match request.first.filter(|_| is_same) {
            Some(first) if bytes.len() <= first => {
                return say(
                    line,
                    416,
                    &[("content-range", &format!("bytes */{whole}"))],
                    "",
                );
            }
            Some(first) => {
                let last = request.last.unwrap_or(usize::MAX).min(bytes.len() - 1);
                write!(
                    line,
                    "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {first}-{last}/{whole}\r\n"
                )?;
                &bytes[first..=last]
            }
            None => {
                write!(line, "HTTP/1.1 200 OK\r\n")?;
                bytes
            }
        };
        let length = match (fault, body.len() == bytes.len()) {
            (Some(Fault::SayMore), _) => body.len() + 1000,
            (Some(Fault::SayOtherLength), true) => whole,
            _ => body.len(),
        };
        write!(
            line,
            "content-length: {length}\r\netag: {tag}\r\nconnection: close\r\n\r\n"
        )?;
        match fault {
            Some(Fault::HangUpAfter(bytes)) => self.send(line, &body[..bytes.min(body.len())]),
            Some(Fault::FallSilentAfter(bytes)) => {
                self.send(line, &body[..bytes.min(body.len())])?;
                // Until the other end gives up.
                BufReader::new(line).fill_buf().map(drop)
            }
            Some(Fault::WrongBytes) => {
                let wrong: Vec<_> = body.iter().map(|byte| !byte).collect();
                self.send(line, &wrong)
            }
            _ => self.send(line, body),
        }
    }

    fn send(&self, mut line: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            let is_held = |state: &mut State| {
                let is_open = !self.is_closing.load(Ordering::SeqCst);
                let hold_at = state.hold_at.filter(|_| is_open);
                hold_at.is_some_and(|hold_at| hold_at <= state.figures.sent_bytes)
            };
            let state = self.changed.wait_while(self.state(), is_held);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            state.figures.sent_bytes += piece.len() as u64;
            let pause = state
                .bytes_per_second
                .map(|speed| piece.len() as f64 / speed);
            drop(state);
            self.changed.notify_all();
            line.write_all(piece)?;
            thread::sleep(Duration::from_secs_f64(pause.unwrap_or(0.0)));
        }
        Ok(())
    }
}

fn say(mut line: &TcpStream, status: u16, headers: &[(&str, &str)], body: &str) -> io::Result<()> {
    write!(line, "HTTP/1.1 {status} So\r\n")?;
    for (name, value) in headers {
        write!(line, "{name}: {value}\r\n")?;
    }
    let length = body.len();
    write!(
        line,
        "content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A checkpoint of so many bytes: a small one, and what nobody reads behind it.
pub fn model(bytes: usize) -> Vec<u8> {
    let mut model = fs::read(golden("tiny-text/model.gguf")).expect("the golden model");
    let mut noise = Noise(7);
    while model.len() < bytes {
        model.extend(noise.next().to_le_bytes());
    }
    model.truncate(bytes);
    model
}

/// Numbers that look random and are always the same (xorshift64).
#[derive(Debug)]
pub struct Noise(pub u64);

impl Noise {
    /// The next of them.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next, below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The SHA-256 of a file.
pub fn sha256_of(path: &Path) -> String {
    let mut file = fs::File::open(path).expect("the file is here");
    let mut digest = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).expect("it can be read") {
            0 => break,
            length => digest.update(&piece[..length]),
        }
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
