//! A set of lines that fills up from its start.

use std::collections::VecDeque;

const BITS: usize = u64::BITS as usize;

/// Which lines have their rows: all below a first one, and a bit for each from there on. Since lines are taken in their
/// order, few bits are kept, however long the input is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// A multiple of 64.
    start: usize,
    words: VecDeque<u64>,
    count: usize,
}

impl Done {
    /// Adds a line. `false` when it was there.
    pub(crate) fn insert(&mut self, index: usize) -> bool {
        if self.contains(index) {
            return false;
        }
        let at = index - self.start;
        if self.words.len() <= at / BITS {
            self.words.resize(at / BITS + 1, 0);
        }
        self.words[at / BITS] |= 1 << (at % BITS);
        self.count += 1;
        while self.words.front() == Some(&u64::MAX) {
            self.words.pop_front();
            self.start += BITS;
        }
        true
    }

    /// Whether the line is there.
    pub(crate) fn contains(&self, index: usize) -> bool {
        index
            .checked_sub(self.start)
            .is_none_or(|at| self.words.get(at / BITS).is_some_and(|word| word >> (at % BITS) & 1 == 1))
    }

    /// How many lines are there.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// All below are there.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The bits from `start` on, the lowest first.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// From what `start` and `bytes` gave; `None` if they cannot have.
    pub(super) fn from_parts(start: usize, bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() || !start.is_multiple_of(BITS) {
            return None;
        }
        let words: VecDeque<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let ones: usize = words.iter().map(|word| word.count_ones() as usize).sum();
        Some(Self { start, count: start.checked_add(ones)?, words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_put_in_and_forgets_what_is_full() {
        let mut done = Done::default();
        for index in [3, 70, 1_000] {
            assert!(!done.contains(index) && done.insert(index) && done.contains(index));
            assert!(!done.insert(index));
        }
        assert_eq!(done.count(), 3);
        for index in 0..1_000 {
            done.insert(index);
        }
        assert_eq!((done.count(), done.start(), done.words.len()), (1_001, 960, 1));
        assert!((0..=1_000).all(|index| done.contains(index)) && !done.contains(1_001));
        let read = Done::from_parts(done.start(), &done.bytes());
        assert_eq!(read.as_ref(), Some(&done));
    }

    #[test]
    fn the_order_makes_no_difference() {
        let mut done = Done::default();
        for index in (0..640).rev() {
            done.insert(index);
        }
        assert_eq!((done.count(), done.start(), done.words.len()), (640, 640, 0));
    }

    #[test]
    fn parts_that_cannot_be_are_none() {
        assert_eq!(Done::from_parts(1, &[]), None);
        assert_eq!(Done::from_parts(64, &[0; 7]), None);
        assert_eq!(Done::from_parts(usize::MAX - 63, &[0xFF; 16]), None);
    }
}
