//! WebSockets (RFC 6455), compressed ones, too (RFC 7692).
#![allow(dead_code)]

mod conversation;
mod deflate;
mod fault;
mod incoming;
mod mask;
mod outgoing;
#[cfg(test)]
mod tests;
