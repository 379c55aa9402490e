//! Lines that a reader's program would decode, and addresses on which it would act.
//!
//! *Security.* Linear in the line: at a colon at most 64 characters before it and 100 behind it are looked at, behind a
//! run of backslashes at most 255, and no run is read twice.

use crate::objections::Objections;

/// Longest scheme that is compared.
const SCHEME_MAX: usize = 64;
/// Longest host that is looked at behind backslashes.
const HOST_MAX: usize = 255;
/// How far the comma of a `data:` address is looked for.
const DATA_MAX: usize = 100;

/// Schemes on which some program of a reader acts although no mail needs them; `ms-…` and `data` aside.
pub(crate) const LIVE: &[&str] = &[
    "about",
    "afp",
    "blob",
    "cifs",
    "dav",
    "davs",
    "file",
    "filesystem",
    "hcp",
    "intent",
    "its",
    "jar",
    "javascript",
    "jscript",
    "knownfolder",
    "ldap",
    "ldaps",
    "livescript",
    "local",
    "mhtml",
    "microsoft-edge",
    "mk",
    "mocha",
    "nfs",
    "odopen",
    "onenote",
    "outlook",
    "rdp",
    "res",
    "rlogin",
    "search",
    "search-ms",
    "shell",
    "smb",
    "ssh",
    "telnet",
    "tn3270",
    "vbscript",
    "view-source",
    "vnc",
    "webdav",
    "webdavs",
    "windowsdefender",
    "wyciwyg",
];

/// The yen and won signs are backslashes to programs of Japanese and Korean Windows.
const fn is_backslash(c: char) -> bool {
    matches!(c, '\\' | '\u{a5}' | '\u{20a9}')
}

/// Checks one line.
pub(crate) fn check_line(line: &str, objections: &mut Objections) {
    objections.require(!begins_file(line), "text.encoded_file", "a line that begins an encoded file");
    // Nearly every line ends here: it holds no colon, and nothing that a backslash could begin with.
    if !line.bytes().fold(false, |found, b| found | matches!(b, b':' | b'\\' | 0xc2 | 0xe2)) {
        return;
    }
    let mut rest = line;
    while let Some(at) = rest.find(|c| c == ':' || is_backslash(c)) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if let Some(behind) = from.strip_prefix(':') {
            if is_live(before, behind) {
                objections.add("text.scheme", "an address on which a program acts");
            }
            rest = behind;
        } else {
            rest = from.trim_start_matches(is_backslash);
            let run = from.get(..from.len().saturating_sub(rest.len())).unwrap_or_default();
            if run.chars().nth(1).is_some() && is_share(rest) {
                objections.add("text.unc_path", "");
            }
        }
    }
}

fn starts_with(text: &str, head: &str) -> bool {
    text.as_bytes().get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head.as_bytes()))
}

/// The first line of uuencode, yEnc, `BinHex` 4.0 (RFC 1741) or armour (RFC 9580, RFC 7468).
fn begins_file(line: &str) -> bool {
    let start = line.trim_start_matches([' ', '\t']);
    match start.as_bytes().first() {
        Some(b'b') => is_uuencode(start),
        Some(b'=') => ["=ybegin ", "=ypart ", "=yend "].iter().any(|head| starts_with(start, head)),
        Some(b'(') => starts_with(start, "(This file must be converted with BinHex"),
        Some(b'-') => starts_with(start, "-----BEGIN "),
        _ => false,
    }
}

/// `begin 644 name`, `begin-base64 644 name`.
fn is_uuencode(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("begin") else { return false };
    let rest = rest.strip_prefix("-base64").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(' ') else { return false };
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let (Some(mode), Some(_name)) = (words.next(), words.next()) else { return false };
    let octal = mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    octal && (mode.len() == 3 || (mode.len() == 4 && mode.starts_with('0')))
}

