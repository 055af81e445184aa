//! A model's file that is dropped on the window. A web page is given its bytes and not its place: they come in pieces.

use crate::assistant::lock;
use crate::models::Model;
use crate::{Assistant, Error};

impl Assistant {
    /// A GGUF file called `name` with so many bytes begins to come. What was coming before is left.
    pub fn begin_dropped(&self, name: &str, total_bytes: u64) -> Result<(), Error> {
        let mut dropped = lock(&self.inner.dropped);
        *dropped = None; // gives its turn back
        *dropped = Some(self.folder()?.receive(name, total_bytes)?);
        Ok(())
    }

    /// The next piece of it. After an error nothing of it is left.
    pub fn take_dropped(&self, piece: &[u8]) -> Result<(), Error> {
        let mut dropped = lock(&self.inner.dropped);
        let taken = dropped.as_mut().ok_or(Error::NothingDropped)?.write(piece);
        if taken.is_err() {
            *dropped = None;
        }
        Ok(taken?)
    }

    /// All of it has come: it is checked, put into the models folder, and chosen.
    pub fn end_dropped(&self) -> Result<Model, Error> {
        let dropped = lock(&self.inner.dropped).take();
        let model = Model::from(dropped.ok_or(Error::NothingDropped)?.finish()?);
        self.keep_model(Some(&model.name))?;
        Ok(model)
    }

    /// It is not wanted any more.
    pub fn leave_dropped(&self) {
        *lock(&self.inner.dropped) = None;
    }
}
