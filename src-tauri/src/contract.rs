//! What crosses the wire between the page and the app, and how `assistant`'s data becomes it.
//!
//! `ui/src/backend/contract.ts` is generated from these types and the list in `commands`; the test
//! below writes it. Nothing here decides anything: each type is the twin of one in `assistant`,
//! which itself knows of no wire.

mod conversation;
mod disk;
mod failure;
mod fetch;
mod model;
mod offer;
mod picture;
mod settings;

pub use conversation::{Conversation, Message, ReplyEvent};
pub use disk::{Disk, FoundModel, Verdict, WorkProgress};
pub use failure::Failure;
pub use fetch::{Fetch, HubToken};
pub use model::{FetchEvent, Model, ModelState, Opening};
pub use offer::{Offers, TestProgress};
pub use picture::{Draft, Picture, Showing, named};
pub use settings::Settings;

#[cfg(test)]
mod tests {
    use std::fs;

    use specta_typescript::Typescript;

    const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/backend/contract.ts");

    /// The page's half of the contract is written from this half; under `CI` a stale one fails.
    #[test]
    fn the_page_holds_the_same_contract() {
        let committed = fs::read_to_string(CONTRACT).unwrap_or_default();

        crate::commands::contract()
            .export(Typescript::default().header(HEADER), CONTRACT)
            .expect("every type of the contract has a TypeScript twin");

        let written = fs::read_to_string(CONTRACT).expect("it was just written");
        let stale = std::env::var_os("CI").is_some() && committed != written;
        assert!(
            !stale,
            "ui/src/backend/contract.ts was stale; it is written anew, commit it"
        );
    }

    const HEADER: &str =
        "// Generated from src-tauri/src/contract.rs by `cargo test -p lectern-desktop`.";
}
