//! What the MIME fields of an entity declare (RFC 2045 §§4–6, RFC 2046), and how far that can be believed.
//!
//! *Security.* Raw field values of one header section. Nothing is guessed: a declaration that readers understand
//! differently yields a row of `policy::Ambiguity`, and the walk refuses the entity when the table says so.

use super::{
    Disposition, Parameters,
    content_type::{self, Form, Parameter, Value},
    header::{self, Field, Section, collapsed},
    line::{Breaks, is_folding, lines, trim},
    split::{self, Split},
    transfer::{self, Encoding},
};
use mail::MediaType;
use policy::{Ambiguity, Limits};
use std::ops::Range;

/// `message/rfc822`, the default inside a multipart/digest (RFC 2046 §5.1.5).
pub(super) const MESSAGE: MediaType = MediaType::known("message/rfc822");

/// Longest boundary (RFC 2046 §5.1.1).
const BOUNDARY_MAX: usize = 70;

/// What an entity is, before its body is looked at.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) media_type: MediaType,
    pub(super) parameters: Parameters,
    pub(super) disposition: Disposition,
    pub(super) content_id: Option<String>,
    pub(super) encoding: Encoding,
    /// The encoding is not known; the row to be met unless the body proves that it does not matter, and the raw
    /// value of the field.
    pub(super) unknown_encoding: Option<(Ambiguity, Vec<u8>)>,
    pub(super) shape: Shape,
    pub(super) ambiguities: Vec<Ambiguity>,
}

/// How the body is built.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Leaf,
    Message,
    /// A multipart that names no boundary.
    NoBoundary,
    Multipart {
        boundary: Vec<u8>,
        /// What a reader keeps of an unquoted boundary when it stops at the first tspecial.
        shorter: Option<Vec<u8>>,
    },
}

/// Reads the declarations of a header section.
pub(super) fn declared(
    section: &Section,
    default_type: &MediaType,
    is_message: bool,
    is_root: bool,
) -> Declared {
    let mut noted = Vec::new();
    let content_type = only(section, "content-type", Ambiguity::DuplicateContentType, &mut noted);
    let transfer =
        only(section, "content-transfer-encoding", Ambiguity::DuplicateTransferEncoding, &mut noted);
    let disposition = only(section, "content-disposition", Ambiguity::DuplicateDisposition, &mut noted);
    let value = content_type.map(|field| content_type::read(&field.value));
    let media_type =
        value.as_ref().map_or_else(|| default_type.clone(), |value| media_type(value, &mut noted));
    let shape = shape(&media_type, value.as_ref(), &mut noted);
    let text = media_type.top_level() == "text";
    let (encoding, unknown_encoding) = match transfer.map(|field| (field, transfer::encoding(&field.value))) {
        None => (Encoding::Identity, None),
        Some((_, Ok(encoding))) => (encoding, None),
        Some((field, Err(_))) if text && transfer::encoding_before_punctuation(&field.value).is_some() => {
            noted.push(Ambiguity::PunctuatedEncodingOfText);
            (transfer::encoding_before_punctuation(&field.value).unwrap_or(Encoding::Identity), None)
        }
        Some((field, Err(row))) if shape == Shape::Leaf => {
            (Encoding::Identity, Some((row, field.value.clone())))
        }
        Some((_, Err(row))) => {
            noted.push(row);
            (Encoding::Identity, None)
        }
    };
    if is_message && content_type.is_some() && section.named("mime-version").next().is_none() {
        noted.push(Ambiguity::NoMimeVersion);
    }
    if is_root && section.named("x-sekisho-id").nth(1).is_some() {
        noted.push(Ambiguity::OwnMarkPresent);
    }
    let disposed = disposition.map(|field| content_type::read(&field.value));
    names(value.as_ref(), disposed.as_ref(), &mut noted);
    Declared {
        media_type,
        parameters: value.as_ref().map(parameters).unwrap_or_default(),
        disposition: match disposed.as_ref().map(|value| value.head.as_str()) {
            None => Disposition::Absent,
            Some("inline") => Disposition::Inline,
            Some(_) => Disposition::Attachment,
        },
        content_id: section.named("content-id").next().and_then(content_id),
        encoding,
        unknown_encoding,
        shape,
        ambiguities: noted,
    }
}

