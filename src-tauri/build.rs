//! Checks `tauri.conf.json` and the capabilities, and embeds the page.

fn main() {
    // The page is embedded: a new one means a new binary.
    println!("cargo:rerun-if-changed=ui/dist");
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .capabilities_path_pattern("src-tauri/capabilities/**/*.json"),
    )
    .expect("tauri.conf.json and the capabilities are sound");
}
