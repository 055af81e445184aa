//! `lectern eval`: numbers to compare with a reference.

use assistant::{Assistant, Features, Logits, PanAndScan, Pixels};

use crate::arguments::{Eval, EvalFeatures, EvalLogits, EvalPixels, Precision};
use crate::failure::Failure;

pub fn run(assistant: &Assistant, eval: &Eval) -> Result<(), Failure> {
    match eval {
        Eval::Logits(logits) => assistant.eval_logits(&request(logits))?,
        Eval::Features(features) => assistant.eval_features(&what_is_seen(features))?,
        Eval::Prompt(prompt) => {
            assistant.eval_prompt(&prompt.model, &prompt.input, &prompt.output)?;
        }
        Eval::Pixels(pixels) => assistant.eval_pixels(&what_is_shown(pixels))?,
    }
    Ok(())
}

fn request(typed: &EvalLogits) -> Logits<'_> {
    Logits {
        model: &typed.checkpoint.model,
        mmproj: typed.checkpoint.mmproj.as_deref(),
        input: &typed.input,
        output: &typed.output,
        precision: precision(typed.checkpoint.precision),
        chunk: typed.chunk.map(Into::into),
        top: typed.top.map(Into::into),
    }
}

fn what_is_seen(typed: &EvalFeatures) -> Features<'_> {
    Features {
        model: &typed.checkpoint.model,
        mmproj: typed.checkpoint.mmproj.as_deref(),
        input: &typed.input,
        output: &typed.output,
        precision: precision(typed.checkpoint.precision),
    }
}

fn precision(typed: Precision) -> assistant::Precision {
    match typed {
        Precision::Exact => assistant::Precision::Exact,
        Precision::Fast => assistant::Precision::Fast,
    }
}

fn what_is_shown(typed: &EvalPixels) -> Pixels<'_> {
    let usual = PanAndScan::default();
    let pan_and_scan = PanAndScan {
        min_ratio: typed.min_ratio.unwrap_or(usual.min_ratio),
        min_piece: typed.min_piece.unwrap_or(usual.min_piece),
        max_pieces: typed.max_pieces.unwrap_or(usual.max_pieces),
    };
    Pixels {
        image: &typed.image,
        pan_and_scan: typed.pan_and_scan.then_some(pan_and_scan),
        output: &typed.output,
    }
}
