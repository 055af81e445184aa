//! What the page may ask for: each command converts, calls one method of `assistant`, converts.

mod conversation;
pub mod disk;
mod fetch;
mod message;
mod model;
mod opening;
pub mod picture;
mod settings;
mod window;

use assistant::Assistant;
use tauri::ipc::Invoke;
use tauri::{State, Wry, async_runtime::spawn_blocking};
use tauri_specta::{Builder, collect_commands};

use crate::contract::Failure;

type Answer = Box<dyn Fn(Invoke) -> bool + Send + Sync>;

/// Answers every command: those of the contract, and the two whose body is a file.
pub fn answer() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
    let contract = contract();
    let typed: Answer = Box::new(contract.invoke_handler());
    let raw: Answer = Box::new(tauri::generate_handler![
        picture::add_picture,
        opening::take_dropped
    ]);
    move |invoke| match invoke.message.command() {
        "add_picture" | "take_dropped" => raw(invoke),
        _ => typed(invoke),
    }
}

/// Every command of the contract, by the noun it is about.
pub fn contract() -> Builder<Wry> {
    Builder::new()
        // Ids and milliseconds stay far below 2^53, where JavaScript's numbers stop being exact.
        .dangerously_cast_bigints_to_number()
        // Both sides read and write the same shapes; none leaves a field out.
        .disable_serde_phases()
        .commands(collect_commands![
            conversation::list_conversations,
            conversation::new_conversation,
            conversation::rename_conversation,
            conversation::delete_conversation,
            conversation::restore_conversation,
            message::list_messages,
            message::read_draft,
            message::save_draft,
            message::send_message,
            message::stop_reply,
            model::list_models,
            model::model_state,
            model::choose_model,
            model::load_model,
            opening::open_model,
            opening::cancel_opening,
            opening::begin_dropped,
            opening::end_dropped,
            model::remove_model,
            model::restore_model,
            model::list_offers,
            model::test_machine,
            fetch::watch_fetches,
            fetch::queue_fetch,
            fetch::pause_fetch,
            fetch::resume_fetch,
            fetch::cancel_fetch,
            fetch::hub_token,
            fetch::keep_hub_token,
            fetch::forget_hub_token,
            disk::disk,
            disk::found_models,
            disk::use_in_place,
            disk::verify_model,
            disk::move_models,
            disk::stop_work,
            disk::remove_leftover,
            disk::clear_picture_cache,
            settings::read_settings,
            settings::save_settings,
            window::open_link,
            window::window_ready,
        ])
}

/// Runs `call` on a thread of its own: a disk or a model may take its time, the window may not.
async fn aside<T: Send + 'static>(
    assistant: State<'_, Assistant>,
    call: impl FnOnce(&Assistant) -> Result<T, assistant::Error> + Send + 'static,
) -> Result<T, Failure> {
    let assistant = assistant.inner().clone();
    Ok(spawn_blocking(move || call(&assistant))
        .await
        .map_err(Failure::crashed)??)
}