/// The field of this name that may stand once. Of several that say the same, the longest: it has the parameters.
fn only<'s>(
    section: &'s Section,
    name: &'s str,
    row: Ambiguity,
    noted: &mut Vec<Ambiguity>,
) -> Option<&'s Field> {
    let mut fields = section.named(name);
    let first = fields.next()?;
    let mut alike = true;
    for other in fields {
        let same = say_the_same(&first.value, &other.value, row);
        alike &= same;
        noted.push(if same { Ambiguity::RepeatedField } else { row });
    }
    if alike { section.named(name).max_by_key(|field| collapsed(&field.value).len()) } else { Some(first) }
}

/// Whether no reader can tell from two values which one another reader took.
fn say_the_same(one: &[u8], other: &[u8], row: Ambiguity) -> bool {
    if collapsed(one).eq_ignore_ascii_case(&collapsed(other)) {
        return true;
    }
    if row == Ambiguity::DuplicateContentType {
        // Of a type without parts only the parameters differ, and the charset has to be proven anyway.
        let (one, other) = (content_type::read(one), content_type::read(other));
        let text = one.media_type().is_some_and(|media_type| media_type.top_level() == "text");
        return text && one.head == other.head;
    }
    let identity = |value| transfer::encoding(value) == Ok(Encoding::Identity);
    row == Ambiguity::DuplicateTransferEncoding && identity(one) && identity(other)
}

fn media_type(value: &Value, noted: &mut Vec<Ambiguity>) -> MediaType {
    let parsed = value.media_type();
    let composite = value.head.contains("multipart") || value.head.contains("message");
    match parsed {
        Some(media_type) if !composite => {
            if value.loose || value.comments {
                noted.push(Ambiguity::LooseParameters);
            }
            match media_type.as_str() {
                "text/" => MediaType::TEXT,
                _ => media_type,
            }
        }
        Some(media_type) => {
            if value.comments {
                noted.push(Ambiguity::MalformedContentType);
            } else if value.loose {
                noted.push(Ambiguity::LooseParameters);
            }
            media_type
        }
        None if composite => {
            noted.push(Ambiguity::MalformedContentType);
            MediaType::UNKNOWN
        }
        None => {
            noted.push(Ambiguity::UnreadableType);
            // RFC 1049 wrote the type alone.
            if value.head.is_empty() || value.head == "text" { MediaType::TEXT } else { MediaType::UNKNOWN }
        }
    }
}

fn shape(media_type: &MediaType, value: Option<&Value>, noted: &mut Vec<Ambiguity>) -> Shape {
    match media_type.as_str() {
        "message/rfc822" | "message/global" => Shape::Message,
        "message/partial" => {
            noted.push(Ambiguity::PartialMessage);
            Shape::Leaf
        }
        "message/external-body" => {
            noted.push(Ambiguity::ExternalBody);
            Shape::Leaf
        }
        _ if media_type.top_level() == "multipart" => match boundary(value) {
            Ok((boundary, shorter)) => Shape::Multipart { boundary, shorter },
            Err(None) => Shape::NoBoundary,
            Err(Some(row)) => {
                noted.push(row);
                Shape::Leaf
            }
        },
        _ => Shape::Leaf,
    }
}

