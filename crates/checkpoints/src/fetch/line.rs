//! A line to the hub: a question, and what arrives in answer to it.
//!
//! Another thread reads from the line, so that whoever waits for it may do so only a moment at a
//! time, also while it is silent.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Timeout;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};

use crate::error::Error;

/// Being offline is noticed within this.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A line that is silent for so long is lost: it comes from sleep, or through a router that forgot it.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// From the hub's name to the file's place there are two or three.
const REDIRECTS_AT_MOST: u32 = 6;
/// Bytes on their way from the line to the disk: 16 pieces of 64 kB.
const PIECE_BYTES: usize = 1 << 16;
const PIECES_UNDER_WAY: usize = 16;

/// What the line did.
#[derive(Debug)]
pub enum Reason {
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
    pub fn is_lasting(&self) -> bool {
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
    pub fn into_error(self, url: &str, file: &str) -> Error {
        let (host, file) = (host_of(url).to_owned(), file.to_owned());
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
pub struct Question {
    pub url: String,
    pub first_byte: u64,
    pub tag: Option<String>,
}

/// What the reading thread hears, in this order: a head, bytes, and an end or a loss.
pub enum Arrival {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Lost(Reason),
}

/// What an answer says of the file before it brings it.
#[derive(Debug, Default)]
pub struct Head {
    pub status: u16,
    /// A strong `ETag`.
    pub tag: Option<String>,
    /// Where the bytes that follow begin, if they are a part.
    pub first_byte: Option<u64>,
    /// Of the whole file.
    pub total_bytes: Option<u64>,
    /// What the hub says of the file behind its redirect.
    pub linked_bytes: Option<u64>,
    pub linked_sha256: Option<String>,
}

pub fn agent() -> ureq::Agent {
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
pub fn ask(agent: ureq::Agent, question: Question) -> Receiver<Arrival> {
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

pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
