//! Journeys of the `lectern` command: what one types, what comes back.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use journeys::{Desk, STARTER, golden, starter};
use serde_json::Value;

/// Every command explains itself.
#[test]
fn every_command_prints_help() {
    let desk = Desk::new();
    let commands: [&[&str]; 26] = [
        &[],
        &["ask"],
        &["complete"],
        &["models"],
        &["models", "list"],
        &["models", "recommend"],
        &["models", "download"],
        &["models", "pause"],
        &["models", "resume"],
        &["models", "cancel"],
        &["models", "refresh"],
        &["models", "token"],
        &["models", "token", "set"],
        &["models", "token", "forget"],
        &["models", "import"],
        &["models", "found"],
        &["models", "disk"],
        &["models", "verify"],
        &["models", "move"],
        &["models", "convert"],
        &["models", "remove"],
        &["models", "path"],
        &["eval", "logits"],
        &["eval", "features"],
        &["eval", "prompt"],
        &["bench"],
    ];
    for command in commands {
        let help = succeeds(desk.lectern(&[command, &["--help"]].concat()));
        assert!(help.contains("Usage: lectern"), "{command:?}: {help}");
    }
}

/// An error is one sentence on standard error, nothing on standard output, and an exit code.
#[test]
fn errors_are_one_sentence() {
    let desk = Desk::new();
    let broken = desk.home().join("broken.gguf");
    fs::write(&broken, b"GGUF, or so it says").expect("a file");
    let broken = broken.to_str().expect("a path in UTF-8");

    fails(desk.lectern(&["ask", "Hello"]), "no model");
    fails(
        desk.lectern(&["ask", "--model", "nobody", "Hello"]),
        "nobody",
    );
    fails(
        desk.lectern(&["complete", "--model", broken, "Hello"]),
        "broken.gguf",
    );
    fails(desk.lectern(&["models", "import", broken]), "broken.gguf");
    fails(
        desk.lectern(&["models", "import", "/no/such/file.gguf"]),
        "/no/such/file.gguf",
    );
    fails(desk.lectern(&["models", "remove", "nobody"]), "nobody");
    fails(
        desk.lectern(&["ask", "--temperature", "hot", "Hello"]),
        "hot",
    );
    fails(desk.lectern(&["dance"]), "dance");
    let home = broken;
    fails(
        desk.command(&["models", "list"])
            .env("LECTERN_HOME", home)
            .output()
            .expect("lectern"),
        "broken.gguf",
    );
}

/// `ask` and `complete` print an answer; the same seed prints the same one, `--json` its figures.
#[test]
fn ask_and_complete_print_an_answer() {
    let desk = Desk::with_starter();

    let answer = succeeds(desk.lectern(&[
        "ask",
        "--seed",
        "7",
        "--max-tokens",
        "12",
        "What is a lectern?",
    ]));
    assert!(!answer.trim().is_empty());
    let again = succeeds(desk.lectern(&[
        "ask",
        "--seed",
        "7",
        "--max-tokens",
        "12",
        "What is a lectern?",
    ]));
    assert_eq!(answer, again);

    let greedy = [
        "--temperature",
        "0",
        "--max-tokens",
        "8",
        "The capital of France is",
    ];
    let continued = succeeds(desk.lectern(&[&["complete"], &greedy[..]].concat()));
    assert!(!continued.trim().is_empty());
    let figures = succeeds(desk.lectern(&[&["complete", "--json"], &greedy[..]].concat()));
    let figures: Value = serde_json::from_str(&figures).expect("JSON");
    assert_eq!(figures["answer_tokens"], 8);
    assert_eq!(
        figures["text"].as_str().map(str::trim),
        Some(continued.trim())
    );
    let disk = json(desk.lectern(&["models", "disk", "--json"]));
    assert!(
        disk["models"][0]["last_used_ms"].is_i64(),
        "it has answered"
    );
}

