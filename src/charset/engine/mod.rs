//! The tables: the one place that knows whether the crate feature `charset` is on.
//!
//! Both versions supply, under the same names:
//!
//! - `Encoding`, a small `Copy` value: `UTF_8`, `UTF_16LE`, `UTF_16BE`; `for_label`, `name`; `declared` and
//!   `without_utf16`, the standard's readings of a label found inside the document itself; `keeps_ascii`,
//!   whether ASCII bytes always mean ASCII; `unsupported`, the label of an encoding that this build lacks.
//! - `Transcoder`, from bytes of one encoding to text, across any cuts.
//! - `well_formed`, the text of a whole body that is UTF-8.
//! - `detect`, the guess for bytes that are not UTF-8.

#[cfg(feature = "charset")]
mod whatwg;
#[cfg(feature = "charset")]
pub(super) use self::whatwg::{Encoding, Transcoder, detect, well_formed};

#[cfg(not(feature = "charset"))]
mod utf8_only;
#[cfg(not(feature = "charset"))]
pub(super) use self::utf8_only::{Encoding, Transcoder, detect, well_formed};
