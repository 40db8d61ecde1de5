//! UTF-8 after all, or a guess.

use super::engine::{self, Encoding};

/// For one malformed sequence, the well-formed ones that show a text to be UTF-8 with a flaw. Legacy text
/// that reads as UTF-8 by chance does so for a character or two.
const WELL_FORMED_PER_MALFORMED: usize = 8;

/// The encoding of unlabelled bytes; `ended` where the body ends with them.
pub(super) fn judge(bytes: &[u8], ended: bool, top_level: Option<&str>) -> Encoding {
    if is_utf8(bytes, ended) { Encoding::UTF_8 } else { engine::detect(bytes, ended, top_level) }
}

/// Whether unlabelled bytes are UTF-8, flaws included; else the detector is asked.
pub(super) fn is_utf8(bytes: &[u8], ended: bool) -> bool {
    let (well_formed, malformed) = count_sequences(bytes, ended);
    malformed * WELL_FORMED_PER_MALFORMED <= well_formed
}

/// How many multi-byte sequences of UTF-8 there are, and how many that are broken.
fn count_sequences(bytes: &[u8], ended: bool) -> (usize, usize) {
    let mut well_formed = 0;
    let mut malformed = 0;
    let mut cut = false;
    for chunk in bytes.utf8_chunks() {
        well_formed += chunk.valid().bytes().filter(|&b| b >= 0xC0).count();
        let invalid = chunk.invalid();
        malformed += usize::from(!invalid.is_empty());
        // The last chunk's answer stays, and in the last one alone it means that the bytes ended.
        cut = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
    }
    // A sequence cut off by the end says little: in UTF-8 it is where the bytes happen to end.
    if cut && (!ended || well_formed > 0) {
        malformed -= 1;
    }
    (well_formed, malformed)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn ascii_has_no_sequences() {
        assert_eq!(count_sequences(b"plain", true), (0, 0));
        assert_eq!(count_sequences(b"", true), (0, 0));
    }

    #[test]
    fn broken_sequences_are_counted_apart() {
        assert_eq!(count_sequences(b"\xC3\xA9 \xFF \xC3 \xE2\x82\xAC", true), (2, 2));
    }

    #[test]
    fn cut_at_the_end_counts_only_when_nothing_else_speaks_for_utf8() {
        assert_eq!(count_sequences(b"caf\xE9", true), (0, 1));
        assert_eq!(count_sequences(b"caf\xE9", false), (0, 0));
        assert_eq!(count_sequences(b"\xC3\xA9 caf\xE9", true), (1, 0));
    }
}
