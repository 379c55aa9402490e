//! The header section of an entity (RFC 5322 §2.2, RFC 2045 §3): octets → raw fields and the place where the body
//! starts, with every point on which readers are known to differ.
//!
//! *Security.* Any octets. One pass, a second one only where a bare CR stands in the section. Octets and number of
//! fields are limited by the budget's `header_octets` and `header_fields`; a section beyond them is refused, never
//! cut.

use super::line::{Breaks, Line, has_bare_cr, is_folding, line_at, trim, trim_blanks};
use policy::{Ambiguity, FindingCode, Limits};
use std::ops::Range;

/// A header field as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name as written, without white space before the colon.
    pub name: String,
    /// The raw octets behind the colon with their folds, without the last line end. Not yet decoded.
    pub value: Vec<u8>,
}

impl Field {
    /// Whether the field has this name (ASCII case does not matter).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({} octets)", self.value.len())
    }
}

/// Fields that decide how an entity is read.
const STRUCTURAL: [&str; 4] =
    ["content-type", "content-transfer-encoding", "content-disposition", "mime-version"];

/// Fields that may stand once (RFC 5322 §3.6).
const ONCE: [&str; 9] =
    ["from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to"];

/// A header section that was read.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) fields: Vec<Field>,
    /// Offset of the first octet of the body.
    pub(super) body_start: usize,
    pub(super) ambiguities: Vec<Ambiguity>,
    /// The section ended on a line that is no field, and not on an empty line.
    broken_end: bool,
}

impl Section {
    /// The fields of this name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.is(name))
    }
}

/// Reads the header section at the start of `range`.
pub(super) fn read(octets: &[u8], range: Range<usize>, limits: &Limits) -> Result<Section, FindingCode> {
    let inside = octets.get(..range.end).unwrap_or(octets);
    let mut section = walk(inside, range.start, Breaks::Lf, limits)?;
    // A section that ends without an empty line may end on a line that a CR makes empty.
    let first_line =
        line_at(inside, section.body_start, Breaks::Lf).filter(|line| line.text.starts_with(b"\r"));
    let raw = inside.get(range.start..section.body_start).unwrap_or(&[]);
    if has_bare_cr(raw) || (section.broken_end && first_line.is_some()) {
        let other = walk(inside, range.start, Breaks::LfAndCr, limits)?;
        let same = other.body_start == section.body_start
            && STRUCTURAL.iter().all(|name| same(&section, &other, name));
        section.note(if same { Ambiguity::StrayCrInHeader } else { Ambiguity::BareCrInHeader });
    }
    if section.fields.iter().any(|f| is_structural(&f.name) && f.value.contains(&0)) {
        section.note(Ambiguity::NulInField);
    }
    for name in ONCE {
        if section.named(name).nth(1).is_some() {
            section.note(Ambiguity::DuplicateOriginField);
        }
    }
    Ok(section)
}

fn same(one: &Section, other: &Section, name: &str) -> bool {
    one.named(name).map(|f| collapsed(&f.value)).eq(other.named(name).map(|f| collapsed(&f.value)))
}

/// A value with each run of folding white space as one SP, for comparing.
pub(super) fn collapsed(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for &octet in trim(value, is_folding) {
        match octet {
            o if is_folding(o) && out.last() == Some(&b' ') => {}
            o if is_folding(o) => out.push(b' '),
            o => out.push(o),
        }
    }
    out
}

pub(super) fn is_structural(name: &str) -> bool {
    STRUCTURAL.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a field decides how the body is read.
fn decides(name: &str) -> bool {
    is_structural(name) && !name.eq_ignore_ascii_case("mime-version")
}

/// What one line of a header section is.
enum Reading<'a> {
    End,
    Field { name: &'a [u8], value_start: usize },
    Fold,
    BlankFold,
    MboxFrom,
    Broken,
}

fn classify<'a>(line: &Line<'a>, first: bool) -> Reading<'a> {
    match line.text.first() {
        None => Reading::End,
        Some(b' ' | b'\t') if trim_blanks(line.text).is_empty() => Reading::BlankFold,
        Some(b' ' | b'\t') => Reading::Fold,
        Some(_) if first && (line.text.starts_with(b"From ") || line.text.starts_with(b">From ")) => {
            Reading::MboxFrom
        }
        Some(_) => match line.text.iter().position(|&b| b == b':') {
            Some(colon) => match line.text.split_at_checked(colon) {
                Some((name, _)) if !trim_blanks(name).is_empty() && !trim_blanks(name).contains(&b' ') => {
                    Reading::Field { name, value_start: line.start.saturating_add(colon).saturating_add(1) }
                }
                _ => Reading::Broken,
            },
            None => Reading::Broken,
        },
    }
}