/// Words come while the model writes, not all at the end; and a reader that goes away ends it.
#[test]
fn words_come_while_the_model_writes() {
    use std::io::Read;

    let desk = Desk::with_starter();
    let mut lectern = desk.command(&[
        "complete",
        "--seed",
        "1",
        "Count: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,",
    ]);
    let mut writing = lectern.stdout(Stdio::piped()).spawn().expect("lectern");
    let mut stdout = writing.stdout.take().expect("stdout is piped");
    let mut first = [0; 4];
    stdout.read_exact(&mut first).expect("some words");
    assert_eq!(
        writing.try_wait().expect("it can be asked"),
        None,
        "it has more to write"
    );
    drop(stdout);
    let status = writing.wait().expect("it ends");
    assert!(!status.success(), "nobody reads any more: {status}");
}

/// A model is imported, listed and removed; the original stays where it was.
#[test]
fn models_come_and_go() {
    let desk = Desk::new();
    let file = golden("tiny-text/model.gguf");
    assert_eq!(
        json(desk.lectern(&["models", "list", "--json"])),
        serde_json::json!([])
    );
    let folder = succeeds(desk.lectern(&["models", "path"]));
    assert!(
        Path::new(folder.trim()).starts_with(desk.home()),
        "{folder}"
    );

    let model = json(desk.lectern(&["models", "import", "--json", file.to_str().expect("UTF-8")]));
    let name = model["name"].as_str().expect("a name");
    let listed = json(desk.lectern(&["models", "list", "--json"]));
    assert_eq!(listed[0]["name"], name);
    assert!(succeeds(desk.lectern(&["models", "list"])).contains(name));

    let freed = json(desk.lectern(&["models", "remove", name, "--json"]));
    assert_eq!(
        freed["freed_bytes"],
        file.metadata().expect("the original stays").len()
    );
    assert_eq!(
        json(desk.lectern(&["models", "list", "--json"])),
        serde_json::json!([])
    );
}

/// A model of another program is found, used where it is, weighed as such, and forgotten without a trace.
#[test]
fn models_of_other_programs_are_used_where_they_are() {
    let desk = Desk::new();
    let theirs = desk
        .home()
        .join(".lmstudio/models/google/gemma-3/tiny.gguf");
    fs::create_dir_all(theirs.parent().expect("a folder")).expect("a folder");
    fs::copy(golden("tiny-text/model.gguf"), &theirs).expect("the golden model");
    let path = theirs.to_str().expect("UTF-8");

    let found = json(desk.lectern(&["models", "found", "--json"]));
    assert_eq!(
        (&found[0]["program"], &found[0]["path"]),
        (&"LM Studio".into(), &path.into())
    );
    assert_eq!(found[0]["is_here"], false);
    let listed = succeeds(desk.lectern(&["models", "found"]));
    assert!(
        listed.contains("LM Studio") && listed.contains(path),
        "{listed}"
    );

    let model = json(desk.lectern(&["models", "import", "--link", "--json", path]));
    assert_eq!(
        (&model["place"], &model["program"]),
        (&"elsewhere".into(), &"LM Studio".into())
    );
    assert!(succeeds(desk.lectern(&["models", "list"])).contains("LM Studio's"));
    let disk = json(desk.lectern(&["models", "disk", "--json"]));
    assert_eq!(disk["models"][0]["source"], "LM Studio");
    let ours = disk["kinds"][0]["bytes"].as_u64().expect("a number");
    assert!(ours < 1000, "the link alone: {ours}");
    assert!(succeeds(desk.lectern(&["models", "disk"])).contains("lies elsewhere"));

    fs::rename(&theirs, desk.home().join("moved.gguf")).expect("they moved it");
    fails(desk.lectern(&["complete", "w4"]), "is not there any more");
    let disk = json(desk.lectern(&["models", "disk", "--json"]));
    let listed = desk.lectern(&["models", "list"]);
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    assert!(
        said.starts_with("not listed: 1 that cannot be used"),
        "{said}"
    );
    let what = disk["leftovers"][0]["what"].as_str().expect("a sentence");
    assert!(what.contains(path), "{what}");
    succeeds(desk.lectern(&["models", "remove", "tiny"]));
    assert_eq!(
        json(desk.lectern(&["models", "list", "--json"])),
        serde_json::json!([])
    );
    assert!(desk.home().join("moved.gguf").is_file());
}

