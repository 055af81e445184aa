//! The window and the command line hold the same library at the same time.

use std::io::{BufRead, BufReader, Write};
use std::process::Child;
use std::thread;

use library::Library;

use crate::{Shelf, library_of_parent, process};

#[test]
fn two_who_hold_it_see_each_others_words() {
    let shelf = Shelf::new();
    let (window, command) = (shelf.open(), shelf.open());
    let id = window.new_conversation(1).unwrap().id;
    let mut answer = window.begin_answer(id, 2).unwrap();
    command.add_question(id, "asked beside it", 3).unwrap();
    answer.append("said", 4000).unwrap();
    let texts = |library: &Library| library.messages(id).unwrap().into_iter().map(|m| m.text);
    assert!(texts(&window).eq(["said", "asked beside it"]));
    assert!(texts(&command).eq(["said", "asked beside it"]));
}

#[test]
fn what_the_window_deleted_is_not_forgotten_under_its_hands() {
    let shelf = Shelf::new();
    let window = shelf.open();
    let id = window.new_conversation(1).unwrap().id;
    window.delete_conversation(id, 2).unwrap();
    drop(shelf.open()); // a command that came and went
    window
        .restore_conversation(id)
        .expect("undo works until the window is closed");
    window.delete_conversation(id, 3).unwrap();
    drop(window);
    let restored = shelf.open().restore_conversation(id);
    assert!(restored.is_err(), "alone, it forgets");
}

#[test]
fn a_killed_process_does_not_stay_in_the_way() {
    let shelf = Shelf::new();
    let mut holder = process("sharing::holder", &shelf);
    wait_for(&mut holder, "open");
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    library.delete_conversation(id, 2).unwrap();
    drop(library);
    shelf
        .open()
        .restore_conversation(id)
        .expect("the other process still has it open");
    shelf.open().delete_conversation(id, 3).unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(
        shelf.open().restore_conversation(id).is_err(),
        "alone again"
    );
}

/// The other side of the test above.
#[test]
fn holder() {
    let Some(path) = library_of_parent() else {
        return;
    };
    let _library = Library::open(&path).unwrap();
    println!("open");
    std::io::stdin().read_line(&mut String::new()).unwrap(); // until killed
}

const WRITERS: i64 = 4;
const MESSAGES_EACH: i64 = 25;

#[test]
fn a_new_library_opened_by_many_processes_at_once_takes_all_their_words() {
    let shelf = Shelf::new();
    let mut writers: Vec<_> = (0..WRITERS)
        .map(|_| process("sharing::one_of_many", &shelf))
        .collect();
    for writer in &mut writers {
        wait_for(writer, "here");
    }
    for writer in &mut writers {
        writer
            .stdin
            .take()
            .expect("piped")
            .write_all(b"go\n")
            .unwrap();
    }
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let library = shelf.open();
    let conversations = library.conversations().unwrap();
    let messages = conversations
        .iter()
        .map(|c| library.messages(c.id).unwrap().len());
    assert_eq!(
        messages.collect::<Vec<_>>(),
        [MESSAGES_EACH as usize; WRITERS as usize]
    );
}

/// The other side of the test above: all open a library that is not there yet, together.
#[test]
fn one_of_many() {
    let Some(path) = library_of_parent() else {
        return;
    };
    println!("here");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let library = Library::open(&path).unwrap();
    let id = library.new_conversation(0).unwrap().id;
    for i in 0..MESSAGES_EACH {
        library.add_question(id, "one of many", i).unwrap();
    }
}

#[test]
fn threads_share_one_library() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(0).unwrap().id;
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..10).for_each(|i| drop(library.add_question(id, "x", i).unwrap())));
        }
    });
    assert_eq!(library.messages(id).unwrap().len(), 40);
}

/// Reads the process's words until a line ends with `word`. (The test harness writes before it.)
#[track_caller]
fn wait_for(process: &mut Child, word: &str) {
    let said = process.stdout.as_mut().expect("piped");
    let mut said = BufReader::with_capacity(1, said); // takes no byte beyond the word
    let mut line = String::new();
    while !line.trim_end().ends_with(word) {
        line.clear();
        assert_ne!(
            said.read_line(&mut line).expect("a line"),
            0,
            "it ended without {word:?}"
        );
    }
}
