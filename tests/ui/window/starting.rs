//! The first start, the second start, and starts that fail.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use journeys::Desk;

use crate::group::Group;
use crate::screen::Screen;
use crate::window::{Window, sit_down, soon};

/// Without a model the window says so and offers to fetch one or to open a file.
#[tokio::test]
async fn the_first_start_offers_a_model() {
    let desk = Desk::new();
    let window = Window::open(&desk).await;

    let offer = window
        .until("document.querySelector('[data-testid=first-run]')?.innerText ?? null")
        .await;
    let offer = offer.as_str().unwrap_or_default();
    assert!(offer.contains("GGUF"), "one may open a file: {offer}");
    window.picture("first-run").await;
    window.close().await;
}

/// With a session bus a second start brings the first window forward and ends well.
#[tokio::test]
async fn a_second_start_brings_the_first_window_forward() {
    let desk = Desk::new();
    let bus = Bus::new();
    let window = Window::open_with(&desk, &[("DBUS_SESSION_BUS_ADDRESS", &bus.address)]).await;
    window.screen.cover("Another program");
    assert_eq!(window.screen.windows(), ["Lectern", "Another program"]);

    let mut second = Command::new(journeys::app());
    sit_down(&mut second, &desk, &window.screen.display)
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let second = second.output().expect("the app starts");

    assert!(second.status.success(), "{second:?}");
    soon("the first window is on top", async || {
        (window.screen.windows() == ["Another program", "Lectern"]).then_some(())
    })
    .await;
    window.close().await;
}

/// Without a session bus it cannot, and says so instead of opening the same library twice.
#[tokio::test]
async fn a_second_start_without_a_bus_says_that_lectern_is_open() {
    let desk = Desk::new();
    let window = Window::open(&desk).await;

    let mut second = Command::new(journeys::app());
    let second = sit_down(&mut second, &desk, &window.screen.display)
        .output()
        .expect("the app starts");

    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("Lectern is already open."), "{said}");
    assert_eq!(window.screen.windows(), ["Lectern"]);
    window.close().await;
}

/// A damaged library is not a silent end: a dialog says what happened.
#[tokio::test]
async fn a_damaged_library_is_said_in_a_dialog() {
    let desk = Desk::new();
    fs::write(
        desk.home().join("library.sqlite"),
        "this is not a database, as long as it may be",
    )
    .expect("a file");
    let screen = Screen::new();

    let mut app = Command::new(journeys::app());
    sit_down(&mut app, &desk, &screen.display).stderr(Stdio::piped());
    let mut app = Group::spawn(&mut app);
    soon("a dialog is shown", async || {
        screen
            .windows()
            .contains(&"Lectern could not start".into())
            .then_some(())
    })
    .await;

    let mut said = String::new();
    let stderr = app.0.stderr.take().expect("stderr is piped");
    BufReader::new(stderr)
        .read_line(&mut said)
        .expect("a sentence");
    assert!(said.contains("library.sqlite"), "{said}");
}

/// A session bus of one's own.
struct Bus {
    address: String,
    _daemon: Group,
}

impl Bus {
    fn new() -> Self {
        let mut daemon = Group::spawn(
            Command::new("dbus-daemon")
                .args(["--session", "--nofork", "--print-address=1"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let mut address = String::new();
        let stdout = daemon.0.stdout.take().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("the bus says its address");
        Self {
            address: address.trim().to_owned(),
            _daemon: daemon,
        }
    }
}
