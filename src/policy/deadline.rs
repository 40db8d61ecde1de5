//! Timeouts as named phases: the next deadline is the earliest of all, and says which one it is.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Phase, Result};

/// How long each phase of a request may take. Every phase left out keeps what the session, or the default, says.
///
/// | phase | default | bounds |
/// |---|---|---|
/// | [`total`](Self::total) | 5 minutes | the request's own time, redirects, retries and body included; it stands still while the request waits for a permit |
/// | [`wall`](Self::wall) | none | everything, waiting included |
/// | [`queue`](Self::queue) | none | one wait for a permit |
/// | [`connect`](Self::connect) | 30 s | name look-up, TCP and TLS; native |
/// | [`headers`](Self::headers) | none | from the request sent to the response's head, once for each hop and attempt |
/// | [`read`](Self::read) | none | the longest gap between two pieces of the body |
///
/// `None` takes a bound away. A bound of zero is refused when the session is built or the request is sent.
///
/// ```
/// use std::time::Duration;
/// use dualfetch::Timeout;
///
/// let patient = Timeout::new().total(None).read(Duration::from_secs(20));
/// assert_ne!(patient, Timeout::new());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeout {
    pub(crate) total: Option<Option<Duration>>,
    pub(crate) wall: Option<Option<Duration>>,
    pub(crate) queue: Option<Option<Duration>>,
    pub(crate) connect: Option<Option<Duration>>,
    pub(crate) headers: Option<Option<Duration>>,
    pub(crate) read: Option<Option<Duration>>,
}

impl Timeout {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bounds the request's own time: a permit held, or backing off between attempts. Default 5 minutes.
    #[must_use]
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = Some(limit.into());
        self
    }

    /// Bounds everything, waiting for a permit included. Default none.
    #[must_use]
    pub fn wall(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.wall = Some(limit.into());
        self
    }

    /// Bounds each wait for a permit. Default none.
    #[must_use]
    pub fn queue(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.queue = Some(limit.into());
        self
    }

    /// Bounds name look-up, TCP and TLS together. Default 30 s. Native only: elsewhere setting it is
    /// [`ErrorKind::Unsupported`].
    #[must_use]
    pub fn connect(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect = Some(limit.into());
        self
    }

    /// Bounds the wait for a response's head once the request can be sent. Default none.
    #[must_use]
    pub fn headers(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.headers = Some(limit.into());
        self
    }

    /// Bounds the gap between two pieces of the body. Default none.
    #[must_use]
    pub fn read(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.read = Some(limit.into());
        self
    }

    /// What this sets, and `base` for the rest.
    pub(crate) fn over(self, base: Self) -> Self {
        Self {
            total: self.total.or(base.total),
            wall: self.wall.or(base.wall),
            queue: self.queue.or(base.queue),
            connect: self.connect.or(base.connect),
            headers: self.headers.or(base.headers),
            read: self.read.or(base.read),
        }
    }

    /// Whether a connect bound was asked for, which not every platform can keep.
    pub(crate) fn asks_for_connect(&self) -> bool {
        matches!(self.connect, Some(Some(_)))
    }

    /// Refuses bounds of zero: nothing could ever be done within them.
    pub(crate) fn validate(&self) -> Result<()> {
        let all = [
            ("timeout.total", self.total),
            ("timeout.wall", self.wall),
            ("timeout.queue", self.queue),
            ("timeout.connect", self.connect),
            ("timeout.headers", self.headers),
            ("timeout.read", self.read),
        ];
        match all.into_iter().find(|(_, limit)| *limit == Some(Some(Duration::ZERO))) {
            None => Ok(()),
            Some((option, _)) => Err(Error::new(ErrorKind::InvalidOption { option }).with_message(
                "zero leaves no time for anything; leave it out for the default, or set None for no bound",
            )),
        }
    }

    /// The bounds in force, defaults filled in.
    pub(crate) fn resolve(&self) -> Bounds {
        Bounds {
            total: self.total.unwrap_or(Some(Duration::from_secs(5 * 60))),
            wall: self.wall.flatten(),
            queue: self.queue.flatten(),
            connect: self.connect.unwrap_or(Some(Duration::from_secs(30))),
            headers: self.headers.flatten(),
            read: self.read.flatten(),
        }
    }
}

/// A bound on the total.
impl From<Duration> for Timeout {
    fn from(total: Duration) -> Self {
        Self::new().total(total)
    }
}

/// The bounds in force for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) total: Option<Duration>,
    pub(crate) wall: Option<Duration>,
    pub(crate) queue: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) headers: Option<Duration>,
    pub(crate) read: Option<Duration>,
}

/// The deadlines of one request under way. All times are on the backend's monotonic clock.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines {
    bounds: Bounds,
    wall_at: Option<Duration>,
    total: Pausable,
    /// The deadline of the phase the request is in, if that phase is bounded.
    step: Option<(Duration, Phase)>,
}

