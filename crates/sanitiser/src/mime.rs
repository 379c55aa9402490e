//! Reading a message (RFC 5322, RFC 2045, RFC 2046): octets → a tree of entities with decoded leaves.
//!
//! Readers of mail disagree on broken messages, and attackers live where they do. This reading is strict, notes
//! each point on which readers are known to differ, and refuses the entity where no reading is provable
//! (`policy::Ambiguity` is the table). `mail-parser` reads the same octets as a second view; what it sees
//! otherwise is refused as well.
//!
//! *Security.* Any octets. The walk is iterative; its depth is bound by `mime_depth`, the number of entities by
//! `parts`, header sections by `header_octets` and `header_fields`, decoded nested messages by `unpacked_octets`.
//! Each level is read once. A limit refuses the entity that reached it, never the rest, and nothing is cut short.

mod content_type;
pub mod embedded;
mod header;
mod line;
mod second_view;
mod split;
mod structure;
mod transfer;

pub use header::Field;

use mail::{MediaType, PartPath};
use policy::{Ambiguity, AmbiguityVerdict, Budget, FindingCode, Findings};
use second_view::{Ours, What};
use std::{borrow::Cow, collections::VecDeque, ops::Range};
use structure::{Declared, Shape};

/// Octets of base64 in any state, as mails and documents hold it.
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    transfer::decode(text, transfer::Encoding::Base64).0
}

/// A message that was read.
#[derive(Debug)]
pub struct Message {
    /// The message itself, path `1`.
    pub root: Entity,
}

impl Message {
    /// The ambiguity for which the whole message is to be held, if there is one.
    pub fn hold(&self) -> Option<Ambiguity> {
        self.root.ambiguities.iter().copied().find(|a| a.verdict() == AmbiguityVerdict::Hold)
    }

    /// All entities, each before its children.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        let mut open = vec![&self.root];
        std::iter::from_fn(move || {
            let entity = open.pop()?;
            open.extend(entity.children().iter().rev());
            Some(entity)
        })
    }
}

/// A header section and its body (RFC 2045 §2.4).
#[derive(Debug)]
pub struct Entity {
    /// Its place; at most `mime_depth` steps.
    pub path: PartPath,
    /// Its fields in their order, undecoded.
    pub header: Vec<Field>,
    /// The declared type, or the one that RFC 2046 gives to an entity without one.
    pub media_type: MediaType,
    /// Parameters of Content-Type that decide how the body is read.
    pub parameters: Parameters,
    /// What Content-Disposition says.
    pub disposition: Disposition,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// What is in it.
    pub body: EntityBody,
    /// Rows of the table that were met here, once each.
    pub ambiguities: Vec<Ambiguity>,
    /// The same as findings, and limits.
    pub findings: Findings,
}

impl Entity {
    /// The raw value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.header.iter().find(|field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// The raw values of all fields of this name.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.header.iter().filter(move |field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// The entities below it.
    pub fn children(&self) -> &[Self] {
        match &self.body {
            EntityBody::Multipart(children) => children,
            EntityBody::Message(child) => std::slice::from_ref(child),
            EntityBody::Leaf(_) | EntityBody::Refused(_) => &[],
        }
    }

    fn note(&mut self, ambiguity: Ambiguity) {
        if !self.ambiguities.contains(&ambiguity) {
            self.ambiguities.push(ambiguity);
            self.findings.add_detail(ambiguity.code(), ambiguity.name());
        }
    }

    /// Takes the body away for this row, if the table says so.
    fn weigh(&mut self, ambiguity: Ambiguity) {
        self.note(ambiguity);
        if ambiguity.verdict() == AmbiguityVerdict::Remove {
            self.body = EntityBody::Refused(ambiguity.code());
        }
    }
}

/// What an entity holds.
pub enum EntityBody {
    /// Octets with the transfer encoding undone.
    Leaf(Vec<u8>),
    /// The parts of a multipart.
    Multipart(Vec<Entity>),
    /// The nested message of a `message/rfc822` or `message/global`.
    Message(Box<Entity>),
    /// Not read; the code says why.
    Refused(FindingCode),
}

