//! What a line did in the place of bringing the file, in words.

use std::io;
use std::time::Duration;

use ureq::Timeout;

use super::host_of;
use crate::error::Error;

/// What the line did.
#[derive(Debug)]
pub enum Reason {
    /// No connection came about.
    Offline(ureq::Error),
    /// Whoever answered has a certificate that this machine does not trust.
    Untrusted(ureq::Error),
    /// It broke.
    Broke(io::Error),
    /// It ended before the file did.
    Ended,
    /// It brought a file of another length, though under the right name.
    OtherLength,
    /// It brought another answer than the file.
    Answer(Answer),
}

/// An answer that is not the file.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Who gave it.
    pub host: String,
    /// Whether it was told who asks.
    pub is_known: bool,
    /// How long it wants to be left alone.
    pub after: Option<Duration>,
    /// What the hub calls the trouble.
    pub code: Option<String>,
    /// Where it leads, and nobody should follow.
    pub moved_to: Option<String>,
}

impl Reason {
    pub(super) fn of(error: ureq::Error) -> Self {
        use io::ErrorKind as Kind;
        let is_under_way = match &error {
            ureq::Error::Timeout(timeout) => {
                !matches!(timeout, Timeout::Resolve | Timeout::Connect)
            }
            // Whatever else a system says about addresses and routes comes before.
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
        let is_untrusted = match &error {
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => true,
            // What rustls says of a certificate comes through the reading.
            ureq::Error::Io(why) => why.to_string().contains("certificate"),
            _ => false,
        };
        match () {
            () if is_untrusted => Self::Untrusted(error),
            () if is_under_way => Self::Broke(error.into_io()),
            () => Self::Offline(error),
        }
    }

    /// True if the next try would end in the same way, however long one waits.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Untrusted(_) | Self::OtherLength => true,
            // Too slow (408), too often (429) and the wrong rest (416) pass.
            Self::Answer(Answer { status, .. }) => {
                (300..=499).contains(status) && !matches!(status, 408 | 416 | 429)
            }
            Self::Offline(_) | Self::Broke(_) | Self::Ended => false,
        }
    }

    /// True if nothing connects this machine with anything.
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Offline(_))
    }

    /// How long whoever answered wants to be left alone.
    pub fn after(&self) -> Duration {
        match self {
            Self::Answer(answer) => answer.after.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    /// What happened to a question about `url`, as the begin of a sentence.
    pub fn trouble(&self, url: &str) -> String {
        let host = host_of(url);
        match self {
            Self::Offline(_) => format!("Could not reach {host}"),
            Self::Untrusted(_) => format!("{host} is not trusted"),
            Self::Broke(why) if is_silence(why) => format!("{host} fell silent"),
            Self::OtherLength => format!("{host} brought another file"),
            Self::Broke(_) | Self::Ended => format!("The line to {host} broke"),
            Self::Answer(Answer { status, host, .. }) => match status {
                429 => format!("{host} asks to be left alone for a while"),
                500.. => format!("{host} has trouble of its own ({status})"),
                _ => format!("{host} answered {status}"),
            },
        }
    }

    /// As an error of a fetch to which nothing came.
    pub fn into_error(self, url: &str, file: &str) -> Error {
        let (host, file) = (host_of(url).to_owned(), file.to_owned());
        let source: Option<Box<dyn std::error::Error + Send + Sync>> = match self {
            Self::Answer(answer) => return answer.into_error(file),
            Self::Untrusted(why) => {
                return Error::Untrusted {
                    host,
                    source: Box::new(why),
                };
            }
            Self::Offline(why) => Some(Box::new(why)),
            Self::Broke(why) => Some(Box::new(why)),
            Self::Ended => None,
            Self::OtherLength => return Error::Changed { host, file },
        };
        Error::Unreachable { host, source }
    }
}

impl Answer {
    fn into_error(self, file: String) -> Error {
        let Self { status, host, .. } = self;
        match (status, self.code.as_deref()) {
            (401 | 404, Some("RepoNotFound" | "RevisionNotFound" | "EntryNotFound"))
                if !self.is_known || status == 404 =>
            {
                Error::NotThere { host, file }
            }
            (401, _) if self.is_known => Error::TokenRefused { host },
            (401, _) => Error::Gated { host, file },
            (403, Some("GatedRepo")) if self.is_known => Error::NotAgreed { host, file },
            (403, Some("GatedRepo")) => Error::Gated { host, file },
            (403, _) => Error::Forbidden { host, file },
            (404, _) => Error::NotThere { host, file },
            (429, _) => Error::TooOften { host },
            (500.., _) => Error::HubTrouble { host, status },
            (300..=399, _) => Error::Moved {
                host,
                file,
                to: self.moved_to.unwrap_or_else(|| "nowhere".to_owned()),
            },
            _ => Error::Refused { host, status, file },
        }
    }
}

fn is_silence(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}
