//! A reader that knows where it is and how much there can be.

use std::io::{ErrorKind, Read};

use crate::Error;

/// Memory is asked for in pieces of this size, as the bytes really arrive: a length that lies
/// costs at most one piece.
const PIECE_BYTES: u64 = 64 * 1024;

/// Reads little-endian values and refuses what the file cannot hold before asking for memory.
pub struct Source<R> {
    reader: R,
    at: u64,
    len: u64,
    piece: Vec<u8>,
    text: Vec<u8>,
}

impl<R: Read> Source<R> {
    /// A source at byte 0 of `len`.
    pub fn new(reader: R, len: u64) -> Self {
        Self {
            reader,
            at: 0,
            len,
            piece: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        self.check(N as u64, what)?;
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    /// The next number.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// The next large number.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A count of things that take at least `least_bytes` each.
    pub fn count(&mut self, what: &'static str, least_bytes: u64) -> Result<u64, Error> {
        let count = self.u64(what)?;
        let left = self.len - self.at;
        if count > left / least_bytes {
            return Err(Error::Count {
                at: self.at,
                what,
                count,
                left,
            });
        }
        Ok(count)
    }

    /// A length and as many bytes of UTF-8.
    pub fn text(&mut self, what: &'static str) -> Result<String, Error> {
        let mut text = String::new();
        self.text_into(&mut text, what)?;
        Ok(text)
    }

    /// A length and as many bytes of UTF-8, appended to `text`.
    pub fn text_into(&mut self, text: &mut String, what: &'static str) -> Result<(), Error> {
        let len = self.u64(what)?;
        let at = self.at;
        // Its own memory is kept for the next one: a vocabulary is 262,144 short texts.
        let mut bytes = std::mem::take(&mut self.text);
        bytes.clear();
        self.pieces(len, what, |piece| bytes.extend_from_slice(piece))?;
        let valid = std::str::from_utf8(&bytes).map_err(|_| Error::NotUtf8 { at, what })?;
        text.push_str(valid);
        self.text = bytes;
        Ok(())
    }

    /// Hands the next `len` bytes to `each`, in pieces whose length is a multiple of 8 but for the last.
    pub fn pieces(
        &mut self,
        len: u64,
        what: &'static str,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        self.check(len, what)?;
        let mut piece = std::mem::take(&mut self.piece);
        let mut left = len;
        while left > 0 {
            let size = usize::try_from(left.min(PIECE_BYTES)).expect("a piece is small");
            piece.resize(size, 0);
            self.fill(&mut piece, what)?;
            each(&piece);
            left -= size as u64;
        }
        self.piece = piece;
        Ok(())
    }

    fn check(&self, needed: u64, what: &'static str) -> Result<(), Error> {
        let left = self.len - self.at;
        if needed > left {
            return Err(Error::Truncated {
                at: self.at,
                what,
                needed,
                left,
            });
        }
        Ok(())
    }

    /// The caller has checked that `out` fits into what the file should have.
    fn fill(&mut self, out: &mut [u8], what: &'static str) -> Result<(), Error> {
        let at = self.at;
        self.reader
            .read_exact(out)
            .map_err(|source| match source.kind() {
                // The reader had less than `len` said.
                ErrorKind::UnexpectedEof => Error::Truncated {
                    at,
                    what,
                    needed: out.len() as u64,
                    left: 0,
                },
                _ => Error::Io { at, source },
            })?;
        self.at += out.len() as u64;
        Ok(())
    }
}
