//! Replies and their enhanced status codes (RFC 5321 §4.2, RFC 2034, RFC 3463).
//!
//! *Security.* Text may quote what others said (a sink's reason): it is cut to printable ASCII and 400 octets, so
//! that no reply can carry a line end of someone else's making.

use std::borrow::Cow;

/// One reply of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) enhanced: &'static str,
    pub(crate) text: Cow<'static, str>,
}

impl Reply {
    pub(crate) const fn new(code: u16, enhanced: &'static str, text: &'static str) -> Self {
        Self { code, enhanced, text: Cow::Borrowed(text) }
    }

    /// Appends the reply as a line.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.code.to_string().as_bytes());
        out.push(b' ');
        if !self.enhanced.is_empty() {
            out.extend_from_slice(self.enhanced.as_bytes());
            out.push(b' ');
        }
        out.extend(
            self.text.bytes().take(400).map(|octet| if (0x20..0x7f).contains(&octet) { octet } else { b'?' }),
        );
        out.extend_from_slice(b"\r\n");
    }
}

pub(crate) const OK: Reply = Reply::new(250, "2.0.0", "Ok");
pub(crate) const MAIL_OK: Reply = Reply::new(250, "2.1.0", "Ok");
pub(crate) const RCPT_OK: Reply = Reply::new(250, "2.1.5", "Ok");
pub(crate) const BYE: Reply = Reply::new(221, "2.0.0", "Bye");
pub(crate) const VRFY: Reply = Reply::new(252, "2.0.0", "Cannot verify; send mail and see");
pub(crate) const HELP: Reply = Reply::new(214, "2.0.0", "See RFC 5321");
pub(crate) const SEND_DATA: Reply = Reply::new(354, "", "End data with <CR><LF>.<CR><LF>");

pub(crate) const STOPPING: Reply = Reply::new(421, "4.3.2", "Service is shutting down, try again later");
pub(crate) const TIMED_OUT: Reply = Reply::new(421, "4.4.2", "Timed out, closing connection");
pub(crate) const TOO_MANY_ERRORS: Reply = Reply::new(421, "4.7.0", "Too many errors, closing connection");
pub(crate) const TOO_MANY_UNKNOWN: Reply = Reply::new(421, "4.7.0", "Too many refused recipients");
pub(crate) const TOO_MANY_MESSAGES: Reply = Reply::new(421, "4.7.0", "Too many messages in one session");
pub(crate) const TOO_MANY_CONNECTIONS: Reply = Reply::new(421, "4.7.0", "Too many connections");
pub(crate) const TRY_RECIPIENT_LATER: Reply = Reply::new(451, "4.4.3", "Recipient cannot be checked now");
pub(crate) const TRY_LATER: Reply = Reply::new(451, "4.3.0", "Local error, try again later");
pub(crate) const NO_ROOM: Reply = Reply::new(452, "4.3.1", "Insufficient system storage, try again later");
pub(crate) const TOO_MANY_RECIPIENTS: Reply = Reply::new(452, "4.5.3", "Too many recipients");

pub(crate) const EARLY: Reply = Reply::new(554, "5.5.0", "Improper use of pipelining, closing connection");
pub(crate) const FOREIGN: Reply = Reply::new(554, "5.5.1", "This is an SMTP server, closing connection");
pub(crate) const COMMAND_TOO_LONG: Reply = Reply::new(500, "5.5.2", "Command line too long");
pub(crate) const COMMAND_OCTETS: Reply =
    Reply::new(500, "5.5.2", "Command holds octets other than printable ASCII, or ends in other than CRLF");
pub(crate) const UNKNOWN_COMMAND: Reply = Reply::new(500, "5.5.1", "Command unknown");
pub(crate) const NOT_IMPLEMENTED: Reply = Reply::new(502, "5.5.1", "Command not implemented");
pub(crate) const ARGUMENT: Reply = Reply::new(501, "5.5.4", "Syntax error in arguments");
pub(crate) const PARAMETER: Reply = Reply::new(555, "5.5.4", "Parameter not recognised");
pub(crate) const REVERSE_PATH: Reply = Reply::new(501, "5.1.7", "Bad reverse-path syntax");
pub(crate) const FORWARD_PATH: Reply = Reply::new(501, "5.1.3", "Bad forward-path syntax");
pub(crate) const GREET_FIRST: Reply = Reply::new(503, "5.5.1", "Send EHLO or HELO first");
pub(crate) const MAIL_AGAIN: Reply = Reply::new(503, "5.5.1", "Nested MAIL command");
pub(crate) const MAIL_FIRST: Reply = Reply::new(503, "5.5.1", "Send MAIL first");
pub(crate) const NO_RECIPIENT: Reply = Reply::new(554, "5.5.1", "No valid recipient");
pub(crate) const RELAY_DENIED: Reply = Reply::new(550, "5.7.1", "Relaying denied");
pub(crate) const TOO_LARGE: Reply = Reply::new(552, "5.3.4", "Message exceeds the fixed maximum size");
pub(crate) const NUL: Reply = Reply::new(550, "5.6.11", "NUL octet in message");
pub(crate) const STRAY: Reply = Reply::new(550, "5.6.11", "CR or LF outside CRLF in message");
pub(crate) const LONG_LINE: Reply = Reply::new(554, "5.6.0", "Line too long in message");
pub(crate) const LOOP: Reply = Reply::new(554, "5.4.6", "Too many Received fields: mail loop");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_break_the_line() {
        let mut out = Vec::new();
        let text = format!("a\r\n250 b\0あ{}", "x".repeat(1_000));
        Reply { code: 554, enhanced: "5.7.1", text: text.into() }.write(&mut out);
        assert!(out.starts_with(b"554 5.7.1 a??250 b????x"));
        assert_eq!(out.iter().filter(|&&b| b == b'\n').count(), 1);
        assert_eq!(out.len(), "554 5.7.1 ".len() + 400 + 2);
    }
}
