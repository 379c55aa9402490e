//! The sound draft, its stamp, and small writers that know nothing of the real ones.

use mail::compose::{Framing, compose};
use mail::{Attachment, DateTime, Draft, Fields, MediaType, MessageId, NamedMailbox, PartPath, Stamp};
use sha2::{Digest, Sha256};
use verifier::{DecodeLimits, Expected, ExpectedPart, Objection, decode_all};

/// A hostile draft on the wire, with what is expected of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) expected: Expected,
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        queue_id: "Q4Kb1x".to_owned(),
        received:
            "from mx.example.jp ([192.0.2.1]) by gw.example.lg.jp with ESMTPS id Q4Kb1x; Fri, 20 Nov 2026 \
                   09:00:00 +0900"
                .to_owned(),
        authentication_results: Some("gw.example.lg.jp; spf=fail smtp.mailfrom=example.jp".to_owned()),
        accepted: DateTime { unix_s: 1_795_132_800, offset_min: 540 },
        own_message_id: "Q4Kb1x@gw.example.lg.jp".to_owned(),
    }
}

pub(crate) fn attachment(
    name: &str,
    media_type: &'static str,
    charset: Option<&str>,
    octets: &[u8],
) -> Attachment {
    Attachment {
        path: PartPath::root(),
        name: name.to_owned(),
        media_type: MediaType::known(media_type),
        charset: charset.map(str::to_owned),
        octets: octets.to_vec(),
    }
}

fn mailbox(display_name: &str, addr_spec: &str) -> NamedMailbox {
    NamedMailbox { display_name: display_name.to_owned(), addr_spec: addr_spec.to_owned() }
}

/// Text, a table, pictures and a document.
pub(crate) fn draft() -> Draft {
    Draft {
        fields: Fields {
            from: vec![mailbox("山田 太郎", "yamada@example.jp")],
            to: vec![mailbox("Office", "office@example.lg.jp")],
            subject: "見積書の送付について".to_owned(),
            date: Some(DateTime { unix_s: 1_795_132_000, offset_min: 540 }),
            message_id: MessageId::new("a.b@example.jp"),
            importance: Some(mail::Importance::High),
            received: vec![Some(DateTime { unix_s: 1_795_131_000, offset_min: 540 })],
            ..Fields::default()
        },
        text: "Dear all,\nplease find the estimate attached.\n".to_owned(),
        attachments: vec![
            attachment("table.csv", "text/csv", Some("UTF-8"), b"a,b\r\n1,-2\r\n"),
            attachment("picture.png", "image/png", None, &png(&[])),
            attachment("photo.jpg", "image/jpeg", None, &jpeg()),
            attachment("見積書.pdf", "application/pdf", None, &crate::document::sound()),
        ],
    }
}

/// Composes and says of the result what the gateway would expect.
pub(crate) fn composed(draft: &Draft, stamp: &Stamp) -> (Vec<u8>, Expected) {
    framed(draft, stamp, &Framing::default())
}

/// Likewise, with what the gateway says around the text.
pub(crate) fn framed(draft: &Draft, stamp: &Stamp, framing: &Framing) -> (Vec<u8>, Expected) {
    let composed = compose(draft, stamp, framing);
    let part = |part: &mail::compose::ComposedPart<'_>| ExpectedPart {
        name: part.name.clone(),
        media_type: part.media_type.clone(),
        size_octets: part.octets.len() as u64,
        sha256: policy::Sha256(Sha256::digest(&part.octets).into()),
    };
    let expected = Expected {
        stamp: stamp.clone(),
        from: composed.fields.from.clone(),
        subject: composed.fields.subject.clone(),
        date: composed.fields.date,
        above: composed.above.clone(),
        below: composed.below.clone(),
        parts: composed.parts.iter().map(part).collect(),
        output_octets_max: 20 << 20,
        image_px_max: 50_000_000,
        pages_max: 10,
    };
    (composed.octets, expected)
}

/// The objections against it.
pub(crate) fn refusal(octets: Vec<u8>, expected: &Expected) -> Option<Vec<Objection>> {
    let limits = DecodeLimits {
        image_px: expected.image_px_max,
        pages: expected.pages_max,
        ..DecodeLimits::of(&policy::Limits::STANDARD)
    };
    let mut decoder = |parts: &[verifier::BinaryPart]| Ok(decode_all(parts, &limits));
    verifier::message(octets, expected, &mut decoder).err().map(|refusal| refusal.objections)
}

/// The case that `draft` makes when nobody else lies.
pub(crate) fn of_draft(name: &str, draft: &Draft) -> Case {
    let (octets, expected) = composed(draft, &stamp());
    Case { name: name.to_owned(), octets, expected }
}

/// The sound draft with one more attachment.
pub(crate) fn with_part(name: &str, attachment: Attachment) -> Case {
    let mut hostile = draft();
    hostile.attachments.push(attachment);
    of_draft(name, &hostile)
}

/// A zlib stream of one stored block.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut pieces = data.chunks(60_000).peekable();
    if data.is_empty() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(piece) = pieces.next() {
        let length = piece.len() as u16;
        out.push(u8::from(pieces.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(piece);
    }
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), octet| {
        let a = (a + u32::from(*octet)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

pub(crate) fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let covered = [&kind[..], body].concat();
    [&(body.len() as u32).to_be_bytes()[..], &covered, &crc(&covered).to_be_bytes()].concat()
}

/// CRC-32 as in PNG and ZIP.
pub(crate) fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) fn ihdr(width: u32, height: u32, rest: [u8; 5]) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat())
}

/// 4 × 2 RGB; `extra` stands before the data.
pub(crate) fn png(extra: &[u8]) -> Vec<u8> {
    let row = [0u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let data = chunk(b"IDAT", &zlib(&[row, row].concat()));
    [PNG, &ihdr(4, 2, [8, 2, 0, 0, 0]), extra, &data, &chunk(b"IEND", &[])].concat()
}

/// 16 × 8, grey, flat.
pub(crate) fn jpeg() -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x02\x01\x00\x48\x00\x48\x00\x00".to_vec();
    out.extend([0xff, 0xdb, 0, 67, 0]);
    out.extend([1; 64]);
    out.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
    out.extend([0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0, 0b0000_1111, 0xff, 0xd9]);
    out
}

/// `octets` with the first `from` replaced.
pub(crate) fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = octets.windows(from.len()).position(|window| window == from);
    let at = at.unwrap_or_else(|| panic!("{:?} is not there", String::from_utf8_lossy(from)));
    [&octets[..at], to, &octets[at + from.len()..]].concat()
}
