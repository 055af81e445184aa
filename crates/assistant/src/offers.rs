//! What can be fetched, and what of it suits this machine.

use checkpoints::{CATALOGUE, Published, Share};
use engine::{SelfTest, Work};

use crate::machine::{Speed, speed};
use crate::memory::{self, Room};
use crate::models::Tuning;
use crate::{Assistant, Error};

/// The context that memory is told for unless one is named: a long conversation, or a chapter.
const CONTEXT_TOKENS: u32 = 8192;
/// With more of the memory than this, other programs have to make room.
const COMFORTABLE_PERCENT: u64 = 60;
/// With more than this, the system begins to use the disk in the place of memory.
pub(crate) const MOST_PERCENT: u64 = 85;
/// People read four or five words in a second: what writes slower is waited for.
const READERS_TOKENS_PER_SECOND: f64 = 6.0;
/// The largest that is recommended before the machine was tested: larger ones write slower than people read, without
/// a graphics card.
const LARGEST_UNTESTED_WEIGHTS: u64 = 4_000_000_000;

/// What there is to choose from, for the machine it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Offers {
    /// The machine's memory; 0 where the system does not tell.
    pub machine_bytes: u64,
    /// The context that each offer's memory is told for.
    pub context_tokens: u32,
    /// Whether the machine was tested, so that speeds are known.
    pub is_tested: bool,
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
    /// Whether it was taught 140 languages, and not only English.
    pub speaks_many_languages: bool,
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
    /// The longest context that this machine carries; 0 if none.
    pub longest_context_tokens: u32,
    /// How fast it will be here; `None` until the machine was tested.
    pub speed: Option<Speed>,
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

/// What offers are weighed against.
struct Machine<'a> {
    /// 0 where the system does not tell.
    bytes: u64,
    test: Option<&'a SelfTest>,
}

impl Assistant {
    /// The catalogue, weighed against this machine at a context of so many tokens, or the usual.
    pub fn offers(&self, context_tokens: Option<u32>) -> Result<Offers, Error> {
        let here = self.models()?;
        let is_here = |published: &Published| here.iter().any(|model| model.name == published.name);
        let test = self.self_test();
        let machine = Machine {
            bytes: memory::room().map_or(0, |Room { total_bytes, .. }| total_bytes),
            test: test.as_ref(),
        };
        let context_tokens = context_tokens.unwrap_or(CONTEXT_TOKENS);
        let recommended = recommended(&machine);
        let offer = |published: &'static Published| Offer {
            is_here: is_here(published),
            is_recommended: published == recommended,
            ..offer(published, &machine, context_tokens)
        };
        Ok(Offers {
            machine_bytes: machine.bytes,
            context_tokens,
            is_tested: test.is_some(),
            offers: CATALOGUE.iter().map(offer).collect(),
        })
    }
}

/// The largest that fits well, writes as fast as people read, and comes without an account.
fn recommended(machine: &Machine) -> &'static Published {
    let suits = |published: &&Published| {
        let work = work(published);
        let is_quick = match speed(machine.test, &work) {
            Some(speed) => READERS_TOKENS_PER_SECOND <= speed.writing,
            None => published.size.body_weights() < LARGEST_UNTESTED_WEIGHTS,
        };
        let memory_bytes = work.memory(CONTEXT_TOKENS.into()).bytes();
        !published.is_gated && is_quick && machine.fit(memory_bytes) == Fit::Well
    };
    // Of one size the smallest file: what it loses is less than what the next size brings.
    let best = CATALOGUE.iter().filter(suits);
    let best = best.max_by_key(|it| (it.size.body_weights(), u64::MAX - it.weights_bytes()));
    best.unwrap_or(&CATALOGUE[0])
}

fn offer(published: &Published, machine: &Machine, context_tokens: u32) -> Offer {
    let work = work(published);
    let memory_bytes = work.memory(context_tokens.into()).bytes();
    let longest = work.longest_context(|memory| machine.fit(memory.bytes()) != Fit::No);
    Offer {
        name: published.name.to_owned(),
        title: published.size.title.to_owned(),
        format: published.format.name().to_owned(),
        tuning: published.tuning.into(),
        has_eyes: published.size.has_eyes,
        speaks_many_languages: published.size.speaks_many_languages,
        context_tokens: published.size.context_tokens,
        repository: published.repository.to_owned(),
        is_gated: published.is_gated,
        download_bytes: published.bytes(),
        memory_bytes,
        fit: machine.fit(memory_bytes),
        longest_context_tokens: longest as u32,
        speed: speed(machine.test, &work),
        is_here: false,
        is_recommended: false,
    }
}

