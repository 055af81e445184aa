//! What the hub says to each question, and how it misbehaves.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{Fault, File, REVISION, Shared, State};

/// Bytes between two looks at what is to happen.
const PIECE: usize = 64 << 10;

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
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn answer(&self, line: &TcpStream) -> io::Result<()> {
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
                let file = &self.files[place];
                if !file.is_large() {
                    return self.serve(line, file, &request); // what is small lies on the hub itself
                }
                let to = format!("http://{}/content/{place}", self.content);
                let headers = [
                    ("location", to.as_str()),
                    ("x-repo-commit", REVISION),
                    ("x-linked-size", &file.bytes.len().to_string()),
                    ("x-linked-etag", &format!("\"{}\"", file.sha256)),
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
            if !file.is_large() {
                let oid = git_name(&file.bytes);
                return json!({ "type": "file", "oid": oid, "path": file.name, "size": size });
            }
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

/// What git calls a file: the SHA-1 of a head and the bytes.
fn git_name(bytes: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    let digest = digest.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
