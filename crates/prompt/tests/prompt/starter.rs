//! The starter model's tokenizer, read once.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gguf::Header;
use prompt::{TokenKind, Tokenizer, Vocabulary};

/// The starter model's tokenizer.
pub fn tokenizer() -> &'static Tokenizer {
    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
        Tokenizer::from_vocabulary(vocabulary(&HEADER)).expect("the starter model is sound")
    });
    &TOKENIZER
}

/// What the starter model's file says about itself.
pub static HEADER: LazyLock<Header> = LazyLock::new(|| {
    let path = path();
    let file = File::open(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run ./dev test, which fetches the starter model",
            path.display()
        )
    });
    let len = file.metadata().expect("an open file has a length").len();
    Header::read(BufReader::new(file), len).expect("the starter model is sound")
});

/// What `header` says about its tokens.
pub fn vocabulary(header: &Header) -> Vocabulary<'_> {
    let expect = "the starter model has a vocabulary";
    let tokens: &gguf::Strings = header.require("tokenizer.ggml.tokens").expect(expect);
    let scores: &[f32] = header.require("tokenizer.ggml.scores").expect(expect);
    let kinds: &[i32] = header.require("tokenizer.ggml.token_type").expect(expect);
    Vocabulary {
        tokens: tokens.iter().map(Cow::from).collect(),
        scores: scores.to_vec(),
        kinds: kinds
            .iter()
            .map(|code| TokenKind::from_gguf(*code))
            .collect(),
        bos: header.get("tokenizer.ggml.bos_token_id").expect(expect),
        eos: header.get("tokenizer.ggml.eos_token_id").expect(expect),
        unknown: header.get("tokenizer.ggml.unknown_token_id").expect(expect),
    }
}

/// Where `./dev test` puts it, unless `LECTERN_STARTER_MODEL` says otherwise.
fn path() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let usual = workspace.join("target/starter/gemma-3-270m-q4_k_m.gguf");
    std::env::var_os("LECTERN_STARTER_MODEL").map_or(usual, PathBuf::from)
}
