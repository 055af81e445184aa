//! Who asks the hub for models that it gives only to those who have agreed to their terms.

use checkpoints::fetch::Token;

use crate::{Assistant, Error};

impl Assistant {
    /// The token there is.
    pub(crate) fn token(&self) -> Result<Option<Token>, Error> {
        let options = &self.inner.options;
        Ok(options.hub_token.as_deref().and_then(Token::new))
    }
}
