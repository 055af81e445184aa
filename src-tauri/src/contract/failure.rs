//! What went wrong, as the page shows it.

use serde::Serialize;
use specta::Type;

/// What happened and what to do about it, in the words of `assistant`: lower case, no period. The
/// page makes sentences of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub code: FailureCode,
    pub message: String,
    pub hint: Option<String>,
}

/// Told apart only where the page acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum FailureCode {
    /// The page shows its first-run screen.
    NoModel,
    Other,
}

impl Failure {
    /// A failure of the window's own.
    pub fn new(message: &str, hint: Option<&str>) -> Self {
        Self {
            code: FailureCode::Other,
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
        }
    }

    /// The message and the hint as sentences, for where there is no page.
    pub fn sentences(&self) -> Vec<String> {
        let texts = [Some(&self.message), self.hint.as_ref()];
        texts
            .into_iter()
            .flatten()
            .map(|text| sentence(text))
            .collect()
    }

    /// A command's thread panicked: that is a mistake of ours.
    pub fn crashed(_: tauri::Error) -> Self {
        Self::new(
            "something in Lectern broke",
            Some("what was written is kept; close the window and open it again"),
        )
    }
}

impl From<assistant::Error> for Failure {
    fn from(error: assistant::Error) -> Self {
        let code = match error {
            assistant::Error::NoModel => FailureCode::NoModel,
            _ => FailureCode::Other,
        };
        Self {
            code,
            ..Self::new(&error.to_string(), error.hint())
        }
    }
}

/// `text` with a capital and a period. A file's name or a number at the beginning stays as it is.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|c| c.is_ascii_lowercase());
    let capital = if is_word {
        text[..text.len().min(1)].to_ascii_uppercase()
    } else {
        String::new()
    };
    let period = if text.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{capital}{}{period}", &text[capital.len()..])
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(sentence(text), expected);
    }

    #[test]
    fn errors_become_sentences_and_names_keep_their_case() {
        check("no model is here yet", "No model is here yet.");
        check("gemma.gguf is damaged", "gemma.gguf is damaged.");
        check("271 bytes are needed", "271 bytes are needed.");
        check("ünder", "ünder.");
        check("is it?", "Is it?");
        check("", ".");
    }
}
