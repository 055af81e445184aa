//! Times candle's `quantized_gemma3` on a GGUF file: `candle-peer MODEL PROMPT GENERATE REPETITIONS`.
//!
//! Prints one JSON line with the keys of `lectern bench --json`, so that both are read alike. The ids
//! are the same fixed ones; what they say does not matter, only how long they take.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

use candle_core::quantized::gguf_file;
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_gemma3::ModelWeights;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, prompt, generate, repetitions] = args.as_slice() else {
        return Err("usage: candle-peer MODEL PROMPT GENERATE REPETITIONS".into());
    };
    let (prompt, generate, repetitions): (usize, usize, usize) =
        (prompt.parse()?, generate.parse()?, repetitions.parse()?);
    let ids: Vec<u32> = (0..prompt as u32).map(|i| 1000 + i * 7919 % 200_000).collect();

    let mut prefill = Vec::new();
    let mut decode = Vec::new();
    let start = Instant::now();
    // Its cache cannot be emptied, so each repetition runs on a copy of the weights as loaded.
    let fresh = load(model)?;
    let load_seconds = start.elapsed().as_secs_f64();
    for _ in 0..repetitions {
        let mut weights = fresh.clone();
        let start = Instant::now();
        let input = Tensor::new(ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
        let mut logits = weights.forward(&input, 0)?;
        prefill.push(prompt as f64 / start.elapsed().as_secs_f64());

        let start = Instant::now();
        for step in 0..generate {
            let next = logits.squeeze(0)?.argmax(0)?.to_scalar::<u32>()?;
            let input = Tensor::new(&[next], &Device::Cpu)?.unsqueeze(0)?;
            logits = weights.forward(&input, prompt + step)?;
        }
        decode.push(generate as f64 / start.elapsed().as_secs_f64());
    }
    println!(
        "{{\"prefill_tokens_per_second\":{},\"decode_tokens_per_second\":{},\"load_seconds\":{load_seconds:.3}}}",
        spread(&mut prefill),
        spread(&mut decode)
    );
    Ok(())
}

fn load(path: &str) -> Result<ModelWeights, Box<dyn Error>> {
    let mut reader = BufReader::new(File::open(path)?);
    let content = gguf_file::Content::read(&mut reader)?;
    Ok(ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)?)
}

/// `{"median":…,"min":…,"max":…}`
fn spread(samples: &mut [f64]) -> String {
    samples.sort_by(f64::total_cmp);
    let (min, median, max) = (samples[0], samples[samples.len() / 2], samples[samples.len() - 1]);
    format!("{{\"median\":{median:.2},\"min\":{min:.2},\"max\":{max:.2}}}")
}
