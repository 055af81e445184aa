//! Models that are to come, and the token that some need.

use serde::Serialize;
use specta::Type;
use specta_typescript::Number;

/// A model that is to come.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Fetch {
    /// What it was asked for by: a name of the offers, or `starter`.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// Bytes that came.
    pub done_bytes: u64,
    /// Bytes there are; 0 while nobody knows.
    pub total_bytes: u64,
    pub state: FetchState,
}

/// What a fetch does.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FetchState {
    /// Others come first.
    Waiting,
    /// It comes.
    Running {
        /// What is being done now, in words for a person.
        step: String,
        #[specta(type = Option<Number>)]
        bytes_per_second: Option<f64>,
        #[specta(type = Option<Number>)]
        seconds_left: Option<f64>,
        /// What stands in the way right now, and when it is tried again.
        trouble: Option<String>,
    },
    /// A person wants it to wait. What came is kept.
    Paused,
    /// It does not come unless somebody does something. What came is kept.
    Failed {
        happened: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether it takes a token of an account that has agreed to the terms.
        needs_token: bool,
    },
}

/// The token of an account on the hub.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubToken {
    /// As much of it as may be seen: "hf_…9xQz".
    pub shown: String,
    pub place: TokenPlace,
}

/// Where a token is kept.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum TokenPlace {
    /// The system's.
    Keychain,
    /// Where there is none.
    EncryptedFile,
    /// `HF_TOKEN`: not ours to keep or to forget.
    Environment,
}

impl From<assistant::Fetch> for Fetch {
    fn from(it: assistant::Fetch) -> Self {
        Self {
            name: it.name,
            title: it.title,
            done_bytes: it.done_bytes,
            total_bytes: it.total_bytes,
            state: it.state.into(),
        }
    }
}

impl From<assistant::FetchState> for FetchState {
    fn from(state: assistant::FetchState) -> Self {
        use assistant::FetchState as State;
        match state {
            State::Waiting => Self::Waiting,
            State::Running {
                step,
                bytes_per_second,
                seconds_left,
                trouble,
            } => Self::Running {
                step,
                bytes_per_second,
                seconds_left,
                trouble,
            },
            State::Paused => Self::Paused,
            State::Failed {
                error,
                hint,
                needs_token,
            } => Self::Failed {
                happened: error,
                hint: (!hint.is_empty()).then_some(hint),
                needs_token,
            },
        }
    }
}

impl From<assistant::HubToken> for HubToken {
    fn from(it: assistant::HubToken) -> Self {
        Self {
            shown: it.shown,
            place: match it.place {
                assistant::TokenPlace::Keychain => TokenPlace::Keychain,
                assistant::TokenPlace::EncryptedFile => TokenPlace::EncryptedFile,
                assistant::TokenPlace::Environment => TokenPlace::Environment,
            },
        }
    }
}
