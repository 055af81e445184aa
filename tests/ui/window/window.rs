//! The app's window under a driver: what a person does in it and what they see.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use journeys::Desk;
use serde_json::{Value, json};

use crate::group::Group;
use crate::screen::Screen;

/// How long anything may take before the journey fails. Loading and reading on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often one looks again.
const GLANCE: Duration = Duration::from_millis(30);

/// The app's window, opened by a driver on a screen of its own.
pub struct Window {
    pub screen: Screen,
    page: Client,
    driver: Group,
}

/// How a message stands on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// "user" or "model".
    pub role: String,
    /// "writing", "done" or "cut-short".
    pub state: String,
    pub text: String,
}

/// One window starts at a time: the driver looks for a free port and binds it later, and two drivers
/// that start together may find the same one.
static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl Window {
    /// Starts the app at `desk` and waits for its page.
    pub async fn open(desk: &Desk) -> Self {
        Self::open_with(desk, &[]).await
    }

    /// The same with more in its environment.
    pub async fn open_with(desk: &Desk, environment: &[(&str, &str)]) -> Self {
        let _alone = STARTING.lock().await;
        for _ in 0..2 {
            match Self::try_open(desk, environment).await {
                Ok(window) => return window,
                Err(error) => eprintln!("no window yet: {error}"),
            }
        }
        Self::try_open(desk, environment).await.expect("a window")
    }

    async fn try_open(desk: &Desk, environment: &[(&str, &str)]) -> Result<Self, String> {
        let screen = Screen::new();
        let port = free_port();
        let mut driver = Command::new("WebKitWebDriver");
        driver.args([format!("--port={port}"), "--host=127.0.0.1".into()]);
        driver
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(Stdio::null());
        sit_down(&mut driver, desk, &screen.display).envs(environment.iter().copied());
        let driver = Group::spawn(&mut driver);
        soon("the driver listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
                .then_some(())
        })
        .await;

        let app = json!({ "binary": journeys::app(), "args": [] });
        let capabilities = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), app)]);
        let mut page = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let page = answer(page.capabilities(capabilities).connect(&address)).await?;
        let window = Self {
            screen,
            page,
            driver,
        };
        window
            .until("document.querySelector('textarea, [data-testid=first-run]')")
            .await;
        soon("the window is shown", async || {
            window
                .screen
                .windows()
                .contains(&"Lectern".into())
                .then_some(())
        })
        .await;
        Ok(window)
    }

    /// Types into the composer, without sending.
    pub async fn write(&self, text: &str) {
        self.find("textarea[aria-label=Message]")
            .await
            .send_keys(text)
            .await
            .expect("the composer takes text");
    }

    /// Puts a file on the clipboard as what it is, and presses Ctrl+V in the composer.
    pub async fn paste(&self, mime: &str, file: &Path) {
        let mut clipboard = Command::new("xclip");
        clipboard
            .args(["-selection", "clipboard", "-t", mime, "-i"])
            .arg(file);
        clipboard.env("DISPLAY", &self.screen.display);
        // It stays behind to hand the picture over, and ends with the screen.
        let given = clipboard.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(given.status().expect("xclip").success());
        self.write(&format!("{}v", '\u{e009}')).await;
    }

    /// Chooses a file, as the system's dialog would hand it over.
    pub async fn choose(&self, file: &Path) {
        self.find("input[type=file]")
            .await
            .send_keys(&file.display().to_string())
            .await
            .expect("the page takes files");
    }

    /// Types a question and sends it.
    pub async fn ask(&self, text: &str) {
        self.write(text).await;
        self.click("button[aria-label=Send]").await;
    }

    /// Sets the temperature to 0 in the settings: the same question then gets the same answer.
    pub async fn always_take_the_likeliest(&self) {
        self.click("button[aria-label=Settings]").await;
        self.find(TEMPERATURE).await;
        // What a browser sends when a number was typed and left: keys alone do not replace one here.
        self.look(&format!(
            "((field) => {{ field.value = '0'; for (const kind of ['input', 'change']) \
             field.dispatchEvent(new Event(kind, {{ bubbles: true }})); return true; }})\
             (document.querySelector('{TEMPERATURE}'))"
        ))
        .await;
        self.click("dialog button[aria-label=Close]").await;
        self.until(&format!("!document.querySelector('{TEMPERATURE}')"))
            .await;
    }

    /// Clicks what `css` names, once it can be clicked.
    pub async fn click(&self, css: &str) {
        self.until(&format!("document.querySelector('{css}:not([disabled])')"))
            .await;
        self.find(css)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("clicking {css}: {error}"));
    }

    /// What stands unsent in the composer.
    pub async fn draft(&self) -> String {
        let text = self
            .until("document.querySelector('textarea[aria-label=Message]')?.value ?? null")
            .await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The messages on the screen, oldest first.
    pub async fn messages(&self) -> Vec<Shown> {
        let all = self.look(MESSAGES).await;
        let text =
            |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let read = |message: &Value| Shown {
            role: text(message, "role"),
            state: text(message, "state"),
            text: text(message, "text"),
        };
        all.as_array().into_iter().flatten().map(read).collect()
    }

    /// The last message, once `wanted` is true of it.
    pub async fn last_message(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let found = self
            .eventually(async || self.messages().await.pop().filter(&wanted))
            .await;
        let Some(message) = found else {
            panic!(
                "{what}: not so after {PATIENCE:?}; {:#?}",
                self.messages().await
            )
        };
        message
    }

    /// The value of a JavaScript expression, once it is neither null nor false.
    pub async fn until(&self, expression: &str) -> Value {
        let found = self
            .eventually(async || {
                Some(self.look(expression).await)
                    .filter(|value| !matches!(value, Value::Null | Value::Bool(false)))
            })
            .await;
        let Some(value) = found else {
            self.picture("failed").await;
            panic!(
                "{expression}: not so after {PATIENCE:?}; the page says: {}",
                self.look("document.body.innerText").await
            )
        };
        value
    }

    /// The value of a JavaScript expression now.
    pub async fn look(&self, expression: &str) -> Value {
        let script = format!("return ({expression})");
        answer(self.page.execute(&script, vec![]))
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Runs JavaScript that ends by calling `done(value)`.
    pub async fn run(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        answer(self.page.execute_async(&script, vec![]))
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Leaves a picture of the page as `target/screenshots/window-NAME.png`.
    pub async fn picture(&self, name: &str) {
        let folder = journeys::target("screenshots");
        fs::create_dir_all(&folder).expect("a folder for pictures");
        self.run(PAINTED).await;
        let picture = answer(self.page.screenshot())
            .await
            .expect("the driver takes pictures");
        fs::write(folder.join(format!("window-{name}.png")), picture)
            .expect("a picture is written");
    }

    /// Closes the window with its close button and waits until the app has ended.
    pub async fn close(self) {
        self.screen.close("Lectern");
        let app = journeys::app();
        soon("the app ends", async || {
            (!self.driver.runs(&app)).then_some(())
        })
        .await;
    }

    /// SIGKILL: no process of the app can save anything any more.
    pub fn kill(mut self) {
        self.driver.kill();
    }

    async fn find(&self, css: &str) -> Element {
        answer(self.page.find(Locator::Css(css)))
            .await
            .unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    async fn eventually<T>(&self, look: impl AsyncFn() -> Option<T>) -> Option<T> {
        eventually(look).await
    }
}

const TEMPERATURE: &str = "input[type=number][aria-label=Temperature]";

/// Done once every picture that is shown is decoded and painted.
const PAINTED: &str = "const shown = [...document.images].filter((img) => img.naturalWidth > 0);
    Promise.allSettled(shown.map((img) => img.decode()))
      .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));";

const MESSAGES: &str =
    "[...document.querySelectorAll('[role=log] article[data-role]')].map((article) => ({
    role: article.dataset.role, state: article.dataset.state, text: article.innerText }))";

