//! The crate over the platform's own fetch: the contract that every backend keeps, and what is a page's or Node's own.
//!
//! The same crate runs in Node, in a page and in a worker; scripts/browser-tests starts the servers and runs it in each.
#![cfg(all(
    target_arch = "wasm32",
    feature = "charset",
    feature = "html",
    feature = "json",
    feature = "websocket"
))]
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod contract;
#[cfg(feature = "digest")]
mod strict;
mod visits;

mod browser {
    mod blobs;
    mod cases;
    mod faults;
    mod lab;
    mod node;
    mod page;
    mod platform_sockets;
    mod requests;
    mod sockets;
}
