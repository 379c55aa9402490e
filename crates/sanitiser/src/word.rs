//! Word 97–2003 (.doc, \[MS-DOC\]) → its text.
//!
//! The stream `WordDocument` begins with a table of places (FIB); the piece table in `0Table` or `1Table` says where the
//! text lies, in UTF-16 or in Windows-1252. Only the main text is taken: of a field what it showed, of a table its
//! cells with tabs between.
//!
//! *Security.* Any octets. Pieces are followed in their order, never further than the text is long by the file's own
//! count and the budget. A document that is locked is not guessed at.

use crate::{
    Rewritten,
    compound::{Compound, u16_at, u32_at},
    file_text, text,
};
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings};

/// Flags of the FIB (\[MS-DOC\] 2.5.2): locked, and which of the two tables.
const LOCKED: u16 = 0x0100;
const SECOND_TABLE: u16 = 0x0200;
/// Oldest version whose FIB has this form: Word 97.
const VERSION_MIN: u16 = 0x00c1;
/// Length of the main text, and place and length of the piece table (\[MS-DOC\] 2.5.4, 2.5.6).
const TEXT_LENGTH: usize = 0x4c;
const PIECES: usize = 0x1a2;
/// Whether a piece is in Windows-1252.
const COMPRESSED: u32 = 0x4000_0000;

fn usize_at(octets: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(octets, at)?).ok()
}

