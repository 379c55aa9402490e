//! Content-Transfer-Encoding (RFC 2045 §6): raw body octets → decoded octets, with a word on how clean they were.
//!
//! *Security.* Any octets. Every decoder is one pass, and none writes more than it reads.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "shifts and masks of 6-bit groups; counters are bounded by the input length"
)]

use super::line::{Breaks, is_blank, lines, trim_blanks};
use policy::Ambiguity;

/// A transfer encoding that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 7bit, 8bit, binary or none.
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
}

/// Reads the value of a Content-Transfer-Encoding field; `Err` names what is wrong with it.
pub(super) fn encoding(value: &[u8]) -> Result<Encoding, Ambiguity> {
    let bare = super::line::trim(value, super::line::is_folding);
    match String::from_utf8_lossy(bare).to_ascii_lowercase().as_str() {
        "7bit" | "8bit" | "binary" => Ok(Encoding::Identity),
        "base64" => Ok(Encoding::Base64),
        "quoted-printable" => Ok(Encoding::QuotedPrintable),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => Ok(Encoding::Uuencode),
        other if other.contains(|c: char| c.is_ascii_whitespace() || "()\",;".contains(c)) => {
            Err(Ambiguity::DecoratedTransferEncoding)
        }
        _ => Err(Ambiguity::UnknownTransferEncoding),
    }
}

/// The encoding that is meant by a value with a semicolon, comma or full stop behind it.
pub(super) fn encoding_before_punctuation(value: &[u8]) -> Option<Encoding> {
    let bare = super::line::trim(value, |b| super::line::is_folding(b) || b";,.".contains(&b));
    encoding(bare).ok()
}

/// Decoded octets, and what was wrong with the encoding, if anything.
pub(super) type Decoded = (Vec<u8>, Option<Ambiguity>);

/// Decodes a body.
pub(super) fn decode(raw: &[u8], encoding: Encoding) -> Decoded {
    match encoding {
        Encoding::Identity => (raw.to_vec(), None),
        Encoding::Base64 => base64(raw),
        Encoding::QuotedPrintable => quoted_printable(raw),
        Encoding::Uuencode => uuencode(raw),
    }
}

