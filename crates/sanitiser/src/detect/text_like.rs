//! Formats that are text: told apart by their first words, and where these say nothing by name and structure.
//!
//! *Security.* Looks at the first 64 KiB. What is text by this is decoded and written anew in any case.

use super::{Format, format};
use mail::MediaType;
use policy::Kind;

/// Octets that are looked at.
const SAMPLE: usize = 65_536;

const TEXT: Format = format(Kind::Text, "text/plain", "txt");
const CSV: Format = format(Kind::Csv, "text/csv", "csv");
const TSV: Format = format(Kind::Csv, "text/tab-separated-values", "tsv");
const HTML: Format = format(Kind::Html, "text/html", "html");
const XML: Format = format(Kind::Xml, "application/xml", "xml");
const JSON: Format = format(Kind::Json, "application/json", "json");

fn sample(octets: &[u8]) -> &[u8] {
    octets.get(..SAMPLE).unwrap_or(octets)
}

fn has_utf16_mark(octets: &[u8]) -> bool {
    octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff")
}

/// Whether these octets are text in some charset: no control characters but those of lines, tabs and ISO 2022.
pub(super) fn is_text(octets: &[u8]) -> bool {
    if has_utf16_mark(octets) {
        return true;
    }
    let odd = |b: &u8| matches!(b, 0..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    !octets.is_empty() && !sample(octets).iter().any(odd)
}

/// The first words in lower case, without byte order mark and leading space; UTF-16 narrowed.
fn head(octets: &[u8]) -> String {
    let narrow: Vec<u8> = if has_utf16_mark(octets) {
        sample(octets).iter().skip(2).copied().filter(|b| *b != 0).take(4_096).collect()
    } else {
        octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).iter().copied().take(4_096).collect()
    };
    let text = String::from_utf8_lossy(&narrow).trim_start().to_ascii_lowercase();
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What a text is, or `None` when the octets are no text.
pub(super) fn format_of(
    octets: &[u8],
    extension: &str,
    named: Option<Format>,
    declared: Option<&MediaType>,
) -> Option<Format> {
    if octets.is_empty() {
        return named.filter(|n| is_text_kind(n.kind));
    }
    if !is_text(octets) {
        return None;
    }
    let head = head(octets);
    by_first_words(&head, extension).or_else(|| by_name(octets, &head, named, declared)).or_else(|| {
        let by_structure = if extension.is_empty() || named.is_none() { delimited(octets) } else { None };
        Some(by_structure.unwrap_or(TEXT))
    })
}

const fn is_text_kind(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text
            | Kind::Csv
            | Kind::Html
            | Kind::Xml
            | Kind::Json
            | Kind::Calendar
            | Kind::Vcard
            | Kind::Message
    )
}

fn by_first_words(head: &str, extension: &str) -> Option<Format> {
    const ROWS: &[(&str, Format)] = &[
        ("begin:vcalendar", format(Kind::Calendar, "text/calendar", "ics")),
        ("begin:vcard", format(Kind::Vcard, "text/vcard", "vcf")),
        ("[internetshortcut]", format(Kind::Shortcut, "application/x-mswinurl", "url")),
        ("[desktop entry]", format(Kind::Shortcut, "application/x-desktop", "desktop")),
        ("[shell]", format(Kind::Shortcut, "application/x-mswinurl", "scf")),
        ("[autorun]", format(Kind::Script, "application/x-script", "inf")),
        ("#!", format(Kind::Script, "application/x-script", "sh")),
        ("@echo off", format(Kind::Script, "application/x-script", "bat")),
        ("<?php", format(Kind::Script, "application/x-script", "php")),
        ("<hta:application", format(Kind::Script, "application/x-script", "hta")),
        ("<job", format(Kind::Script, "application/x-script", "wsf")),
        ("windows registry editor", format(Kind::Script, "application/x-script", "reg")),
        ("regedit4", format(Kind::Script, "application/x-script", "reg")),
        ("-----begin pgp message", format(Kind::EncryptedMail, "application/pgp-encrypted", "asc")),
        ("-----begin pgp signature", format(Kind::Signature, "application/pgp-signature", "asc")),
        ("-----begin pkcs7", format(Kind::EncryptedMail, "application/pkcs7-mime", "p7m")),
        ("-----begin pgp public", format(Kind::OtherKnown, "application/pgp-keys", "asc")),
        ("-----begin certificate", format(Kind::OtherKnown, "application/x-pem-file", "pem")),
        ("id;p", format(Kind::OtherKnown, "text/x-sylk", "slk")),
        ("iso-10303-21;", format(Kind::DomesticDocument, "application/p21", "p21")),
        ("%pdf-", format(Kind::Pdf, "application/pdf", "pdf")),
        ("<!doctype html", HTML),
        ("<html", HTML),
        ("<head", HTML),
        ("<body", HTML),
        ("<meta", HTML),
    ];
    if head.starts_with("iso-10303-21;") && matches!(extension, "sfc" | "sfz") {
        return Some(format(Kind::DomesticDocument, "application/x-sxf", "sfc"));
    }
    if let Some((_, found)) = ROWS.iter().find(|(words, _)| head.starts_with(words)) {
        // A hypertext application is HTML that Windows runs.
        let runs = found.kind == Kind::Html && (extension == "hta" || head.contains("<hta:application"));
        return Some(if runs { format(Kind::Script, "application/x-script", "hta") } else { *found });
    }
    if is_dxf(head) {
        return Some(format(Kind::DomesticDocument, "image/vnd.dxf", "dxf"));
    }
    if is_message(head, extension) {
        return Some(format(Kind::Message, "message/rfc822", "eml"));
    }
    if ["<?xml", "<svg", "<!--", "<!doctype svg"].iter().any(|first| head.starts_with(first)) {
        return markup(head);
    }
    None
}