/// What a published model is to a machine.
fn work(published: &Published) -> Work {
    let size = published.size;
    let of = |share: Share| (share.packing, share.weights);
    Work {
        shares: published.layers().into_iter().map(of).collect(),
        table: of(published.table()),
        layers: size.layers,
        global_layers: size.global_layers,
        window: size.window,
        width: size.width,
        query_width: size.heads * size.head_dim,
        kept_width: 2 * size.kv_heads * size.head_dim,
        context_tokens: size.context_tokens.into(),
        weights_bytes: published.weights_bytes(),
        tower_bytes: published.tower_bytes(),
    }
}

impl Machine<'_> {
    fn fit(&self, memory_bytes: u64) -> Fit {
        // Where the system does not tell, nothing is forbidden.
        if self.bytes == 0 || memory_bytes <= self.bytes / 100 * COMFORTABLE_PERCENT {
            Fit::Well
        } else if memory_bytes <= self.bytes / 100 * MOST_PERCENT {
            Fit::Tightly
        } else {
            Fit::No
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn machine(bytes: u64) -> Machine<'static> {
        Machine { bytes, test: None }
    }

    #[test]
    fn each_machine_is_recommended_what_it_carries() {
        #[track_caller]
        fn check(bytes: u64, expected: &str) {
            assert_eq!(recommended(&machine(bytes)).name, expected, "{bytes}");
        }
        check(GB, "gemma-3-270m-it-Q8_0");
        check(2 * GB, "gemma-3-1b-it-Q4_K_M");
        check(4 * GB, "gemma-3-1b-it-Q4_K_M");
        check(8 * GB, "gemma-3-4b-it-Q4_K_M");
        check(64 * GB, "gemma-3-4b-it-Q4_K_M");
        check(GB / 10, "gemma-3-270m-it-Q8_0"); // nothing fits: the smallest
    }

    /// Every weight costs so much to write with: 27B in four bits is 26 billion of them.
    #[test]
    fn a_quick_machine_is_recommended_more_and_a_slow_one_less() {
        #[track_caller]
        fn check(seconds_per_weight: f64, expected: &str) {
            let rate = |format: &str| engine::Rate {
                format: format.to_owned(),
                writing_seconds: seconds_per_weight,
                reading_seconds: seconds_per_weight,
            };
            let formats = ["Q4_0", "Q5_0", "Q8_0", "Q4_K", "Q6_K", "F16", "BF16"];
            let test = SelfTest {
                rates: formats.map(rate).to_vec(),
                search_seconds: seconds_per_weight,
                float_seconds: 0.0,
            };
            let machine = Machine {
                bytes: 64 * GB,
                test: Some(&test),
            };
            assert_eq!(recommended(&machine).name, expected);
        }
        check(1e-12, "gemma-3-27b-it-Q4_K_M");
        check(1e-11, "gemma-3-12b-it-Q4_K_M");
        check(1e-10, "gemma-3-1b-it-Q4_K_M");
        check(1e-8, "gemma-3-270m-it-Q8_0");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(machine(10 * GB).fit(6 * GB), Fit::Well);
        assert_eq!(machine(10 * GB).fit(7 * GB), Fit::Tightly);
        assert_eq!(machine(10 * GB).fit(9 * GB), Fit::No);
        assert_eq!(machine(0).fit(9 * GB), Fit::Well);
    }

    #[test]
    fn what_does_not_fit_may_fit_with_less_to_read() {
        let four = checkpoints::published("gemma-3-4b-it-Q4_K_M").expect("it is there");
        let offer = offer(four, &machine(6 * GB), 131_072);
        assert_eq!(offer.fit, Fit::No);
        let longest = offer.longest_context_tokens;
        assert!((1024..131_072).contains(&longest), "{longest}");
        let four = super::offer(four, &machine(6 * GB), longest);
        assert_eq!(four.fit, Fit::Tightly);
    }
}
