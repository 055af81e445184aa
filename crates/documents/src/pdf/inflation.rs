//! Streams that inflate without end, found before anything is read from the file.
//!
//! `hayro-syntax` inflates a stream as a whole, and a stream may be deflated more than once. So every stream
//! that lies in the file as it is (an encrypted one does not) is inflated here first, in small pieces that
//! are thrown away, until it ends or has become too long. Streams too short for that are not looked at.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::Error;

/// What one stream may become. A page of a map is 50 MB, a picture of a poster more, and pictures are not
/// inflated to read text.
const MOST_BYTES: u64 = 256 << 20;
/// Deflate makes at most so many bytes of one.
const MOST_RATIO: u64 = 1032;
/// Deflated so often, a stream is meant to do harm.
const MOST_LAYERS: u32 = 3;
/// Streams that may be deflated twice are looked at from this size on: a million zeros in two layers are
/// a few dozen bytes.
const FEW_BYTES: usize = 16;

pub fn check(file: &[u8]) -> Result<(), Error> {
    let mut rest = file;
    while let Some(at) = find(rest, b"stream") {
        let is_end = rest[..at].ends_with(b"end");
        rest = &rest[at + b"stream".len()..];
        let body = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n"));
        let Some(body) = body.or(rest.strip_prefix(b"\r")).filter(|_| !is_end) else {
            continue;
        };
        let end = find(body, b"endstream").unwrap_or(body.len());
        let stream = &body[..end];
        rest = &body[end..];
        if stream.len() >= FEW_BYTES && is_deflated(stream) && !is_bounded(stream) {
            return Err(Error::TooMuch {
                format: super::FORMAT,
                most_megabytes: MOST_BYTES >> 20,
            });
        }
    }
    Ok(())
}

/// Whether `stream` stays below [`MOST_BYTES`] in all its layers.
fn is_bounded(stream: &[u8]) -> bool {
    // Most streams: too short to become too long, and what they become is not deflated again.
    let mut start = Vec::new();
    let looked = ZlibDecoder::new(stream).take(64).read_to_end(&mut start);
    if looked.is_err() && start.is_empty() {
        return true; // no such stream, or a damaged one
    }
    let is_layered = is_deflated(&start) && layers(&start) > 0;
    if !is_layered && stream.len() as u64 * MOST_RATIO <= MOST_BYTES {
        return true;
    }
    let mut reader: Box<dyn Read> = Box::new(ZlibDecoder::new(stream));
    for _ in 0..MOST_LAYERS {
        let (start, length) = drain(&mut reader);
        if length > MOST_BYTES {
            return false;
        }
        if !is_deflated(&start) {
            return true;
        }
        // The next layer reads what this one becomes, anew.
        reader = Box::new(ZlibDecoder::new(ZlibDecoder::new(stream)));
    }
    false
}

/// The start of what `reader` gives, and how long it is, up to a little over [`MOST_BYTES`].
fn drain(reader: &mut dyn Read) -> (Vec<u8>, u64) {
    let (mut start, mut length, mut piece) = (Vec::new(), 0, vec![0; 1 << 16]);
    while length <= MOST_BYTES {
        let read = match reader.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        if start.len() < 64 {
            start.extend_from_slice(&piece[..read.min(64)]);
        }
        length += read as u64;
    }
    (start, length)
}

/// Whether the first two bytes are those of zlib.
fn is_deflated(bytes: &[u8]) -> bool {
    matches!(bytes, [method, flags, ..]
        if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

/// Bytes that come out of `start` as a stream of its own.
fn layers(start: &[u8]) -> usize {
    let mut out = Vec::new();
    let _ = ZlibDecoder::new(start).take(16).read_to_end(&mut out);
    out.len()
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, word)
}
