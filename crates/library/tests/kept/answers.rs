//! What is left of an answer when its process does not live to finish it.

use std::io::{BufRead, BufReader};

use library::{Error, Library, Role};

use crate::{Shelf, figures, library_of_parent, process};

const QUESTION: &str = "Will this be lost?";

#[test]
fn a_killed_process_leaves_the_question_and_all_but_the_last_second_of_the_answer() {
    let shelf = Shelf::new();
    let mut writer = process("answers::writer", &shelf);
    let said = BufReader::new(writer.stdout.take().expect("piped"));
    let ready = said
        .lines()
        .map_while(Result::ok)
        .any(|line| line.ends_with("ready"));
    assert!(ready, "the writer is in the middle of its answer");
    writer.kill().expect("SIGKILL is sent"); // on Windows as abrupt: TerminateProcess
    writer.wait().expect("the writer is gone");

    let library = shelf.open();
    let conversation = library.conversations().unwrap()[0].id;
    let [question, answer] = &library.messages(conversation).unwrap()[..] else {
        panic!("a question and an answer")
    };
    assert_eq!(question.text, QUESTION);
    assert_eq!(answer.text, "Kept, and kept too. ");
    assert_eq!((answer.role, answer.cut_short), (Role::Model, true));
    assert_eq!(answer.figures, None);
}

/// The other side of the test above: writes, and never finishes.
#[test]
fn writer() {
    let Some(path) = library_of_parent() else {
        return;
    };
    let library = Library::open(&path).unwrap();
    let id = library.new_conversation(0).unwrap().id;
    library.add_question(id, QUESTION, 0).unwrap();
    let mut answer = library.begin_answer(id, 0).unwrap();
    answer.append("Kept, ", 5000).unwrap(); // after so long a wait, saved at once
    answer.append("and kept too. ", 6100).unwrap();
    answer.append("Lost", 6110).unwrap(); // the next word, ten milliseconds on, would save it
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap(); // until killed
}

#[test]
fn an_answer_is_a_row_before_its_first_word() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let answer = library.begin_answer(id, 2).unwrap();
    let other = shelf.open();
    assert_eq!(
        other.messages(id).unwrap(),
        std::slice::from_ref(answer.message())
    );
    assert_eq!(
        (answer.message().text.as_str(), answer.message().cut_short),
        ("", true)
    );
}

#[test]
fn a_stopped_answer_is_whole_with_its_figures_and_cut_short() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let mut answer = library.begin_answer(id, 2).unwrap();
    answer.append("Half a", 3).unwrap();
    let answer = answer.finish(true, &figures(), 4).unwrap();
    assert_eq!(library.messages(id).unwrap(), std::slice::from_ref(&answer));
    assert_eq!((answer.text.as_str(), answer.cut_short), ("Half a", true));
}

#[test]
fn an_answer_dropped_in_the_middle_keeps_all_its_words() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let mut answer = library.begin_answer(id, 2).unwrap();
    answer.append("All of ", 3).unwrap();
    answer.append("this", 4).unwrap();
    drop(answer);
    let messages = library.messages(id).unwrap();
    assert_eq!(
        (messages[0].text.as_str(), messages[0].cut_short),
        ("All of this", true)
    );
}

#[test]
fn an_answer_can_be_taken_back_and_said_otherwise() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    let mut answer = library.begin_answer(id, 2).unwrap();
    answer.append("Text that ends\nUser:", 3).unwrap();
    answer.replace("Text that ends".to_owned(), 4).unwrap();
    answer.finish(false, &figures(), 5).unwrap();
    assert_eq!(library.messages(id).unwrap()[0].text, "Text that ends");
}

#[test]
fn an_answer_to_a_conversation_deleted_meanwhile_comes_back_with_it() {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    library.delete_conversation(id, 2).unwrap();
    let mut answer = library.begin_answer(id, 3).unwrap();
    answer.append("Still said", 4).unwrap();
    answer.finish(false, &figures(), 5).unwrap();
    library.restore_conversation(id).unwrap();
    assert_eq!(library.messages(id).unwrap()[0].text, "Still said");

    let refused = library.begin_answer(id + 1, 6).map(drop);
    assert!(
        matches!(refused, Err(Error::NoConversation { .. })),
        "{refused:?}"
    );
}
