//! `winmail.dat` (\[MS-OXTNEF\]) → the entity that a mail of the same content would be.
//!
//! *Security.* Any octets. One pass over attributes and one over the properties in them, each length held against what
//! is left; what does not fit ends the reading and is told. Embedded messages are the same form again, one level
//! deeper, at most as deep as nested mails. Attachments are spent before they are copied.

use crate::mapi::{self, Attachment, Content, Message, Properties, Value, id};
use crate::mime::Entity;
use mail::PartPath;
use policy::{Budget, FindingCode, Findings};

const SIGNATURE: &[u8] = b"\x78\x9f\x3e\x22";
/// The first 16 octets of an object that is a message.
const IS_MESSAGE: &[u8; 16] = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// Deepest message in a message that is read at all.
const DEPTH_MAX: usize = 20;

/// Reads a TNEF stream as the entity at `path`.
pub fn read(
    octets: &[u8],
    path: PartPath,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Entity, FindingCode> {
    let message = message(octets, 0, budget, findings)?;
    message.into_entity(path, budget, findings)
}

/// What is left to be read.
#[derive(Clone, Copy)]
struct Rest<'t>(&'t [u8]);

impl<'t> Rest<'t> {
    fn take(&mut self, length: usize) -> Option<&'t [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// A value whose length stands in front, filled up to four octets.
    fn sized(&mut self) -> Option<&'t [u8]> {
        let length = self.size()?;
        let value = self.take(length)?;
        let padding = length.wrapping_neg() % 4;
        self.take(padding.min(self.0.len()))?;
        Some(value)
    }
}

/// Attributes (§2.1.3.2) by the lower half of their identifiers.
mod attribute {
    pub(super) const FROM: u16 = 0x8000;
    pub(super) const SUBJECT: u16 = 0x8004;
    pub(super) const DATE_SENT: u16 = 0x8005;
    pub(super) const BODY: u16 = 0x800c;
    pub(super) const ATTACH_DATA: u16 = 0x800f;
    pub(super) const ATTACH_TITLE: u16 = 0x8010;
    pub(super) const ATTACH_START: u16 = 0x9002;
    pub(super) const PROPERTIES: u16 = 0x9003;
    pub(super) const RECIPIENTS: u16 = 0x9004;
    pub(super) const ATTACH_PROPERTIES: u16 = 0x9005;
    pub(super) const CODE_PAGE: u16 = 0x9007;
}

