//! Server-sent events: bytes in, events out, by the HTML standard's [section 9.2.6].
//!
//! [`EventParser`] takes the bytes as they arrive, cut anywhere. It does no I/O and fails on nothing but an event or an id
//! that is too long: what is malformed is passed over or becomes U+FFFD, as the standard says.
//!
//! A response's events are read by [`Response::events`](crate::Response::events); a stream that goes on after a lost
//! connection is an [`EventSource`](crate::EventSource).
//!
//! [section 9.2.6]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

mod event;
mod id;
mod parser;

pub use event::ServerEvent;
pub use id::EventId;
pub use parser::{EventParser, MAX_EVENT, MAX_ID};
