//! The octets of a file in which no reader of ours finds a page → the objects that stand in it, read as leniently as
//! viewers read them.
//!
//! Without a table that holds, a viewer looks for `N G obj` and for `trailer` (ISO 32000-1 §7.3.10, §7.5.5) from the
//! first octet to the last, and takes what it can: in a dictionary, what is no key is passed over; `endobj` closes all
//! that is open; an array ends at what is no object; a stream ends at `endstream`, or else at `endobj`. Of two objects
//! with one number the later holds, and of two trailers each key of the later. Generations are not told apart.
//!
//! *Security.* May be given anything up to [`OCTETS_MAX`]. Every octet looked at is paid from a fixed multiple of the
//! file's length, every value is spent as a node before it is kept, and nesting has a limit; a file that meets one of
//! them stays unreadable. What is found is only ever drawn to pixels.

use super::inspect::{dictionary_of, name};
use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};
use policy::{Budget, Exhausted};

/// Larger files are not read in this way.
const OCTETS_MAX: usize = 16 * 1024 * 1024;
/// How often, on average, an octet may be looked at: objects that nothing closes overlap.
const LOOKS_PER_OCTET: usize = 8;
/// Looks that any file may cost.
const LOOKS_MIN: usize = 64 * 1024;
/// Most values that are kept.
const VALUES_MAX: u32 = 1_000_000;
/// Deepest nesting of arrays and dictionaries.
const DEPTH_MAX: u32 = 64;
/// Numbers from here on are no object's.
const NUMBER_END: u32 = 4 * 1024 * 1024;

const END_STREAM: &[u8] = b"endstream";

/// Why reading ends before the file does.
enum Stop {
    /// The file costs more than it may.
    Cost,
    Budget(Exhausted),
}

type Read<T> = Result<Option<T>, Stop>;

/// What a trailer leads to; `None` when it leads to no page tree, or when the file is locked.
pub(super) fn salvage(input: &[u8], budget: &mut Budget) -> Result<Option<Document>, Exhausted> {
    if input.len() > OCTETS_MAX {
        return Ok(None);
    }
    let looks = input.len().saturating_mul(LOOKS_PER_OCTET).saturating_add(LOOKS_MIN);
    match (Scan { input, at: 0, looks, values: VALUES_MAX, budget }).all() {
        Ok((document, trailer)) => Ok(rooted(document, &trailer)),
        Err(Stop::Cost) => Ok(None),
        Err(Stop::Budget(exhausted)) => Err(exhausted),
    }
}

/// A document with a catalog of its own that holds what the trailer's `Root` does.
fn rooted(mut document: Document, trailer: &Dictionary) -> Option<Document> {
    if trailer.has(b"Encrypt") {
        return None;
    }
    let root = document.dereference(trailer.get(b"Root").ok()?).ok()?.1;
    let catalog = dictionary_of(root)?.clone();
    let pages = dictionary_of(document.dereference(catalog.get(b"Pages").ok()?).ok()?.1)?;
    // Where nothing closes the catalog, what stands behind it looks like a part of it.
    if name(&document, pages, b"Type") == b"Catalog" {
        return None;
    }
    let root = document.add_object(catalog);
    document.trailer = dictionary! { "Root" => root };
    Some(document)
}

