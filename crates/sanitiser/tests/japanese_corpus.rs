//! Real mail with Japanese in it → what a reader must see: subject, sender's name, first lines, names of files.
//!
//! The values stand in `japanese_corpus.txt`, whose head says where they come from and how it is written. The mails
//! are not part of the project: they are found by path, and each is checked against its SHA-256 first.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reads the corpus it was given; a panic is its way to fail"
)]

use mail::PartPath;
use policy::{Action, PartReport, Policy};
use sanitiser::{FontFace, Job, Outcome, Supplements, Surroundings};
use sha2::Digest as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A machine without CJK fonts: no text of a mail needs any.
struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// What a reader must see of one mail.
#[derive(Default)]
struct Expected {
    path: String,
    sha256: String,
    subject: String,
    from: String,
    lines: Vec<String>,
    later: Vec<String>,
    files: Vec<String>,
    /// Key of a value that comes out otherwise.
    known: Vec<String>,
}

/// What comes out of one mail.
struct Seen {
    subject: String,
    from: String,
    lines: Vec<String>,
    files: Vec<String>,
}

fn expected() -> Vec<Expected> {
    let mut mails: Vec<Expected> = Vec::new();
    for line in include_str!("japanese_corpus.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(path) = line.strip_prefix('[') {
            let path = path.trim_end_matches(']').to_owned();
            mails.push(Expected { path, ..Expected::default() });
            continue;
        }
        let mail = mails.last_mut().unwrap();
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim().to_owned();
        match key {
            "sha256" => mail.sha256 = value,
            "subject" => mail.subject = value,
            "from" => mail.from = value,
            "line" => mail.lines.push(value),
            "later" => mail.later.push(value),
            "file" => mail.files.push(value),
            "known" => {
                let (key, reason) = value.split_once(": ").unwrap();
                assert!(reason.len() > 10, "{}: a known difference needs its reason", mail.path);
                mail.known.push(key.to_owned());
            }
            _ => panic!("unknown key {key:?} in japanese_corpus.txt"),
        }
    }
    mails
}

/// `SEKISHO_CORPUS`, or `../shared/corpus` beside the repository.
fn corpus() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    std::env::var_os("SEKISHO_CORPUS").map_or(beside, PathBuf::from)
}

fn sha256(octets: &[u8]) -> String {
    sha2::Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Runs of spaces and tabs as one space: their width says nothing.
fn squeezed(text: &str) -> String {
    text.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A line that only says that there was a picture.
fn is_picture(line: &str) -> bool {
    line.starts_with("［画像") && line.ends_with('］')
}

/// Whether the notice or the list of attachments shows the name; what is merged into the text has none.
fn is_file(part: &&PartReport) -> bool {
    !part.is_container && !part.name.is_empty() && !matches!(part.action, Action::Merge(_))
}

fn see(octets: Vec<u8>) -> Seen {
    let job = Job::Message(mail::Untrusted::new(octets));
    let outcome = sanitiser::sanitise(&job, &Policy::standard(), &Supplements::default(), &mut Bare);
    let Outcome::Done(draft, report) = outcome else { panic!("more is asked for") };
    let lines = draft.text.lines().map(|line| squeezed(line.strip_prefix("■ ").unwrap_or(line)));
    Seen {
        subject: squeezed(&draft.fields.subject),
        from: draft.fields.from.first().map(|mailbox| squeezed(&mailbox.display_name)).unwrap_or_default(),
        lines: lines.filter(|line| !line.is_empty() && !is_picture(line)).collect(),
        files: report.parts.iter().filter(is_file).map(|part| part.name.clone()).collect(),
    }
}

/// Whether the text begins with these beginnings of lines.
fn begins(seen: &[String], wanted: &[String]) -> bool {
    seen.len() >= wanted.len()
        && seen.iter().zip(wanted).all(|(line, start)| line.starts_with(start.as_str()))
}

/// Whether these words follow each other in later lines.
fn holds(seen: &[String], wanted: &[String]) -> bool {
    let mut lines = seen.iter();
    wanted.iter().all(|words| lines.any(|line| line.contains(words.as_str())))
}

/// Whether these are the names; U+FFFD of the wanted one stands for any one character.
fn same_names(seen: &[String], wanted: &[String]) -> bool {
    let same = |seen: &String, wanted: &String| {
        seen.chars().count() == wanted.chars().count()
            && seen.chars().zip(wanted.chars()).all(|(seen, wanted)| seen == wanted || wanted == '\u{fffd}')
    };
    seen.len() == wanted.len() && seen.iter().zip(wanted).all(|(seen, wanted)| same(seen, wanted))
}

/// Key, what was wanted and what came, of every difference.
fn differences(wanted: &Expected, seen: &Seen) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut check = |key, same: bool, wanted: &dyn std::fmt::Debug, seen: &dyn std::fmt::Debug| {
        if !same {
            found.push((key, format!("{key}\n  wanted {wanted:?}\n  came   {seen:?}")));
        }
    };
    check("subject", wanted.subject == seen.subject, &wanted.subject, &seen.subject);
    check("from", wanted.from == seen.from, &wanted.from, &seen.from);
    check("line", begins(&seen.lines, &wanted.lines), &wanted.lines, &seen.lines);
    let later = seen.lines.get(wanted.lines.len()..).unwrap_or_default();
    check("later", holds(later, &wanted.later), &wanted.later, &later);
    check("file", same_names(&seen.files, &wanted.files), &wanted.files, &seen.files);
    found
}

#[test]
fn real_japanese_mail_reads_as_a_person_reads_it() {
    let root = corpus();
    if !root.join("MANIFEST.tsv").is_file() {
        // Past the harness, which keeps what a passing test prints to itself.
        writeln!(std::io::stderr(), "japanese_corpus: NOT CHECKED, no corpus at {}", root.display()).unwrap();
        return;
    }
    let mails = expected();
    let (mut right, mut values, mut wrong) = (0u32, 0usize, Vec::new());
    for mail in &mails {
        let octets = std::fs::read(root.join(&mail.path)).unwrap_or_else(|e| panic!("{}: {e}", mail.path));
        assert_eq!(sha256(&octets), mail.sha256, "{} is another mail now", mail.path);
        let found = differences(mail, &see(octets));
        for (_, difference) in found.iter().filter(|(key, _)| !mail.known.iter().any(|known| known == key)) {
            wrong.push(format!("{}: {difference}", mail.path));
        }
        for key in mail.known.iter().filter(|known| found.iter().all(|(key, _)| key != known)) {
            wrong.push(format!("{}: {key} is right now: no longer a known difference", mail.path));
        }
        right += u32::from(found.is_empty());
        values += 2 + mail.lines.len() + mail.later.len() + mail.files.len();
    }
    eprintln!("{right} of {} mails right, {values} values", mails.len());
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    assert!(mails.len() >= 80, "only {} mails", mails.len());
}
