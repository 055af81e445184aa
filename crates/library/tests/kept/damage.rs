//! Files that are not what they should be are refused in words, and left as they are.

use std::fs;

use library::{Error, Library};

use crate::Shelf;

/// `bytes` where the library should be: opening says `expected`, and not one byte changes.
#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let shelf = Shelf::new();
    fs::create_dir_all(shelf.path().parent().expect("a folder")).unwrap();
    fs::write(shelf.path(), bytes).unwrap();
    let refused = Library::open(&shelf.path()).expect_err("it is refused");
    let said = refused
        .to_string()
        .replace(&shelf.path().display().to_string(), "PATH");
    assert_eq!(said, expected);
    assert!(refused.hint().is_some(), "it says what to do");
    assert!(
        fs::read(shelf.path()).unwrap() == bytes,
        "the file is as it was"
    );
}

/// A library with a few pages, all of them in the one file.
fn library_bytes() -> Vec<u8> {
    let shelf = Shelf::new();
    let library = shelf.open();
    let id = library.new_conversation(1).unwrap().id;
    for i in 0..200 {
        library
            .add_question(id, &"a page full of words ".repeat(100), i)
            .unwrap();
    }
    drop(library); // the last to leave empties the log
    fs::read(shelf.path()).unwrap()
}

#[test]
fn a_file_of_another_kind_is_refused() {
    check(
        b"Dear diary, this is not a database. "
            .repeat(100)
            .as_slice(),
        "PATH is not a Lectern library",
    );
    check(&[0; 64 * 1024], "PATH is not a Lectern library"); // what a power cut leaves elsewhere
    check(b"SQLite", "PATH is not a Lectern library");
}

#[test]
fn half_a_library_is_damaged() {
    let mut bytes = library_bytes();
    bytes.truncate(bytes.len() / 2);
    check(&bytes, "the library PATH is damaged");
}

#[test]
fn a_library_with_a_torn_first_page_is_damaged() {
    let mut bytes = library_bytes();
    bytes[100..4096].fill(0xa5);
    check(&bytes, "the library PATH is damaged");
}

#[test]
fn a_torn_page_inside_is_found_when_it_is_read() {
    let shelf = Shelf::new();
    let mut bytes = library_bytes();
    let pages = bytes.len() / 4096;
    bytes[4096 * (pages / 2)..].fill(0xa5);
    fs::create_dir_all(shelf.path().parent().expect("a folder")).unwrap();
    fs::write(shelf.path(), &bytes).unwrap();
    let read = Library::open(&shelf.path()).and_then(|library| library.messages(1));
    assert!(
        matches!(read, Err(Error::Damaged { .. })),
        "{:?}",
        read.map(|all| all.len())
    );
}

#[test]
fn a_newer_library_is_refused() {
    let mut bytes = library_bytes();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes()); // the header's user_version
    check(
        &bytes,
        "the library PATH is of version 99, this Lectern knows versions up to 6",
    );
}

#[test]
fn a_database_of_another_program_is_refused() {
    let mut bytes = library_bytes();
    bytes[68..72].copy_from_slice(b"GeoP"); // the header's application_id
    check(&bytes, "PATH is not a Lectern library");
}

#[test]
fn a_place_where_no_library_can_be_is_named() {
    let shelf = Shelf::new();
    let file = shelf.folder.path().join("lectern");
    fs::write(&file, "a file where the folder should be").unwrap();
    let refused = Library::open(&shelf.path()).expect_err("no folder can be made there");
    assert_eq!(
        refused.to_string(),
        format!("could not make the folder {}", file.display())
    );

    let shelf = Shelf::new();
    fs::create_dir_all(shelf.path()).unwrap(); // a folder where the file should be
    let refused = Library::open(&shelf.path()).expect_err("a folder is no library");
    assert!(refused.to_string().contains("library.sqlite"), "{refused}");
}
