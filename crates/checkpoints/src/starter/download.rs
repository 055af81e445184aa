//! One file over HTTP, for as long as it takes: what arrived is never asked for again.
//!
//! 1. Ask the hub. It answers with a redirect to where the bytes lie, and says in headers of its
//!    own (`x-linked-…`) how many there are and what their SHA-256 is; another file than the one
//!    that is wanted is refused here, before it comes.
//! 2. If a part is here already, ask for the rest (`Range`), under the condition that it is still
//!    the same file (`If-Range`, where the server named it by an `ETag`). A server that answers
//!    with the whole file is taken at its word, and the part is dropped.
//! 3. When the line is lost, pause and go on with 2. Any byte that comes starts the count of tries
//!    again, so that a long download over a bad line does get to its end.
//!
//! Another thread reads from the line, so that the stop flag is looked at also while it is silent.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Timeout;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};

use super::{Step, Watch};
use crate::disk::{self, Halt};
use crate::error::Error;

/// Being offline is noticed within this.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A line that is silent for so long is lost: it comes from sleep, or through a router that forgot it.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// Between two looks at the stop flag.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// From the hub's name to the file's place there are two or three.
const REDIRECTS_AT_MOST: u32 = 6;
/// Bytes on their way from the line to the disk: 16 pieces of 64 kB.
const PIECE_BYTES: usize = 1 << 16;
const PIECES_UNDER_WAY: usize = 16;

/// What is wanted, and where it is.
pub struct Remote<'a> {
    pub url: String,
    pub file: &'a str,
    pub bytes: u64,
    pub sha256: &'a str,
}

/// Fetches `remote` into `partial`, which then has as many bytes as it should. Whether they are
/// the right ones is for the caller to check.
///
/// [`Error::Unreachable`] and [`Error::Refused`] say that nothing arrived at all.
pub fn fetch(
    remote: &Remote,
    partial: &Path,
    pauses: &[Duration],
    watch: &mut Watch,
) -> Result<(), Halt> {
    watch.step(Step::Looking);
    let mut part = Part::open(partial, remote.bytes)?;
    disk::check_room(
        partial.parent().expect("a file in a folder"),
        remote.bytes - part.bytes,
    )?;
    let agent = agent();
    let (before_bytes, mut tries) = (part.bytes, pauses.iter());
    while part.bytes < remote.bytes {
        let had_bytes = part.bytes;
        let lost = match fetch_some(&agent, remote, &mut part, watch) {
            Ok(()) => continue,
            Err(Lost::Halted(halt)) => return Err(halt),
            Err(Lost::Line(reason)) => reason,
        };
        if had_bytes < part.bytes {
            tries = pauses.iter();
        }
        let nothing_came = part.bytes <= before_bytes;
        match tries.next() {
            // Who is offline is told so at once; who was online a moment ago may be so again.
            Some(pause) if !(nothing_came && lost.is_lasting()) => wait(*pause, watch)?,
            _ if nothing_came => return Err(lost.into_error(remote).into()),
            _ => {
                let (file, done_bytes) = (remote.file.to_owned(), part.bytes);
                let total_bytes = remote.bytes;
                return Err(Error::Interrupted {
                    file,
                    done_bytes,
                    total_bytes,
                }
                .into());
            }
        }
    }
    Ok(part.finish()?)
}

/// Deletes what [`fetch`] left.
pub fn forget(partial: &Path) -> Result<(), Error> {
    for path in [partial, &tag_beside(partial)] {
        if path.exists() {
            fs::remove_file(path).map_err(Error::io("delete", path))?;
        }
    }
    Ok(())
}

/// Asks once, and takes what comes until the file is whole or the line is lost.
fn fetch_some(
    agent: &ureq::Agent,
    remote: &Remote,
    part: &mut Part,
    watch: &mut Watch,
) -> Result<(), Lost> {
    let question = Question {
        url: remote.url.clone(),
        first_byte: part.bytes,
        tag: part.tag.clone(),
    };
    let arrivals = ask(agent.clone(), question);
    loop {
        watch.check_stop()?;
        match arrivals.recv_timeout(LOOK_EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            // The other thread only ends without a last word if it panicked.
            Err(RecvTimeoutError::Disconnected) => return Err(Reason::Ended.into()),
            Ok(Arrival::Lost(reason)) => return Err(reason.into()),
            Ok(Arrival::Head(head)) => {
                begin(&head, remote, part)?;
                watch.step(Step::Downloading);
            }
            Ok(Arrival::Bytes(bytes)) => {
                if remote.bytes < part.bytes + bytes.len() as u64 {
                    return Err(changed(remote).into());
                }
                part.add(&bytes)?;
                watch.progress(part.bytes, remote.bytes);
            }
            Ok(Arrival::End) if part.bytes == remote.bytes => return Ok(()),
            Ok(Arrival::End) => return Err(Reason::Ended.into()),
        }
    }
}

