//! What users of aiohttp, requests and curl rely on, one named case for each behaviour, against servers that nobody here
//! wrote: nginx, lighttpd and httpbin, squid and microsocks. `scripts/setup` installs them; without them these tests fail.
//!
//! A server's cases are a table, run as one test, whose failure names every case that failed. `DUALFETCH_CASE=word` runs
//! those alone whose names hold the word. `index.md` says where each behaviour of the list is proved, here or elsewhere.
#![cfg(all(
    unix,
    not(target_arch = "wasm32"),
    feature = "charset",
    feature = "digest",
    feature = "html",
    feature = "json"
))]
// These tests run on a real clock and a real network, which the seam's ban is there to keep out of the library.
#![allow(clippy::disallowed_methods, missing_docs, missing_debug_implementations, unreachable_pub)]

mod support;

mod conformance {
    #[path = "../native/child.rs"]
    #[allow(dead_code)]
    mod child;
    mod coming_from;
    mod cookbook;
    #[cfg(all(feature = "cli", feature = "websocket"))]
    mod deployed;
    mod events;
    mod faults;
    #[cfg(feature = "gateway")]
    mod gateway;
    #[path = "../native/help.rs"]
    #[allow(dead_code)]
    mod help;
    mod httpbin;
    mod index;
    mod lighttpd;
    mod microsocks;
    mod multipart;
    mod nginx;
    mod served;
    mod squid;
    mod table;
    #[cfg(feature = "websocket")]
    mod websockets;
}
