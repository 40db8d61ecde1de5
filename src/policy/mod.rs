//! Decisions, and nothing but: time, chance and I/O come in as arguments.

pub mod deadline;
#[cfg(feature = "digest")]
pub(crate) mod digest;
#[cfg(feature = "websocket")]
pub(crate) mod heartbeat;
pub mod raise;
pub(crate) mod ranges;
pub(crate) mod reconnect;
pub mod redirect;
pub mod redirect_policy;
pub mod retry;
pub mod scheduler;
