//! Mailboxes and reverse-paths as SMTP carries them (RFC 5321 §4.1.2).
//!
//! *Security.* Given at most one command line (2,048 octets). Refuses control characters, spaces outside quotes
//! and anything outside ASCII; everything else that real senders use — `foo..bar@docomo.ne.jp`, `foo.@ezweb.ne.jp`
//! — is taken although RFC 5321 forbids it, because mobile carriers gave such addresses out.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why an address is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// No `@`, or nothing on one side of it.
    Syntax,
    /// A control character, a space outside quotes or an octet outside ASCII.
    Character,
    /// Local-part over 64 octets or domain over 255 (RFC 5321 §4.5.3.1).
    Length,
}

/// A forward-path's mailbox: local-part (kept as written, quotes included) and domain (lower-cased).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mailbox {
    local_part: String,
    domain: String,
}

impl Mailbox {
    /// Reads `local-part@domain`, with no angle brackets and no source route.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let at = split_at_sign(text).ok_or(AddressError::Syntax)?;
        let (local_part, domain) = (text.get(..at), text.get(at.saturating_add(1)..));
        let (Some(local_part), Some(domain)) = (local_part, domain) else { return Err(AddressError::Syntax) };
        if local_part.is_empty() || domain.is_empty() {
            return Err(AddressError::Syntax);
        }
        if local_part.len() > 64 || domain.len() > 255 {
            return Err(AddressError::Length);
        }
        if !local_part_is_sound(local_part) || !domain_is_sound(domain) {
            return Err(AddressError::Character);
        }
        Ok(Self { local_part: local_part.to_owned(), domain: domain.to_ascii_lowercase() })
    }

    /// `postmaster` of `domain` (RFC 5321 §4.5.1).
    pub fn postmaster(domain: &str) -> Result<Self, AddressError> {
        Self::parse(&format!("postmaster@{domain}"))
    }

    /// The local-part as it was written.
    pub fn local_part(&self) -> &str {
        &self.local_part
    }

    /// The domain in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether this is the postmaster of its domain, in any case of letters.
    pub fn is_postmaster(&self) -> bool {
        self.local_part.eq_ignore_ascii_case("postmaster")
    }
}

/// The `@` that divides local-part from domain: the last one outside quotes.
fn split_at_sign(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped, mut found) = (false, false, None);
    for (index, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'@' if !quoted => found = Some(index),
            _ => {}
        }
    }
    if quoted { None } else { found }
}

fn local_part_is_sound(text: &str) -> bool {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(quoted_content_is_sound),
        None => text.bytes().all(|b| b.is_ascii_graphic() && !b"<>(),;:\\\"[]@".contains(&b)),
    }
}

/// `*QcontentSMTP`: printable, no quote that ends it early (what follows would stand unquoted in a command).
fn quoted_content_is_sound(content: &str) -> bool {
    let mut escaped = false;
    let sound = content.bytes().all(|b| {
        let ends_early = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        (0x20..0x7f).contains(&b) && !ends_early
    });
    sound && !escaped
}

fn domain_is_sound(text: &str) -> bool {
    let literal = text.starts_with('[') && text.ends_with(']');
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b) || (literal && b"[]:".contains(&b)))
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local_part, self.domain)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox(…@{})", self.domain)
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Mailbox {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).or(Err("not a mailbox"))
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> Self {
        mailbox.to_string()
    }
}

/// Where failures are reported to: a mailbox, or nowhere (`<>`, RFC 5321 §4.5.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`: never answered.
    Null,
    /// A mailbox that may be told of a failure.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// The mailbox, unless null.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mobile_carriers_are_taken() {
        for text in [
            "foo..bar@docomo.ne.jp",
            "foo.@ezweb.ne.jp",
            ".a@x.jp",
            "\"a b@c\"@x.jp",
            "\"a\\\"\\\\\"@x.jp",
            "a@[127.0.0.1]",
        ] {
            assert_eq!(Mailbox::parse(text).map(|m| m.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_could_break_a_command_line_is_refused() {
        for text in [
            "\"a\" SIZE=1 \"b\"@c",
            "\"a\">\"b\"@c",
            "\"a\\\"@c",
            "\"@c",
            "a\rb@c",
            "a b@c",
            "a@b c",
            "@b",
            "a@",
            "a",
            "\"a@b",
            "あ@b",
            "a@b>",
            "<a@b",
            "a\n@b",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
        let long = format!("{}@x", "a".repeat(65));
        assert_eq!(Mailbox::parse(&long), Err(AddressError::Length));
    }
}
