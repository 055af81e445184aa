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
use std::collections::{BinaryHeap, HashSet};
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::Error;
use crate::vocabulary::{TokenKind, Vocabulary};

/// More than any real vocabulary, and few enough for 32-bit places and for the search for added
/// tokens, which counts them in 24 bits. Gemma 3 has 262,144 tokens of 2 MB together.
const MOST_TOKENS: usize = 1 << 22;
const MOST_BYTES: usize = 1 << 26;

/// The tokens of a vocabulary, found by id and by text, and how text falls into them.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The texts of all tokens, one after the other.
    texts: String,
    /// Where each token begins in `texts`; one more than there are tokens.
    starts: Vec<u32>,
    kinds: Vec<TokenKind>,
    /// When a token is joined: the smallest first.
    ranks: Vec<u32>,
    /// Ids by text. Of several tokens with one text it holds the first.
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Bytes of the longest token: nothing longer need be looked up.
    longest: usize,
    /// The characters that stand before a `▁` somewhere inside a token.
    before_space: HashSet<char>,
    spelling: Spelling,
}

/// How a character is written that is no token.
#[derive(Debug)]
enum Spelling {
    /// By one token for each of its bytes.
    Bytes(Box<[u32; 256]>),
    /// By this token, one for a run of such characters.
    Unknown(u32),
}

/// Two pieces that are a token together, ordered by which are joined first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Join {
    rank: u32,
    left_chars: Reverse<u32>,
    right_chars: Reverse<u32>,
    id: u32,
}

