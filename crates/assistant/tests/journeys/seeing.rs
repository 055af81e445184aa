//! What a person does with pictures.

use std::fs;
use std::sync::atomic::AtomicBool;

use assistant::{
    Ask, AskPictures, Assistant, Error, PanAndScan, Picture, Pixels, Question, ReplyEvent,
    Sampling, Shown,
};
use safetensors::SafeTensors;

use crate::desk::{Desk, golden, kinds, options};

/// Every picture of the goldens, whole and in pieces: as many pieces, and the same pixels in them.
#[test]
fn pictures_are_shown_to_a_model_as_by_the_reference() {
    let expected = fs::read(golden("tiny-mm/expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&expected).unwrap();
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    for name in ["landscape", "small", "tall", "wide"] {
        for (way, pan_and_scan) in [
            ("plain", None),
            ("pan_and_scan", Some(PanAndScan::default())),
        ] {
            let output = home.path().join("pixels.safetensors");
            let image = golden(&format!("tiny-mm/{name}.png"));
            let pixels = Pixels {
                image: &image,
                pan_and_scan,
                output: &output,
            };
            assistant.eval_pixels(&pixels).unwrap();
            let found = fs::read(&output).unwrap();
            let found = SafeTensors::deserialize(&found).unwrap();

            let n_crops = expected.tensor(&format!("{name}.{way}.num_crops")).unwrap();
            let n_crops = i32::from_le_bytes(n_crops.data().try_into().unwrap()) as usize;
            assert_eq!(found.tensor("crops").unwrap().shape(), [n_crops, 4]);
            let sample = format!("{name}.{way}.pixels_sample"); // [view, 3, 25, 22]
            let theirs = floats(expected.tensor(&sample).unwrap().data());
            let pixels = found.tensor("pixel_values").unwrap();
            assert_eq!(pixels.shape(), [1 + n_crops, 3, 896, 896]);
            let ours = floats(pixels.data());
            let rows = ours
                .chunks_exact(896 * 896)
                .flat_map(|channel| channel.chunks_exact(896).step_by(37));
            let ours: Vec<f32> = rows
                .flat_map(|row| row.iter().step_by(41).copied())
                .collect();
            assert_eq!(ours.len(), theirs.len(), "{sample}");
            let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
            let off = off.fold(0.0, f32::max);
            assert!(off <= f32::EPSILON, "{sample} is {off} off");
        }
    }
}

/// What is no picture is named, with its file, and nothing is written.
#[test]
fn what_is_no_picture_is_refused_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    let (image, output) = (home.path().join("a.png"), home.path().join("out"));
    fs::write(&image, "Dear diary").unwrap();
    let pixels = Pixels {
        image: &image,
        pan_and_scan: None,
        output: &output,
    };
    let refused = assistant.eval_pixels(&pixels).unwrap_err();
    let what = "this is text, not a picture in a format that Lectern reads";
    assert_eq!(refused.sentence(), format!("{}: {what}", image.display()));
    assert!(refused.hint().is_some_and(|hint| hint.contains("PNG")));
    assert!(!output.exists());
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0.iter();
    words.map(|four| f32::from_le_bytes(*four)).collect()
}

/// The golden model with eyes answers about a picture; asked again after a restart, it need not look.
#[test]
fn a_picture_is_looked_at_once() {
    let home = tempfile::tempdir().unwrap();
    let model = golden("tiny-mm/model.gguf");
    let files = [golden("tiny-mm/landscape.png")];
    let ask = Ask {
        model: model.to_str(),
        system: None,
        text: "w4 w5",
        sampling: Sampling {
            temperature: 0.0,
            ..Sampling::RECOMMENDED
        },
        max_tokens: Some(4),
    };
    let answer = |pan_and_scan: Option<PanAndScan>, stop: bool| {
        let assistant = Assistant::new(options(home.path()));
        let shown = AskPictures {
            files: &files,
            pan_and_scan,
        };
        let mut looks = Vec::new();
        let stop = AtomicBool::new(stop);
        let outcome = assistant.ask_about(&ask, &shown, &stop, |look| looks.push(look), |_| {});
        (outcome.unwrap(), looks)
    };
    let (stopped, looks) = answer(None, true);
    assert!(stopped.cut_short && looks.is_empty());
    let (first, looks) = answer(None, false);
    assert!(first.prompt_tokens > 256);
    assert_eq!(
        looks.last().map(|look| (look.views, look.share)),
        Some((1, 1.0))
    );
    let (again, looks) = answer(None, false);
    assert_eq!((again.text, looks.len()), (first.text, 0));
    let (pieces, looks) = answer(Some(PanAndScan::default()), false);
    assert!(pieces.prompt_tokens > first.prompt_tokens + 2 * 256);
    assert_eq!(looks[0].views, 2, "the whole of it is known");
}

/// A model without eyes refuses before it does anything.
#[test]
fn a_model_without_eyes_says_so() {
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    let model = golden("tiny-text/model.gguf");
    let ask = Ask {
        model: model.to_str(),
        system: None,
        text: "What is this?",
        sampling: Sampling::RECOMMENDED,
        max_tokens: Some(4),
    };
    let shown = AskPictures {
        files: &[golden("tiny-mm/small.png")],
        pan_and_scan: None,
    };
    let stop = AtomicBool::new(false);
    let refused = assistant.ask_about(&ask, &shown, &stop, |_| {}, |_| {});
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::NoEyes { .. }), "{refused}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// Asks about pictures that are kept, four words at most, and yields what happened.
fn ask_about(desk: &Desk, chat: i64, text: &str, shown: &[(&Picture, bool)]) -> Vec<ReplyEvent> {
    let pictures: Vec<_> = shown.iter().map(|(it, pieces)| (it.id, *pieces)).collect();
    let question = Question {
        text,
        pictures: &pictures,
    };
    let mut events = Vec::new();
    let on_event = |event| {
        if matches!(event, ReplyEvent::Text { tokens, .. } if tokens >= 4) {
            desk.assistant.stop_reply(chat);
        }
        events.push(event);
    };
    desk.assistant.reply(chat, question, on_event).unwrap();
    events
}

/// A picture put into the composer survives a restart, is sent with its words, shown in pieces, looked
/// at once, and takes part in what is said later.
#[test]
fn a_picture_goes_from_the_composer_into_the_conversation() {
    let desk = Desk::with_eyes();
    let file = fs::read(golden("tiny-mm/wide.png")).unwrap();
    let added = desk.assistant.add_picture(None, &file).unwrap();
    assert_eq!((added.width, added.height), (1800, 400));
    assert_eq!(added.crops.len(), 4);
    desk.assistant
        .save_draft(None, "w4 w5", &[added.id])
        .unwrap();

    let desk = desk.restarted();
    let draft = desk.assistant.draft(None).unwrap();
    assert_eq!(draft.text, "w4 w5");
    assert_eq!(draft.pictures, std::slice::from_ref(&added));
    let preview = desk.assistant.picture_preview(added.id).unwrap();
    assert_eq!(preview[..3], [0xff, 0xd8, 0xff], "a JPEG, whatever it was");

    let chat = desk.new_conversation();
    let events = ask_about(&desk, chat, &draft.text, &[(&added, true)]);
    desk.assistant.save_draft(None, "", &[]).unwrap();
    let expected = [
        "asked", "loading", "started", "looking", "reading", "text", "ended",
    ];
    assert_eq!(kinds(&events), expected);
    let looks = events.iter().filter_map(|event| match event {
        ReplyEvent::Looking(look) => Some(look.views),
        _ => None,
    });
    assert_eq!(looks.max(), Some(5), "the whole of it and four pieces");
    let shown = Shown {
        picture: added.clone(),
        pan_and_scan: true,
    };
    assert_eq!(desk.messages(chat)[0].pictures, [shown]);

    // Later in the same run nothing of it is read again; after a restart it is not looked at again.
    let events = ask_about(&desk, chat, "w6", &[]);
    let cached = cached_tokens(&events);
    assert!(cached > 5 * 256, "{cached} tokens were known");
    let desk = desk.restarted();
    let events = ask_about(&desk, chat, "w7", &[]);
    assert!(!kinds(&events).contains(&"looking"));
    assert!(desk.assistant.picture_preview(added.id).is_ok());
}

/// Words are not needed with a picture; then it names the conversation.
#[test]
fn a_picture_alone_is_a_message() {
    let desk = Desk::with_eyes();
    let chat = desk.new_conversation();
    let file = fs::read(golden("tiny-mm/small.png")).unwrap();
    let added = desk.assistant.add_picture(Some(chat), &file).unwrap();
    ask_about(&desk, chat, "", &[(&added, true)]);
    assert_eq!(
        desk.assistant.conversations().unwrap()[0].title,
        "A picture"
    );
    assert_eq!(desk.messages(chat).len(), 2);
}

/// Stopped while the model looks: the question and its picture are kept, and so is what was seen.
#[test]
fn looking_can_be_stopped() {
    let desk = Desk::with_eyes();
    let chat = desk.new_conversation();
    let file = fs::read(golden("tiny-mm/wide.png")).unwrap();
    let added = desk.assistant.add_picture(Some(chat), &file).unwrap();
    let question = Question {
        text: "w4",
        pictures: &[(added.id, true)],
    };
    let mut events = Vec::new();
    let on_event = |event| {
        if matches!(event, ReplyEvent::Looking(look) if look.view == 2) {
            desk.assistant.stop_reply(chat);
        }
        events.push(event);
    };
    desk.assistant.reply(chat, question, on_event).unwrap();
    assert!(!kinds(&events).contains(&"reading"));
    let messages = desk.messages(chat);
    assert_eq!(messages[0].pictures.len(), 1);
    assert!(messages[1].cut_short && messages[1].text.is_empty());

    let events = ask_about(&desk, chat, "w4", &[(&added, true)]);
    let views = events.iter().find_map(|event| match event {
        ReplyEvent::Looking(look) => Some(look.views),
        _ => None,
    });
    assert_eq!(views, Some(4), "one of five was seen before the stop");
}

/// The question is kept with its picture, for when a model with eyes is chosen.
#[test]
fn a_conversation_with_pictures_needs_eyes() {
    let desk = Desk::new();
    assert!(!desk.assistant.models().unwrap()[0].has_eyes);
    let chat = desk.new_conversation();
    let file = fs::read(golden("tiny-mm/small.png")).unwrap();
    let added = desk.assistant.add_picture(Some(chat), &file).unwrap();
    let question = Question {
        text: "What is this?",
        pictures: &[(added.id, false)],
    };
    let refused = desk.assistant.reply(chat, question, |_| {}).unwrap_err();
    assert_eq!(refused.to_string(), "Gemma 3 270M cannot see pictures");
    assert_eq!(desk.messages(chat)[0].pictures.len(), 1);
    assert_eq!(desk.messages(chat).len(), 1, "no answer was begun");
}

fn cached_tokens(events: &[ReplyEvent]) -> u32 {
    let figures = crate::desk::answer(events).figures.as_ref();
    figures.expect("it was answered").cached_tokens
}
