//! Reads what lies in the inside Maildir, for showing it: our own canonical form, so a small reader suffices.

use std::path::{Path, PathBuf};

/// A delivered mail as a clerk's program would show it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) queue_id: String,
    pub(super) subject: String,
    pub(super) text: String,
    /// Name and size of each attachment.
    pub(super) attachments: Vec<(String, usize)>,
}

/// All mail files below a Maildir, finished ones only.
pub(super) fn files(maildir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![maildir.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "tmp") {
                    open.push(path);
                }
            } else if folder.file_name().is_some_and(|name| name == "new") {
                found.push(path);
            }
        }
    }
    found
}

/// Reads one delivered mail.
pub(super) fn read(path: &Path) -> Option<Shown> {
    let message = std::fs::read_to_string(path).ok()?;
    let (header, body) = message.split_once("\r\n\r\n")?;
    let boundary =
        header.split_once("boundary=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(b, _)| b);
    let (text, attachments) = match boundary {
        Some(boundary) => {
            let delimiter = format!("--{boundary}");
            let mut parts = body.split(&delimiter).skip(1).filter_map(part);
            let (_, text) = parts.next()?;
            (text, parts.map(|(name, octets)| (name, octets.len())).collect())
        }
        None => (decoded(header, body), Vec::new()),
    };
    let text = String::from_utf8(text).ok()?.replace("\r\n", "\n");
    Some(Shown { queue_id: field(header, "X-Sekisho-Id")?, subject: subject(header), text, attachments })
}

fn part(section: &str) -> Option<(String, Vec<u8>)> {
    let (header, body) = section.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
    Some((file_name(header), decoded(header, body)))
}

fn decoded(header: &str, body: &str) -> Vec<u8> {
    if header.contains("Content-Transfer-Encoding: base64") {
        let packed: String = body.split_ascii_whitespace().collect();
        data_encoding::BASE64.decode(packed.as_bytes()).unwrap_or_default()
    } else {
        body.as_bytes().to_vec()
    }
}

fn field(header: &str, name: &str) -> Option<String> {
    let start = header.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
    Some(start.to_owned())
}

fn subject(header: &str) -> String {
    let Some((_, rest)) = header.split_once("\r\nSubject: ") else { return String::new() };
    let folded: Vec<&str> = rest
        .split("\r\n")
        .enumerate()
        .map_while(|(i, l)| (i == 0 || l.starts_with(' ')).then_some(l))
        .collect();
    words(&folded.join(""))
}

/// Decodes the words that our writer writes (RFC 2047, UTF-8, base64).
fn words(value: &str) -> String {
    let mut octets = Vec::new();
    for word in value.split_ascii_whitespace() {
        match word.strip_prefix("=?UTF-8?B?").and_then(|rest| rest.strip_suffix("?=")) {
            Some(packed) => {
                octets.extend(data_encoding::BASE64.decode(packed.as_bytes()).unwrap_or_default())
            }
            None => {
                if !octets.is_empty() {
                    octets.push(b' ');
                }
                octets.extend_from_slice(word.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn file_name(header: &str) -> String {
    let unfolded = header.replace("\r\n ", " ");
    let Some((_, rest)) = unfolded.split_once("name=\"") else { return String::new() };
    words(rest.split('"').next().unwrap_or_default())
}
