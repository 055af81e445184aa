//! `lectern models token`: who asks the hub.

use std::io::{self, IsTerminal, Read, Write};

use assistant::{Assistant, HubToken, TokenPlace};
use serde_json::{Value, json};

use crate::arguments::Token;
use crate::failure::Failure;
use crate::models::say;

/// Longer than any token.
const MOST_BYTES: u64 = 4096;

pub fn run(assistant: &Assistant, command: Option<&Token>, json: bool) -> Result<(), Failure> {
    match command {
        None => show(assistant, json),
        Some(Token::Set) => set(assistant, json),
        Some(Token::Forget) => {
            assistant.forget_hub_token()?;
            say(json, &Value::Null, "no token is kept any more")
        }
    }
}

fn show(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    let Some(token) = assistant.hub_token()? else {
        return say(json, &Value::Null, "there is no token");
    };
    let sentence = format!("{} lies {}", token.shown, token.place);
    say(json, &as_json(&token), &sentence)
}

/// From standard input: what is typed as an argument lies in the shell's history, and every process may read it.
fn set(assistant: &Assistant, json: bool) -> Result<(), Failure> {
    if io::stdin().is_terminal() {
        // A courtesy, as progress is.
        let _ = writeln!(io::stderr(), "Paste the token, and press Enter and Ctrl+D.");
    }
    let mut text = String::new();
    let mut input = io::stdin().lock().take(MOST_BYTES);
    input.read_to_string(&mut text).map_err(Failure::Input)?;
    let token = assistant.keep_hub_token(&text)?;
    let HubToken {
        shown,
        place,
        account,
    } = &token;
    let sentence = match account {
        Some(account) => format!("{shown} is the token of {account}; it lies {place}"),
        None => format!("{shown} lies {place}; the hub could not be asked whether it is right"),
    };
    say(json, &as_json(&token), &sentence)
}

fn as_json(token: &HubToken) -> Value {
    json!({
        "shown": token.shown,
        "place": match token.place {
            TokenPlace::Keychain => "keychain",
            TokenPlace::EncryptedFile => "encrypted_file",
            TokenPlace::Environment => "environment",
        },
        "account": token.account,
    })
}
