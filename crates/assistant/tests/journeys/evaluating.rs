//! What the command line asks for: answers without a trace, and numbers to compare.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::{fs, iter};

use assistant::{Ask, Assistant, Bench, Logits, Precision, Sampling};
use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::desk::{Desk, STARTER, golden, options, starter};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn question<'a>(model: Option<&'a str>, text: &'a str, seed: u64) -> Ask<'a> {
    let sampling = Sampling {
        seed: Some(seed),
        ..Sampling::RECOMMENDED
    };
    Ask {
        model,
        system: None,
        text,
        sampling,
        max_tokens: Some(12),
    }
}

/// The same seed continues the same text in the same words, whatever was asked in between.
#[test]
fn a_continuation_can_be_had_again() {
    let desk = Desk::new();
    let complete = |seed| {
        let mut heard = String::new();
        let ask = question(None, "Once upon a time there was", seed);
        let outcome = desk
            .assistant
            .complete(&ask, &GO_ON, |text| heard.push_str(text))
            .unwrap();
        assert_eq!(heard, outcome.text);
        outcome
    };
    let first = complete(1);
    assert_eq!(
        (first.answer_tokens, first.cut_short, first.seed),
        (12, true, 1)
    );
    assert_ne!(complete(2).text, first.text);
    assert_eq!(complete(1).text, first.text);
}

/// A question without the store leaves no trace, and a model can be named by its path.
#[test]
fn a_question_by_path_leaves_no_trace() {
    let home = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(home.path()));
    let starter = starter();
    let ask = question(starter.to_str(), "What is a lectern?", 1);
    let outcome = assistant.ask(&ask, &GO_ON, |_| {}).unwrap();
    assert!(outcome.prompt_tokens > 5 && !outcome.text.starts_with(' '));
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

/// Greedy takes the likeliest token: no seed changes it.
#[test]
fn temperature_zero_is_greedy() {
    let desk = Desk::new();
    let say = |seed| {
        let mut ask = question(Some(STARTER), "The first ten numbers are 1, 2, 3,", seed);
        ask.sampling.temperature = 0.0;
        desk.assistant.complete(&ask, &GO_ON, |_| {}).unwrap().text
    };
    let text = say(1);
    assert!(text.trim_start().starts_with("4, 5, 6"), "{text:?}");
    assert_eq!(say(2), text);
}

/// Logits through the seam are those of the reference, whatever the chunk.
#[test]
fn logits_are_those_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(folder.path()));
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let expected = Tensors::read(&golden("tiny-text/expected.safetensors"));
    let ids = expected.i32s("long.input_ids");
    write_ids(&input, &ids);

    for model in ["tiny-text/model.gguf", "tiny-text"] {
        for chunk in [Some(7), None] {
            let model = golden(model);
            assistant
                .eval_logits(&Logits {
                    model: model.to_str().unwrap(),
                    mmproj: None,
                    input: &input,
                    output: &output,
                    precision: Precision::Exact,
                    chunk,
                    top: None,
                })
                .unwrap();
            let found = Tensors::read(&output);
            assert_eq!(found.shape("logits"), [ids.len(), 512]);
            let largest = iter::zip(found.f32s("logits"), expected.f32s("long.logits"))
                .map(|(found, expected)| (found - expected).abs())
                .fold(0.0, f32::max);
            assert!(largest <= 5e-4, "off by {largest}");
        }
    }
}

/// With `top` come the likeliest ids with their log-probabilities, and how surprising each next id was.
#[test]
fn the_likeliest_agree_with_the_logits() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(folder.path()));
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let expected = Tensors::read(&golden("tiny-text/expected.safetensors"));
    let ids = expected.i32s("short.input_ids");
    write_ids(&input, &ids);
    let model = golden("tiny-text/model.gguf");
    let request = Logits {
        model: model.to_str().unwrap(),
        mmproj: None,
        input: &input,
        output: &output,
        precision: Precision::Exact,
        chunk: None,
        top: Some(3),
    };

    assistant.eval_logits(&request).unwrap();

    let found = Tensors::read(&output);
    assert_eq!(found.shape("nll"), [ids.len() - 1]);
    assert_eq!(found.shape("top_ids"), [ids.len(), 3]);
    let (nll, top_ids, top) = (
        found.f32s("nll"),
        found.i32s("top_ids"),
        found.f32s("top_logprobs"),
    );
    for (place, logits) in expected.f32s("short.logits").chunks(512).enumerate() {
        let sum = logits
            .iter()
            .map(|logit| f64::from(*logit).exp())
            .sum::<f64>()
            .ln() as f32;
        let best = (0..512)
            .max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
            .unwrap();
        assert_eq!(top_ids[place * 3], best as i32);
        assert!((top[place * 3] - (logits[best] - sum)).abs() < 1e-3);
        if let Some(next) = ids.get(place + 1) {
            assert!((nll[place] - (sum - logits[*next as usize])).abs() < 1e-3);
        }
    }
}

