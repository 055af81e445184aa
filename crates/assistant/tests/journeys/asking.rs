//! A question and its answer.

use assistant::{Error, ReplyEvent};

use crate::desk::{Desk, STARTER, answer, kinds};

/// One asks, sees the prompt being read and words arrive, and finds both messages kept.
#[test]
fn a_question_is_answered_word_by_word() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let events = desk.ask(chat, "What is the capital of France?", 24);

    assert_eq!(
        kinds(&events),
        ["asked", "loading", "started", "reading", "text", "ended"]
    );
    let mut words = String::new();
    for event in &events {
        if let ReplyEvent::Text { delta, message, .. } = event {
            words.push_str(delta);
            assert_eq!(*message, answer(&events).id);
        }
    }
    assert_eq!(
        words.trim_end(),
        answer(&events).text,
        "what was shown is what is kept"
    );
    let figures = answer(&events)
        .figures
        .as_ref()
        .expect("an answer that ended has figures");
    assert_eq!(figures.model, STARTER);
    assert!(figures.prompt_tokens > 5 && figures.answer_tokens > 0 && figures.answer_seconds > 0.0);
    assert_eq!(figures.context_tokens, 32_768);
    assert_eq!(desk.messages(chat).last(), Some(answer(&events)));
    assert_eq!(
        desk.assistant.conversations().unwrap()[0].title,
        "What is the capital of France?"
    );
}

/// Reading reports where it begins and where it ends, with an estimate in between.
#[test]
fn reading_says_how_far_it_is() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let events = desk.ask(chat, &"The reader turned a page. ".repeat(120), 1);

    let reading: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ReplyEvent::Reading {
                done,
                total,
                seconds_left,
            } => Some((*done, *total, *seconds_left)),
            _ => None,
        })
        .collect();
    let [(first, total, None), .., (last, _, Some(left))] = reading[..] else {
        panic!("there are at least two reports, the first without an estimate: {reading:?}");
    };
    assert_eq!((first, last, left), (0, total, 0.0));
    assert!(reading.is_sorted_by_key(|(done, ..)| *done) && total > 600);
}

/// Stopping keeps what was written, says so, and frees the model for the next question.
#[test]
fn stopping_keeps_the_half_written_answer() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let events = desk.ask(chat, "Count from one to one hundred.", 4);
    assert!(
        answer(&events)
            .figures
            .as_ref()
            .is_some_and(|figures| figures.answer_tokens < 10)
    );
    desk.ask(chat, "And now?", 4);

    let expected = "\
you    Count from one to one hundred.
model  ~words~ (cut short)
you    And now?
model  ~words~ (cut short)";
    assert_eq!(desk.transcript(chat), expected);
}

/// A stop while a long prompt is read ends it there; nothing was said, and the next question works.
#[test]
fn stopping_while_the_prompt_is_read() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    let long = "All the books stood in their places. ".repeat(200);

    let mut last = (0, 0);
    desk.assistant
        .reply(chat, long.as_str(), |event| {
            if let ReplyEvent::Reading { done, total, .. } = event {
                last = (done, total);
                desk.assistant.stop_reply(chat);
            }
        })
        .unwrap();

    assert!(last.0 < last.1, "it ended in the middle: {last:?}");
    let messages = desk.messages(chat);
    assert!(messages[1].cut_short && messages[1].text.is_empty());
    assert!(!answer(&desk.ask(chat, "Are you there?", 3)).text.is_empty());
}

/// What is written is on the disk while the rest is still being thought of: a crash takes at most a second.
#[test]
fn a_half_written_answer_is_kept_already() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    let outside = desk.seen_from_outside();
    // A base model that always takes the likeliest word goes on counting for as long as one lets it.
    let mut settings = desk.assistant.settings().unwrap();
    settings.sampling.temperature = 0.0;
    desk.assistant.save_settings(&settings).unwrap();

    let mut seen = Vec::new();
    desk.assistant
        .reply(
            chat,
            "Count: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,",
            |event| match event {
                ReplyEvent::Started(_) => seen.push(outside.messages(chat).unwrap()),
                // The desk's clock takes a twentieth of a second for each piece of text, and a piece may be
                // several tokens: by then a second is over.
                ReplyEvent::Text { tokens, .. } if tokens >= 80 && seen.len() == 1 => {
                    seen.push(outside.messages(chat).unwrap());
                    desk.assistant.stop_reply(chat);
                }
                _ => {}
            },
        )
        .unwrap();

    assert!(
        seen[0][1].text.is_empty() && seen[0][1].cut_short,
        "it is there before its first word"
    );
    assert!(
        !seen[1][1].text.is_empty() && seen[1][1].cut_short,
        "its words follow"
    );
    assert!(
        desk.messages(chat)[1]
            .text
            .starts_with(seen[1][1].text.trim_end())
    );
}

