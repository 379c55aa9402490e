use super::*;
use crate::mime::EntityBody;
use policy::Limits;

/// What is written into a compound file.
pub(crate) enum Node {
    Storage(&'static str, Vec<Self>),
    Stream(String, Vec<u8>),
}

const FREE: u32 = 0xffff_ffff;
const END: u32 = 0xffff_fffe;

/// A compound file of sectors of 512 octets. Every stream lies in sectors of its own: filled up to the least size of
/// such streams, with zeros behind.
pub(crate) fn compound(children: Vec<Node>) -> Vec<u8> {
    let mut entries: Vec<Vec<u8>> = vec![entry("Root Entry", 5, END, 0)];
    let (mut sectors, mut table): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut waiting = vec![(0_usize, children)];
    while let Some((parent, children)) = waiting.pop() {
        let mut before: Option<usize> = None;
        for node in children {
            let number = entries.len();
            let link = u32::try_from(number).unwrap().to_le_bytes();
            match before {
                None => entries[parent][76..80].copy_from_slice(&link),
                Some(before) => entries[before][72..76].copy_from_slice(&link),
            }
            before = Some(number);
            match node {
                Node::Storage(name, children) => {
                    entries.push(entry(name, 1, 0, 0));
                    waiting.push((number, children));
                }
                Node::Stream(name, mut octets) => {
                    octets.resize(octets.len().max(4_096).next_multiple_of(512), 0);
                    let start = u32::try_from(table.len()).unwrap();
                    let count = u32::try_from(octets.len() / 512).unwrap();
                    table.extend((1..count).map(|next| start + next).chain([END]));
                    entries.push(entry(&name, 2, start, u32::try_from(octets.len()).unwrap()));
                    sectors.extend(octets);
                }
            }
        }
    }
    entries.resize(entries.len().next_multiple_of(4), vec![0; 128]);
    let directory = u32::try_from(table.len()).unwrap();
    let count = u32::try_from(entries.len() / 4).unwrap();
    table.extend((1..count).map(|next| directory + next).chain([END]));
    sectors.extend(entries.concat());
    let fat = u32::try_from(table.len()).unwrap();
    let fats = (table.len() + 100).div_ceil(128);
    table.resize(fats * 128, FREE);
    sectors.extend(table.iter().flat_map(|next| next.to_le_bytes()));
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(512, 0);
    header[26] = 3;
    header[30] = 9;
    header[48..52].copy_from_slice(&directory.to_le_bytes());
    header[60..64].copy_from_slice(&END.to_le_bytes());
    header[68..72].copy_from_slice(&END.to_le_bytes());
    header[76..512].fill(0xff);
    for number in 0..u32::try_from(fats).unwrap() {
        let at = 76 + usize::try_from(number).unwrap() * 4;
        header[at..at + 4].copy_from_slice(&(fat + number).to_le_bytes());
    }
    [header, sectors].concat()
}

fn entry(name: &str, kind: u8, start: u32, size: u32) -> Vec<u8> {
    let mut octets: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(octets.len() + 2).unwrap();
    octets.resize(128, 0);
    octets[64..66].copy_from_slice(&length.to_le_bytes());
    octets[66] = kind;
    octets[68..80].fill(0xff);
    octets[116..120].copy_from_slice(&start.to_le_bytes());
    octets[120..124].copy_from_slice(&size.to_le_bytes());
    octets
}

/// The stream of fixed properties: type, identifier, number.
fn fixed(header: usize, numbers: &[(u16, u16, u32)]) -> Node {
    let mut octets = vec![0; header];
    for (kind, property, number) in numbers {
        octets.extend(kind.to_le_bytes());
        octets.extend(property.to_le_bytes());
        octets.extend([6, 0, 0, 0]);
        octets.extend(u64::from(*number).to_le_bytes());
    }
    Node::Stream(PROPERTIES.to_owned(), octets)
}

fn narrow(property: u16, octets: &[u8]) -> Node {
    Node::Stream(format!("__substg1.0_{property:04X}001E"), octets.to_vec())
}

/// A mail in CP932 to one person, with a file and a mail inside.
fn sample() -> Vec<u8> {
    let inner = vec![fixed(24, &[(3, id::MESSAGE_CODE_PAGE, 932)]), narrow(id::SUBJECT, b"inner")];
    compound(vec![
        fixed(32, &[(3, id::MESSAGE_CODE_PAGE, 932)]),
        narrow(id::SUBJECT, b"\x8c\x8f\x96\xbc"),
        narrow(id::BODY, b"\x96{\x95\xb6"),
        narrow(id::SENDER_NAME, b"\x8eR\x93c"),
        narrow(id::SENDER_SMTP, b"yamada@example.jp"),
        Node::Storage(
            "__recip_version1.0_#00000000",
            vec![
                fixed(8, &[(3, id::RECIPIENT_TYPE, 1)]),
                narrow(id::DISPLAY_NAME, b"\x97\xe9\x96\xd8"),
                narrow(id::SMTP_ADDRESS, b"suzuki@example.jp"),
            ],
        ),
        Node::Storage(
            "__attach_version1.0_#00000000",
            vec![
                fixed(8, &[(3, id::ATTACH_METHOD, 1)]),
                narrow(id::ATTACH_LONG_FILE_NAME, b"\x88\xea\x97\x97.txt"),
                Node::Stream("__substg1.0_37010102".to_owned(), b"content".to_vec()),
            ],
        ),
        Node::Storage(
            "__attach_version1.0_#00000001",
            vec![fixed(8, &[(3, id::ATTACH_METHOD, 5)]), Node::Storage(EMBEDDED, inner)],
        ),
    ])
}

fn run_with(octets: &[u8], limits: Limits) -> Result<Entity, FindingCode> {
    read(octets, PartPath::root().child(1), &mut Budget::new(&limits), &mut Findings::new())
}

#[test]
fn a_japanese_mail_is_read_with_what_it_holds() {
    let root = run_with(&sample(), Limits::STANDARD).unwrap();
    let from = mail::header::mailboxes(root.field("From").unwrap()).list;
    assert_eq!((from[0].display_name.as_str(), from[0].addr_spec.as_str()), ("山田", "yamada@example.jp"));
    let to = mail::header::mailboxes(root.field("To").unwrap()).list;
    assert_eq!((to[0].display_name.as_str(), to[0].addr_spec.as_str()), ("鈴木", "suzuki@example.jp"));
    assert_eq!(mail::header::text(root.field("Subject").unwrap()).text, "件名");
    let EntityBody::Multipart(children) = &root.body else { panic!("{root:?}") };
    let [text, file, inner] = children.as_slice() else { panic!("{children:?}") };
    assert_eq!(text.parameters.charset.as_deref(), Some("shift_jis"));
    assert!(matches!(&text.body, EntityBody::Leaf(octets) if octets == b"\x96{\x95\xb6"));
    assert!(matches!(&file.body, EntityBody::Leaf(octets) if octets.starts_with(b"content")));
    assert_eq!(
        file.field("Content-Disposition").unwrap(),
        b"attachment; filename*=UTF-8''%E4%B8%80%E8%A6%A7%2Etxt"
    );
    assert!(matches!(&inner.body, EntityBody::Message(_)));
}

#[test]
fn a_ring_of_sectors_ends() {
    let mut octets = sample();
    let fat = octets.len() - 512;
    for at in (fat..octets.len()).step_by(4) {
        octets[at..at + 4].copy_from_slice(&0_u32.to_le_bytes());
    }
    // Whatever is read of it: it comes to an end, and within the budget.
    let limits = Limits { unpacked_octets: 1 << 20, nodes: 10_000, ..Limits::STANDARD };
    drop(run_with(&octets, limits));
}

#[test]
fn limits_are_verdicts() {
    let cases = [
        (Limits { unpacked_octets: 10_000, ..Limits::STANDARD }, FindingCode::LimitUnpackedOctets),
        (Limits { nodes: 5, ..Limits::STANDARD }, FindingCode::LimitNodes),
        (Limits { parts: 2, ..Limits::STANDARD }, FindingCode::LimitParts),
        (Limits { mime_depth: 1, ..Limits::STANDARD }, FindingCode::LimitMimeDepth),
    ];
    let mut ran = 0;
    for (limits, code) in cases {
        assert_eq!(run_with(&sample(), limits).err(), Some(code));
        ran += 1;
    }
    assert_eq!(ran, 4);
}

#[test]
fn no_cut_and_no_flipped_octet_breaks_it() {
    let octets = sample();
    let header_and_tables = (0..512).chain(octets.len() - 7_000..octets.len());
    let mut ran = 0;
    for place in header_and_tables.step_by(3) {
        drop(run_with(&octets[..place], Limits::STANDARD));
        let mut flipped = octets.clone();
        flipped[place] ^= 0xff;
        drop(run_with(&flipped, Limits::STANDARD));
        ran += 1;
    }
    assert!(ran > 2_000, "{ran}");
}