impl std::fmt::Debug for EntityBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Leaf(octets) => write!(f, "Leaf({} octets)", octets.len()),
            Self::Multipart(children) => f.debug_tuple("Multipart").field(children).finish(),
            Self::Message(child) => f.debug_tuple("Message").field(child).finish(),
            Self::Refused(code) => write!(f, "Refused({})", code.name()),
        }
    }
}

/// Parameters of Content-Type, as written (at most 64 characters each).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `charset`: a label, not yet believed.
    pub charset: Option<String>,
    /// `format=flowed` (RFC 3676).
    pub flowed: bool,
    /// `delsp=yes` (RFC 3676).
    pub delsp: bool,
    /// `method` of text/calendar (RFC 5545).
    pub method: Option<String>,
    /// `report-type` of multipart/report (RFC 6522).
    pub report_type: Option<String>,
    /// `protocol` of multipart/signed and multipart/encrypted (RFC 1847).
    pub protocol: Option<String>,
    /// `smime-type` of application/pkcs7-mime (RFC 8551).
    pub smime_type: Option<String>,
}

/// Content-Disposition (RFC 2183).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The field is not there.
    Absent,
    /// `inline`.
    Inline,
    /// `attachment`, and every value that is not known (RFC 2183 §2.8).
    Attachment,
}

/// A preamble up to this size is the sentence for readers without MIME and not worth a word.
const QUIET_PREAMBLE_OCTETS: usize = 200;

/// An entity that waits to be read.
struct Waiting {
    parent: Option<usize>,
    path: PartPath,
    /// Which of the buffers, and where in it.
    buffer: usize,
    range: Range<usize>,
    /// Type of an entity without Content-Type.
    default_type: MediaType,
    /// Whether it is a message of its own and not a part of one.
    is_message: bool,
    /// Boundaries of the multiparts around it in the same message, which its own may not equal or extend.
    boundaries: Vec<Vec<u8>>,
    /// Not to be read: parts that only some readers find outside the delimiters of a multipart. The entity makes
    /// them visible.
    refused: Option<FindingCode>,
}

/// Where an entity that was read came from.
struct Origin {
    parent: Option<usize>,
    buffer: usize,
    body: Range<usize>,
    encoding: transfer::Encoding,
    /// Whether the transfer encoding was undone without damage.
    clean: bool,
}

/// The walk over the tree, level by level, so that a limit falls on what lies deepest.
struct Walk<'m, 'b> {
    budget: &'b mut Budget,
    buffers: Vec<Cow<'m, [u8]>>,
    waiting: VecDeque<Waiting>,
    read: Vec<(Origin, Entity)>,
}

/// Reads a message. `Err` only if its own header section is beyond the limits or no part may be read at all.
pub fn read(message: &[u8], budget: &mut Budget) -> Result<Message, FindingCode> {
    read_below(message, PartPath::root(), budget)
}

/// Reads a message that was found inside another one, such as an .eml file: `path` is the place of its root, and
/// its depth counts from the root of the whole.
pub fn read_below(message: &[u8], path: PartPath, budget: &mut Budget) -> Result<Message, FindingCode> {
    if u64::try_from(path.depth()).is_ok_and(|depth| depth > budget.limits().mime_depth) {
        return Err(FindingCode::LimitMimeDepth);
    }
    budget.spend_part().map_err(|exhausted| exhausted.0)?;
    let root = Waiting {
        parent: None,
        path,
        buffer: 0,
        range: 0..message.len(),
        default_type: MediaType::TEXT,
        is_message: true,
        boundaries: Vec::new(),
        refused: None,
    };
    let cr_only = message.contains(&b'\r') && !message.contains(&b'\n');
    let octets = if cr_only { Cow::Owned(with_lf(message)) } else { Cow::Borrowed(message) };
    let mut walk = Walk { budget, buffers: vec![octets], waiting: VecDeque::from([root]), read: Vec::new() };
    while let Some(next) = walk.waiting.pop_front() {
        walk.entity(next)?;
    }
    walk.compare();
    let mut root = assemble(walk.read).ok_or(FindingCode::Unreadable)?;
    if cr_only {
        root.note(Ambiguity::CrOnly);
    }
    Ok(Message { root })
}

