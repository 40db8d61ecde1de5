//! Which parts of a file are there.

use std::fmt;

/// Parts that are there, each from its first byte to one past its last, in order; none touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<(u64, u64)>);

/// What somebody else has written is read no further than this.
const MOST: usize = 10_000;

impl Spans {
    /// The start of a file, so many bytes of it.
    pub(crate) fn up_to(end: u64) -> Self {
        let mut spans = Self::default();
        spans.add(0, end);
        spans
    }

    pub(crate) fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        // Those it touches become one with it.
        let first = self.0.partition_point(|(_, end)| *end < from);
        let behind = self.0.partition_point(|(start, _)| *start <= to);
        let touched = &self.0[first..behind];
        let from = touched.first().map_or(from, |(start, _)| from.min(*start));
        let to = touched.last().map_or(to, |(_, end)| to.max(*end));
        self.0.splice(first..behind, [(from, to)]);
    }

    /// How many bytes there are.
    pub(crate) fn size(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// Where the last one ends.
    pub(crate) fn end(&self) -> u64 {
        self.0.last().map_or(0, |(_, to)| *to)
    }

    /// What is missing of a file of this length; the last gap has no end where the length is not known.
    pub(crate) fn gaps(&self, total: Option<u64>) -> Vec<(u64, Option<u64>)> {
        let mut gaps = Vec::new();
        let mut at = 0;
        for (from, to) in &self.0 {
            if at < *from {
                gaps.push((at, Some(*from)));
            }
            at = *to;
        }
        if total.is_none_or(|total| at < total) {
            gaps.push((at, total));
        }
        gaps
    }

    /// What is missing of a file of this length, in about so many pieces of at least `least` bytes.
    pub(crate) fn pieces(&self, total: u64, count: u64, least: u64) -> Vec<(u64, u64)> {
        let size = total.saturating_sub(self.size()).div_ceil(count.max(1)).max(least).max(1);
        let mut pieces = Vec::new();
        for (from, to) in self.gaps(Some(total)) {
            let (mut from, to) = (from, to.unwrap_or(total));
            while from < to {
                // What is left over behind is not worth a request of its own.
                let end = if to - from < size + least { to } else { from + size };
                pieces.push((from, end));
                from = end;
            }
        }
        pieces
    }

    /// As `Display` writes it; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut spans = Self::default();
        for span in text.split_ascii_whitespace().take(MOST) {
            let (from, to) = span.split_once('-')?;
            let (from, to) = (from.parse::<u64>().ok()?, to.parse::<u64>().ok()?);
            (from < to).then(|| spans.add(from, to))?;
        }
        Some(spans)
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (from, to)) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{from}-{to}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::Spans;

    fn spans(of: &[(u64, u64)]) -> Spans {
        let mut spans = Spans::default();
        of.iter().for_each(|(from, to)| spans.add(*from, *to));
        spans
    }

    #[test]
    fn spans_that_touch_are_one_whatever_their_order() {
        // By the bits of a number: every set of spans in a file of ten bytes, against a plain list of bytes.
        let mut state = 1_u64;
        for _ in 0..2_000 {
            let (mut bytes, mut spans) = ([false; 12], Spans::default());
            for _ in 0..5 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (from, length) = (state >> 33 & 7, state >> 50 & 3);
                spans.add(from, from + length);
                (from..from + length).for_each(|at| bytes[at as usize] = true);
            }
            assert_eq!(spans.size(), bytes.iter().filter(|there| **there).count() as u64);
            let missing: Vec<u64> = (0..12).filter(|at| !bytes[*at as usize]).collect();
            let gaps = spans.gaps(Some(12));
            let in_gaps: Vec<u64> =
                gaps.iter().flat_map(|(from, to)| *from..to.expect("the length is known")).collect();
            assert_eq!(in_gaps, missing, "{spans}");
            assert_eq!(Spans::parse(&spans.to_string()), Some(spans));
        }
    }

    #[test]
    fn what_is_missing_is_cut_into_pieces_that_are_worth_a_request() {
        let none = Spans::default();
        assert_eq!(none.pieces(100, 4, 10), [(0, 25), (25, 50), (50, 75), (75, 100)]);
        assert_eq!(none.pieces(101, 4, 10), [(0, 26), (26, 52), (52, 78), (78, 101)]);
        assert_eq!(none.pieces(15, 4, 10), [(0, 15)]);
        assert_eq!(none.pieces(0, 4, 10), []);
        assert_eq!(spans(&[(20, 60)]).pieces(100, 3, 5), [(0, 20), (60, 80), (80, 100)]);
        assert_eq!(spans(&[(0, 100)]).pieces(100, 3, 5), []);
        assert_eq!((none.gaps(None), spans(&[(0, 5)]).gaps(None)), (vec![(0, None)], vec![(5, None)]));
    }

    #[test]
    fn what_was_not_written_here_is_not_read() {
        for text in ["1", "1-", "a-b", "5-5", "9-5", "-1-5", "1-2-3"] {
            assert_eq!(Spans::parse(text), None, "{text}");
        }
        assert_eq!(Spans::parse(""), Some(Spans::default()));
    }
}
