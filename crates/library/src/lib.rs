//! library: header to come.
