//! The window itself and the world outside it.

use tauri::{Url, WebviewWindow};

use crate::contract::Failure;
use crate::window;

/// Opens a web page in the system's browser. Nothing but the web is opened: a `file:` link in an
/// answer would start programs.
#[tauri::command]
#[specta::specta]
pub async fn open_link(url: String) -> Result<(), Failure> {
    let url = Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Failure::new("this is not a link to a web page", None))?;
    open::that_detached(url.as_str()).map_err(|_| {
        Failure::new(
            "no browser could be started",
            Some("copy the link and open it in a browser"),
        )
    })
}

/// The page has drawn itself once: the window may be seen.
#[tauri::command]
#[specta::specta]
pub async fn window_ready(window: WebviewWindow) -> Result<(), Failure> {
    window::show(&window);
    Ok(())
}
