//! Where a link in a document may lead: to the web, to a mailbox, or to a place in the document.
//!
//! *Security.* Linear. Whatever could lead elsewhere than it says, or start something, is refused: other schemes, shares
//! of a network, names before the host (`http://bank@evil`), characters that nobody sees, backslashes, white space.

use crate::text;

/// Longest address.
const OCTETS_MAX: usize = 8_192;
/// Schemes that start a program, run a script, or fetch something without being asked, besides those on which a mail
/// program acts.
const ACTIVE: &[&str] =
    &["data", "dde", "feed", "ftp", "help", "macro", "private", "service", "slot", "webcal"];
/// Beginnings of such schemes.
const ACTIVE_PREFIXES: &[&str] = &["ms-", "vnd.", "com.sun.", ".uno", "x-", "chrome", "moz-"];

/// Whether a link may lead there: `http:`, `https:` or `mailto:`.
pub(super) fn is_outside(address: &str) -> bool {
    let is_shown = |c: char| !c.is_whitespace() && !c.is_control() && !text::is_never_shown(c);
    if address.len() > OCTETS_MAX || !address.chars().all(|c| is_shown(c) && !"\\\"<>^`{|}".contains(c)) {
        return false;
    }
    let Some((scheme, behind)) = address.split_once(':') else { return false };
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return behind.strip_prefix("//").is_some_and(is_web);
    }
    scheme.eq_ignore_ascii_case("mailto") && is_mail(behind)
}

