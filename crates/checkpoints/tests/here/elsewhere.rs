//! What other programs have on this machine, in the layouts that they make.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use checkpoints::{Checkpoint, Place, Surroundings, Tuning};

use crate::written::{Text, gguf};
use crate::{Home, golden};

/// A person's home folder, with nothing but what a test puts there.
struct Person {
    home: Home,
    variables: Vec<(&'static str, PathBuf)>,
}

impl Person {
    fn new() -> Self {
        Self {
            home: Home::new(),
            variables: Vec::new(),
        }
    }

    fn at(&self, below: &str) -> PathBuf {
        self.home.outside("person").join(below)
    }

    /// The golden model `from` at `below`; the last byte makes it one of its own.
    fn put(&self, from: &str, below: &str) -> PathBuf {
        let place = self.at(below);
        let mut bytes = fs::read(golden(from)).unwrap();
        *bytes.last_mut().unwrap() ^= below.len() as u8;
        write(&place, &bytes);
        place
    }

    fn found(&self) -> Vec<Checkpoint> {
        let variable = |name: &str| {
            let mut said = self.variables.iter();
            said.find_map(|(said, value)| (*said == name).then(|| OsString::from(value)))
        };
        let surroundings = Surroundings::new(Some(self.at("")), variable);
        self.home.models.elsewhere(&surroundings)
    }

