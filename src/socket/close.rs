//! How a connection was closed.

use std::fmt;

use super::Text;

/// Why a connection was closed, in a number (RFC 6455, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: it has served its purpose.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server goes down, or a page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: what came breaks the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of message that is not taken, such as a binary one where text is.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the close frame had no code. Never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: it ended without a close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: what came is not what its type says, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: against a rule that no other code is for.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message that is too large.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client wanted an extension that the server did not agree to.
    pub const EXTENSION_NEEDED: Self = Self(1010);
    /// 1011: a server that cannot go on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server has too much to do.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got no good answer.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// This code. Whether it [may be sent](Self::may_be_sent) is another question.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// Whether a close frame may hold it (RFC 6455, section 7.4; IANA's registry): 1000 to 1003, 1007 to 1014, and 3000
    /// to 4999, which libraries and programs give a meaning of their own.
    ///
    /// ```
    /// use dualfetch::websocket::CloseCode;
    ///
    /// assert!(CloseCode::NORMAL.may_be_sent() && CloseCode::new(4000).may_be_sent());
    /// assert!(!CloseCode::ABNORMAL.may_be_sent() && !CloseCode::new(2000).may_be_sent());
    /// ```
    #[must_use]
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Close {
    /// Why: [`NO_STATUS`](CloseCode::NO_STATUS) where the close frame had no code, [`ABNORMAL`](CloseCode::ABNORMAL) where
    /// there was none.
    pub code: CloseCode,
    /// The reason in words; often empty.
    pub reason: Text,
    /// Who closed it.
    pub by: ClosedBy,
    is_clean: bool,
}

impl Close {
    pub(crate) fn clean(code: CloseCode, reason: Text, by: ClosedBy) -> Self {
        Self { code, reason, by, is_clean: true }
    }

    pub(crate) fn unclean(code: CloseCode, by: ClosedBy) -> Self {
        Self { code, reason: Text::default(), by, is_clean: false }
    }

    /// Whether the server has sent a close frame, be it first or in answer: all that it had sent before has come.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.is_clean
    }
}

/// Who closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClosedBy {
    /// This side's close frame came first.
    Client,
    /// Neither side did: the connection was lost, or given up after a timeout.
    Neither,
    /// The server's close frame came first.
    Server,
}
