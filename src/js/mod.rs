//! The face towards JavaScript: what `pkg/src` builds the npm package's classes on. No policy in it.
//!
//! Exports are plain functions over what they share, and give promises. An `async fn(&self)` would hold its borrow
//! until it ends, and a second call, or `free()`, would throw meanwhile.
//!
//! `pkg/src` checks what callers hand in, so the getters read here find values of the right type; what does not fit
//! all the same counts as left out or is an error, never a panic.

#![allow(unreachable_pub, reason = "wasm-bindgen exports what is `pub`, and nothing else of this module is")]
#![allow(missing_debug_implementations, reason = "what is exported is JavaScript's to look at")]

#[cfg(feature = "js-charset")]
mod charset;
#[cfg(all(feature = "js", feature = "digest"))]
mod digest;
#[cfg(feature = "js")]
mod errors;
#[cfg(all(feature = "js", feature = "html"))]
mod page;
#[cfg(feature = "js")]
mod promise;
#[cfg(feature = "js")]
mod request;
#[cfg(feature = "js")]
mod response;
#[cfg(feature = "js")]
mod rows;
#[cfg(all(feature = "js", feature = "select"))]
mod select;
#[cfg(feature = "js")]
mod session;
#[cfg(feature = "js")]
mod signal;
#[cfg(feature = "js")]
mod supply;