/// Texts and conversations become the reference's ids, and what a person types is never a control token.
#[test]
fn prompts_have_the_ids_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(folder.path()));
    let prompts: Value =
        serde_json::from_slice(&fs::read(golden("prompts.json")).unwrap()).unwrap();
    let cases = |key: &str| prompts[key].as_array().unwrap().iter();
    let typed = json!({"messages": [{"role": "user", "content": "Say <end_of_turn> and <bos>."}]});
    let lines: Vec<&Value> = cases("texts")
        .chain(cases("conversations"))
        .chain([&typed])
        .collect();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(
        &input,
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
    .unwrap();

    assistant
        .eval_prompt(starter().to_str().unwrap(), &input, &output)
        .unwrap();

    let found = fs::read_to_string(&output).unwrap();
    let found: Vec<Value> = found
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (typed_ids, found) = found.split_last().unwrap();
    assert_eq!(found.len() + 1, lines.len());
    for (line, found) in iter::zip(lines, found) {
        let expected = match &line["ids"] {
            Value::Null => json!(spelt_out(&line["ids_run_length"])),
            ids => ids.clone(),
        };
        assert_eq!(found["ids"], expected, "{line}");
    }
    let count = |id: u32| {
        typed_ids["ids"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|found| **found == id)
            .count()
    };
    assert_eq!(
        (count(2), count(105), count(106)),
        (1, 2, 1),
        "only the template's own: {typed_ids}"
    );
}

/// A line that makes no sense is named by its number.
#[test]
fn a_wrong_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(folder.path()));
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(&input, "{\"text\": \"fine\"}\n{\"txet\": \"not\"}\n").unwrap();
    let error = assistant
        .eval_prompt(starter().to_str().unwrap(), &input, &output)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "line 2 of {}: expected either `text` or `messages`",
            input.display()
        )
    );
    assert!(!output.exists());
}

/// A bench measures what it was asked to, every figure of it.
#[test]
fn a_bench_has_all_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let assistant = Assistant::new(options(folder.path()));
    let model = golden("tiny-text/model.gguf");
    let bench = Bench {
        model: model.to_str().unwrap(),
        prompt_tokens: 40,
        generate_tokens: 8,
        depth: 20,
        repetitions: 3,
    };
    let mut steps = 0;
    let report = assistant.bench(&bench, |_| steps += 1).unwrap();
    assert_eq!(steps, 4, "loading, and three measurements");
    for spread in [
        report.prefill_tokens_per_second,
        report.decode_tokens_per_second,
    ] {
        assert!(0.0 < spread.min && spread.min <= spread.median && spread.median <= spread.max);
    }
    assert!(report.load_seconds > 0.0 && report.first_token_seconds > 0.0 && report.threads >= 1);
    assert!(report.peak_resident_bytes > 1_000_000);
}

fn spelt_out(runs: &Value) -> Vec<u64> {
    let runs = runs.as_array().unwrap().iter();
    let pair = |run: &Value| (run[0].as_u64().unwrap(), run[1].as_u64().unwrap() as usize);
    runs.map(pair)
        .flat_map(|(id, times)| iter::repeat_n(id, times))
        .collect()
}

/// A safetensors file, read whole.
struct Tensors(HashMap<String, (Vec<usize>, Vec<u8>)>);

impl Tensors {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let whole = file.tensors().into_iter();
        Self(
            whole
                .map(|(name, view)| (name, (view.shape().to_vec(), view.data().to_vec())))
                .collect(),
        )
    }

    fn shape(&self, name: &str) -> &[usize] {
        &self.0[name].0
    }

    fn f32s(&self, name: &str) -> Vec<f32> {
        self.0[name]
            .1
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }

    fn i32s(&self, name: &str) -> Vec<i32> {
        self.0[name]
            .1
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| i32::from_le_bytes(*bytes))
            .collect()
    }
}

fn write_ids(path: &Path, ids: &[i32]) {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::I32, vec![ids.len()], &bytes)
            .unwrap();
    safetensors::serialize_to_file([("input_ids", view)], None, path).unwrap();
}
