//! What an answer says before it brings anything.

use std::time::Duration;

use ureq::http::Response;

use super::{Answer, host_of};

/// What an answer says of the file before it brings it.
#[derive(Debug, Default)]
pub struct Head {
    pub status: u16,
    /// The address that answered, after all redirects.
    pub place: String,
    /// Where it leads on.
    pub(super) to: Option<String>,
    /// Whether it was told who asks.
    pub(super) is_known: bool,
    /// A strong `ETag`.
    pub tag: Option<String>,
    /// Where the bytes that follow begin, if they are a part.
    pub first_byte: Option<u64>,
    /// Of the whole file.
    pub total_bytes: Option<u64>,
    /// What the hub says of the file behind its redirect.
    pub linked_bytes: Option<u64>,
    pub linked_sha256: Option<String>,
    /// How long it wants to be left alone.
    pub(super) after: Option<Duration>,
    /// What the hub calls the trouble: "GatedRepo", "RepoNotFound", "EntryNotFound".
    pub(super) code: Option<String>,
}

/// A date is another form of it, which the hub does not use; a day is longer than anybody means.
const AFTER_AT_MOST: Duration = Duration::from_secs(24 * 3600);

impl Head {
    pub(super) fn hear(&mut self, response: &Response<ureq::Body>) {
        self.status = response.status().as_u16();
        self.to = text(response, "location").map(str::to_owned);
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
        let after = text(response, "retry-after").and_then(|seconds| seconds.trim().parse().ok());
        self.after = after.map(|seconds| Duration::from_secs(seconds).min(AFTER_AT_MOST));
        self.code = text(response, "x-error-code").map(str::to_owned);
    }

    /// As an answer that does not bring the file.
    pub fn into_answer(self, moved_to: Option<String>) -> Answer {
        Answer {
            status: self.status,
            host: host_of(&self.place).to_owned(),
            is_known: self.is_known,
            after: self.after,
            code: self.code,
            moved_to,
        }
    }
}

fn text<'a>(response: &'a Response<ureq::Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}
