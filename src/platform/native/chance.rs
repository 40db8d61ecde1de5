//! Chance for what is made before any backend is asked, such as a boundary. Included by lib.rs as `chance`.
#![allow(clippy::disallowed_methods, reason = "this is the platform: real chance comes from here")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A number that nobody outside this process can foresee: SipHash under keys of the system's own chance.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
