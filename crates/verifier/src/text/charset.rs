//! Octets of a text attachment → forms that can be checked without decoding them.
//!
//! UTF-8 is what it says. Of `Shift_JIS` (as CP932), EUC-JP and ISO-2022-JP only the *form* is read, from the ranges of
//! JIS X 0208 annex 1, RFC 1468 and the vendor rows: every two-octet character becomes 一, half-width katakana
//! becomes ｱ; only the full-width signs with which a spreadsheet begins a formula become themselves, and letters Ａ. ASCII stays
//! where a decoder would see it, so the rules for cells, lines and addresses hold; characters that nobody sees do not
//! exist in these sets, or are refused (soft hyphen, C1, the Hangul filler). Other legacy sets are read likewise. That
//! needs no table of characters and shares none with the writer.
//!
//! A label stays with the mail and is gone when the file is saved. So UTF-16 must bear its mark, no other set may bear
//! one, and what a program guesses without a label is read, too ([`guessed`], [`as_shift_jis`]).
//!
//! *Security.* One pass; refuses octets outside the ranges, pairs cut short, and escapes other than those of RFC 1468
//! and of half-width katakana; every line of ISO-2022-JP ends in ASCII.

use std::borrow::Cow;

/// The scan form of `octets` under the MIME label `charset`, or what is wrong.
pub(crate) fn scan_form<'octets>(
    octets: &'octets [u8],
    charset: &str,
) -> Result<Cow<'octets, str>, &'static str> {
    let is_wide = matches!(charset, "UTF-16LE" | "UTF-16BE");
    if charset != "UTF-8" && !is_wide && mark(octets).is_some() {
        return Err("the mark of another charset");
    }
    if is_wide && mark(octets) != Some(charset) {
        return Err("UTF-16 without its mark");
    }
    match charset {
        "UTF-8" => {
            let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
            str::from_utf8(octets).map(Cow::Borrowed).or(Err("not UTF-8"))
        }
        "US-ASCII" if octets.is_ascii() => str::from_utf8(octets).map(Cow::Borrowed).or(Err("not US-ASCII")),
        "Shift_JIS" => shift_jis(octets).map(Cow::Owned),
        "EUC-JP" => euc_jp(octets).map(Cow::Owned),
        "ISO-2022-JP" => iso_2022_jp(octets).map(Cow::Owned),
        "UTF-16LE" => utf_16(octets, u16::from_le_bytes).map(Cow::Owned),
        "UTF-16BE" => utf_16(octets, u16::from_be_bytes).map(Cow::Owned),
        "GBK" | "gb18030" => pairs(octets, row_three).map(Cow::Owned),
        "EUC-KR" => pairs(octets, korean).map(Cow::Owned),
        "Big5" => pairs(octets, big_five).map(Cow::Owned),
        "windows-1250" | "windows-1251" | "windows-1252" | "windows-1253" | "windows-1254"
        | "windows-1257" | "ISO-8859-1" | "ISO-8859-2" | "ISO-8859-3" | "ISO-8859-4" | "ISO-8859-5"
        | "ISO-8859-7" | "ISO-8859-10" | "ISO-8859-13" | "ISO-8859-14" | "ISO-8859-15" | "ISO-8859-16"
        | "KOI8-R" | "KOI8-U" => single(octets, charset).map(Cow::Owned),
        _ => Err("charset not on the list"),
    }
}

/// The charset whose byte order mark stands at the beginning.
fn mark(octets: &[u8]) -> Option<&'static str> {
    match *octets {
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        [0xff, 0xfe, ..] => Some("UTF-16LE"),
        [0xfe, 0xff, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

/// Octets under another label that are UTF-8: editors take them for it.
pub(crate) fn guessed<'octets>(octets: &'octets [u8], charset: &str) -> Option<&'octets str> {
    let is_other = !matches!(charset, "UTF-8" | "UTF-16LE" | "UTF-16BE" | "ISO-2022-JP");
    if is_other && !octets.is_ascii() { str::from_utf8(octets).ok() } else { None }
}

/// Octets under another label that can be `Shift_JIS`: a Japanese spreadsheet takes a file without a mark for it.
/// UTF-8 needs no such look, because no cell of it begins with one of the octets that would be a full-width sign.
pub(crate) fn as_shift_jis(octets: &[u8], charset: &str) -> Option<String> {
    let is_other = !matches!(charset, "UTF-8" | "UTF-16LE" | "UTF-16BE" | "Shift_JIS");
    if is_other && !octets.is_ascii() { shift_jis(octets).ok() } else { None }
}

