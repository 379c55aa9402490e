//! Every fixture through the real binary: jail, verifier, report. What each declares must come out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

mod common;

use common::{BINARY, folder, holds, layer};
use fixtures::mime::{Expect, MARKER};
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path, process::Command};

/// Writes the inputs, sanitises them in one run into `out`, and gives the line of each. `limits` is TOML.
fn sanitise<'a>(
    folder: &Path,
    limits: &str,
    inputs: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<Value> {
    let paths = inputs.into_iter().map(|(name, octets)| {
        let path = folder.join(name);
        std::fs::write(&path, octets).unwrap();
        path
    });
    let paths: Vec<_> = paths.collect();
    let out = folder.join("out");
    // A machine under load must not make a verdict out of its own slowness.
    let config = folder.join("sekisho.toml");
    std::fs::write(&config, format!("[limits]\nchild_wall = \"900 s\"\n{limits}")).unwrap();
    let ran = Command::new(BINARY)
        .args(["sanitise", "--report", "json", "--out"])
        .arg(&out)
        .arg("--config")
        .arg(&config)
        .args(&paths)
        .output()
        .unwrap();
    assert!(
        matches!(ran.status.code(), Some(0 | 2)),
        "{}: {}",
        ran.status,
        String::from_utf8_lossy(&ran.stderr)
    );
    let lines = String::from_utf8(ran.stdout).unwrap();
    let reports: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), paths.len(), "a line for each input");
    reports
}

/// Codes of the findings of some parts, their reasons included.
fn codes(parts: &[Value]) -> BTreeSet<&str> {
    let findings = parts.iter().flat_map(|part| part["findings"].as_array().unwrap());
    let reasons = parts.iter().filter_map(|part| part["reason"].as_str());
    findings.map(|finding| finding["code"].as_str().unwrap()).chain(reasons).collect()
}

/// UTF-16 by its mark, else UTF-8.
fn text_of(octets: &[u8]) -> String {
    let Some(rest) = octets.strip_prefix(b"\xff\xfe") else {
        return String::from_utf8_lossy(octets).into_owned();
    };
    let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    String::from_utf16_lossy(&units.collect::<Vec<_>>())
}

#[test]
fn every_file_becomes_what_it_should() {
    let folder = folder();
    let cases = fixtures::files();
    let inputs = cases.iter().map(|case| (case.name, case.octets.as_slice()));
    let reports = sanitise(folder.path(), "", inputs);
    let mut complaints = Vec::new();
    for (case, report) in cases.iter().zip(&reports) {
        let mut check = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{}: {what}: {report}", case.name));
            }
        };
        let expect = &case.expect;
        let parts = report["parts"].as_array().unwrap();
        check(parts[0]["action"] == expect.action, expect.action);
        for finding in &expect.findings {
            check(codes(&parts[..1]).contains(finding), finding);
        }
        let Some(name) = parts[0]["output"]["name"].as_str() else {
            check(expect.extension.is_empty(), "nothing is written");
            continue;
        };
        check(Path::new(name).extension().is_some_and(|e| e == expect.extension), expect.extension);
        let written = std::fs::read(folder.path().join("out").join(name)).unwrap();
        let text = match expect.extension {
            "pdf" => layer(&written),
            _ => text_of(&written),
        };
        for piece in &expect.text_contains {
            check(text.contains(piece), piece);
        }
        for secret in &expect.octets_lack {
            let secret = std::str::from_utf8(secret).unwrap();
            check(!holds(&written, secret) && !text.contains(secret), secret);
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(reports.len() >= 90, "{}", reports.len());
}

