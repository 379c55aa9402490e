//! The table of ambiguities against its fixtures, the limits, and real mail.

use super::*;
use fixtures::mime::{
    Expect, MARKER, MimeCase, cases, flat_parts, many_fields, nested_messages, nested_multiparts,
};
use policy::{FindingCode, Limits};
use std::{collections::BTreeMap, path::PathBuf, time::Instant};

fn read_with(octets: &[u8], limits: &Limits) -> Result<Message, FindingCode> {
    read(octets, &mut Budget::new(limits))
}

fn is_refused(entity: &Entity) -> bool {
    matches!(entity.body, EntityBody::Refused(_))
}

fn leaves(message: &Message) -> Vec<(&Entity, &[u8])> {
    let mut found = Vec::new();
    for entity in message.entities() {
        if let EntityBody::Leaf(octets) = &entity.body {
            found.push((entity, octets.as_slice()));
        }
    }
    found
}

fn holds_marker(octets: &[u8]) -> bool {
    octets.windows(MARKER.len()).any(|window| window == MARKER)
}

fn check(case: &MimeCase) -> Result<(), String> {
    let message = read_with(&case.octets, &Limits::STANDARD).map_err(|code| code.name().to_owned())?;
    let mut noted: Vec<&str> =
        message.entities().flat_map(|e| &e.ambiguities).map(|row| row.name()).collect();
    if leaves(&message).iter().any(|(_, octets)| !embedded::find(&String::from_utf8_lossy(octets)).is_empty())
    {
        noted.push(Ambiguity::EncodedInText.name());
    }
    if let Some(missing) = case.rows.iter().find(|row| !noted.contains(row)) {
        return Err(format!("{missing} not among {noted:?}"));
    }
    let refused = message.entities().any(is_refused);
    let found = leaves(&message);
    let right = match &case.expect {
        Expect::Removed => refused && !found.iter().any(|(_, octets)| holds_marker(octets)),
        Expect::Read(wanted) => {
            !refused && found.iter().any(|(_, octets)| octets.trim_ascii() == wanted.trim_ascii())
        }
        Expect::Inert => !refused && !found.iter().any(|(_, octets)| octets.starts_with(MARKER)),
        Expect::Held => message.hold().is_some(),
    };
    let seen: Vec<_> =
        found.iter().map(|(e, o)| format!("{} {} {}", e.path, e.media_type, o.escape_ascii())).collect();
    if right { Ok(()) } else { Err(format!("{:?} refused={refused} {noted:?} {seen:#?}", case.expect)) }
}

#[test]
fn every_case_becomes_what_it_must() {
    let all = cases();
    let wrong: Vec<String> =
        all.iter().filter_map(|case| Some(format!("{}: {}", case.name, check(case).err()?))).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(all.len() >= 180, "{} cases", all.len());
}

#[test]
fn every_row_has_a_case_and_gets_its_verdict() {
    let all = cases();
    for row in Ambiguity::ALL {
        let with_row: Vec<_> = all.iter().filter(|case| case.rows.contains(&row.name())).collect();
        assert!(!with_row.is_empty(), "{} has no case", row.name());
        for case in with_row {
            let fits = match row.verdict() {
                AmbiguityVerdict::Remove => case.expect == Expect::Removed,
                AmbiguityVerdict::Hold => case.expect == Expect::Held,
                AmbiguityVerdict::Repair => true,
            };
            assert!(fits, "{} in {}", row.name(), case.name);
        }
    }
}

/// In every order of CR and LF the program is either found as a file, or the part that holds it is refused, or every
/// reader ends the header section there and sees base64 text.
#[test]
fn no_order_of_cr_and_lf_hides_a_file() {
    let orders = fixtures::mime::line_end_orders();
    for (name, octets) in &orders {
        let message = read_with(octets, &Limits::STANDARD).unwrap();
        let read = leaves(&message).iter().any(|(_, octets)| *octets == MARKER);
        let refused = message.entities().any(is_refused);
        let ends = name.replace("\\r\\n", "\\n").contains("\\n\\n");
        assert!(read != refused || (ends && !read), "{name}: read {read}, refused {refused}: {message:#?}");
    }
    assert_eq!(orders.len(), 60);
}

