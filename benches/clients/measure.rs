//! What a piece of work took.

use std::fmt;
use std::time::{Duration, Instant};

/// A moment, by the clock on the wall and by what this process has had of the processors.
pub(crate) struct Start {
    wall: Instant,
    cpu: Duration,
}

pub(crate) struct Measured {
    wall: Duration,
    cpu: Duration,
}

impl Start {
    pub(crate) fn now() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    pub(crate) fn taken(&self) -> Measured {
        Measured { wall: self.wall.elapsed(), cpu: cpu() - self.cpu }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{{"seconds":{:.6},"cpu":{:.6}}}"#, self.wall.as_secs_f64(), self.cpu.as_secs_f64())
    }
}

/// User and system time of all threads: the sum that getrusage gives, by the clock that is not rounded to ticks.
#[cfg(unix)]
pub(crate) fn cpu() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime)
        .try_into()
        .expect("a time that is not negative")
}

#[cfg(not(unix))]
pub(crate) fn cpu() -> Duration {
    Duration::ZERO
}