/// The boundary and what a hasty reader keeps of it, or the row that says what is wrong with it; `Err(None)` when
/// there is none.
#[expect(clippy::type_complexity, reason = "used once, and named in the sentence above")]
fn boundary(value: Option<&Value>) -> Result<(Vec<u8>, Option<Vec<u8>>), Option<Ambiguity>> {
    let value = value.ok_or(None)?;
    if value.extended("boundary").next().is_some() {
        return Err(Some(Ambiguity::ObscuredBoundary));
    }
    let mut all = value.named("boundary");
    let first = all.next().ok_or(None)?;
    if all.any(|other| other.value != first.value) {
        return Err(Some(Ambiguity::DuplicateBoundary));
    }
    let text = &first.value;
    if text.is_empty() {
        return Err(None);
    }
    if text.starts_with(b"=?") && text.ends_with(b"?=") {
        return Err(Some(Ambiguity::ObscuredBoundary));
    }
    let irregular = text.len() > BOUNDARY_MAX || text.ends_with(b" ") || !text.iter().all(|&b| is_bchar(b));
    if first.form == Form::Broken || irregular {
        return Err(Some(Ambiguity::IrregularBoundary));
    }
    Ok((text.clone(), shorter(first)))
}

/// Octets that a boundary may hold: bcharsnospace and SP of RFC 2046, and the marks beside them that mailers write
/// and every reader takes alike.
fn is_bchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"'()+_,-./:=? *#@!$%&^~|{}[]<>`".contains(&octet)
}

fn shorter(parameter: &Parameter) -> Option<Vec<u8>> {
    let cut = || parameter.value.iter().position(|b| b"()<>@,:/[]?=".contains(b));
    match parameter.form {
        Form::Unquoted => cut().and_then(|at| parameter.value.get(..at)).map(<[u8]>::to_vec),
        Form::Clean | Form::Broken => None,
    }
}

/// Where a multipart lies.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) octets: &'a [u8],
    pub(super) body: &'a Range<usize>,
    /// Boundaries of the multiparts around it.
    pub(super) around: &'a [Vec<u8>],
}

/// Whether all lines that begin like a delimiter and go on are delimiters of multiparts directly inside, with
/// nothing but white space before their first. A reader that takes such lines for its own delimiters then cuts the
/// body into the same leaves; only their level differs.
fn only_nested_delimiters(octets: &[u8], found: &Split, boundary: &[u8]) -> bool {
    let mut explained = 0_usize;
    for part in &found.parts {
        let Some((inner, body_start)) = nested_boundary(octets, part) else { continue };
        let suffix =
            inner.strip_prefix(boundary).filter(|suffix| !suffix.is_empty() && !suffix.starts_with(b"--"));
        if suffix.is_none() {
            continue;
        }
        let split = split::split(octets, body_start..part.end, &inner);
        let blank =
            |range: &Range<usize>| octets.get(range.clone()).unwrap_or(&[]).iter().all(|&b| is_folding(b));
        if split.doubt.is_some()
            || !split.near.is_empty()
            || !blank(&split.preamble)
            || !split.epilogue.as_ref().is_none_or(blank)
        {
            return false;
        }
        let finals = usize::from(split.epilogue.is_some());
        explained = explained.saturating_add(split.parts.len()).saturating_add(finals);
    }
    explained == found.near.len()
}

/// The boundary of a part that is a multipart itself, and where its body starts.
fn nested_boundary(octets: &[u8], part: &Range<usize>) -> Option<(Vec<u8>, usize)> {
    let section = header::read(octets, part.clone(), &Limits::STANDARD).ok()?;
    let value = content_type::read(&section.named("content-type").next()?.value);
    let mut noted = Vec::new();
    match shape(&value.media_type()?, Some(&value), &mut noted) {
        Shape::Multipart { boundary, .. } if noted.is_empty() => Some((boundary, section.body_start)),
        Shape::Multipart { .. } | Shape::NoBoundary | Shape::Leaf | Shape::Message => None,
    }
}