/// The state of one walk through a section.
struct Walk {
    section: Section,
    /// Value of the last field so far, to be grown by folds.
    open: Option<(String, Range<usize>)>,
    /// A line stood before that some readers take for the end of the section.
    doubtful_end: bool,
    /// A field that decides how the body is read stood before that line. Without one, a reader that stops there
    /// sees nothing but plain text, so that the fields behind can be believed.
    typed_before: bool,
}

fn walk(octets: &[u8], start: usize, breaks: Breaks, limits: &Limits) -> Result<Section, FindingCode> {
    let mut at = start;
    let section =
        Section { fields: Vec::new(), body_start: octets.len(), ambiguities: Vec::new(), broken_end: false };
    let mut walk = Walk { section, open: None, doubtful_end: false, typed_before: false };
    while let Some(line) = line_at(octets, at, breaks) {
        if u64::try_from(line.next.saturating_sub(start)).is_ok_and(|size| size > limits.header_octets)
            && !line.text.is_empty()
        {
            return Err(FindingCode::LimitHeader);
        }
        if line.bare_lf {
            walk.section.note(Ambiguity::BareLf);
        }
        match classify(&line, at == start) {
            Reading::End => {
                walk.section.body_start = line.next;
                break;
            }
            Reading::Field { name, value_start } => {
                walk.field(octets, name, value_start..line.start.saturating_add(line.text.len()), limits)?
            }
            Reading::Fold => match &mut walk.open {
                Some((_, value)) => value.end = line.start.saturating_add(line.text.len()),
                None => walk.first_line_is_indented(&line),
            },
            Reading::BlankFold => {
                walk.section.note(Ambiguity::BlankFold);
                walk.doubtful_end = true;
            }
            Reading::MboxFrom => walk.section.note(Ambiguity::MboxLine),
            Reading::Broken => {
                walk.broken(&line);
                if !goes_on(octets, line.next, breaks) {
                    walk.look_ahead(octets, line.next, breaks);
                    walk.section.body_start = line.start;
                    walk.section.broken_end = true;
                    break;
                }
            }
        }
        at = line.next;
    }
    walk.close(octets);
    Ok(walk.section)
}

/// Whether a header field follows, so that the broken line before it is one line of junk and not the body.
fn goes_on(octets: &[u8], at: usize, breaks: Breaks) -> bool {
    line_at(octets, at, breaks).is_some_and(|line| match classify(&line, false) {
        Reading::Field { name, .. } => is_token(trim_blanks(name)),
        Reading::Fold | Reading::BlankFold | Reading::End | Reading::MboxFrom | Reading::Broken => false,
    })
}

/// Whether a name is an RFC 5322 field name (printable US-ASCII without colon).
fn is_token(name: &[u8]) -> bool {
    name.iter().all(|b| matches!(b, 33..=57 | 59..=126))
}

impl Section {
    pub(super) fn note(&mut self, ambiguity: Ambiguity) {
        if !self.ambiguities.contains(&ambiguity) {
            self.ambiguities.push(ambiguity);
        }
    }
}

impl Walk {
    fn field(
        &mut self,
        octets: &[u8],
        name: &[u8],
        value: Range<usize>,
        limits: &Limits,
    ) -> Result<(), FindingCode> {
        self.close(octets);
        if u64::try_from(self.section.fields.len()).is_ok_and(|fields| fields >= limits.header_fields) {
            return Err(FindingCode::LimitHeader);
        }
        let bare = trim_blanks(name);
        let printable: Vec<u8> = bare.iter().copied().filter(|&b| is_token(&[b])).collect();
        let text = String::from_utf8_lossy(&printable).into_owned();
        if printable.len() != bare.len() {
            let hidden = is_structural(&text);
            self.section.note(if hidden { Ambiguity::ObscuredFieldName } else { Ambiguity::FieldNameOctets });
        } else if bare.len() != name.len() {
            self.section.note(Ambiguity::SpaceBeforeColon);
        }
        if self.doubtful_end && self.typed_before && is_structural(&text) {
            self.section.note(Ambiguity::FieldAfterDoubtfulEnd);
        }
        self.typed_before |= !self.doubtful_end && decides(&text);
        self.open = Some((text, value));
        Ok(())
    }

