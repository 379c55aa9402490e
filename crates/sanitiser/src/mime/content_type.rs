//! The structural reading of `Content-Type` and `Content-Disposition` (RFC 2045 §5.1, RFC 2183): raw value → type,
//! boundary and the few parameters that decide how an entity is read. Names for people are left raw.
//!
//! *Security.* Any octets of at most one header section. One pass. Whatever departs from the grammar is noted, so
//! that the caller can weigh it: on a leaf most of it is harmless, on a boundary none of it is.

use super::line::{is_folding, trim};
use mail::MediaType;

/// A `Content-Type` or `Content-Disposition` value that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// `type/subtype` or the disposition type, lower-case; empty when there is none.
    pub(super) head: String,
    /// In the order in which they stand.
    pub(super) parameters: Vec<Parameter>,
    /// A comment stands somewhere.
    pub(super) comments: bool,
    /// Something departs from the grammar in a way that readers survive alike.
    pub(super) loose: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Lower-case, with the `*` marks of RFC 2231.
    pub(super) name: String,
    /// Without quotes and escapes.
    pub(super) value: Vec<u8>,
    /// How it was written.
    pub(super) form: Form,
}

/// How a parameter value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An RFC 2045 token or a clean quoted string.
    Clean,
    /// Unquoted although it holds tspecials.
    Unquoted,
    /// Half quoted, escaped, with white space or something behind the quotes, or with a comment.
    Broken,
}

impl Value {
    /// The parameters of this name without RFC 2231 marks.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.name == name)
    }

    /// The parameters of this name in any RFC 2231 form (`name*`, `name*0`, `name*0*`).
    pub(super) fn extended<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |parameter| {
            parameter.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('*'))
        })
    }

    /// The value of the first parameter of this name as text, for closed sets of tokens.
    pub(super) fn token(&self, name: &str) -> Option<String> {
        let value = &self.named(name).next()?.value;
        let text =
            String::from_utf8_lossy(trim(value, |b| is_folding(b) || b == b'"' || b == b'\'')).into_owned();
        (!text.is_empty() && text.len() <= 64).then_some(text)
    }

    /// The head as a media type.
    pub(super) fn media_type(&self) -> Option<MediaType> {
        MediaType::parse(&self.head)
    }
}

/// Octets that end a token (RFC 2045 tspecials), beside white space and controls.
fn is_tspecial(octet: u8) -> bool {
    b"()<>@,;:\\\"/[]?=".contains(&octet)
}