/// Whether a program would act on an address whose scheme ends `before` the colon. Programs look for a scheme behind
/// every dot, plus and hyphen.
fn is_live(before: &str, behind: &str) -> bool {
    if behind.chars().next().is_none_or(char::is_whitespace) {
        return false;
    }
    let is_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    let length = before.bytes().rev().take(SCHEME_MAX).take_while(|&b| is_scheme(b)).count();
    if length == 0 {
        return false;
    }
    let scheme = before.get(before.len().saturating_sub(length)..).unwrap_or_default().to_ascii_lowercase();
    let is_free = |head: &str| !head.ends_with(|c: char| c.is_ascii_alphanumeric());
    let ends_with = |name: &str| scheme.strip_suffix(name).is_some_and(is_free);
    let is_data = || behind.chars().take(DATA_MAX).take_while(|c| !c.is_whitespace()).any(|c| c == ',');
    scheme.match_indices("ms-").any(|(at, _)| scheme.get(..at).is_some_and(is_free))
        || (ends_with("data") && is_data())
        || LIVE.iter().any(|name| ends_with(name))
}

/// `host\share`, `host@SSL\…` behind two backslashes; `?\UNC\…`, too.
fn is_share(text: &str) -> bool {
    let is_host = |c: char| c.is_alphanumeric() || ".-_?%[]:$".contains(c);
    if !text.starts_with(|c: char| c.is_alphanumeric() || ".-_?%[".contains(c)) {
        return false;
    }
    let mut behind = text.chars().take(HOST_MAX).skip_while(|&c| is_host(c));
    match behind.next() {
        Some('@') => true,
        Some(slash) if slash == '/' || is_backslash(slash) => {
            behind.next().is_some_and(|c| c.is_alphanumeric() || "_.$-~!#%&@^({[+=".contains(c))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(line: &str) -> Vec<String> {
        let mut objections = Objections::default();
        check_line(line, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn what_people_write_passes() {
        let cases = [
            "begin 2024 with joy",
            "profile:x file: report 10:30",
            "File: report.pdf",
            "a \\\\hline b",
            "C:\\Users\\x \\o/ \\\\_// \\d+ \\\\",
            "https://example.jp/?a=b:c",
            "-----Original Message-----",
            "Data: yes data:5",
            "programs:x",
        ];
        for case in cases {
            assert_eq!(rules(case), Vec::<String>::new(), "{case:?}");
        }
        assert_eq!(cases.len(), 9);
    }

    #[test]
    fn what_programs_act_on_is_refused() {
        let far = format!("{}.file://x", "a".repeat(100));
        let cases = [
            ("begin 644 a.exe", "text.encoded_file"),
            ("begin-base64 0644 a.exe", "text.encoded_file"),
            ("=ybegin line=128 size=1 name=a", "text.encoded_file"),
            ("(this file must be converted with binhex 4.0)", "text.encoded_file"),
            ("-----BEGIN PGP MESSAGE-----", "text.encoded_file"),
            ("見て file://host/x", "text.scheme"),
            ("FILE:\\\\x", "text.scheme"),
            ("x-file:///c", "text.scheme"),
            ("search-ms:query=x", "text.scheme"),
            ("<ms-officecmd:{}>", "text.scheme"),
            ("x-ms-word:ofe", "text.scheme"),
            ("javascript:alert(1)", "text.scheme"),
            ("smb://host/share", "text.scheme"),
            ("data:text/html,x", "text.scheme"),
            ("\\\\host\\share", "text.unc_path"),
            ("\\\\host@SSL\\dav", "text.unc_path"),
            ("\\\\_host\\share", "text.unc_path"),
            ("\\\\host\\_share", "text.unc_path"),
            ("¥¥host¥share", "text.unc_path"),
            ("\\\\?\\UNC\\host\\share", "text.unc_path"),
            ("\\\\\\\\host/share", "text.unc_path"),
            (&far, "text.scheme"),
        ];
        for (case, rule) in cases {
            assert!(rules(case).iter().any(|found| found == rule), "{case:?}");
        }
        assert_eq!(cases.len(), 22);
    }
}
