//! Reads one command line (RFC 5321 §4.1.1, §4.1.2; RFC 1870 §3; RFC 6152 §2).
//!
//! *Security.* Given one line without its CRLF, at most [`crate::Settings::command_octets_max`] octets of anything.
//! Whatever is not printable ASCII is refused before anything is read; a source route is cut off, never followed.

use crate::reply::{self, Reply};
use mail::{BodyType, Mailbox, ReversePath};

/// A command and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    Mail {
        reverse_path: ReversePath,
        size_octets: Option<u64>,
        body_type: Option<BodyType>,
    },
    Rcpt(ForwardPath),
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    /// Known, not offered; what follows may be no command (TLS, a chunk), so nothing may wait behind it.
    NotOffered,
    /// The words of another protocol, as a web browser can be made to send.
    Foreign,
}

/// The argument of RCPT, its source route removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ForwardPath {
    /// `<postmaster>` without a domain (RFC 5321 §4.5.1).
    Postmaster,
    /// A mailbox with a domain.
    Mailbox(Mailbox),
}

/// Reads a line.
pub(crate) fn parse(line: &[u8]) -> Result<Command<'_>, Reply> {
    let text = match std::str::from_utf8(line) {
        Ok(text) if line.iter().all(|octet| (0x20..0x7f).contains(octet) || *octet == b'\t') => text,
        Ok(_) | Err(_) => return Err(reply::COMMAND_OCTETS),
    };
    let (verb, argument) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let argument = argument.trim_matches([' ', '\t']);
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => host(argument).map(Command::Ehlo),
        "HELO" => host(argument).map(Command::Helo),
        "MAIL" => mail(argument),
        "RCPT" => rcpt(argument),
        "DATA" => bare(argument, Command::Data),
        "RSET" => bare(argument, Command::Rset),
        "QUIT" => bare(argument, Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "VRFY" if argument.is_empty() => Err(reply::ARGUMENT),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "STARTTLS" | "BDAT" | "AUTH" | "EXPN" | "ETRN" | "TURN" | "XCLIENT" | "XFORWARD" => {
            Ok(Command::NotOffered)
        }
        "GET" | "POST" | "PUT" | "HEAD" | "CONNECT" | "OPTIONS" | "DELETE" | "PATCH" => Ok(Command::Foreign),
        _ => Err(reply::UNKNOWN_COMMAND),
    }
}

fn bare<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, Reply> {
    if argument.is_empty() { Ok(command) } else { Err(reply::ARGUMENT) }
}

/// The name a client gives itself. Many give a wrong one; only its form is held against it.
fn host(argument: &str) -> Result<&str, Reply> {
    let sound = (1..=255).contains(&argument.len()) && argument.bytes().all(|octet| octet.is_ascii_graphic());
    if sound { Ok(argument) } else { Err(reply::ARGUMENT) }
}

fn mail(argument: &str) -> Result<Command<'_>, Reply> {
    let (path, parameters) = after_keyword(argument, "FROM:").and_then(split_path).ok_or(reply::ARGUMENT)?;
    let reverse_path = if path.is_empty() {
        ReversePath::Null
    } else {
        let path = strip_route(path).ok_or(reply::REVERSE_PATH)?;
        ReversePath::Mailbox(Mailbox::parse(path).or(Err(reply::REVERSE_PATH))?)
    };
    let (mut size_octets, mut body_type) = (None, None);
    for parameter in parameters.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (keyword.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", _) if size_octets.is_none() => size_octets = Some(size(value)?),
            ("BODY", "7BIT") if body_type.is_none() => body_type = Some(BodyType::SevenBit),
            ("BODY", "8BITMIME") if body_type.is_none() => body_type = Some(BodyType::EightBitMime),
            ("SIZE" | "BODY", _) => return Err(reply::ARGUMENT),
            _ => return Err(reply::PARAMETER),
        }
    }
    Ok(Command::Mail { reverse_path, size_octets, body_type })
}

/// `size-value = 1*20DIGIT`; what no `u64` holds is too large for us in any case.
fn size(value: &str) -> Result<u64, Reply> {
    if (1..=20).contains(&value.len()) && value.bytes().all(|octet| octet.is_ascii_digit()) {
        Ok(value.parse().unwrap_or(u64::MAX))
    } else {
        Err(reply::ARGUMENT)
    }
}

fn rcpt(argument: &str) -> Result<Command<'_>, Reply> {
    let (path, parameters) = after_keyword(argument, "TO:").and_then(split_path).ok_or(reply::ARGUMENT)?;
    if !parameters.trim_matches(' ').is_empty() {
        return Err(reply::PARAMETER);
    }
    let path = strip_route(path).ok_or(reply::FORWARD_PATH)?;
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(Command::Rcpt(ForwardPath::Postmaster));
    }
    match Mailbox::parse(path) {
        // Another hop's way of relaying, or an address that the next server might read once more.
        Ok(mailbox) if mailbox.local_part().contains(['%', '!', '@']) => Err(reply::RELAY_DENIED),
        Ok(mailbox) => Ok(Command::Rcpt(ForwardPath::Mailbox(mailbox))),
        Err(_) if path.contains(['!', '%']) || path.matches('@').count() > 1 => Err(reply::RELAY_DENIED),
        Err(_) => Err(reply::FORWARD_PATH),
    }
}

fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, tail) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| tail.trim_start_matches(' '))
}

/// Splits `<path> parameters` at the `>` outside quotes.
fn split_path(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.bytes().position(|octet| match octet {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' if quoted => {
            escaped = true;
            false
        }
        b'"' => {
            quoted = !quoted;
            false
        }
        b'>' => !quoted,
        _ => false,
    })?;
    let (path, rest) = inside.split_at_checked(end)?;
    let parameters = rest.strip_prefix('>')?;
    (parameters.is_empty() || parameters.starts_with(' ')).then_some((path, parameters))
}

/// Removes `@a,@b:` (RFC 5321 appendix C). `None` for a route without an end.
fn strip_route(path: &str) -> Option<&str> {
    if !path.starts_with('@') {
        return Some(path);
    }
    let mut literal = false;
    let colon = path.bytes().position(|octet| {
        match octet {
            b'[' => literal = true,
            b']' => literal = false,
            _ => {}
        }
        octet == b':' && !literal
    })?;
    path.get(colon.saturating_add(1)..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(path: &str) -> Result<ForwardPath, Reply> {
        match parse(format!("RCPT TO:{path}").as_bytes()) {
            Ok(Command::Rcpt(path)) => Ok(path),
            Ok(other) => panic!("{other:?}"),
            Err(reply) => Err(reply),
        }
    }

    #[test]
    fn forward_paths_are_read() {
        let cases = [
            ("<a@x.jp>", "a@x.jp"),
            (" <a@x.jp>", "a@x.jp"),
            ("<@one.example,@two.example:a@x.jp>", "a@x.jp"),
            ("<@[IPv6:::1]:a@x.jp>", "a@x.jp"),
            ("<\"a > b\"@X.jp>", "\"a > b\"@x.jp"),
            ("<foo..bar@docomo.ne.jp>", "foo..bar@docomo.ne.jp"),
        ];
        let mut ran = 0;
        for (path, expected) in cases {
            let mailbox = Mailbox::parse(expected).unwrap();
            assert_eq!(forward(path), Ok(ForwardPath::Mailbox(mailbox)), "{path}");
            ran += 1;
        }
        assert_eq!(ran, 6);
        for path in ["<postmaster>", "<PostMaster>", "<@x.example:postmaster>"] {
            assert_eq!(forward(path), Ok(ForwardPath::Postmaster), "{path}");
        }
    }

    #[test]
    fn forward_paths_that_are_none_are_refused() {
        let cases = [
            "",
            "<>",
            "a@x.jp",
            "<a@x.jp",
            "<a>",
            "<@x.jp>",
            "<a@x.jp>x",
            "<a b@x.jp>",
            "<a@>",
            "<\"a@x.jp>",
        ];
        let mut ran = 0;
        for path in cases {
            assert!(forward(path).is_err(), "{path}");
            ran += 1;
        }
        assert_eq!(ran, 10);
        assert_eq!(forward("<a@x.jp> NOTIFY=NEVER"), Err(reply::PARAMETER));
    }

    #[test]
    fn parameters_of_mail_are_read_once_each() {
        let line = b"mail from:<> size=100 BODY=8bitmime";
        let expected = Command::Mail {
            reverse_path: ReversePath::Null,
            size_octets: Some(100),
            body_type: Some(BodyType::EightBitMime),
        };
        assert_eq!(parse(line), Ok(expected));
        for (line, reply) in [
            ("MAIL FROM:<> SIZE=1 SIZE=2", reply::ARGUMENT),
            ("MAIL FROM:<> SIZE=", reply::ARGUMENT),
            ("MAIL FROM:<> SIZE=-1", reply::ARGUMENT),
            ("MAIL FROM:<> SIZE=123456789012345678901", reply::ARGUMENT),
            ("MAIL FROM:<> BODY=BINARYMIME", reply::ARGUMENT),
            ("MAIL FROM:<> SMTPUTF8", reply::PARAMETER),
            ("MAIL FROM:<a>", reply::REVERSE_PATH),
            ("MAIL FROM", reply::ARGUMENT),
            ("MAIL TO:<a@b>", reply::ARGUMENT),
            ("EHLO", reply::ARGUMENT),
            ("EHLO a b", reply::ARGUMENT),
            ("DATA now", reply::ARGUMENT),
            ("", reply::UNKNOWN_COMMAND),
            ("あ", reply::COMMAND_OCTETS),
            ("NOOP \r", reply::COMMAND_OCTETS),
            ("NOOP \n", reply::COMMAND_OCTETS),
            ("NOOP \0", reply::COMMAND_OCTETS),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(reply), "{line:?}");
        }
        let huge = parse(b"MAIL FROM:<> SIZE=99999999999999999999").unwrap();
        assert!(matches!(huge, Command::Mail { size_octets: Some(u64::MAX), .. }));
    }
}
