//! One method per thing a person can ask of Lectern; plain data in, plain data out.
//!
//! The only place where the pieces meet: the window (`src-tauri`) and the `lectern` command are
//! two fronts over this crate and hold no rule of their own. It never depends on Tauri, never
//! prints and never decides how a thing looks.
//!
//! Read in this order: `assistant` (what is held open), `conversations`, `reply` (the walk of one
//! message), `pictures`, `sight`, `models`, `elsewhere`, `disk`, `loading`, `context`, `machine`, `offers`, `fetches`,
//! `arrivals`, `hub_token`, `refresh`, `dropped`, `convert`, `ask` (without the
//! store), `eval`, `bench`, `home`, `error`.

mod arrivals;
mod ask;
mod assistant;
mod bench;
mod catch_up;
mod context;
mod conversations;
mod convert;
mod disk;
mod dropped;
mod elsewhere;
mod embeddings;
mod error;
mod eval;
mod event;
mod fetches;
mod history;
mod home;
mod hub_token;
mod loaded;
mod loading;
mod machine;
mod memory;
mod models;
mod offers;
mod pictures;
mod queue;
mod refresh;
mod reply;
mod settings;
mod sight;
mod speak;
mod stops;
mod vocabulary;

pub use ask::{Ask, AskOutcome, AskPictures};
pub use assistant::{Assistant, Options};
pub use bench::{Bench, BenchReport, Spread};
pub use checkpoints::{Checked, FileVerdict, Surroundings, Taking, Verdict};
pub use conversations::{Conversation, ConversationId, Figures, Message, MessageId, Role};
pub use convert::Converting;
pub use disk::{Disk, Kind, KindOnDisk, Leftover, ModelOnDisk};
pub use elsewhere::FoundModel;
pub use engine::convert::Format;
pub use error::Error;
pub use eval::{Features, Logits, Pixels, Precision};
pub use event::{FetchEvent, ReplyEvent};
pub use fetches::{Fetch, FetchState};
pub use home::Home;
pub use hub_token::{HubToken, TokenPlace};
pub use machine::Speed;
pub use models::{Model, ModelState, Place, Tuning};
pub use offers::{Fit, Offer, Offers};
pub use pictures::{Draft, Picture, PictureId, Shown};
pub use prompt::{Crop, PanAndScan};
pub use refresh::{Refreshed, RefreshedFile};
pub use reply::Question;
pub use settings::{Sampling, Settings, Theme};
pub use sight::Looking;
