//! 一太郎 (.jtd, .jtt) → its text.
//!
//! A document is a compound file whose stream `DocumentText` holds the text in UTF-16BE behind a head of 32 octets,
//! with records between: `001C`, class, length in units, …, ended by `001F`, or by `001D` when a text of its own
//! follows up to `001E`. Such a text is either what a reader sees (the base of ruby, the text of a form) or a remark
//! about it (the ruby itself, help for filling in). There is no public standard; this is what others observed in real
//! documents, and what fits none of it is left out.
//!
//! *Security.* Any octets, one pass. A record that does not end where it says is a single unit. Layout, tables and
//! pictures are lost, and said so.

use crate::{Rewritten, compound::Compound, file_text, text};
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings};

const HEAD: &[u8] = b"SsmgV.01";
/// Octets before the first unit of text, when the head is whole.
const HEAD_OCTETS: usize = 32;
/// Where the second half of the head stands.
const TEXT_HEAD: (usize, &[u8]) = (20, b"TextV.01");
/// Longest record, in units.
const RECORD_MAX: usize = 4_096;

const RECORD: u16 = 0x1c;
const INLINE: u16 = 0x1d;
const INLINE_END: u16 = 0x1e;
const RECORD_END: u16 = 0x1f;

/// Takes the text out of a document.
pub fn extract(
    octets: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let file = Compound::open(octets).ok_or(FindingCode::Unreadable)?;
    let named = file.streams(0).find(|(name, _, _)| *name == "DocumentText");
    let (_, size, number) = named.ok_or(FindingCode::Taro)?;
    budget.spend_unpacked(u64::try_from(size).unwrap_or(u64::MAX)).map_err(|exhausted| exhausted.0)?;
    let stream = file.stream(number).ok_or(FindingCode::Unreadable)?;
    let shown = shown(&units(&stream)?);
    let text = text::filter(&shown, budget, findings)?;
    if text.trim().is_empty() {
        return Err(FindingCode::Taro);
    }
    findings.add(FindingCode::TextOnly);
    Ok(Rewritten {
        octets: file_text::with_crlf(&text).into_bytes(),
        media_type: MediaType::TEXT,
        extension: "txt",
        charset: Some("UTF-8"),
        action: Action::Extract,
    })
}

/// The units of the text, as many as the head says where it does.
fn units(stream: &[u8]) -> Result<Vec<u16>, FindingCode> {
    if !stream.starts_with(HEAD) {
        return Err(FindingCode::Unreadable);
    }
    let (at, text_head) = TEXT_HEAD;
    let whole = stream.get(at..).is_some_and(|rest| rest.starts_with(text_head));
    let body = stream.get(if whole { HEAD_OCTETS } else { HEAD.len() }..).unwrap_or_default();
    let count = stream.get(28..32).and_then(|count| count.try_into().ok()).map(u32::from_be_bytes);
    let count = count.filter(|_| whole).and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    let (pairs, _) = body.as_chunks::<2>();
    let units = pairs.iter().take(count).map(|pair| u16::from_be_bytes(*pair));
    // Without its second half the head ends with the first record.
    Ok(if whole { units.collect() } else { units.skip_while(|unit| *unit != RECORD_END).collect() })
}

