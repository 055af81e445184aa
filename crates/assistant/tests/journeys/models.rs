//! Models that come, are chosen, and go.

use std::fs;

use assistant::{Error, ModelState, Tuning};

use crate::desk::{Desk, STARTER, golden, kinds, starter};

#[track_caller]
fn chosen(desk: &Desk) -> Option<(String, bool)> {
    match desk.assistant.model_state().unwrap() {
        ModelState::Absent => None,
        ModelState::Chosen { model, loaded } => Some((model.name, loaded)),
    }
}

/// A model file that lies in the models folder is a model, and the only one is the chosen one.
#[test]
fn the_only_model_is_the_chosen_one() {
    let desk = Desk::new();
    let models = desk.assistant.models().unwrap();
    let [model] = &models[..] else {
        panic!("one model lies there: {models:?}")
    };
    assert_eq!(
        (model.name.as_str(), model.tuning),
        (STARTER, Tuning::Pretrained)
    );
    assert_eq!(model.context_tokens, 32_768);
    assert_eq!(model.size_bytes, fs::metadata(starter()).unwrap().len());
    assert_eq!(chosen(&desk), Some((STARTER.to_owned(), false)));
}

/// Importing copies, chooses, and leaves the original.
#[test]
fn importing_brings_a_model_in() {
    let desk = Desk::without_a_model();
    assert_eq!(chosen(&desk), None);

    let model = desk.assistant.open_model(&starter(), None, |_| {});
    let model = model.unwrap().expect("nobody stopped it");

    assert!(
        model
            .path
            .starts_with(desk.assistant.models_folder().unwrap())
            && starter().is_file()
    );
    assert_eq!(chosen(&desk), Some((model.name.clone(), false)));
    assert_eq!(desk.assistant.settings().unwrap().model, Some(model.name));
}

/// The next question is answered by the model that was chosen meanwhile.
#[test]
fn choosing_another_model_loads_it_for_the_next_question() {
    let desk = Desk::without_a_model();
    desk.put_starter_as("first");
    desk.put_starter_as("second");
    let chat = desk.new_conversation();
    desk.assistant.choose_model("first").unwrap();
    desk.ask(chat, "Hello.", 1);
    assert_eq!(chosen(&desk), Some(("first".to_owned(), true)));

    let state = desk.assistant.choose_model("second").unwrap();

    assert!(matches!(state, ModelState::Chosen { loaded: false, .. }));
    assert!(kinds(&desk.ask(chat, "Hello again.", 1)).contains(&"loading"));
    assert_eq!(
        desk.messages(chat)[3].figures.as_ref().unwrap().model,
        "second"
    );
}

/// Removing the chosen model falls back to another, and to none when the last is gone.
#[test]
fn removing_the_chosen_model() {
    let desk = Desk::without_a_model();
    desk.put_starter_as("first");
    desk.put_starter_as("second");
    let chat = desk.new_conversation();
    desk.assistant.choose_model("second").unwrap();
    desk.ask(chat, "Hello.", 1);

    desk.assistant.remove_model("second").unwrap();

    assert_eq!(chosen(&desk), Some(("first".to_owned(), false)));
    desk.ask(chat, "And now?", 1);
    desk.assistant.remove_model("first").unwrap();
    assert_eq!(chosen(&desk), None);
    assert!(matches!(
        desk.try_ask(chat, "Still there?", 1),
        Err(Error::NoModel)
    ));
}

/// Removing says how much room it made.
#[test]
fn removing_says_what_it_freed() {
    let desk = Desk::without_a_model();
    let tiny = golden("tiny-text/model.gguf");
    let place = desk.assistant.models_folder().unwrap().join("tiny.gguf");
    fs::create_dir_all(desk.assistant.models_folder().unwrap()).unwrap();
    fs::copy(&tiny, &place).unwrap();
    assert_eq!(
        desk.assistant.remove_model("tiny").unwrap(),
        fs::metadata(&tiny).unwrap().len()
    );
    assert!(!place.exists());
}

/// A model whose file vanished is not waited for.
#[test]
fn a_chosen_model_that_vanished() {
    let desk = Desk::without_a_model();
    desk.put_starter_as("first");
    desk.put_starter_as("second");
    desk.assistant.choose_model("second").unwrap();
    fs::remove_file(desk.assistant.models_folder().unwrap().join("second.gguf")).unwrap();
    assert_eq!(chosen(&desk), Some(("first".to_owned(), false)));
}

/// A model that is writing an answer cannot be pulled from under it.
#[test]
fn a_model_in_use_is_not_removed() {
    let desk = Desk::new();
    let chat = desk.new_conversation();
    let mut tried = None;
    desk.assistant
        .reply(chat, "Tell me about trees.", |event| {
            if matches!(event, assistant::ReplyEvent::Text { .. }) && tried.is_none() {
                tried = Some(desk.assistant.remove_model(STARTER));
                desk.assistant.stop_reply(chat);
            }
        })
        .unwrap();
    assert!(matches!(tried, Some(Err(Error::ModelInUse { .. }))));
    desk.assistant.remove_model(STARTER).unwrap();
}

/// A damaged or foreign file is named, and what was chosen stays chosen.
#[test]
fn damaged_files_change_nothing() {
    let desk = Desk::new();
    desk.assistant.choose_model(STARTER).unwrap();
    let whole = fs::read(starter()).unwrap();
    let damaged = desk.home.path().join("damaged.gguf");
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    let foreign = desk.home.path().join("foreign.gguf");
    fs::write(&foreign, "a letter to a friend").unwrap();

    for path in [&damaged, &foreign] {
        let error = desk.assistant.open_model(path, None, |_| {}).unwrap_err();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.sentence().contains(name), "{}", error.sentence());
        fs::copy(path, desk.assistant.models_folder().unwrap().join(name)).unwrap();
        let error = desk
            .assistant
            .choose_model(name.trim_end_matches(".gguf"))
            .unwrap_err();
        assert!(error.sentence().contains(name), "{}", error.sentence());
    }

    assert_eq!(chosen(&desk), Some((STARTER.to_owned(), false)));
    assert_eq!(
        desk.assistant.models().unwrap().len(),
        1,
        "the others are no models"
    );
}

/// A name that no model has is an error that says what to do.
#[test]
fn an_unknown_model_is_named() {
    let desk = Desk::new();
    let error = desk.assistant.choose_model("gemma-9").unwrap_err();
    assert!(
        error.sentence().contains("gemma-9") && error.hint().is_some(),
        "{}",
        error.sentence()
    );
}
