//! Text of any encoding, as UTF-8.
//!
//! In this order: what the file says (a byte order mark, or its own declaration), UTF-8 where it is valid,
//! UTF-16 where every second byte is empty, and else what chardetng takes it for: the detector of Firefox,
//! whose decoders (`encoding_rs`) these are too.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// How much the detector looks at: more does not change its mind.
const MOST_LOOKED_AT: usize = 1 << 20;

/// `bytes` as text; `declared` is what a header says ("windows-1252"), if there is one.
///
/// None: these bytes are no text.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    if let Some(text) = utf_32(bytes) {
        return Some(text);
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Some(decode_as(encoding, &bytes[mark..]));
    }
    if let Some(encoding) = utf_16(bytes) {
        return Some(decode_as(encoding, bytes));
    }
    let start = &bytes[..bytes.len().min(MOST_LOOKED_AT)];
    if start.contains(&0) {
        return None;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    // A declaration of UTF-8 that does not hold is no declaration.
    let declared = declared
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8);
    let encoding = declared.unwrap_or_else(|| {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
        detector.feed(start, start.len() == bytes.len());
        detector.guess(None, Utf8Detection::Allow)
    });
    Some(decode_as(encoding, bytes))
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// UTF-32 with its mark. Browsers do not know it, so neither does `encoding_rs`.
fn utf_32(bytes: &[u8]) -> Option<String> {
    let read: fn([u8; 4]) -> u32 = match bytes {
        [0xff, 0xfe, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] => u32::from_be_bytes,
        _ => return None,
    };
    let units = bytes[4..].as_chunks::<4>().0.iter();
    let text = units.map(|unit| char::from_u32(read(*unit)).unwrap_or('\u{fffd}'));
    Some(text.collect())
}

/// UTF-16 without a mark: of text in any script, spaces and line ends have one empty byte, always on
/// the same side.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes[..bytes.len().min(1 << 16)].as_chunks::<2>().0;
    if start.is_empty() || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let empty = |side: usize| start.iter().filter(|pair| pair[side] == 0).count();
    let (high, low) = (empty(0), empty(1));
    let enough = start.len().div_ceil(20);
    let encoding = match (high, low) {
        (0, low) if low >= enough => UTF_16LE,
        (high, 0) if high >= enough => UTF_16BE,
        _ => return None,
    };
    let text = decode_as(encoding, start.as_flattened());
    let is_odd = |c: char| c.is_control() && !c.is_whitespace() || c == char::REPLACEMENT_CHARACTER;
    (!text.chars().any(is_odd)).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(decode(bytes, None).as_deref(), expected);
    }

    #[test]
    fn marks_are_obeyed_and_left_out() {
        check(b"\xef\xbb\xbfna\xc3\xafve", Some("naïve"));
        check(b"\xff\xfea\0b\0", Some("ab"));
        check(b"\xfe\xff\0a\0b", Some("ab"));
        check(b"\xff\xfe\0\0a\0\0\0\x00\xf6\x01\0", Some("a😀"));
    }

    #[test]
    fn utf_16_is_seen_without_a_mark() {
        check(b"a\0 \0b\0", Some("a b"));
        check(b"\0a\0 \0b", Some("a b"));
    }

    #[test]
    fn what_is_no_text_is_none() {
        check(b"\x7fELF\x02\x01\x01\0\0\0\0", None);
    }

    #[test]
    fn a_declaration_is_believed_where_it_can_hold() {
        let bytes = b"\xe1\xe2";
        assert_eq!(decode(bytes, Some("koi8-r")).as_deref(), Some("АБ"));
        assert_eq!(decode("ж".as_bytes(), Some("latin1")).as_deref(), Some("ж"));
    }
}
