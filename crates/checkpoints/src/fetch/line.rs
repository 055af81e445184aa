//! A line to the hub: a question, and what arrives in answer to it.
//!
//! Another thread reads from the line, so that whoever waits for it may do so only a moment at a
//! time, also while it is silent. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`), certificates those
//! of the system: a network that inspects its lines has put its own among them (or named it by `SSL_CERT_FILE`).

mod answer;
mod head;
mod reason;

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;
use std::thread;

use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};

use super::patience::Patience;
use super::token::Token;

pub use head::Head;
pub use reason::{Answer, Reason};

/// From the hub's name to the file's place there are two or three.
const REDIRECTS_AT_MOST: u32 = 6;
/// Bytes on their way from the line to the disk: 16 pieces of 64 kB.
const PIECE_BYTES: usize = 1 << 16;
pub const PIECES_UNDER_WAY: usize = 16;

/// How to reach a hub. Cheap to clone; all clones keep the same connections.
#[derive(Debug, Clone)]
pub struct Line {
    agent: ureq::Agent,
    /// The hub's scheme, host and port, and who asks; for those questions that need it.
    token: Option<(String, Token)>,
}

/// What is asked: a file, or the part of it from a byte on.
#[derive(Debug, Clone, Default)]
pub struct Question {
    pub url: String,
    pub first_byte: u64,
    /// The last byte that is wanted; `None` is up to the end.
    pub last_byte: Option<u64>,
    /// The part is wanted only if the whole is still called so.
    pub tag: Option<String>,
}

/// What the reading thread hears, in this order: a head, bytes, and an end or a loss.
pub enum Arrival {
    Head(Box<Head>),
    Bytes(Vec<u8>),
    End,
    Lost(Reason),
}

impl Line {
    pub fn new(patience: &Patience) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("lectern/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0) // followed by hand: each answer on the way says something of the file
            .max_redirects_will_error(false)
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.silent))
            .timeout_per_read(Some(patience.silent))
            .build()
            .into();
        Self { agent, token: None }
    }

    /// The same, but the hub at `endpoint` is told who asks. Only that very host is, and only over a line that nobody
    /// else reads: not the content server it leads to, and not a hub over plain HTTP, unless it is this machine.
    pub fn with_token(&self, endpoint: &str, token: &Token) -> Self {
        let is_private = endpoint.starts_with("https://") || is_this_machine(host_of(endpoint));
        let place = is_private.then(|| place_of(endpoint).to_owned());
        Self {
            agent: self.agent.clone(),
            token: place.map(|place| (place, token.clone())),
        }
    }

    /// Whether the hub is told who asks.
    pub fn tells_who_asks(&self) -> bool {
        self.token.is_some()
    }

    /// Asks on a thread of its own, which tells as number `lane`. It ends with the line, or when nobody listens any
    /// more.
    pub fn ask(&self, question: Question, lane: usize, tell: &SyncSender<(usize, Arrival)>) {
        let (line, tell) = (self.clone(), tell.clone());
        thread::spawn(move || {
            let read = || line.read(&question, |arrival| tell.send((lane, arrival)).is_ok());
            // Whoever waits for the last word must not wait for ever.
            let last = catch_unwind(AssertUnwindSafe(read));
            let last = last.unwrap_or(Arrival::Lost(Reason::Ended));
            let _ = tell.send((lane, last)); // or nobody listens
        });
    }

    /// Tells what the line brings, while somebody listens; yields its last word.
    fn read(&self, question: &Question, tell: impl Fn(Arrival) -> bool) -> Arrival {
        let (response, head) = match self.follow(question) {
            Ok(answer) => answer,
            Err(reason) => return Arrival::Lost(reason),
        };
        let brings_file = matches!(head.status, 200 | 206);
        if !tell(Arrival::Head(Box::new(head))) || !brings_file {
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
            if !tell(Arrival::Bytes(piece)) {
                return Arrival::End;
            }
        }
    }

    /// Asks, and asks again wherever the answer points to.
    fn follow(&self, question: &Question) -> Result<(Response<ureq::Body>, Head), Reason> {
        let mut head = Head {
            place: question.url.clone(),
            ..Head::default()
        };
        for _ in 0..=REDIRECTS_AT_MOST {
            let url = head.place.clone();
            let mut request = self.agent.get(&url);
            request = request.header(header::ACCEPT_ENCODING, "identity");
            if let Some(range) = question.range() {
                request = request.header(header::RANGE, range);
                if let Some(tag) = &question.tag {
                    request = request.header(header::IF_RANGE, tag);
                }
            }
            let token = self.token.as_ref();
            let token = token.filter(|(place, _)| place_of(&url) == place);
            head.is_known = token.is_some();
            if let Some((_, token)) = token {
                let bearer = format!("Bearer {}", token.reveal());
                request = request.header(header::AUTHORIZATION, bearer);
            }
            let response = request.call().map_err(Reason::of)?;
            head.hear(&response);
            match head.to.take() {
                Some(to) if (300..400).contains(&head.status) => match join(&url, &to) {
                    Some(place) => head.place = place,
                    None => return Err(Reason::Answer(head.into_answer(Some(to)))),
                },
                _ => return Ok((response, head)),
            }
        }
        let to = head.place.clone();
        Err(Reason::Answer(head.into_answer(Some(to))))
    }
}