/// What is whole is said to be, what is not ends with a failure that names it, and the others are looked at all the same.
#[test]
fn models_are_verified() {
    let desk = Desk::new();
    let models = desk.home().join("models");
    fs::create_dir_all(&models).expect("a models folder");
    let bytes = fs::read(golden("tiny-text/model.gguf")).expect("the golden model");
    fs::write(models.join("whole.gguf"), &bytes).expect("a file");
    let said = succeeds(desk.lectern(&["models", "verify"]));
    assert_eq!(
        said,
        "whole: nothing is missing; its hashes are not known\n"
    );

    fs::write(models.join("half.gguf"), &bytes[..bytes.len() / 2]).expect("a file");
    let output = desk.lectern(&["models", "verify", "--json"]);
    assert!(!output.status.success());
    let verdicts: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&verdicts[0]["name"], &verdicts[0]["is_whole"]),
        (&"half".into(), &false.into())
    );
    assert_eq!(
        (&verdicts[1]["name"], &verdicts[1]["is_whole"]),
        (&"whole".into(), &true.into())
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("error: damaged: half\n"), "{said}");
    fails(desk.lectern(&["models", "verify", "nobody"]), "nobody");
}

/// Whoever asks for a copy, a clone or a link gets that, or a sentence.
#[test]
fn a_model_is_taken_as_one_wishes() {
    let desk = Desk::new();
    let file = golden("tiny-text/model.gguf");
    let file = file.to_str().expect("UTF-8");
    let copied = json(desk.lectern(&["models", "import", "--copy", "--json", file]));
    assert_eq!(copied["place"], "ours");
    succeeds(desk.lectern(&["models", "remove", "model"]));
    let cloned = desk.lectern(&["models", "import", "--clone", "--json", file]);
    match cloned.status.success() {
        true => assert_eq!(json(cloned)["place"], "ours"),
        false => fails(cloned, "the disk shares no bytes between files"),
    }
    fails(
        desk.lectern(&["models", "import", "--link", "--copy", file]),
        "--copy",
    );
}

