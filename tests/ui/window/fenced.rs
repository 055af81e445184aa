//! What the page may not do, tried in the web view that would have to let it.

use journeys::Desk;
use serde_json::json;

use crate::window::Window;

/// Nothing that is not Lectern's own runs or loads: no evaluated or inline script, no picture and no
/// request to any host. No link leads the window away or opens a file, and of Tauri's own commands
/// the page may call none.
#[tokio::test]
async fn the_page_runs_and_loads_only_what_is_its_own() {
    let desk = Desk::new();
    let window = Window::open(&desk).await;

    let got = window.run(ATTEMPTS).await;

    assert_eq!(got["evaluated"], "EvalError");
    assert_eq!(got["inline"], json!(null));
    assert_eq!(got["picture"], "blocked");
    assert_eq!(got["fetched"], "TypeError");
    let kinds: Vec<&str> = got["violations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|kind| kind.as_str())
        .collect();
    for kind in ["script-src", "script-src-elem", "img-src", "connect-src"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }

    assert_eq!(got["file"], "this is not a link to a web page");
    assert!(
        got["shell"]
            .as_str()
            .is_some_and(|said| said.contains("not allowed")),
        "{got}"
    );

    window
        .run("location.href = 'https://example.org/'; done(null)")
        .await;
    window
        .until("location.href.startsWith('tauri://localhost')")
        .await;
    let hosts = window.look(ELSEWHERE).await;
    assert_eq!(hosts, json!([]), "the page asked other hosts");
    window.close().await;
}

const ATTEMPTS: &str = r#"
    const got = { violations: [], inline: null };
    document.addEventListener('securitypolicyviolation', (event) => got.violations.push(event.effectiveDirective));
    try { new Function('return 1')(); got.evaluated = 'ran'; } catch (error) { got.evaluated = error.name; }
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = 1';
    document.body.append(script);
    got.inline = window.inlineRan ?? null;
    const picture = new Image();
    const pictured = new Promise((resolve) => {
      picture.onload = () => resolve('loaded');
      picture.onerror = () => resolve('blocked');
    });
    picture.src = 'http://127.0.0.1:9/picture.png';
    const invoke = window.__TAURI_INTERNALS__.invoke;
    const opened = invoke('open_link', { url: 'file:///etc/passwd' }).catch((failure) => failure.message);
    const asked = invoke('plugin:window|set_title', { label: 'main', value: 'Mine' }).catch(String);
    const fetched = fetch('http://127.0.0.1:9/').then(() => 'answered', (error) => error.name);
    Promise.all([pictured, fetched, opened, asked]).then((all) => {
      [got.picture, got.fetched, got.file, got.shell] = all;
      // The violations of both are events of their own, queued before this one.
      setTimeout(() => done(got));
    });
"#;

/// What was loaded from anywhere but the app itself.
const ELSEWHERE: &str = "performance.getEntriesByType('resource').map((entry) => entry.name)
    .filter((name) => !/^(tauri|ipc):\\/\\/localhost\\//.test(name) && !name.startsWith('http://127.0.0.1:9/'))";
