//! The window: converts, calls one method of `assistant`, converts.
//!
//! No rule lives here. What a person can ask for is in `commands`, what crosses the wire in
//! `contract`; the rest is what only a window has: being shown (`window`), closing without losing an
//! answer (`answers`), being the only one, and what the process finds around it (`surroundings`).

mod answers;
mod commands;
mod contract;
mod surroundings;
mod window;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use answers::Answers;
use assistant::Assistant;
use contract::Failure;
use tauri::{App, AppHandle, Manager, RunEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

/// How long closing waits for answers to be saved. They are saved every second as it is.
const GOODBYE_AT_MOST: Duration = Duration::from_secs(5);

/// Between two looks whether the model is still wanted.
const REST_LOOKS: Duration = Duration::from_secs(30);

/// Opens the window and returns when it is closed.
pub fn run() {
    tauri::Builder::default()
        // First, so that a second start ends before it has touched anything.
        .plugin(tauri_plugin_single_instance::init(
            |app, _arguments, _folder| window::show_again(app),
        ))
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(commands::answer())
        .register_asynchronous_uri_scheme_protocol(
            commands::picture::SCHEME,
            commands::picture::show,
        )
        .setup(|app| {
            if let Err(failure) = start(app) {
                say_and_quit(app, &failure);
            }
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("the configuration was checked when it was built in")
        .run(|app, event| {
            // The one event that every way of closing ends in: the button, Cmd+Q, the last window.
            if let RunEvent::Exit = event {
                say_goodbye(app);
            }
        });
}

/// Opens the library and then the window.
fn start(app: &App) -> Result<(), Failure> {
    let home = surroundings::home()?;
    let Some(claim) = surroundings::claim(&home)? else {
        // Only where the plugin could not reach the first window: no session bus, or another login.
        eprintln!(
            "Lectern is already open. Look for its window, or close it before starting it again."
        );
        std::process::exit(1);
    };
    let assistant = Assistant::open(surroundings::options(home.clone())?)?;
    let theme = assistant.settings()?.theme;
    rest_now_and_then(assistant.clone());

    app.manage(claim);
    app.manage(assistant);
    app.manage(commands::disk::LongWork::default());
    app.manage(Arc::<Answers>::default());
    window::open(app, &home, theme).map_err(|error| {
        let happened = format!("the window could not be made: {error}");
        Failure::new(
            &happened,
            Some("check that the system's web view is installed"),
        )
    })
}

/// A model that nobody has asked for long gives its memory back. The thread ends with the process.
fn rest_now_and_then(assistant: Assistant) {
    thread::spawn(move || {
        loop {
            thread::sleep(REST_LOOKS);
            // A library that cannot be read is told where somebody looks; here it is asked again.
            let _ = assistant.rest();
        }
    });
}

/// A start that fails says why where a person looks, and in the terminal for one who started it there.
fn say_and_quit(app: &App, failure: &Failure) {
    let words = failure.sentences();
    eprintln!("{}", words.join(" "));
    let handle = app.handle().clone();
    let dialog = app
        .dialog()
        .message(words.join("\n\n"))
        .title("Lectern could not start");
    dialog
        .kind(MessageDialogKind::Error)
        .show(move |_seen| handle.exit(1));
}

/// Stops the answers being written and lets them be saved.
fn say_goodbye(app: &AppHandle) {
    // Neither is there when the start failed.
    let (Some(assistant), Some(answers)) = (
        app.try_state::<Assistant>(),
        app.try_state::<Arc<Answers>>(),
    ) else {
        return;
    };
    assistant.cancel_fetch();
    assistant.leave_fetches();
    answers.end_all(
        |conversation| assistant.stop_reply(conversation),
        GOODBYE_AT_MOST,
    );
    // What cannot be deleted now goes at the next start.
    let _ = assistant.empty_trash();
}
