//! A removed model comes back until the process ends, and not after.

use std::fs;

use checkpoints::{Error, Models};

use crate::{Home, golden};

/// The model that sees, its terms, and one that sees with the same tower if `shared`.
fn put(home: &Home, shared: bool) {
    fs::copy(golden("tiny-mm/model.gguf"), home.inside("a.gguf")).unwrap();
    fs::copy(golden("tiny-mm/mmproj.gguf"), home.inside("a-mmproj.gguf")).unwrap();
    fs::write(home.inside("a.NOTICE.txt"), "terms").unwrap();
    if shared {
        fs::copy(golden("tiny-mm/model.gguf"), home.inside("b.gguf")).unwrap();
    }
}

#[test]
fn what_was_put_aside_comes_back_whole() {
    for shared in [false, true] {
        let home = Home::new();
        put(&home, shared);
        let before = home.names();
        let model = home.models.find("a").unwrap();
        let tower = fs::metadata(home.inside("a-mmproj.gguf")).unwrap().len();
        let bytes = home.models.put_aside("a").unwrap();
        let expected = model.size_bytes + 5 - if shared { tower } else { 0 };
        assert_eq!(bytes, expected);
        let left: &[&str] = match shared {
            true => &[".trash", "a-mmproj.gguf", "b.gguf"],
            false => &[".trash"],
        };
        assert_eq!(home.names(), left);
        assert!(matches!(
            home.models.find("a"),
            Err(Error::NoSuchModel { .. })
        ));

        assert_eq!(home.models.restore("a").unwrap(), model);
        let mut names = home.names();
        names.retain(|name| name != ".trash");
        assert_eq!(names, before);
        let nothing = home.models.restore("a");
        assert!(matches!(nothing, Err(Error::NoSuchModel { .. })));
    }
}

#[test]
fn the_last_of_a_name_comes_back_first_and_never_over_another() {
    let home = Home::new();
    for _ in 0..2 {
        put(&home, false);
        home.models.put_aside("a").unwrap();
    }
    home.models.restore("a").unwrap();
    let refused = home.models.restore("a");
    assert!(matches!(refused, Err(Error::Exists { .. })), "{refused:?}");
    home.models.remove("a").unwrap();
    home.models.restore("a").unwrap();
}

#[test]
fn the_trash_is_emptied_at_the_end_and_at_the_next_start() {
    let home = Home::new();
    put(&home, false);
    let bytes = home.models.put_aside("a").unwrap();
    assert_eq!(home.models.empty_trash().unwrap(), bytes);
    assert!(matches!(
        home.models.restore("a"),
        Err(Error::NoSuchModel { .. })
    ));

    // What a killed process leaves.
    fs::create_dir_all(home.inside(".trash/1")).unwrap();
    fs::write(home.inside(".trash/1/a.gguf"), "left").unwrap();
    let second = Models::open(home.models.folder()).unwrap();
    assert!(home.inside(".trash/1").exists(), "another is open");
    drop(second);
    let folder = home.models.folder().to_owned();
    let Home {
        folder: _kept,
        models,
    } = home;
    drop(models);
    let alone = Models::open(&folder).unwrap();
    assert!(!folder.join(".trash").exists());

    fs::copy(golden("tiny-mm/model.gguf"), folder.join("a.gguf")).unwrap();
    alone.put_aside("a").unwrap();
    drop(alone);
    assert_eq!(fs::read_dir(folder.join(".trash")).unwrap().count(), 0);
}
