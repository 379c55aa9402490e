//! Where a link may lead: web pages, people, and places in the document itself.

use crate::html::link::{self, Target};

/// Longest target, in octets.
const OCTETS_MAX: usize = 2_048;
/// What a program would start, run or fetch by.
const ACTIVE: &[&str] = &[
    "about",
    "data",
    "dav",
    "davs",
    "dde",
    "file",
    "ftp",
    "help",
    "hid",
    "jar",
    "javascript",
    "ldap",
    "macro",
    "mhtml",
    "nfs",
    "private",
    "res",
    "search",
    "search-ms",
    "service",
    "shell",
    "slot",
    "smb",
    "telnet",
    "vbscript",
    "view-source",
    "webdav",
];
/// Beginnings of the names of such schemes.
const ACTIVE_BEGINNINGS: &[&str] = &["ms-", "vnd.", "com.sun.", ".uno", "x-"];

/// The target as it is written, or `None` when no link may lead there.
pub(super) fn sound(target: &str) -> Option<String> {
    let target = target.trim();
    if target.len() > OCTETS_MAX {
        return None;
    }
    if let Some(place) = target.strip_prefix('#') {
        return is_place(place).then(|| target.to_owned());
    }
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    match link::target(target, None) {
        Target::Web(web) if lower.starts_with("http://") || lower.starts_with("https://") => {
            let odd = |c: char| "\\^`{|}".contains(c);
            let plain = !web.address.contains(odd);
            (plain && !has_credentials(&web.address)).then_some(web.address)
        }
        Target::Mail(address) if address.is_ascii() && !address.contains(['/', ':', '"', '<', '>', '\\']) => {
            Some(format!("mailto:{address}"))
        }
        Target::Web(_)
        | Target::Mail(_)
        | Target::Phone(_)
        | Target::Nowhere
        | Target::Script
        | Target::Dangerous(_) => None,
    }
}

/// `http://bank@evil/`: a name in front of the host misleads.
fn has_credentials(address: &str) -> bool {
    let authority = address.split_once("://").map_or("", |(_, rest)| rest);
    authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// A place in the document: `Sheet1.A1`, `見出し|outline`.
fn is_place(place: &str) -> bool {
    let odd = |c: char| c.is_control() || crate::text::is_invisible(c) || matches!(c, '\\' | '"' | '<' | '>');
    !place.contains(odd) && !place.contains("//") && !is_active(place)
}

/// Whether a program that took this value for an address would start, run or fetch something.
pub(super) fn is_active(value: &str) -> bool {
    let value =
        value.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\'' | '"'));
    if value.starts_with("//")
        || value.starts_with("\\\\")
        || value.starts_with("/\\")
        || value.starts_with("\\/")
    {
        return true;
    }
    let Some((scheme, _)) = value.split_once(':') else { return false };
    if scheme.len() > 60 {
        return false;
    }
    let visible = |c: &char| !c.is_whitespace() && !c.is_control() && !crate::text::is_invisible(*c);
    let scheme = scheme.chars().filter(visible).collect::<String>().to_ascii_lowercase();
    ACTIVE.contains(&scheme.as_str()) || ACTIVE_BEGINNINGS.iter().any(|start| scheme.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_to_people_and_inside() {
        let cases = [
            ("https://example.jp/a?b=c#d", Some("https://example.jp/a?b=c#d")),
            (" HTTP://Example.jp/日本 ", Some("http://example.jp/日本")),
            ("mailto:a@example.jp?subject=x", Some("mailto:a@example.jp")),
            ("#Sheet2.A1", Some("#Sheet2.A1")),
            ("#見出し|outline", Some("#見出し|outline")),
            ("file:///etc/passwd", None),
            ("\\\\host\\share", None),
            ("//host/share", None),
            ("http:\\\\host", None),
            ("http://a@b/", None),
            ("https://", None),
            ("macro:///Standard.Module1.Main", None),
            ("vnd.sun.star.script:x?language=Basic", None),
            (".uno:Quit", None),
            ("javascript:alert(1)", None),
            ("../a.odt", None),
            ("ms-word:ofe|u|http://x", None),
            ("#file:///x", None),
            ("#a\u{202e}b", None),
            ("", None),
        ];
        let mut ran = 0;
        for (target, kept) in cases {
            assert_eq!(sound(target).as_deref(), kept, "{target}");
            ran += 1;
        }
        assert_eq!(ran, 20);
    }

    #[test]
    fn values_that_start_something_are_known() {
        for value in [
            "file:///x",
            " Vnd.sun.star.script:x",
            "\\\\host\\x",
            "'//host",
            "ms-word:x",
            "JAVA\u{200b}SCRIPT:x",
        ] {
            assert!(is_active(value), "{value}");
        }
        for value in ["", "0.5cm", "M 0 0 L 1:2", "Sheet1.A1:Sheet1.B2", "時刻: x", "https://example.jp"] {
            assert!(!is_active(value), "{value}");
        }
    }
}
