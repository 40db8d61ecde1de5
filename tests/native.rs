//! The crate against real servers on loopback sockets: what each fault becomes, how connections are kept and ended,
//! what the limits let through, and the contract that every backend keeps.
// They use every default feature; a build without one has its own unit tests.
#![cfg(all(
    not(target_arch = "wasm32"),
    feature = "charset",
    feature = "html",
    feature = "json",
    feature = "websocket"
))]
// These tests run on a real clock and a real network, which the seam's ban is there to keep out of the library.
#![allow(clippy::disallowed_methods, missing_docs, missing_debug_implementations, unreachable_pub)]

#[path = "memory/allocator.rs"]
mod allocator;
mod contract;
#[cfg(feature = "digest")]
mod strict;
#[cfg(feature = "digest")]
#[path = "strict/served.rs"]
mod strict_served;
mod support;
mod visits;

mod native {
    mod bodies;
    mod cancellation;
    mod chat;
    mod child;
    mod closing;
    mod completion;
    mod connecting;
    mod connections;
    #[cfg(feature = "cookies")]
    mod cookies;
    #[cfg(feature = "digest")]
    mod digest;
    mod encodings;
    mod faults;
    mod files;
    mod forms;
    mod handing_on;
    mod help;
    #[cfg(feature = "hickory")]
    mod hickory;
    mod hostile;
    mod labs;
    mod limits;
    mod matrix;
    mod names;
    mod options;
    mod parity;
    mod pool;
    mod proxies;
    mod reading;
    mod redirects;
    mod responses;
    mod runtimes;
    mod safe_mode;
    mod saving;
    mod serving;
    mod slowness;
    mod sockets;
    mod stopping;
    mod titles;
    mod tls;
    mod tls_options;
    #[cfg(feature = "tower")]
    mod tower;
    mod unread;
    mod uploads;
    #[cfg(feature = "websocket")]
    mod websocket;
}