    /// The program and name of each.
    fn names(&self) -> Vec<(String, String)> {
        let found = self.found().into_iter();
        found
            .map(|found| (found.program.expect("it is known"), found.name))
            .collect()
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[track_caller]
fn check(person: &Person, expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(program, name)| ((*program).to_owned(), (*name).to_owned()))
        .collect();
    assert_eq!(person.names(), expected);
}

/// A model as Ollama keeps it: blobs, and the manifest that names them.
fn put_in_ollama(folder: &Path, manifest: &str, layers: &[(&str, &[u8])]) {
    let layers = layers.iter().enumerate().map(|(number, (kind, bytes))| {
        let hex = format!("{:064x}", manifest.len() * 16 + number);
        write(&folder.join(format!("blobs/sha256-{hex}")), bytes);
        format!(
            r#"{{"mediaType":"application/vnd.ollama.image.{kind}","digest":"sha256:{hex}","size":{}}}"#,
            bytes.len()
        )
    });
    let layers: Vec<String> = layers.collect();
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
            "config":{{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:{:064x}","size":489}},
            "layers":[{}]}}"#,
        0,
        layers.join(",")
    );
    write(&folder.join("manifests").join(manifest), text.as_bytes());
}

#[test]
fn ollamas_models_are_found_by_their_manifests() {
    let person = Person::new();
    let model = fs::read(golden("tiny-mm/model.gguf")).unwrap();
    let tower = fs::read(golden("tiny-mm/mmproj.gguf")).unwrap();
    let llama = gguf(&[("general.architecture", Text("llama"))]);
    let folder = person.at(".ollama/models");
    let library = |name: &str| format!("registry.ollama.ai/library/{name}");
    let template: &[u8] = b"<start_of_turn>user {{ .Prompt }}";
    put_in_ollama(
        &folder,
        &library("gemma3/270m"),
        &[("model", &model), ("template", template)],
    );
    put_in_ollama(
        &folder,
        "hf.co/someone/gemma-3-4b-GGUF/Q4_0",
        &[("model", &model), ("projector", &tower)],
    );
    put_in_ollama(&folder, &library("llama3.2/latest"), &[("model", &llama)]);
    put_in_ollama(
        &folder,
        &library("gemma3/lora-on-top"),
        &[("model", &model), ("adapter", b"GGUF")],
    );
    write(
        &folder.join("manifests").join(library("gemma3/torn")),
        b"{\"layers\":[{",
    );
    let absent =
        r#"{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:ff"}]}"#;
    write(
        &folder.join("manifests").join(library("gemma3/gone")),
        absent.as_bytes(),
    );

    let found = person.found();
    check(
        &person,
        &[
            ("Ollama", "gemma-3-4b-GGUF-Q4_0"),
            ("Ollama", "gemma3-270m"),
        ],
    );
    let [seeing, chatting] = &found[..] else {
        unreachable!()
    };
    assert_eq!((seeing.has_eyes, seeing.tuning), (true, Tuning::Pretrained));
    assert_eq!(
        (chatting.has_eyes, chatting.tuning),
        (false, Tuning::Instructed)
    );
    assert_eq!(chatting.place, Place::Elsewhere);

    // What Ollama knows and the blob does not say is kept with the link.
    let linked = person.home.models.link(seeing).unwrap();
    assert_eq!(linked, *seeing);
    assert_eq!(person.home.models.link(chatting).unwrap(), *chatting);
    let before = fs::read(&chatting.path).unwrap();
    for name in ["gemma-3-4b-GGUF-Q4_0", "gemma3-270m"] {
        person.home.models.remove(name).unwrap();
    }
    assert_eq!(fs::read(&chatting.path).unwrap(), before, "never touched");
    assert_eq!(person.found(), found);
}

/// As Ollama keeps it since 0.40: a link to a blob that lists a manifest for each engine, the old place kept for going
/// back, with what was converted as a model that is none.
#[cfg(unix)]
#[test]
fn ollamas_newer_layout_is_read_first() {
    let person = Person::new();
    let folder = person.at(".ollama/models");
    let model = fs::read(golden("tiny-mm/model.gguf")).unwrap();
    let tower = fs::read(golden("tiny-mm/mmproj.gguf")).unwrap();
    let old = "registry.ollama.ai/library/gemma3/4b";
    put_in_ollama(&folder, old, &[("model", &model), ("projector", &tower)]);
    let hex = |digit: &str| digit.repeat(64);
    let manifest = fs::read(folder.join("manifests").join(old)).unwrap();
    write(
        &folder.join(format!("blobs/sha256-{}", hex("a"))),
        &manifest,
    );
    let list = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.ollama.manifest.list.v2+json","manifests":[
            {{"digest":"sha256:{}","runner":"mlx"}},{{"digest":"sha256:{}","runner":"llamacpp"}},{{"digest":"sha256:{}"}}]}}"#,
        hex("e"),
        hex("a"),
        hex("b"),
    );
    let blob = folder.join(format!("blobs/sha256-{}", hex("b"))); // which lists itself
    write(&blob, list.as_bytes());
    let entry = folder.join("manifests-v2/ollama.com/library/gemma3/4b");
    fs::create_dir_all(entry.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&blob, &entry).unwrap();
    let shadow = format!("registry.ollama.ai/library/llamacpp/{}", hex("c"));
    let mut converted = model.clone();
    *converted.last_mut().unwrap() ^= 1;
    put_in_ollama(&folder, &shadow, &[("model", &converted)]);

    check(&person, &[("Ollama", "gemma3-4b")]);
    assert!(person.found()[0].has_eyes);
    fs::remove_file(blob).unwrap(); // by an older version: the link leads nowhere
    check(&person, &[("Ollama", "gemma3-4b")]);
}

