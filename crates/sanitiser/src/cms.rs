//! Signed S/MIME (CMS, RFC 5652; S/MIME, RFC 8551) → what was signed, and who claims to have signed it.
//!
//! A mail that is signed as a whole (`application/pkcs7-mime`, opaque) hides its text from every reader that does not
//! open the signature: it is opened here, and what is in it goes the road of any mail. Detached signatures
//! (`multipart/signed`) only tell their signer. Nothing is verified, and nothing here says so: what is written anew
//! bears no signature, and the name is what the certificate says of itself.
//!
//! *Security.* Any octets, BER with indefinite lengths as Outlook writes it. Elements nest to a bounded depth, every
//! element is spent as a node, the content is spent before it is copied, and names are at most a line.

mod ber;

use ber::{Element, Reader};
use data_encoding::BASE64;
use policy::{Budget, FindingCode};

/// `id-signedData` and the name attributes that are read, as the octets of their identifiers.
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const ORGANISATION: &[u8] = b"\x55\x04\x0a";
const EMAIL: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

/// Most certificates and signers that are looked at.
const CERTIFICATES_MAX: usize = 50;
/// Longest name of a signer, in characters.
const NAME_CHARS: usize = 120;

/// A signature that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// What was signed, if the signature holds it.
    pub content: Option<Vec<u8>>,
    /// The signers as they name themselves.
    pub signers: Vec<String>,
}

/// Reads signed data; `None` for everything else.
pub fn signed(octets: &[u8], budget: &mut Budget) -> Result<Option<Signed>, FindingCode> {
    let unarmoured;
    let octets = if octets.starts_with(b"-----BEGIN") {
        unarmoured = armoured(octets).unwrap_or_default();
        unarmoured.as_slice()
    } else {
        octets
    };
    let mut reader = Reader::new(octets, budget);
    let read = read(&mut reader);
    if let Some(code) = reader.exhausted() {
        return Err(code);
    }
    Ok(read)
}

/// The octets of PEM armour (RFC 7468).
fn armoured(octets: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(octets).ok()?;
    let lines = text.lines().map(str::trim).skip(1).take_while(|line| !line.starts_with("-----"));
    BASE64.decode(lines.collect::<String>().as_bytes()).ok()
}

fn read(reader: &mut Reader<'_, '_>) -> Option<Signed> {
    let outer = reader.only()?.constructed(0x30)?;
    let mut outer = reader.children(outer)?.into_iter();
    if outer.next()?.primitive(0x06)? != SIGNED_DATA {
        return None;
    }
    let explicit = outer.next()?.constructed(0xa0)?;
    let data = reader.children(explicit)?.into_iter().next()?.constructed(0x30)?;
    let fields = reader.children(data)?;
    // Version, digest algorithms, what was signed; then certificates, lists of revoked ones, signers.
    let [_, _, signed, rest @ ..] = fields.as_slice() else { return None };
    let signed = reader.children(signed.constructed(0x30)?)?;
    let content = match signed.get(1).and_then(|explicit| explicit.constructed(0xa0)) {
        Some(explicit) => {
            let inner = reader.children(explicit)?.into_iter().next()?;
            Some(reader.octet_string(inner)?)
        }
        None => None,
    };
    let certificates = rest.iter().find_map(|field| field.constructed(0xa0));
    let certificates = match certificates {
        Some(list) => {
            let list = reader.children(list)?;
            list.into_iter()
                .take(CERTIFICATES_MAX)
                .filter_map(|element| Certificate::read(reader, element))
                .collect()
        }
        None => Vec::new(),
    };
    let infos = rest.last().and_then(|last| last.constructed(0x31));
    let infos = infos.and_then(|list| reader.children(list)).unwrap_or_default();
    let mut signers: Vec<String> = Vec::new();
    for info in infos.into_iter().take(CERTIFICATES_MAX) {
        let name = signer(reader, info, &certificates).unwrap_or_default();
        if !name.is_empty() && !signers.contains(&name) {
            signers.push(name);
        }
    }
    Some(Signed { content, signers })
}

/// What is read of a certificate (RFC 5280 §4.1).
struct Certificate<'c> {
    serial: &'c [u8],
    issuer: &'c [u8],
    subject: String,
}

impl<'c> Certificate<'c> {
    fn read(reader: &mut Reader<'c, '_>, element: Element<'c>) -> Option<Self> {
        let signed = reader.children(element.constructed(0x30)?)?.into_iter().next()?;
        let mut fields = reader.children(signed.constructed(0x30)?)?.into_iter().peekable();
        fields.next_if(|version| version.constructed(0xa0).is_some());
        let serial = fields.next()?.primitive(0x02)?;
        let issuer = fields.nth(1)?.constructed(0x30)?;
        let subject = fields.nth(1)?.constructed(0x30)?;
        Some(Self { serial, issuer, subject: name(reader, subject)? })
    }
}

/// The name of a signer: by issuer and serial number, or that of the only certificate.
fn signer<'c>(
    reader: &mut Reader<'c, '_>,
    info: Element<'c>,
    certificates: &[Certificate<'c>],
) -> Option<String> {
    let fields = reader.children(info.constructed(0x30)?)?;
    let by_number = match fields.get(1)?.constructed(0x30) {
        Some(identifier) => {
            let identifier = reader.children(identifier)?;
            let [issuer, serial] = identifier.as_slice() else { return None };
            let (issuer, serial) = (issuer.constructed(0x30)?, serial.primitive(0x02)?);
            certificates.iter().find(|known| known.issuer == issuer && known.serial == serial)
        }
        None => None,
    };
    let found = match (by_number, certificates) {
        (Some(found), _) => Some(found),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.map(|certificate| certificate.subject.clone())
}

/// A distinguished name in one line: common name, address, organisation.
fn name<'c>(reader: &mut Reader<'c, '_>, sequence: &'c [u8]) -> Option<String> {
    let (mut common, mut email, mut organisation) = (String::new(), String::new(), String::new());
    for set in reader.children(sequence)? {
        let Some(set) = set.constructed(0x31) else { continue };
        for attribute in reader.children(set)? {
            let Some(attribute) = attribute.constructed(0x30) else { continue };
            let pair = reader.children(attribute)?;
            let [kind, value] = pair.as_slice() else { continue };
            let into = match kind.primitive(0x06) {
                Some(COMMON_NAME) => &mut common,
                Some(ORGANISATION) => &mut organisation,
                Some(EMAIL) => &mut email,
                Some(_) | None => continue,
            };
            *into = value.text().chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
        }
    }
    let pieces = [common, email, organisation];
    Some(pieces.into_iter().filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" / "))
}

#[cfg(test)]
mod tests;
