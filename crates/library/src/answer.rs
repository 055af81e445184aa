//! An answer while it is written: there before its first word, and never more than a second behind.

use crate::conversation::ConversationId;
use crate::error::Error;
use crate::message::{Figures, Message, Role, add_message, save_figures};
use crate::store::Library;

/// No word waits longer than this to be saved, as long as words keep coming at their pace.
const SAVED_WITHIN_MS: i64 = 1000;
/// When words stop coming, [`Answer::catch_up`] saves what has waited this long.
const CAUGHT_UP_AFTER_MS: i64 = 500;

/// An answer being written. Dropped without [`Answer::finish`], it stays as it is, cut short.
#[derive(Debug)]
pub struct Answer<'a> {
    library: &'a Library,
    message: Message,
    pace: Pace,
}

impl Library {
    /// Makes the answer a row, empty and marked cut short: from here on a crash leaves the truth.
    ///
    /// It may begin in a conversation that was deleted meanwhile: a restore brings back both.
    pub fn begin_answer(
        &self,
        conversation: ConversationId,
        now_ms: i64,
    ) -> Result<Answer<'_>, Error> {
        let begun = self.write("begin an answer", |tx| {
            let sql = "UPDATE conversation SET updated_ms = max(updated_ms, ?2) WHERE id = ?1";
            if tx.execute(sql, (conversation, now_ms))? == 0 {
                return Ok(None);
            }
            add_message(tx, conversation, Role::Model, "", now_ms).map(Some)
        })?;
        let message = begun.ok_or(Error::NoConversation { id: conversation })?;
        Ok(Answer {
            library: self,
            message,
            pace: Pace::from(now_ms),
        })
    }
}

impl Answer<'_> {
    /// The answer so far; its row may be up to a second behind.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Adds what was said just now, and saves it unless there is time for more to be saved with it.
    pub fn append(&mut self, delta: &str, now_ms: i64) -> Result<(), Error> {
        self.message.text.push_str(delta);
        if self.pace.word(now_ms) {
            self.save()
        } else {
            Ok(())
        }
    }

    /// Saves what has waited for a while: to be called several times a second, so that nothing stays unsaved while
    /// the next word takes its time. After an error all of it is still to be saved.
    pub fn catch_up(&mut self, now_ms: i64) -> Result<(), Error> {
        if self.pace.has_waited(now_ms) {
            self.save()
        } else {
            Ok(())
        }
    }

    /// Puts `text` in the place of what was said so far, under the same rule.
    pub fn replace(&mut self, text: String, now_ms: i64) -> Result<(), Error> {
        self.message.text = text;
        if self.pace.word(now_ms) {
            self.save()
        } else {
            Ok(())
        }
    }

    /// Saves the whole answer and what it cost. `cut_short` says that a person stopped it.
    pub fn finish(
        mut self,
        cut_short: bool,
        figures: &Figures,
        now_ms: i64,
    ) -> Result<Message, Error> {
        let Message {
            id,
            conversation,
            ref text,
            ..
        } = self.message;
        let saved = self.library.write("save an answer", |tx| {
            let sql = "UPDATE message SET text = ?2, cut_short = ?3 WHERE id = ?1";
            if tx.execute(sql, (id, text, cut_short))? == 0 {
                return Ok(false);
            }
            let sql = "UPDATE conversation SET updated_ms = max(updated_ms, ?2) WHERE id = ?1";
            tx.execute(sql, (conversation, now_ms))?;
            save_figures(tx, id, figures)?;
            Ok(true)
        })?;
        self.pace.saved();
        if !saved {
            return Err(Error::NoMessage { id });
        }
        self.message.cut_short = cut_short;
        self.message.figures = Some(figures.clone());
        Ok(self.message.clone())
    }

    fn save(&mut self) -> Result<(), Error> {
        let Message { id, ref text, .. } = self.message;
        let saved = self.library.write("save an answer", |tx| {
            tx.execute("UPDATE message SET text = ?2 WHERE id = ?1", (id, text))
        })?;
        self.pace.saved();
        if saved == 0 {
            Err(Error::NoMessage { id })
        } else {
            Ok(())
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if self.pace.owes() {
            // Whoever dropped it already has an error to report; this one could only hide it.
            let _ = self.save();
        }
    }
}

/// Decides when words are saved: together where they come fast, each at once where they come slowly.
#[derive(Debug)]
struct Pace {
    last_word_ms: i64,
    /// When the oldest word came that is not saved yet.
    owing_since_ms: Option<i64>,
}

impl Pace {
    fn from(now_ms: i64) -> Self {
        Self {
            last_word_ms: now_ms,
            owing_since_ms: None,
        }
    }

    /// A word came: true if what is owed must be saved now, because the next word,
    /// coming as long after this one as this one after the last, would be too late to do it.
    fn word(&mut self, now_ms: i64) -> bool {
        let gap_ms = now_ms - self.last_word_ms;
        let owing_since_ms = *self.owing_since_ms.get_or_insert(now_ms);
        self.last_word_ms = now_ms;
        let next_ms = now_ms + gap_ms;
        // A clock that was set back says nothing about the pace.
        gap_ms < 0 || owing_since_ms + SAVED_WITHIN_MS <= next_ms
    }

    fn saved(&mut self) {
        self.owing_since_ms = None;
    }

    fn has_waited(&self, now_ms: i64) -> bool {
        let has_waited = |since| now_ms < since || now_ms - since >= CAUGHT_UP_AFTER_MS;
        self.owing_since_ms.is_some_and(has_waited)
    }

    fn owes(&self) -> bool {
        self.owing_since_ms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When words come at `words_ms`, the answer begun at 0, those of `expected` are saved with theirs.
    #[track_caller]
    fn check(words_ms: &[i64], expected: &[i64]) {
        let mut pace = Pace::from(0);
        let saves = words_ms.iter().copied().filter(|&word| {
            let now = pace.word(word);
            if now {
                pace.saved();
            }
            now
        });
        assert_eq!(saves.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn fast_words_are_saved_together_about_once_a_second() {
        let words: Vec<i64> = (1..=40).map(|i| i * 100).collect();
        check(&words, &[1000, 2000, 3000, 4000]);
    }

    #[test]
    fn slow_words_are_saved_as_they_come() {
        check(&[1500, 3000, 4500], &[1500, 3000, 4500]);
    }

    #[test]
    fn the_first_word_after_a_long_prompt_is_saved_at_once() {
        check(&[60_000, 60_050, 60_100], &[60_000]);
    }

    #[test]
    fn words_that_nothing_follows_have_waited_after_half_a_second() {
        let mut pace = Pace::from(0);
        assert!(!pace.has_waited(9000), "there is nothing to save");
        assert!(!pace.word(100) && !pace.word(200));
        assert!(!pace.has_waited(599) && pace.has_waited(600));
        assert!(pace.has_waited(50), "a clock set back");
        pace.saved();
        assert!(!pace.has_waited(9000));
    }

    #[test]
    fn a_clock_set_back_saves_at_once() {
        check(&[100, -5000, -4900], &[-5000]);
    }

    #[test]
    fn no_word_waits_longer_than_a_second_at_a_steady_pace() {
        for gap in 1..3000 {
            let mut pace = Pace::from(0);
            let mut oldest = None;
            for word in (1..200).map(|i| i * gap) {
                let since = *oldest.get_or_insert(word);
                assert!(word - since <= SAVED_WITHIN_MS, "words every {gap} ms");
                if pace.word(word) {
                    pace.saved();
                    oldest = None;
                }
            }
        }
    }
}
