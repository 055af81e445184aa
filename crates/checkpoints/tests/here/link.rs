//! Models that stay where they are.

use std::fs;
use std::path::PathBuf;

use checkpoints::{Checkpoint, Error, Place, Taking};

use crate::written::write_parts;
use crate::{Home, NEVER, golden};

/// A copy of the golden model outside the models folder, in a folder of its own with `beside`.
fn outside(home: &Home, beside: &[&str]) -> PathBuf {
    let folder = home.outside("their models");
    fs::create_dir_all(&folder).unwrap();
    for name in ["model.gguf"].iter().chain(beside) {
        fs::copy(golden("tiny-mm").join(name), folder.join(name)).unwrap();
    }
    folder.join("model.gguf")
}

#[track_caller]
fn link(home: &Home, path: &std::path::Path) -> Checkpoint {
    let linked = home
        .models
        .import(path, None, Some(Taking::Link), &NEVER, |_, _| {});
    linked.unwrap().expect("it is not stopped")
}

#[test]
fn a_linked_model_is_one_of_ours_and_stays_theirs() {
    let home = Home::new();
    let file = outside(&home, &["mmproj.gguf"]);
    let model = link(&home, &file);
    assert_eq!(
        (model.name.as_str(), model.place),
        ("model", Place::Elsewhere)
    );
    assert_eq!((&model.path, model.has_eyes), (&file, true));
    assert_eq!(home.names(), ["model.link.json"]);
    let listed = home.models.list().unwrap().checkpoints;
    assert_eq!(listed, std::slice::from_ref(&model));
    assert_eq!(link(&home, &file), model, "linked once");
    assert!(home.models.has(&model).unwrap());

    let freed = home.models.remove("model").unwrap();
    assert!(freed < 1000, "{freed}: the link alone");
    assert_eq!(home.names(), [""; 0]);
    assert!(file.is_file() && file.with_file_name("mmproj.gguf").is_file());
}

#[test]
fn a_folder_and_a_model_in_parts_can_be_linked() {
    let home = Home::new();
    assert_eq!(link(&home, &golden("tiny-text")).name, "tiny-text");
    let parts = write_parts(&home, "large", 3);
    let model = link(&home, &parts[1]);
    assert_eq!((model.name.as_str(), &model.path), ("large", &parts[0]));
}

#[test]
fn a_linked_file_that_vanishes_is_a_problem_that_can_be_forgotten() {
    let home = Home::new();
    let file = outside(&home, &[]);
    link(&home, &file);
    fs::remove_file(&file).unwrap();
    let listing = home.models.list().unwrap();
    assert_eq!(listing.checkpoints, []);
    let [problem] = &listing.problems[..] else {
        panic!("{:?}", listing.problems)
    };
    let expected = format!("{} is not there any more, where model was", file.display());
    assert_eq!(problem.to_string(), expected);
    assert!(
        problem
            .hint()
            .is_some_and(|hint| hint.contains("forgets it"))
    );
    assert!(matches!(
        home.models.find("model"),
        Err(Error::LinkGone { .. })
    ));

    fs::copy(golden("tiny-mm/model.gguf"), &file).unwrap();
    assert!(home.models.find("model").is_ok(), "it was put back");
    fs::remove_file(&file).unwrap();
    home.models.remove("model").unwrap();
    assert_eq!(home.names(), [""; 0]);
}

#[test]
fn a_name_is_given_once_to_links_and_to_copies() {
    let home = Home::new();
    let file = outside(&home, &[]);
    link(&home, &file);
    let copy = home.import(&file);
    assert_eq!((copy.name.as_str(), copy.place), ("model-2", Place::Ours));
    let names: Vec<String> = home
        .models
        .list()
        .unwrap()
        .checkpoints
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["model", "model-2"]);
}

#[test]
fn a_link_that_says_nothing_is_a_problem_with_its_name() {
    let home = Home::new();
    for (name, text) in [
        ("a", "{"),
        ("b", r#"{"version":9}"#),
        ("c", r#"{"version":1,"path":"x"}"#),
    ] {
        fs::write(home.inside(&format!("{name}.link.json")), text).unwrap();
    }
    let problems = home.models.list().unwrap().problems;
    assert_eq!(problems.len(), 3);
    assert!(
        problems
            .iter()
            .all(|problem| matches!(problem, Error::Link { .. }))
    );
    home.models.remove("a").unwrap();
    assert_eq!(home.names(), ["b.link.json", "c.link.json"]);
}
