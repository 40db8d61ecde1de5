//! What a service manager is told (sd_notify); without one nothing is. Nor is it of use to tell of a failure in that.

#[cfg(unix)]
use sd_notify::{NotifyState, notify};

/// The server takes connections, or has read its settings again.
pub(super) fn ready(status: &str) {
    #[cfg(unix)]
    let _ = notify(&[NotifyState::Ready, NotifyState::Status(status)]);
    #[cfg(not(unix))]
    let _ = status;
}

/// It reads its settings again.
pub(super) fn reloading() {
    #[cfg(unix)]
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        let _ = notify(&[NotifyState::Reloading, now]);
    }
}

/// It ends, within this time.
pub(super) fn stopping(within: std::time::Duration) {
    #[cfg(unix)]
    {
        let micros = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
        let status = NotifyState::Status("finishing what is under way");
        let _ = notify(&[NotifyState::Stopping, status, NotifyState::ExtendTimeoutUsec(micros)]);
    }
    #[cfg(not(unix))]
    let _ = within;
}