fn message(
    octets: &[u8],
    depth: usize,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Message, FindingCode> {
    if depth > DEPTH_MAX {
        return Err(FindingCode::LimitMimeDepth);
    }
    let mut rest = Rest(octets.strip_prefix(SIGNATURE).ok_or(FindingCode::Unreadable)?);
    rest.take(2);
    let mut reading = Reading { message: Message::default(), page: None, open: None, depth };
    let mut count = 0_u32;
    while !rest.0.is_empty() {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let mut next = || {
            rest.take(1)?;
            let name = rest.u16()?;
            rest.u16()?;
            let length = rest.size()?;
            let data = rest.take(length)?;
            rest.take(2)?;
            Some((name, data))
        };
        let Some((name, data)) = next() else {
            if count == 0 {
                return Err(FindingCode::Unreadable);
            }
            findings.add(FindingCode::ContainerIncomplete);
            break;
        };
        count = count.saturating_add(1);
        if !reading.attribute(name, data, budget, findings)? {
            findings.add(FindingCode::ContainerIncomplete);
        }
    }
    Ok(reading.finish())
}

struct Reading {
    message: Message,
    page: Option<String>,
    open: Option<Attachment>,
    depth: usize,
}

impl Reading {
    /// One attribute. `false` if what is in it could not be read to its end.
    fn attribute(
        &mut self,
        name: u16,
        data: &[u8],
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<bool, FindingCode> {
        let own = &mut self.message.properties;
        match name {
            attribute::CODE_PAGE => self.page = Rest(data).u32().and_then(mapi::label_of_code_page),
            attribute::SUBJECT => own.add(id::SUBJECT, Value::Narrow(data.to_vec())),
            attribute::BODY => own.add(id::BODY, Value::Narrow(copied(data, budget)?)),
            attribute::DATE_SENT => {
                if let Some(ticks) = ticks(data) {
                    own.add(id::CLIENT_SUBMIT_TIME, Value::Time(ticks));
                }
            }
            attribute::FROM => from(data, own),
            attribute::PROPERTIES => return Ok(properties(&mut Rest(data), budget, own)?.complete),
            attribute::RECIPIENTS => {
                let mut rest = Rest(data);
                for _ in 0..rest.u32().unwrap_or(0).min(10_000) {
                    let mut recipient = Properties::default();
                    let read = properties(&mut rest, budget, &mut recipient)?;
                    self.message.recipients.push(recipient);
                    if !read.complete {
                        return Ok(false);
                    }
                }
            }
            attribute::ATTACH_START => {
                self.close();
                self.open = Some(Attachment { properties: Properties::default(), content: Content::Object });
            }
            attribute::ATTACH_TITLE => {
                self.opened().properties.add(id::DISPLAY_NAME, Value::Narrow(data.to_vec()));
            }
            attribute::ATTACH_DATA => {
                let octets = copied(data, budget)?;
                let open = self.opened();
                if !matches!(open.content, Content::Message(_)) {
                    open.content = Content::File(octets);
                }
            }
            attribute::ATTACH_PROPERTIES => return self.attachment(data, budget, findings),
            _ => {}
        }
        Ok(true)
    }

    /// The attachment that is being read; one without a beginning is begun.
    fn opened(&mut self) -> &mut Attachment {
        self.open
            .get_or_insert_with(|| Attachment { properties: Properties::default(), content: Content::Object })
    }

    fn attachment(
        &mut self,
        data: &[u8],
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<bool, FindingCode> {
        let depth = self.depth.saturating_add(1);
        let open = self.opened();
        let read = properties(&mut Rest(data), budget, &mut open.properties)?;
        match read.object {
            Some(object) if object.starts_with(IS_MESSAGE) => {
                let inner = object.get(IS_MESSAGE.len()..).unwrap_or_default();
                match message(inner, depth, budget, findings) {
                    Ok(inner) => open.content = Content::Message(Box::new(inner)),
                    Err(FindingCode::Unreadable) => return Ok(false),
                    Err(code) => return Err(code),
                }
            }
            Some(_) => open.content = Content::Object,
            None => {
                if let Some(Value::Binary(octets)) = open.properties.take(id::ATTACH_DATA) {
                    open.content = Content::File(octets);
                }
            }
        }
        Ok(read.complete)
    }

    fn close(&mut self) {
        self.message.attachments.extend(self.open.take());
    }

    fn finish(mut self) -> Message {
        self.close();
        self.message.label = self.page.take().or_else(|| self.message.properties.label());
        self.message
    }
}

/// Octets that are kept, spent first.
fn copied(data: &[u8], budget: &mut Budget) -> Result<Vec<u8>, FindingCode> {
    let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
    budget.spend_unpacked(size).map_err(|exhausted| exhausted.0)?;
    Ok(data.to_vec())
}

/// What a list of properties held besides them.
struct Read<'t> {
    /// The object among them.
    object: Option<&'t [u8]>,
    complete: bool,
}

/// A list of properties (§2.1.3.4).
fn properties<'t>(
    rest: &mut Rest<'t>,
    budget: &mut Budget,
    into: &mut Properties,
) -> Result<Read<'t>, FindingCode> {
    let mut read = Read { object: None, complete: true };
    let Some(count) = rest.u32() else { return Ok(Read { complete: false, ..read }) };
    for _ in 0..count {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let Some((property, values)) = property(rest, budget)? else {
            read.complete = false;
            break;
        };
        match values {
            Found::Object(object) if property == id::ATTACH_DATA => read.object = Some(object),
            Found::Value(value) => into.add(property, value),
            Found::Object(_) | Found::Nothing => {}
        }
    }
    Ok(read)
}

