//! The gateway's router as a unit, against servers of this process.
#![cfg(all(feature = "gateway", not(target_arch = "wasm32")))]
// Servers and clients of these tests run on the machine's own clock.
#![allow(clippy::disallowed_methods, unreachable_pub)]

#[path = "gateway/access.rs"]
mod access;
#[path = "gateway/assets.rs"]
mod assets;
#[path = "gateway/attacks.rs"]
mod attacks;
#[path = "gateway/clients.rs"]
mod clients;
#[path = "gateway/fetch.rs"]
mod fetch;
#[path = "gateway/lab.rs"]
mod lab;
#[path = "gateway/live.rs"]
mod live;
#[path = "gateway/openapi.rs"]
mod openapi;
#[path = "gateway/shares.rs"]
mod shares;
#[path = "gateway/smuggling.rs"]
mod smuggling;
mod support;
#[path = "gateway/titles.rs"]
mod titles;
#[path = "gateway/upstream.rs"]
mod upstream;
#[path = "gateway/wire.rs"]
mod wire;
