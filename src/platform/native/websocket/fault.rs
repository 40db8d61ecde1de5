//! What breaks the protocol, or a limit.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// What came breaks RFC 6455, or a limit: the connection fails with this close code (RFC 6455, section 7.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: u16,
    pub(super) what: Cow<'static, str>,
}

impl Fault {
    /// What no endpoint may send.
    pub(super) fn protocol(what: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 1002, what: what.into() }
    }

    /// Data that is not what it is said to be.
    pub(super) fn data(what: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 1007, what: what.into() }
    }

    /// More than this end takes.
    pub(super) fn size(what: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 1009, what: what.into() }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::new(ErrorKind::WebSocket { code: fault.code }).with_message(fault.what.into_owned())
    }
}
