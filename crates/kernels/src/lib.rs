//! kernels: header to come.
