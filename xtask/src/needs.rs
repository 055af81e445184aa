//! What must be there before anything is built, and the line that brings it.

use std::process::Command;

use crate::root;
use crate::step::{Outcome, ask, command};

/// Node and npm, as new as `ui/package.json` asks for.
pub fn node() -> Outcome {
    let wanted = wanted_node()?;
    let found = ask(Command::new("node").arg("--version")).unwrap_or_default();
    if version(&found) < version(&wanted) {
        let found = if found.is_empty() {
            "none is here".into()
        } else {
            format!("{found} is here")
        };
        return Err(format!(
            "Node {wanted} or newer is needed, {found}. {}",
            how_to_get_node()
        ));
    }
    ask(&mut command(root(), "npm", ["--version"]))
        .map(drop)
        .map_err(|_| {
            format!(
                "npm, which comes with Node, is not here. {}",
                how_to_get_node()
            )
        })
}

/// On Linux a display is not always there: over ssh, in a container.
pub fn display() -> Outcome {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    Err(
        "There is no display to open the window on: neither DISPLAY nor WAYLAND_DISPLAY is set.
  - At the machine itself: run this in a terminal of its desktop.
  - Over ssh: connect with `ssh -X`, then run this again.
  - On a machine without a screen: `xvfb-run -a ./dev run` opens it on one that nobody sees
    (xvfb-run is in the package xvfb, on Fedora in xorg-x11-server-Xvfb).
`./dev build` builds everything without opening it; `lectern ask` needs no display."
            .into(),
    )
}

/// On Windows the web view is a part of the system only since Windows 11.
pub fn web_view() -> Outcome {
    // Where its installer writes the version: for the machine, or for this person alone.
    const CLIENT: &str = r"Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}";
    let is_there = |hive: &str| {
        let query = Command::new("reg")
            .args(["query", &format!(r"{hive}\{CLIENT}"), "/v", "pv"])
            .output();
        query.is_ok_and(|query| query.status.success())
    };
    if !cfg!(windows)
        || [r"HKLM\SOFTWARE\WOW6432Node", r"HKCU\Software"]
            .into_iter()
            .any(is_there)
    {
        return Ok(());
    }
    Err("WebView2, which draws the window, is not here. This line installs it: winget install Microsoft.EdgeWebView2Runtime".into())
}

fn wanted_node() -> Outcome<String> {
    let package = root().join("ui/package.json");
    let text = std::fs::read_to_string(&package)
        .map_err(|error| format!("{}: {error}", package.display()))?;
    let wanted = text
        .split_once("\"node\": \">=")
        .and_then(|(_, rest)| rest.split_once('"'));
    let (wanted, _) =
        wanted.ok_or_else(|| format!("{} does not say which Node it needs", package.display()))?;
    Ok(wanted.to_owned())
}

/// "v20.19.2" and "20.19" as numbers that compare.
fn version(text: &str) -> Vec<u32> {
    text.trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

fn how_to_get_node() -> &'static str {
    if cfg!(windows) {
        "This line installs it: winget install OpenJS.NodeJS.LTS"
    } else if cfg!(target_os = "macos") {
        "This line installs it: brew install node"
    } else if std::path::Path::new("/etc/debian_version").exists() {
        "These lines install it:
    curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash -
    sudo apt-get install -y nodejs"
    } else {
        "Install your distribution's packages nodejs and npm (Fedora: sudo dnf install nodejs; Arch: sudo pacman -S nodejs npm)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("v20.20.2") > version("20.19"));
        assert!(version("v18.20.4") < version("20.19"));
        assert!(version("v22.0.0") > version("20.19"));
        assert!(version("") < version("20.19"));
    }

    #[test]
    fn the_page_says_which_node_it_needs() {
        assert!(version(&wanted_node().expect("package.json says so")) >= vec![20]);
    }
}
