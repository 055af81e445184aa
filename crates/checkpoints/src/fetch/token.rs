//! A person's token for the hub. It is shown to nobody but the hub: not in a log, not in an error, not in `Debug`.

use std::fmt;

/// What the hub knows a person by.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Longer than any the hub gives out.
const MOST_BYTES: usize = 512;

impl Token {
    /// `text` as a token; `None` if it cannot be one: it goes into a header, where a line's end would begin another.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_plain = !text.is_empty()
            && text.len() <= MOST_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| Self(text.to_owned()))
    }

    /// "hf_…9xQz": enough to know it by, too little to use it.
    pub fn shown(&self) -> String {
        const SHOWN: usize = 4;
        let prefix = if self.0.starts_with("hf_") { "hf_" } else { "" };
        match self.0.len() {
            0..20 => format!("{prefix}…"),
            length => format!("{prefix}…{}", &self.0[length - SHOWN..]),
        }
    }

    /// The whole of it, for the header of a question to the hub and for where it is kept.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.shown())
    }
}

#[test]
fn a_token_is_never_shown_whole() {
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let token = Token::new(text);
        assert_eq!(token.as_ref().map(Token::shown).as_deref(), expected);
        let debug = format!("{token:?}");
        assert!(
            text.trim().is_empty() || !debug.contains(text.trim()),
            "{debug}"
        );
    }
    check(" hf_abcdefghijklmnopqrstuvwx9xQz\n", Some("hf_…9xQz"));
    check("hf_short", Some("hf_…"));
    check("something-else-altogether", Some("…ther"));
    check("", None);
    check("hf_two\r\nX-Other: 1", None);
    check("hf_ünlauter", None);
}