/// A base model's answer is its own line of the dialogue, never the next speaker's.
#[test]
fn a_base_model_does_not_speak_for_the_person() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    for question in [
        "Hello! Who are you?",
        "What is two plus two?",
        "Name a colour.",
    ] {
        let events = desk.ask(chat, question, 120);
        for event in &events {
            if let ReplyEvent::Text { delta, .. } = event {
                assert!(!delta.contains("User:"), "{delta:?}");
            }
        }
        let text = &answer(&events).text;
        assert!(
            !text.contains("User:") && !text.starts_with(char::is_whitespace),
            "{text:?}"
        );
    }
}

/// The second question of a conversation does not read the first again.
#[test]
fn what_was_read_is_not_read_again() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let first = desk.ask(chat, "What is a lectern, and what is it for?", 12);
    let second = desk.ask(chat, "And a desk?", 4);

    let (first, second) = (
        answer(&first).figures.clone().unwrap(),
        answer(&second).figures.clone().unwrap(),
    );
    assert_eq!(first.cached_tokens, 0);
    assert!(
        second.cached_tokens >= first.prompt_tokens,
        "all of the first prompt is found again: {first:?}, {second:?}"
    );
}

/// Another conversation in between changes nothing but speed.
#[test]
fn conversations_do_not_mix() {
    let desk = Desk::new();
    let (one, two) = (desk.new_conversation(), desk.new_conversation());

    let alone = answer(&desk.ask(one, "Name a fish.", 8)).text.clone();
    desk.ask(two, "Name a bird.", 8);
    let three = desk.new_conversation();
    assert_eq!(
        answer(&desk.ask(three, "Name a fish.", 8)).text,
        alone,
        "the same seed says the same"
    );
}

/// What does not fit is refused with exact counts, nothing is lost, and a shorter question goes on.
#[test]
fn a_prompt_that_is_too_long_is_refused_with_its_counts() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    desk.ask(chat, "Hello.", 2);
    let long = "word ".repeat(33_000);

    let error = desk.try_ask(chat, &long, 1).unwrap_err();

    let Error::Prompt(prompt::Error::TooLong {
        prompt,
        context: 32_768,
        over,
    }) = error
    else {
        panic!("expected the counts, found {error}");
    };
    assert!(prompt > 33_000 && over == prompt + 64 - 32_768);
    assert!(error.hint().is_some());
    assert_eq!(
        desk.messages(chat).last().unwrap().text,
        long,
        "the question is kept"
    );
    assert!(
        !answer(&desk.ask(chat, "Hello again.", 2)).text.is_empty(),
        "the conversation goes on"
    );
}

/// An empty message is no question: nothing is saved.
#[test]
fn an_empty_message_is_refused() {
    let desk = Desk::without_a_model();
    let chat = desk.new_conversation();
    assert!(matches!(
        desk.try_ask(chat, " \n", 1),
        Err(Error::EmptyMessage)
    ));
    assert!(desk.messages(chat).is_empty());
}

/// Without a model the question is kept, and the error says what to do.
#[test]
fn without_a_model_the_question_is_kept() {
    let desk = Desk::without_a_model();
    let chat = desk.new_conversation();

    let error = desk.try_ask(chat, "Hello?", 1).unwrap_err();

    assert!(matches!(error, Error::NoModel));
    assert_eq!(
        error.hint(),
        Some("fetch the starter model, or open a GGUF file")
    );
    assert_eq!(desk.transcript(chat), "you    Hello?");
    desk.put_starter_as(STARTER);
    assert!(!answer(&desk.ask(chat, "Hello?", 2)).text.is_empty());
}

/// A panic in the middle of an answer is one error, not the end of all answers.
#[test]
fn a_panic_is_survived() {
    let desk = Desk::new();
    let chat = desk.new_conversation();

    let outcome = desk.assistant.reply(chat, "Tell me a story.", |event| {
        assert!(
            !matches!(event, ReplyEvent::Text { tokens: 5.., .. }),
            "as if something were wrong"
        );
    });

    assert!(matches!(outcome, Err(Error::Crashed { .. })));
    let kept = &desk.messages(chat)[1];
    assert!(
        kept.cut_short && !kept.text.is_empty(),
        "what was written is kept"
    );
    let events = desk.ask(chat, "Go on.", 3);
    assert!(
        kinds(&events).contains(&"loading"),
        "the model is loaded afresh"
    );
}
