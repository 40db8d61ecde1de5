//! The most frequent of many names, in bounded memory.

use std::cmp::Reverse;
use std::collections::HashMap;

/// So many names are counted exactly.
const MOST: usize = 2_000;

/// Counts of names. Beyond the first [`MOST`] of them rare ones make room for others (Misra and Gries, 1982): then what
/// is counted of a name is the least that it can be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frequent {
    counts: HashMap<String, u64>,
    is_rough: bool,
}

impl Frequent {
    /// Counts one more of this name.
    pub(crate) fn add(&mut self, name: String) {
        if self.counts.len() < MOST || self.counts.contains_key(&name) {
            *self.counts.entry(name).or_default() += 1;
            return;
        }
        self.is_rough = true;
        self.counts.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
    }

    /// The most frequent ones, and how many there are beside them.
    pub(crate) fn top(&self, most: usize) -> (Vec<(&str, u64)>, usize) {
        let mut all: Vec<_> = self.counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        all.sort_by_key(|(name, count)| (Reverse(*count), *name));
        let others = all.len().saturating_sub(most);
        all.truncate(most);
        (all, others)
    }

    /// Whether counts are the least that they can be, and names are missing.
    pub(crate) fn is_rough(&self) -> bool {
        self.is_rough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_names_are_counted_exactly() {
        let mut frequent = Frequent::default();
        for name in ["b", "a", "c", "a", "b", "a"] {
            frequent.add(name.to_owned());
        }
        assert_eq!(frequent.top(2), (vec![("a", 3), ("b", 2)], 1));
        assert!(!frequent.is_rough());
    }

    #[test]
    fn the_frequent_one_is_found_among_any_number() {
        let mut frequent = Frequent::default();
        for n in 0..200_000 {
            frequent.add(if n % 4 == 0 { "often".to_owned() } else { format!("rare {n}") });
        }
        assert!(frequent.is_rough() && frequent.counts.len() <= MOST);
        assert_eq!(frequent.top(1).0[0].0, "often");
    }
}
