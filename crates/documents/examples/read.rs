//! What is read from a file, with its places: `cargo run -p documents --example read FILE…`.

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let mut failed = false;
    for path in std::env::args().skip(1) {
        let begun = Instant::now();
        let document = std::fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|file| {
                let read = documents::read(&file, &path, |_, _| true);
                read.map_err(|error| error.to_string())
            });
        match document {
            Ok(document) => {
                let document = document.expect("nobody stopped it");
                println!("== {path}: {:?}, {:?}", document.kind, document.title);
                for item in &document.outline {
                    println!(
                        "{} {} ({})",
                        "#".repeat(item.level as usize),
                        item.title,
                        item.place
                    );
                }
                for section in &document.sections {
                    let scan = if section.is_scan { " (scan)" } else { "" };
                    println!(
                        "[{}]{scan} {:?}\n{}\n",
                        section.place, section.repeated, section.text
                    );
                }
                let sections = document.sections.len();
                eprintln!("{path}: {sections} sections in {:.2?}", begun.elapsed());
            }
            Err(why) => {
                eprintln!("{path}: {why}");
                failed = true;
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
