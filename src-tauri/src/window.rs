//! The one window: hidden until the page has drawn itself, in the colour the page will have.

use std::thread;
use std::time::Duration;

use assistant::{Home, Theme};
use tauri::window::Color;
use tauri::{App, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_window_state::StateFlags;

const LABEL: &str = "main";

/// The paper of the two themes, as in the page's tokens.
const LIGHT: Color = Color(0xFB, 0xFA, 0xF7, 0xFF);
const DARK: Color = Color(0x17, 0x16, 0x14, 0xFF);

/// A page that does not report its first paint by now is shown as it is, so that a person sees it.
const UNSEEN_AT_MOST: Duration = Duration::from_secs(4);

/// What the page still has to keep when the window closes has this long to arrive.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Makes the window, hidden, in the size it had last time.
pub fn open(app: &App, home: &Home, theme: Theme) -> tauri::Result<()> {
    // An absolute file name replaces the plugin's own folder: everything stays under the home.
    let state_file = home.root().join("window.json").display().to_string();
    let remembered = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    let window_state = tauri_plugin_window_state::Builder::new().with_filename(state_file);
    app.handle()
        .plugin(window_state.with_state_flags(remembered).build())?;

    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Lectern")
        .inner_size(1280.0, 800.0)
        .min_inner_size(480.0, 520.0)
        .visible(false)
        .data_directory(home.root().join("webview"))
        .on_navigation(is_ours)
        // Dropped files are the page's affair, as pasted ones are; Tauri's own handler would take them from it.
        .disable_drag_drop_handler()
        .build()?;
    wear(&window, theme);

    let closing = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            leave(closing.clone());
        }
    });
    thread::spawn(move || {
        thread::sleep(UNSEEN_AT_MOST);
        if !window.is_visible().unwrap_or(true) {
            show(&window);
        }
    });
    Ok(())
}

/// Brings the window before the person's eyes: at first paint, and when Lectern is started again.
pub fn show(window: &WebviewWindow) {
    // Each of these may be refused by a window manager; none of them is worth an error.
    let _ = window.unminimize();
    let _ = window.show();
    let _ = window.set_focus();
}

/// Closes the window: at once for the person, a moment later for the page. Web views end a page
/// without telling it, and what stands unsent in the composer is kept only after a pause.
fn leave(window: WebviewWindow) {
    let _ = window.hide();
    let _ = window.eval("window.dispatchEvent(new Event('pagehide'))");
    thread::spawn(move || {
        thread::sleep(LAST_WORDS);
        let _ = window.destroy();
    });
}

/// A second start ends at once and has the first one do this.
pub fn show_again(app: &impl Manager<tauri::Wry>) {
    if let Some(window) = app.get_webview_window(LABEL) {
        show(&window);
    }
}

/// Colours what surrounds the page, which is seen before the page and while the window is resized.
pub fn wear(window: &WebviewWindow, theme: Theme) {
    let chosen = match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    };
    // GTK takes "no choice" for "light"; there the window manager draws the frame anyway.
    if !cfg!(target_os = "linux") {
        let _ = window.set_theme(chosen);
    }
    let worn = chosen.or_else(|| window.theme().ok());
    let paper = if worn == Some(tauri::Theme::Dark) {
        DARK
    } else {
        LIGHT
    };
    let _ = window.set_background_color(Some(paper));
}

/// The window shows Lectern's page and no other, whatever a link says.
fn is_ours(url: &Url) -> bool {
    // `tauri://localhost`; Windows has it as `http://tauri.localhost`. Vite serves it in development.
    url.scheme() == "tauri"
        || url.host_str() == Some("tauri.localhost")
        || tauri::is_dev() && url.host_str() == Some("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: bool) {
        let url = Url::parse(url).expect("a URL");
        assert_eq!(is_ours(&url), expected, "{url}");
    }

    #[test]
    fn the_window_goes_nowhere_else() {
        check("tauri://localhost/index.html", true);
        check("http://tauri.localhost/", true);
        check("https://example.org/", false);
        check("http://tauri.localhost.example.org/", false);
        check("file:///etc/passwd", false);
        check("data:text/html,hello", false);
    }
}
