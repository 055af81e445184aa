//! A GGUF model and the file with its picture tower: which belongs to which, and that they stay together.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use checkpoints::{Checkpoint, Error, Models, identify};

use crate::written::{Number, Text, gguf, write_parts};
use crate::{Home, NEVER, golden};

/// A copy of `tiny-mm/NAME` outside the models folder; `twist` makes it another file of the same size.
fn copy(home: &Home, name: &str, to: &str, twist: u8) -> PathBuf {
    let mut bytes = fs::read(golden("tiny-mm").join(name)).unwrap();
    *bytes.last_mut().unwrap() ^= twist;
    let path = home.outside(to);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn bytes(paths: &[&Path]) -> u64 {
    let sizes = paths.iter().map(|path| fs::metadata(path).unwrap().len());
    sizes.sum()
}

#[track_caller]
fn import_with(home: &Home, model: &Path, mmproj: &Path) -> Checkpoint {
    let imported = home
        .models
        .import(model, Some(mmproj), None, &NEVER, |_, _| {});
    imported.expect("it can be imported").expect("not stopped")
}

#[test]
fn the_tower_beside_a_model_comes_along_and_goes_with_it() {
    let home = Home::new();
    let model = copy(&home, "model.gguf", "a/gemma.gguf", 0);
    let tower = copy(&home, "mmproj.gguf", "a/mmproj-model-f16.gguf", 0);
    let taken = home.import(&model);
    assert_eq!(home.names(), ["gemma"]);
    assert_eq!(taken.path, home.inside("gemma").join("gemma.gguf"));
    assert_eq!(taken.mmproj, Some(home.inside("gemma").join("mmproj.gguf")));
    assert_eq!((taken.name.as_str(), taken.has_eyes), ("gemma", true));
    assert_eq!(taken.size_bytes, bytes(&[&model, &tower]));
    let listed = home.models.list().unwrap().checkpoints;
    assert_eq!(listed, std::slice::from_ref(&taken));
    assert_eq!(home.models.find("gemma").unwrap(), taken);
    assert_eq!(home.import(&model), taken, "taken once");
    fs::remove_file(&tower).unwrap();
    assert_eq!(home.import(&model), taken, "one that sees will do");

    assert_eq!(home.models.remove("gemma").unwrap(), taken.size_bytes);
    assert_eq!(home.names(), [""; 0]);
    assert!(model.is_file());
}

#[test]
fn models_keep_their_own_towers() {
    let home = Home::new();
    let seeing = ["a", "b"].map(|folder| {
        let twist = folder.as_bytes()[0];
        let model = copy(&home, "model.gguf", &format!("{folder}/x.gguf"), twist);
        copy(
            &home,
            "mmproj.gguf",
            &format!("{folder}/mmproj.gguf"),
            twist,
        );
        home.import(&model)
    });
    let blind = home.import(&copy(&home, "model.gguf", "c/x.gguf", b'c'));
    assert_eq!(home.names(), ["x", "x-2", "x-3.gguf"]);
    assert!(!blind.has_eyes, "nobody's tower is given to another");
    for (model, folder) in seeing.iter().zip(["a", "b"]) {
        let own = home.outside(folder).join("mmproj.gguf");
        let here = model.mmproj.as_ref().expect("it sees");
        assert_eq!(fs::read(here).unwrap(), fs::read(own).unwrap(), "{folder}");
    }
    assert_eq!(home.models.list().unwrap().checkpoints.len(), 3);
}

#[test]
fn a_tower_that_is_named_counts_more_than_one_beside() {
    let home = Home::new();
    let model = copy(&home, "model.gguf", "a/gemma.gguf", 0);
    copy(&home, "mmproj.gguf", "a/mmproj.gguf", 0);
    let named = copy(&home, "mmproj.gguf", "elsewhere/eyes.gguf", 1);
    let taken = import_with(&home, &model, &named);
    let here = taken.mmproj.expect("it sees");
    assert_eq!(fs::read(here).unwrap(), fs::read(&named).unwrap());
    let beside = home.import(&model);
    assert_eq!(beside.name, "gemma-2", "with another tower it is another");
}

#[test]
fn a_tower_that_does_not_fit_is_not_taken() {
    let home = Home::new();
    let model = copy(&home, "model.gguf", "a/gemma.gguf", 0);
    let other = home.outside("a/mmproj-27b.gguf");
    let clip = [
        ("general.architecture", Text("clip")),
        ("clip.vision.projection_dim", Number(5376)),
    ];
    fs::write(&other, gguf(&clip)).unwrap();
    assert!(!identify(&model).unwrap().has_eyes);
    let refused = |model: &Path, named: &Path| {
        let refused = home
            .models
            .import(model, Some(named), None, &NEVER, |_, _| {});
        let refused = refused.expect_err("it is refused");
        assert!(refused.hint().is_some(), "it says what to do");
        refused
    };
    for named in [&other, &model] {
        let refused = refused(&model, named);
        assert!(matches!(refused, Error::OtherProjector { .. }), "{refused}");
    }
    let refused = refused(&golden("tiny-mm"), &golden("tiny-mm/mmproj.gguf"));
    assert!(
        matches!(refused, Error::ProjectorForFolder { .. }),
        "{refused}"
    );
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn a_model_in_parts_brings_its_tower() {
    let home = Home::new();
    let parts = write_parts(&home, "big", 3);
    let clip = [
        ("general.architecture", Text("clip")),
        ("clip.vision.projection_dim", Number(5376)),
    ];
    let tower = home.outside("mmproj-model-f16.gguf");
    fs::write(&tower, gguf(&clip)).unwrap();
    let taken = home.import(&parts[1]);
    assert!(taken.has_eyes);
    let all: Vec<&Path> = parts.iter().chain([&tower]).map(PathBuf::as_path).collect();
    assert_eq!(taken.size_bytes, bytes(&all));
    assert_eq!(home.models.remove("big").unwrap(), taken.size_bytes);
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn a_folder_of_gguf_files_is_one_model_or_refused() {
    let home = Home::new();
    copy(&home, "model.gguf", "gemma-GGUF/gemma-3-it.gguf", 0);
    copy(
        &home,
        "mmproj.gguf",
        "gemma-GGUF/gemma-3-it-mmproj-f16.gguf",
        0,
    );
    let folder = home.outside("gemma-GGUF");
    let taken = home.import(&folder);
    assert_eq!((taken.name.as_str(), taken.has_eyes), ("gemma-3-it", true));

    copy(&home, "model.gguf", "gemma-GGUF/gemma-3-pt.gguf", 1);
    let refused = home.models.import(&folder, None, None, &NEVER, |_, _| {});
    let Err(Error::SeveralModels { names, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(names, ["gemma-3-it", "gemma-3-pt"]);
}

#[test]
fn a_folder_that_was_put_there_is_a_model_by_its_name() {
    let home = Home::new();
    copy(&home, "model.gguf", "models/mine/model-q4.gguf", 0);
    copy(&home, "mmproj.gguf", "models/mine/mmproj.gguf", 0);
    let [mine] = &home.models.list().unwrap().checkpoints[..] else {
        panic!("one model")
    };
    assert_eq!((mine.name.as_str(), mine.has_eyes), ("mine", true));
    assert_eq!(home.models.remove("mine").unwrap(), mine.size_bytes);
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn a_tower_that_lies_loose_goes_with_the_last_that_sees_with_it() {
    let home = Home::new();
    let tower = copy(&home, "mmproj.gguf", "models/mmproj-model-f16.gguf", 0);
    let first = copy(&home, "model.gguf", "models/a.gguf", 1);
    copy(&home, "model.gguf", "models/b.gguf", 2);
    let listed = home.models.list().unwrap().checkpoints;
    assert!(listed.iter().all(|model| model.has_eyes));
    let (model_bytes, both) = (bytes(&[&first]), bytes(&[&first, &tower]));
    assert_eq!(home.models.remove("a").unwrap(), model_bytes);
    assert_eq!(home.models.remove("b").unwrap(), both);
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn an_import_that_is_stopped_or_killed_leaves_nothing() {
    let home = Home::new();
    let model = copy(&home, "model.gguf", "a/gemma.gguf", 0);
    copy(&home, "mmproj.gguf", "a/mmproj.gguf", 0);
    let stop = AtomicBool::new(false);
    let press = |_, _| stop.store(true, Ordering::Relaxed);
    let stopped = home.models.import(&model, None, None, &stop, press);
    assert!(matches!(stopped, Ok(None)), "{stopped:?}");
    assert_eq!(home.names(), [""; 0]);

    // As a killed one leaves it, between two files.
    copy(
        &home,
        "model.gguf",
        "models/gemma.import.partial/gemma.gguf",
        0,
    );
    assert_eq!(home.models.list().unwrap().checkpoints, []);
    Models::open(home.models.folder()).unwrap();
    assert_eq!(home.names(), [""; 0]);
}

/// The hub's cache has links with the names, and the bytes elsewhere under numbers.
#[cfg(unix)]
#[test]
fn links_of_the_hubs_cache_keep_their_names() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let model = copy(&home, "model.gguf", "blobs/1234", 0);
    let tower = copy(&home, "mmproj.gguf", "blobs/5678", 0);
    fs::create_dir(home.outside("snapshot")).unwrap();
    let link = home.outside("snapshot").join("gemma-3-it.gguf");
    symlink(&model, &link).unwrap();
    symlink(&tower, home.outside("snapshot").join("mmproj-f16.gguf")).unwrap();
    let taken = home.import(&link);
    assert_eq!((taken.name.as_str(), taken.has_eyes), ("gemma-3-it", true));
    fs::remove_dir_all(home.outside("blobs")).unwrap();
    assert_eq!(
        home.models.find(&taken.name).unwrap(),
        taken,
        "no link came along"
    );
}

#[test]
fn a_folder_as_hugging_face_has_it_has_its_eyes_in_it() {
    assert!(identify(&golden("tiny-mm")).unwrap().has_eyes);
    assert!(!identify(&golden("tiny-text")).unwrap().has_eyes);
}