fn sextet(octet: u8) -> Option<u32> {
    match octet {
        b'A'..=b'Z' => Some(u32::from(octet - b'A')),
        b'a'..=b'z' => Some(u32::from(octet - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(octet - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Base64 of RFC 2045 §6.8. White space is part of the form; other octets outside the alphabet are ignored and
/// noted as damage; what has two readings (data behind the padding, the URL alphabet) is noted as ambiguous.
fn base64(raw: &[u8]) -> Decoded {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut junk = 0_usize;
    let mut note = None;
    for (at, &octet) in raw.iter().enumerate() {
        if let Some(value) = sextet(octet) {
            bits = (bits << 6) | value;
            held += 1;
            if held == 4 {
                let [_, a, b, c] = bits.to_be_bytes();
                out.extend_from_slice(&[a, b, c]);
                (bits, held) = (0, 0);
            }
            continue;
        }
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'=' => {
                note = after_padding(raw.get(at..).unwrap_or(&[]), held);
                break;
            }
            b'-' | b'_' => return (out, Some(Ambiguity::AmbiguousBase64)),
            _ => junk += 1,
        }
    }
    if junk > 0 && note.is_none() {
        note = Some(Ambiguity::DirtyBase64);
    }
    let [_, a, b, _] = (bits << (6 * (4 - held.min(4)))).to_be_bytes();
    match held {
        0 => {}
        1 => note = note.or(Some(Ambiguity::DirtyBase64)),
        2 => out.push(a),
        _ => out.extend_from_slice(&[a, b]),
    }
    if held > 0 && !raw.contains(&b'=') {
        note = note.or(Some(Ambiguity::DirtyBase64));
    }
    (out, note)
}

/// What stands at the first `=`: the end of the data (RFC 2045 §6.8), unless readers may find more behind it.
fn after_padding(rest: &[u8], held: u32) -> Option<Ambiguity> {
    let more = super::line::trim(rest, |b| super::line::is_folding(b) || b == b'=');
    let pads = rest.iter().filter(|&&b| b == b'=').count();
    if more.is_empty() {
        let exact = matches!((held, pads), (2, 2) | (3, 1));
        return (!exact).then_some(Ambiguity::DirtyBase64);
    }
    // A footer that a mailing list put behind the data starts on its own line and is no base64 on any line.
    let behind = rest.iter().position(|&b| b == b'\n').and_then(|at| rest.get(at..)).unwrap_or(&[]);
    let padding = rest.get(..rest.len() - behind.len()).unwrap_or(&[]);
    let clean = padding.iter().all(|&b| b == b'=' || super::line::is_folding(b)) && !behind.is_empty();
    let footer = clean && lines(behind, 0..behind.len(), Breaks::Lf).all(|line| !is_base64_line(line.text));
    Some(if footer { Ambiguity::DirtyBase64 } else { Ambiguity::AmbiguousBase64 })
}

/// Whether a line holds nothing but base64 data, at least one quantum of it.
fn is_base64_line(text: &[u8]) -> bool {
    let text = trim_blanks(text);
    text.len() >= 4 && text.iter().all(|&b| sextet(b).is_some() || b == b'=')
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        _ => None,
    }
}

/// Quoted-printable of RFC 2045 §6.7. White space at the end of a line is dropped, an escape that is none stays as
/// it stands (the robust reading of §6.7 (2)) and is noted.
fn quoted_printable(raw: &[u8]) -> Decoded {
    let mut out = Vec::with_capacity(raw.len());
    let mut dirty = false;
    for line in lines(raw, 0..raw.len(), Breaks::Lf) {
        let end = raw.get(line.start + line.text.len()..line.next).unwrap_or(&[]);
        let mut text = line.text;
        while let Some((_, rest)) = text.split_last().filter(|(last, _)| is_blank(**last)) {
            text = rest;
        }
        let soft = text.last() == Some(&b'=');
        if soft {
            dirty |= text.len() != line.text.len() || end.is_empty();
            text = text.get(..text.len() - 1).unwrap_or(&[]);
        } else if end.is_empty() {
            // Behind the last line end nothing is trailing white space of a line.
            text = line.text;
        }
        dirty |= unescape(text, &mut out);
        if !soft {
            out.extend_from_slice(end);
        }
    }
    (out, dirty.then_some(Ambiguity::DirtyQuotedPrintable))
}

/// Resolves the escapes of one line; whether one of them was none.
fn unescape(text: &[u8], out: &mut Vec<u8>) -> bool {
    let mut dirty = false;
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'=' {
            out.push(first);
            continue;
        }
        match behind.split_at_checked(2) {
            Some((&[high, low], tail)) if hex(high).is_some() && hex(low).is_some() => {
                out.push(hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0));
                rest = tail;
            }
            _ => {
                out.push(b'=');
                dirty = true;
            }
        }
    }
    dirty
}

/// The uuencoded body of a transfer encoding that RFC 2045 does not know: exactly one block and nothing else.
fn uuencode(raw: &[u8]) -> Decoded {
    let mut out = Vec::with_capacity(raw.len() / 4 * 3);
    let (mut begun, mut ended) = (false, false);
    for line in lines(raw, 0..raw.len(), Breaks::Lf) {
        let text = trim_blanks(line.text);
        match (begun, ended) {
            (false, _) if text.is_empty() => {}
            (false, _) if text.starts_with(b"begin ") => begun = true,
            (true, false) if text == b"end" => ended = true,
            (true, false) if uu_line(line.text, &mut out) => {}
            (true, true) if text.is_empty() => {}
            _ => return (out, Some(Ambiguity::UnknownTransferEncoding)),
        }
    }
    (out, (begun && !ended).then_some(Ambiguity::UnknownTransferEncoding))
}

/// Decodes one line of uuencode into `out`; whether it was one.
pub(super) fn uu_line(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&count, data)) = text.split_first() else { return true };
    if !(b' '..=b'`').contains(&count) {
        return false;
    }
    let count = usize::from((count - b' ') & 0x3f);
    let groups = count.div_ceil(3);
    // Trailing spaces stand for zero and are often cut, but a line that would grow is none. One check character
    // more is allowed.
    if data.len() < count || data.len() > groups * 4 + 2 || data.iter().any(|b| !(b' '..=b'`').contains(b)) {
        return false;
    }
    let start = out.len();
    for group in 0..groups {
        let mut bits = 0_u32;
        for place in 0..4 {
            let octet = data.get(group * 4 + place).copied().unwrap_or(b' ');
            bits = (bits << 6) | u32::from((octet - b' ') & 0x3f);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend_from_slice(&[a, b, c]);
    }
    out.truncate(start + count);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_forms() {
        let cases: [(&[u8], &[u8], Option<Ambiguity>); 14] = [
            (b"AAEC\r\n/w==\r\n", b"\0\x01\x02\xff", None),
            (b"YWI=", b"ab", None),
            (b"YWI", b"ab", Some(Ambiguity::DirtyBase64)),
            (b"YQ=", b"a", Some(Ambiguity::DirtyBase64)),
            (b"YQ====", b"a", Some(Ambiguity::DirtyBase64)),
            (b"YWJjY", b"abc", Some(Ambiguity::DirtyBase64)),
            (b"Y.W*J#j", b"abc", Some(Ambiguity::DirtyBase64)),
            (b"YWJj\0\x0b", b"abc", Some(Ambiguity::DirtyBase64)),
            (b"YWI=YWI=", b"ab", Some(Ambiguity::AmbiguousBase64)),
            (b"YWI=\r\nYWI=", b"ab", Some(Ambiguity::AmbiguousBase64)),
            (b"Y=WI", b"", Some(Ambiguity::AmbiguousBase64)),
            (b"YWI-", b"", Some(Ambiguity::AmbiguousBase64)),
            (b"YWI=\r\n-- \r\nlist footer, and so on\r\n", b"ab", Some(Ambiguity::DirtyBase64)),
            (b"", b"", None),
        ];
        let mut ran = 0;
        for (raw, wanted, note) in cases {
            let (octets, found) = base64(raw);
            assert_eq!(found, note, "{}", raw.escape_ascii());
            if note != Some(Ambiguity::AmbiguousBase64) {
                assert_eq!(octets, wanted, "{}", raw.escape_ascii());
            }
            ran += 1;
        }
        assert_eq!(ran, 14);
    }

    #[test]
    fn quoted_printable_forms() {
        let dirty = Some(Ambiguity::DirtyQuotedPrintable);
        let cases: [(&[u8], &[u8], Option<Ambiguity>); 13] = [
            (b"a=3Db=\r\nc\r\n", b"a=bc\r\n", None),
            (b"=e3=81=82", "あ".as_bytes(), None),
            (b"a  \t\r\nb", b"a\r\nb", None),
            (b"a= \r\nb", b"ab", dirty),
            (b"a=\tb", b"a=\tb", dirty),
            (b"a=\nb", b"ab", None),
            (b"a=\rb", b"a=\rb", dirty),
            (b"a=E", b"a=E", dirty),
            (b"a=0x41", b"a=0x41", dirty),
            (b"a=", b"a", dirty),
            (b"a==41", b"a=A", dirty),
            (b"a b ", b"a b ", None),
            (b"", b"", None),
        ];
        let mut ran = 0;
        for (raw, wanted, note) in cases {
            assert_eq!(quoted_printable(raw), (wanted.to_vec(), note), "{}", raw.escape_ascii());
            ran += 1;
        }
        assert_eq!(ran, 13);
    }

    #[test]
    fn uuencode_forms() {
        assert_eq!(
            decode(b"begin 644 a\r\n#0V%T\r\n`\r\nend\r\n", Encoding::Uuencode),
            (b"Cat".to_vec(), None)
        );
        let growing = [&b"begin 644 a\n"[..], &b"M\n".repeat(100), b"end\n"].concat();
        assert_eq!(decode(&growing, Encoding::Uuencode), (vec![], Some(Ambiguity::UnknownTransferEncoding)));
        assert_eq!(decode(b"hello\r\n", Encoding::Uuencode).1, Some(Ambiguity::UnknownTransferEncoding));
        assert_eq!(
            decode(b"begin 644 a\r\n#0V%T\r\n", Encoding::Uuencode).1,
            Some(Ambiguity::UnknownTransferEncoding)
        );
    }

    #[test]
    fn encodings_are_read_strictly() {
        assert_eq!(encoding(b" Base64 "), Ok(Encoding::Base64));
        assert_eq!(encoding(b" 8BIT\r\n"), Ok(Encoding::Identity));
        assert_eq!(encoding(b"\"base64\""), Err(Ambiguity::DecoratedTransferEncoding));
        assert_eq!(encoding(b"(x) base64"), Err(Ambiguity::DecoratedTransferEncoding));
        assert_eq!(encoding(b"base64, 7bit"), Err(Ambiguity::DecoratedTransferEncoding));
        assert_eq!(encoding(b"rot13"), Err(Ambiguity::UnknownTransferEncoding));
    }
}
