//! A message of properties → the entity that a mail of the same content would be.

use super::{Properties, Value, id};
use crate::mime::{Disposition, Entity, EntityBody, Field, Parameters};
use crate::rtf;
use mail::{DateTime, MediaType, PartPath};
use policy::{Budget, FindingCode, Findings};
use std::fmt::Write as _;

/// A message as its reader found it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) properties: Properties,
    /// Charset label of its narrow texts.
    pub(crate) label: Option<String>,
    pub(crate) recipients: Vec<Properties>,
    pub(crate) attachments: Vec<Attachment>,
}

/// An attachment as its reader found it.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) properties: Properties,
    pub(crate) content: Content,
}

/// What an attachment is.
#[derive(Debug)]
pub(crate) enum Content {
    /// A file.
    File(Vec<u8>),
    /// A message of its own.
    Message(Box<Message>),
    /// An object of another program, or nothing that is read.
    Object,
}

/// Octets that show a file of another program (OLE).
const METHOD_OLE: u32 = 6;

impl Message {
    /// The entity at `path`.
    pub(crate) fn into_entity(
        mut self,
        path: PartPath,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Result<Entity, FindingCode> {
        if u64::try_from(path.depth()).is_ok_and(|depth| depth > budget.limits().mime_depth) {
            return Err(FindingCode::LimitMimeDepth);
        }
        budget.spend_part().map_err(|exhausted| exhausted.0)?;
        let header = self.header();
        let mut children = Vec::new();
        let mut number = 1_u32;
        if let Some(body) = self.body(&path.child(number), budget, findings) {
            children.push(body);
            number = number.saturating_add(1);
        }
        let label = self.label.clone();
        for attachment in std::mem::take(&mut self.attachments) {
            let path = path.child(number);
            number = number.saturating_add(1);
            budget.spend_part().map_err(|exhausted| exhausted.0)?;
            children.push(attachment.into_entity(path, label.as_deref(), budget, findings));
        }
        Ok(Entity { header, ..entity(path, "multipart/mixed", EntityBody::Multipart(children)) })
    }

    fn header(&self) -> Vec<Field> {
        let label = self.label.as_deref();
        let own = &self.properties;
        let mut fields = Vec::new();
        let name = own.first_text(&[id::REPRESENTING_NAME, id::SENDER_NAME], label);
        let address = own.first_text(
            &[id::REPRESENTING_SMTP, id::SENDER_SMTP, id::REPRESENTING_ADDRESS, id::SENDER_ADDRESS],
            label,
        );
        let headers = own.text(id::TRANSPORT_HEADERS, label);
        let from = if name.is_empty() && address.is_empty() {
            header_line(&headers, "from").map(str::to_owned)
        } else {
            Some(mailbox(&name, &address))
        };
        fields.extend(from.map(|from| field("From", from)));
        for (wanted, name) in [(1, "To"), (2, "Cc")] {
            let list: Vec<String> = self
                .recipients
                .iter()
                .filter(|recipient| recipient.number(id::RECIPIENT_TYPE).unwrap_or(1) & 0xf == wanted)
                .map(|recipient| {
                    let name = recipient.text(id::DISPLAY_NAME, label);
                    mailbox(&name, &recipient.first_text(&[id::SMTP_ADDRESS, id::EMAIL_ADDRESS], label))
                })
                .collect();
            if !list.is_empty() {
                fields.push(field(name, list.join(", ")));
            }
        }
        let subject = own.text(id::SUBJECT, label);
        if !subject.is_empty() {
            // A subject may begin with a mark and the length of its prefix ([MS-OXCMSG] §2.2.1.10).
            let subject = subject.strip_prefix('\u{1}').map_or(subject.as_str(), |rest| {
                let mut rest = rest.chars();
                rest.next();
                rest.as_str()
            });
            fields.push(field("Subject", encoded(subject)));
        }
        let written = header_line(&headers, "date").and_then(DateTime::parse);
        let date =
            written.or_else(|| own.time(id::CLIENT_SUBMIT_TIME)).or_else(|| own.time(id::DELIVERY_TIME));
        fields.extend(date.map(|date| field("Date", date.to_string())));
        fields
    }

    /// The text: plain and HTML as alternatives, or what the rich text holds.
    fn body(&mut self, path: &PartPath, budget: &mut Budget, findings: &mut Findings) -> Option<Entity> {
        let plain = self.properties.take(id::BODY).filter(|value| !is_blank(value));
        let html = self.properties.take(id::HTML).filter(|value| !is_blank(value));
        let rich = self.properties.take(id::RTF_COMPRESSED);
        let narrow = self.label.clone();
        let internet = self.properties.number(id::INTERNET_CODE_PAGE).and_then(super::label_of_code_page);
        let plain = plain.map(|value| text_part("text/plain", value, narrow.clone()));
        let html = html.map(|value| text_part("text/html", value, internet.or(narrow)));
        let from_rich = || match rich {
            Some(Value::Binary(octets)) => match rtf::of_compressed(&octets, budget, findings) {
                Ok(rtf::Body::Html(page)) => Some(utf8_part("text/html", page)),
                // The plain text of a message without HTML is what the rich text says.
                Ok(rtf::Body::Text(text)) if plain.is_none() => Some(utf8_part("text/plain", text)),
                Ok(rtf::Body::Text(_)) => None,
                Err(code) => {
                    findings.add(code);
                    None
                }
            },
            Some(Value::Narrow(_) | Value::Wide(_) | Value::Number(_) | Value::Time(_)) | None => None,
        };
        let second = html.or_else(from_rich);
        match (plain, second) {
            (Some(plain), Some(second)) => {
                let children =
                    vec![Entity { path: path.child(1), ..plain }, Entity { path: path.child(2), ..second }];
                Some(entity(path.clone(), "multipart/alternative", EntityBody::Multipart(children)))
            }
            (Some(one), None) | (None, Some(one)) => Some(Entity { path: path.clone(), ..one }),
            (None, None) => None,
        }
    }
}

impl Attachment {
    fn into_entity(
        self,
        path: PartPath,
        label: Option<&str>,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> Entity {
        let own = self.properties;
        let name =
            own.first_text(&[id::ATTACH_LONG_FILE_NAME, id::ATTACH_FILE_NAME, id::DISPLAY_NAME], label);
        let is_ole = own.number(id::ATTACH_METHOD) == Some(METHOD_OLE);
        match self.content {
            Content::Message(message) => {
                let inner = message.into_entity(path.child(1), budget, findings);
                let body = match inner {
                    Ok(inner) => EntityBody::Message(Box::new(inner)),
                    Err(code) => EntityBody::Refused(code),
                };
                Entity { header: named(&name), ..entity(path, "message/rfc822", body) }
            }
            Content::File(octets) if !is_ole => {
                let declared = own.text(id::ATTACH_MIME_TAG, label);
                let media_type = MediaType::parse(&declared).unwrap_or(MediaType::UNKNOWN);
                let content_id = own.text(id::ATTACH_CONTENT_ID, label);
                let content_id = content_id.trim_matches(['<', '>', ' ']).to_owned();
                Entity {
                    header: named(&name),
                    media_type,
                    content_id: (!content_id.is_empty()).then_some(content_id),
                    ..entity(path, "application/octet-stream", EntityBody::Leaf(octets))
                }
            }
            Content::File(_) | Content::Object => {
                let refused = EntityBody::Refused(FindingCode::EmbeddedObject);
                let mut object =
                    Entity { header: named(&name), ..entity(path, "application/x-ole-storage", refused) };
                object.findings.add(FindingCode::EmbeddedObject);
                object
            }
        }
    }
}

/// An entity of a type that we know, an attachment.
fn entity(path: PartPath, media_type: &'static str, body: EntityBody) -> Entity {
    Entity {
        path,
        header: Vec::new(),
        media_type: MediaType::known(media_type),
        parameters: Parameters::default(),
        disposition: Disposition::Attachment,
        content_id: None,
        body,
        ambiguities: Vec::new(),
        findings: Findings::new(),
    }
}

fn utf8_part(media_type: &'static str, text: String) -> Entity {
    text_part(media_type, Value::Wide(text), None)
}

/// A body: octets of a code page go the road of a labelled text.
fn text_part(media_type: &'static str, value: Value, label: Option<String>) -> Entity {
    let (octets, charset) = match value {
        Value::Wide(text) => (text.trim_end_matches('\0').as_bytes().to_vec(), Some("utf-8".to_owned())),
        Value::Narrow(octets) | Value::Binary(octets) => (without_zeros(octets), label),
        Value::Number(_) | Value::Time(_) => (Vec::new(), None),
    };
    let parameters = Parameters { charset, ..Parameters::default() };
    Entity {
        parameters,
        disposition: Disposition::Inline,
        ..entity(PartPath::root(), media_type, EntityBody::Leaf(octets))
    }
}

fn without_zeros(mut octets: Vec<u8>) -> Vec<u8> {
    while octets.last() == Some(&0) {
        octets.pop();
    }
    octets
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Wide(text) => text.trim_matches(['\0', ' ', '\r', '\n']).is_empty(),
        Value::Narrow(octets) | Value::Binary(octets) => {
            octets.iter().all(|octet| matches!(octet, 0 | b' ' | b'\r' | b'\n'))
        }
        Value::Number(_) | Value::Time(_) => true,
    }
}

fn field(name: &str, value: String) -> Field {
    Field { name: name.to_owned(), value: value.into_bytes() }
}

/// A name as a parameter in UTF-8 (RFC 2231 §4).
fn named(name: &str) -> Vec<Field> {
    let name: String = name.trim_matches(['\0', ' ']).chars().take(1_000).collect();
    if name.is_empty() {
        return vec![field("Content-Disposition", "attachment".to_owned())];
    }
    let mut value = String::from("attachment; filename*=UTF-8''");
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() {
            value.push(char::from(octet));
        } else {
            // Writing to a String does not fail.
            let _ignored = write!(value, "%{octet:02X}");
        }
    }
    vec![field("Content-Disposition", value)]
}

