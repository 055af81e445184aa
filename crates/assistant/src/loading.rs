//! The model that is in memory: there is one, and it makes room for the next.

use std::sync::atomic::AtomicBool;

use crate::assistant::guarded;
use crate::loaded::Loaded;
use crate::models::{Model, ModelState};
use crate::{Assistant, Error};

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
        self.load(seat, &model, on_load)
    }

    /// `model`, loaded if it was not. What was loaded before makes room for it, unless it cannot be opened.
    pub(crate) fn load<'a>(
        &self,
        seat: &'a mut Option<Loaded>,
        model: &Model,
        on_load: impl FnOnce(),
    ) -> Result<&'a mut Loaded, Error> {
        if seat.as_ref().is_none_or(|loaded| loaded.model != *model) {
            self.shown().loading = true;
            on_load();
            let opened = guarded("loaded the model", || {
                Loaded::open(model, self.compute(), None, || self.unload(seat))
            });
            let mut shown = self.shown();
            shown.loading = false;
            *seat = Some(opened?);
            shown.loaded = Some(model.name.clone());
        }
        Ok(seat.as_mut().expect("it is loaded by now"))
    }

    pub(crate) fn unload(&self, seat: &mut Option<Loaded>) {
        *seat = None;
        self.shown().loaded = None;
    }
}