/// A model and the file it sees with come in together, see, and go together; one without such a file sees nothing, also
/// beside one that has it.
#[test]
fn models_come_with_their_eyes() {
    let desk = Desk::new();
    let path = |name: &str| desk.home().join(name).to_str().expect("UTF-8").to_owned();
    let golden = |name: &str| golden(name).to_str().expect("UTF-8").to_owned();
    let import =
        |arguments: &[&str]| desk.lectern(&[&["models", "import", "--json"], arguments].concat());
    let (file, tower) = (golden("tiny-mm/model.gguf"), golden("tiny-mm/mmproj.gguf"));
    let size = |file: &str| fs::metadata(file).expect("the original stays").len();
    let mut other = fs::read(&file).expect("the golden model");
    *other.last_mut().expect("bytes") ^= 1;
    let blind = path("blind.gguf");
    fs::write(&blind, other).expect("a file");

    let seeing = json(import(&[&file]));
    assert_eq!(seeing["has_eyes"], true);
    assert_eq!(seeing["size_bytes"], size(&file) + size(&tower));
    assert_eq!(json(import(&[&blind]))["has_eyes"], false);
    let named = json(import(&[&blind, "--mmproj", &tower]));
    assert_eq!(
        (&named["name"], &named["has_eyes"]),
        (&"blind-2".into(), &true.into())
    );
    fails(
        import(&[&blind, "--mmproj", &golden("tiny-text/model.gguf")]),
        "tiny-text",
    );
    fails(
        import(&[&golden("tiny-mm"), "--mmproj", &tower]),
        "takes no mmproj",
    );

    let listed = succeeds(desk.lectern(&["models", "list"]));
    let eyes = listed.lines().map(|line| {
        let mut words = line.split_whitespace();
        (
            words.next().expect("a name"),
            words.any(|word| word == "sees"),
        )
    });
    let model = seeing["name"].as_str().expect("a name");
    let expected = [("blind", false), ("blind-2", true), (model, true)];
    assert_eq!(eyes.collect::<Vec<_>>(), expected, "{listed}");

    let (pixels, output) = (path("pixels"), path("features"));
    let image = golden("tiny-mm/landscape.png");
    succeeds(desk.lectern(&["eval", "pixels", "--image", &image, "--output", &pixels]));
    let look = |model: &str| {
        let look = [
            "eval", "features", "--input", &pixels, "--output", &output, "--model",
        ];
        desk.lectern(&[&look[..], &[model]].concat())
    };
    let expected = Tensors::read(Path::new(&golden("tiny-mm/expected.safetensors")));
    let expected = expected.floats("landscape.image_features");
    for model in [model, "blind-2"] {
        succeeds(look(model));
        let found = Tensors::read(Path::new(&output)).floats("features");
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let off = off.fold(0.0, f32::max);
        assert!(
            found.len() == expected.len() && off <= 5e-4,
            "{model}: {off}"
        );
    }
    fails(look("blind"), "no eyes");

    for (model, bytes) in [(model, size(&file) + size(&tower)), ("blind", size(&file))] {
        let freed = json(desk.lectern(&["models", "remove", model, "--json"]));
        assert_eq!(freed["freed_bytes"], bytes, "{model}");
    }
    let left = json(desk.lectern(&["models", "list", "--json"]));
    assert_eq!(
        (left[0]["name"].as_str(), &left[1]),
        (Some("blind-2"), &Value::Null)
    );
}

/// A model that lies in the models folder is a model, however it came there.
#[test]
fn a_model_that_was_copied_there_is_listed() {
    let desk = Desk::with_starter();
    let listed = json(desk.lectern(&["models", "list", "--json"]));
    assert_eq!(listed[0]["name"], STARTER.trim_end_matches(".gguf"));
    assert_eq!(listed[0]["tuning"], "pretrained");
    assert_eq!(
        listed[0]["size_bytes"],
        starter().metadata().expect("the starter").len()
    );
}

/// `models convert` writes a file that runs, never over another one, and leaves no half file.
#[test]
fn models_convert_writes_a_model_in_another_format() {
    let desk = Desk::new();
    let made = desk.home().join("eight.gguf");
    let made_path = made.to_str().expect("UTF-8");
    let starter = starter();
    let starter = starter.to_str().expect("UTF-8");
    let to = |format| {
        let convert = ["models", "convert", "--json", starter, "--to", format];
        desk.lectern(&[&convert[..], &[made_path]].concat())
    };
    fails(to("q3"), "q3");
    let said = json(to("q8_0"));
    assert_eq!(
        said["size_bytes"],
        made.metadata().expect("it is there").len()
    );
    fails(to("q4_0"), "eight.gguf is there already");
    let entries = fs::read_dir(desk.home()).expect("the home");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names = names.filter(|name| name.to_string_lossy().contains("eight"));
    assert!(names.all(|name| name == "eight.gguf"), "nothing else");

    let words = [
        "complete",
        "--temperature",
        "0",
        "--max-tokens",
        "6",
        "--model",
    ];
    let say = |model| succeeds(desk.lectern(&[&words[..], &[model, "The capital of"]].concat()));
    assert_eq!(say(made_path), say(starter), "8 bits lose next to nothing");
}

