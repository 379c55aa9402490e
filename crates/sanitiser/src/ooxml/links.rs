//! What a link may lead to: web pages and mail addresses, written anew; places inside the document.

use crate::html::link;
use crate::markup::{NodeId, Tree};

/// Longest target, in octets.
const TARGET_OCTETS_MAX: usize = 2_048;

/// Schemes on which a program acts, or by which it fetches without being asked; and beginnings of such.
const ACTING: &[&str] = &[
    "about",
    "afp",
    "cifs",
    "data",
    "dav",
    "davs",
    "dde",
    "feed",
    "file",
    "ftp",
    "hcp",
    "help",
    "its",
    "jar",
    "javascript",
    "jscript",
    "knownfolder",
    "ldap",
    "ldaps",
    "livescript",
    "local",
    "macro",
    "mhtml",
    "microsoft-edge",
    "mk",
    "mocha",
    "nfs",
    "odopen",
    "onenote",
    "outlook",
    "ppaction",
    "private",
    "rdp",
    "res",
    "rlogin",
    "search",
    "search-ms",
    "service",
    "shell",
    "slot",
    "smb",
    "ssh",
    "telnet",
    "tn3270",
    "vbscript",
    "view-source",
    "vnc",
    "webcal",
    "webdav",
    "webdavs",
    "windowsdefender",
    "wyciwyg",
];
const ACTING_PREFIXES: &[&str] = &["ms-", "vnd.", "com.sun.", ".uno", "x-", "chrome", "moz-"];

/// The target as it is written; `None` when it must not stay.
pub(super) fn target(target: &str) -> Option<String> {
    if target.len() > TARGET_OCTETS_MAX {
        return None;
    }
    match link::target(target, None) {
        link::Target::Web(web) if has_scheme(target) => {
            let host = web.address.split_once("://").map_or("", |(_, rest)| rest);
            let authority = host.split(['/', '?', '#']).next().unwrap_or_default();
            // A name in front of the host deceives; what is longer is no port.
            let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
            (!authority.contains('@') && port.len() <= 5).then(|| encoded(&web.address))
        }
        link::Target::Mail(address) => {
            let sound = |b: u8| b.is_ascii_alphanumeric() || b"@._+-,%=~'".contains(&b);
            (address.bytes().all(sound) && !address.starts_with('-')).then(|| format!("mailto:{address}"))
        }
        link::Target::Web(_)
        | link::Target::Phone(_)
        | link::Target::Nowhere
        | link::Target::Script
        | link::Target::Dangerous(_) => None,
    }
}

/// Characters that stand in no address, as octets.
fn encoded(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '^' => out.push_str("%5E"),
            '`' => out.push_str("%60"),
            '{' => out.push_str("%7B"),
            '|' => out.push_str("%7C"),
            '}' => out.push_str("%7D"),
            _ => out.push(c),
        }
    }
    out
}

/// `\\server\share` reads as an address without a scheme on the web, and as a file server in Office.
fn has_scheme(target: &str) -> bool {
    let lower = target.trim().to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Whether a place is one in the same document: a bookmark, a name, a range of cells.
pub(super) fn is_place(place: &str) -> bool {
    let hidden = |c: char| c.is_control() || crate::text::is_invisible(c) || "\\/[]|<>\"".contains(c);
    place.len() <= TARGET_OCTETS_MAX && !place.contains(hidden) && !acts(place)
}

/// Whether a program would start, run or fetch something if it took this value for an address.
pub(super) fn acts(value: &str) -> bool {
    let blank = |c: char| {
        c.is_whitespace() || c.is_control() || crate::text::is_invisible(c) || matches!(c, '\'' | '"')
    };
    let value = value.trim_start_matches(blank);
    if let [b'/' | b'\\', b'/' | b'\\', ..] = value.as_bytes() {
        return true;
    }
    let Some((scheme, _)) = value.split_once(':') else { return false };
    let scheme: String =
        scheme.chars().filter(|&c| !blank(c)).take(40).collect::<String>().to_ascii_lowercase();
    ACTING.contains(&scheme.as_str()) || ACTING_PREFIXES.iter().any(|prefix| scheme.starts_with(prefix))
}

/// What an action of a presentation may do: move between slides (ISO/IEC 29500-1 §21.1.2.3.5 leaves it open).
pub(super) fn action_is_allowed(action: &str) -> bool {
    let Some(action) = action.strip_prefix("ppaction://") else { return action.is_empty() };
    let jumps = ["nextslide", "previousslide", "firstslide", "lastslide", "lastslideviewed", "endshow"];
    match action.split_once('?') {
        None => matches!(action, "hlinksldjump" | "noaction"),
        Some(("hlinkshowjump", query)) => {
            query.strip_prefix("jump=").is_some_and(|jump| jumps.contains(&jump))
        }
        Some(_) => false,
    }
}

/// Whether an element is a link of `DrawingML`.
pub(super) fn is_drawing_link(tree: &Tree, id: NodeId) -> bool {
    matches!(tree.name(id), ("a", "hlinkClick" | "hlinkHover" | "hlinkMouseOver"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_and_people() {
        let cases: &[(&str, Option<&str>)] = &[
            ("http://example.jp/a?b=c#d", Some("http://example.jp/a?b=c#d")),
            ("HTTPS://Example.JP/日本", Some("https://example.jp/日本")),
            ("mailto:a@example.jp?subject=x", Some("mailto:a@example.jp")),
            ("http:\\\\example.jp", None),
            ("file:///c:/x", None),
            ("\\\\server\\share\\x.docx", None),
            ("//server/share", None),
            ("ftp://example.jp/", None),
            ("ms-word:ofe|u|http://a/", None),
            ("search-ms:query=x", None),
            ("javascript:alert(1)", None),
            ("java\nscript:alert(1)", None),
            ("mhtml:http://a!x", None),
            ("x.docx", None),
            ("", None),
            ("http://", None),
            ("http://bank.jp@evil.jp/", None),
            ("http://example.jp/{a}|b", Some("http://example.jp/%7Ba%7D%7Cb")),
            ("mailto:a@example.jp,b@example.jp", Some("mailto:a@example.jp,b@example.jp")),
            ("mailto:-a@example.jp", None),
        ];
        let mut ran = 0;
        for (given, expected) in cases {
            assert_eq!(target(given).as_deref(), *expected, "{given}");
            ran += 1;
        }
        assert_eq!(ran, 20);
        assert!(action_is_allowed("ppaction://hlinkshowjump?jump=nextslide"));
        for action in
            ["ppaction://program", "ppaction://macro?name=x", "ppaction://ole?verb=0", "ppaction://hlinkfile"]
        {
            assert!(!action_is_allowed(action));
        }
    }
}
