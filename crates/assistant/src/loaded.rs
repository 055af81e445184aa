//! A checkpoint in memory: its engine, its words, and how it is spoken to.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use engine::{Engine, Numerics, Setup, Work};
use prompt::{Tokenizer, Turn};

use crate::conversations::{ConversationId, MessageId};
use crate::embeddings::Hash;
use crate::models::{Model, Tuning};
use crate::{Error, sight, vocabulary};

/// What a model is computed with.
#[derive(Debug, Clone)]
pub struct Compute {
    pub threads: NonZeroUsize,
    /// Forces a CPU path by name; `None` asks the CPU.
    pub cpu_level: Option<String>,
}

/// A model that can answer.
pub struct Loaded {
    pub model: Model,
    /// The context that was asked for; `None` left it to the machine.
    pub context_wish: Option<u32>,
    pub engine: Engine,
    pub tokenizer: Tokenizer,
    pub spoken: Spoken,
    /// Numbers in each of its 256 looks at a picture.
    pub hidden_size: usize,
    /// The file or folder of its picture tower.
    tower: Option<PathBuf>,
    tower_hash: Option<Hash>,
}

impl Loaded {
    /// Makes a model ready for a chat with a context of as many positions as `context_len` says. What was loaded
    /// before is given back by `make_room`, once all that may be wrong with the file has been checked.
    pub fn open(
        model: &Model,
        compute: &Compute,
        context_len: impl FnOnce(&Work) -> Result<usize, Error>,
        make_room: impl FnOnce(),
    ) -> Result<Self, Error> {
        let weights = model.weights()?;
        let tokenizer = vocabulary::tokenizer(&model.path, weights.header())?;
        let context_len = context_len(&weights.work())?;
        make_room();
        let image_token = vocabulary::image_token(&model.path, &weights)?;
        let setup = setup(
            compute,
            Numerics::Fast,
            None,
            Some(context_len),
            image_token,
        );
        let hidden_size = weights.config().hidden_size;
        let tower = weights.tower_path().map(Path::to_owned);
        let engine = Engine::load(weights, setup)?;
        Ok(Self {
            model: model.clone(),
            context_wish: None,
            engine,
            tokenizer,
            spoken: Spoken::default(),
            hidden_size,
            tower,
            tower_hash: None,
        })
    }

    /// Memory that is free again once it is gone.
    pub fn held_bytes(&self) -> u64 {
        self.engine.cache_bytes() + self.engine.head_copy_bytes()
    }

    /// Tells its picture tower from others.
    pub fn tower(&mut self) -> Result<Hash, Error> {
        if let Some(hash) = self.tower_hash {
            return Ok(hash);
        }
        let path = self.tower.as_ref().ok_or(engine::Error::NoEyes)?;
        Ok(*self.tower_hash.insert(sight::tower_hash(path)?))
    }

    /// The ids that end an answer: a base model never writes the end of a turn.
    pub fn stop_ids(&self) -> Vec<u32> {
        let end_of_turn = match self.model.tuning {
            Tuning::Instructed => self.tokenizer.end_of_turn(),
            Tuning::Pretrained => None,
        };
        self.tokenizer
            .end_of_text()
            .into_iter()
            .chain(end_of_turn)
            .collect()
    }

    /// The prompt that asks for the model's next words in a conversation.
    pub fn compose(&self, system: Option<&str>, turns: &[Turn]) -> Result<Vec<u32>, Error> {
        Ok(match self.model.tuning {
            Tuning::Instructed => prompt::chat(&self.tokenizer, system, turns)?,
            Tuning::Pretrained => prompt::dialogue(&self.tokenizer, system, turns)?,
        })
    }
}

/// How an engine is set up here, whatever it is for.
pub fn setup(
    compute: &Compute,
    numerics: Numerics,
    chunk: Option<usize>,
    context_len: Option<usize>,
    image_token: Option<u32>,
) -> Setup<'_> {
    Setup {
        numerics,
        threads: compute.threads,
        level: compute.cpu_level.as_deref(),
        chunk,
        context_len,
        image_token,
    }
}

/// The exact ids of answers this model gave, so that the next question of the same conversation
/// finds them in the cache: text put into tokens again may fall into others.
///
/// The cache holds one conversation, so the answers of one are remembered.
#[derive(Default)]
pub struct Spoken {
    conversation: Option<ConversationId>,
    answers: HashMap<MessageId, Vec<u32>>,
}

impl Spoken {
    pub fn ids(&self, answer: MessageId) -> Option<&[u32]> {
        self.answers.get(&answer).map(Vec::as_slice)
    }

    /// Remembers that `answer` was said with the first of `ids`, as far as they say `text`.
    pub fn remember(
        &mut self,
        tokenizer: &Tokenizer,
        conversation: ConversationId,
        answer: MessageId,
        ids: &[u32],
        text: &str,
    ) {
        if self.conversation != Some(conversation) {
            self.conversation = Some(conversation);
            self.answers.clear();
        }
        if let Some(n_ids) = n_ids_that_say(tokenizer, ids, text) {
            self.answers.insert(answer, ids[..n_ids].to_vec());
        }
    }
}

/// How many of `ids` say `text`, white space around it aside; `None` if none do. A base model's answer
/// is cut where the next speaker begins, which may be in the middle of a token.
fn n_ids_that_say(tokenizer: &Tokenizer, ids: &[u32], text: &str) -> Option<usize> {
    let wanted = text.trim();
    let mut decoder = tokenizer.decoder();
    let mut said = String::new();
    let says = |said: &str| said.trim() == wanted;
    for (place, id) in ids.iter().enumerate() {
        said.push_str(&decoder.push(*id).unwrap_or_default());
        // Comparing costs the length of the text: only where it can be the last time.
        if said.len() >= wanted.len() && says(&said) {
            return Some(place + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_remembered_as_far_as_they_were_kept() {
        let tokenizer = crate::vocabulary::letters();
        #[track_caller]
        fn check(tokenizer: &Tokenizer, said: &str, kept: &str, expected: Option<&str>) {
            let ids = tokenizer.literal(said);
            let found =
                n_ids_that_say(tokenizer, &ids, kept).map(|n_ids| tokenizer.text(&ids[..n_ids]));
            assert_eq!(found.as_deref(), expected);
        }
        let check = |said, kept, expected| check(&tokenizer, said, kept, expected);
        check("a b", "a b", Some("a b"));
        check(" a b\n", "a b", Some(" a b"));
        check(" a\nb", "a", Some(" a"));
        check("a", "b", None);
    }

    /// A GGUF file lists only the end of the text.
    #[test]
    fn an_answer_ends_where_the_models_kind_ends_it() {
        let usual = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/starter/gemma-3-270m-q4_k_m.gguf"
        );
        let path = std::env::var_os("LECTERN_STARTER_MODEL").unwrap_or_else(|| usual.into());
        let model = checkpoints::identify(Path::new(&path)).expect("./dev test fetches it");
        let compute = Compute {
            threads: NonZeroUsize::MIN,
            cpu_level: None,
        };
        let stop_ids = |tuning| {
            let model = Model {
                tuning,
                ..model.clone().into()
            };
            let loaded = Loaded::open(&model, &compute, |_| Ok(64), || ()).expect("it is whole");
            loaded.stop_ids()
        };
        assert_eq!(stop_ids(Tuning::Pretrained), [1]);
        assert_eq!(stop_ids(Tuning::Instructed), [1, 106]);
    }
}
