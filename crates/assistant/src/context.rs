//! How many positions a model may hold at once here: what was wished, or what the machine carries.

use engine::{Memory, Work};

use crate::Error;
use crate::memory::Room;
use crate::offers::MOST_PERCENT;

/// Of what is free, a model left to itself takes so much: other programs grow too.
const FREE_PERCENT: u64 = 80;
/// Less than a question with a page of text is no context.
const LEAST_TOKENS: u64 = 2048;

/// The context for `work`: `wish`, or as long as fits into `room`, if that is known. Refused where it would not fit:
/// memory that is not there is found out in the middle of an answer, by every program on the machine.
pub fn len(
    work: &Work,
    wish: Option<u32>,
    room: Option<Room>,
    title: &str,
) -> Result<usize, Error> {
    let trained = work.context_tokens;
    let wished = wish.map(|tokens| u64::from(tokens).min(trained));
    let Some(room) = room else {
        return Ok(wished.unwrap_or(trained) as usize);
    };
    // Pages of the weights come and go with their file; what is computed stays, and must find free memory.
    let fits = |memory: &Memory| {
        memory.bytes() <= room.total_bytes && memory.held_bytes() <= room.free_bytes
    };
    let fits_well = |memory: &Memory| {
        memory.bytes() <= room.total_bytes / 100 * MOST_PERCENT
            && memory.held_bytes() <= room.free_bytes / 100 * FREE_PERCENT
    };
    let least = LEAST_TOKENS.min(trained);
    let tokens = match wished {
        Some(tokens) => tokens,
        // In whole thousands; a model trained for fewer is given those.
        None if fits_well(&work.memory(trained)) => trained,
        None => work.longest_context(fits_well).max(least),
    };
    let memory = work.memory(tokens);
    if fits(&memory) {
        return Ok(tokens as usize);
    }
    Err(Error::NoMemory {
        title: title.to_owned(),
        tokens,
        needed_bytes: memory.bytes(),
        total_bytes: room.total_bytes,
        free_bytes: room.free_bytes,
        fitting_tokens: work.longest_context(fits),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    /// As the 4B in Q4_0, with its tower.
    fn four() -> Work {
        Work {
            shares: Vec::new(),
            table: (gguf::TensorType::F16, 671_088_640),
            layers: 34,
            global_layers: 5,
            window: 1024,
            width: 2560,
            query_width: 2048,
            kept_width: 2048,
            context_tokens: 131_072,
            weights_bytes: 3_155_051_328,
            tower_bytes: 851_251_104,
        }
    }

    fn room(total_bytes: u64, free_bytes: u64) -> Option<Room> {
        Some(Room {
            total_bytes,
            free_bytes,
        })
    }

    #[test]
    fn a_model_gets_what_the_machine_carries() {
        #[track_caller]
        fn check(wish: Option<u32>, room: Option<Room>, expected: usize) {
            let found = len(&four(), wish, room, "Gemma 3 4B").expect("it fits");
            assert_eq!(found, expected);
        }
        check(None, None, 131_072);
        check(None, room(32 * GB, 30 * GB), 131_072);
        check(None, room(32 * GB, 2 * GB), 48_128); // much else runs
        check(None, room(6 * GB, 5 * GB), 15_360);
        check(Some(4096), room(32 * GB, 30 * GB), 4096);
        check(Some(1_000_000), None, 131_072);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_numbers() {
        #[track_caller]
        fn check(wish: Option<u32>, room: Option<Room>, expected: &str) {
            let refused = len(&four(), wish, room, "Gemma 3 4B").expect_err("it does not fit");
            assert_eq!(refused.to_string(), expected);
        }
        check(
            Some(131_072),
            room(6 * GB, 5 * GB),
            "Gemma 3 4B with a context of 131072 tokens needs 7.5 GB of memory; here 5.0 GB of 6.0 GB are free; 59392 tokens would fit",
        );
        check(
            None,
            room(4 * GB, 3 * GB),
            "Gemma 3 4B with a context of 2048 tokens needs 4.8 GB of memory; here 3.0 GB of 4.0 GB are free",
        );
    }
}