    fn first_line_is_indented(&mut self, line: &Line<'_>) {
        let name = line.text.split(|&b| b == b':').next().map(trim_blanks).unwrap_or(&[]);
        let structural = is_structural(&String::from_utf8_lossy(name));
        self.section.note(if structural {
            Ambiguity::ObscuredFieldName
        } else {
            Ambiguity::BrokenHeaderLine
        });
    }

    fn broken(&mut self, line: &Line<'_>) {
        let words: Vec<u8> = line.text.iter().copied().filter(u8::is_ascii_graphic).collect();
        let lower = String::from_utf8_lossy(&words).to_ascii_lowercase();
        let hidden = STRUCTURAL.iter().any(|name| lower.starts_with(name));
        self.section.note(if hidden { Ambiguity::ObscuredFieldName } else { Ambiguity::BrokenHeaderLine });
        self.doubtful_end = true;
    }

    /// The body starts on a line that is no field; readers that skip such lines may find a field further down.
    fn look_ahead(&mut self, octets: &[u8], mut at: usize, breaks: Breaks) {
        while let Some(line) = line_at(octets, at, breaks) {
            match classify(&line, false) {
                Reading::End => break,
                Reading::Field { name, .. } if is_structural(&String::from_utf8_lossy(trim_blanks(name))) => {
                    self.section.note(Ambiguity::FieldAfterDoubtfulEnd);
                }
                Reading::Field { .. }
                | Reading::Fold
                | Reading::BlankFold
                | Reading::MboxFrom
                | Reading::Broken => {}
            }
            at = line.next;
        }
    }

    /// Puts the field that was being gathered into the section.
    fn close(&mut self, octets: &[u8]) {
        if let Some((name, range)) = self.open.take() {
            let value = octets.get(range).unwrap_or(&[]).to_vec();
            self.section.fields.push(Field { name, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &[u8]) -> Section {
        read(text, 0..text.len(), &Limits::STANDARD).unwrap()
    }

    #[test]
    fn folds_stay_in_the_value_and_the_body_starts_behind_the_empty_line() {
        let read = section(b"Subject: a\r\n b\r\nTo:c\r\n\r\nbody");
        assert_eq!(read.fields[0].value, b" a\r\n b");
        assert_eq!(read.fields[1].name, "To");
        assert_eq!(read.body_start, 24);
        assert!(read.ambiguities.is_empty());
    }

    #[test]
    fn doubtful_lines_are_named() {
        let cases: [(&[u8], Ambiguity); 9] = [
            (b"Content-Type : text/plain\r\n\r\n", Ambiguity::SpaceBeforeColon),
            (b"Content-Type\x00: text/plain\r\n\r\n", Ambiguity::ObscuredFieldName),
            (b"Content-Type: c/d\r\n \r\nContent-Type: a/b\r\n\r\n", Ambiguity::FieldAfterDoubtfulEnd),
            (
                b"Content-Transfer-Encoding: base64\r\njunk\r\nContent-Type: a/b\r\n\r\n",
                Ambiguity::FieldAfterDoubtfulEnd,
            ),
            (b" Content-Type: a/b\r\nA: b\r\n\r\n", Ambiguity::ObscuredFieldName),
            (b"A: b\rContent-Type: a/b\r\n\r\n", Ambiguity::BareCrInHeader),
            (b"A: b\rC: d\r\n\r\n", Ambiguity::StrayCrInHeader),
            (b"A: b\n\n", Ambiguity::BareLf),
            (b"Content-Type: a/b\0\r\n\r\n", Ambiguity::NulInField),
        ];
        let mut ran = 0;
        for (text, wanted) in cases {
            assert!(section(text).ambiguities.contains(&wanted), "{wanted:?}");
            ran += 1;
        }
        assert_eq!(ran, 9);
    }

    #[test]
    fn body_without_an_empty_line_before_it_is_not_lost() {
        let read = section(b"Subject: a\r\nHello there\r\nagain\r\n");
        assert_eq!(read.body_start, 12);
        let read = section(b"Subject: a\r\njunk\r\nTo: b\r\n\r\nHello");
        assert_eq!(read.fields.len(), 2);
    }

    #[test]
    fn limits_are_met_exactly_and_passed_by_one() {
        let text = b"A: b\r\nC: d\r\n\r\nbody";
        let limits =
            |header_octets, header_fields| Limits { header_octets, header_fields, ..Limits::STANDARD };
        assert!(read(text, 0..text.len(), &limits(12, 2)).is_ok());
        assert_eq!(read(text, 0..text.len(), &limits(11, 2)).unwrap_err(), FindingCode::LimitHeader);
        assert_eq!(read(text, 0..text.len(), &limits(12, 1)).unwrap_err(), FindingCode::LimitHeader);
    }
}
