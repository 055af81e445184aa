//! What is kept, and what is not.

use assistant::{Sampling, Settings, Theme};

use crate::desk::Desk;

/// After a restart everything is where it was.
#[test]
fn a_restart_finds_everything() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    desk.ask(chat, "What is a book?", 6);
    desk.assistant
        .rename_conversation(chat, " On books ")
        .unwrap();
    desk.assistant
        .save_draft(Some(chat), "And what is", &[])
        .unwrap();
    desk.assistant
        .save_draft(None, "Another thing", &[])
        .unwrap();
    let settings = Settings {
        theme: Theme::Dark,
        sidebar_open: false,
        open_conversation: Some(chat),
        model: Some("gemma-3-270m-q4_k_m".to_owned()),
        pan_and_scan: false,
        context_tokens: Some(4096),
        rest_after_minutes: None,
        sampling: Sampling {
            temperature: 0.7,
            top_k: 40,
            top_p: 0.9,
            min_p: 0.05,
            seed: Some(u64::MAX),
        },
    };
    desk.assistant.save_settings(&settings).unwrap();
    let before = (desk.messages(chat), desk.assistant.conversations().unwrap());

    let desk = desk.restarted();

    assert_eq!(
        (desk.messages(chat), desk.assistant.conversations().unwrap()),
        before
    );
    assert_eq!(before.1[0].title, "On books");
    assert_eq!(
        desk.assistant.draft(Some(chat)).unwrap().text,
        "And what is"
    );
    assert_eq!(desk.assistant.draft(None).unwrap().text, "Another thing");
    assert_eq!(desk.assistant.settings().unwrap(), settings);
    desk.ask(chat, "Go on.", 2);
    assert_eq!(desk.messages(chat).len(), 4, "and the conversation goes on");
}

/// What nobody has chosen yet is as Gemma's authors recommend it.
#[test]
fn a_new_person_finds_the_usual() {
    let home = tempfile::tempdir().unwrap();
    let assistant = assistant::Assistant::open(crate::desk::options(home.path())).unwrap();
    let settings = assistant.settings().unwrap();
    let Settings {
        theme,
        sidebar_open,
        open_conversation,
        model,
        pan_and_scan,
        context_tokens,
        rest_after_minutes,
        sampling,
    } = settings;
    assert_eq!(
        (theme, sidebar_open, open_conversation, model, pan_and_scan),
        (Theme::System, true, None, None, true)
    );
    assert_eq!((context_tokens, rest_after_minutes), (None, Some(60)));
    let usual = Sampling {
        temperature: 1.0,
        top_k: 64,
        top_p: 0.95,
        min_p: 0.0,
        seed: None,
    };
    assert_eq!(sampling, usual);
}

/// A deleted conversation is out of sight, comes back by undo, and is gone after the next start.
#[test]
fn deleting_can_be_undone_until_the_next_start() {
    let desk = Desk::without_a_model();
    let (kept, lost) = (desk.new_conversation(), desk.new_conversation());
    let listed = |desk: &Desk| -> Vec<i64> {
        desk.assistant
            .conversations()
            .unwrap()
            .iter()
            .map(|conversation| conversation.id)
            .collect()
    };

    desk.assistant.delete_conversation(kept).unwrap();
    assert_eq!(listed(&desk), [lost]);
    desk.assistant.restore_conversation(kept).unwrap();
    assert_eq!(listed(&desk), [lost, kept]);
    desk.assistant.delete_conversation(lost).unwrap();

    let desk = desk.restarted();
    assert_eq!(listed(&desk), [kept]);
    let error = desk.assistant.restore_conversation(lost).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("there is no conversation {lost}")
    );
}

/// Deleting a conversation stops the answer that is being written in it.
#[test]
fn deleting_stops_the_answer() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    let mut deleted = false;

    desk.assistant
        .reply(chat, "Tell me everything.", |event| {
            if matches!(event, assistant::ReplyEvent::Text { .. }) && !deleted {
                deleted = true;
                desk.assistant.delete_conversation(chat).unwrap();
            }
        })
        .unwrap();

    desk.assistant.restore_conversation(chat).unwrap();
    assert!(desk.messages(chat)[1].cut_short);
}

/// The first message names a conversation; a person's own name stays.
#[test]
fn the_first_message_names_a_conversation() {
    let desk = Desk::new();
    let (one, two) = (desk.new_conversation(), desk.new_conversation());
    desk.assistant.rename_conversation(two, "Mine").unwrap();
    for chat in [one, two] {
        desk.ask(chat, "  What do we know about the deep sea,\nand how?", 1);
        desk.ask(chat, "More.", 1);
    }
    let title = |id| {
        let conversations = desk.assistant.conversations().unwrap();
        conversations
            .into_iter()
            .find(|conversation| conversation.id == id)
            .unwrap()
            .title
    };
    assert_eq!(title(one), "What do we know about the deep sea,");
    assert_eq!(title(two), "Mine");
}