/// Sets of one octet a character. C1 and the soft hyphen are hidden.
fn single(octets: &[u8], charset: &str) -> Result<String, &'static str> {
    let is_iso = charset.starts_with("ISO-");
    let has_hyphen = !charset.starts_with("KOI8-");
    let hides = |octet: u8| (octet == 0xad && has_hyphen) || (is_iso && matches!(octet, 0x80..=0x9f));
    if octets.iter().any(|&octet| hides(octet)) {
        return Err("an octet that nobody sees");
    }
    Ok(octets.iter().map(|&octet| if octet < 0x80 { char::from(octet) } else { 'ｱ' }).collect())
}

/// RFC 2781 with its byte order mark.
fn utf_16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, &'static str> {
    let (units, rest) = octets.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("half a code unit");
    }
    let mut text: String = char::decode_utf16(units.iter().map(|&two| unit(two)))
        .collect::<Result<_, _>>()
        .or(Err("not UTF-16"))?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// The two-octet sets of China, Taiwan and Korea; four octets (gb18030) could hold anything and are refused.
fn pairs(octets: &[u8], sign: fn(u8, u8) -> char) -> Result<String, &'static str> {
    let mut form = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(lead) = octets.next() {
        match lead {
            0x00..=0x7f => form.push(char::from(lead)),
            0x81..=0xfe => {
                let trail = octets.next().ok_or("a pair is cut short")?;
                if !matches!(trail, 0x40..=0x7e | 0x80..=0xfe) {
                    return Err("trail octet out of range");
                }
                form.push(sign(lead, trail));
            }
            _ => return Err("lead octet out of range"),
        }
    }
    // As the filler stands in the form.
    if form.contains('\u{3164}') { Err("an octet that nobody sees") } else { Ok(form) }
}

/// Row 3 of GB 2312 is ASCII in full width.
const fn row_three(lead: u8, trail: u8) -> char {
    if lead == 0xa3 { pair(0x23, trail & 0x7f) } else { '一' }
}

/// Row 3 of KS X 1001, too; row 4 has a filler.
const fn korean(lead: u8, trail: u8) -> char {
    if lead == 0xa4 && trail == 0xd4 { '\u{3164}' } else { row_three(lead, trail) }
}

/// The full-width signs of Big5.
const fn big_five(lead: u8, trail: u8) -> char {
    match (lead, trail) {
        (0xa1, 0xcf) => '＋',
        (0xa1, 0xd0) => '－',
        (0xa1, 0xd7) => '＝',
        (0xa2, 0x49) => '＠',
        _ => '一',
    }
}

/// A two-octet character by its JIS X 0208 place (both octets 0x21–0x7E).
const fn pair(lead: u8, trail: u8) -> char {
    match (lead, trail) {
        (0x21, 0x61) => '＝',
        (0x21, 0x5c) => '＋',
        (0x21, 0x5d) => '－',
        (0x21, 0x77) => '＠',
        (0x21, 0x40) => '＼',
        // Row 3 of GB 2312 and KS X 1001 is ASCII in full width.
        (0x23, 0x3d) => '＝',
        (0x23, 0x2b) => '＋',
        (0x23, 0x2d) => '－',
        (0x23, 0x40) => '＠',
        (0x23, 0x41..=0x5a | 0x61..=0x7a) => 'Ａ',
        _ => '一',
    }
}

fn shift_jis(octets: &[u8]) -> Result<String, &'static str> {
    let mut form = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(lead) = octets.next() {
        match lead {
            0x00..=0x7f => form.push(char::from(lead)),
            0xa1..=0xdf => form.push('ｱ'),
            0x81..=0x9f | 0xe0..=0xfc => {
                let trail = octets.next().ok_or("a pair is cut short")?;
                if !matches!(trail, 0x40..=0x7e | 0x80..=0xfc) {
                    return Err("trail octet out of range");
                }
                form.push(match (lead, trail) {
                    (0x81, 0x81) => '＝',
                    (0x81, 0x7b) => '＋',
                    (0x81, 0x7c) => '－',
                    (0x81, 0x97) => '＠',
                    (0x81, 0x5f) => '＼',
                    (0x82, 0x60..=0x79 | 0x81..=0x9a) => 'Ａ',
                    _ => '一',
                });
            }
            _ => return Err("lead octet out of range"),
        }
    }
    Ok(form)
}

