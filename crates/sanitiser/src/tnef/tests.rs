use super::*;
use crate::mime::EntityBody;
use policy::Limits;

fn attribute(level: u8, name: u16, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![level];
    octets.extend(name.to_le_bytes());
    octets.extend([6, 0]);
    octets.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    octets.extend(data);
    let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    octets.extend(sum.to_le_bytes());
    octets
}

fn stream(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = SIGNATURE.to_vec();
    octets.extend([1, 0]);
    octets.extend(attributes.concat());
    octets
}

/// A list of properties: type, identifier, value without its length.
fn list(entries: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut octets = u32::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    for (kind, property, value) in entries {
        octets.extend(kind.to_le_bytes());
        octets.extend(property.to_le_bytes());
        if matches!(kind, 0x0d | 0x1e | 0x1f | 0x102) {
            octets.extend(1_u32.to_le_bytes());
            octets.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        octets.extend(*value);
        octets.resize(octets.len().next_multiple_of(4), 0);
    }
    octets
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A mail in CP932 with a file and a mail inside.
fn sample() -> Vec<u8> {
    let inner = stream(&[attribute(1, attribute::SUBJECT, b"inner\0"), attribute(1, 0x800c, b"within\0")]);
    let object = [IS_MESSAGE.as_slice(), &inner].concat();
    stream(&[
        attribute(1, attribute::CODE_PAGE, &[932_u32.to_le_bytes(), [0; 4]].concat()),
        attribute(1, attribute::SUBJECT, b"\x8c\x8f\x96\xbc\0"),
        attribute(1, attribute::BODY, b"\x96{\x95\xb6\r\n\0"),
        attribute(1, attribute::PROPERTIES, &list(&[(0x0003, 0x0e17, &[1, 0, 0, 0])])),
        attribute(2, attribute::ATTACH_START, &[0; 14]),
        attribute(2, attribute::ATTACH_TITLE, b"short.txt\0"),
        attribute(2, attribute::ATTACH_DATA, b"content"),
        attribute(
            2,
            attribute::ATTACH_PROPERTIES,
            &list(&[(0x1f, id::ATTACH_LONG_FILE_NAME, &utf16("一覧.txt")), (0x1002, 0x1234, &[0; 4])]),
        ),
        attribute(2, attribute::ATTACH_START, &[0; 14]),
        attribute(2, attribute::ATTACH_PROPERTIES, &list(&[(0x0d, id::ATTACH_DATA, &object)])),
    ])
}

fn run_with(octets: &[u8], limits: Limits) -> (Result<Entity, FindingCode>, Findings) {
    let mut findings = Findings::new();
    let read = read(octets, PartPath::root().child(1), &mut Budget::new(&limits), &mut findings);
    (read, findings)
}

#[test]
fn a_mail_of_outlook_is_read_with_what_it_holds() {
    let (read, findings) = run_with(&sample(), Limits::STANDARD);
    let root = read.unwrap();
    let EntityBody::Multipart(children) = &root.body else { panic!("{root:?}") };
    let [text, file, mail] = children.as_slice() else { panic!("{children:?}") };
    let EntityBody::Leaf(body) = &text.body else { panic!("{text:?}") };
    assert_eq!(body, b"\x96{\x95\xb6\r\n");
    assert_eq!(text.parameters.charset.as_deref(), Some("shift_jis"));
    assert!(matches!(&file.body, EntityBody::Leaf(octets) if octets == b"content"));
    let name = file.field("Content-Disposition").unwrap();
    assert_eq!(name, "attachment; filename*=UTF-8''%E4%B8%80%E8%A6%A7%2Etxt".as_bytes());
    let EntityBody::Message(inner) = &mail.body else { panic!("{mail:?}") };
    assert_eq!(inner.path, PartPath::root().child(1).child(3).child(1));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_stream_that_breaks_off_keeps_what_was_read() {
    let octets = sample();
    let (read, findings) = run_with(&octets[..octets.len() - 30], Limits::STANDARD);
    assert!(read.is_ok() && findings.has(FindingCode::ContainerIncomplete));
    assert_eq!(
        run_with(b"\x78\x9f\x3e\x22\0\0\x01", Limits::STANDARD).0.err(),
        Some(FindingCode::Unreadable)
    );
}

#[test]
fn mails_in_mails_are_bounded() {
    let nest = |depth: usize| {
        let mut octets = stream(&[attribute(1, 0x800c, b"a\0")]);
        for _ in 0..depth {
            let object = [IS_MESSAGE.as_slice(), &octets].concat();
            let attachment = list(&[(0x0d, id::ATTACH_DATA, &object)]);
            octets = stream(&[attribute(2, 0x9002, &[0; 14]), attribute(2, 0x9005, &attachment)]);
        }
        octets
    };
    assert!(run_with(&nest(DEPTH_MAX), Limits::STANDARD).0.is_ok());
    let deeper = run_with(&nest(DEPTH_MAX + 1), Limits::STANDARD).0;
    assert_eq!(deeper.err(), Some(FindingCode::LimitMimeDepth));
}

#[test]
fn limits_are_verdicts() {
    let cases = [
        (Limits { unpacked_octets: 10, ..Limits::STANDARD }, FindingCode::LimitUnpackedOctets),
        (Limits { nodes: 5, ..Limits::STANDARD }, FindingCode::LimitNodes),
        (Limits { parts: 2, ..Limits::STANDARD }, FindingCode::LimitParts),
    ];
    let mut ran = 0;
    for (limits, code) in cases {
        assert_eq!(run_with(&sample(), limits).0.err(), Some(code));
        ran += 1;
    }
    assert_eq!(ran, 3);
}

#[test]
fn no_cut_and_no_flipped_octet_breaks_it() {
    let octets = sample();
    for place in 0..octets.len() {
        drop(run_with(&octets[..place], Limits::STANDARD));
        for bits in [0xff, 0x80, 0x01] {
            let mut flipped = octets.clone();
            flipped[place] ^= bits;
            drop(run_with(&flipped, Limits::STANDARD));
        }
    }
    assert!(octets.len() > 300);
}
