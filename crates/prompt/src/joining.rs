//! How text falls into tokens: SentencePiece's byte-pair encoding with byte fallback.
//!
//! ```text
//! begin with one piece per character
//! while two neighbours together are a token:
//!     join the pair whose token has the highest score
//!         (then the one with the longer left half, then right half, then the leftmost)
//! a character that is no token is written as its bytes
//! ```
//!
//! Hugging Face's converter (`generate_merges` in transformers' `convert_slow_tokenizer.py`) writes the
//! same rule down as a list of all half a million pairs, sorted by that order. Building the list takes
//! a second and a hundred megabytes; asking the vocabulary for a pair when it comes up takes neither.
//! That list, in `tokenizers`' own BPE, is the definition that the tests hold this file against.
//!
//! Departures from the list: a control or byte token is never the result of a join (in Gemma's list
//! none is), and the bytes of a spelt character are not joined (in Gemma's list none are).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::pieces::{Join, Pieces, Spelling};

/// Appends the tokens that `text` falls into. Spaces must already be `▁`, and the user-defined
/// tokens must already have been taken out.
pub(crate) fn split(pieces: &Pieces, text: &str, ids: &mut Vec<u32>) {
    let mut joining = Joining::new(pieces);
    let mut after_unknown = false;
    for word in words(pieces, text) {
        for span in joining.run(word) {
            match (span.id, pieces.spelling()) {
                (Some(id), _) => ids.push(id),
                (None, Spelling::Bytes(bytes)) => {
                    let spelt = word[span.start..span.end].bytes();
                    ids.extend(spelt.map(|byte| bytes[usize::from(byte)]));
                }
                (None, Spelling::Unknown(_)) if after_unknown => {}
                (None, Spelling::Unknown(id)) => ids.push(*id),
            }
            after_unknown = span.id.is_none();
        }
    }
}

/// Cuts a text where no token reaches across: each part can then be joined by itself, which keeps
/// the lists short. With Gemma's vocabulary that is before every space, but for runs and `>▁</`.
fn words<'a>(pieces: &Pieces, text: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_cut = |(at, _): &(usize, &str)| {
            let before = rest[..*at].chars().next_back();
            before.is_some_and(|c| !pieces.reaches_space_after(c))
        };
        let end = rest
            .match_indices('▁')
            .find(is_cut)
            .map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// A text on its way from characters to tokens. Its lists are used again for the next text.
struct Joining<'a> {
    pieces: &'a Pieces,
    text: &'a str,
    spans: Vec<Span>,
    pairs: BinaryHeap<Reverse<Pair>>,
}

/// A part of the text. `before` and `after` are places in the list; joining leaves gaps in it.
struct Span {
    start: usize,
    end: usize,
    /// How many characters it has; none if it is part of another by now.
    chars: u32,
    id: Option<u32>,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbours in the text that are a token together, ordered by which of such comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    join: Join,
    /// The place of the left one.
    left: usize,
}

impl<'a> Joining<'a> {
    fn new(pieces: &'a Pieces) -> Self {
        Self {
            pieces,
            text: "",
            spans: Vec::new(),
            pairs: BinaryHeap::new(),
        }
    }

    /// The spans that `text` falls into, in order.
    fn run(&mut self, text: &'a str) -> impl Iterator<Item = &Span> {
        self.begin(text);
        while let Some(Reverse(pair)) = self.pairs.pop() {
            if self.is_still_there(&pair) {
                self.join(&pair);
            }
        }
        self.spans.iter().filter(|span| span.chars > 0)
    }

    fn begin(&mut self, text: &'a str) {
        self.text = text;
        self.spans.clear();
        for (start, c) in text.char_indices() {
            let (place, end) = (self.spans.len(), start + c.len_utf8());
            let id = self.pieces.piece(&text[start..end]);
            let before = place.checked_sub(1);
            self.spans.push(Span {
                start,
                end,
                chars: 1,
                id,
                before,
                after: Some(place + 1),
            });
        }
        if let Some(last) = self.spans.last_mut() {
            last.after = None;
        }
        for left in 0..self.spans.len() {
            self.see(left);
        }
    }