fn euc_jp(octets: &[u8]) -> Result<String, &'static str> {
    const HIGH: std::ops::RangeInclusive<u8> = 0xa1..=0xfe;
    let mut form = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(lead) = octets.next() {
        let mut trail =
            || octets.next().filter(|trail| HIGH.contains(trail)).ok_or("trail octet out of range");
        match lead {
            0x00..=0x7f => form.push(char::from(lead)),
            0x8e => {
                if trail()? > 0xdf {
                    return Err("half-width katakana out of range");
                }
                form.push('ｱ');
            }
            0x8f => {
                trail()?;
                trail()?;
                form.push('一');
            }
            0xa1..=0xfe => form.push(pair(lead & 0x7f, trail()? & 0x7f)),
            _ => return Err("lead octet out of range"),
        }
    }
    Ok(form)
}

fn iso_2022_jp(octets: &[u8]) -> Result<String, &'static str> {
    #[derive(PartialEq)]
    enum Set {
        Ascii,
        Kana,
        Kanji,
    }
    let mut form = String::with_capacity(octets.len());
    let (mut rest, mut set) = (octets, Set::Ascii);
    loop {
        match *rest {
            [] => return if set == Set::Ascii { Ok(form) } else { Err("does not end in ASCII") },
            [0x1b, a, b, ..] => {
                set = match [a, b] {
                    [b'(', b'B' | b'J'] => Set::Ascii,
                    [b'(', b'I'] => Set::Kana,
                    [b'$', b'@' | b'B'] => Set::Kanji,
                    _ => return Err("escape not on the list"),
                };
                rest = rest.get(3..).unwrap_or_default();
                continue;
            }
            [octet, ..] if set == Set::Ascii && octet < 0x80 && octet != 0x1b => form.push(char::from(octet)),
            [0x21..=0x5f, ..] if set == Set::Kana => form.push('ｱ'),
            [lead @ 0x21..=0x7e, trail @ 0x21..=0x7e, ..] if set == Set::Kanji => {
                form.push(pair(lead, trail));
                rest = rest.get(1..).unwrap_or_default();
            }
            _ => return Err("octet out of range"),
        }
        rest = rest.get(1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read() {
        let cases: [(&[u8], &str, &str); 12] = [
            (b"\xef\xbb\xbfa", "UTF-8", "a"),
            (b"\x83\x5c,\x81\x81\xb1", "Shift_JIS", "一,＝ｱ"),
            (b"\x83\x5c\\\xf0\x40", "Shift_JIS", "一\\一"),
            (b"\xa5\xbd,\xa1\xe1\x8e\xb1\x8f\xb0\xa1", "EUC-JP", "一,＝ｱ一"),
            (b"\x1b$B%=!a\x1b(B,", "ISO-2022-JP", "一＝,"),
            (b"\x1b(I1\x1b(Bx", "ISO-2022-JP", "ｱx"),
            (b"x", "US-ASCII", "x"),
            (b"\xff\xfea\0\x42\x30", "UTF-16LE", "aあ"),
            (b"\xa1\xd7\xa2\x49\xa4\x40", "Big5", "＝＠一"),
            (b"\xa3\xbd\xa3\xc1", "GBK", "＝Ａ"),
            (b"\xe9t\xe9", "windows-1252", "ｱtｱ"),
            (b"", "Shift_JIS", ""),
        ];
        for (octets, charset, form) in cases {
            assert_eq!(scan_form(octets, charset).as_deref(), Ok(form));
        }
    }

    #[test]
    fn other_octets_are_refused() {
        let cases: [(&[u8], &str); 23] = [
            (b"\xff", "UTF-8"),
            (b"\xc0\x80", "UTF-8"),
            (b"\x80", "US-ASCII"),
            (b"\x83", "Shift_JIS"),
            (b"\x83,", "Shift_JIS"),
            (b"\x80", "Shift_JIS"),
            (b"\xa0", "Shift_JIS"),
            (b"\xfd", "Shift_JIS"),
            (b"\xa5,", "EUC-JP"),
            (b"\x8e\xe0", "EUC-JP"),
            (b"\x1b$B%=", "ISO-2022-JP"),
            (b"\x1b$B%\r\n\x1b(B", "ISO-2022-JP"),
            (b"\x1b.A", "ISO-2022-JP"),
            (b"a", "UTF-7"),
            (b"a\0", "UTF-16LE"),
            (b"\xfe\xff\0a", "UTF-16LE"),
            (b"\xff\xfe\xe9", "windows-1252"),
            (b"\xef\xbb\xbf", "Shift_JIS"),
            (b"\xef\xbb\xbfa", "US-ASCII"),
            (b"a\xadb", "ISO-8859-15"),
            (b"\x85", "ISO-8859-1"),
            (b"\xa4\xd4", "EUC-KR"),
            (b"\x81\x30\x81\x30", "gb18030"),
        ];
        for (octets, charset) in cases {
            assert!(scan_form(octets, charset).is_err(), "{octets:?} {charset}");
        }
    }
}
