//! engine: header to come.