/// `host[:port][/path][?query][#fragment]`.
fn is_web(behind: &str) -> bool {
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let authority = behind.get(..end).unwrap_or_default();
    if let Some(literal) = authority.strip_prefix('[') {
        let Some((inside, port)) = literal.split_once(']') else { return false };
        let is_address = inside.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
        return is_address
            && inside.contains(':')
            && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    // Letters of any script, but no sign that a program turns into `/`, `@` or a dot.
    let is_host =
        |c: char| if c.is_ascii() { c.is_ascii_alphanumeric() || "-._".contains(c) } else { is_letter(c) };
    host.starts_with(is_host) && host.chars().all(is_host) && !host.starts_with('.') && is_port(port)
}

/// A letter or digit that stands for itself: no full-width or other compatibility form, which a program rewrites.
fn is_letter(c: char) -> bool {
    let is_form = matches!(u32::from(c), 0x2000..=0x2e7f | 0x3000..=0x3004 | 0x3008..=0x3020 | 0x3030..=0x3040
        | 0x3200..=0x33ff | 0xfb00..=0xfb4f | 0xfe00..=0xffef | 0x1_d400..=0x1_d7ff | 0x1_f100..=0x1_f2ff);
    (c.is_alphanumeric() || matches!(c, '・' | 'ー')) && !is_form
}

fn is_port(port: &str) -> bool {
    port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

/// Addresses, and header fields that attach nothing.
fn is_mail(behind: &str) -> bool {
    let (addresses, fields) = behind.split_once('?').unwrap_or((behind, ""));
    let is_plain = !addresses.contains(['/', ':']) && !addresses.starts_with('-');
    let key = |field: &str| field.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let known = ["", "to", "cc", "bcc", "subject", "body"];
    is_plain
        && fields.split(['&', ';']).all(|field| {
            let key = key(field);
            known.contains(&key.as_str())
        })
}

/// Whether it names a place in the same document: a bookmark, a name, a range of cells, a slide.
pub(super) fn is_inside(place: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !"\\/[]|<>\"".contains(c) && !is_unseen(c);
    place.len() <= OCTETS_MAX && place.chars().all(is_plain) && !is_active(place)
}

fn is_unseen(c: char) -> bool {
    text::is_never_shown(c) && !matches!(u32::from(c), 0xfe00..=0xfe0f | 0xe_0100..=0xe_01ef)
}

/// Whether a program would start, run or fetch something, were it to take this value for an address.
pub(super) fn is_active(value: &str) -> bool {
    let is_blank =
        |c: char| c.is_whitespace() || c.is_control() || text::is_never_shown(c) || matches!(c, '\'' | '"');
    let value = value.trim_start_matches(is_blank);
    let mut octets = value.bytes();
    if let (Some(b'/' | b'\\'), Some(b'/' | b'\\')) = (octets.next(), octets.next()) {
        return true;
    }
    let Some((scheme, _)) = value.split_once(':') else { return false };
    let scheme: String =
        scheme.chars().filter(|&c| !is_blank(c)).take(40).collect::<String>().to_ascii_lowercase();
    ACTIVE.contains(&scheme.as_str())
        || text::LIVE.contains(&scheme.as_str())
        || ACTIVE_PREFIXES.iter().any(|prefix| scheme.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_web_and_to_mailboxes_pass() {
        let cases = [
            "http://example.jp",
            "HTTPS://www.city.example.lg.jp:8443/a/b.html?q=%E3%81%82&r=1#x",
            "https://例え.jp/日本語",
            "http://[2001:db8::1]/",
            "http://[2001:db8::1]:80/",
            "https://example.jp/@user",
            "mailto:a@example.jp",
            "mailto:a@example.jp?subject=%E3%81%82&body=x",
            "mailto:",
        ];
        for case in cases {
            assert!(is_outside(case), "{case}");
            assert!(!is_active(case), "{case}");
        }
    }

    #[test]
    fn all_other_addresses_are_refused() {
        let cases = [
            "",
            "example.jp",
            "#a",
            "file:///c:/x",
            "\\\\host\\share",
            "//host/share",
            "http:example.jp",
            "http:/x",
            "http:\\\\host",
            "http://",
            "http:///x",
            "http://a@b",
            "http://a:b@c/",
            "http://host%2f.evil/",
            "http://a／b.jp/",
            "http://a．b/",
            "http://ａ.jp/",
            "http://a b",
            "http://a\u{202e}b",
            "http://a\u{200b}b/",
            "http://a\tb",
            "http://a:99x/",
            "http://a:123456/",
            "http://[::1",
            "http://[x::1]/",
            "http://[abc]/",
            "http://.a/",
            "http://a\\b",
            "http://a/\\b",
            "javascript:alert(1)",
            "ms-word:ofe|u|http://x",
            "search-ms:query=x",
            "ftp://a/",
            "mailto:a?attach=c:/x",
            "mailto:a?Attachment=x",
            "mailto://a/b",
            "mailto:a\nb",
            " http://a",
            "data:text/html,x",
            "vbscript:x",
            "http://a/\"",
            "https://a/<x>",
            "tel:123",
            "ldap://x",
        ];
        for case in cases {
            assert!(!is_outside(case), "{case:?}");
        }
        assert_eq!(cases.len(), 44);
    }

    #[test]
    fn what_would_act_is_told_from_places() {
        let active = [
            "file:///x",
            " FILE:x",
            "\\\\host\\x",
            "//host/x",
            "/\\host",
            "java\nscript:x",
            "\u{200b}javascript:x",
            "ms-excel:x",
            "vnd.sun.star.script:x",
            "'file:///x'#a",
            ".uno:Open",
            "macro://x",
            "mk:@MSITStore:x",
            "search-ms:x",
            "slot:5",
            "private:factory/swriter",
        ];
        for case in active {
            assert!(is_active(case) && !is_inside(case), "{case}");
        }
        for case in ["", "Sheet1!A1:B2", "'表 1'!A1", "_見出し１", "Bookmark.1", "A1:A2", "第1章:概要"]
        {
            assert!(is_inside(case), "{case}");
        }
        for case in ["[book.xlsx]Sheet1!A1", "c:\\x", "a|b", "a\u{202e}b", "http://x"] {
            assert!(!is_inside(case), "{case}");
        }
        assert_eq!(active.len(), 16);
    }
}