/// What a reader sees of the units.
fn shown(units: &[u16]) -> String {
    let mut kept: Vec<u16> = Vec::with_capacity(units.len());
    let mut rest = units;
    // Whether a text that stands in a record is a remark.
    let mut remark = false;
    while let Some((&unit, behind)) = rest.split_first() {
        rest = behind;
        match unit {
            RECORD => {
                let length = behind.get(1).map(|length| usize::from(*length)).unwrap_or_default();
                let record = length
                    .checked_sub(1)
                    .filter(|_| (4..=RECORD_MAX).contains(&length))
                    .and_then(|length| behind.split_at_checked(length));
                if let Some((record, after)) = record
                    && let Some(&last) = record.last().filter(|last| [INLINE, RECORD_END].contains(last))
                {
                    remark = last == INLINE && record.get(3) != Some(&0);
                    rest = after;
                }
            }
            INLINE_END => {
                remark = false;
                let length = behind.first().map(|length| usize::from(*length)).unwrap_or_default();
                let tail = length.checked_sub(1).and_then(|length| behind.split_at_checked(length));
                if let Some((_, after)) = tail.filter(|(tail, _)| tail.last() == Some(&RECORD_END)) {
                    rest = after;
                }
            }
            _ if remark => {}
            // Row of a table, page.
            0x0c | 0x0e => kept.push(0x0a),
            0x09 | 0x0a | 0x0d => kept.push(unit),
            0..0x20 | 0x7f..0xa0 | 0xfffe.. => {}
            _ => kept.push(unit),
        }
    }
    let text: String = char::decode_utf16(kept).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlook::tests::{Node, compound};
    use policy::Limits;

    fn compound_of(name: &str, octets: &[u8]) -> Vec<u8> {
        compound(vec![Node::Stream(name.to_owned(), octets.to_vec())])
    }

    /// A stream of these units, with a whole head.
    fn stream(units: &[u16]) -> Vec<u8> {
        let mut octets = b"SsmgV.01\0\0\0\0\0\0\0\0\0\0\0\0TextV.01".to_vec();
        octets.extend(u32::try_from(units.len()).unwrap().to_be_bytes());
        octets.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
        octets.extend([0, 0, 0, 0, 9, 0xff]);
        octets
    }

    fn text(pieces: &[&[u16]]) -> String {
        shown(&units(&stream(&pieces.concat())).unwrap())
    }

    fn utf16(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn what_a_reader_sees_is_kept() {
        let style = [0x1c, 0x10, 8, 0x4e00, 0x4e8c, 0xffff, 0x10, 0x1f];
        let base = [0x1c, 1, 7, 0, 0, 3, 0x1d];
        let ruby = [0x1c, 1, 7, 0, 1, 0x82, 0x1d];
        let end = [0x1e, 5, 0, 1, 0x1f];
        let cases: &[(&[&[u16]], &str)] = &[
            (&[&utf16("通知\n本文")], "通知\n本文"),
            (&[&utf16("前"), &style, &utf16("後")], "前後"),
            (&[&base, &utf16("午后"), &end, &ruby, &utf16("ごご"), &end, &utf16("の授業")], "午后の授業"),
            (&[&utf16("一"), &[0x0c], &utf16("二"), &[0x0e], &utf16("三")], "一\n二\n三"),
            (&[&utf16("a\r\nb\rc\td")], "a\nb\nc\td"),
            (&[&utf16("x"), &[0x1c, 0x10, 0xffff, 0x61]], "xa"),
            (&[&[0x1c]], ""),
            (&[&[0x1e]], ""),
            (&[&[0xd800, 0x61]], "\u{fffd}a"),
        ];
        let mut ran = 0;
        for (pieces, expected) in cases {
            assert_eq!(text(pieces), *expected);
            ran += 1;
        }
        assert_eq!(ran, 9);
    }

    #[test]
    fn a_document_becomes_a_text_file() {
        let run = |octets: &[u8]| {
            let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
            extract(octets, &mut budget, &mut findings).map(|written| (written.octets, findings))
        };
        let (octets, findings) = run(&compound_of("DocumentText", &stream(&utf16("起案\n決裁")))).unwrap();
        assert_eq!(String::from_utf8(octets).unwrap(), "起案\r\n決裁\r\n");
        assert!(findings.has(FindingCode::TextOnly));
        let short = [
            b"SsmgV.01\0\x1f".as_slice(),
            &utf16("短").iter().flat_map(|u| u.to_be_bytes()).collect::<Vec<_>>(),
        ];
        assert!(run(&compound_of("DocumentText", &short.concat())).is_ok());
        assert_eq!(run(&compound_of("JSCompDocument", b"x")).unwrap_err(), FindingCode::Taro);
        assert_eq!(run(&compound_of("DocumentText", b"plain")).unwrap_err(), FindingCode::Unreadable);
        assert_eq!(run(b"plain").unwrap_err(), FindingCode::Unreadable);
        let whole = compound_of("DocumentText", &stream(&utf16("起案")));
        for end in (0..whole.len()).step_by(7) {
            drop(run(&whole[..end]));
        }
    }
}
