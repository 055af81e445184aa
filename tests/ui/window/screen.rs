//! A screen nobody sees, and what a person would see on it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, MapState,
    Window as Id, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::group::Group;

/// As wide and high as the app's window is at its first start.
const SIZE: (u16, u16) = (1280, 800);

/// An X server of one's own.
pub struct Screen {
    /// ":7"
    pub display: String,
    connection: RustConnection,
    root: Id,
    _server: Group,
}

impl Screen {
    pub fn new() -> Self {
        let size = format!("{}x{}x24", SIZE.0, SIZE.1);
        // `-displayfd` has the server find a free number and print it once it listens.
        let mut server = Group::spawn(
            Command::new("Xvfb")
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    &size,
                    "-nolisten",
                    "tcp",
                    "-noreset",
                ])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let mut number = String::new();
        let stdout = server.0.stdout.take().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut number)
            .expect("Xvfb says its number");
        let display = format!(":{}", number.trim());

        let (connection, screen) = x11rb::connect(Some(&display)).expect("Xvfb listens");
        let root = connection.setup().roots[screen].root;
        Self {
            display,
            connection,
            root,
            _server: server,
        }
    }

    /// The titles of the windows that are shown, the topmost last.
    pub fn windows(&self) -> Vec<String> {
        self.shown().into_iter().map(|(_, title)| title).collect()
    }

    /// Lays a window over everything, as another program might.
    pub fn cover(&self, title: &str) {
        let x = &self.connection;
        let id = x.generate_id().expect("an id");
        let ((width, height), depth, visual) =
            (SIZE, x11rb::COPY_DEPTH_FROM_PARENT, x11rb::COPY_FROM_PARENT);
        let class = WindowClass::INPUT_OUTPUT;
        x.create_window(
            depth,
            id,
            self.root,
            0,
            0,
            width,
            height,
            0,
            class,
            visual,
            &CreateWindowAux::new(),
        )
        .expect("the server listens");
        x.change_property8(
            x11rb::protocol::xproto::PropMode::REPLACE,
            id,
            AtomEnum::WM_NAME,
            AtomEnum::STRING,
            title.as_bytes(),
        )
        .expect("the server listens");
        x.map_window(id).expect("the server listens");
        x.sync().expect("the server listens");
    }

    /// Asks the window called `title` to close, as its close button does.
    pub fn close(&self, title: &str) {
        let x = &self.connection;
        let (id, _) = self
            .shown()
            .into_iter()
            .find(|(_, shown)| shown == title)
            .expect("the window is shown");
        let data = [self.atom("WM_DELETE_WINDOW"), x11rb::CURRENT_TIME, 0, 0, 0];
        let please = ClientMessageEvent::new(32, id, self.atom("WM_PROTOCOLS"), data);
        x.send_event(false, id, EventMask::NO_EVENT, please)
            .expect("the server listens");
        x.sync().expect("the server listens");
    }

    /// Windows that are mapped and have a title, the topmost last.
    fn shown(&self) -> Vec<(Id, String)> {
        let x = &self.connection;
        let tree = x
            .query_tree(self.root)
            .expect("the server listens")
            .reply()
            .expect("the root has a tree");
        let all = tree.children.into_iter().filter_map(|id| {
            // A window may go away between two questions about it.
            let attributes = x.get_window_attributes(id).ok()?.reply().ok()?;
            let title = x
                .get_property(false, id, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)
                .ok()?
                .reply()
                .ok()?;
            let title = String::from_utf8_lossy(&title.value).into_owned();
            (attributes.map_state == MapState::VIEWABLE && !title.is_empty()).then_some((id, title))
        });
        all.collect()
    }

    fn atom(&self, name: &str) -> u32 {
        let asked = self
            .connection
            .intern_atom(false, name.as_bytes())
            .expect("the server listens");
        asked.reply().expect("an atom").atom
    }
}
