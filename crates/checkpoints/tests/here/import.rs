//! A model from elsewhere becomes one of ours, once, whole or not at all.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use checkpoints::{Error, Place, Taking, identify};

use crate::written::write_parts;
use crate::{Home, NEVER, golden};

/// A copy of the golden checkpoint outside the models folder; `twist` makes it another model of the same size.
fn file(home: &Home, name: &str, twist: u8) -> PathBuf {
    let mut bytes = fs::read(golden("tiny-text/model.gguf")).unwrap();
    *bytes.last_mut().unwrap() ^= twist;
    let path = home.outside(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_file_is_taken_in_and_the_original_stays() {
    let home = Home::new();
    let original = file(&home, "tiny.gguf", 0);
    let mut progress = Vec::new();
    let on_progress = |done, total| progress.push((done, total));
    let never = AtomicBool::new(false);
    let model = home
        .models
        .import(&original, None, None, &never, on_progress)
        .unwrap()
        .unwrap();
    assert_eq!(
        (model.place, &model.path),
        (Place::Ours, &home.inside("tiny.gguf"))
    );
    assert_eq!(fs::read(&model.path).unwrap(), fs::read(&original).unwrap());
    assert_eq!(progress.last(), Some(&(model.size_bytes, model.size_bytes)));
    assert_eq!(home.names(), ["tiny.gguf"]);

    fs::write(&original, "written anew by another program").unwrap();
    assert_eq!(home.models.find("tiny").unwrap(), model, "ours is a copy");
    assert_eq!(home.models.remove("tiny").unwrap(), model.size_bytes);
}

#[test]
fn the_same_model_is_taken_once_under_whatever_name() {
    let home = Home::new();
    let first = home.import(&file(&home, "tiny.gguf", 0));
    assert_eq!(home.import(&file(&home, "tiny.gguf", 0)), first);
    assert_eq!(home.import(&file(&home, "another-name.gguf", 0)), first);
    assert_eq!(
        home.import(&first.path),
        first,
        "also from the models folder itself"
    );
    assert_eq!(home.names(), ["tiny.gguf"]);
}

#[test]
fn another_model_of_the_same_name_gets_a_number() {
    let home = Home::new();
    let names = [1, 2, 3].map(|twist| home.import(&file(&home, "tiny.gguf", twist)).name);
    assert_eq!(names, ["tiny", "tiny-2", "tiny-3"]);
}

#[test]
fn a_name_that_would_hide_the_model_is_made_plain() {
    let home = Home::new();
    assert_eq!(
        home.import(&file(&home, ".tiny.partial.gguf", 0)).name,
        "tiny"
    );
    assert_eq!(home.models.list().unwrap().checkpoints.len(), 1);
}

#[test]
fn a_folder_is_taken_in_with_what_belongs_to_it() {
    let home = Home::new();
    let original = home.outside("tiny-it");
    fs::create_dir_all(original.join("runs")).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden("tiny-text").join(name), original.join(name)).unwrap();
    }
    for name in [
        "tokenizer.json",
        "chat_template.jinja",
        "LICENSE",
        "picture.png",
        "pytorch_model.bin",
    ] {
        fs::write(original.join(name), "x").unwrap();
    }
    let model = home.import(&original);
    assert_eq!(
        (model.name.as_str(), &model.path),
        ("tiny-it", &home.inside("tiny-it"))
    );
    let entries = fs::read_dir(&model.path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let expected = [
        "LICENSE",
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ];
    assert_eq!(names, expected);

    assert_eq!(home.import(&original), model, "taken once");
    assert_eq!(home.names(), ["tiny-it"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_the_bytes() {
    let home = Home::new();
    let original = file(&home, "blob", 0);
    let link = home.outside("tiny.gguf");
    std::os::unix::fs::symlink(&original, &link).unwrap();
    let model = home.import(&link);
    assert!(!model.path.is_symlink());
    fs::remove_file(&original).unwrap();
    assert!(identify(&model.path).is_ok());
}

#[test]
fn what_is_no_model_is_not_taken_in() {
    let home = Home::new();
    let text = home.outside("diary.txt");
    fs::write(&text, "Dear diary").unwrap();
    let never = AtomicBool::new(false);
    let refused = home.models.import(&text, None, None, &never, |_, _| {});
    assert!(
        matches!(refused, Err(Error::NotACheckpoint { .. })),
        "{refused:?}"
    );
    let refused = home.models.import(
        &golden("tiny-mm/mmproj.gguf"),
        None,
        None,
        &never,
        |_, _| {},
    );
    assert!(
        matches!(refused, Err(Error::Projector { .. })),
        "{refused:?}"
    );
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn a_model_in_parts_is_taken_in_and_removed_as_one() {
    let home = Home::new();
    let parts = write_parts(&home, "big", 3);
    let model = home.import(&parts[1]);
    assert_eq!(home.names(), ["big"], "all of it in one folder");
    let first = home.inside("big").join("big-00001-of-00003.gguf");
    assert_eq!((model.name.as_str(), &model.path), ("big", &first));
    assert_eq!(home.import(&parts[0]), model, "taken once");
    let listing = home.models.list().unwrap();
    assert_eq!(listing.checkpoints, std::slice::from_ref(&model));
    assert_eq!(home.models.remove("big").unwrap(), model.size_bytes);
    assert_eq!(home.names(), [""; 0]);

    fs::remove_file(&parts[2]).unwrap();
    let refused = home.models.import(&parts[0], None, None, &NEVER, |_, _| {});
    assert!(matches!(refused, Err(Error::NoPart { .. })), "{refused:?}");
    assert_eq!(home.names(), [""; 0]);
}

/// A pipe has no end that is known, and a link to one would wait for ever.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_model() {
    let home = Home::new();
    let pipe = home.outside("pipe.gguf");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for taking in [None, Some(Taking::Link)] {
        let refused = home.models.import(&pipe, None, taking, &NEVER, |_, _| {});
        assert!(
            matches!(refused, Err(Error::NotACheckpoint { .. })),
            "{refused:?}"
        );
    }
    let link = format!(r#"{{"version":1,"path":{:?}}}"#, pipe);
    fs::write(home.inside("pipe.link.json"), link).unwrap();
    assert_eq!(home.models.list().unwrap().problems.len(), 1);
}

/// Whoever asks for a copy gets one, and whoever asks for a clone gets no copy in its place.
#[test]
fn a_wish_is_kept_or_refused() {
    let home = Home::new();
    let original = file(&home, "tiny.gguf", 0);
    let take = |taking| {
        home.models
            .import(&original, None, Some(taking), &NEVER, |_, _| {})
    };
    match take(Taking::Clone) {
        Ok(cloned) => {
            let cloned = cloned.unwrap();
            assert_eq!(
                fs::read(&cloned.path).unwrap(),
                fs::read(&original).unwrap()
            );
        }
        Err(refused) => {
            assert!(matches!(refused, Error::NoClone { .. }), "{refused}");
            assert!(
                refused
                    .hint()
                    .is_some_and(|hint| hint.starts_with("copy it"))
            );
            assert_eq!(home.names(), [""; 0], "nothing is left of it");
        }
    }
    let copied = take(Taking::Copy).unwrap().unwrap();
    assert_eq!(copied.place, Place::Ours);
    assert_eq!(home.models.list().unwrap().checkpoints.len(), 1);
}
