//! Content lines of iCalendar (RFC 5545 §3.1) and vCard (RFC 6350 §3.3; 2.1 and 3.0 as well), read and written.
//!
//! *Security.* Lines are unfolded as octets, because old writers fold inside a character; what is written is folded
//! between characters at 75 octets. A line end can only be written by the writer: values are escaped.

/// One content line: `group.NAME;PARAM=value:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentLine {
    /// Name in upper case, without group.
    pub(crate) name: String,
    /// Parameters, names in upper case, values without quotes; a bare value of vCard 2.1 has the name `TYPE`.
    pub(crate) parameters: Vec<(String, String)>,
    /// The value as it stands.
    pub(crate) value: String,
}

impl ContentLine {
    /// The first parameter of a name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the value is quoted-printable (vCard 2.1, vCalendar 1.0).
    pub(crate) fn is_quoted_printable(&self) -> bool {
        self.parameters.iter().any(|(_, value)| value.eq_ignore_ascii_case("QUOTED-PRINTABLE"))
    }
}

/// Folded lines joined again (RFC 5545 §3.1): a line end before a space or tab goes with it.
pub(crate) fn unfolded(octets: &[u8]) -> Vec<u8> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let mut out: Vec<u8> = Vec::with_capacity(octets.len());
    for line in octets.split(|b| *b == b'\n' || *b == b'\r') {
        match line.split_first() {
            Some((b' ' | b'\t', rest)) if !out.is_empty() => {
                if out.last() == Some(&b'\n') {
                    out.pop();
                }
                out.extend_from_slice(rest);
            }
            Some(_) => out.extend_from_slice(line),
            // The empty piece between CR and LF, or an empty line.
            None => continue,
        }
        out.push(b'\n');
    }
    out
}

/// Reads one unfolded line.
pub(crate) fn parse(line: &str) -> Option<ContentLine> {
    let colon = outside_quotes(line, ':')?;
    let (head, value) = (line.get(..colon)?, line.get(colon.checked_add(1)?..)?);
    let mut pieces = split_outside_quotes(head, ';').into_iter();
    let name = pieces.next()?;
    let name = name.rsplit('.').next()?.trim().to_ascii_uppercase();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return None;
    }
    let parameters = pieces
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or(("TYPE", piece));
            (name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned())
        })
        .collect();
    Some(ContentLine { name, parameters, value: value.to_owned() })
}

fn outside_quotes(text: &str, mark: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == mark && !quoted).then_some(at)
    })
}

fn split_outside_quotes(text: &str, mark: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = outside_quotes(rest, mark) {
        pieces.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

/// A text value's escapes resolved (RFC 5545 §3.3.11).
pub(crate) fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}

/// A text as a value.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => {}
            _ => out.push(c),
        }
    }
    out
}

/// A parameter's value, quoted when it must be (RFC 5545 §3.2); quotes and controls inside go.
pub(crate) fn parameter_value(text: &str) -> String {
    let clean: String = text.chars().filter(|c| *c != '"' && !c.is_control()).collect();
    if clean.contains([':', ';', ',']) { format!("\"{clean}\"") } else { clean }
}

/// Writes a line, folded at 75 octets.
pub(crate) fn push(out: &mut String, line: &str) {
    let mut length = 0usize;
    for c in line.chars() {
        if length.saturating_add(c.len_utf8()) > 75 {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length = length.saturating_add(c.len_utf8());
    }
    out.push_str("\r\n");
}

/// Splits a compound value at unescaped marks.
pub(crate) fn components(value: &str, mark: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut escaped) = (0usize, false);
    for (at, c) in value.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == mark {
            pieces.push(value.get(start..at).unwrap_or_default());
            start = at.saturating_add(1);
        }
    }
    pieces.push(value.get(start..).unwrap_or_default());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_folded() {
        let joined = unfolded("SUMMARY:a\r\n b\r\n\tc\nX:\n".as_bytes());
        assert_eq!(joined, b"SUMMARY:abc\nX:\n");
        let inside_a_character = [b"N:\xe3\x81".as_slice(), b"\r\n \x82\r\n"].concat();
        assert_eq!(unfolded(&inside_a_character), "N:あ\n".as_bytes());
        let mut out = String::new();
        push(&mut out, &"あ".repeat(40));
        assert!(out.lines().all(|line| line.len() <= 75));
        assert_eq!(String::from_utf8(unfolded(out.as_bytes())).unwrap().trim(), "あ".repeat(40));
    }

    #[test]
    fn lines_are_read() {
        let line = parse("item1.ATTENDEE;CN=\"a;b:c\";ROLE=X:mailto:x@y").unwrap();
        assert_eq!(
            (line.name.as_str(), line.parameter("CN"), line.value.as_str()),
            ("ATTENDEE", Some("a;b:c"), "mailto:x@y")
        );
        assert!(parse("TEL;HOME;ENCODING=QUOTED-PRINTABLE:x").unwrap().is_quoted_printable());
        assert_eq!(parse("no colon"), None);
        assert_eq!(unescaped("a\\nb\\,c\\\\"), "a\nb,c\\");
        assert_eq!(escaped("a\nb,c;d\\"), "a\\nb\\,c\\;d\\\\");
        assert_eq!(components("a\\;b;c", ';'), ["a\\;b", "c"]);
    }
}
