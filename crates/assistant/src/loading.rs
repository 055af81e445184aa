//! The model that is in memory: there is one, and it makes room for the next.

use std::sync::atomic::{AtomicBool, Ordering};

use engine::Work;

use crate::assistant::guarded;
use crate::loaded::Loaded;
use crate::memory::{self, Room};
use crate::models::{Model, ModelState};
use crate::{Assistant, Error, context};

impl Assistant {
    /// Loads the chosen model now, so that the first question need not wait for it.
    pub fn load_model(&self) -> Result<ModelState, Error> {
        let never = AtomicBool::new(false);
        let mut seat = self
            .inner
            .seat
            .take(&never, || {})
            .expect("it is never stopped");
        match self.load_chosen(&mut seat, || {}) {
            Ok(_) | Err(Error::NoModel) => self.model_state(),
            Err(error) => Err(error),
        }
    }

    /// The chosen model, loaded if it was not; `on_load` is called before that.
    pub(crate) fn load_chosen<'a>(
        &self,
        seat: &'a mut Option<Loaded>,
        on_load: impl FnOnce(),
    ) -> Result<&'a mut Loaded, Error> {
        let model = self.chosen_model()?.ok_or(Error::NoModel)?;
        self.load(seat, &model, self.settings()?.context_tokens, on_load)
    }

    /// `model`, loaded if it was not, with a context of `context_wish` positions, or of as many as the machine carries.
    /// What was loaded before makes room for it, unless it cannot be opened.
    pub(crate) fn load<'a>(
        &self,
        seat: &'a mut Option<Loaded>,
        model: &Model,
        context_wish: Option<u32>,
        on_load: impl FnOnce(),
    ) -> Result<&'a mut Loaded, Error> {
        self.inner.used_ms.store(self.now_ms(), Ordering::Relaxed);
        let is_it = |loaded: &Loaded| loaded.model == *model && loaded.context_wish == context_wish;
        if !seat.as_ref().is_some_and(is_it) {
            self.shown().loading = true;
            on_load();
            // What the model before holds is free for this one.
            let held_bytes = seat.as_ref().map_or(0, Loaded::held_bytes);
            let room = memory::room().map(|room| Room {
                free_bytes: room.free_bytes + held_bytes,
                ..room
            });
            let context_len = |work: &Work| context::len(work, context_wish, room, &model.title);
            let opened = guarded("loaded the model", || {
                Loaded::open(model, self.compute(), context_len, || self.unload(seat))
            });
            let mut shown = self.shown();
            shown.loading = false;
            let loaded = seat.insert(opened?);
            loaded.context_wish = context_wish;
            shown.loaded = Some(model.name.clone());
        }
        Ok(seat.as_mut().expect("it is loaded by now"))
    }

    /// Gives the model's memory back if nobody has asked anything for as long as the settings say; called now and
    /// then by a window. True if it did.
    pub fn rest(&self) -> Result<bool, Error> {
        let Some(minutes) = self.settings()?.rest_after_minutes else {
            return Ok(false);
        };
        let used_ms = &self.inner.used_ms;
        let Some(mut seat) = self.inner.seat.try_take() else {
            used_ms.store(self.now_ms(), Ordering::Relaxed); // it is in use
            return Ok(false);
        };
        let unused_ms = self.now_ms() - used_ms.load(Ordering::Relaxed);
        let is_over = i64::from(minutes) * 60_000 <= unused_ms;
        if is_over && seat.is_some() {
            self.unload(&mut seat);
            return Ok(true);
        }
        Ok(false)
    }

    pub(crate) fn unload(&self, seat: &mut Option<Loaded>) {
        *seat = None;
        self.shown().loaded = None;
    }
}
