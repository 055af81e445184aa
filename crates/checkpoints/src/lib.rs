//! checkpoints: header to come.
