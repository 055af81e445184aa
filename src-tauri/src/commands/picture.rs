//! Pictures come in and are shown as bytes, which the generated bindings cannot carry: one command with
//! a raw body, and a scheme of the page's own for `<img>`.

use assistant::{Assistant, PictureId};
use tauri::http::{Request, Response, StatusCode, header};
use tauri::ipc::{InvokeBody, Request as Call};
use tauri::{Manager, Runtime, State, UriSchemeContext, UriSchemeResponder};

use super::aside;
use crate::contract::{Failure, Picture};

/// `<img src="picture://localhost/NAME">`, or `NAME-large` to look closely.
pub const SCHEME: &str = "picture";
const LARGE: &str = "-large";

/// The header that says whose composer the picture is put into; without it, that of a conversation not yet begun.
const CONVERSATION: &str = "conversation";

/// Puts the picture whose file is the body into a composer.
#[tauri::command]
pub async fn add_picture(
    assistant: State<'_, Assistant>,
    call: Call<'_>,
) -> Result<Picture, Failure> {
    let InvokeBody::Raw(file) = call.body() else {
        return Err(Failure::new("a picture was sent as something else", None));
    };
    let file = file.clone();
    let conversation = match call.headers().get(CONVERSATION) {
        None => None,
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| Failure::new("a conversation was misnamed", None))?)
        }
    };
    let added = aside(assistant, move |assistant| {
        assistant.add_picture(conversation, &file)
    });
    Ok(added.await?.into())
}

/// Answers what the page asks of [`SCHEME`]: always a JPEG that Lectern drew itself, never the bytes that came
/// from outside.
pub fn show<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let assistant = context.app_handle().state::<Assistant>().inner().clone();
    tauri::async_runtime::spawn_blocking(move || {
        let shown = drawn(&assistant, request.uri().path());
        let (status, body) = match shown {
            Some(jpeg) => (StatusCode::OK, jpeg),
            None => (StatusCode::NOT_FOUND, Vec::new()),
        };
        let response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "image/jpeg")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            // A picture that is deleted is not to stay in the web view's folder.
            .header(header::CACHE_CONTROL, "no-store");
        responder.respond(response.body(body).expect("its headers are sound"));
    });
}

fn drawn(assistant: &Assistant, path: &str) -> Option<Vec<u8>> {
    let name = path.trim_start_matches('/');
    let large = name.strip_suffix(LARGE);
    let id = PictureId::parse(large.unwrap_or(name))?;
    let jpeg = match large {
        Some(_) => assistant.picture_large(id),
        None => assistant.picture_preview(id),
    };
    jpeg.ok()
}