/// Makes `part` ready for the bytes that follow this head.
fn begin(head: &Head, remote: &Remote, part: &mut Part) -> Result<(), Lost> {
    let is_other_size = head.linked_bytes.is_some_and(|bytes| bytes != remote.bytes);
    let is_other_file = head
        .linked_sha256
        .as_ref()
        .is_some_and(|sha256| sha256 != remote.sha256);
    let is_other = is_other_size || is_other_file;
    match head.status {
        200 | 206 | 416
            if is_other || head.total_bytes.is_some_and(|bytes| bytes != remote.bytes) =>
        {
            Err(changed(remote).into())
        }
        200 => Ok(part.begin(head.tag.as_deref())?),
        206 if head.first_byte == Some(part.bytes) => Ok(()),
        // Not the rest that was asked for: from the beginning, with the next try.
        206 | 416 => {
            part.begin(None)?;
            Err(Reason::Status(head.status).into())
        }
        status => Err(Reason::Status(status).into()),
    }
}

fn changed(remote: &Remote) -> Error {
    Error::Changed {
        host: host_of(&remote.url).to_owned(),
        file: remote.file.to_owned(),
    }
}

/// Waits, but not when stopped.
fn wait(pause: Duration, watch: &Watch) -> Result<(), Halt> {
    let mut left = pause;
    while !left.is_zero() {
        watch.check_stop()?;
        let moment = left.min(LOOK_EVERY);
        thread::sleep(moment);
        left -= moment;
    }
    watch.check_stop()
}

/// What is here of the file, and how its server called the whole.
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// A strong `ETag`, if the server gave one.
    tag: Option<String>,
}

impl Part {
    fn open(path: &Path, whole_bytes: u64) -> Result<Self, Error> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        let mut file = file.map_err(Error::io("write", path))?;
        let bytes = file
            .seek(SeekFrom::End(0))
            .map_err(Error::io("read", path))?;
        let tag = fs::read_to_string(tag_beside(path)).ok();
        let mut part = Self {
            path: path.to_owned(),
            file,
            bytes,
            tag,
        };
        if whole_bytes < bytes {
            part.begin(None)?;
        }
        Ok(part)
    }

    /// Drops what is here; a file called `tag` comes from its first byte on.
    fn begin(&mut self, tag: Option<&str>) -> Result<(), Error> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(Error::io("write", &self.path))?;
        self.bytes = 0;
        self.tag = tag.map(str::to_owned);
        let beside = tag_beside(&self.path);
        match tag {
            Some(tag) => disk::write(&beside, tag.as_bytes()),
            None if beside.exists() => {
                fs::remove_file(&beside).map_err(Error::io("delete", beside))
            }
            None => Ok(()),
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(bytes)
            .map_err(Error::io("write", &self.path))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        self.file
            .sync_all()
            .map_err(Error::io("write", &self.path))?;
        let beside = tag_beside(&self.path);
        if beside.exists() {
            fs::remove_file(&beside).map_err(Error::io("delete", beside))?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.bytes == 0 {
            // An empty part is no part; one that cannot be deleted does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn tag_beside(partial: &Path) -> PathBuf {
    partial.with_extension("etag.partial")
}

/// Why an attempt ended early.
enum Lost {
    /// For good.
    Halted(Halt),
    /// Another attempt may do better.
    Line(Reason),
}

impl From<Halt> for Lost {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt)
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Halted(error.into())
    }
}

impl From<Reason> for Lost {
    fn from(reason: Reason) -> Self {
        Self::Line(reason)
    }
}

/// What the line did.
#[derive(Debug)]
enum Reason {
    /// No connection came about.
    Offline(ureq::Error),
    /// It broke.
    Broke(io::Error),
    /// It ended before the file did.
    Ended,
    /// It brought another answer than the file.
    Status(u16),
}

impl Reason {
    fn of(error: ureq::Error) -> Self {
        use io::ErrorKind as Kind;
        let is_under_way = match &error {
            ureq::Error::Timeout(timeout) => {
                !matches!(timeout, Timeout::Resolve | Timeout::Connect)
            }
            // Whatever else a system says about addresses, routes and certificates comes before.
            ureq::Error::Io(why) => matches!(
                why.kind(),
                Kind::BrokenPipe
                    | Kind::ConnectionAborted
                    | Kind::ConnectionReset
                    | Kind::TimedOut
                    | Kind::UnexpectedEof
                    | Kind::WouldBlock
            ),
            ureq::Error::Protocol(_) => true,
            _ => false,
        };
        match is_under_way {
            true => Self::Broke(error.into_io()),
            false => Self::Offline(error),
        }
    }

    /// True if the next try, a moment later, would end in the same way.
    fn is_lasting(&self) -> bool {
        match self {
            Self::Offline(_) => true,
            // Too slow (408), too often (429) and the wrong rest (416) pass.
            Self::Status(status) => {
                (400..500).contains(status) && !matches!(status, 408 | 416 | 429)
            }
            Self::Broke(_) | Self::Ended => false,
        }
    }

    /// As an error of a fetch to which nothing came.
    fn into_error(self, remote: &Remote) -> Error {
        let (host, file) = (host_of(&remote.url).to_owned(), remote.file.to_owned());
        match self {
            Self::Offline(why) => Error::Unreachable {
                host,
                source: Some(Box::new(why)),
            },
            Self::Broke(why) => Error::Unreachable {
                host,
                source: Some(Box::new(why)),
            },
            Self::Ended => Error::Unreachable { host, source: None },
            Self::Status(status) => Error::Refused { host, status, file },
        }
    }
}