enum Found<'t> {
    Value(Value),
    Object(&'t [u8]),
    Nothing,
}

/// One property; `None` where it does not fit. Of several values the first counts.
fn property<'t>(rest: &mut Rest<'t>, budget: &mut Budget) -> Result<Option<(u16, Found<'t>)>, FindingCode> {
    let mut outline = || {
        let (kind, property) = (rest.u16()?, rest.u16()?);
        let named = property >= 0x8000;
        if named {
            rest.take(16)?;
            match rest.u32()? {
                0 => rest.take(4)?,
                _ => rest.sized()?,
            };
        }
        let several = kind & 0x1000 != 0;
        let kind = kind & 0xfff;
        let counted = several || matches!(kind, 0x0d | 0x1e | 0x1f | 0x102);
        let count = if counted { rest.u32()? } else { 1 };
        // A named property has a number of this message alone.
        Some((kind, if named { 0 } else { property }, count))
    };
    let Some((kind, property, count)) = outline() else { return Ok(None) };
    let mut first = Found::Nothing;
    for number in 0..count {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let Some(found) = value(kind, rest, budget)? else { return Ok(None) };
        if number == 0 && property != 0 {
            first = found;
        }
    }
    Ok(Some((property, first)))
}

fn value<'t>(kind: u16, rest: &mut Rest<'t>, budget: &mut Budget) -> Result<Option<Found<'t>>, FindingCode> {
    let found = match kind {
        0x01 => Some(Found::Nothing),
        0x02 | 0x0b => rest.u32().map(|number| Found::Value(Value::Number(number & 0xffff))),
        0x03 | 0x0a => rest.u32().map(|number| Found::Value(Value::Number(number))),
        0x04 => rest.take(4).map(|_| Found::Nothing),
        0x05 | 0x06 | 0x07 | 0x14 => rest.take(8).map(|_| Found::Nothing),
        0x40 => rest.u64().map(|ticks| Found::Value(Value::Time(ticks))),
        0x48 => rest.take(16).map(|_| Found::Nothing),
        0x0d => rest.sized().map(Found::Object),
        0x1e => match rest.sized() {
            Some(octets) => Some(Found::Value(Value::Narrow(copied(octets, budget)?))),
            None => None,
        },
        0x1f => match rest.sized() {
            Some(octets) => Some(Found::Value(Value::Wide(wide(&copied(octets, budget)?)))),
            None => None,
        },
        0x102 => match rest.sized() {
            Some(octets) => Some(Found::Value(Value::Binary(copied(octets, budget)?))),
            None => None,
        },
        _ => None,
    };
    Ok(found)
}

/// UTF-16 text.
pub(crate) fn wide(octets: &[u8]) -> String {
    let (units, _) = octets.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The sender as a structure of lengths (§2.1.3.3.2): display name, then type and address.
fn from(data: &[u8], own: &mut Properties) {
    let mut rest = Rest(data);
    let mut read = || {
        rest.take(4)?;
        let (name, address) = (usize::from(rest.u16()?), usize::from(rest.u16()?));
        Some((rest.take(name)?, rest.take(address)?))
    };
    if let Some((name, address)) = read() {
        own.add(id::SENDER_NAME, Value::Narrow(name.to_vec()));
        let address = address.splitn(2, |octet| *octet == b':').nth(1).unwrap_or_default();
        own.add(id::SENDER_ADDRESS, Value::Narrow(address.to_vec()));
    }
}

/// Year, month, day, hour, minute, second → FILETIME.
fn ticks(data: &[u8]) -> Option<u64> {
    let mut rest = Rest(data);
    let mut next = || rest.u16();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .get(usize::from(month.checked_sub(1)?))?;
    let date = mail::DateTime::parse(&format!("{day} {name} {year} {hour}:{minute}:{second} +0000"))?;
    mapi::ticks(date)
}

#[cfg(test)]
mod tests;
