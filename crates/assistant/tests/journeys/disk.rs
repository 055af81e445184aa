//! What lies on the disk, and what leaves it.

use std::fs;

use assistant::{Kind, ModelState, Place};

use crate::desk::{Desk, STARTER, golden, starter};

/// Of what lies in the models folder: the starter may be a link to where it was fetched.
fn own_bytes(desk: &Desk) -> u64 {
    let entries = fs::read_dir(desk.assistant.models_folder().unwrap()).unwrap();
    let bytes = entries.map(|entry| entry.unwrap().metadata().unwrap().len());
    bytes.sum()
}

#[test]
fn every_model_is_told_with_its_bytes_and_its_last_use() {
    let desk = Desk::new();
    let before = desk.assistant.disk().unwrap();
    let [model] = &before.models[..] else {
        panic!("{:?}", before.models)
    };
    let bytes = fs::metadata(starter()).unwrap().len();
    assert_eq!((model.name.as_str(), model.bytes), (STARTER, bytes));
    assert_eq!(model.files, [(format!("{STARTER}.gguf"), bytes)]);
    assert_eq!((model.last_used_ms, model.place), (None, Place::Ours));

    let chat = desk.new_conversation();
    desk.ask(chat, "Hello.", 1);
    let after = desk.assistant.disk().unwrap();
    let said = desk.assistant.messages(chat).unwrap();
    let used_ms = after.models[0].last_used_ms.unwrap();
    assert!(said.last().unwrap().created_ms <= used_ms);
    let bytes_of = |kind| {
        let mut kinds = after.kinds.iter();
        kinds.find(|it| it.kind == kind).unwrap().bytes
    };
    assert_eq!(bytes_of(Kind::Models), own_bytes(&desk));
    assert!(0 < bytes_of(Kind::Library));
    for kind in [
        Kind::Partials,
        Kind::PictureCache,
        Kind::PrefixStore,
        Kind::Trash,
    ] {
        assert_eq!(bytes_of(kind), 0, "{kind:?}");
    }
    desk.assistant.delete_model(STARTER).unwrap();
    desk.put_starter_as(STARTER);
    assert_eq!(desk.assistant.disk().unwrap().models[0].last_used_ms, None);
}

#[test]
fn a_removed_model_comes_back_chosen_until_lectern_quits() {
    let desk = Desk::new();
    desk.put_starter_as("other");
    desk.assistant.choose_model(STARTER).unwrap();
    let bytes = own_bytes(&desk) / 2;
    assert_eq!(desk.assistant.remove_model(STARTER).unwrap(), bytes);
    let chosen = |desk: &Desk| match desk.assistant.model_state().unwrap() {
        ModelState::Chosen { model, .. } => model.name,
        ModelState::Absent => "none".to_owned(),
    };
    assert_eq!(chosen(&desk), "other");
    assert_eq!(desk.assistant.restore_model(STARTER).unwrap().name, STARTER);
    assert_eq!(chosen(&desk), STARTER);

    desk.assistant.remove_model(STARTER).unwrap();
    assert_eq!(desk.assistant.empty_trash().unwrap(), bytes);
    desk.assistant.remove_model("other").unwrap();
    let desk = desk.restarted();
    assert!(desk.assistant.restore_model("other").is_err());
    let trash = desk.assistant.disk().unwrap();
    let trash = trash
        .kinds
        .iter()
        .find(|it| it.kind == Kind::Trash)
        .unwrap();
    assert_eq!(trash.bytes, 0);
}

/// A person moves the folder away, or unplugs its disk, while Lectern runs: that is said, nothing is made in its place,
/// and when it is back all goes on.
#[test]
fn a_folder_that_goes_away_while_lectern_runs_is_said() {
    let desk = Desk::new();
    let folder = desk.assistant.models_folder().unwrap();
    let chat = desk.new_conversation();
    desk.assistant.models().unwrap();
    let away = desk.home.path().join("away");
    fs::rename(&folder, &away).unwrap();
    let refused = [
        desk.assistant.models().unwrap_err(),
        desk.assistant.disk().unwrap_err(),
        desk.assistant.remove_model(STARTER).unwrap_err(),
        desk.assistant.use_in_place(&starter()).unwrap_err(),
        desk.try_ask(chat, "Hello.", 1).unwrap_err(),
    ];
    for error in refused {
        let said = error.sentence();
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
        assert!(error.hint().is_some_and(|hint| hint.contains("disk")));
    }
    assert!(!folder.exists());
    fs::rename(&away, &folder).unwrap();
    desk.ask(chat, "Hello.", 1);
}

#[test]
fn the_models_move_while_lectern_runs_and_answer_from_there() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    desk.ask(chat, "Hello.", 1);
    let far = desk.home.path().join("far");
    let never = std::sync::atomic::AtomicBool::new(false);
    let moved = desk.assistant.move_models(&far, &never, |_, _| {});
    assert_eq!(moved.unwrap(), Some(far.clone()));
    assert_eq!(desk.assistant.models_folder().unwrap(), far);
    let model = &desk.assistant.models().unwrap()[0];
    assert!(model.path.starts_with(&far));
    desk.ask(chat, "And now?", 1);
    let desk = desk.restarted();
    desk.ask(chat, "And after a restart?", 1);
}

#[test]
fn what_is_left_over_is_told_and_deleted_by_its_name() {
    let desk = Desk::without_a_model();
    let folder = desk.assistant.models_folder().unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::copy(golden("tiny-mm/mmproj.gguf"), folder.join("mmproj.gguf")).unwrap();
    let [leftover] = &desk.assistant.disk().unwrap().leftovers[..] else {
        panic!("there is one")
    };
    assert_eq!(
        desk.assistant.remove_leftover(&leftover.name).unwrap(),
        leftover.bytes
    );
    assert_eq!(desk.assistant.disk().unwrap().leftovers, []);
}