/// A message without any LF, where CR must be the line end.
fn with_lf(message: &[u8]) -> Vec<u8> {
    message.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect()
}

/// Puts every entity into its parent. Children come after their parents in the list, so the last goes first.
fn assemble(mut read: Vec<(Origin, Entity)>) -> Option<Entity> {
    while let Some((origin, mut entity)) = read.pop() {
        if let EntityBody::Multipart(children) = &mut entity.body {
            children.reverse();
        }
        let Some(parent) = origin.parent else { return Some(entity) };
        if let Some((_, parent)) = read.get_mut(parent) {
            match &mut parent.body {
                EntityBody::Multipart(children) => children.push(entity),
                EntityBody::Refused(_) => {}
                EntityBody::Leaf(_) | EntityBody::Message(_) => {
                    parent.body = EntityBody::Message(Box::new(entity))
                }
            }
        }
    }
    None
}

impl Walk<'_, '_> {
    fn entity(&mut self, waiting: Waiting) -> Result<(), FindingCode> {
        let buffer = self.buffers.get(waiting.buffer).map_or(&[][..], |b| b);
        let section = match waiting
            .refused
            .map_or_else(|| header::read(buffer, waiting.range.clone(), self.budget.limits()), Err)
        {
            Ok(section) => section,
            Err(code) if waiting.parent.is_none() => return Err(code),
            Err(code) => {
                let origin = waiting.origin(waiting.range.clone(), transfer::Encoding::Identity);
                self.read.push((origin, refused(waiting.path, code)));
                return Ok(());
            }
        };
        let body = section.body_start.min(waiting.range.end)..waiting.range.end;
        let declared = structure::declared(
            &section,
            &waiting.default_type,
            waiting.is_message,
            waiting.path == PartPath::root(),
        );
        let mut entity = Entity {
            path: waiting.path.clone(),
            header: section.fields,
            media_type: declared.media_type.clone(),
            parameters: declared.parameters.clone(),
            disposition: declared.disposition,
            content_id: declared.content_id.clone(),
            body: EntityBody::Leaf(Vec::new()),
            ambiguities: Vec::new(),
            findings: Findings::new(),
        };
        for ambiguity in section.ambiguities.iter().chain(&declared.ambiguities) {
            entity.weigh(*ambiguity);
        }
        let mut origin = waiting.origin(body.clone(), declared.encoding);
        if matches!(entity.body, EntityBody::Leaf(_)) {
            origin.clean = self.body(&mut entity, &waiting, body, &declared);
        }
        self.read.push((origin, entity));
        Ok(())
    }

    /// Reads a body; whether its transfer encoding was undone without damage.
    fn body(
        &mut self,
        entity: &mut Entity,
        waiting: &Waiting,
        body: Range<usize>,
        declared: &Declared,
    ) -> bool {
        match &declared.shape {
            Shape::Leaf => {
                let raw = self.buffers.get(waiting.buffer).and_then(|b| b.get(body)).unwrap_or(&[]);
                return leaf(entity, raw, declared);
            }
            Shape::NoBoundary => {
                let raw = self.buffers.get(waiting.buffer).and_then(|b| b.get(body)).unwrap_or(&[]);
                if declared.encoding == transfer::Encoding::Identity && !structure::holds_parts(raw) {
                    entity.weigh(Ambiguity::MultipartWithoutParts);
                    text_instead(entity, raw);
                } else {
                    entity.weigh(Ambiguity::MissingBoundary);
                }
            }
            Shape::Message => self.message(entity, waiting, body, declared),
            Shape::Multipart { boundary, shorter } => {
                self.multipart(entity, waiting, body, declared, boundary, shorter.as_deref());
            }
        }
        true
    }

    /// Lets the second reader read every buffer, and refuses the entities on which it disagrees.
    fn compare(&mut self) {
        for (number, buffer) in self.buffers.iter().enumerate() {
            let in_buffer = self.read.iter().enumerate().filter(|(_, (origin, _))| origin.buffer == number);
            let ours: Vec<Ours<'_>> =
                in_buffer.map(|(index, (origin, entity))| ours(index, origin, entity)).collect();
            for index in second_view::differing(buffer, &ours) {
                if let Some((_, entity)) = self.read.get_mut(index) {
                    entity.weigh(Ambiguity::ViewsDiffer);
                }
            }
        }
    }

