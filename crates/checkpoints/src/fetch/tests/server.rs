//! Speaks as the hub does: what is in a repository, a relative redirect, one to where the bytes lie, ranges, tags.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::json;
use sha2::{Digest, Sha256};

/// How it answers when it is asked for the bytes; afterwards, again as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// As it should.
    Serve,
    /// Hangs up after so many bytes of those asked for.
    HangUpAfter(usize),
    /// Sends so many bytes, and then neither more nor an end.
    FallSilentAfter(usize),
    /// Serves other bytes, as many.
    Garble,
    /// Serves the whole, whatever was asked for.
    IgnoreRange,
    /// Does that, and hangs up after so many bytes.
    IgnoreRangeAndHangUpAfter(usize),
    /// Answers with this status.
    Status(u16),
}

impl Act {
    fn ignores_range(self) -> bool {
        matches!(self, Self::IgnoreRange | Self::IgnoreRangeAndHangUpAfter(_))
    }
}

/// What it was asked for the bytes: from which on, and under which condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub range: Option<String>,
    pub if_range: Option<String>,
}

pub struct Server {
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    /// Of the file now; the next version of it has another.
    tag: Mutex<String>,
    hosted: Vec<Hosted>,
    /// What is answered about a repository, and about its files.
    about: Vec<(String, String)>,
    acts: Mutex<Vec<Act>>,
    asked: Mutex<Vec<Asked>>,
    closing: AtomicBool,
    silence: (Mutex<bool>, Condvar),
}

/// A file, where it is asked for, and what the hub says of it.
struct Hosted {
    path: String,
    bytes: Vec<u8>,
    linked: Mutex<(u64, String)>,
}

impl Hosted {
    fn new(path: String, bytes: &[u8], sha256: String) -> Self {
        Self {
            path,
            bytes: bytes.to_owned(),
            linked: Mutex::new((bytes.len() as u64, sha256)),
        }
    }
}

impl Server {
    /// Serves `bytes` as the starter of the tests; the first answers are `acts`, in their order.
    pub fn new(bytes: &[u8], sha256: &str, acts: &[Act]) -> Self {
        let path = "/lectern/tiny-it-gguf/resolve/0123abc/tiny-it.gguf".to_owned();
        let hosted = Hosted::new(path, bytes, sha256.to_owned());
        Self::hosting(vec![hosted], Vec::new(), acts)
    }

    /// Serves a repository of these files.
    pub fn with_repository(name: &str, files: &[(&str, &[u8])], acts: &[Act]) -> Self {
        let sha256 = |bytes: &[u8]| {
            let digest = Sha256::digest(bytes);
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let hosted = files.iter().map(|(file, bytes)| {
            let path = format!("/{name}/resolve/4567def/{file}");
            Hosted::new(path, bytes, sha256(bytes))
        });
        let tree = files.iter().map(|(file, bytes)| {
            let lfs = json!({ "oid": sha256(bytes), "size": bytes.len(), "pointerSize": 134 });
            json!({ "type": "file", "oid": "0", "path": file, "size": bytes.len(), "lfs": lfs })
        });
        let about = vec![
            (
                format!("/api/models/{name}"),
                json!({ "sha": "4567def" }).to_string(),
            ),
            (
                format!("/api/models/{name}/tree/4567def"),
                json!(tree.collect::<Vec<_>>()).to_string(),
            ),
        ];
        Self::hosting(hosted.collect(), about, acts)
    }

    fn hosting(hosted: Vec<Hosted>, about: Vec<(String, String)>, acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("it has one"),
            tag: Mutex::new("\"first\"".to_owned()),
            hosted,
            about,
            acts: Mutex::new(acts.iter().rev().copied().collect()),
            asked: Mutex::default(),
            closing: AtomicBool::new(false),
            silence: (Mutex::new(true), Condvar::new()),
        });
        let listening = thread::spawn({
            let shared = shared.clone();
            move || {
                let mut answering = Vec::new();
                for line in listener.incoming() {
                    if shared.closing.load(Ordering::SeqCst) {
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
        });
        Self {
            shared,
            listening: Some(listening),
        }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Everything it was asked for the bytes.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no panic").clone()
    }

    /// From now on the file is another one, as far as its tag tells.
    pub fn change_tag(&self, tag: &str) {
        tag.clone_into(&mut self.shared.tag.lock().expect("no panic"));
    }

    /// From now on the hub says this of the file.
    pub fn link(&self, bytes: u64, sha256: &str) {
        *self.shared.hosted[0].linked.lock().expect("no panic") = (bytes, sha256.to_owned());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *self.shared.silence.0.lock().expect("no panic") = false;
        self.shared.silence.1.notify_all();
        self.shared.closing.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.shared.address)); // wakes it up
        let listening = self.listening.take().expect("it is dropped once");
        listening.join().expect("no panic");
    }
}

