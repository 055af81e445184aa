//! Whether a prompt fits, counted exactly. Nothing is ever cut here: the caller decides what goes.

use crate::Error;

/// How many tokens are left for the answer to a prompt of `prompt` tokens in a context of `context`.
///
/// Fails with [`Error::TooLong`] if that is fewer than `answer`, the least that an answer may have.
pub fn room(prompt: usize, context: usize, answer: usize) -> Result<usize, Error> {
    let needed = prompt.saturating_add(answer);
    if needed > context {
        return Err(Error::TooLong {
            prompt,
            context,
            over: needed - context,
        });
    }
    Ok(context - prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prompt: usize, context: usize, answer: usize, expected: Result<usize, usize>) {
        let found = room(prompt, context, answer).map_err(|error| match error {
            Error::TooLong { over, .. } => over,
            other => panic!("{other}"),
        });
        assert_eq!(found, expected, "{prompt} of {context}, answer {answer}");
    }

    #[test]
    fn the_last_token_that_fits_fits() {
        check(0, 10, 1, Ok(10));
        check(9, 10, 1, Ok(1));
        check(10, 10, 0, Ok(0));
    }

    #[test]
    fn what_is_too_long_says_by_how_much() {
        check(10, 10, 1, Err(1));
        check(500, 100, 64, Err(464));
        check(usize::MAX, 10, 1, Err(usize::MAX - 10));
    }
}
