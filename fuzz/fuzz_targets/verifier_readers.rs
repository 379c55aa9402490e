//! Any octets before every reader of the verifier: no panic, bounded objections, and what passes is given out as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::{DateTime, MediaType, Stamp};
use sha2::{Digest, Sha256};
use verifier::{BinaryPart, DecodeLimits, Expected, ExpectedPart, decode_all};

const LIMITS: DecodeLimits =
    DecodeLimits { image_px: 1 << 20, pages: 20, ..DecodeLimits::of(&policy::Limits::STANDARD) };
const FILES: &[(&str, &str, Option<&str>)] = &[
    ("a.txt", "text/plain", Some("UTF-8")),
    ("a.txt", "text/plain", Some("Shift_JIS")),
    ("a.txt", "text/plain", Some("EUC-JP")),
    ("a.txt", "text/plain", Some("ISO-2022-JP")),
    ("a.csv", "text/csv", Some("UTF-8")),
    ("a.json", "application/json", None),
    ("a.xml", "application/xml", None),
    ("a.ics", "text/calendar", None),
    ("a.vcf", "text/vcard", None),
    ("a.png", "image/png", None),
    ("a.jpg", "image/jpeg", None),
    ("a.pdf", "application/pdf", None),
    ("a.zip", "application/zip", None),
    ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", None),
    ("a.odt", "application/vnd.oasis.opendocument.text", None),
];

fuzz_target!(|octets: &[u8]| {
    let Some((choice, octets)) = octets.split_first() else { return };
    match FILES.get(usize::from(*choice) % (FILES.len() + 1)) {
        Some((name, media_type, charset)) => file(octets, name, media_type, *charset),
        None => message(octets),
    }
});

fn file(octets: &[u8], name: &str, media_type: &'static str, charset: Option<&str>) {
    let expected = ExpectedPart {
        name: name.to_owned(),
        media_type: MediaType::known(media_type),
        size_octets: octets.len() as u64,
        sha256: policy::Sha256(Sha256::digest(octets).into()),
    };
    let mut decoder = |parts: &[BinaryPart]| Ok(decode_all(parts, &LIMITS));
    match verifier::file(octets.to_vec(), charset, &expected, &LIMITS, &mut decoder) {
        Ok(clean) => assert_eq!(clean.octets(), octets),
        Err(refusal) => assert!(!refusal.objections.is_empty() && refusal.objections.len() <= 100),
    }
}

fn message(octets: &[u8]) {
    let expected = Expected {
        stamp: Stamp {
            queue_id: "Q".to_owned(),
            received: "r".to_owned(),
            authentication_results: None,
            accepted: DateTime::utc(0),
            own_message_id: "q@x".to_owned(),
        },
        from: Vec::new(),
        subject: String::new(),
        date: None,
        above: String::new(),
        below: String::new(),
        parts: Vec::new(),
        output_octets_max: 1 << 20,
        image_px_max: LIMITS.image_px,
        pages_max: LIMITS.pages,
    };
    match verifier::message(octets.to_vec(), &expected, &mut |_| Ok(Vec::new())) {
        Ok(clean) => assert_eq!(clean.octets(), octets),
        Err(refusal) => assert!(!refusal.objections.is_empty() && refusal.objections.len() <= 100),
    }
}
