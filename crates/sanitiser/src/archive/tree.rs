//! The names of what is written into a new zip: one each, whatever the members were called.

use mail::MediaType;
use std::collections::{HashMap, HashSet};

/// Extensions under which each kind of written file is known, by the true one.
const EXTENSIONS: &[&str] = &[
    "txt", "csv", "tsv", "xml", "json", "ics", "vcf", "pdf", "png", "jpg", "jpeg", "gif", "docx", "xlsx",
    "pptx", "odt", "ods", "odp", "odg",
];

/// The files and folders that stand already, as Windows and macOS compare them.
#[derive(Default)]
pub(super) struct Tree {
    files: HashSet<String>,
    folders: HashSet<String>,
    numbers: HashMap<String, u32>,
}

/// Without regard to case, for any reading of it.
fn key(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

impl Tree {
    /// Gives a file a place of its own; the last segment is its name, each of them is clean.
    pub(super) fn place(&mut self, mut segments: Vec<String>) -> String {
        let name = segments.pop().unwrap_or_default();
        let mut folder = String::new();
        for mut segment in segments {
            while self.files.contains(&key(&format!("{folder}{segment}"))) {
                segment.push('_');
            }
            folder.push_str(&segment);
            self.folders.insert(key(&folder));
            folder.push('/');
        }
        let whole = format!("{folder}{name}");
        if self.take(&whole) {
            return whole;
        }
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        loop {
            let number = self.numbers.entry(key(&whole)).or_insert(1);
            *number = number.saturating_add(1);
            let candidate = format!("{folder}{stem} ({number}).{extension}");
            if self.take(&candidate) {
                return candidate;
            }
        }
    }

    fn take(&mut self, name: &str) -> bool {
        let key = key(name);
        !self.folders.contains(&key) && self.files.insert(key)
    }
}

/// The name under which something that was written is known to be what it is, by the name alone.
pub(super) fn telling(name: &str, media_type: &MediaType) -> String {
    let named = name.rsplit_once('.').map(|(_, named)| named.to_ascii_lowercase()).unwrap_or_default();
    if EXTENSIONS.contains(&named.as_str()) {
        return name.to_owned();
    }
    let extension = match media_type.as_str() {
        "text/csv" => "csv",
        "text/tab-separated-values" => "tsv",
        "text/xml" | "application/xml" => "xml",
        "application/json" => "json",
        "text/calendar" => "ics",
        "text/vcard" => "vcf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        _ => "txt",
    };
    mail::file_name(&format!("{name}.{extension}"), extension).name
}
