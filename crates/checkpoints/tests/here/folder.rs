//! The models folder: what is listed, what is found, what goes.

use std::fs;
use std::path::Path;

use checkpoints::{Error, Models};

use crate::written::{Number, Text, gemma, gguf};
use crate::{Home, golden};

fn put_golden(home: &Home, name: &str) {
    fs::copy(golden("tiny-text/model.gguf"), home.inside(name)).unwrap();
}

#[test]
fn only_what_is_a_model_is_listed_by_name() {
    let home = Home::new();
    for name in [
        "b.gguf",
        "a.GGUF",
        ".hidden.gguf",
        "c.gguf.partial",
        "notes.txt",
    ] {
        put_golden(&home, name);
    }
    fs::copy(golden("tiny-mm/mmproj.gguf"), home.inside("mmproj.gguf")).unwrap();
    fs::write(
        home.inside("llama.gguf"),
        gguf(&[("general.architecture", Text("llama"))]),
    )
    .unwrap();
    fs::create_dir(home.inside("empty")).unwrap();
    fs::create_dir(home.inside("folder")).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(
            golden("tiny-text").join(name),
            home.inside("folder").join(name),
        )
        .unwrap();
    }

    let listing = home.models.list().unwrap();
    let names = listing
        .checkpoints
        .iter()
        .map(|checkpoint| checkpoint.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b", "folder"]);
    let [Error::OtherModel { found, .. }] = &listing.problems[..] else {
        panic!("{:?}", listing.problems)
    };
    assert_eq!(found, "a Llama model");
    assert_eq!(home.models.find("b").unwrap(), listing.checkpoints[1]);
}

#[test]
fn a_file_that_was_replaced_is_read_again() {
    let home = Home::new();
    fs::write(home.inside("x.gguf"), gemma(26, 1152, &[])).unwrap();
    assert_eq!(home.models.find("x").unwrap().title, "Gemma 3 1B");
    assert_eq!(home.models.find("x").unwrap().title, "Gemma 3 1B");
    let more = [("general.file_type", Number(2))]; // of another size: times may be coarse
    fs::write(home.inside("x.gguf"), gemma(34, 2560, &more)).unwrap();
    assert_eq!(home.models.find("x").unwrap().title, "Gemma 3 4B");
}

#[test]
fn a_removed_model_is_gone_with_its_terms_and_its_bytes() {
    let home = Home::new();
    put_golden(&home, "tiny.gguf");
    put_golden(&home, "other.gguf");
    fs::write(home.inside("tiny.GEMMA_TERMS.html"), [b' '; 1000]).unwrap();
    fs::write(home.inside("tiny.NOTICE.txt"), [b' '; 100]).unwrap();
    fs::write(home.inside("tiny.origin.json"), [b' '; 10]).unwrap();
    let model_bytes = fs::metadata(home.inside("tiny.gguf")).unwrap().len();
    assert_eq!(home.models.remove("tiny").unwrap(), model_bytes + 1110);
    assert_eq!(home.names(), ["other.gguf"]);
    assert!(matches!(
        home.models.find("tiny"),
        Err(Error::NoSuchModel { .. })
    ));
}

#[test]
fn a_removed_folder_goes_whole() {
    let home = Home::new();
    fs::create_dir(home.inside("folder")).unwrap();
    fs::write(home.inside("folder").join("config.json"), "{}").unwrap(); // a broken one can go, too
    fs::write(home.inside("folder").join("model.safetensors"), [0; 1000]).unwrap();
    assert_eq!(home.models.remove("folder").unwrap(), 1002);
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let home = Home::new();
    let outside = home.outside("precious.gguf");
    fs::copy(golden("tiny-text/model.gguf"), &outside).unwrap();
    let absolute = outside.with_extension("").display().to_string();
    for name in [
        "../precious",
        "..",
        ".",
        "",
        "/",
        absolute.as_str(),
        "..\\precious",
        "a/../../precious",
    ] {
        let refused = home.models.remove(name);
        assert!(
            matches!(refused, Err(Error::NoSuchModel { .. })),
            "{name:?}: {refused:?}"
        );
        assert!(
            matches!(home.models.find(name), Err(Error::NoSuchModel { .. })),
            "{name:?}"
        );
    }
    assert!(outside.is_file());
}

#[cfg(unix)]
#[test]
fn of_a_link_the_link_goes_and_what_it_leads_to_stays() {
    let home = Home::new();
    let file = home.outside("precious.gguf");
    fs::copy(golden("tiny-text/model.gguf"), &file).unwrap();
    std::os::unix::fs::symlink(&file, home.inside("linked.gguf")).unwrap();
    std::os::unix::fs::symlink(golden("tiny-text"), home.inside("linked-folder")).unwrap();
    let listed = home.models.list().unwrap().checkpoints;
    let names: Vec<_> = listed
        .iter()
        .map(|checkpoint| checkpoint.name.as_str())
        .collect();
    assert_eq!(names, ["linked", "linked-folder"]);
    home.models.remove("linked").unwrap();
    home.models.remove("linked-folder").unwrap();
    assert_eq!(home.names(), [""; 0]);
    assert!(file.is_file() && golden("tiny-text/config.json").is_file());
}

#[test]
fn what_a_killed_import_left_is_cleared_away_when_the_folder_is_opened() {
    let home = Home::new();
    put_golden(&home, "kept.gguf");
    put_golden(&home, "half.import.partial");
    fs::create_dir(home.inside("folder.import.partial")).unwrap();
    fs::write(
        home.inside("folder.import.partial").join("config.json"),
        "{}",
    )
    .unwrap();
    put_golden(&home, "starter.gguf.partial"); // a download that goes on where it stopped
    Models::open(home.models.folder()).unwrap();
    assert_eq!(home.names(), ["kept.gguf", "starter.gguf.partial"]);
}

#[test]
fn a_place_where_no_folder_can_be_is_named() {
    let home = Home::new();
    fs::write(home.outside("file"), "").unwrap();
    let refused = Models::open(&home.outside("file").join("models"))
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("could not make the folder "),
        "{refused}"
    );
    assert!(
        refused.ends_with(&Path::new("file").join("models").display().to_string()),
        "{refused}"
    );
}
