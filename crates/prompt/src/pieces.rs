//! The tokens of a vocabulary, to be looked up by text: which texts are pieces, and which pairs of
//! them are a piece together. How text falls into pieces is the business of `joining`.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::Error;
use crate::vocabulary::{TokenKind, Vocabulary};

/// More than any real vocabulary, and few enough for 32-bit places and for the search for added
/// tokens, which counts them in 24 bits. Gemma 3 has 262,144 tokens of 2 MB together.
const MOST_TOKENS: usize = 1 << 22;
const MOST_BYTES: usize = 1 << 26;
/// Gemma's longest, 31 spaces, has 93. How a token may be joined is looked up at each of its characters, which
/// would take hours for one as long as a file.
const LONGEST: usize = 256;

/// The tokens of a vocabulary, found by id and by text, and how text falls into them.
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
pub(crate) enum Spelling {
    /// By one token for each of its bytes.
    Bytes(Box<[u32; 256]>),
    /// By this token, one for a run of such characters.
    Unknown(u32),
}

/// Two pieces that are a token together, ordered by which are joined first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Join {
    rank: u32,
    /// Characters of the left half, the longer one first.
    pub left_chars: Reverse<u32>,
    /// Characters of the right half, the longer one first.
    pub right_chars: Reverse<u32>,
    /// What they are together.
    pub id: u32,
}

impl Pieces {
    /// Takes a repaired vocabulary (see [`Vocabulary::repaired`]).
    pub fn new(vocabulary: &Vocabulary<'_>) -> Result<Self, Error> {
        let tokens = vocabulary.tokens.len();
        let bytes = vocabulary.tokens.iter().map(|text| text.len()).sum();
        if tokens > MOST_TOKENS || bytes > MOST_BYTES {
            return Err(Error::TooLarge { tokens, bytes });
        }
        let mut lengths = vocabulary.tokens.iter().map(|text| text.len());
        if let Some(id) = lengths.position(|len| len > LONGEST) {
            return Err(Error::LongToken {
                id,
                bytes: vocabulary.tokens[id].len(),
                most: LONGEST,
            });
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

    /// How a character is written that is no token.
    pub fn spelling(&self) -> &Spelling {
        &self.spelling
    }

    /// Whether a token has this character before a `▁`, so that text must not be cut between the two.
    pub fn reaches_space_after(&self, c: char) -> bool {
        self.before_space.contains(&c)
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
    pub fn join(&self, text: &str, left_chars: u32, right_chars: u32) -> Option<Join> {
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
    pub fn piece(&self, text: &str) -> Option<u32> {
        self.id(text)
            .filter(|id| is_piece(self.kinds[*id as usize]))
    }

    fn text(&self, id: u32) -> &str {
        &self.texts[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
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

/// Without the tokens: there are 262,144.
impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces")
            .field("len", &self.len())
            .finish_non_exhaustive()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::sample;

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
    fn a_token_as_long_as_a_file_is_refused() {
        let with = |len: usize| {
            let token = "a".repeat(len);
            Pieces::new(&sample::vocabulary(&[("b", 0.0), (&token, -1.0)])).map(drop)
        };
        with(256).expect("it is short enough");
        let refused = with(1 << 20).expect_err("it is too long").to_string();
        assert_eq!(refused, "token 270 has 1048576 bytes, expected at most 256");
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
