//! [`EventSource`]: server-sent events that go on where the connection is lost.

mod builder;
mod connecting;
mod source;

pub use builder::{EventSourceBuilder, Reconnecting};
pub use source::{EventSource, Lost};
