//! One behaviour a test. `labels` and `prescan`: which rule decides. `bodies`: what comes out of whole
//! bodies; `opaque`: of those whose ASCII bytes may be something else. `stream`: the same in pieces, restarts and
//! limits. `utf8_only`: the build without the tables.

#[cfg(feature = "charset")]
mod bodies;
#[cfg(feature = "charset")]
mod labels;
#[cfg(feature = "charset")]
mod opaque;
#[cfg(feature = "charset")]
mod prescan;
#[cfg(feature = "charset")]
mod stream;
#[cfg(not(feature = "charset"))]
mod utf8_only;

use super::{Decoded, Decoder, Event, Hints, decode_with};

/// What a consumer has in the end that reads `pieces` and heeds every restart; and the number of restarts.
fn stream<'a>(hints: &Hints, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Decoded, usize) {
    let mut decoder = Decoder::new(hints.clone());
    let mut text = String::new();
    let mut restarts = 0;
    let mut take = |event, out: String| {
        if event == Event::Restart {
            text.clear();
            restarts += 1;
        }
        text.push_str(&out);
    };
    for piece in pieces {
        let mut out = String::new();
        take(decoder.push(piece, &mut out), out);
    }
    let mut out = String::new();
    take(decoder.finish(&mut out), out);
    let decoded = Decoded {
        text,
        encoding: decoder.encoding(),
        source: decoder.source(),
        malformed: decoder.malformed(),
        unsupported: decoder.unsupported().map(str::to_owned),
    };
    (decoded, restarts)
}

/// Asserts that every way to cut `bytes` once, and even pieces of several sizes, give what the whole gives.
#[track_caller]
fn assert_same_for_all_cuts(hints: &Hints, bytes: &[u8]) {
    assert_same_for_cuts(hints, bytes, 0..=bytes.len());
}

#[track_caller]
fn assert_same_for_cuts(hints: &Hints, bytes: &[u8], cuts: impl IntoIterator<Item = usize>) {
    let whole = decode_with(bytes, hints.clone());
    for cut in cuts {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(stream(hints, [head, tail]).0, whole, "cut at {cut}");
    }
    for size in [1, 2, 3, 7, 64, 1000, 1024, 4096] {
        assert_eq!(stream(hints, bytes.chunks(size)).0, whole, "pieces of {size}");
    }
}
