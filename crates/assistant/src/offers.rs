//! What can be fetched, and what of it suits this machine.

use checkpoints::{CATALOGUE, Needs, Published};

use crate::models::Tuning;
use crate::{Assistant, Error, memory};

/// The context that memory is told for: a long conversation, or a chapter.
const CONTEXT_TOKENS: u32 = 8192;
/// With more of the memory than this, other programs have to make room.
const COMFORTABLE_PERCENT: u64 = 60;
/// With more than this, the system begins to use the disk in the place of memory.
const MOST_PERCENT: u64 = 85;
/// The largest that is recommended unasked: larger ones write slower than people read, without a graphics card.
const LARGEST_RECOMMENDED_PARAMETERS: u64 = 4_000_000_000;

/// What there is to choose from, for the machine it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Offers {
    /// The machine's memory; 0 where the system does not tell.
    pub machine_bytes: u64,
    /// The context that each offer's memory is told for.
    pub context_tokens: u32,
    /// The smallest first.
    pub offers: Vec<Offer>,
}

/// A model that can be fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What it will be called here.
    pub name: String,
    /// "Gemma 3 4B"
    pub title: String,
    /// "Q4_K_M"
    pub format: String,
    /// What it was taught.
    pub tuning: Tuning,
    /// Whether it can be shown pictures.
    pub has_eyes: bool,
    /// Positions it was trained for.
    pub context_tokens: u32,
    /// Where on the hub it is.
    pub repository: String,
    /// Whether the hub wants an account that has agreed to Gemma's terms.
    pub is_gated: bool,
    /// Bytes to fetch, and on the disk.
    pub download_bytes: u64,
    /// Memory while it answers, pictures included.
    pub memory_bytes: u64,
    /// Whether this machine has that memory.
    pub fit: Fit,
    /// Whether it is here already.
    pub is_here: bool,
    /// Whether it is the one to begin with. One of them is.
    pub is_recommended: bool,
}

/// How a model's memory and a machine's go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// With room for other programs.
    Well,
    /// If not much else runs.
    Tightly,
    /// Not.
    No,
}

impl Assistant {
    /// The catalogue, weighed against this machine.
    pub fn offers(&self) -> Result<Offers, Error> {
        let here = self.models()?;
        let is_here = |published: &Published| here.iter().any(|model| model.name == published.name);
        let machine_bytes = memory::machine_bytes();
        let offers = CATALOGUE.iter();
        let offers = offers.map(|published| offer(published, machine_bytes, is_here(published)));
        let mut offers: Vec<Offer> = offers.collect();
        let recommended = recommended(machine_bytes);
        for offer in &mut offers {
            offer.is_recommended = offer.name == recommended.name;
        }
        Ok(Offers {
            machine_bytes,
            context_tokens: CONTEXT_TOKENS,
            offers,
        })
    }
}

/// The largest that fits well, sees no reason to wait, and comes without an account.
fn recommended(machine_bytes: u64) -> &'static Published {
    let usual = |published: &&Published| {
        !published.is_gated && published.size.body_weights() < LARGEST_RECOMMENDED_PARAMETERS
    };
    let fits = |published: &&Published| {
        fit(Needs::of(published, CONTEXT_TOKENS).bytes(), machine_bytes) == Fit::Well
    };
    // Of one size the smallest file: what it loses is less than what the next size brings.
    let best = CATALOGUE.iter().filter(usual).filter(fits);
    let best = best.max_by_key(|it| (it.size.body_weights(), u64::MAX - it.weights_bytes()));
    best.unwrap_or(&CATALOGUE[0])
}

fn offer(published: &Published, machine_bytes: u64, is_here: bool) -> Offer {
    let memory_bytes = Needs::of(published, CONTEXT_TOKENS).bytes();
    Offer {
        name: published.name.to_owned(),
        title: published.size.title.to_owned(),
        format: published.format.name().to_owned(),
        tuning: published.tuning.into(),
        has_eyes: published.size.has_eyes,
        context_tokens: published.size.context_tokens,
        repository: published.repository.to_owned(),
        is_gated: published.is_gated,
        download_bytes: published.bytes(),
        memory_bytes,
        fit: fit(memory_bytes, machine_bytes),
        is_here,
        is_recommended: false,
    }
}

fn fit(memory_bytes: u64, machine_bytes: u64) -> Fit {
    // Where the system does not tell, nothing is forbidden.
    if machine_bytes == 0 || memory_bytes <= machine_bytes / 100 * COMFORTABLE_PERCENT {
        Fit::Well
    } else if memory_bytes <= machine_bytes / 100 * MOST_PERCENT {
        Fit::Tightly
    } else {
        Fit::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    #[test]
    fn each_machine_is_recommended_what_it_carries() {
        #[track_caller]
        fn check(machine_bytes: u64, expected: &str) {
            assert_eq!(recommended(machine_bytes).name, expected, "{machine_bytes}");
        }
        check(GB, "gemma-3-270m-it-Q8_0");
        check(2 * GB, "gemma-3-1b-it-Q4_K_M");
        check(4 * GB, "gemma-3-1b-it-Q4_K_M");
        check(8 * GB, "gemma-3-4b-it-Q4_K_M");
        check(64 * GB, "gemma-3-4b-it-Q4_K_M");
        check(GB / 10, "gemma-3-270m-it-Q8_0"); // nothing fits: the smallest
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(fit(6 * GB, 10 * GB), Fit::Well);
        assert_eq!(fit(7 * GB, 10 * GB), Fit::Tightly);
        assert_eq!(fit(9 * GB, 10 * GB), Fit::No);
        assert_eq!(fit(9 * GB, 0), Fit::Well);
    }
}