impl Question {
    pub fn whole(url: String) -> Self {
        Self {
            url,
            ..Self::default()
        }
    }

    fn range(&self) -> Option<String> {
        let first = self.first_byte;
        match self.last_byte {
            Some(last) => Some(format!("bytes={first}-{last}")),
            None if first == 0 => None,
            None => Some(format!("bytes={first}-")),
        }
    }
}

/// Where `place` leads from `url`; nowhere if from a line that nobody else reads to one that they do.
fn join(url: &str, place: &str) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    if place.contains("://") {
        let is_safe = scheme == "http" || place.starts_with("https://");
        return is_safe.then(|| place.to_owned());
    }
    place
        .starts_with('/')
        .then(|| format!("{}{place}", place_of(url)))
}

/// "https://huggingface.co" of an address there.
fn place_of(url: &str) -> &str {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let length = url[begin..].find('/').unwrap_or(url.len() - begin);
    &url[..begin + length]
}

/// "huggingface.co", with a port if it has one.
pub fn host_of(url: &str) -> &str {
    let place = place_of(url);
    place.split_once("://").map_or(place, |(_, host)| host)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_on_lines_that_nobody_else_reads() {
        #[track_caller]
        fn check(url: &str, place: &str, expected: Option<&str>) {
            assert_eq!(join(url, place).as_deref(), expected);
        }
        check("https://hub.co/a/b", "/c", Some("https://hub.co/c"));
        check("https://hub.co", "/c", Some("https://hub.co/c"));
        check("https://hub.co/a", "https://x.co/c", Some("https://x.co/c"));
        check("https://hub.co/a", "http://x.co/c", None);
        check("http://hub:80/a", "http://x/c", Some("http://x/c"));
        check("https://hub.co/a", "c", None);
    }

    #[test]
    fn a_token_is_for_the_hub_alone() {
        #[track_caller]
        fn check(endpoint: &str, is_told: bool) {
            let token = Token::new("hf_abcdefghijklmnopqrstuvwxyz").expect("a token");
            let line = Line::new(&Patience::usual()).with_token(endpoint, &token);
            assert_eq!(line.token.is_some(), is_told, "{endpoint}");
            assert!(!format!("{line:?}").contains("abcdef"));
        }
        check("https://huggingface.co", true);
        check("http://127.0.0.1:8080", true);
        check("http://localhost:1", true);
        check("http://mirror.example", false);
        check("http://localhost.example", false);
        check("http://127.0.0.1.example:80", false);
        check("http://127.0.0.1:80@example.com", false);
    }
}
