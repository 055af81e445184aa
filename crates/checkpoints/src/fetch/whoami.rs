//! Whose token it is.

use std::sync::atomic::AtomicBool;

use serde_json::Value;

use super::watch::Watch;
use super::{HUB, Sources, Token, line};
use crate::disk::Halt;
use crate::error::Error;

/// Asks the hub, once, whose `token` it is. [`Error::TokenRefused`] says that it is nobody's.
pub fn whoami(sources: &Sources, token: &Token) -> Result<String, Error> {
    let endpoint = sources.hub.as_deref().unwrap_or(HUB);
    let host = line::host_of(endpoint).to_owned();
    let line = sources.way().line.with_token(endpoint, token);
    if !line.tells_who_asks() {
        return Err(Error::NotPrivate { host });
    }
    let (never, mut on_event) = (AtomicBool::new(false), |_| {});
    let watch = Watch::new(&never, &|| 0, &mut on_event);
    let url = format!("{endpoint}/api/whoami-v2");
    let answer = match line.ask_once(&url, &watch) {
        Ok(Ok(answer)) => answer.text,
        Ok(Err(reason)) => return Err(reason.into_error(&url, "this account")),
        Err(Halt::Failed(error)) => return Err(error),
        Err(Halt::Stopped) => return Err(Error::Unreachable { host, source: None }),
    };
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    let name = answer["name"].as_str().filter(|name| !name.is_empty());
    let file = "an account".to_owned();
    name.map(str::to_owned)
        .ok_or(Error::NotThere { host, file })
}
