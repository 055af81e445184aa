//! What a model holds of the machine, and for how long.

use assistant::{ModelState, Settings};

use crate::desk::{Desk, answer, kinds, minutes_pass};

fn is_loaded(desk: &Desk) -> bool {
    match desk.assistant.model_state().unwrap() {
        ModelState::Chosen { loaded, .. } => loaded,
        ModelState::Absent => panic!("the starter is there"),
    }
}

/// After an hour without a question its memory is given back; the next question finds it again.
#[test]
fn a_model_nobody_asks_leaves_the_memory() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    desk.ask(chat, "Tell me about rivers.", 2);
    minutes_pass(59);
    assert!(!desk.assistant.rest().unwrap());
    assert!(is_loaded(&desk));

    minutes_pass(1);
    assert!(desk.assistant.rest().unwrap());
    assert!(!is_loaded(&desk));
    assert!(!desk.assistant.rest().unwrap(), "it is gone already");

    let events = desk.ask(chat, "And lakes?", 2);
    assert_eq!(
        kinds(&events),
        ["asked", "loading", "started", "reading", "text", "ended"]
    );
}

#[test]
fn a_person_may_want_it_to_stay() {
    let desk = Desk::new();
    change(&desk, |settings| settings.rest_after_minutes = None);
    desk.ask(desk.new_conversation(), "Tell me about rivers.", 2);
    minutes_pass(100_000);
    assert!(!desk.assistant.rest().unwrap());
    assert!(is_loaded(&desk));
}

/// The context is as long as was wished, from the next question on.
#[test]
fn a_person_may_want_it_to_read_less_at_once() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    let context = |text| {
        let events = desk.ask(chat, text, 2);
        let figures = answer(&events).figures.as_ref().unwrap();
        figures.context_tokens
    };
    assert_eq!(context("Tell me about rivers."), 32_768);
    change(&desk, |settings| settings.context_tokens = Some(4096));
    assert_eq!(context("And lakes?"), 4096);
    change(&desk, |settings| settings.context_tokens = Some(1_000_000));
    assert_eq!(
        context("And seas?"),
        32_768,
        "no more than it was trained for"
    );
}

fn change(desk: &Desk, change: impl FnOnce(&mut Settings)) {
    let mut settings = desk.assistant.settings().unwrap();
    change(&mut settings);
    desk.assistant.save_settings(&settings).unwrap();
}
