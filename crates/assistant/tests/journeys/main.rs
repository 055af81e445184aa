//! What a person does with Lectern, through the seam both fronts use, with a real model.

mod desk;

mod asking;
mod conversations;
mod evaluating;
mod models;
mod waiting;
