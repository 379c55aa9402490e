//! Every header field and every text of the corpus mails goes through the decoders: no panic, nothing of control
//! characters left, and what is composed of it is a sound message.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "helpers of a test may fail like the test itself"
)]

use mail::{DateTime, Draft, Fields, Framing, Stamp, charset, compose, header};
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from).join("mail");
    root.is_dir().then_some(root)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Header fields of a message, cut without any understanding.
fn fields(octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    for line in octets.split(|o| *o == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), fields.last_mut()) {
            (None, _) => break,
            (Some(b' ' | b'\t'), Some((_, value))) => {
                value.extend_from_slice(b"\r\n");
                value.extend_from_slice(line);
            }
            _ => {
                if let Some(colon) = line.iter().position(|o| *o == b':') {
                    let name = String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase();
                    fields.push((name, line[colon + 1..].to_vec()));
                }
            }
        }
    }
    fields
}

fn assert_one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn check(octets: &[u8]) -> usize {
    let fields = fields(octets);
    let mut decoded = Fields::default();
    for (name, raw) in &fields {
        let text = header::text(raw).text;
        assert_one_line(&text);
        let list = header::mailboxes(raw).list;
        list.iter().for_each(|m| assert_one_line(&m.display_name));
        for parameter in header::parameterised(raw).parameters {
            parameter.candidates.iter().for_each(|value| {
                assert_one_line(value);
                assert_one_line(&mail::file_name(value, "pdf").name);
            });
        }
        match name.as_str() {
            "subject" => decoded.subject = text,
            "from" => decoded.from = list,
            "to" => decoded.to = list,
            "references" => decoded.references = header::message_ids(raw).ids,
            _ => {}
        }
    }
    for label in [None, Some("iso-2022-jp"), Some("shift_jis"), Some("euc-jp"), Some("utf-8"), Some("utf-16")]
    {
        assert!(charset::decode(octets, label).text.len() <= octets.len() * 3 + 3);
    }
    let stamp = Stamp {
        queue_id: "Q1".to_owned(),
        received: "by x; Fri, 20 Nov 2026 09:00:00 +0900".to_owned(),
        authentication_results: None,
        accepted: DateTime::utc(1_795_132_800),
        own_message_id: "own@id".to_owned(),
    };
    let draft = Draft { fields: decoded, ..Draft::default() };
    let composed = compose(&draft, &stamp, &Framing::default());
    assert!(composed.octets.is_ascii());
    let written = self::fields(&composed.octets);
    let value = |name: &str| {
        written.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(header::text(&value("subject")).text, composed.fields.subject);
    assert_eq!(header::mailboxes(&value("from")).list, composed.fields.from);
    assert_eq!(header::mailboxes(&value("to")).list, composed.fields.to);
    assert_eq!(header::message_ids(&value("references")).ids, composed.fields.references);
    fields.len()
}

#[test]
fn corpus_mails_are_decoded_and_composed() {
    let Some(root) = corpus() else {
        println!("no corpus here: nothing was tried");
        return;
    };
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut number = 0;
    for path in &paths {
        let octets = std::fs::read(path).unwrap();
        number += check(&octets[..octets.len().min(300_000)]);
    }
    println!("{} mails, {number} fields", paths.len());
    assert!(paths.len() >= 500 && number >= 5_000);
}
