//! Conversations, messages, drafts and settings across restarts.

use library::{Error, Role};

use crate::{Shelf, contains, figures};

#[test]
fn what_was_said_is_there_after_a_restart() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let conversation = library.new_conversation(1000).unwrap();
    let question = library
        .add_question(conversation.id, "What is a lectern?", 2000)
        .unwrap();
    let mut answer = library.begin_answer(conversation.id, 3000).unwrap();
    answer.append("A stand ", 3100).unwrap();
    answer.append("for a book.", 3200).unwrap();
    let answer = answer.finish(false, &figures(), 4000).unwrap();
    library
        .rename_conversation(conversation.id, "Lecterns")
        .unwrap();
    drop(library);

    let library = shelf.open();
    assert_eq!(
        library.messages(conversation.id).unwrap(),
        [question, answer.clone()]
    );
    assert_eq!(answer.text, "A stand for a book.");
    assert_eq!((answer.role, answer.cut_short), (Role::Model, false));
    assert_eq!(answer.figures, Some(figures()));
    let [conversation] = &library.conversations().unwrap()[..] else {
        panic!("one conversation")
    };
    assert_eq!(conversation.title, "Lecterns");
    assert_eq!(
        (conversation.created_ms, conversation.updated_ms),
        (1000, 4000)
    );
}

#[test]
fn the_conversation_used_last_comes_first() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let ids: Vec<_> = (0..3)
        .map(|i| library.new_conversation(i).unwrap().id)
        .collect();
    let order = || {
        library
            .conversations()
            .unwrap()
            .iter()
            .map(|c| c.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(order(), [ids[2], ids[1], ids[0]]);

    library.add_question(ids[0], "Still there?", 10).unwrap();
    assert_eq!(order(), [ids[0], ids[2], ids[1]]);
    library
        .rename_conversation(ids[1], "A name is not a use")
        .unwrap();
    assert_eq!(order(), [ids[0], ids[2], ids[1]]);
    library
        .add_question(ids[2], "By a clock that was set back", -5)
        .unwrap();
    assert_eq!(order(), [ids[0], ids[2], ids[1]]);
}

#[test]
fn a_deleted_conversation_comes_back_whole_until_the_next_start() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let question = library.add_question(id, "Keep this", 2).unwrap();
    library.save_draft(Some(id), "and this", &[]).unwrap();

    library.delete_conversation(id, 3).unwrap();
    assert_eq!(library.conversations().unwrap(), []);
    for refused in [
        library.messages(id).map(drop),
        library.conversation(id).map(drop),
        library.rename_conversation(id, "x"),
        library.add_question(id, "x", 4).map(drop),
    ] {
        assert!(
            matches!(refused, Err(Error::NoConversation { id: of }) if of == id),
            "{refused:?}"
        );
    }

    library.restore_conversation(id).unwrap();
    assert_eq!(library.messages(id).unwrap(), [question]);
    assert_eq!(library.draft(Some(id)).unwrap().text, "and this");
    assert_eq!(library.conversation(id).unwrap().updated_ms, 2);
}

#[test]
fn what_was_deleted_is_in_no_byte_of_any_file_after_the_next_start() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let kept = library.new_conversation(1).unwrap().id;
    library.add_question(kept, "the-kept-phrase", 2).unwrap();
    let gone = library.new_conversation(3).unwrap().id;
    library.rename_conversation(gone, "secret-title").unwrap();
    library
        .add_question(gone, &"secret-question ".repeat(10_000), 4)
        .unwrap();
    let mut answer = library.begin_answer(gone, 5).unwrap();
    answer.append("secret-answer", 5000).unwrap();
    answer.finish(true, &figures(), 6000).unwrap();
    library.save_draft(Some(gone), "secret-draft", &[]).unwrap();
    library.delete_conversation(gone, 7000).unwrap();
    drop(library);

    let library = shelf.open();
    assert!(matches!(
        library.restore_conversation(gone),
        Err(Error::NoConversation { .. })
    ));
    let secrets = [
        "secret-title",
        "secret-question",
        "secret-answer",
        "secret-draft",
    ];
    for secret in secrets {
        assert!(
            !contains(&shelf.bytes(), secret),
            "{secret} while the library is open"
        );
    }
    assert!(contains(&shelf.bytes(), "the-kept-phrase"));
    let next = library.new_conversation(8000).unwrap().id;
    assert!(gone < next, "the id {gone} is not given again");
}

#[test]
fn drafts_survive_a_restart_each_in_its_place() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    assert_eq!(library.draft(None).unwrap().text, "");
    library.save_draft(None, "not begun", &[]).unwrap();
    library.save_draft(Some(id), "begun", &[]).unwrap();
    library.save_draft(None, "not begun yet", &[]).unwrap();
    drop(library);

    let library = shelf.open();
    assert_eq!(library.draft(None).unwrap().text, "not begun yet");
    assert_eq!(library.draft(Some(id)).unwrap().text, "begun");
    library.save_draft(None, "", &[]).unwrap();
    assert_eq!(library.draft(None).unwrap().text, "");
    assert_eq!(library.draft(Some(id)).unwrap().text, "begun");
    let refused = library.save_draft(Some(id + 1), "nowhere", &[]);
    assert!(
        matches!(refused, Err(Error::NoConversation { .. })),
        "{refused:?}"
    );
}

#[test]
fn settings_survive_a_restart() {
    let shelf = Shelf::new();
    let library = shelf.open();
    assert_eq!(library.setting("theme").unwrap(), None);
    library
        .save_settings(&[("theme", Some("dark")), ("model", Some("gemma"))])
        .unwrap();
    library
        .save_settings(&[("theme", Some("light")), ("model", None)])
        .unwrap();
    drop(library);

    let library = shelf.open();
    assert_eq!(library.setting("theme").unwrap().as_deref(), Some("light"));
    assert_eq!(library.setting("model").unwrap(), None);
}

#[test]
fn any_text_comes_back_as_it_went_in() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let long = "Zehn Megabyte, größtenteils Ö. ".repeat(10 * 1024 * 1024 / 33);
    assert!(10 * 1024 * 1024 <= long.len() + 64, "{}", long.len());
    let texts = [
        "",
        " ",
        "a\0b",
        "'; DROP TABLE message; --",
        "👩‍👩‍👧‍👦 é e\u{301} \u{202e}עברית",
        "\r\n\t",
        &long,
    ];
    for text in texts {
        library.add_question(id, text, 2).unwrap();
        library.rename_conversation(id, text).unwrap();
        assert_eq!(library.conversation(id).unwrap().title, text);
    }
    drop(library);
    let messages = shelf.open().messages(id).unwrap();
    assert!(
        messages
            .iter()
            .map(|message| message.text.as_str())
            .eq(texts)
    );
}
