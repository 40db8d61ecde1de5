//! What must hold of titles, encodings, metadata and event streams for any bytes at all.
//!
//! Each property panics where it does not hold. The fuzz targets give them what libFuzzer makes up, and the crate's
//! own tests (tests/fuzz_seeds.rs, which takes this file in by its path) the seeds and every past finding.

pub mod charset;
pub mod events;
mod memory;
pub mod metadata;
mod page;
mod plan;
pub mod title;
