//! How text falls into tokens: SentencePiece's byte-pair encoding with byte fallback.
//!
//! ```text
//! begin with one piece per character
//! while two neighbours together are a token:
//!     merge the pair whose token has the highest score
//!         (then the one with the longer left half, then right half, then the leftmost)
//! a character that is no token is written as its bytes
//! ```
//!
//! Hugging Face's converter (`generate_merges` in transformers' `convert_slow_tokenizer.py`) writes the
//! same rule down as a list of all half a million pairs, sorted by that order. Building the list takes
//! a second and a hundred megabytes; asking the vocabulary for the pair when it comes up takes neither.
//! The test module holds that list, through `tokenizers`' own BPE, as the definition.
//!
//! Departures from the list: a control or byte token is never the result of a merge (in Gemma's list
//! none is), and the bytes of a spelt character are not merged (in Gemma's list none are).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::Error;
use crate::vocabulary::{TokenKind, Vocabulary};

/// The tokens of a vocabulary, found by id and by text, and how text falls into them.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The texts of all tokens, one after the other.
    texts: String,
    /// Where each token begins in `texts`; one more than there are tokens.
    starts: Vec<u32>,
    kinds: Vec<TokenKind>,
    /// When a token is merged: the smallest first.
    ranks: Vec<u32>,
    /// Ids by text. Of several tokens with one text it holds the first.
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Bytes of the longest token: nothing longer need be looked up.
    longest: usize,
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

impl Pieces {
    /// Takes a repaired vocabulary (see [`Vocabulary::repaired`]).
    pub fn new(vocabulary: &Vocabulary) -> Result<Self, Error> {
        let bytes: usize = vocabulary.tokens.iter().map(String::len).sum();
        if u32::try_from(bytes).is_err() || u32::try_from(vocabulary.tokens.len()).is_err() {
            return Err(Error::TooLarge { bytes });
        }
        let mut texts = String::with_capacity(bytes);
        let mut starts = Vec::with_capacity(vocabulary.tokens.len() + 1);
        starts.push(0);
        for text in &vocabulary.tokens {
            texts.push_str(text);
            starts.push(texts.len() as u32); // at most `bytes`, which was checked
        }
        let mut pieces = Self {
            texts,
            starts,
            kinds: vocabulary.kinds.clone(),
            ranks: vocabulary.scores.iter().map(|score| rank(*score)).collect(),
            ids: HashTable::with_capacity(vocabulary.tokens.len()),
            hasher: DefaultHashBuilder::default(),
            longest: vocabulary.tokens.iter().map(String::len).max().unwrap_or(0),
            spelling: Spelling::Unknown(0),
        };
        pieces.index();
        pieces.spelling = pieces
            .spelling(vocabulary.unknown)
            .ok_or(Error::CannotSpell)?;
        Ok(pieces)
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.kinds.len()
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
        let hash = self.hasher.hash_one(text);
        self.ids.find(hash, |&id| self.text(id) == text).copied()
    }