/// Rows that only the body can decide.
pub(super) fn weigh_split(
    place: &Place<'_>,
    found: &Split,
    declared: &Declared,
    boundary: &[u8],
    shorter: Option<&[u8]>,
) -> Vec<Ambiguity> {
    let Place { octets, body, around } = place;
    let mut rows = Vec::from_iter(found.doubt);
    if !found.near.is_empty() {
        let nested = only_nested_delimiters(octets, found, boundary);
        rows.push(if nested { Ambiguity::NestedBoundaryExtends } else { Ambiguity::BoundaryPrefix });
    }
    if around.iter().any(|outer| outer.starts_with(boundary)) {
        rows.push(Ambiguity::BoundaryPrefix);
    }
    if shorter.is_some_and(|shorter| !split::same_lines(octets, body.start..body.end, boundary, shorter)) {
        rows.push(Ambiguity::IrregularBoundary);
    }
    let raw = octets.get(body.start..body.end).unwrap_or(&[]);
    let never = found.parts.is_empty() && found.epilogue.is_none();
    if never {
        let empty = raw.iter().all(|&b| is_folding(b));
        let text = declared.encoding == Encoding::Identity && !holds_parts(raw);
        rows.push(match (empty, text) {
            (true, _) => Ambiguity::EmptyMultipart,
            (false, true) => Ambiguity::MultipartWithoutParts,
            (false, false) => Ambiguity::BoundaryNeverComes,
        });
    } else if found.epilogue.is_none() {
        rows.push(Ambiguity::NoFinalBoundary);
    }
    if declared.encoding != Encoding::Identity && !never {
        let other = transfer::decode(raw, declared.encoding).0;
        let again = split::split(&other, 0..other.len(), boundary);
        let same = again.parts.is_empty() || headers_alike(octets, found, &other, &again);
        rows.push(if same { Ambiguity::FalselyEncodedComposite } else { Ambiguity::EncodedComposite });
    } else if declared.encoding != Encoding::Identity {
        rows.push(Ambiguity::EncodedComposite);
    }
    if !never && holds_parts(octets.get(found.preamble.clone()).unwrap_or(&[])) {
        rows.push(Ambiguity::ContentInPreamble);
    }
    if found.epilogue.clone().is_some_and(|range| holds_parts(octets.get(range).unwrap_or(&[]))) {
        rows.push(Ambiguity::ContentInEpilogue);
    }
    rows
}

/// Whether two cuts of a multipart have as many parts with the same header sections.
fn headers_alike(one: &[u8], first: &Split, other: &[u8], second: &Split) -> bool {
    let header = |octets: &[u8], range: &Range<usize>| {
        lines(octets, range.clone(), Breaks::Lf)
            .take_while(|line| !line.text.is_empty())
            .map(|line| line.text.to_vec())
            .collect::<Vec<_>>()
    };
    first.parts.len() == second.parts.len()
        && first.parts.iter().zip(&second.parts).all(|(a, b)| header(one, a) == header(other, b))
}

/// Whether text outside the parts of a multipart could be a part to another reader.
pub(super) fn holds_parts(text: &[u8]) -> bool {
    lines(text, 0..text.len(), Breaks::LfAndCr).any(|line| {
        let lower = line.text.get(..line.text.len().min(64)).unwrap_or(&[]).to_ascii_lowercase();
        lower.starts_with(b"content-type")
            || lower.starts_with(b"content-transfer")
            || lower.starts_with(b"content-disp")
    })
}

/// The row for an encoding that is not known, once the body was seen.
pub(super) fn weigh_unknown_encoding(row: Ambiguity, field: &[u8], is_text: bool, raw: &[u8]) -> Ambiguity {
    let bare: Vec<u8> =
        field.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let hints: [&[u8]; 6] = [b"64", b"quoted", b"printable", b"uu", b"enc", b"hex"];
    let hint = hints.iter().any(|hint| bare.windows(hint.len()).any(|window| window == *hint));
    let alike = reads_alike_in_every_encoding(raw);
    // No reader undoes an encoding that resembles none, and text stays text in either reading.
    if alike || (is_text && !hint && !is_all_base64(raw)) {
        Ambiguity::UnknownEncodingOfPlainText
    } else {
        row
    }
}

