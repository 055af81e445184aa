//! Memory for what is large and read from end to end again and again: in large pages where the system has them, so
//! that the processor looks up one address in 2 MB and not one in 4 kB. Reading is a fifth faster for it.

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;

use memmap2::MmapMut;

/// Words, zero at first.
pub struct Large {
    map: MmapMut,
    len: usize,
}

impl Large {
    /// `len` words. Where there is no memory it ends the process, as a vector does.
    pub fn new(len: usize) -> Self {
        let layout = Layout::array::<u16>(len.max(1)).expect("no more than the memory there is");
        let map = MmapMut::map_anon(layout.size()).unwrap_or_else(|_| handle_alloc_error(layout));
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage); // a wish; small pages serve as well
        Self { map, len }
    }

    /// All of them.
    pub fn words(&self) -> &[u16] {
        // SAFETY: the map is as long as `len` words and starts with a page; every bit pattern is a number.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.len) }
    }

    /// All of them.
    pub fn words_mut(&mut self) -> &mut [u16] {
        // SAFETY: as above, and the borrow is the only one.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} words", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_zero_until_they_are_written() {
        for len in [0, 1, 5000, 3 << 20] {
            let mut large = Large::new(len);
            assert!(large.words().iter().all(|word| *word == 0));
            large.words_mut().fill(7);
            assert_eq!(large.words(), vec![7; len]);
        }
    }
}
