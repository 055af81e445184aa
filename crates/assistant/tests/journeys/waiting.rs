//! One model, several questions.

use std::sync::mpsc;
use std::thread;

use assistant::ReplyEvent;

use crate::desk::{Desk, answer, kinds};

/// A question asked while another is answered waits its turn, says so, and is answered then.
#[test]
fn a_second_question_waits_its_turn() {
    let desk = Desk::new();
    let (one, two) = (desk.new_conversation(), desk.new_conversation());
    let (writes, first_writes) = mpsc::channel();
    let (waits, second_waits) = mpsc::channel();
    let assistant = &desk.assistant;

    thread::scope(|scope| {
        scope.spawn(move || {
            let mut told = false;
            let on_event = |event| {
                if matches!(event, ReplyEvent::Text { .. }) && !told {
                    told = true;
                    writes.send(()).unwrap();
                    second_waits.recv().unwrap();
                    assistant.stop_reply(one);
                }
            };
            assistant
                .reply(one, "Tell me about rivers.", on_event)
                .unwrap();
        });
        first_writes.recv().unwrap();
        let mut events = Vec::new();
        let on_event = |event| {
            match event {
                ReplyEvent::Waiting => waits.send(()).unwrap(),
                ReplyEvent::Text { tokens: 3.., .. } => assistant.stop_reply(two),
                _ => {}
            }
            events.push(event);
        };
        assistant
            .reply(two, "Tell me about lakes.", on_event)
            .unwrap();
        assert_eq!(
            kinds(&events),
            ["asked", "waiting", "started", "reading", "text", "ended"]
        );
    });
    assert_eq!(
        desk.transcript(one),
        "you    Tell me about rivers.\nmodel  ~words~ (cut short)"
    );
}

/// Who waits can change their mind.
#[test]
fn a_waiting_question_can_be_stopped() {
    let desk = Desk::new();
    let (one, two) = (desk.new_conversation(), desk.new_conversation());
    let assistant = &desk.assistant;

    let mut second = Vec::new();
    let mut asked = false;
    let on_event = |event| {
        if matches!(event, ReplyEvent::Text { .. }) && !asked {
            asked = true;
            let stop_at_once = |event| {
                if event == ReplyEvent::Waiting {
                    assistant.stop_reply(two);
                }
                second.push(event);
            };
            assistant.reply(two, "Never mind.", stop_at_once).unwrap();
            assistant.stop_reply(one);
        }
    };
    assistant
        .reply(one, "Tell me about mountains.", on_event)
        .unwrap();

    assert_eq!(kinds(&second), ["asked", "waiting", "started", "ended"]);
    assert!(answer(&second).cut_short && answer(&second).text.is_empty());
}

/// A model that was loaded ahead need not be loaded when one asks.
#[test]
fn a_model_can_be_loaded_ahead() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let state = desk.assistant.load_model().unwrap();

    assert!(matches!(
        state,
        assistant::ModelState::Chosen { loaded: true, .. }
    ));
    assert_eq!(
        kinds(&desk.ask(chat, "Hello.", 1)),
        ["asked", "started", "reading", "text", "ended"]
    );
}

/// Stopping while the model is loaded ends the answer before its first word.
#[test]
fn stopping_while_the_model_is_loaded() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let mut events = Vec::new();
    let on_event = |event| {
        if event == ReplyEvent::Loading {
            desk.assistant.stop_reply(chat);
        }
        events.push(event);
    };
    desk.assistant.reply(chat, "Hello.", on_event).unwrap();

    assert_eq!(kinds(&events), ["asked", "loading", "started", "ended"]);
    assert_eq!(
        desk.transcript(chat),
        "you    Hello.\nmodel  nothing (cut short)"
    );
}