/// Whether no known transfer encoding would turn these octets into something else: text without `=`, with lines
/// that are no base64 and no uuencode.
fn reads_alike_in_every_encoding(raw: &[u8]) -> bool {
    let plain = !raw.contains(&b'=') && !raw.contains(&0);
    let begins = lines(raw, 0..raw.len(), Breaks::LfAndCr).any(|line| line.text.starts_with(b"begin "));
    plain && !begins && (raw.is_empty() || !is_all_base64(raw))
}

fn is_all_base64(raw: &[u8]) -> bool {
    raw.iter().all(|&b| b.is_ascii_alphanumeric() || b"+/=".contains(&b) || is_folding(b))
}

fn parameters(value: &Value) -> Parameters {
    let is =
        |name: &str, wanted: &str| value.token(name).is_some_and(|text| text.eq_ignore_ascii_case(wanted));
    Parameters {
        charset: value.token("charset").or_else(|| extended_token(value, "charset")),
        flowed: is("format", "flowed"),
        delsp: is("delsp", "yes"),
        method: value.token("method"),
        report_type: value.token("report-type"),
        protocol: value.token("protocol"),
        smime_type: value.token("smime-type"),
    }
}

/// The value of `name*=charset'language'value`.
fn extended_token(value: &Value, name: &str) -> Option<String> {
    let text = value.extended(name).next()?.value.rsplit(|&b| b == b'\'').next()?;
    let text = String::from_utf8_lossy(text).into_owned();
    (!text.is_empty() && text.len() <= 64).then_some(text)
}

fn content_id(field: &Field) -> Option<String> {
    let bare = trim(&field.value, |b| is_folding(b) || b == b'<' || b == b'>');
    let text = std::str::from_utf8(bare).ok()?;
    (!text.is_empty() && text.len() <= 512 && text.chars().all(|c| c.is_ascii_graphic()))
        .then(|| text.to_owned())
}

/// Rows on file names: which of several names a reader shows decides what a click opens.
fn names(content_type: Option<&Value>, disposition: Option<&Value>, noted: &mut Vec<Ambiguity>) {
    let mut extensions: Vec<Vec<u8>> = Vec::new();
    for (value, name) in [(content_type, "name"), (disposition, "filename")] {
        let Some(value) = value else { continue };
        let plain = value.named(name).map(|p| p.value.clone());
        let extended = value
            .extended(name)
            .filter(|p| p.name.strip_prefix(name) == Some("*"))
            .map(|p| unescaped(&p.value));
        extensions.extend(plain.chain(extended).filter_map(|text| extension(&text)));
        let mut pieces: Vec<usize> = value
            .extended(name)
            .filter_map(|p| p.name.strip_prefix(name)?.strip_prefix('*')?.trim_end_matches('*').parse().ok())
            .collect();
        pieces.sort_unstable();
        if !pieces.iter().copied().eq(0..pieces.len()) {
            noted.push(Ambiguity::BrokenContinuation);
        }
    }
    if extensions.iter().any(|one| Some(one) != extensions.first()) {
        noted.push(Ambiguity::NamesDiffer);
    }
}

/// The extension of a raw name, lower-case; `None` when there is none or it is still encoded.
fn extension(text: &[u8]) -> Option<Vec<u8>> {
    // Encoded words, ISO-2022-JP and UTF-16 hold dots that are none.
    if text.starts_with(b"=?") || text.contains(&0x1b) || text.contains(&0) {
        return None;
    }
    let dot = text.iter().rposition(|&b| b == b'.')?;
    let after = trim(text.get(dot.saturating_add(1)..)?, |b| is_folding(b) || b == b'.');
    Some(after.to_ascii_lowercase())
}

/// Resolves `%XX`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        let digits = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.filter(|_| first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(octet) => {
                out.push(octet);
                rest = behind.get(2..).unwrap_or(&[]);
            }
            None => out.push(first),
        }
    }
    out
}
