//! Pictures: kept once, with their messages and drafts, and gone with the last of them.

use std::io::{BufRead, BufReader};

use library::{Draft, Error, Library, NewPicture, Picture, PictureId};

use crate::{Shelf, contains, library_of_parent, process};

fn new(bytes: &[u8]) -> NewPicture<'_> {
    NewPicture {
        bytes,
        mime: "image/png",
        width: 640,
        height: 480,
        preview: b"small",
    }
}

#[track_caller]
fn add(library: &Library, conversation: Option<i64>, bytes: &[u8]) -> Picture {
    library
        .add_draft_picture(conversation, &new(bytes))
        .unwrap()
}

#[test]
fn a_picture_comes_back_as_it_went_in() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let large: Vec<u8> = (0..5_000_000u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    let picture = add(&library, Some(id), &large);
    assert_eq!(picture.id, PictureId::of(&large));
    assert_eq!(
        (picture.width, picture.height, picture.size_bytes),
        (640, 480, 5_000_000)
    );
    let question = library
        .add_question_with(id, "What is it?", &[(picture.id, true)], 2)
        .unwrap();
    library.save_draft(Some(id), "", &[]).unwrap();
    drop(library);

    let library = shelf.open();
    let [kept] = &library.messages(id).unwrap()[..] else {
        panic!("one question")
    };
    assert_eq!(*kept, question);
    assert_eq!(question.pictures[0].picture, picture);
    assert!(question.pictures[0].pan_and_scan);
    assert!(library.picture_bytes(picture.id).unwrap() == large);
    assert_eq!(library.picture_preview(picture.id).unwrap(), b"small");
}

#[test]
fn each_message_has_its_own_pictures_in_their_order() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let [a, b] = [b"a", b"b"].map(|bytes| add(&library, Some(id), bytes).id);
    library.add_question(id, "none", 2).unwrap();
    library
        .add_question_with(id, "two", &[(b, false), (a, true)], 3)
        .unwrap();
    library
        .add_question_with(id, "one twice", &[(a, false), (a, false)], 4)
        .unwrap();
    let shown = |message: &library::Message| -> Vec<(PictureId, bool)> {
        let shown = message.pictures.iter();
        shown
            .map(|shown| (shown.picture.id, shown.pan_and_scan))
            .collect()
    };
    let found: Vec<_> = library.messages(id).unwrap().iter().map(shown).collect();
    assert_eq!(
        found,
        [
            vec![],
            vec![(b, false), (a, true)],
            vec![(a, false), (a, false)]
        ]
    );
}

#[test]
fn pictures_in_a_draft_survive_a_restart_and_go_where_it_goes() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let [first, second] = [b"first", b"other"].map(|bytes| add(&library, None, bytes));
    assert_eq!(add(&library, None, b"first"), first, "once is enough");
    drop(library);

    let library = shelf.open();
    let draft = Draft {
        text: String::new(),
        pictures: vec![first.clone(), second.clone()],
    };
    assert_eq!(library.draft(None).unwrap(), draft);
    // The conversation begins: what was nobody's draft is its own.
    let id = library.new_conversation(1).unwrap().id;
    library
        .save_draft(Some(id), "text", &[second.id, first.id])
        .unwrap();
    library.save_draft(None, "", &[]).unwrap();
    let draft = Draft {
        text: "text".to_owned(),
        pictures: vec![second, first],
    };
    assert_eq!(library.draft(Some(id)).unwrap(), draft);
    assert_eq!(library.draft(None).unwrap(), Draft::default());

    let refused = library.add_draft_picture(Some(id + 1), &new(b"nowhere"));
    assert!(
        matches!(refused, Err(Error::NoConversation { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_picture_is_kept_once_and_until_nobody_shows_it() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let [one, two] = [1, 2].map(|now| library.new_conversation(now).unwrap().id);
    let picture = add(
        &library,
        Some(one),
        &b"a-picture-that-two-show ".repeat(1000),
    )
    .id;
    library
        .add_question_with(one, "What is it?", &[(picture, false)], 3)
        .unwrap();
    library.save_draft(Some(one), "", &[]).unwrap();
    assert_eq!(
        add(
            &library,
            Some(two),
            &b"a-picture-that-two-show ".repeat(1000)
        )
        .id,
        picture
    );
    library.delete_conversation(one, 4).unwrap();
    drop(library);

    let library = shelf.open();
    assert!(
        library.has_picture(picture).unwrap(),
        "a draft has it still"
    );
    library.save_draft(Some(two), "without it", &[]).unwrap();
    assert!(!library.has_picture(picture).unwrap());
    for refused in [
        library.picture_bytes(picture).map(drop),
        library.picture_preview(picture).map(drop),
        library
            .add_question_with(two, "?", &[(picture, false)], 5)
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(Error::NoPicture { id }) if id == picture),
            "{refused:?}"
        );
    }
    drop(library);
    assert!(
        !contains(&shelf.bytes(), "a-picture-that-two-show"),
        "not a byte of it is left"
    );
}

#[test]
fn pictures_of_a_deleted_conversation_come_back_with_it_or_are_gone_with_it() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let picture = add(&library, Some(id), &b"secret-picture ".repeat(10_000)).id;
    let question = library
        .add_question_with(id, "?", &[(picture, false)], 2)
        .unwrap();
    library.delete_conversation(id, 3).unwrap();
    library.save_draft(None, "something else", &[]).unwrap();
    library.restore_conversation(id).unwrap();
    assert_eq!(library.messages(id).unwrap(), [question]);
    library.delete_conversation(id, 4).unwrap();
    drop(library);

    let library = shelf.open();
    assert!(!library.has_picture(picture).unwrap());
    assert!(!contains(&shelf.bytes(), "secret-picture"));
}

#[test]
fn names_read_back() {
    let id = PictureId::of(b"x");
    assert_eq!(PictureId::parse(&id.to_string()), Some(id));
    let upper = id.to_string().to_uppercase();
    for other in ["", "abc", &upper, &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(PictureId::parse(other), None, "{other:?}");
    }
}

/// What the killed process of the test below does until it is killed.
#[test]
fn a_process_that_shows_pictures() {
    let Some(path) = library_of_parent() else {
        return;
    };
    let library = Library::open(&path).unwrap();
    let id = library.new_conversation(1).unwrap().id;
    let picture = add(&library, Some(id), &b"asked ".repeat(100_000)).id;
    library
        .add_question_with(id, "?", &[(picture, true)], 2)
        .unwrap();
    library.save_draft(Some(id), "", &[]).unwrap();
    add(&library, Some(id), &b"unsent ".repeat(100_000));
    println!("\nkept");
    std::io::stdin().lines().for_each(drop); // until it is killed
}

#[test]
fn a_killed_process_leaves_what_it_showed() {
    let shelf = Shelf::new();
    let mut child = process("pictures::a_process_that_shows_pictures", &shelf);
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(said.map_while(Result::ok).any(|line| line == "kept"));
    child.kill().unwrap();
    child.wait().unwrap();

    let library = shelf.open();
    let [question] = &library.messages(1).unwrap()[..] else {
        panic!("one question")
    };
    let asked = &question.pictures[0];
    assert!(asked.pan_and_scan);
    assert!(library.picture_bytes(asked.picture.id).unwrap() == b"asked ".repeat(100_000));
    let unsent = &library.draft(Some(1)).unwrap().pictures[0];
    assert!(library.picture_bytes(unsent.id).unwrap() == b"unsent ".repeat(100_000));
}