/// A limit, octets that meet it and octets that pass it by one, and the code for the latter.
#[test]
fn limits_are_met_exactly_and_passed_by_one() {
    let standard = Limits::STANDARD;
    let size = |fields: usize| u64::try_from(fields * b"X-A: b\r\n".len()).unwrap();
    let cases = [
        (
            Limits { mime_depth: 5, ..standard },
            nested_messages(4),
            nested_messages(5),
            FindingCode::LimitMimeDepth,
        ),
        (
            Limits { mime_depth: 5, ..standard },
            nested_multiparts(4),
            nested_multiparts(5),
            FindingCode::LimitMimeDepth,
        ),
        (standard, nested_messages(19), nested_messages(20), FindingCode::LimitMimeDepth),
        (standard, flat_parts(999), flat_parts(1_000), FindingCode::LimitParts),
        (standard, many_fields(2_000), many_fields(2_001), FindingCode::LimitHeader),
        (
            Limits { header_octets: size(9), ..standard },
            many_fields(9),
            many_fields(10),
            FindingCode::LimitHeader,
        ),
    ];
    let mut ran = 0;
    for (limits, met, passed, code) in cases {
        assert!(!read_with(&met, &limits).unwrap().entities().any(is_refused), "{code:?}");
        let found = match read_with(&passed, &limits) {
            Err(found) => vec![found],
            Ok(message) => message
                .entities()
                .filter_map(|e| if let EntityBody::Refused(code) = e.body { Some(code) } else { None })
                .collect(),
        };
        assert_eq!(found, [code]);
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn the_parts_around_a_refused_one_are_read() {
    let text = "--A\r\n\r\nfirst\r\n--A\r\n".to_owned()
        + &String::from_utf8(flat_parts(2_000)).unwrap()
        + "\r\n--A\r\n\r\nlast\r\n--A--\r\n";
    let text = format!(
        "Content-Type: multipart/mixed; boundary=A\r\n\r\n{}",
        text.replacen("From: ", "Content-Type: message/rfc822\r\n\r\nFrom: ", 1)
    );
    let message = read_with(text.as_bytes(), &Limits::STANDARD).unwrap();
    let found: Vec<_> =
        leaves(&message).iter().map(|(e, octets)| (e.path.to_string(), octets.to_vec())).collect();
    assert_eq!(found, [("1.1".into(), b"first".to_vec()), ("1.3".into(), b"last".to_vec())]);
    let refused: Vec<_> = message.entities().filter(|e| is_refused(e)).map(|e| e.path.to_string()).collect();
    assert_eq!(refused, ["1.2.1"]);
}

#[test]
fn large_structures_are_bounded() {
    let cases = [
        nested_messages(20_000),
        nested_messages(200_000),
        nested_multiparts(20_000),
        flat_parts(100_000),
        many_fields(200_000),
        [b"Content-Type: text/plain; ".to_vec(), b"a=b; ".repeat(100_000), b"\r\n\r\n".to_vec()].concat(),
        b"-".repeat(5_000_000),
        b"\r\n--".repeat(1_000_000),
        b"Content-Type: multipart/mixed; boundary=-\r\n\r\n"
            .iter()
            .copied()
            .chain(b"---\r\n".repeat(500_000))
            .collect(),
    ];
    let mut ran = 0;
    for octets in cases {
        let before = Instant::now();
        let entities = read_with(&octets, &Limits::STANDARD).map(|message| message.entities().count());
        assert!(entities.is_err() || entities.is_ok_and(|count| count <= 1_000));
        println!("{} octets in {:?}", octets.len(), before.elapsed());
        ran += 1;
    }
    assert_eq!(ran, 9);
}

#[test]
fn paths_are_numbered_from_the_root() {
    let text = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\na\r\n--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nb\r\n--B--\r\n";
    let message = read_with(text, &Limits::STANDARD).unwrap();
    let paths: Vec<_> = message.entities().map(|e| format!("{} {}", e.path, e.media_type)).collect();
    assert_eq!(paths, ["1 multipart/mixed", "1.1 text/plain", "1.2 message/rfc822", "1.2.1 text/plain"]);
}

/// An .eml file far down in the tree does not start counting anew.
#[test]
fn a_message_inside_counts_its_depth_from_the_root() {
    let limits = Limits { mime_depth: 3, ..Limits::STANDARD };
    let at =
        |levels| read_below(&nested_messages(levels), PartPath::root().child(2), &mut Budget::new(&limits));
    assert_eq!(at(0).unwrap().root.path.to_string(), "1.2");
    assert!(!at(1).unwrap().entities().any(is_refused));
    assert!(at(2).unwrap().entities().any(is_refused));
    let deep = PartPath::root().child(1).child(1).child(1);
    assert_eq!(
        read_below(b"A: b", deep, &mut Budget::new(&limits)).unwrap_err(),
        FindingCode::LimitMimeDepth
    );
}

/// Cutting a case anywhere, or flipping an octet, neither panics nor breaks the budget.
#[test]
fn damaged_cases_are_read_or_refused() {
    let mut ran = 0_usize;
    for case in cases().iter().filter(|case| case.octets.len() < 2_000) {
        for at in (0..case.octets.len()).step_by(13) {
            let mut flipped = case.octets.clone();
            flipped[at] ^= 0x21;
            for octets in [&case.octets[..at], &flipped] {
                let read = read_with(octets, &Limits { parts: 8, mime_depth: 4, ..Limits::STANDARD });
                assert!(read.map_or(0, |message| message.entities().count()) <= 8);
                ran += 1;
            }
        }
    }
    assert!(ran > 10_000, "{ran} runs");
}

/// Lines thrown together: the tree keeps to the budget, paths are sound and unique, and nothing grows.
#[test]
fn lines_thrown_together_are_read() {
    const LINES: [&str; 24] = [
        "",
        "",
        "\r",
        " ",
        "--B",
        "--B--",
        "--C",
        "--C--",
        "--BC",
        "Content-Type: multipart/mixed; boundary=B",
        "Content-Type: multipart/alternative; boundary=\"C\"",
        "Content-Type: multipart/digest; boundary=BC",
        "Content-Type: message/rfc822",
        "Content-Type: text/plain",
        "Content-Type: application/zip; name=a.zip",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding: x-uuencode",
        "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KDQpTdWJqZWN0OiB4DQoNCg==",
        "begin 644 a",
        "#0V%T",
        "=3D=",
        "junk",
        "\tfolded",
    ];
    let mut seed = 0x2545_f491_u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(seed >> 8).unwrap() % below
    };
    let mut refused = 0_usize;
    for _ in 0..4_000 {
        let mut text = String::new();
        for _ in 0..next(40) {
            text.push_str(LINES[next(LINES.len())]);
            text.push_str(["\r\n", "\r\n", "\r\n", "\n", "\r"][next(5)]);
        }
        let limits = Limits { parts: 12, mime_depth: 5, ..Limits::STANDARD };
        let message = read_with(text.as_bytes(), &limits).unwrap();
        let paths: Vec<_> = message.entities().map(|entity| &entity.path).collect();
        assert!(
            paths.len() <= 12 && paths.is_sorted() && paths.iter().all(|path| path.depth() <= 5),
            "{text}"
        );
        assert!(
            leaves(&message).iter().map(|(_, octets)| octets.len()).sum::<usize>() <= text.len(),
            "{text}"
        );
        refused += usize::from(message.entities().any(is_refused));
    }
    assert!((500..3_500).contains(&refused), "{refused} of 4000 refused");
}

/// Real mail. `SEKISHO_CORPUS` or `../shared/corpus` beside the repository.
#[test]
fn real_mail_is_read() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from).join("mail");
    let mut open = vec![root.clone()];
    let mut refused = BTreeMap::new();
    let mut ran = 0;
    let before = Instant::now();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                let message = read_with(&std::fs::read(&path).unwrap(), &Limits::STANDARD).unwrap();
                for entity in message.entities().filter(|e| is_refused(e)) {
                    *refused.entry(format!("{:?}", entity.ambiguities)).or_insert(0) += 1;
                }
                ran += 1;
            }
        }
    }
    if ran == 0 {
        println!("no corpus at {}: nothing was tried", root.display());
        return;
    }
    println!("{ran} messages in {:?}; refused: {refused:#?}", before.elapsed());
    assert!(ran >= 500, "{ran} messages");
    assert!(refused.values().sum::<usize>() <= 24, "{refused:#?}");
}