#[derive(Clone, Copy, PartialEq)]
enum Word<'a> {
    /// Without its solidus, as written.
    Name(&'a [u8]),
    Open,
    Close,
    Delimiter(u8),
    Regular(&'a [u8]),
}

struct Scan<'a, 'b> {
    input: &'a [u8],
    at: usize,
    looks: usize,
    values: u32,
    budget: &'b mut Budget,
}

impl<'a> Scan<'a, '_> {
    fn all(mut self) -> Result<(Document, Dictionary), Stop> {
        let mut document = Document::new();
        let mut trailer = Dictionary::new();
        // The two words before this one, if they are whole numbers.
        let (mut number, mut generation) = (None, None);
        while let Some(word) = self.word()? {
            let after = self.at;
            match (word, number, generation) {
                (Word::Regular(b"obj"), Some(id), Some(_)) => {
                    let object = self.object(0)?;
                    let is_closed = matches!(object, Some(Object::Stream(_)))
                        && self.input.get(self.at..).is_some_and(|rest| rest.starts_with(END_STREAM));
                    if let Some(Object::Stream(stream)) = &object
                        && name(&document, &stream.dict, b"Type") == b"XRef"
                    {
                        merge(&mut trailer, &stream.dict);
                    }
                    if let Some(object) = object {
                        document.objects.insert((id, 0), object);
                    }
                    // What nothing closes may have swallowed other objects; a whole stream holds none.
                    self.at = if is_closed { self.at } else { after };
                }
                (Word::Regular(b"trailer"), ..) => {
                    if let Some(found) = self.object(0)?.as_ref().and_then(dictionary_of) {
                        merge(&mut trailer, found);
                    }
                    self.at = after;
                }
                _ => {}
            }
            (number, generation) = (generation, whole(word));
        }
        // What is added gets numbers that nothing in the file can mean.
        document.max_id = NUMBER_END;
        Ok((document, trailer))
    }

    /// One object, or `None` at what is none; then nothing but one word was read.
    fn object(&mut self, depth: u32) -> Read<Object> {
        let Some(word) = self.word()? else { return Ok(None) };
        self.budget.spend_nodes(1).map_err(Stop::Budget)?;
        self.values = self.values.checked_sub(1).ok_or(Stop::Cost)?;
        match word {
            Word::Name(written) => Ok(Some(Object::Name(decoded(written)))),
            Word::Regular(b"true") => Ok(Some(Object::Boolean(true))),
            Word::Regular(b"false") => Ok(Some(Object::Boolean(false))),
            Word::Regular(b"null") => Ok(Some(Object::Null)),
            Word::Regular(b"endobj") => {
                self.at = self.at.saturating_sub(b"endobj".len());
                Ok(None)
            }
            Word::Regular(digits) => self.number_or_reference(word, digits),
            Word::Delimiter(b'(') => Ok(Some(Object::String(self.literal()?, StringFormat::Literal))),
            Word::Delimiter(b'<') => Ok(Some(Object::String(self.hexadecimal()?, StringFormat::Hexadecimal))),
            Word::Delimiter(b'[') if depth < DEPTH_MAX => {
                let mut items = Vec::new();
                while let Some(item) = self.object(depth.saturating_add(1))? {
                    items.push(item);
                }
                Ok(Some(Object::Array(items)))
            }
            Word::Open if depth < DEPTH_MAX => {
                let Some(dict) = self.dictionary(depth)? else { return Ok(None) };
                if depth > 0 {
                    return Ok(Some(Object::Dictionary(dict)));
                }
                Ok(Some(match self.stream(&dict)? {
                    Some(content) => Object::Stream(Stream::new(dict, content)),
                    None => Object::Dictionary(dict),
                }))
            }
            Word::Open | Word::Delimiter(_) => Ok(None),
            // What closes the dictionary around an array that nothing closed is not the array's.
            Word::Close => {
                self.at = self.at.saturating_sub(2);
                Ok(None)
            }
        }
    }

    fn number_or_reference(&mut self, word: Word<'a>, digits: &[u8]) -> Read<Object> {
        let after = self.at;
        if let Some(id) = whole(word)
            && self.word()?.is_some_and(|generation| whole(generation).is_some())
            && self.word()? == Some(Word::Regular(b"R"))
        {
            return Ok(Some(Object::Reference((id, 0))));
        }
        self.at = after;
        Ok(number(digits))
    }

    fn dictionary(&mut self, depth: u32) -> Read<Dictionary> {
        let mut dict = Dictionary::new();
        loop {
            match self.word()? {
                None => return Ok(None),
                Some(Word::Close) => return Ok(Some(dict)),
                Some(Word::Regular(b"endobj")) => {
                    self.at = self.at.saturating_sub(b"endobj".len());
                    return Ok(Some(dict));
                }
                Some(Word::Name(key)) if !key.is_empty() => {
                    if let Some(object) = self.object(depth.saturating_add(1))? {
                        dict.set(decoded(key), object);
                    }
                }
                Some(Word::Name(_) | Word::Open | Word::Delimiter(_) | Word::Regular(_)) => {}
            }
        }
    }

    /// The octets of a stream behind its dictionary, if there is one.
    fn stream(&mut self, dict: &Dictionary) -> Read<Vec<u8>> {
        let before = self.at;
        if self.word()? != Some(Word::Regular(b"stream")) {
            self.at = before;
            return Ok(None);
        }
        let rest = self.input.get(self.at..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        let stated = dict.get(b"Length").ok().and_then(|length| usize::try_from(length.as_i64().ok()?).ok());
        let stated = stated.and_then(|length| rest.split_at_checked(length)).filter(|(_, after)| {
            let blank = after.iter().take_while(|octet| is_space(**octet)).take(2).count();
            after.get(blank..).is_some_and(|after| after.starts_with(END_STREAM))
        });
        if let Some((content, after)) = stated {
            self.at = self.input.len().saturating_sub(after.len());
            return Ok(Some(content.to_vec()));
        }
        self.looks = self.looks.checked_sub(rest.len()).ok_or(Stop::Cost)?;
        let end = position(rest, END_STREAM).or_else(|| position(rest, b"endobj"));
        let Some((content, after)) = end.and_then(|end| rest.split_at_checked(end)) else {
            self.at = before;
            return Ok(None);
        };
        self.at = self.input.len().saturating_sub(after.len());
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        Ok(Some(content.strip_suffix(b"\r").unwrap_or(content).to_vec()))
    }

    /// ISO 32000-1 §7.3.4.2, behind the opening parenthesis.
    fn literal(&mut self) -> Result<Vec<u8>, Stop> {
        let (mut text, mut open) = (Vec::new(), 1_u32);
        while let Some(octet) = self.octet()? {
            match octet {
                b'\\' => self.escaped(&mut text)?,
                b'(' => {
                    open = open.saturating_add(1);
                    text.push(octet);
                }
                b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        break;
                    }
                    text.push(octet);
                }
                _ => text.push(octet),
            }
        }
        Ok(text)
    }

    fn escaped(&mut self, text: &mut Vec<u8>) -> Result<(), Stop> {
        let Some(octet) = self.octet()? else { return Ok(()) };
        match octet {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.octet()?;
                }
            }
            b'0'..=b'7' => {
                let mut code = octet & 7;
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.octet()?;
                    code = code.wrapping_shl(3) | (digit & 7);
                }
                text.push(code);
            }
            _ => text.push(octet),
        }
        Ok(())
    }

    /// ISO 32000-1 §7.3.4.3, behind the opening bracket.
    fn hexadecimal(&mut self) -> Result<Vec<u8>, Stop> {
        let (mut octets, mut high) = (Vec::new(), None);
        while let Some(octet) = self.octet()?.filter(|octet| *octet != b'>') {
            let Some(digit) = hex(octet) else { continue };
            match high.take() {
                Some(high) => octets.push(high | digit),
                None => high = Some(digit.wrapping_shl(4)),
            }
        }
        octets.extend(high);
        Ok(octets)
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn octet(&mut self) -> Read<u8> {
        let Some(octet) = self.peek() else { return Ok(None) };
        self.looks = self.looks.checked_sub(1).ok_or(Stop::Cost)?;
        self.at = self.at.saturating_add(1);
        Ok(Some(octet))
    }

    /// The next word behind white space and comments; `None` at the end.
    fn word(&mut self) -> Read<Word<'a>> {
        let mut is_comment = false;
        let first = loop {
            match self.octet()? {
                None => return Ok(None),
                Some(b'\r' | b'\n') => is_comment = false,
                Some(b'%') => is_comment = true,
                Some(octet) if is_comment || is_space(octet) => {}
                Some(octet) => break octet,
            }
        };
        let start = self.at;
        match first {
            b'/' => Ok(Some(Word::Name(self.regular(start)?))),
            b'<' | b'>' if self.peek() == Some(first) => {
                self.octet()?;
                Ok(Some(if first == b'<' { Word::Open } else { Word::Close }))
            }
            _ if is_delimiter(first) => Ok(Some(Word::Delimiter(first))),
            _ => Ok(Some(Word::Regular(self.regular(start.saturating_sub(1))?))),
        }
    }

    /// The octets from `start` up to white space or a delimiter.
    fn regular(&mut self, start: usize) -> Result<&'a [u8], Stop> {
        while self.peek().is_some_and(|octet| !is_space(octet) && !is_delimiter(octet)) {
            self.octet()?;
        }
        Ok(self.input.get(start..self.at).unwrap_or_default())
    }
}

