//! `lectern eval`: numbers to compare with a reference.

use assistant::{Assistant, Logits};

use crate::arguments::{Eval, EvalLogits, Precision};
use crate::failure::Failure;

pub fn run(assistant: &Assistant, eval: &Eval) -> Result<(), Failure> {
    match eval {
        Eval::Logits(logits) => assistant.eval_logits(&request(logits))?,
        Eval::Prompt(prompt) => {
            assistant.eval_prompt(&prompt.model, &prompt.input, &prompt.output)?;
        }
    }
    Ok(())
}

fn request(typed: &EvalLogits) -> Logits<'_> {
    Logits {
        model: &typed.model,
        input: &typed.input,
        output: &typed.output,
        precision: match typed.precision {
            Precision::Exact => assistant::Precision::Exact,
            Precision::Fast => assistant::Precision::Fast,
        },
        chunk: typed.chunk.map(Into::into),
        top: typed.top.map(Into::into),
    }
}