    /// Notes what the span at `left` and the one after it are together, if anything.
    fn see(&mut self, left: usize) {
        let a = &self.spans[left];
        let Some(after) = a.after else { return };
        let b = &self.spans[after];
        if a.id.is_none() || b.id.is_none() {
            return; // a character that is spelt out is no half of anything
        }
        if let Some(join) = self
            .pieces
            .join(&self.text[a.start..b.end], a.chars, b.chars)
        {
            self.pairs.push(Reverse(Pair { join, left }));
        }
    }

    /// Whether neither half has been joined since the pair was seen. Spans only grow, so their
    /// lengths tell.
    fn is_still_there(&self, pair: &Pair) -> bool {
        let a = &self.spans[pair.left];
        let Some(after) = a.after else { return false };
        let b = &self.spans[after];
        (Reverse(a.chars), Reverse(b.chars)) == (pair.join.left_chars, pair.join.right_chars)
    }

    fn join(&mut self, pair: &Pair) {
        let left = pair.left;
        let Some(right) = self.spans[left].after else {
            return;
        };
        let Span {
            end, chars, after, ..
        } = self.spans[right];
        self.spans[right].chars = 0;
        self.spans[right].after = None;
        if let Some(after) = after {
            self.spans[after].before = Some(left);
        }
        let span = &mut self.spans[left];
        span.end = end;
        span.chars += chars;
        span.after = after;
        span.id = Some(pair.join.id);
        if let Some(before) = span.before {
            self.see(before);
        }
        self.see(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::sample;
    use crate::{TokenKind, Vocabulary};

    #[track_caller]
    fn check(tokens: &[(&str, f32)], text: &str, expected: &[&str]) {
        let vocabulary = sample::vocabulary(tokens);
        let pieces = Pieces::new(&vocabulary).expect("a sound vocabulary");
        let mut ids = Vec::new();
        split(&pieces, text, &mut ids);
        let found: Vec<&str> = ids
            .iter()
            .map(|id| pieces.token(*id).expect("an id of it").0)
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    const LETTERS: [(&str, f32); 3] = [("a", -90.0), ("b", -91.0), ("c", -92.0)];

    #[test]
    fn the_highest_score_is_joined_first() {
        let tokens = [&LETTERS[..], &[("ab", -2.0), ("bc", -1.0)]].concat();
        check(&tokens, "abc", &["a", "bc"]);
        let tokens = [&LETTERS[..], &[("ab", -1.0), ("bc", -2.0)]].concat();
        check(&tokens, "abc", &["ab", "c"]);
    }

    #[test]
    fn of_equal_pairs_the_leftmost_is_joined_first() {
        let tokens = [&LETTERS[..], &[("aa", -1.0), ("aaa", -2.0)]].concat();
        check(&tokens, "aaaaa", &["aa", "aaa"]);
    }

    #[test]
    fn a_token_that_no_join_reaches_is_not_used() {
        let tokens = [&LETTERS[..], &[("abc", -1.0)]].concat();
        check(&tokens, "abc", &["a", "b", "c"]);
    }

    #[test]
    fn text_is_cut_before_a_space_only_where_no_token_reaches_across() {
        let tokens = [&LETTERS[..], &[("▁a", -1.0), ("b▁", -2.0), ("b▁a", -3.0)]].concat();
        check(
            &tokens,
            "c▁a▁▁ab▁ab▁c",
            &["c", "▁a", "▁", "▁a", "b▁a", "b▁", "c"],
        );
    }

    #[test]
    fn a_character_that_is_no_token_is_spelt_by_its_bytes() {
        check(&LETTERS, "aéb", &["a", "<0xC3>", "<0xA9>", "b"]);
        check(&LETTERS, "\0", &["<0x00>"]);
        let half = [&LETTERS[..], &[("aé", -1.0)]].concat();
        check(&half, "aé", &["a", "<0xC3>", "<0xA9>"]); // é alone is no token, so nothing joins it
    }

    #[test]
    fn without_bytes_a_run_of_unknown_characters_is_one_unknown_token() {
        let vocabulary = Vocabulary {
            tokens: ["<unk>", "a", "▁"].map(Into::into).to_vec(),
            scores: vec![0.0, -1.0, -2.0],
            kinds: vec![TokenKind::Control, TokenKind::Normal, TokenKind::Normal],
            ..Vocabulary::default()
        };
        let mut ids = Vec::new();
        let pieces = Pieces::new(&vocabulary).expect("a sound vocabulary");
        split(&pieces, "aéèa▁b▁", &mut ids);
        assert_eq!(ids, [1, 0, 1, 2, 0, 2]);
    }
}