/// `eval logits` gives the reference's numbers, from a GGUF and from a Hugging Face folder.
#[test]
fn eval_logits_agrees_with_the_reference() {
    let desk = Desk::new();
    let expected = Tensors::read(&golden("tiny-text/expected.safetensors"));
    let ids = expected.raw("short.input_ids");
    let input = desk.home().join("in.safetensors");
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::I32, vec![ids.len() / 4], &ids);
    safetensors::serialize_to_file([("input_ids", view.expect("ids"))], None, &input)
        .expect("a file");

    for model in ["tiny-text/model.gguf", "tiny-text"] {
        let output = desk.home().join("out.safetensors");
        let paths =
            [&golden(model), &input, &output].map(|path| path.to_str().expect("UTF-8").to_owned());
        let [model, input, output_path] = paths.each_ref().map(String::as_str);
        succeeds(desk.lectern(&[
            "eval",
            "logits",
            "--model",
            model,
            "--input",
            input,
            "--output",
            output_path,
        ]));

        let (got, wanted) = (
            Tensors::read(&output).floats("logits"),
            expected.floats("short.logits"),
        );
        assert_eq!(got.len(), wanted.len());
        let off = got
            .iter()
            .zip(&wanted)
            .map(|(got, wanted)| (got - wanted).abs())
            .fold(0.0, f32::max);
        assert!(off <= 5e-4, "{model}: off by {off}");
    }
}

/// `eval features` and `eval logits` see what the reference sees, from the picture to the scores, with the tower from
/// a folder, from beside the model and by its name.
#[test]
fn pictures_are_seen_as_the_reference_sees_them() {
    let desk = Desk::new();
    let expected = Tensors::read(&golden("tiny-mm/expected.safetensors"));
    let file = |name: &str| desk.home().join(name).to_str().expect("UTF-8").to_owned();
    let golden = |name: &str| golden(name).to_str().expect("UTF-8").to_owned();
    let pixels = ["landscape", "small"].map(|name| {
        let (image, output) = (golden(&format!("tiny-mm/{name}.png")), file(name));
        succeeds(desk.lectern(&["eval", "pixels", "--image", &image, "--output", &output]));
        Tensors::read(Path::new(&output)).raw("pixel_values")
    });
    let (mmproj, output) = (golden("tiny-mm/mmproj.gguf"), file("out"));
    let write = |name: &str, pixels: &[u8]| {
        use safetensors::{Dtype, tensor::TensorView};
        let ids = expected.raw(&format!("{name}.input_ids"));
        let n = pixels.len() / (4 * 3 * 896 * 896);
        let ids = TensorView::new(Dtype::I32, vec![ids.len() / 4], &ids).expect("ids");
        let pixels = TensorView::new(Dtype::F32, vec![n, 3, 896, 896], pixels).expect("pixels");
        let input = file("in");
        let tensors = [("input_ids", ids), ("pixel_values", pixels)];
        safetensors::serialize_to_file(tensors, None, Path::new(&input)).expect("a file");
        input
    };
    let models = [
        (golden("tiny-mm"), None),
        (golden("tiny-mm/model.gguf"), None),
        (golden("tiny-mm/model.gguf"), Some(&mmproj)),
    ];
    for (model, mmproj) in models {
        for (precision, tolerance) in [("exact", 5e-4), ("fast", 0.1)] {
            let run = |what: &str, input: &str| {
                let mut typed = vec!["eval", what, "--model", &model, "--input", input];
                typed.extend(["--output", &output, "--precision", precision]);
                if let Some(mmproj) = mmproj {
                    typed.extend(["--mmproj", mmproj]);
                }
                succeeds(desk.lectern(&typed));
                Tensors::read(Path::new(&output))
            };
            let check = |what: &str, got: &[f32], wanted: &[f32]| {
                assert_eq!(got.len(), wanted.len(), "{what}");
                let off = got
                    .iter()
                    .zip(wanted)
                    .map(|(got, wanted)| (got - wanted).abs());
                let off = off.fold(0.0, f32::max);
                println!("{model} {precision} {what}: off by {off:e}");
                assert!(off <= tolerance, "{model} {precision} {what}: off by {off}");
            };
            let input = write("one_image", &pixels[0]);
            let features = run("features", &input).floats("features");
            check(
                "features",
                &features,
                &expected.floats("landscape.image_features"),
            );
            for (name, pixels) in [
                ("one_image", pixels[0].clone()),
                ("two_images", pixels.concat()),
            ] {
                let got = run("logits", &write(name, &pixels)).floats("logits");
                let positions = expected.raw(&format!("{name}.positions"));
                let rows = positions.as_chunks::<4>().0.iter().map(|at| {
                    let at = i32::from_le_bytes(*at) as usize;
                    &got[at * 512..][..512]
                });
                let got = rows.collect::<Vec<_>>().concat();
                check(name, &got, &expected.floats(&format!("{name}.logits")));
            }
        }
    }
}

