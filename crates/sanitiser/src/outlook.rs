//! Outlook's `.msg` (\[MS-OXMSG\]) → the entity that a mail of the same content would be.
//!
//! *Security.* Any octets, read as a compound file. Storages nest at most as deep as mails; streams are spent before
//! they are copied out.

use crate::compound::{Compound, Number};
use crate::mapi::{Attachment, Content, Message, Properties, Value, id};
use crate::mime::Entity;
use crate::tnef::wide;
use mail::PartPath;
use policy::{Budget, FindingCode, Findings};

/// Deepest message in a message that is read at all.
const DEPTH_MAX: usize = 20;
const PROPERTIES: &str = "__properties_version1.0";
/// The storage of an embedded message.
const EMBEDDED: &str = "__substg1.0_3701000D";

/// Reads a `.msg` file as the entity at `path`.
pub fn read(
    octets: &[u8],
    path: PartPath,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Entity, FindingCode> {
    let file = Compound::open(octets).ok_or(FindingCode::Unreadable)?;
    let message = message(&file, 0, 0, budget)?;
    message.into_entity(path, budget, findings)
}

fn message(
    file: &Compound<'_>,
    storage: Number,
    depth: usize,
    budget: &mut Budget,
) -> Result<Message, FindingCode> {
    if depth > DEPTH_MAX {
        return Err(FindingCode::LimitMimeDepth);
    }
    let properties = properties(file, storage, if depth == 0 { 32 } else { 24 }, budget)?;
    if properties.is_empty() {
        return Err(FindingCode::Unreadable);
    }
    let mut message = Message { label: properties.label(), properties, ..Message::default() };
    for recipient in file.storages(storage, "__recip_version1.0_") {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        message.recipients.push(self::properties(file, recipient, 8, budget)?);
    }
    for attachment in file.storages(storage, "__attach_version1.0_") {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let mut properties = self::properties(file, attachment, 8, budget)?;
        let embedded = file.storages(attachment, EMBEDDED).first().copied();
        let content = match (properties.take(id::ATTACH_DATA), embedded) {
            (Some(Value::Binary(octets)), _) => Content::File(octets),
            (_, Some(inner)) if properties.number(id::ATTACH_METHOD) != Some(6) => {
                match self::message(file, inner, depth.saturating_add(1), budget) {
                    Ok(inner) => Content::Message(Box::new(inner)),
                    Err(FindingCode::Unreadable) => Content::Object,
                    Err(code) => return Err(code),
                }
            }
            _ => Content::Object,
        };
        message.attachments.push(Attachment { properties, content });
    }
    Ok(message)
}

/// The properties of a storage: fixed ones in one stream behind a header, each other one in a stream of its own.
fn properties(
    file: &Compound<'_>,
    storage: Number,
    header: usize,
    budget: &mut Budget,
) -> Result<Properties, FindingCode> {
    let mut found = Properties::default();
    let fixed = match file.streams(storage).find(|(name, _, _)| *name == PROPERTIES) {
        Some((_, size, number)) => spent(file, number, size, budget)?,
        None => Vec::new(),
    };
    let (entries, _) = fixed.get(header..).unwrap_or_default().as_chunks::<16>();
    for entry in entries {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let [k0, k1, i0, i1, _, _, _, _, value @ ..] = entry;
        let property = u16::from_le_bytes([*i0, *i1]);
        let whole = u64::from_le_bytes(*value);
        let number = u32::try_from(whole & 0xffff_ffff).unwrap_or(0);
        match u16::from_le_bytes([*k0, *k1]) {
            0x02 | 0x0b => found.add(property, Value::Number(number & 0xffff)),
            0x03 => found.add(property, Value::Number(number)),
            0x40 => found.add(property, Value::Time(whole)),
            _ => {}
        }
    }
    let streams: Vec<_> = file
        .streams(storage)
        .filter_map(|(name, size, number)| {
            let tag = u32::from_str_radix(name.strip_prefix("__substg1.0_")?, 16).ok()?;
            Some((tag, size, number))
        })
        .collect();
    for (tag, size, number) in streams {
        let (property, kind) = (u16::try_from(tag >> 16).unwrap_or(0), tag & 0xffff);
        // Named properties have numbers of this file alone.
        if property >= 0x8000 || !matches!(kind, 0x1e | 0x1f | 0x102) {
            continue;
        }
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        let octets = spent(file, number, size, budget)?;
        let value = match kind {
            0x1e => Value::Narrow(octets),
            0x1f => Value::Wide(wide(&octets)),
            _ => Value::Binary(octets),
        };
        found.add(property, value);
    }
    Ok(found)
}

/// The octets of a stream, spent before they are copied out.
fn spent(
    file: &Compound<'_>,
    number: Number,
    size: usize,
    budget: &mut Budget,
) -> Result<Vec<u8>, FindingCode> {
    budget.spend_unpacked(u64::try_from(size).unwrap_or(u64::MAX)).map_err(|exhausted| exhausted.0)?;
    Ok(file.stream(number).unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test files")]
pub(crate) mod tests;