impl Deadlines {
    /// What they are made of.
    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// No clock runs yet.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { wall_at: None, total: Pausable { left: bounds.total, since: None }, bounds, step: None }
    }

    /// The wall clock starts now; the total clock stands still until [`resume`](Self::resume).
    pub(crate) fn begin(&mut self, now: Duration) {
        self.wall_at = self.bounds.wall.and_then(|wall| now.checked_add(wall));
    }

    /// Enters a phase that has a bound of its own ([`Queue`](Phase::Queue), [`Headers`](Phase::Headers),
    /// [`Read`](Phase::Read)), or leaves such a phase by entering one that has none.
    pub(crate) fn enter(&mut self, phase: Phase, now: Duration) {
        let bound = match phase {
            Phase::Queue => self.bounds.queue,
            Phase::Headers => self.bounds.headers,
            Phase::Read => self.bounds.read,
            _ => None,
        };
        self.step = bound.and_then(|bound| now.checked_add(bound)).map(|at| (at, phase));
    }

    /// Leaves the phase entered last.
    pub(crate) fn leave(&mut self) {
        self.step = None;
    }

    /// Lets the total clock run.
    pub(crate) fn resume(&mut self, now: Duration) {
        self.total.resume(now);
    }

    /// Stops the total clock.
    pub(crate) fn pause(&mut self, now: Duration) {
        self.total.pause(now);
    }

    /// When the wall clock runs out.
    pub(crate) fn wall_at(&self) -> Option<Duration> {
        self.wall_at
    }

    /// When the total clock runs out, while it runs.
    pub(crate) fn runs_out_at(&self) -> Option<Duration> {
        self.total.at()
    }

    /// What is left on the total clock while it stands still.
    pub(crate) fn total_left(&self) -> Option<Duration> {
        self.total.left
    }

    /// The earliest deadline, and whose it is. Of two at the same time the wider one is named.
    pub(crate) fn next(&self) -> Option<(Duration, Phase)> {
        let wall = self.wall_at.map(|at| (at, Phase::Wall));
        let total = self.total.at().map(|at| (at, Phase::Total));
        let mut first = wall;
        for other in [total, self.step] {
            if let Some((at, _)) = other
                && first.is_none_or(|(first, _)| at < first)
            {
                first = other;
            }
        }
        first
    }

    /// The phase whose deadline has passed.
    pub(crate) fn expired(&self, now: Duration) -> Option<Phase> {
        self.next().filter(|(at, _)| *at <= now).map(|(_, phase)| phase)
    }

    /// Whether a phase with a bound of its own has been entered and not left.
    pub(crate) fn in_step(&self) -> bool {
        self.step.is_some()
    }

    /// Whether [`Read`](Phase::Read) is bounded: otherwise nobody need look at the clock for it.
    pub(crate) fn bounds_reads(&self) -> bool {
        self.bounds.read.is_some()
    }
}

/// A count-down that can be stopped and started. `left: None` never runs out.
#[derive(Clone, Copy, Debug)]
struct Pausable {
    left: Option<Duration>,
    since: Option<Duration>,
}

impl Pausable {
    fn resume(&mut self, now: Duration) {
        self.since.get_or_insert(now);
    }

    fn pause(&mut self, now: Duration) {
        if let Some(since) = self.since.take() {
            self.left = self.left.map(|left| left.saturating_sub(now.saturating_sub(since)));
        }
    }

    fn at(&self) -> Option<Duration> {
        self.since?.checked_add(self.left?)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn start(timeout: Timeout) -> Deadlines {
        let mut deadlines = Deadlines::new(timeout.resolve());
        deadlines.begin(s(100));
        deadlines
    }

    #[test]
    fn the_total_clock_stands_still_while_paused() {
        let mut deadlines = start(Timeout::new().total(s(10)));
        assert_eq!(deadlines.next(), None);
        deadlines.resume(s(200));
        assert_eq!(deadlines.next(), Some((s(210), Phase::Total)));
        deadlines.pause(s(204));
        assert_eq!(deadlines.expired(s(1_000)), None);
        deadlines.resume(s(300));
        assert_eq!(deadlines.next(), Some((s(306), Phase::Total)));
        assert_eq!(deadlines.expired(s(306)), Some(Phase::Total));
    }

    #[test]
    fn the_earliest_deadline_is_named() {
        let mut deadlines = start(Timeout::new().total(s(10)).wall(s(8)).headers(s(3)));
        deadlines.resume(s(100));
        deadlines.enter(Phase::Headers, s(100));
        assert_eq!(deadlines.next(), Some((s(103), Phase::Headers)));
        deadlines.leave();
        assert_eq!(deadlines.next(), Some((s(108), Phase::Wall)));
    }

    #[test]
    fn a_request_wins_over_its_session_phase_by_phase() {
        let session = Timeout::new().total(s(10)).read(s(1));
        let bounds = Timeout::new().total(None).over(session).resolve();
        assert_eq!((bounds.total, bounds.read, bounds.connect), (None, Some(s(1)), Some(s(30))));
    }

    #[test]
    fn a_huge_timeout_is_no_timeout() {
        let mut deadlines = start(Timeout::new().total(Duration::MAX).wall(Duration::MAX));
        deadlines.resume(s(100));
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn zero_is_refused_by_name() {
        let error = Timeout::new().read(Duration::ZERO).validate().expect_err("zero");
        assert_eq!(*error.kind(), ErrorKind::InvalidOption { option: "timeout.read" });
    }
}
