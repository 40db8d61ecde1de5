//! The servers that the native tests run against. None of this knows the crate under test.
//!
//! | server | what it is | what it promises |
//! |---|---|---|
//! | [`CountingServer`] | a well-behaved hyper server on N loopback ports, each port a host of its own | its counters are exact: a request is in flight from its head until the last byte of its response was handed to the connection, or was given up. A client that has seen the end of a response finds it counted down already |
//! | [`TlsServer`] | the same behind TLS, with a CA made at run time | ALPN and the certificate's fault are chosen; every handshake is on record, failed ones with their reason |
//! | [`RawServer`] | a socket and a [`Script`], for faults that no HTTP library would produce | bytes leave exactly as written; how each connection ended, and what went over it, is on record |
//! | [`DnsServer`](dns_server::DnsServer) | a name server, over UDP and TCP, that answers as the test says | every question is on record before it is answered |
//! | [`WebSocketServer`] | WebSockets on a bare socket | frames leave as written, wrong ones too; how the client ended a connection is on record |
//! | [`Refusing`], [`Unanswering`] | ports that refuse a connection, or never answer one | both hold as long as the value lives |
//!
//! [`PlainClient`] is a client on a bare socket; `tests/support_self.rs` holds the servers to their promises with it.
//!
//! All bind `127.0.0.1:0`, and their tasks end when the value is dropped. A misbehaving client never panics a
//! server task: what it did is an event. Tests wait for events and counters, never for a time to pass; a wait
//! that is not met within [`PATIENCE`] fails the test and prints what the server saw until then.
//!
//! In a test: `mod support; use support::*;`. Every test crate uses a part of this, hence the `allow`s.
// These are servers on a real network: the seam's ban on real clocks and tasks is not for them.
#![allow(clippy::disallowed_methods)]
#![allow(dead_code, unreachable_pub, unused_imports, missing_docs, missing_debug_implementations)]

pub mod cors;
mod counting;
pub mod dns_server;
mod events;
pub mod faults;
mod folder;
mod gate;
pub mod h2;
mod ledger;
mod plain;
mod ports;
mod raw;
pub mod routes;
mod script;
mod socket;
mod tls;
mod websocket;

pub use counting::{Builder, CountingServer};
pub use events::{Ended, Event, Head, How, Observed, Traffic};
pub use folder::Folder;
pub use gate::{Gate, PATIENCE, Pace, within, within_at_most};
pub use ledger::{Counts, Record, Visit};
pub use plain::PlainClient;
pub use ports::{Refusing, Unanswering};
pub use raw::RawServer;
pub use script::{ANYONE, Script, Step};
pub use tls::{Alpn, Certificate, Handshake, Issuer, TlsBuilder, TlsServer};
pub use websocket::WebSocketServer;
