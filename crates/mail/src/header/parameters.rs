//! Content-Type and Content-Disposition with their parameters (RFC 2045 §5.1, RFC 2183, RFC 2231), in all their
//! broken forms.
//!
//! A parameter that is written several times or in several forms has several candidate values: which one a program
//! takes differs, so all of them are given, and every irregularity that was met is named.

use super::{PARAMETERS_MAX, Quality, as_text, words};
use crate::{charset, line::line};

/// What readers may understand differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The same parameter twice, with different values.
    Repeated,
    /// A plain and an RFC 2231 form of the same parameter, with different values.
    FormsDiffer,
    /// RFC 2231 pieces with a number missing.
    PieceMissing,
    /// RFC 2231 pieces with a number twice.
    PieceRepeated,
    /// RFC 2231 pieces out of order; allowed, but not every program sorts them.
    PiecesOutOfOrder,
    /// An RFC 2231 value without charset, or with its percent escapes where they do not count.
    LooseExtended,
    /// An encoded word in a parameter, which RFC 2047 forbids and everyone writes.
    EncodedWord,
    /// A comment.
    Comment,
    /// A quoted-string that does not end.
    UnendedQuote,
    /// A comment that does not end.
    UnendedComment,
    /// Something between a quoted value and the next semicolon.
    TextBehindQuote,
    /// A value with spaces or specials, not quoted.
    Unquoted,
    /// Something between semicolons that is no parameter.
    NoParameter,
    /// Raw octets above ASCII, or raw ISO-2022-JP.
    RawOctets,
    /// More parameters than are read.
    TooMany,
}

/// One irregularity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Which.
    pub kind: OddityKind,
    /// The parameter it concerns, in lower case; empty when it concerns the field.
    pub parameter: String,
}

/// A decoded parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name in lower case, without the marks of RFC 2231.
    pub name: String,
    /// Every value that some program may take, each once: the RFC 2231 forms first. At least one.
    pub candidates: Vec<String>,
    /// How the values were read.
    pub quality: Quality,
}

/// A field of one word and parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameterised {
    /// What stands before the first semicolon, in lower case, without comments and white space at its ends.
    pub value: String,
    /// In the order of their first appearance.
    pub parameters: Vec<Parameter>,
    /// What readers may understand differently.
    pub oddities: Vec<Oddity>,
}

impl Parameterised {
    /// The candidates of a parameter (name in lower case); empty when it is not there.
    pub fn candidates(&self, name: &str) -> &[String] {
        self.parameters.iter().find(|p| p.name == name).map_or(&[], |p| p.candidates.as_slice())
    }

    /// The first candidate.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.candidates(name).first().map(String::as_str)
    }

    fn note(&mut self, kind: OddityKind, parameter: &str) {
        let oddity = Oddity { kind, parameter: parameter.to_owned() };
        if self.oddities.len() < PARAMETERS_MAX && !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }
}

/// The names that a part is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileNames {
    /// Every name that some program may show, each once, the most usual choice first.
    pub candidates: Vec<String>,
    /// How they were read.
    pub quality: Quality,
}

impl FileNames {
    /// Whether programs may show different names.
    pub fn differ(&self) -> bool {
        self.candidates.len() > 1
    }
}

/// The names in `filename` of Content-Disposition and `name` of Content-Type.
pub fn file_names(disposition: Option<&Parameterised>, content_type: Option<&Parameterised>) -> FileNames {
    let mut names = FileNames::default();
    let sources = [
        (disposition, "filename"),
        (content_type, "name"),
        (disposition, "name"),
        (content_type, "filename"),
    ];
    for (field, parameter) in sources {
        let Some(found) = field.and_then(|f| f.parameters.iter().find(|p| p.name == parameter)) else {
            continue;
        };
        names.quality.add(found.quality);
        for candidate in &found.candidates {
            if !candidate.is_empty() && !names.candidates.contains(candidate) {
                names.candidates.push(candidate.clone());
            }
        }
    }
    names
}

/// Reads Content-Type, Content-Disposition or another field of that form.
pub fn parameterised(raw: &[u8]) -> Parameterised {
    let mut field = Parameterised::default();
    let mut quality = Quality::default();
    let (text, had_raw_octets) = as_text(raw, &mut quality);
    if had_raw_octets {
        field.note(OddityKind::RawOctets, "");
    }
    let mut scanner = Scanner { rest: &text, field, pieces: Vec::new(), comments_end: true };
    scanner.field.value = scanner.head();
    while scanner.piece() {}
    let (mut field, pieces) = (scanner.field, scanner.pieces);
    assemble(&mut field, pieces, quality);
    field
}

/// One `name=value` as written.
struct Piece {
    /// Lower case, without `*0*`.
    name: String,
    /// The number of `*0`.
    number: Option<u32>,
    /// Whether the name ends in `*`.
    extended: bool,
    value: String,
}

