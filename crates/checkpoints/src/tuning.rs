//! Base model or taught to chat? Published files do not say it in one place, so the evidence has an order.
//!
//! 1. **Words of the metadata** (`general.finetune`, then `general.name`, then `general.basename`):
//!    "it" or "instruct" is instructed, "pt" or "base" is pre-trained. Whoever converted the file
//!    wrote them from the model's own name.
//! 2. **Words of the file's or folder's name**, likewise: "gemma-3-4b-it-q4_0".
//! 3. **A chat template** in the metadata or beside the weights: instructed. It comes after the
//!    words because some conversions of base models carry one too, and some of chat models do not.
//! 4. **`<end_of_turn>` (106) among the ids that end a generation**, in Hugging Face's
//!    `generation_config.json`: instructed. Base models end on 1 alone.
//! 5. Nothing of all this: pre-trained, as the published 270M base is.

use crate::checkpoint::Tuning;

/// What speaks for one or the other, as far as a checkpoint has it.
#[derive(Debug, Default)]
pub struct Evidence<'a> {
    /// `general.finetune`, `general.name`, `general.basename`; empty where there is none.
    pub metadata: [&'a str; 3],
    /// The file's name, or the folder's.
    pub name: &'a str,
    pub has_chat_template: bool,
    pub ends_on_end_of_turn: bool,
}

pub fn tuning(evidence: &Evidence) -> Tuning {
    let said = evidence
        .metadata
        .into_iter()
        .chain([evidence.name])
        .find_map(by_words);
    match said {
        Some(tuning) => tuning,
        None if evidence.has_chat_template || evidence.ends_on_end_of_turn => Tuning::Instructed,
        None => Tuning::Pretrained,
    }
}

/// Whether the metadata says it in words.
pub fn is_said(evidence: &Evidence) -> bool {
    let mut said = evidence.metadata.into_iter().filter_map(by_words);
    said.next().is_some()
}

fn by_words(text: &str) -> Option<Tuning> {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric())
        .find_map(|word| match word {
            "it" | "instruct" | "instructed" | "chat" => Some(Tuning::Instructed),
            "pt" | "pretrained" | "base" => Some(Tuning::Pretrained),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Tuning::{Instructed, Pretrained};

    #[track_caller]
    fn check(metadata: [&str; 3], name: &str, has_chat_template: bool, expected: Tuning) {
        let evidence = Evidence {
            metadata,
            name,
            has_chat_template,
            ends_on_end_of_turn: false,
        };
        assert_eq!(tuning(&evidence), expected, "{evidence:?}");
    }

    #[test]
    fn published_files_are_told_apart() {
        // The base model of the goldens, and its twin that chats.
        check(
            ["", "Gemma 3 270m", "gemma-3"],
            "gemma-3-270m-q4_k_m",
            false,
            Pretrained,
        );
        check(
            ["it", "Gemma 3 270m It", "gemma-3"],
            "gemma-3-270m-it-Q8_0",
            true,
            Instructed,
        );
        // Google's own, unsloth's that forgot the template, a base with words of its own.
        check(
            ["", "Gemma 3 4b It Qat", ""],
            "gemma-3-4b-it-q4_0",
            true,
            Instructed,
        );
        check(
            ["it-qat", "Gemma-3-4B-It-Qat", "Gemma-3-4B-It-Qat"],
            "x",
            false,
            Instructed,
        );
        check(
            ["pt", "Gemma 3 12b Pt", "gemma-3"],
            "gemma-3-12b-pt-Q4_0",
            false,
            Pretrained,
        );
    }

    #[test]
    fn the_metadata_is_believed_before_the_files_name_and_that_before_a_template() {
        check(["pt", "", ""], "renamed-it", true, Pretrained);
        check(["it", "", ""], "renamed-pt", false, Instructed);
        check(["", "", ""], "gemma-3-4b-pt", true, Pretrained);
        check(["", "", ""], "gemma-3-4b-it", false, Instructed);
        check(["", "My Merge", ""], "mine", true, Instructed);
        check(["", "My Merge", ""], "mine", false, Pretrained);
    }

    #[test]
    fn a_word_is_a_whole_word() {
        check(
            ["", "Italian Gemma", ""],
            "commit-database-adapter",
            false,
            Pretrained,
        );
    }

    #[test]
    fn a_generation_that_ends_with_the_turn_is_a_chat() {
        let evidence = Evidence {
            ends_on_end_of_turn: true,
            ..Evidence::default()
        };
        assert_eq!(tuning(&evidence), Instructed);
        assert_eq!(tuning(&Evidence::default()), Pretrained);
    }
}