fn merge(trailer: &mut Dictionary, later: &Dictionary) {
    for (key, value) in later {
        trailer.set(key.clone(), value.clone());
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

const fn is_delimiter(octet: u8) -> bool {
    matches!(octet, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn hex(octet: u8) -> Option<u8> {
    u8::try_from(char::from(octet).to_digit(16)?).ok()
}

fn position(octets: &[u8], pattern: &[u8]) -> Option<usize> {
    octets.windows(pattern.len()).position(|window| window == pattern)
}

/// A number that an object may have.
fn whole(word: Word<'_>) -> Option<u32> {
    let Word::Regular(digits) = word else { return None };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number < NUMBER_END)
}

fn number(written: &[u8]) -> Option<Object> {
    if !written.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'+' | b'-' | b'.')) {
        return None;
    }
    let written = std::str::from_utf8(written).ok()?;
    if let Ok(number) = written.parse() {
        return Some(Object::Integer(number));
    }
    written.parse().ok().filter(|number: &f32| number.is_finite()).map(Object::Real)
}

/// A name as meant (ISO 32000-1 §7.3.5).
fn decoded(written: &[u8]) -> Vec<u8> {
    let mut meant = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((first, after)) = rest.split_first() {
        let code = match after {
            [high, low, ..] if *first == b'#' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        meant.push(code.map_or(*first, |(high, low)| high.wrapping_shl(4) | low));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    meant
}