/// XML by its root; comments alone may also begin HTML.
fn markup(head: &str) -> Option<Format> {
    const OFFICE: &[&str] = &[
        "mso-application",
        "<w:worddocument",
        "<pkg:package",
        "urn:schemas-microsoft-com:office:spreadsheet",
        "schemas.microsoft.com/office/word/2003",
    ];
    if head.contains("<office:document") {
        return Some(flat_open_document(head));
    }
    if OFFICE.iter().any(|mark| head.contains(mark)) {
        return Some(format(Kind::LegacyOffice, "application/xml", "xml"));
    }
    let root = head.split('<').skip(1).find(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic()));
    let root: &str =
        root.map_or("", |tag| tag.split([' ', '\t', '\r', '\n', '>', '/']).next().unwrap_or_default());
    let local = root.rsplit(':').next().unwrap_or_default();
    match local {
        "svg" => Some(format(Kind::Svg, "image/svg+xml", "svg")),
        "html" => Some(HTML),
        _ if head.starts_with("<?xml") => Some(XML),
        "head" | "body" | "meta" | "title" | "table" | "div" | "p" => Some(HTML),
        _ => None,
    }
}

/// A document in one file of XML (ODF 1.3 part 3 §3.1.2), by the type that its root names.
fn flat_open_document(head: &str) -> Format {
    const TYPES: &[(&str, &str, &str)] = &[
        ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", "fods"),
        ("presentation", "application/vnd.oasis.opendocument.presentation", "fodp"),
        ("graphics", "application/vnd.oasis.opendocument.graphics", "fodg"),
    ];
    let named = head.split_once("opendocument.").map_or("", |(_, behind)| behind);
    let known = TYPES.iter().find(|(kind, ..)| named.starts_with(kind));
    let (_, media_type, extension) =
        known.copied().unwrap_or(("text", "application/vnd.oasis.opendocument.text", "fodt"));
    format(Kind::OpenDocument, media_type, extension)
}

/// A drawing exchange file begins with group code 0 and SECTION, or with a comment (999).
fn is_dxf(head: &str) -> bool {
    let mut lines = head.lines().map(str::trim);
    match lines.next() {
        Some("0") => lines.next() == Some("section"),
        Some("999") => head.contains("\nsection"),
        _ => false,
    }
}

/// Header fields of a message at the beginning: at least two that belong to every mail, one where the name says so.
/// The `From ` line of a mailbox may stand before them in a file that is named a message.
fn is_message(head: &str, extension: &str) -> bool {
    const KNOWN: &[&str] = &[
        "received",
        "return-path",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "dkim-signature",
        "reply-to",
        "cc",
        "x-mailer",
        "content-transfer-encoding",
        "sender",
    ];
    let named = matches!(extension, "eml" | "mht" | "mhtml");
    let mut known = 0u32;
    for line in head.lines().skip(usize::from(named && head.starts_with("from "))).take(60) {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { break };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            break;
        }
        if KNOWN.contains(&name) {
            known = known.saturating_add(1);
        }
    }
    known >= 2 || (named && known == 1)
}

/// The name decides what the content leaves open.
fn by_name(octets: &[u8], head: &str, named: Option<Format>, declared: Option<&MediaType>) -> Option<Format> {
    let declared = declared.map_or("", MediaType::as_str);
    let kind = named.map(|n| n.kind);
    match kind {
        Some(Kind::Script | Kind::Shortcut) => named,
        Some(Kind::DomesticDocument) => named,
        Some(Kind::Pdf) if head.contains("%pdf") => named,
        Some(Kind::Csv) => Some(if named.is_some_and(|n| n.extension == "csv") { CSV } else { TSV }),
        Some(Kind::Html) if head.contains('<') => Some(HTML),
        Some(Kind::Xml) if head.starts_with('<') => Some(XML),
        Some(Kind::Json) => Some(JSON),
        Some(Kind::OtherKnown) if named.is_some_and(|n| matches!(n.extension, "slk" | "dif")) => named,
        _ => match declared {
            "text/html" | "application/xhtml+xml" if head.contains('<') => Some(HTML),
            "text/csv" => Some(CSV),
            "text/tab-separated-values" => Some(TSV),
            "application/json" => Some(JSON),
            "text/xml" | "application/xml" if head.starts_with('<') => Some(XML),
            _ if kind.is_none() && is_json(octets, head) => Some(JSON),
            _ => None,
        },
    }
}

fn is_json(octets: &[u8], head: &str) -> bool {
    let last = octets.iter().rev().find(|b| !b.is_ascii_whitespace());
    let begins = |open: char| {
        head.strip_prefix(open).is_some_and(|rest| rest.trim_start().starts_with(['"', '{', '[', '}', ']']))
    };
    (begins('{') && last == Some(&b'}')) || (begins('[') && last == Some(&b']'))
}

/// Three or more lines with the same number of tabs or commas, at least one.
fn delimited(octets: &[u8]) -> Option<Format> {
    [(b'\t', TSV), (b',', CSV)].into_iter().find_map(|(delimiter, found)| {
        let mut lines = sample(octets).split(|b| *b == b'\n').filter(|line| line.len() > 1).take(20);
        let count = |line: &[u8]| line.iter().filter(|b| **b == delimiter).count();
        let first = count(lines.next()?);
        let mut same = 1u32;
        for line in lines {
            if count(line) != first {
                return None;
            }
            same = same.saturating_add(1);
        }
        (first > 0 && same >= 3).then_some(found)
    })
}