/// Gives `command` a display and the desk's home, and nothing of the developer's own desktop.
pub fn sit_down<'a>(command: &'a mut Command, desk: &Desk, display: &str) -> &'a mut Command {
    let run = desk.home().join("run");
    // Sockets are refused in a folder that others may read.
    make_private(&run);
    for variable in [
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
    ] {
        command.env_remove(variable);
    }
    command
        .env("HOME", desk.home())
        .env("LECTERN_HOME", desk.home())
        .env("XDG_RUNTIME_DIR", run)
        .env("DISPLAY", display)
        .env("GDK_BACKEND", "x11")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
}

/// What `look` sees once it sees something; fails the journey with `what` when it never does.
pub async fn soon<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    eventually(look)
        .await
        .unwrap_or_else(|| panic!("{what}: not so after {PATIENCE:?}"))
}

/// What the driver answers, or what is wrong with it; a driver that says nothing must not hold up the tests.
async fn answer<T, E: Display>(asked: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer from the driver for {PATIENCE:?}")),
    }
}

async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        match look().await {
            Some(seen) => return Some(seen),
            None if begun.elapsed() > PATIENCE => return None,
            None => tokio::time::sleep(GLANCE).await,
        }
    }
}

fn make_private(folder: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().mode(0o700).create(folder);
    assert!(
        made.as_ref().is_ok_and(|()| true)
            || made.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists)
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has a number").port()
}