#[test]
fn every_mail_reads_as_it_should() {
    let folder = folder();
    let cases = fixtures::mails();
    let names: Vec<String> = (0..cases.len()).map(|n| format!("{n}.eml")).collect();
    let inputs = names.iter().zip(&cases).map(|(name, case)| (name.as_str(), case.octets.as_slice()));
    let reports = sanitise(folder.path(), "", inputs);
    let mut complaints = Vec::new();
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    for ((case, name), report) in cases.iter().zip(&names).zip(&reports) {
        let octets = std::fs::read(folder.path().join("out").join(name)).unwrap();
        let mail = MessageParser::default().parse(&octets).unwrap();
        let text = bare(&mail.body_text(0).unwrap_or_default());
        let mut check = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{}: {what}\n{report}\n{text}", case.name));
            }
        };
        let expect = &case.expect;
        check(mail.subject().unwrap_or_default() == expect.subject, &expect.subject);
        let from = mail.from().and_then(|from| from.first()).unwrap();
        check(from.name().or(from.address()) == Some(expect.from.as_str()), &expect.from);
        for piece in &expect.text_contains {
            check(text.contains(&bare(piece)), piece);
        }
        for piece in &expect.text_lacks {
            check(!text.contains(&bare(piece)), piece);
        }
        let parts = report["parts"].as_array().unwrap();
        for finding in &expect.findings {
            check(codes(parts).contains(finding), finding);
        }
        for wanted in &expect.parts {
            let is_there =
                parts.iter().any(|part| part["name"] == wanted.name && part["action"] == wanted.action);
            check(is_there, &format!("{wanted:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(reports.len() >= 60, "{}", reports.len());
}

#[test]
fn no_trick_of_mime_brings_the_payload_in() {
    let folder = folder();
    let cases = fixtures::mime::cases();
    let names: Vec<String> = (0..cases.len()).map(|n| format!("{n}.eml")).collect();
    let inputs = names.iter().zip(&cases).map(|(name, case)| (name.as_str(), case.octets.as_slice()));
    let reports = sanitise(folder.path(), "", inputs);
    for ((case, name), report) in cases.iter().zip(&names).zip(&reports) {
        let octets = std::fs::read(folder.path().join("out").join(name)).unwrap();
        let mail = MessageParser::default().parse(&octets).unwrap();
        for part in mail.attachments() {
            let holds_it = part.contents().windows(MARKER.len()).any(|window| window == MARKER);
            // As text it is what it says, and opens as text.
            let is_text =
                part.attachment_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(".txt"));
            assert!(
                !holds_it || is_text,
                "{}: the payload is in {:?}: {report}",
                case.name,
                part.attachment_name()
            );
        }
        assert_eq!(case.expect == Expect::Held, report["outcome"] == "held", "{}: {report}", case.name);
    }
    assert!(reports.len() >= 90, "{}", reports.len());
}

#[test]
fn a_deadly_pdf_does_not_keep_the_good_parts_out() {
    let folder = folder();
    let deadly = [
        ("time.eml", fixtures::pdf_without_end(), "time_out"),
        ("memory.eml", fixtures::pdf_without_measure(), "out_of_memory"),
    ];
    let mails = deadly.each_ref().map(|(name, pdf, _)| (*name, fixtures::mail_around(pdf)));
    let inputs = mails.iter().map(|(name, mail)| (*name, mail.as_slice()));
    let limits = "child_cpu = \"8 s\"\nchild_memory = \"512 MiB\"\n";
    let reports = sanitise(folder.path(), limits, inputs);
    for ((name, _, reason), report) in deadly.iter().zip(&reports) {
        let parts = report["parts"].as_array().unwrap();
        let dead = parts.iter().find(|part| part["name"] == "deadly.pdf").unwrap();
        assert_eq!((&dead["action"], &dead["reason"]), (&"remove".into(), &(*reason).into()), "{report}");
        assert_eq!(report["outcome"], "partial");
        let octets = std::fs::read(folder.path().join("out").join(name)).unwrap();
        let mail = MessageParser::default().parse(&octets).unwrap();
        let names: Vec<_> = mail.attachments().filter_map(|part| part.attachment_name()).collect();
        for good in ["before.pdf", "after.png", "table.csv"] {
            assert!(names.contains(&good), "{name}: {good} is not in {names:?}: {report}");
        }
        assert!(mail.body_text(0).unwrap().contains("資料を添付します。"));
    }
    assert_eq!(reports.len(), 2);
}
