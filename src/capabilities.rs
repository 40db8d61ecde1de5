//! What a platform tells of itself: what it can do.

/// What a platform can do. What it cannot is [`Unsupported`](crate::error::ErrorKind::Unsupported) when asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Capabilities {
    /// Its name in errors.
    pub platform: &'static str,
    /// It shows the 3xx and lets us follow it; otherwise it follows by itself.
    pub redirects: bool,
    /// It bounds the time that connecting takes.
    pub connect_timeout: bool,
    /// It lets us choose versions and keep-alive of connections.
    pub transport: bool,
    /// It can give compressed bodies as they were sent.
    pub raw_bodies: bool,
    /// It leaves cookies to us. A browser keeps its own, and shows none.
    pub cookies: bool,
    /// It takes the options of a browser's `fetch`: [`BrowserOptions`](crate::BrowserOptions).
    pub browser_options: bool,
    /// It lets us say who we are. A page's `User-Agent` is the browser's, and one of our own would cost a preflight.
    pub user_agent: bool,
    /// It tells how far the sending of a body has come.
    pub upload_progress: bool,
    /// `limit_per_host` where none is set; 0 is no limit.
    pub limit_per_host: usize,
}

impl Capabilities {
    /// A platform that can do everything.
    #[must_use]
    pub fn all(platform: &'static str) -> Self {
        Self {
            platform,
            redirects: true,
            connect_timeout: true,
            transport: true,
            raw_bodies: true,
            cookies: true,
            browser_options: true,
            user_agent: true,
            upload_progress: true,
            limit_per_host: 0,
        }
    }
}