struct Scanner<'a> {
    rest: &'a str,
    field: Parameterised,
    pieces: Vec<Piece>,
    /// Whether a comment that begins may still end; once one did not, none is looked for.
    comments_end: bool,
}

impl<'a> Scanner<'a> {
    fn head(&mut self) -> String {
        let text = self.until(&[';']);
        line(&text).to_ascii_lowercase()
    }

    /// Text without comments up to one of `ends`, which is left.
    fn until(&mut self, ends: &[char]) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.chars().next() {
            if ends.contains(&c) {
                break;
            }
            self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
            if c == '(' { self.comment(&mut text) } else { text.push(c) }
        }
        text
    }

    /// Passes over a comment whose `(` was taken; one that does not end is text.
    fn comment(&mut self, text: &mut String) {
        let (mut depth, mut escaped) = (1u32, false);
        for (at, c) in self.rest.char_indices().take_while(|_| self.comments_end) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or_default();
                self.field.note(OddityKind::Comment, "");
                return;
            }
        }
        self.comments_end = false;
        self.field.note(OddityKind::UnendedComment, "");
        text.push('(');
    }

    /// Reads up to and with the next parameter; false at the end.
    fn piece(&mut self) -> bool {
        self.rest = self.rest.trim_start_matches([';', ' ']);
        if self.rest.is_empty() {
            return false;
        }
        if self.pieces.len() >= PARAMETERS_MAX {
            self.field.note(OddityKind::TooMany, "");
            return false;
        }
        let name = self.until(&['=', ';']).trim().to_ascii_lowercase();
        let Some(value) = self.rest.strip_prefix('=') else {
            self.field.note(OddityKind::NoParameter, "");
            return true;
        };
        self.rest = value.trim_start_matches(' ');
        let (name, number, extended) = marks(&line(&name));
        let value = self.value(&name);
        self.pieces.push(Piece { name, number, extended, value });
        true
    }

    fn value(&mut self, name: &str) -> String {
        let Some(inner) = self.rest.strip_prefix('"') else {
            let start = self.rest;
            let end = start.find(';').unwrap_or(start.len());
            let raw = start.get(..end).unwrap_or_default();
            let value = if raw.contains('(') && !raw.contains("=?") {
                self.until(&[';'])
            } else {
                self.rest = start.get(end..).unwrap_or_default();
                raw.to_owned()
            };
            let value = value.trim().to_owned();
            if value.contains([' ', '"', '<', '>', '@', ',', '[', ']', '?', '=', ':', '/', '\\', '(', ')']) {
                self.field.note(OddityKind::Unquoted, name);
            }
            return value;
        };
        let (value, behind) = quoted(inner);
        let Some(behind) = behind else {
            self.field.note(OddityKind::UnendedQuote, name);
            let end = inner.find(';').unwrap_or(inner.len());
            self.rest = inner.get(end..).unwrap_or_default();
            return inner.get(..end).unwrap_or_default().trim().to_owned();
        };
        self.rest = behind.trim_start_matches(' ');
        if !self.rest.is_empty() && !self.rest.starts_with([';', '(']) {
            self.field.note(OddityKind::TextBehindQuote, name);
            let end = self.rest.find(';').unwrap_or(self.rest.len());
            // `name="a" filename="b"`: a semicolon is missing; anything else is dropped.
            if !self.rest.get(..end).unwrap_or_default().contains('=') {
                self.rest = self.rest.get(end..).unwrap_or_default();
            }
        } else if self.rest.starts_with('(') {
            self.until(&[';']);
        }
        value
    }
}

/// A quoted-string whose first quote was taken, and what follows it. A backslash escapes a quote or itself; before
/// anything else it is one, because programs of old wrote whole paths.
fn quoted(inner: &str) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut characters = inner.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some((_, next @ ('"' | '\\')))) => {
                value.push(*next);
                characters.next();
            }
            ('"', _) => return (value, inner.get(at.saturating_add(1)..)),
            _ => value.push(c),
        }
    }
    (value, None)
}

