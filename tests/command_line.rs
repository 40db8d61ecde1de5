//! The command line as its users run it: arguments, pipes, files, signals, terminals, exit codes.
#![cfg(all(feature = "cli", not(target_arch = "wasm32")))]
// These tests run processes and servers on a real clock.
#![allow(clippy::disallowed_methods, missing_docs, missing_debug_implementations, unreachable_pub)]

mod strict;
#[path = "strict/served.rs"]
mod strict_served;
mod support;

mod command_line {
    mod connections;
    #[cfg(unix)]
    mod cookbook;
    mod cookies;
    mod demo;
    mod digest;
    mod documents;
    mod events;
    mod files;
    mod get;
    mod input;
    mod job;
    mod output;
    mod pages;
    mod resume;
    mod run;
    #[cfg(unix)]
    mod serve_bounds;
    #[cfg(unix)]
    mod serve_connections;
    #[cfg(unix)]
    mod serve_life;
    #[cfg(unix)]
    mod serve_log;
    #[cfg(unix)]
    mod serve_settings;
    #[cfg(unix)]
    mod served;
    #[cfg(unix)]
    mod signals;
    #[cfg(unix)]
    mod terminal;
    mod titles;
    mod tls;
    mod ws;
}
