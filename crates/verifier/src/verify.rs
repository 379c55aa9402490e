//! Octets and expectations become a proof, or are given back with every objection.

use crate::{
    BinaryPart, CleanFile, CleanMessage, Clearance, DecodeLimits, DecoderFailed, Expected, ExpectedPart,
    Objection, Refusal, binary, digest,
    message::{self, check_name},
    objections::Objections,
    text,
};
use mail::MediaType;

/// What a decoding child answers.
pub type Decoded = Result<Vec<Objection>, DecoderFailed>;

/// Verifies a composed message. Structure and texts are read here, in place; binary parts go to `decoder`, which runs
/// [`crate::decode_all`] in a locked child, under limits that it was given from outside as well.
pub fn message(
    octets: Vec<u8>,
    expected: &Expected,
    decoder: &mut dyn FnMut(&[BinaryPart]) -> Decoded,
) -> Result<CleanMessage, Refusal> {
    let mut objections = Objections::default();
    let read = message::read(&octets, expected, &mut objections);
    let mut binary = Vec::new();
    for (attachment, wanted) in read.attachments.into_iter().zip(&expected.parts) {
        objections.about(Some(attachment.part));
        let charset = attachment.charset.as_deref();
        if let Some(part) =
            content(attachment.octets, attachment.part, charset, &wanted.media_type, &mut objections)
        {
            binary.push(part);
        }
    }
    decode(&binary, decoder, &mut objections);
    if objections.is_empty() {
        Ok(CleanMessage::make(octets, Clearance::Verified))
    } else {
        Err(Refusal { draft: octets, objections: objections.into_list() })
    }
}

/// Verifies one written file that is handed out by itself.
pub fn file(
    octets: Vec<u8>,
    charset: Option<&str>,
    expected: &ExpectedPart,
    _limits: &DecodeLimits,
    decoder: &mut dyn FnMut(&[BinaryPart]) -> Decoded,
) -> Result<CleanFile, Refusal> {
    let mut objections = Objections::default();
    objections.about(Some(1));
    check_name(&expected.name, expected.media_type.as_str(), &mut objections);
    digest::compare(&octets, expected, &mut objections);
    let part = content(octets.clone(), 1, charset, &expected.media_type, &mut objections);
    decode(part.as_slice(), decoder, &mut objections);
    if objections.is_empty() {
        Ok(CleanFile::make(octets, Clearance::Verified))
    } else {
        Err(Refusal { draft: octets, objections: objections.into_list() })
    }
}

/// Reads a text here; gives a binary part back for the decoder.
fn content(
    octets: Vec<u8>,
    part: u32,
    charset: Option<&str>,
    media_type: &MediaType,
    objections: &mut Objections,
) -> Option<BinaryPart> {
    let kind = media_type.as_str();
    if binary::is_binary(kind) {
        objections.require(charset.is_none(), "part.charset", "of a binary part");
        return Some(BinaryPart { part, media_type: media_type.clone(), octets });
    }
    match kind {
        "application/json" | "text/xml" | "application/xml" | "text/calendar" | "text/vcard" => {
            let label = charset.is_none_or(|label| label == "UTF-8");
            objections.require(label, "part.charset", "not UTF-8");
        }
        _ => objections.require(charset.is_some(), "part.charset", "missing"),
    }
    text::check_file(&octets, charset.unwrap_or("UTF-8"), kind, objections);
    None
}

/// Has binary parts decoded, also when there is something against the whole already: every objection counts.
fn decode(
    binary: &[BinaryPart],
    decoder: &mut dyn FnMut(&[BinaryPart]) -> Decoded,
    objections: &mut Objections,
) {
    if binary.is_empty() {
        return;
    }
    match decoder(binary) {
        Ok(found) => objections.append(found),
        Err(DecoderFailed) => {
            objections.about(None);
            objections.add("decoder.failed", format!("{} binary parts", binary.len()));
        }
    }
}

/// Why a release is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseFault {
    /// Someone is not named.
    NoName,
    /// The same person asked and approved.
    SamePerson,
    /// No reason is given.
    NoReason,
}

/// Clears an original that two people let out, under a store's `ReleaseOrder`.
pub fn released(
    octets: Vec<u8>,
    by: &str,
    approved_by: &str,
    reason: &str,
) -> Result<CleanMessage, (Vec<u8>, ReleaseFault)> {
    match release(by, approved_by, reason) {
        Ok(clearance) => Ok(CleanMessage::make(octets, clearance)),
        Err(fault) => Err((octets, fault)),
    }
}

/// Clears an original file in the same way.
pub fn released_file(
    octets: Vec<u8>,
    by: &str,
    approved_by: &str,
    reason: &str,
) -> Result<CleanFile, (Vec<u8>, ReleaseFault)> {
    match release(by, approved_by, reason) {
        Ok(clearance) => Ok(CleanFile::make(octets, clearance)),
        Err(fault) => Err((octets, fault)),
    }
}

fn release(by: &str, approved_by: &str, reason: &str) -> Result<Clearance, ReleaseFault> {
    let (by, approved_by, reason) = (by.trim(), approved_by.trim(), reason.trim());
    if by.is_empty() || approved_by.is_empty() {
        return Err(ReleaseFault::NoName);
    }
    if by.to_lowercase() == approved_by.to_lowercase() {
        return Err(ReleaseFault::SamePerson);
    }
    if reason.is_empty() {
        return Err(ReleaseFault::NoReason);
    }
    Ok(Clearance::Released {
        by: by.to_owned(),
        approved_by: approved_by.to_owned(),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_takes_two_people_and_a_reason() {
        let cases = [
            ("tanaka", "sato", "住民からの問い合わせ", None),
            ("tanaka", "Tanaka ", "x", Some(ReleaseFault::SamePerson)),
            ("", "sato", "x", Some(ReleaseFault::NoName)),
            ("tanaka", " ", "x", Some(ReleaseFault::NoName)),
            ("tanaka", "sato", " ", Some(ReleaseFault::NoReason)),
        ];
        for (by, approved_by, reason, fault) in cases {
            let result = released(b"x".to_vec(), by, approved_by, reason);
            assert_eq!(result.err().map(|(_, fault)| fault), fault);
            assert_eq!(
                released_file(Vec::new(), by, approved_by, reason).err().map(|(_, fault)| fault),
                fault
            );
        }
    }
}
