//! gguf: header to come.