/// Takes the text out of a document.
pub fn extract(
    octets: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let file = Compound::open(octets).ok_or(FindingCode::Unreadable)?;
    let mut stream = |name: &str| {
        let (_, size, number) = file.streams(0).find(|(named, _, _)| *named == name)?;
        budget.spend_unpacked(u64::try_from(size).unwrap_or(u64::MAX)).ok()?;
        file.stream(number)
    };
    let main = stream("WordDocument").ok_or(FindingCode::Unreadable)?;
    let flags = u16_at(&main, 0x0a).ok_or(FindingCode::Unreadable)?;
    if flags & LOCKED != 0 {
        return Err(FindingCode::Locked);
    }
    if u16_at(&main, 2).is_none_or(|version| version < VERSION_MIN) {
        return Err(FindingCode::NotSupportedYet);
    }
    let table = stream(if flags & SECOND_TABLE == 0 { "0Table" } else { "1Table" });
    let table = table.ok_or(FindingCode::Unreadable)?;
    let raw = pieces(&main, &table).ok_or(FindingCode::Unreadable)?;
    let text = text::filter(&shown(&raw), budget, findings)?;
    if text.trim().is_empty() {
        return Err(FindingCode::Empty);
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

/// The main text, piece by piece (\[MS-DOC\] 2.4.1).
fn pieces(main: &[u8], table: &[u8]) -> Option<String> {
    let mut left = usize_at(main, TEXT_LENGTH)?;
    let (start, length) = (usize_at(main, PIECES)?, usize_at(main, PIECES.checked_add(4)?)?);
    let mut rest = table.get(start..start.checked_add(length)?)?;
    // Changes of properties stand before the pieces.
    while rest.first() == Some(&1) {
        rest = rest.get(usize::from(u16_at(rest, 1)?).checked_add(3)?..)?;
    }
    let list = rest.get(5..).filter(|_| rest.first() == Some(&2))?;
    let list = list.get(..usize_at(rest, 1)?)?;
    let count = list.len().checked_sub(4)?.checked_div(12)?;
    let (places, descriptions) = list.split_at_checked(count.checked_add(1)?.checked_mul(4)?)?;
    let (places, descriptions) = (places.as_chunks::<4>().0, descriptions.as_chunks::<8>().0);
    let mut text = String::new();
    for (place, description) in places.windows(2).zip(descriptions) {
        let [from, to] = place else { break };
        let chars = u32::from_le_bytes(*to).checked_sub(u32::from_le_bytes(*from))?;
        let chars = usize::try_from(chars).ok()?.min(left);
        left = left.checked_sub(chars)?;
        let at = u32_at(description, 2)?;
        if at & COMPRESSED == 0 {
            let start = usize::try_from(at).ok()?;
            let octets = main.get(start..start.checked_add(chars.checked_mul(2)?)?)?;
            let units = octets.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
            text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        } else {
            let start = usize::try_from((at & !COMPRESSED).checked_div(2)?).ok()?;
            let octets = main.get(start..start.checked_add(chars)?)?;
            text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0);
        }
    }
    Some(text)
}

/// What a reader sees: marks become lines and tabs, of a field only what it showed (\[MS-DOC\] 2.8.25).
fn shown(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    // For each open field, whether its instruction is being read.
    let mut fields: Vec<bool> = Vec::new();
    for c in raw.chars() {
        match c {
            '\u{13}' => fields.push(true),
            '\u{14}' => {
                if let Some(field) = fields.last_mut() {
                    *field = false;
                }
            }
            '\u{15}' => drop(fields.pop()),
            _ if fields.contains(&true) => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{e}' => text.push('\n'),
            '\u{7}' => text.push('\t'),
            '\u{1e}' => text.push('-'),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlook::tests::{Node, compound};
    use policy::Limits;

    /// A document of pieces: each in UTF-16 or in Windows-1252.
    fn document(pieces: &[(&str, bool)], flags: u16) -> Vec<u8> {
        let mut main = vec![0; 0x400];
        main[2..4].copy_from_slice(&VERSION_MIN.to_le_bytes());
        main[0x0a..0x0c].copy_from_slice(&flags.to_le_bytes());
        let mut places = vec![0_u32];
        let mut descriptions = Vec::new();
        for (text, compressed) in pieces {
            let start = u32::try_from(main.len()).unwrap();
            let (octets, place): (Vec<u8>, u32) = if *compressed {
                (text.bytes().collect(), start.checked_mul(2).unwrap() | COMPRESSED)
            } else {
                (text.encode_utf16().flat_map(u16::to_le_bytes).collect(), start)
            };
            main.extend(octets);
            let end =
                places.iter().max().unwrap().checked_add(u32::try_from(text.encode_utf16().count()).unwrap());
            places.push(end.unwrap());
            descriptions.extend([&[0; 2], place.to_le_bytes().as_slice(), &[0; 2]].concat());
        }
        let at = *places.iter().max().unwrap();
        let places = places.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<_>>();
        main[TEXT_LENGTH..TEXT_LENGTH + 4].copy_from_slice(&at.to_le_bytes());
        let list = [places, descriptions].concat();
        let length = u32::try_from(list.len()).unwrap().to_le_bytes();
        let table = [&[1, 2, 0, 9, 9, 2], length.as_slice(), &list].concat();
        main[PIECES + 4..PIECES + 8].copy_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
        compound(vec![
            Node::Stream("WordDocument".to_owned(), main),
            Node::Stream("1Table".to_owned(), table),
        ])
    }

    fn run(octets: &[u8]) -> Result<String, FindingCode> {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        extract(octets, &mut budget, &mut findings).map(|written| String::from_utf8(written.octets).unwrap())
    }

    #[test]
    fn the_main_text_is_taken_piece_by_piece() {
        let pieces = [
            ("起案の件\r", false),
            ("Budget 2026\rA\u{7}B\u{7}\u{7}", true),
            ("\u{13} HYPERLINK \"http://x\" \u{14}案内\u{15}\r", false),
        ];
        let expected = "起案の件\r\nBudget 2026\r\nA\tB\t\t案内\r\n";
        assert_eq!(run(&document(&pieces, SECOND_TABLE)).as_deref(), Ok(expected));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let piece = [("x", true)];
        assert_eq!(run(&document(&piece, SECOND_TABLE | LOCKED)), Err(FindingCode::Locked));
        assert_eq!(run(&document(&piece, 0)), Err(FindingCode::Unreadable));
        assert_eq!(run(&document(&[("\r", true)], SECOND_TABLE)), Err(FindingCode::Empty));
        assert_eq!(run(b"plain"), Err(FindingCode::Unreadable));
        let whole = document(&piece, SECOND_TABLE);
        for end in (0..whole.len()).step_by(61) {
            drop(run(&whole[..end]));
        }
        for at in 512..whole.len().min(2_600) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            drop(run(&flipped));
        }
    }
}