#[test]
fn lm_studios_folder_is_the_one_its_settings_name() {
    let mut person = Person::new();
    person.put(
        "tiny-mm/model.gguf",
        ".lmstudio/models/google/gemma-3-GGUF/a.gguf",
    );
    person.put(
        "tiny-mm/mmproj.gguf",
        ".lmstudio/models/google/gemma-3-GGUF/mmproj-a.gguf",
    );
    person.put(
        "tiny-text/model.gguf",
        ".cache/lm-studio/models/x/y/old.gguf",
    );
    person.put("tiny-text/model.gguf", "moved/x/y/moved.gguf");
    check(&person, &[("LM Studio", "a"), ("LM Studio", "old")]);
    assert!(person.found()[0].has_eyes);

    let settings = format!(r#"{{"downloadsFolder":{:?}}}"#, person.at("moved"));
    write(
        &person.at(".config/LM Studio/settings.json"),
        settings.as_bytes(),
    );
    check(
        &person,
        &[
            ("LM Studio", "moved"),
            ("LM Studio", "a"),
            ("LM Studio", "old"),
        ],
    );
    person
        .variables
        .push(("XDG_CONFIG_HOME", person.at("none")));
    check(&person, &[("LM Studio", "a"), ("LM Studio", "old")]);
    write(&person.at(".lmstudio/settings.json"), settings.as_bytes());
    check(
        &person,
        &[
            ("LM Studio", "moved"),
            ("LM Studio", "a"),
            ("LM Studio", "old"),
        ],
    );
    write(&person.at(".lmstudio/settings.json"), b"torn");

    let pointed = person.put("tiny-text/model.gguf", "elsewhere/models/z/z/pointed.gguf");
    let home = format!("{}\n", person.at("elsewhere").display());
    write(&person.at(".lmstudio-home-pointer"), home.as_bytes());
    assert_eq!(person.found()[0].path, pointed);
}

#[test]
fn jans_folder_is_the_one_its_settings_name() {
    let mut person = Person::new();
    person.put(
        "tiny-text/model.gguf",
        ".local/share/Jan/data/llamacpp/models/gemma-3/model.gguf",
    );
    person.put(
        "tiny-text/model.gguf",
        "Library/Application Support/Jan/data/llamacpp/models/m/mac.gguf",
    );
    person.put("tiny-text/model.gguf", "jan/models/old/old.gguf");
    let names = [("Jan", "gemma-3"), ("Jan", "mac"), ("Jan", "old")];
    check(&person, &names);
    person.put(
        "tiny-text/model.gguf",
        "big disk/llamacpp/models/far/far.gguf",
    );
    let settings = format!(r#"{{"data_folder":{:?}}}"#, person.at("big disk"));
    write(
        &person.at(".local/share/Jan/settings.json"),
        settings.as_bytes(),
    );
    check(&person, &[&[("Jan", "far")], &names[..]].concat());
    person.put(
        "tiny-text/model.gguf",
        "given/llamacpp/models/given/given.gguf",
    );
    person
        .variables
        .push(("JAN_DATA_FOLDER", person.at("given")));
    check(
        &person,
        &[&[("Jan", "given"), ("Jan", "far")], &names[..]].concat(),
    );
}

#[test]
fn llama_cpps_cache_is_the_one_the_environment_names() {
    let mut person = Person::new();
    let flat = "ggml-org_gemma-3-270m-GGUF_gemma-3-270m-Q8_0.gguf";
    person.put("tiny-text/model.gguf", &format!(".cache/llama.cpp/{flat}"));
    person.put("tiny-text/model.gguf", "Library/Caches/llama.cpp/mac.gguf");
    let flat = flat.trim_end_matches(".gguf");
    check(&person, &[("llama.cpp", flat), ("llama.cpp", "mac")]);
    person.put("tiny-text/model.gguf", "fast disk/fast.gguf");
    person
        .variables
        .push(("LLAMA_CACHE", person.at("fast disk")));
    check(
        &person,
        &[
            ("llama.cpp", "fast"),
            ("llama.cpp", flat),
            ("llama.cpp", "mac"),
        ],
    );
}

/// Blobs, and a snapshot of links to them, as the hub's library makes it.
#[cfg(unix)]
fn put_in_hub(person: &Person, repository: &str, files: &[(&str, &str)]) {
    for (number, (from, name)) in files.iter().enumerate() {
        let blob = person.put(from, &format!("{repository}/blobs/{number:064}"));
        let link = person.at(&format!(
            "{repository}/snapshots/093f9f388b31de276ce2de164bdc2081324b9767/{name}"
        ));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let up = "../".repeat(2 + name.matches('/').count());
        let relative = Path::new(&up).join("blobs").join(blob.file_name().unwrap());
        std::os::unix::fs::symlink(relative, link).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_hubs_cache_is_read_through_its_links() {
    let mut person = Person::new();
    let hub = ".cache/huggingface/hub";
    let files = [
        ("tiny-text/config.json", "config.json"),
        ("tiny-text/model.safetensors", "model.safetensors"),
    ];
    // The last byte of a configuration is white space or a bracket: as it is.
    let repository = format!("{hub}/models--google--gemma-3-270m-it");
    put_in_hub(&person, &repository, &files);
    write(
        &person.at(&format!("{repository}/blobs/{:064}", 0)),
        &fs::read(golden("tiny-text/config.json")).unwrap(),
    );
    let files = [
        ("tiny-mm/model.gguf", "gemma-3-4b-it-Q4_K_M.gguf"),
        ("tiny-mm/mmproj.gguf", "mmproj-model-f16.gguf"),
    ];
    put_in_hub(
        &person,
        &format!("{hub}/models--ggml-org--gemma-3-4b-it-GGUF"),
        &files,
    );
    write(
        &person.at(&format!("{repository}/refs/main")),
        b"093f9f388b31de276ce2de164bdc2081324b9767",
    );
    write(
        &person.at(&format!("{hub}/.locks/models--x/lock.gguf")),
        b"GGUF",
    );
    let program = "Hugging Face";
    let names = [
        (program, "gemma-3-4b-it-Q4_K_M"),
        (program, "gemma-3-270m-it"),
    ];
    check(&person, &names);
    let found = person.found();
    assert_eq!(
        (found[0].has_eyes, found[1].tuning),
        (true, Tuning::Instructed)
    );
    let linked = person.home.models.link(&found[1]).unwrap();
    assert_eq!(linked, found[1]);

    // A cache that two programs share is told of once.
    person.variables.push(("LLAMA_CACHE", person.at(hub)));
    person
        .variables
        .push(("HF_HOME", person.at(".cache/huggingface")));
    check(&person, &names.map(|(_, name)| ("llama.cpp", name)));
}

/// Links that lead in a circle, out, or to nothing; half files, deep folders, pipes.
#[cfg(unix)]
#[test]
fn what_is_strange_is_passed_over() {
    let person = Person::new();
    let models = ".lmstudio/models";
    let whole = person.put("tiny-text/model.gguf", &format!("{models}/a/b/whole.gguf"));
    let bytes = fs::read(&whole).unwrap();
    write(
        &person.at(&format!("{models}/a/b/half.gguf")),
        &bytes[..bytes.len() / 2],
    );
    write(&person.at(&format!("{models}/a/b/text.gguf")), b"no model");
    write(&person.at(&format!("{models}/a/b/config.json")), b"{}");
    write(
        &person.at(&format!("{models}/1/2/3/4/5/6/7/8/deep.gguf")),
        &bytes,
    );
    let link = |to: &Path, at: &str| {
        std::os::unix::fs::symlink(to, person.at(models).join(at)).unwrap();
    };
    link(&person.at(models), "a/circle");
    link(Path::new("/"), "a/out");
    link(Path::new("nowhere.gguf"), "a/b/nothing.gguf");
    link(&whole, "a/b/again.gguf");
    link(Path::new("self.gguf"), "a/b/self.gguf");
    let pipe = std::process::Command::new("mkfifo")
        .arg(person.at(models).join("pipe.gguf"))
        .status();
    assert!(pipe.unwrap().success());
    let found = person.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        fs::canonicalize(&found[0].path).unwrap(),
        fs::canonicalize(whole).unwrap()
    );
}

#[test]
fn a_home_without_programs_has_nothing() {
    let person = Person::new();
    assert_eq!(person.found(), []);
    let nowhere = Surroundings::default();
    assert_eq!(person.home.models.elsewhere(&nowhere), []);
}