impl Pieces {
    /// Takes a repaired vocabulary (see [`Vocabulary::repaired`]).
    pub fn new(vocabulary: &Vocabulary<'_>) -> Result<Self, Error> {
        let tokens = vocabulary.tokens.len();
        let bytes = vocabulary.tokens.iter().map(|text| text.len()).sum();
        if tokens > MOST_TOKENS || bytes > MOST_BYTES {
            return Err(Error::TooLarge { tokens, bytes });
        }
        let mut texts = String::with_capacity(bytes);
        let mut starts = Vec::with_capacity(tokens + 1);
        starts.push(0);
        for text in &vocabulary.tokens {
            texts.push_str(text);
            starts.push(texts.len() as u32); // at most MOST_BYTES
        }
        let mut pieces = Self {
            texts,
            starts,
            kinds: vocabulary.kinds.clone(),
            ranks: vocabulary.scores.iter().copied().map(rank).collect(),
            ids: HashTable::with_capacity(tokens),
            hasher: DefaultHashBuilder::default(),
            longest: vocabulary
                .tokens
                .iter()
                .map(|text| text.len())
                .max()
                .unwrap_or(0),
            before_space: HashSet::new(),
            spelling: Spelling::Unknown(0),
        };
        pieces.index();
        pieces.before_space = pieces.find_before_space();
        pieces.spelling = pieces
            .find_spelling(vocabulary.unknown)
            .ok_or(Error::CannotSpell)?;
        Ok(pieces)
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The id, text and kind of every token.
    pub fn tokens(&self) -> impl Iterator<Item = (u32, &str, TokenKind)> {
        (0..)
            .zip(&self.kinds)
            .map(|(id, kind)| (id, self.text(id), *kind))
    }

    /// The text and the kind of a token.
    pub fn token(&self, id: u32) -> Option<(&str, TokenKind)> {
        let kind = *self.kinds.get(id as usize)?;
        Some((self.text(id), kind))
    }

    /// The first token of exactly this text, of any kind.
    pub fn id(&self, text: &str) -> Option<u32> {
        if text.len() > self.longest {
            return None;
        }
        self.ids
            .find(self.hasher.hash_one(text), |&id| self.text(id) == text)
            .copied()
    }

    /// The byte that a byte token stands for: `<0x0A>` is 10.
    pub fn byte(text: &str) -> Option<u8> {
        let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
        let are_digits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        are_digits.then(|| u8::from_str_radix(digits, 16).ok())?
    }

    /// Appends the tokens that `text` falls into. Spaces must already be `▁`, and the user-defined
    /// tokens must already have been taken out.
    pub fn split(&self, text: &str, ids: &mut Vec<u32>) {
        let mut joining = Joining::new(self);
        let mut after_unknown = false;
        for word in self.words(text) {
            for span in joining.run(word) {
                match (span.id, &self.spelling) {
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

    /// What `text` is as the sum of what is before byte `at` and what is after it, if all three are
    /// pieces.
    pub fn join_at(&self, text: &str, at: usize) -> Option<Join> {
        let (left, right) = text.split_at_checked(at)?;
        self.piece(left).and(self.piece(right))?;
        self.join(
            text,
            left.chars().count() as u32,
            right.chars().count() as u32,
        )
    }

    /// How many pairs of pieces there are that make a piece.
    pub fn count_joins(&self) -> usize {
        let pieces = self
            .tokens()
            .filter(|(id, text, _)| self.piece(text) == Some(*id));
        let joins = pieces.map(|(_, text, _)| {
            let inside = text.char_indices().skip(1);
            inside
                .filter(|(at, _)| self.join_at(text, *at).is_some())
                .count()
        });
        joins.sum()
    }

    /// What `text` is as the sum of two pieces with so many characters.
    fn join(&self, text: &str, left_chars: u32, right_chars: u32) -> Option<Join> {
        let id = self.piece(text)?;
        let (left_chars, right_chars) = (Reverse(left_chars), Reverse(right_chars));
        Some(Join {
            rank: self.ranks[id as usize],
            left_chars,
            right_chars,
            id,
        })
    }

    /// The token of exactly this text, if text may become it: not a control, byte or unused token.
    fn piece(&self, text: &str) -> Option<u32> {
        self.id(text)
            .filter(|id| is_piece(self.kinds[*id as usize]))
    }

    fn text(&self, id: u32) -> &str {
        &self.texts[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    /// Cuts a text where no token reaches across: each part can then be joined by itself, which keeps
    /// the lists short. With Gemma's vocabulary that is before every space, but for runs and `>▁</`.
    fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let is_cut = |(at, _): &(usize, &str)| {
                let before = rest[..*at].chars().next_back();
                before.is_some_and(|c| !self.before_space.contains(&c))
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

    fn find_before_space(&self) -> HashSet<char> {
        let pieces = self.tokens().filter(|(_, _, kind)| is_piece(*kind));
        let before = pieces.flat_map(|(_, text, _)| {
            let spaces = text.match_indices('▁');
            spaces.filter_map(|(at, _)| text[..at].chars().next_back())
        });
        before.collect()
    }

    fn find_spelling(&self, unknown: Option<u32>) -> Option<Spelling> {
        let mut bytes = [None; 256];
        for (id, text, _) in self
            .tokens()
            .filter(|(_, _, kind)| *kind == TokenKind::Byte)
        {
            if let Some(byte) = Self::byte(text) {
                bytes[usize::from(byte)].get_or_insert(id);
            }
        }
        if let Some(bytes) = bytes.into_iter().collect::<Option<Vec<u32>>>() {
            return Some(Spelling::Bytes(bytes.try_into().ok()?));
        }
        let named = unknown
            .filter(|id| (*id as usize) < self.len())
            .or_else(|| self.id("<unk>"));
        let of_kind = || {
            self.tokens()
                .find(|(_, _, kind)| *kind == TokenKind::Unknown)
        };
        named
            .or_else(|| of_kind().map(|(id, _, _)| id))
            .map(Spelling::Unknown)
    }

    fn index(&mut self) {
        let text = |id: u32| {
            &self.texts[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
        };
        let hash = |id: &u32| self.hasher.hash_one(text(*id));
        for id in 0..self.kinds.len() as u32 {
            let is_same = |other: &u32| text(*other) == text(id);
            self.ids.entry(hash(&id), is_same, hash).or_insert(id);
        }
    }
}

fn is_piece(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Normal | TokenKind::UserDefined)
}

/// Maps scores to numbers that grow as scores fall; 0.0 and -0.0 are one score.
fn rank(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    let rising = if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    };
    !rising
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

    #[track_caller]
    fn check(tokens: &[(&str, f32)], text: &str, expected: &[&str]) {
        let vocabulary = sample::vocabulary(tokens);
        let pieces = Pieces::new(&vocabulary).expect("a sound vocabulary");
        let mut ids = Vec::new();
        pieces.split(text, &mut ids);
        let found: Vec<&str> = ids.iter().map(|id| pieces.text(*id)).collect();
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
        Pieces::new(&vocabulary)
            .expect("sound")
            .split("aéèa▁b▁", &mut ids);
        assert_eq!(ids, [1, 0, 1, 2, 0, 2]);
    }

    #[test]
    fn a_vocabulary_that_cannot_spell_is_refused() {
        let vocabulary = Vocabulary {
            tokens: vec!["a".into()],
            scores: vec![0.0],
            kinds: vec![TokenKind::Normal],
            unknown: Some(7),
            ..Vocabulary::default()
        };
        assert!(matches!(Pieces::new(&vocabulary), Err(Error::CannotSpell)));
    }

    #[test]
    fn ranks_fall_as_scores_rise() {
        let scores = [
            f32::INFINITY,
            1.5,
            0.0,
            -0.0,
            -1.0,
            -1000.0,
            f32::NEG_INFINITY,
        ];
        let ranks = scores.map(rank);
        assert!(ranks.is_sorted() && ranks[2] == ranks[3], "{ranks:?}");
    }
}