    /// Whether one more level may be read below this entity.
    fn may_go_down(&self, entity: &mut Entity) -> bool {
        let below = u64::try_from(entity.path.depth()).unwrap_or(u64::MAX).saturating_add(1);
        let deeper = entity.path.child(1).depth() > entity.path.depth();
        let may = deeper && below <= self.budget.limits().mime_depth;
        if !may {
            refuse(entity, FindingCode::LimitMimeDepth);
        }
        may
    }

    fn message(&mut self, entity: &mut Entity, waiting: &Waiting, body: Range<usize>, declared: &Declared) {
        if !self.may_go_down(entity) {
            return;
        }
        let (mut buffer, mut range) = (waiting.buffer, body.clone());
        let mut boundaries = waiting.boundaries.clone();
        if declared.encoding != transfer::Encoding::Identity {
            let raw = self.buffers.get(waiting.buffer).and_then(|b| b.get(body)).unwrap_or(&[]);
            let size = u64::try_from(raw.len()).unwrap_or(u64::MAX);
            if let Err(exhausted) = self.budget.spend_unpacked(size) {
                return refuse(entity, exhausted.0);
            }
            let (octets, damage) = transfer::decode(raw, declared.encoding);
            entity.weigh(Ambiguity::EncodedMessage);
            // What does not decode cleanly may be read as a message in more than one way.
            if let Some(damage) = damage {
                entity.note(damage);
                return entity.weigh(Ambiguity::EncodedComposite);
            }
            (buffer, range) = (self.buffers.len(), 0..octets.len());
            self.buffers.push(Cow::Owned(octets));
            boundaries.clear();
        }
        if let Err(exhausted) = self.budget.spend_part() {
            return refuse(entity, exhausted.0);
        }
        // The child replaces this body when the tree is put together.
        self.waiting.push_back(Waiting {
            parent: Some(self.read.len()),
            path: waiting.path.child(1),
            buffer,
            range,
            default_type: MediaType::TEXT,
            is_message: true,
            boundaries,
            refused: None,
        });
    }

    fn multipart(
        &mut self,
        entity: &mut Entity,
        waiting: &Waiting,
        body: Range<usize>,
        declared: &Declared,
        boundary: &[u8],
        shorter: Option<&[u8]>,
    ) {
        let octets = self.buffers.get(waiting.buffer).map_or(&[][..], |b| b);
        let found = split::split(octets, body.clone(), boundary);
        let place = structure::Place { octets, body: &body, around: &waiting.boundaries };
        let rows = structure::weigh_split(&place, &found, declared, boundary, shorter);
        for ambiguity in &rows {
            entity.weigh(*ambiguity);
        }
        if rows.contains(&Ambiguity::MultipartWithoutParts) {
            return text_instead(entity, octets.get(body).unwrap_or(&[]));
        }
        if matches!(entity.body, EntityBody::Refused(_)) || !self.may_go_down(entity) {
            return;
        }
        for (range, quiet) in [(Some(&found.preamble), QUIET_PREAMBLE_OCTETS), (found.epilogue.as_ref(), 0)] {
            let outside = range.and_then(|range| octets.get(range.clone())).unwrap_or(&[]).trim_ascii();
            if outside.len() > quiet {
                let detail = format!("{} octets outside the parts", outside.len());
                entity.findings.add_detail(FindingCode::HiddenEpilogue, &detail);
            }
        }
        let count = u64::try_from(found.parts.len()).unwrap_or(u64::MAX);
        if count > self.budget.parts_left() {
            return refuse(entity, FindingCode::LimitParts);
        }
        let digest = entity.media_type.as_str() == "multipart/digest";
        let default_type = if digest { structure::MESSAGE } else { MediaType::TEXT };
        let mut boundaries = waiting.boundaries.clone();
        boundaries.push(boundary.to_vec());
        let parent = self.read.len();
        entity.body = EntityBody::Multipart(Vec::with_capacity(found.parts.len()));
        let parts = found.parts.into_iter().map(|range| (range, None));
        let hidden = [
            (Ambiguity::ContentInPreamble, Some(found.preamble)),
            (Ambiguity::ContentInEpilogue, found.epilogue),
        ];
        let hidden = hidden
            .into_iter()
            .filter(|(row, _)| rows.contains(row))
            .filter_map(|(row, range)| Some((range?, Some(row.code()))));
        for (number, (range, refused)) in (1_u32..).zip(parts.chain(hidden)) {
            if let Err(exhausted) = self.budget.spend_part() {
                return refuse(entity, exhausted.0);
            }
            self.waiting.push_back(Waiting {
                parent: Some(parent),
                path: waiting.path.child(number),
                buffer: waiting.buffer,
                range,
                default_type: default_type.clone(),
                is_message: false,
                boundaries: boundaries.clone(),
                refused,
            });
        }
    }
}

