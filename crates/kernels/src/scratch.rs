//! Room for what a kernel computes on the way, kept by each thread for the next call: nothing is allocated
//! once the sizes have been seen.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

thread_local! {
    static BYTES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static FLOATS: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    static INTEGERS: RefCell<Vec<Vec<i32>>> = const { RefCell::new(Vec::new()) };
}

/// How many buffers of a kind a thread keeps; more than one kernel has open at once.
const KEPT: usize = 8;

/// A slice of unspecified content that goes back to the thread that drops it.
pub struct Loan<T: Kept> {
    buffer: Vec<T>,
    len: usize,
}

/// `len` bytes, whatever they are.
pub fn bytes(len: usize) -> Loan<u8> {
    Loan::new(len)
}

/// `len` floats, whatever they are.
pub fn floats(len: usize) -> Loan<f32> {
    Loan::new(len)
}

/// `len` integers, whatever they are.
pub fn integers(len: usize) -> Loan<i32> {
    Loan::new(len)
}

/// A type that threads keep buffers of.
pub trait Kept: Copy + Default + 'static {
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>>;
}

impl Kept for u8 {
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
        &BYTES
    }
}

impl Kept for f32 {
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
        &FLOATS
    }
}

impl Kept for i32 {
    fn kept() -> &'static LocalKey<RefCell<Vec<Vec<Self>>>> {
        &INTEGERS
    }
}

impl<T: Kept> Loan<T> {
    fn new(len: usize) -> Self {
        let mut buffer = T::kept().with_borrow_mut(|kept| {
            // The smallest that is large enough; else the largest, to grow.
            let best = (0..kept.len()).min_by_key(|&i| {
                let held = kept[i].len();
                if held >= len {
                    (0, held)
                } else {
                    (1, usize::MAX - held)
                }
            });
            best.map(|best| kept.swap_remove(best)).unwrap_or_default()
        });
        if buffer.len() < len {
            buffer.resize(len, T::default());
        }
        Self { buffer, len }
    }
}

impl<T: Kept> Drop for Loan<T> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // While a thread ends there is nowhere left to keep it, and it is freed.
        let _ = T::kept().try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT {
                kept.push(buffer);
            }
        });
    }
}

impl<T: Kept> Deref for Loan<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.buffer[..self.len]
    }
}

impl<T: Kept> DerefMut for Loan<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[..self.len]
    }
}

impl<T: Kept> fmt::Debug for Loan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again() {
        let first = floats(1000).as_ptr();
        assert_eq!(floats(500).as_ptr(), first);
        let (a, b) = (floats(10), floats(20));
        assert_ne!(a.as_ptr(), b.as_ptr());
        assert_eq!((a.len(), b.len()), (10, 20));
    }
}