struct Cursor<'a> {
    rest: &'a [u8],
    comments: bool,
    loose: bool,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&b| !keep(b)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Skips folding white space and comments; whether a comment was among them.
    fn skip_cfws(&mut self) -> bool {
        let mut found = false;
        loop {
            self.take_while(is_folding);
            if self.peek() != Some(b'(') {
                return found;
            }
            found = true;
            self.comments = true;
            self.skip_comment();
        }
    }

    fn skip_comment(&mut self) {
        let mut open = 0_usize;
        while let Some(octet) = self.next() {
            match octet {
                b'(' => open = open.saturating_add(1),
                b')' => open = open.saturating_sub(1),
                b'\\' => drop(self.next()),
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
        self.loose = true;
    }

    fn parameter(&mut self) -> Option<Parameter> {
        let commented = self.skip_cfws();
        let name = self.take_while(|b| !is_folding(b) && !b"=;(".contains(&b));
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let spaced = self.peek().is_some_and(is_folding);
        let commented = self.skip_cfws() || commented;
        if self.peek() != Some(b'=') {
            let junk = self.take_while(|b| b != b';');
            self.loose |= !name.is_empty() || !junk.is_empty();
            return None;
        }
        self.next();
        let commented = self.skip_cfws() || commented;
        self.loose |= spaced;
        let (value, form) = if self.peek() == Some(b'"') { self.quoted() } else { self.unquoted() };
        let form = if commented { Form::Broken } else { form };
        self.loose |= form != Form::Clean;
        Some(Parameter { name, value, form })
    }

    fn quoted(&mut self) -> (Vec<u8>, Form) {
        self.next();
        let mut value = Vec::new();
        let mut form = Form::Broken;
        let mut escaped = false;
        while let Some(octet) = self.next() {
            match octet {
                b'"' => {
                    form = if escaped { Form::Broken } else { Form::Clean };
                    break;
                }
                b'\\' => {
                    escaped = true;
                    value.extend(self.next());
                }
                b'\r' | b'\n' => {}
                octet => value.push(octet),
            }
        }
        if self.skip_cfws() {
            form = Form::Broken;
        }
        // `name="a" charset="b"`: the semicolon was forgotten. Anything else up to it is junk.
        if self.peek().is_some_and(|b| b != b';') && !self.parameter_follows() {
            self.take_while(|b| b != b';');
            form = Form::Broken;
        }
        (value, form)
    }

    fn unquoted(&mut self) -> (Vec<u8>, Form) {
        let mut value = Vec::new();
        loop {
            value.extend_from_slice(self.take_while(|b| !is_folding(b) && b != b';' && b != b'('));
            if self.peek() == Some(b'(') && !value.is_empty() && self.rest.contains(&b')') {
                self.skip_cfws();
                if self.peek().is_some_and(|b| b != b';') && !self.parameter_follows() {
                    self.take_while(|b| b != b';');
                }
                return (value, Form::Broken);
            }
            if self.peek() == Some(b'(') {
                value.extend(self.next());
                continue;
            }
            let white = self.take_while(is_folding);
            if self.peek().is_none_or(|b| b == b';') || self.parameter_follows() || self.peek() == Some(b'(')
            {
                break;
            }
            value.extend(white.iter().filter(|&&b| b == b' ' || b == b'\t'));
        }
        if self.peek() == Some(b'(') {
            self.skip_cfws();
            self.take_while(|b| b != b';');
            return (value, Form::Broken);
        }
        let form = match &value {
            v if v.is_empty() || v.iter().any(|&b| is_folding(b) || b == b'"' || b == b'\\') => Form::Broken,
            v if v.iter().any(|&b| is_tspecial(b) || !b.is_ascii_graphic()) => Form::Unquoted,
            _ => Form::Clean,
        };
        (value, form)
    }

    /// Whether `token=` stands next, where a semicolon should.
    fn parameter_follows(&self) -> bool {
        let end = self.rest.iter().position(|&b| is_tspecial(b) || !b.is_ascii_graphic()).unwrap_or(0);
        end > 0 && self.rest.get(end) == Some(&b'=')
    }
}

/// Most parameters of one field that are kept; those beyond count as loose.
const PARAMETERS_MAX: usize = 256;

/// Reads a raw field value.
pub(super) fn read(raw: &[u8]) -> Value {
    let mut cursor = Cursor { rest: raw, comments: false, loose: false };
    let mut head = Vec::new();
    loop {
        cursor.skip_cfws();
        let piece = cursor.take_while(|b| !is_folding(b) && !b";(".contains(&b));
        if piece.is_empty() {
            break;
        }
        // White space inside the type is tolerated around the slash only; a parameter may follow without `;`.
        if !head.is_empty() && !head.ends_with(b"/") && !piece.starts_with(b"/") {
            cursor.loose = true;
            if piece.contains(&b'=') {
                cursor.rest = raw
                    .get(raw.len().saturating_sub(cursor.rest.len()).saturating_sub(piece.len())..)
                    .unwrap_or(&[]);
                break;
            }
            head.push(b' ');
        } else if !head.is_empty() {
            cursor.loose = true;
        }
        head.extend_from_slice(piece);
    }
    let mut parameters = Vec::new();
    loop {
        let before = cursor.rest.len();
        if cursor.peek() == Some(b';') {
            cursor.next();
        }
        if let Some(parameter) = cursor.parameter() {
            if parameters.len() < PARAMETERS_MAX {
                parameters.push(parameter);
            } else {
                cursor.loose = true;
            }
        }
        if cursor.rest.is_empty() || cursor.rest.len() == before {
            break;
        }
    }
    Value {
        head: String::from_utf8_lossy(&head).to_ascii_lowercase(),
        parameters,
        comments: cursor.comments,
        loose: cursor.loose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_are_clean() {
        let value = read(b" Multipart/Mixed;\r\n boundary=\"a b=c\"; charset=utf-8;");
        assert_eq!(value.head, "multipart/mixed");
        assert_eq!(value.named("boundary").next().unwrap().value, b"a b=c");
        assert_eq!(value.token("charset").unwrap(), "utf-8");
        assert!(!value.loose && !value.comments);
    }

    #[test]
    fn forms_are_told_apart() {
        let cases: [(&[u8], &[u8], Form); 12] = [
            (b"a/b; boundary=x", b"x", Form::Clean),
            (b"a/b; boundary=\"x\"", b"x", Form::Clean),
            (b"a/b; boundary=----=_x", b"----=_x", Form::Unquoted),
            (b"a/b; boundary=\"x", b"x", Form::Broken),
            (b"a/b; boundary=x\"", b"x\"", Form::Broken),
            (b"a/b; boundary=\"x\"y", b"x", Form::Broken),
            (b"a/b; boundary=\"x\\y\"", b"xy", Form::Broken),
            (b"a/b; boundary=(c)x", b"x", Form::Broken),
            (b"a/b; boundary=x (c)", b"x", Form::Broken),
            (b"a/b; boundary=x y", b"x y", Form::Broken),
            (b"a/b; boundary=", b"", Form::Broken),
            (b"a/b; boundary=\"\"", b"", Form::Clean),
        ];
        let mut ran = 0;
        for (text, wanted, form) in cases {
            let value = read(text);
            let parameter = value.named("boundary").next().unwrap();
            assert_eq!(
                (parameter.value.as_slice(), parameter.form),
                (wanted, form),
                "{}",
                text.escape_ascii()
            );
            ran += 1;
        }
        assert_eq!(ran, 12);
    }

    #[test]
    fn forgotten_semicolons_do_not_swallow_parameters() {
        let value = read(b"text/plain charset=utf-8 format=flowed");
        assert_eq!((value.head.as_str(), value.loose), ("text/plain", true));
        assert_eq!(value.token("charset").unwrap(), "utf-8");
        assert_eq!(value.token("format").unwrap(), "flowed");
        let value = read(b"text/plain; name=\"a\" charset=utf-8");
        assert_eq!(value.token("charset").unwrap(), "utf-8");
    }

    #[test]
    fn junk_ends() {
        for text in [&b";;;;"[..], b"(", b"a(b", b"=\"", b"a/b;=;=\"\\", b"a/b;(((", b"\0\0;\0=\0", b"a / b"]
        {
            read(text);
        }
        assert_eq!(read(b"a / b").head, "a/b");
        let many = [b"a/b".to_vec(), b";x=y".repeat(100_000)].concat();
        assert_eq!(read(&many).parameters.len(), PARAMETERS_MAX);
    }
}