impl Shared {
    fn answer(&self, line: &TcpStream) -> std::io::Result<()> {
        let mut head = BufReader::new(line)
            .lines()
            .map_while(Result::ok)
            .take_while(|l| !l.is_empty());
        let request = head.next().unwrap_or_default();
        let headers: Vec<_> = head.map(|line| line.to_lowercase()).collect();
        let header = |name: &str| {
            let values = headers.iter().filter_map(|line| line.split_once(": "));
            values
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let path = request.split(' ').nth(1).unwrap_or_default();
        let mut line = line;
        if path == "/lectern/tiny-it-GGUF/resolve/0123abc/tiny-it.gguf" {
            // As for a repository that was renamed.
            let to = "/lectern/tiny-it-gguf/resolve/0123abc/tiny-it.gguf";
            write!(
                line,
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}\r\n"
            )?;
        } else if let Some(place) = self.hosted.iter().position(|hosted| hosted.path == path) {
            let (bytes, sha256) = &*self.hosted[place].linked.lock().expect("no panic");
            write!(
                line,
                "HTTP/1.1 302 Found\r\nlocation: http://{}/content/{place}\r\nx-repo-commit: 0123abc\r\n\
                 x-linked-size: {bytes}\r\nx-linked-etag: \"{sha256}\"\r\netag: \"{sha256}\"\r\n",
                self.address
            )?;
        } else if let Some((_, answer)) = self.about.iter().find(|(of, _)| of == path) {
            return write!(
                line,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        } else if let Some(place) = path.strip_prefix("/content/") {
            let hosted = &self.hosted[place.parse::<usize>().expect("the hub said so")];
            let asked = Asked {
                range: header("range"),
                if_range: header("if-range"),
            };
            self.asked.lock().expect("no panic").push(asked.clone());
            let act = self
                .acts
                .lock()
                .expect("no panic")
                .pop()
                .unwrap_or(Act::Serve);
            return self.serve(line, &hosted.bytes, &asked, act);
        } else {
            write!(line, "HTTP/1.1 404 Not Found\r\n")?;
        }
        write!(line, "content-length: 0\r\nconnection: close\r\n\r\n")
    }

    fn serve(
        &self,
        mut line: &TcpStream,
        bytes: &[u8],
        asked: &Asked,
        act: Act,
    ) -> std::io::Result<()> {
        let tag = self.tag.lock().expect("no panic").clone();
        let whole = bytes.len();
        let is_same = asked.if_range.as_ref().is_none_or(|wanted| *wanted == tag);
        let first = asked
            .range
            .as_deref()
            .and_then(|range| range.strip_prefix("bytes="));
        let first = first.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
        let first = first.filter(|_| is_same && !act.ignores_range());
        let end = "connection: close\r\n\r\n";
        let body = match (act, first) {
            (Act::Status(status), _) => {
                return write!(line, "HTTP/1.1 {status} So\r\ncontent-length: 0\r\n{end}");
            }
            (_, Some(first)) if whole <= first => {
                let range = format!("content-range: bytes */{whole}");
                return write!(
                    line,
                    "HTTP/1.1 416 So\r\n{range}\r\ncontent-length: 0\r\n{end}"
                );
            }
            (_, Some(first)) => {
                let (length, last) = (whole - first, whole - 1);
                let range = format!("content-range: bytes {first}-{last}/{whole}");
                write!(
                    line,
                    "HTTP/1.1 206 Partial Content\r\n{range}\r\ncontent-length: {length}\r\n"
                )?;
                &bytes[first..]
            }
            (_, None) => {
                write!(line, "HTTP/1.1 200 OK\r\ncontent-length: {whole}\r\n")?;
                bytes
            }
        };
        write!(line, "etag: {tag}\r\n{end}")?;
        match act {
            Act::HangUpAfter(bytes) | Act::IgnoreRangeAndHangUpAfter(bytes) => {
                line.write_all(&body[..bytes])
            }
            Act::FallSilentAfter(bytes) => {
                line.write_all(&body[..bytes])?;
                let silent = self.silence.0.lock().expect("no panic");
                drop(self.silence.1.wait_while(silent, |silent| *silent));
                Ok(())
            }
            Act::Garble => line.write_all(&body.iter().map(|byte| !byte).collect::<Vec<_>>()),
            Act::Serve | Act::IgnoreRange | Act::Status(_) => line.write_all(body),
        }
    }
}