    /// The byte that a byte token stands for: `<0x0A>` is 10.
    pub fn byte(text: &str) -> Option<u8> {
        let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
        (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
    }

    /// Appends the tokens that `text` falls into. Spaces must already be `▁`, and the user-defined
    /// tokens must already have been taken out.
    pub fn split(&self, text: &str, ids: &mut Vec<u32>) {
        let merged = Merging::new(self, text).run();
        let mut after_unknown = false;
        for span in merged {
            match (span.id, &self.spelling) {
                (Some(id), _) => ids.push(id),
                (None, Spelling::Bytes(bytes)) => {
                    ids.extend(
                        text[span.start..span.end]
                            .bytes()
                            .map(|byte| bytes[usize::from(byte)]),
                    );
                }
                (None, Spelling::Unknown(_)) if after_unknown => {}
                (None, Spelling::Unknown(id)) => ids.push(*id),
            }
            after_unknown = span.id.is_none();
        }
    }

    /// The token of exactly this text, if text may become it: not a control, byte or unused token.
    fn piece(&self, text: &str) -> Option<u32> {
        let id = self.id(text)?;
        matches!(
            self.kinds[id as usize],
            TokenKind::Normal | TokenKind::UserDefined
        )
        .then_some(id)
    }

    fn text(&self, id: u32) -> &str {
        &self.texts[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    fn index(&mut self) {
        for id in 0..self.len() as u32 {
            let (texts, starts, hasher) = (&self.texts, &self.starts, &self.hasher);
            let text =
                |id: u32| &texts[starts[id as usize] as usize..starts[id as usize + 1] as usize];
            let hash = hasher.hash_one(text(id));
            let entry = self.ids.entry(
                hash,
                |&other| text(other) == text(id),
                |&other| hasher.hash_one(text(other)),
            );
            entry.or_insert(id);
        }
    }

    fn spelling(&self, unknown: Option<u32>) -> Option<Spelling> {
        let mut bytes = [None; 256];
        for id in 0..self.len() as u32 {
            let (text, kind) = self.token(id)?;
            if kind == TokenKind::Byte
                && let Some(byte) = Self::byte(text)
            {
                bytes[usize::from(byte)].get_or_insert(id);
            }
        }
        if let Some(bytes) = bytes.into_iter().collect::<Option<Vec<u32>>>() {
            return Some(Spelling::Bytes(bytes.try_into().ok()?));
        }
        let known = |id: &u32| (*id as usize) < self.len();
        let by_kind = || {
            self.kinds
                .iter()
                .position(|kind| *kind == TokenKind::Unknown)
                .map(|id| id as u32)
        };
        unknown
            .filter(known)
            .or_else(|| self.id("<unk>"))
            .or_else(by_kind)
            .map(Spelling::Unknown)
    }
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

/// A text on its way from characters to tokens.
struct Merging<'a> {
    pieces: &'a Pieces,
    text: &'a str,
    spans: Vec<Span>,
    pairs: BinaryHeap<Reverse<Pair>>,
}

/// A piece of the text. `before` and `after` are places in the list; merging leaves gaps in it.
struct Span {
    start: usize,
    end: usize,
    /// How many characters it has; none if it has been merged into another.
    chars: u32,
    id: Option<u32>,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbours that are a token together, ordered by which of such pairs comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    rank: u32,
    left_chars: Reverse<u32>,
    right_chars: Reverse<u32>,
    id: u32,
    /// The place of the left one.
    left: usize,
}

impl<'a> Merging<'a> {
    fn new(pieces: &'a Pieces, text: &'a str) -> Self {
        let mut spans: Vec<Span> = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let (place, end) = (spans.len(), start + c.len_utf8());
            let id = pieces.piece(&text[start..end]);
            let before = place.checked_sub(1);
            spans.push(Span {
                start,
                end,
                chars: 1,
                id,
                before,
                after: Some(place + 1),
            });
        }
        if let Some(last) = spans.last_mut() {
            last.after = None;
        }
        Self {
            pieces,
            text,
            spans,
            pairs: BinaryHeap::new(),
        }
    }

    fn run(mut self) -> impl Iterator<Item = Span> {
        let pairs = (0..self.spans.len())
            .filter_map(|left| self.pair(left))
            .map(Reverse);
        self.pairs = pairs.collect::<Vec<_>>().into(); // a heap made of a whole list costs less than pushes
        while let Some(Reverse(pair)) = self.pairs.pop() {
            if self.still_there(&pair) {
                self.merge(&pair);
            }
        }
        self.spans.into_iter().filter(|span| span.chars > 0)
    }

    /// What the span at `left` and the one after it are together.
    fn pair(&self, left: usize) -> Option<Pair> {
        let a = &self.spans[left];
        let b = &self.spans[a.after?];
        a.id.and(b.id)?; // a character that is spelt out is no half of anything
        let id = self.pieces.piece(&self.text[a.start..b.end])?;
        let rank = self.pieces.ranks[id as usize];
        Some(Pair {
            rank,
            left_chars: Reverse(a.chars),
            right_chars: Reverse(b.chars),
            id,
            left,
        })
    }

    /// Whether neither half has been merged since the pair was seen. Spans only grow, so their lengths tell.
    fn still_there(&self, pair: &Pair) -> bool {
        let a = &self.spans[pair.left];
        let Some(after) = a.after else { return false };
        a.chars == pair.left_chars.0 && self.spans[after].chars == pair.right_chars.0
    }

    fn merge(&mut self, pair: &Pair) {
        let left = pair.left;
        let Some(right) = self.spans[left].after else {
            return;
        };
        let (end, chars, after) = (
            self.spans[right].end,
            self.spans[right].chars,
            self.spans[right].after,
        );
        self.spans[right].chars = 0;
        self.spans[right].after = None;
        if let Some(after) = after {
            self.spans[after].before = Some(left);
        }
        let span = &mut self.spans[left];
        (span.end, span.chars, span.after, span.id) =
            (end, span.chars + chars, after, Some(pair.id));
        let neighbours = [span.before, Some(left)];
        let pairs = neighbours
            .into_iter()
            .flatten()
            .filter_map(|left| self.pair(left))
            .map(Reverse)
            .collect::<Vec<_>>();
        self.pairs.extend(pairs);
    }
}
