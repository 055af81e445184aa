//! prompt: header to come.
