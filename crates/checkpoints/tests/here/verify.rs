//! A byte that changed is found where the hash is known, and what is missing everywhere.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use checkpoints::{Checked, Error, Origin, OriginFile, Verdict};
use sha2::{Digest, Sha256};

use crate::{Home, NEVER, golden};

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[track_caller]
fn verify(home: &Home, name: &str) -> Verdict {
    let verdict = home.models.verify(name, &NEVER, |_, _| {});
    verdict.unwrap().expect("it is not stopped")
}

#[test]
fn what_was_published_is_compared_byte_by_byte() {
    let home = Home::new();
    let mut bytes = fs::read(golden("tiny-text/model.gguf")).unwrap();
    fs::write(home.inside("tiny.gguf"), &bytes).unwrap();
    let verdict = verify(&home, "tiny");
    assert_eq!(
        (verdict.is_whole(), verdict.checked()),
        (true, Checked::Structure)
    );

    let origin = Origin {
        source: "huggingface.co/someone/tiny".to_owned(),
        revision: None,
        fetched_ms: None,
        files: vec![OriginFile {
            name: "tiny.gguf".to_owned(),
            bytes: bytes.len() as u64,
            sha256: Some(hash(&bytes)),
        }],
    };
    origin.write(home.models.folder(), "tiny").unwrap();
    let verdict = verify(&home, "tiny");
    assert_eq!(
        (verdict.is_whole(), verdict.checked()),
        (true, Checked::Hash)
    );
    assert_eq!(verdict.bytes, bytes.len() as u64);

    *bytes.last_mut().unwrap() ^= 1;
    fs::write(home.inside("tiny.gguf"), &bytes).unwrap();
    let verdict = verify(&home, "tiny");
    let damage = verdict.files[0].damage.as_deref().expect("a byte changed");
    assert!(damage.starts_with("its SHA-256 is "), "{damage}");

    fs::write(home.inside("tiny.gguf"), &bytes[..bytes.len() / 2]).unwrap();
    let verdict = verify(&home, "tiny");
    let damage = verdict.files[0].damage.as_deref().expect("half is missing");
    assert!(damage.contains("is not whole"), "{damage}");
    assert_eq!(home.models.names().unwrap(), ["tiny"]);
}

#[cfg(unix)]
#[test]
fn a_caches_own_name_for_a_file_is_its_hash() {
    let home = Home::new();
    let bytes = fs::read(golden("tiny-text/model.gguf")).unwrap();
    let blob = home.outside("blobs").join(hash(&bytes));
    fs::create_dir_all(home.outside("blobs")).unwrap();
    fs::write(&blob, &bytes).unwrap();
    let link = home.outside("model.gguf");
    std::os::unix::fs::symlink(&blob, &link).unwrap();
    let model = checkpoints::identify(&link).unwrap();
    let name = home.models.link(&model).unwrap().name;
    assert_eq!(verify(&home, &name).checked(), Checked::Hash);
    let mut changed = bytes;
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&blob, changed).unwrap();
    assert!(!verify(&home, &name).is_whole());
}

#[test]
fn of_a_folder_every_file_is_read() {
    let home = Home::new();
    let name = home.import(&golden("tiny-text")).name;
    let verdict = verify(&home, &name);
    assert!(verdict.is_whole(), "{verdict:?}");
    let files: Vec<&str> = verdict
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(files, ["model.safetensors", "config.json"]);
    fs::write(home.inside(&name).join("tokenizer.json"), "{").unwrap();
    let verdict = verify(&home, &name);
    let damaged = verdict
        .files
        .iter()
        .find(|file| file.damage.is_some())
        .unwrap();
    assert_eq!(damaged.name, "tokenizer.json");
}

#[test]
fn it_tells_how_far_it_is_and_can_be_stopped() {
    let home = Home::new();
    fs::copy(golden("tiny-text/model.gguf"), home.inside("tiny.gguf")).unwrap();
    let mut last = (0, 0);
    home.models
        .verify("tiny", &NEVER, |done, total| last = (done, total))
        .unwrap();
    let bytes = fs::metadata(home.inside("tiny.gguf")).unwrap().len();
    assert_eq!(last, (bytes, bytes));
    let stop = AtomicBool::new(false);
    let press = |_, _| stop.store(true, Ordering::Relaxed);
    assert_eq!(home.models.verify("tiny", &stop, press).unwrap(), None);
    let nobody = home.models.verify("nobody", &NEVER, |_, _| {});
    assert!(matches!(nobody, Err(Error::NoSuchModel { .. })));
}
