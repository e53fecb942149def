//! Why a connection ends, and the close code that tells the client (RFC 6455 section 7.4).

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// A control frame holds 125 bytes; two are the code.
const MAX_REASON_BYTES: usize = 123;

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: Cow<'static, str>,
    pub(crate) by: By,
}

/// Who ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The host, which sends a close frame.
    Us,
    /// The client, which gets the same close frame back.
    Client,
    /// Neither: the connection broke.
    Loss,
}

impl Close {
    pub(crate) const PROTOCOL_ERROR: Self = Self::told(1002, "protocol error");
    pub(crate) const NOT_UTF8: Self = Self::told(1007, "text that is not UTF-8");
    pub(crate) const TOO_BIG: Self = Self::told(1009, "message too big");
    pub(crate) const FAILED: Self = Self::told(1011, "the server failed; connect again");
    pub(crate) const RESTART: Self = Self::told(1012, "restarting; connect again");
    pub(crate) const BEHIND: Self = Self::told(1012, "events were passed over; connect again");
    pub(crate) const TOO_SLOW: Self = Self::told(1013, "too slow; connect again");
    pub(crate) const NO_DATABASE: Self = Self::told(1013, "no database for now; connect again");
    pub(crate) const EXPIRED: Self = Self::told(4401, "authorization expired");
    /// The client's connection broke, or it is dead: the code that is never sent.
    pub(crate) const GONE: Self = Self {
        code: 1006,
        reason: Cow::Borrowed("connection lost"),
        by: By::Loss,
    };

    const fn told(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
            by: By::Us,
        }
    }

    /// The client closed with this code; RFC 6455 calls a missing one 1005.
    pub(crate) fn by_client(frame: Option<CloseFrame>) -> Self {
        Self {
            code: frame.map_or(1005, |frame| frame.code.into()),
            reason: Cow::Borrowed("closed by the client"),
            by: By::Client,
        }
    }

    /// A component asked for it. Codes it may not use become 1011.
    pub(crate) fn by_component(code: u16, reason: &str) -> Self {
        let code = match CloseCode::from(code).is_allowed() {
            true => code,
            false => 1011,
        };
        let end = reason.floor_char_boundary(MAX_REASON_BYTES);
        Self {
            code,
            reason: Cow::Owned(reason[..end].to_owned()),
            by: By::Us,
        }
    }

    /// The code as a metric's label. A client must not be able to make up new ones.
    pub(crate) fn label(&self) -> String {
        match (self.by, self.code) {
            (By::Client, code) if !matches!(code, 1000 | 1001 | 1005) => "other".to_owned(),
            (_, code) => code.to_string(),
        }
    }

    pub(crate) fn frame(&self) -> CloseFrame {
        CloseFrame {
            code: self.code.into(),
            reason: Utf8Bytes::from(self.reason.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_may_use_its_own_codes_but_no_reserved_one() {
        assert_eq!(Close::by_component(4000, "mine").code, 4000);
        assert_eq!(Close::by_component(1006, "never sent").code, 1011);
        assert_eq!(Close::by_component(7, "no code at all").code, 1011);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::by_component(4000, &"ä".repeat(100));
        assert_eq!(close.reason.len(), 122);
    }
}
