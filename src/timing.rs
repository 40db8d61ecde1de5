//! [`Timing`]: where the time of a response's last hop went.

use std::time::Duration;

/// How long each phase of the last attempt at the last hop took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// Waiting for a permit, or for the rate, at all hops and before all attempts together.
    pub queue: Duration,
    /// Name look-up, TCP, a proxy's tunnel, and TLS. `None` where the connection was there already, and in a browser,
    /// which does not tell.
    pub connect: Option<Duration>,
    /// The part of `connect` in which the resolver was asked. `None` where it was not: the name was known, or is an address.
    pub resolve: Option<Duration>,
    /// From the connection's being there to the response's head.
    pub headers: Duration,
    /// From the call to the response's head, all hops and attempts included.
    pub total: Duration,
}
