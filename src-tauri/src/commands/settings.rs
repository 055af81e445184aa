//! What a person has chosen.

use assistant::Assistant;
use tauri::{State, WebviewWindow};

use super::aside;
use crate::contract::{Failure, Settings};
use crate::window;

/// The settings as they are kept.
#[tauri::command]
#[specta::specta]
pub async fn read_settings(assistant: State<'_, Assistant>) -> Result<Settings, Failure> {
    Ok(aside(assistant, Assistant::settings).await?.into())
}

/// Keeps the settings; the window's frame takes on the theme.
#[tauri::command]
#[specta::specta]
pub async fn save_settings(
    assistant: State<'_, Assistant>,
    window: WebviewWindow,
    settings: Settings,
) -> Result<(), Failure> {
    let settings = assistant::Settings::from(settings);
    window::wear(&window, settings.theme);
    aside(assistant, move |assistant| {
        assistant.save_settings(&settings)
    })
    .await
}
