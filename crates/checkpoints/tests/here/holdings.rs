//! What lies in the folder is weighed to the byte, and what nothing needs is found.

use std::fs;

use checkpoints::Error;

use crate::written::{Text, gguf, write_parts};
use crate::{Home, golden};

#[test]
fn every_byte_is_of_a_kind() {
    let home = Home::new();
    for name in ["model.gguf", "mmproj.gguf"] {
        fs::copy(golden("tiny-mm").join(name), home.inside(name)).unwrap();
    }
    fs::copy(golden("tiny-text/model.gguf"), home.inside("gone.gguf")).unwrap();
    fs::write(home.inside("model.NOTICE.txt"), [0; 7]).unwrap();
    fs::create_dir(home.inside("next.partial")).unwrap();
    fs::write(home.inside("next.partial/half"), [0; 1000]).unwrap();
    fs::write(home.inside("next.order.partial"), [0; 10]).unwrap();
    let gone = home.models.put_aside("gone").unwrap();

    let held = home.models.holdings().unwrap();
    let model = home.models.find("model").unwrap();
    assert_eq!(held.model_bytes, model.size_bytes + 7);
    assert_eq!((held.partial_bytes, held.trash_bytes), (1010, gone));
    assert!(0 < held.free_bytes && held.free_bytes <= held.total_bytes);
    let [(found, files)] = &held.models[..] else {
        panic!("{:?}", held.models)
    };
    assert_eq!(*found, model);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["model.gguf", "mmproj.gguf", "model.NOTICE.txt"]);
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    assert_eq!(bytes, model.size_bytes + 7);
    assert_eq!(held.leftovers, []);
}

#[test]
fn what_nothing_needs_is_found_and_goes_alone() {
    let home = Home::new();
    fs::copy(golden("tiny-text/model.gguf"), home.inside("kept.gguf")).unwrap();
    fs::write(home.inside("kept.NOTICE.txt"), "terms").unwrap();
    fs::write(home.inside("notes.txt"), "a person's own").unwrap();
    fs::copy(golden("tiny-mm/mmproj.gguf"), home.inside("mmproj.gguf")).unwrap();
    fs::write(home.inside("gone.GEMMA_TERMS.html"), "terms").unwrap();
    fs::write(home.inside("lost.gguf.partial"), [0; 50]).unwrap();
    fs::write(
        home.inside("llama.gguf"),
        gguf(&[("general.architecture", Text("llama"))]),
    )
    .unwrap();
    let parts = write_parts(&home, "big", 3);
    for part in &parts[1..] {
        fs::copy(
            part,
            home.inside(part.file_name().unwrap().to_str().unwrap()),
        )
        .unwrap();
    }
    let gone = home.outside("nowhere.gguf").display().to_string();
    let link = format!(r#"{{"version":1,"path":{gone:?}}}"#);
    fs::write(home.inside("linked.link.json"), link).unwrap();

    let leftovers = home.models.holdings().unwrap().leftovers;
    let expected = [
        (
            "big-00002-of-00003.gguf",
            "big-00001-of-00003.gguf is missing: it is part 1 of 3",
        ),
        ("gone.GEMMA_TERMS.html", "goes with gone, which is not here"),
        ("linked.link.json", "nowhere.gguf is not there any more"),
        ("llama.gguf", "is a Llama model, not Gemma 3"),
        ("lost.gguf.partial", "nobody fetches any more"),
        ("mmproj.gguf", "lets a model see that is not here"),
    ];
    assert_eq!(leftovers.len(), expected.len(), "{leftovers:#?}");
    for (leftover, (name, what)) in leftovers.iter().zip(expected) {
        assert_eq!(leftover.name, name);
        assert!(leftover.what.contains(what), "{}", leftover.what);
        assert_eq!(home.models.remove_leftover(name).unwrap(), leftover.bytes);
    }
    assert_eq!(home.names(), ["kept.NOTICE.txt", "kept.gguf", "notes.txt"]);
    for name in ["kept.gguf", "notes.txt", "../precious", "kept"] {
        let refused = home.models.remove_leftover(name);
        assert!(
            matches!(refused, Err(Error::NoSuchModel { .. })),
            "{refused:?}"
        );
    }
}
