//! What went wrong (`Display`) and what to do about it (`hint`); both fronts show the same words.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no model is here yet")]
    NoModel,
}

impl Error {
    /// What the person can do about it, if anything.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NoModel => Some("fetch the starter model, or open a GGUF file"),
        }
    }
}
