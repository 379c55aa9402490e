//! Breaks visibly what a reader's program would act on: addresses of dangerous schemes, UNC paths, and lines that
//! begin an encoded file (uuencode, yEnc, `BinHex` 4.0 of RFC 1741, armour of RFC 4880 and RFC 7468).
//!
//! A colon becomes `：`, the backslashes of a UNC path `＼`, an encoded line is quoted by `> `.
//!
//! *Security.* One pass; at a colon and at a backslash at most 255 characters are looked at. What is written here
//! matches none of the rules again.

use policy::{FindingCode, Findings};

/// Longest scheme that is compared.
const SCHEME_MAX: usize = 64;
/// Longest host name looked at behind `\\`.
const HOST_MAX: usize = 255;

/// Schemes that some program on a reader's machine acts on although no mail needs them.
const DANGEROUS: &[&str] = &[
    "file",
    "javascript",
    "vbscript",
    "jscript",
    "livescript",
    "mocha",
    "search-ms",
    "search",
    "mhtml",
    "mk",
    "its",
    "shell",
    "hcp",
    "res",
    "jar",
    "view-source",
    "about",
    "blob",
    "filesystem",
    "wyciwyg",
    "onenote",
    "smb",
    "cifs",
    "dav",
    "davs",
    "webdav",
    "webdavs",
    "nfs",
    "ssh",
    "telnet",
    "rlogin",
    "tn3270",
    "outlook",
    "microsoft-edge",
    "odopen",
    "knownfolder",
    "windowsdefender",
    "ldap",
    "ldaps",
    "intent",
    "local",
    "vnc",
    "rdp",
    "afp",
];

/// The text, each line judged.
pub(crate) fn broken(text: &str, findings: &mut Findings) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(64));
    for line in text.split_inclusive('\n') {
        if let Some(encoding) = encoded_file(line) {
            out.push_str("> ");
            findings.add_detail(FindingCode::EncodedInText, encoding);
        }
        break_links(line, &mut out, findings);
    }
    out
}

/// The encoding whose first line this is.
pub(crate) fn encoded_file(line: &str) -> Option<&'static str> {
    let line = line.trim_start_matches([' ', '\t']);
    let begins = |words: &str| {
        line.as_bytes().get(..words.len()).is_some_and(|head| head.eq_ignore_ascii_case(words.as_bytes()))
    };
    match line.as_bytes().first()? {
        b'b' => is_uuencode_begin(line).then_some("uuencode"),
        b'=' => ["=ybegin ", "=ypart ", "=yend "].into_iter().any(begins).then_some("yEnc"),
        b'(' => begins("(This file must be converted with BinHex").then_some("BinHex"),
        b'-' => begins("-----BEGIN ").then_some("armour"),
        _ => None,
    }
}

/// `begin 644 name`, `begin-base64 644 name`; old Outlook took two spaces for it, too. A year is no mode.
fn is_uuencode_begin(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("begin") else { return false };
    let rest = rest.strip_prefix("-base64").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(' ') else { return false };
    let (mode, name) = rest.trim_start().split_once(' ').unwrap_or_default();
    let is_mode = mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
        && (mode.len() == 3 || (mode.len() == 4 && mode.starts_with('0')));
    is_mode && !name.trim().is_empty()
}

/// Whether a program would act on `scheme:rest`.
pub(crate) fn is_dangerous_scheme(scheme: &str, rest: &str) -> bool {
    if rest.chars().next().is_none_or(char::is_whitespace) {
        return false;
    }
    // Only the end of a long one: it is ASCII, so every octet is a character.
    let end = scheme.get(scheme.len().saturating_sub(SCHEME_MAX)..).unwrap_or_default();
    let scheme = end.to_ascii_lowercase();
    // A scheme is looked for behind every dot, plus and hyphen: programs that find links in text do so, too.
    let is_free = |head: &str| !head.ends_with(|c: char| c.is_ascii_alphanumeric());
    let ends_with = |name: &str| scheme.strip_suffix(name).is_some_and(is_free);
    if scheme.match_indices("ms-").any(|(at, _)| scheme.get(..at).is_some_and(is_free)) {
        return true;
    }
    if ends_with("data") {
        return rest
            .split(char::is_whitespace)
            .next()
            .unwrap_or_default()
            .chars()
            .take(100)
            .any(|c| c == ',');
    }
    DANGEROUS.iter().any(|name| ends_with(name))
}

const fn is_scheme_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

const fn is_backslash(c: char) -> bool {
    matches!(c, '\\' | '\u{a5}' | '\u{20a9}')
}

fn break_links(line: &str, out: &mut String, findings: &mut Findings) {
    // Nearly every line holds no colon, and nothing that a backslash could begin with.
    if !line.bytes().fold(false, |found, b| found | matches!(b, b':' | b'\\' | 0xc2 | 0xe2)) {
        out.push_str(line);
        return;
    }
    let mut word = 0usize;
    let mut previous = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = at.saturating_add(c.len_utf8());
        if c == ':' {
            let scheme = line.get(word..at).unwrap_or_default();
            let dangerous = is_dangerous_scheme(scheme, line.get(after..).unwrap_or_default());
            out.push(if dangerous { '：' } else { ':' });
            if dangerous {
                findings.add_detail(FindingCode::DangerousLink, &format!("{}:", scheme.to_ascii_lowercase()));
            }
        } else if is_backslash(c) {
            let mut end = after;
            let mut run = 1usize;
            while let Some((next, slash)) = chars.next_if(|&(_, next)| is_backslash(next)) {
                end = next.saturating_add(slash.len_utf8());
                run = run.saturating_add(1);
            }
            let slashes = line.get(at..end).unwrap_or_default();
            if run >= 2 && begins_host(previous, line.get(end..).unwrap_or_default()) {
                out.extend(std::iter::repeat_n('＼', run));
                findings.add_detail(FindingCode::DangerousLink, "UNC");
            } else {
                out.push_str(slashes);
            }
            word = end;
        } else {
            out.push(c);
        }
        if !is_scheme_char(c) {
            word = word.max(after);
        }
        previous = Some(c);
    }
}

/// Whether what follows two backslashes is a host that a program would connect to.
fn begins_host(previous: Option<char>, rest: &str) -> bool {
    let is_host =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '?' | '%' | '[' | ']' | ':' | '$');
    if !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '?' | '[' | '%')) {
        return false;
    }
    let host: String = rest.chars().take(HOST_MAX).take_while(|&c| is_host(c)).collect();
    let mut behind = rest.get(host.len()..).unwrap_or_default().chars();
    let follows = behind.next();
    let has_share = follows == Some('@')
        || (follows.is_some_and(|c| is_backslash(c) || c == '/')
            && behind.next().is_some_and(|c| c.is_alphanumeric() || "_.$-~!#%&@^({[+=".contains(c)));
    let free =
        previous.is_none_or(|c| c.is_whitespace() || matches!(c, '<' | '"' | '\'' | '(') || !c.is_ascii());
    has_share || (free && host.chars().count() >= 3)
}
