//! Who asks the hub for models that it gives only to those who have agreed to their terms.
//!
//! A token is kept in the system's keychain, or in an encrypted file where there is none (`encrypted` says what that is
//! worth). It goes to the hub and nowhere else (`checkpoints::fetch::Token`): not into a log, an error, a setting, or to
//! the window, which is shown its last letters.

mod encrypted;
mod keychain;

use std::fmt;

use checkpoints::Error as Refusal;
use checkpoints::fetch::{self, Sources, Token};

use crate::{Assistant, Error};

/// A token of the hub that Lectern has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubToken {
    /// "hf_…9xQz"
    pub shown: String,
    /// Where it is kept.
    pub place: TokenPlace,
    /// The account it is of, where the hub was just asked and answered; else it is unchecked.
    pub account: Option<String>,
}

/// Where a token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPlace {
    /// In the system's keychain.
    Keychain,
    /// In Lectern's folder, encrypted with a key that lies there too.
    EncryptedFile,
    /// It is not: `HF_TOKEN` says it.
    Environment,
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keychain => "in the system's keychain",
            Self::EncryptedFile => "in an encrypted file",
            Self::Environment => "in the environment (HF_TOKEN)",
        })
    }
}

impl Assistant {
    /// The token that the hub is told, if there is one.
    pub fn hub_token(&self) -> Result<Option<HubToken>, Error> {
        let found = self.found_token()?;
        Ok(found.map(|(token, place)| HubToken {
            shown: token.shown(),
            place,
            account: None,
        }))
    }

    /// Keeps `token` from now on, in the place of any other. The hub is asked whose it is: one that it does not know is
    /// refused; where it cannot be asked, the token is kept unchecked.
    pub fn keep_hub_token(&self, token: &str) -> Result<HubToken, Error> {
        let token = Token::new(token).ok_or(Error::NoToken)?;
        let options = &self.inner.options;
        let sources = Sources {
            token: Some(token.clone()),
            patience: fetch::Patience::usual().hurried(options.hurry.unwrap_or(1)),
            ..Sources::usual(options.hub.as_deref())
        };
        let account = match fetch::whoami(&sources, &token) {
            Ok(account) => Some(account),
            Err(
                error @ (Refusal::TokenRefused { .. }
                | Refusal::NotPrivate { .. }
                | Refusal::Untrusted { .. }),
            ) => return Err(error.into()),
            // It cannot be asked now, or is a mirror that knows nobody.
            Err(_) => None,
        };
        let place = match keychain::keep(&self.token_name(), &token) {
            Ok(()) => {
                encrypted::forget(&self.inner.options.home)?; // of two, one would be old
                TokenPlace::Keychain
            }
            Err(_no_keychain) => {
                encrypted::keep(&self.inner.options.home, &token)?;
                TokenPlace::EncryptedFile
            }
        };
        Ok(HubToken {
            shown: token.shown(),
            place,
            account,
        })
    }

    /// Forgets the token that is kept. What `HF_TOKEN` says stays.
    pub fn forget_hub_token(&self) -> Result<(), Error> {
        encrypted::forget(&self.inner.options.home)?;
        keychain::forget(&self.token_name()).map_err(|source| Error::Keychain { source })
    }

    /// The token there is, for the hub.
    pub(crate) fn token(&self) -> Result<Option<Token>, Error> {
        Ok(self.found_token()?.map(|(token, _)| token))
    }

    fn found_token(&self) -> Result<Option<(Token, TokenPlace)>, Error> {
        if let Some(token) = keychain::find(&self.token_name()) {
            return Ok(Some((token, TokenPlace::Keychain)));
        }
        if let Some(token) = encrypted::find(&self.inner.options.home)? {
            return Ok(Some((token, TokenPlace::EncryptedFile)));
        }
        let token = self.inner.options.hub_token.as_deref();
        let token = token.and_then(Token::new);
        Ok(token.map(|token| (token, TokenPlace::Environment)))
    }

    /// What the keychain knows it by: another home has another.
    fn token_name(&self) -> String {
        let home = self.inner.options.home.root().display();
        format!("token of the model hub, for {home}")
    }
}
