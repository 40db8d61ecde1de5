//! WebSockets (RFC 6455), compressed ones, too (RFC 7692).
//!
//! Of tungstenite only the headers of frames are taken: its own messages cannot be compressed, answer every ping, and its
//! reader makes room for what a frame announces. What frames make up is told here apart from any connection: a
//! `Conversation` is given bytes and asked for bytes.

mod conversation;
mod deflate;
mod fault;
mod handshake;
mod incoming;
mod mask;
mod outgoing;
mod socket;
#[cfg(test)]
mod tests;

pub(super) use handshake::{Handshake, upgrade};