/// `eval prompt` gives the reference's ids.
#[test]
fn eval_prompt_agrees_with_the_reference() {
    let desk = Desk::with_starter();
    let golden = fs::read_to_string(golden("prompts.json")).expect("the golden prompts");
    let golden: Value = serde_json::from_str(&golden).expect("JSON");
    let texts = golden["texts"].as_array().expect("texts");
    let lines: Vec<String> = texts
        .iter()
        .map(|case| serde_json::json!({ "text": case["text"] }).to_string())
        .collect();
    let (input, output) = (desk.home().join("in.jsonl"), desk.home().join("out.jsonl"));
    fs::write(&input, lines.join("\n")).expect("a file");

    let paths = [&input, &output].map(|path| path.to_str().expect("UTF-8").to_owned());
    let model = STARTER.trim_end_matches(".gguf");
    succeeds(desk.lectern(&[
        "eval", "prompt", "--model", model, "--input", &paths[0], "--output", &paths[1],
    ]));

    let got = fs::read_to_string(&output).expect("the output");
    assert_eq!(got.lines().count(), texts.len());
    for (line, case) in got.lines().zip(texts) {
        let got: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(got["ids"], case["ids"], "{}", case["text"]);
    }
}

/// `bench --json` has the figures that are compared from release to release.
#[test]
fn bench_reports_its_figures() {
    let desk = Desk::with_starter();
    let model = STARTER.trim_end_matches(".gguf");
    let small = [
        "--prompt",
        "16",
        "--generate",
        "4",
        "--depth",
        "8",
        "--repetitions",
        "2",
    ];
    let report = json(desk.lectern(&[&["bench", "--json", "--model", model], &small[..]].concat()));

    for speed in ["prefill_tokens_per_second", "decode_tokens_per_second"] {
        let [min, median, max] =
            ["min", "median", "max"].map(|key| report[speed][key].as_f64().expect("a figure"));
        assert!(
            0.0 < min && min <= median && median <= max,
            "{speed}: {report}"
        );
    }
    for figure in ["load_seconds", "first_token_seconds", "peak_resident_bytes"] {
        assert!(
            report[figure].as_f64().is_some_and(|figure| figure > 0.0),
            "{figure}: {report}"
        );
    }
}

/// What a command printed, given that it did what it was asked.
#[track_caller]
fn succeeds(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("output in UTF-8")
}

#[track_caller]
fn json(output: Output) -> Value {
    serde_json::from_str(&succeeds(output)).expect("JSON")
}

/// The command failed with one sentence that has `about` in it, and at most a hint below it.
#[track_caller]
fn fails(output: Output, about: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let lines: Vec<&str> = said.lines().collect();
    let (sentence, hints) = lines.split_first().expect("a sentence");
    assert!(
        sentence.starts_with("error: ") && sentence.contains(about),
        "{said}"
    );
    assert!(
        hints.len() <= 1 && hints.iter().all(|line| line.starts_with(" hint: ")),
        "{said}"
    );
}

/// A safetensors file.
struct Tensors(Vec<u8>);

impl Tensors {
    #[track_caller]
    fn read(path: &Path) -> Self {
        Self(fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    #[track_caller]
    fn raw(&self, name: &str) -> Vec<u8> {
        let file = safetensors::SafeTensors::deserialize(&self.0).expect("safetensors");
        file.tensor(name).expect(name).data().to_vec()
    }

    #[track_caller]
    fn floats(&self, name: &str) -> Vec<f32> {
        let raw = self.raw(name);
        raw.as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }
}