/// A text as encoded words (RFC 2047) that no character of it can leave.
fn encoded(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest: Vec<char> = text.chars().take(4_000).collect();
    while !rest.is_empty() {
        let word: String = rest.drain(..rest.len().min(12)).collect();
        let octets = word.bytes().fold(String::new(), |mut all, octet| {
            let _ignored = write!(all, "={octet:02X}");
            all
        });
        words.push(format!("=?UTF-8?Q?{octets}?="));
    }
    words.join(" ")
}

/// A mailbox; an address that is none of the internet's is left out.
fn mailbox(name: &str, address: &str) -> String {
    let sound = address.contains('@')
        && address.len() < 320
        && address.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>,;:\"()[]\\".contains(&octet));
    let name = name.trim_matches(['\0', ' ', '\'']);
    match (sound, name.is_empty() || name == address) {
        (true, true) => address.to_owned(),
        (true, false) => format!("{} <{address}>", encoded(name)),
        // A name alone is written as a group without members (RFC 5322 §3.4).
        (false, _) => format!("{}:;", encoded(if name.is_empty() { address } else { name })),
    }
}

/// The value of a field among the header fields that a server kept.
fn header_line<'h>(headers: &'h str, name: &str) -> Option<&'h str> {
    headers.lines().take(500).find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