impl Waiting {
    fn origin(&self, body: Range<usize>, encoding: transfer::Encoding) -> Origin {
        Origin { parent: self.parent, buffer: self.buffer, body, encoding, clean: false }
    }
}

/// What the second view is compared with.
fn ours<'e>(index: usize, origin: &Origin, entity: &'e Entity) -> Ours<'e> {
    let encoding = origin.encoding;
    let in_place = encoding == transfer::Encoding::Identity;
    let message = matches!(entity.media_type.as_str(), "message/rfc822" | "message/global");
    let text = entity.media_type.top_level() == "text" && in_place;
    let what = match &entity.body {
        EntityBody::Refused(_) => What::Passed,
        // The other reader skips lines of text that stand where the header section should end.
        EntityBody::Leaf(_) if text && entity.ambiguities.contains(&Ambiguity::BrokenHeaderLine) => {
            What::Passed
        }
        // Nor does it undo an encoding with punctuation behind it.
        EntityBody::Leaf(_) if entity.ambiguities.contains(&Ambiguity::PunctuatedEncodingOfText) => {
            What::Passed
        }
        EntityBody::Multipart(_) => What::Multipart,
        // The child is put in its place only when the tree is put together.
        EntityBody::Leaf(_) | EntityBody::Message(_) if message && in_place => What::Message,
        EntityBody::Leaf(_) | EntityBody::Message(_) if message => What::EncodedMessage,
        EntityBody::Leaf(octets) => What::Leaf { encoding, clean: origin.clean.then_some(octets) },
        EntityBody::Message(_) => What::Message,
    };
    Ours { index, body: origin.body.clone(), what }
}

/// Whether the transfer encoding was undone without damage.
fn leaf(entity: &mut Entity, raw: &[u8], declared: &Declared) -> bool {
    if entity.media_type.top_level() == "text"
        && declared.encoding != transfer::Encoding::Base64
        && line::has_bare_cr(raw)
    {
        entity.note(Ambiguity::BareCrInBody);
    }
    let (octets, damage) = transfer::decode(raw, declared.encoding);
    entity.body = EntityBody::Leaf(octets);
    if let Some((row, field)) = &declared.unknown_encoding {
        let is_text = entity.media_type.top_level() == "text";
        entity.weigh(structure::weigh_unknown_encoding(*row, field, is_text, raw));
    }
    if let Some(damage) = damage {
        entity.weigh(damage);
    }
    damage.is_none()
}

/// A multipart without any part is read as the text that it is.
fn text_instead(entity: &mut Entity, raw: &[u8]) {
    if matches!(entity.body, EntityBody::Leaf(_)) {
        entity.media_type = MediaType::TEXT;
        entity.body = EntityBody::Leaf(raw.to_vec());
    }
}

fn refuse(entity: &mut Entity, code: FindingCode) {
    entity.findings.add(code);
    entity.body = EntityBody::Refused(code);
}

fn refused(path: PartPath, code: FindingCode) -> Entity {
    let mut entity = Entity {
        path,
        header: Vec::new(),
        media_type: MediaType::UNKNOWN,
        parameters: Parameters::default(),
        disposition: Disposition::Absent,
        content_id: None,
        body: EntityBody::Leaf(Vec::new()),
        ambiguities: Vec::new(),
        findings: Findings::new(),
    };
    refuse(&mut entity, code);
    entity
}

#[cfg(test)]
mod tests;