/// `filename*0*` → `filename`, 0, extended.
fn marks(name: &str) -> (String, Option<u32>, bool) {
    let (rest, extended) = match name.strip_suffix('*') {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    match rest.rsplit_once('*') {
        Some((base, digits))
            if (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (base.trim().to_owned(), digits.parse().ok(), extended)
        }
        _ => (rest.trim().to_owned(), None, extended),
    }
}

/// Gathers the pieces of each name and decodes them.
fn assemble(field: &mut Parameterised, mut pieces: Vec<Piece>, quality: Quality) {
    while let Some(first) = pieces.first() {
        let name = first.name.clone();
        let (own, rest): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|piece| piece.name == name);
        pieces = rest;
        let mut parameter = Parameter { name: name.clone(), candidates: Vec::new(), quality };
        let (numbered, single): (Vec<Piece>, Vec<Piece>) = own.into_iter().partition(|p| p.number.is_some());
        let (extended, plain): (Vec<Piece>, Vec<Piece>) = single.into_iter().partition(|p| p.extended);
        let mut add = |value: String, kind: OddityKind, field: &mut Parameterised| {
            if parameter.candidates.contains(&value) {
                return;
            }
            if !parameter.candidates.is_empty() {
                field.note(kind, &name);
            }
            parameter.candidates.push(value);
        };
        let mut read = Quality::default();
        for piece in &extended {
            let value = extended_value(&piece.value, &name, field, &mut read);
            add(value, OddityKind::Repeated, field);
        }
        if !numbered.is_empty() {
            let value = joined(numbered, &name, field, &mut read);
            add(value, OddityKind::FormsDiffer, field);
        }
        let mut kind = OddityKind::FormsDiffer;
        for piece in &plain {
            let value = plain_value(&piece.value, &name, field, &mut read);
            add(value, kind, field);
            kind = OddityKind::Repeated;
        }
        parameter.quality.add(read);
        field.parameters.push(parameter);
    }
}

/// `charset'language'octets`.
fn extended_value(value: &str, name: &str, field: &mut Parameterised, quality: &mut Quality) -> String {
    let (label, octets) = match labelled(value) {
        Some((label, rest)) => (label, rest),
        None => {
            field.note(OddityKind::LooseExtended, name);
            ("", value)
        }
    };
    by_charset(&percent_decoded(octets), label, name, field, quality)
}

fn labelled(value: &str) -> Option<(&str, &str)> {
    let (label, rest) = value.split_once('\'')?;
    let (_, octets) = rest.split_once('\'')?;
    label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b)).then_some((label, octets))
}

fn by_charset(
    octets: &[u8],
    label: &str,
    name: &str,
    field: &mut Parameterised,
    quality: &mut Quality,
) -> String {
    if octets.windows(2).any(|pair| pair == b"=?") {
        field.note(OddityKind::EncodedWord, name);
        return line(&words::decode(octets, quality));
    }
    let decoded = charset::decode(octets, (!label.is_empty()).then_some(label));
    quality.add(Quality::of(&decoded));
    line(&decoded.text)
}

/// The pieces of a value in the order of their numbers, decoded together: they may be cut inside a character.
fn joined(mut pieces: Vec<Piece>, name: &str, field: &mut Parameterised, quality: &mut Quality) -> String {
    if !pieces.is_sorted_by_key(|piece| piece.number) {
        field.note(OddityKind::PiecesOutOfOrder, name);
        pieces.sort_by_key(|piece| piece.number);
    }
    let mut octets = Vec::new();
    let (mut label, mut expected, mut any_extended) = (String::new(), Some(0), false);
    let mut last = None;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.number == last {
            field.note(OddityKind::PieceRepeated, name);
            continue;
        }
        if piece.number != expected {
            field.note(OddityKind::PieceMissing, name);
        }
        last = piece.number;
        expected = piece.number.and_then(|number| number.checked_add(1));
        let mut value = piece.value.as_str();
        if index == 0
            && let Some((charset, rest)) = labelled(value).filter(|_| piece.extended || value.contains('%'))
        {
            charset.clone_into(&mut label);
            value = rest;
            any_extended = true;
        }
        if piece.extended {
            any_extended = true;
            octets.extend_from_slice(&percent_decoded(value));
        } else if any_extended && has_escape(value) {
            // The star of this piece was forgotten.
            field.note(OddityKind::LooseExtended, name);
            octets.extend_from_slice(&percent_decoded(value));
        } else {
            octets.extend_from_slice(value.as_bytes());
        }
    }
    by_charset(&octets, &label, name, field, quality)
}

fn plain_value(value: &str, name: &str, field: &mut Parameterised, quality: &mut Quality) -> String {
    if value.contains("=?") {
        field.note(OddityKind::EncodedWord, name);
        return line(&words::decode(value.as_bytes(), quality));
    }
    if has_escape(value) {
        if let Some((label, octets)) = labelled(value).filter(|(label, _)| !label.is_empty()) {
            field.note(OddityKind::LooseExtended, name);
            return by_charset(&percent_decoded(octets), label, name, field, quality);
        }
        // As browsers send it: only when the escapes are UTF-8 beyond doubt.
        let octets = percent_decoded(value);
        if let Ok(text) = std::str::from_utf8(&octets)
            && !text.is_ascii()
        {
            field.note(OddityKind::LooseExtended, name);
            return line(text);
        }
    }
    line(value)
}

fn has_escape(value: &str) -> bool {
    value
        .as_bytes()
        .windows(3)
        .any(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

fn percent_decoded(value: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                octets.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => octets.push(first),
        }
    }
    octets
}

/// The value of a hexadecimal digit; 0 for anything else.
pub(super) fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0)
}
