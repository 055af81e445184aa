//! A prompt while it is put together: text, control tokens and pictures, one after the other.
//!
//! The reference tokenises the whole prompt at once, control tokens and all. Here text and control
//! tokens never share a string; the ids are the same nevertheless, because the reference takes control
//! tokens out before it looks at text, so that no piece of text ever reaches across one. Text that
//! touches without a control token in between is one run and must be tokenised as one: `user\n` and
//! the `\n\n` before a picture are the single token of three newlines.

use crate::picture::{self, PanAndScan};
use crate::vocabulary::marks;
use crate::{Error, Tokenizer};

/// Ids that are certain, and the run of text after them that may still grow.
pub(crate) struct Layout<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<u32>,
    run: String,
}

impl<'a> Layout<'a> {
    /// Every prompt begins with `<bos>`.
    pub fn new(tokenizer: &'a Tokenizer) -> Result<Self, Error> {
        Ok(Self {
            tokenizer,
            ids: vec![tokenizer.needed_bos()?],
            run: String::new(),
        })
    }

    /// Words of a person or of a template; never a control token.
    pub fn text(&mut self, text: &str) {
        self.run.push_str(text);
    }

    /// The token that Gemma 3 spells like this.
    pub fn mark(&mut self, mark: &'static str) -> Result<(), Error> {
        let id = self.tokenizer.mark(mark)?;
        self.end_run();
        self.ids.push(id);
        Ok(())
    }

    /// An answer as the model gave it. Where it stopped is the template's business, and it holds no picture.
    pub fn ids(&mut self, ids: &[u32]) {
        self.end_run();
        let ends = [self.tokenizer.end_of_turn(), self.tokenizer.end_of_text()];
        let kept = ids
            .iter()
            .rposition(|id| !ends.contains(&Some(*id)))
            .map_or(0, |last| last + 1);
        let image = self.tokenizer.image();
        self.ids
            .extend(ids[..kept].iter().filter(|id| Some(**id) != image));
    }

    /// The places of a picture, and of the pieces it is also shown in.
    pub fn picture(
        &mut self,
        width: u32,
        height: u32,
        pan_and_scan: Option<&PanAndScan>,
    ) -> Result<(), Error> {
        let crops = match pan_and_scan {
            Some(how) => picture::crops(width, height, how)?,
            None => Vec::new(),
        };
        if crops.is_empty() {
            return self.one_view();
        }
        self.text(picture::BEFORE_WHOLE);
        self.one_view()?;
        self.text(picture::BEFORE_PIECES);
        for piece in 0..crops.len() {
            if piece > 0 {
                self.text(picture::BETWEEN_PIECES);
            }
            self.one_view()?;
        }
        Ok(())
    }

    /// The ids of everything so far.
    pub fn finish(mut self) -> Vec<u32> {
        self.end_run();
        self.ids
    }

    /// transformers' `full_image_sequence`.
    fn one_view(&mut self) -> Result<(), Error> {
        let image = self.tokenizer.image().ok_or(Error::Lacks {
            token: marks::IMAGE,
        })?;
        self.text("\n\n");
        self.mark(marks::START_OF_IMAGE)?;
        self.ids.extend([image; picture::TOKENS_PER_VIEW]);
        self.mark(marks::END_OF_IMAGE)?;
        self.text("\n\n");
        Ok(())
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.ids.extend(self.tokenizer.literal(&self.run));
            self.run.clear();
        }
    }
}