/// What is asked: the file from a byte on.
struct Question {
    url: String,
    first_byte: u64,
    tag: Option<String>,
}

/// What the reading thread hears, in this order: a head, bytes, and an end or a loss.
enum Arrival {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Lost(Reason),
}

/// What an answer says of the file before it brings it.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    /// A strong `ETag`.
    tag: Option<String>,
    /// Where the bytes that follow begin, if they are a part.
    first_byte: Option<u64>,
    /// Of the whole file.
    total_bytes: Option<u64>,
    /// What the hub says of the file behind its redirect.
    linked_bytes: Option<u64>,
    linked_sha256: Option<String>,
}

fn agent() -> ureq::Agent {
    // The system's certificates: a network that inspects its lines has put its own among them.
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .user_agent(concat!("lectern/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0) // followed by hand: each answer on the way says something of the file
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_recv_response(Some(SILENT_AT_MOST))
        .timeout_per_read(Some(SILENT_AT_MOST))
        .build()
        .into()
}

/// Asks on a thread of its own. It ends with the line, or when nobody listens any more.
fn ask(agent: ureq::Agent, question: Question) -> Receiver<Arrival> {
    let (tell, arrivals) = sync_channel(PIECES_UNDER_WAY);
    thread::spawn(move || {
        let last = read_line(&agent, &question, &tell);
        let _ = tell.send(last); // or nobody listens
    });
    arrivals
}

/// Tells what the line brings; yields its last word.
fn read_line(agent: &ureq::Agent, question: &Question, tell: &SyncSender<Arrival>) -> Arrival {
    let (response, head) = match follow(agent, question) {
        Ok(answer) => answer,
        Err(reason) => return Arrival::Lost(reason),
    };
    let brings_file = matches!(head.status, 200 | 206);
    if tell.send(Arrival::Head(head)).is_err() || !brings_file {
        return Arrival::End;
    }
    let mut line = response.into_body().into_reader();
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        match line.read(&mut piece) {
            Ok(0) => return Arrival::End,
            Ok(length) => piece.truncate(length),
            Err(why) => return Arrival::Lost(Reason::Broke(why)),
        }
        if tell.send(Arrival::Bytes(piece)).is_err() {
            return Arrival::End;
        }
    }
}

/// Asks, and asks again wherever the answer points to.
fn follow(
    agent: &ureq::Agent,
    question: &Question,
) -> Result<(Response<ureq::Body>, Head), Reason> {
    let mut url = question.url.clone();
    let mut head = Head::default();
    for _ in 0..=REDIRECTS_AT_MOST {
        let mut request = agent.get(&url).header(header::ACCEPT_ENCODING, "identity");
        if 0 < question.first_byte {
            request = request.header(header::RANGE, format!("bytes={}-", question.first_byte));
            if let Some(tag) = &question.tag {
                request = request.header(header::IF_RANGE, tag);
            }
        }
        let response = request.call().map_err(Reason::of)?;
        head.hear(&response);
        match text(&response, "location") {
            Some(place) if (300..400).contains(&head.status) => {
                url = join(&url, place).ok_or(Reason::Status(head.status))?;
            }
            _ => return Ok((response, head)),
        }
    }
    Err(Reason::Status(head.status))
}

impl Head {
    fn hear(&mut self, response: &Response<ureq::Body>) {
        self.status = response.status().as_u16();
        let tag = text(response, "etag").filter(|tag| tag.starts_with('"'));
        self.tag = tag.map(str::to_owned);
        let range = text(response, "content-range").and_then(|range| range.strip_prefix("bytes "));
        let (part, total) = range.and_then(|range| range.split_once('/')).unzip();
        self.first_byte = part.and_then(|part| part.split_once('-')?.0.parse().ok());
        self.total_bytes = match self.status {
            200 => text(response, "content-length").and_then(|bytes| bytes.parse().ok()),
            _ => total.and_then(|bytes| bytes.parse().ok()),
        };
        // Only the hub says these, and only with its redirect.
        if let Some(bytes) = text(response, "x-linked-size").and_then(|bytes| bytes.parse().ok()) {
            self.linked_bytes = Some(bytes);
        }
        let linked = text(response, "x-linked-etag").map(|tag| tag.trim_matches('"'));
        let is_sha256 = |tag: &&str| tag.len() == 64 && tag.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(sha256) = linked.filter(is_sha256) {
            self.linked_sha256 = Some(sha256.to_ascii_lowercase());
        }
    }
}

fn text<'a>(response: &'a Response<ureq::Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Where `place` leads from `url`; nowhere if from a line that nobody else reads to one that they do.
fn join(url: &str, place: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if place.contains("://") {
        let is_safe = scheme == "http" || place.starts_with("https://");
        return is_safe.then(|| place.to_owned());
    }
    let host = rest.split('/').next()?;
    place
        .starts_with('/')
        .then(|| format!("{scheme}://{host}{place}"))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
