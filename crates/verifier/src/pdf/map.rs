//! The `ToUnicode` map: fixed lines, then one line for each supplementary character that the pages use.

use super::{Fault, token::Reader};
use crate::text;

const RULE: &str = "pdf.text_map";

const HEAD: &str = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def\n/CMapName/Adobe-Identity-UCS def\n\
/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n";
const TAIL: &str = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";

/// First code of a supplementary character.
const FIRST: u16 = 0xe000;
/// Most supplementary characters of a document.
const COUNT_MAX: u16 = 6_400;
/// Lines of one block.
const BLOCK: usize = 100;

/// How many codes from E000 on the pages use; they come in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Supplementary {
    count: u16,
}

impl Supplementary {
    /// A code that a page uses: one that was used before, or the next one.
    pub(super) fn note(&mut self, code: u16) -> Result<(), Fault> {
        let index = code.checked_sub(FIRST).ok_or((RULE, "code"))?;
        if index > self.count || index >= COUNT_MAX {
            return Err((RULE, "a code before its turn"));
        }
        if index == self.count {
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }
}

/// Checks the inflated map.
pub(super) fn check(map: &[u8], supplementary: &Supplementary) -> Result<(), Fault> {
    let mut reader = Reader::new(map);
    reader.literal(HEAD.as_bytes(), RULE)?;
    let high: Vec<u8> = (0x00..=0xd7).chain(0xf9..=0xff).collect();
    for block in high.chunks(BLOCK) {
        reader.literal(format!("{} beginbfrange\n", block.len()).as_bytes(), RULE)?;
        for octet in block {
            reader.literal(format!("<{octet:02X}00><{octet:02X}FF><{octet:02X}00>\n").as_bytes(), RULE)?;
        }
        reader.literal(b"endbfrange\n", RULE)?;
    }
    let codes: Vec<u16> = (FIRST..).take(usize::from(supplementary.count)).collect();
    let mut seen = Vec::with_capacity(codes.len());
    for block in codes.chunks(BLOCK) {
        reader.literal(format!("{} beginbfchar\n", block.len()).as_bytes(), RULE)?;
        for code in block {
            reader.literal(format!("<{code:04X}><").as_bytes(), RULE)?;
            seen.push(character(reader.hex(8, RULE)?)?);
            reader.literal(b">\n", RULE)?;
        }
        reader.literal(b"endbfchar\n", RULE)?;
    }
    seen.sort_unstable();
    if seen.windows(2).any(|two| two.first() == two.last()) {
        return Err((RULE, "a character with two codes"));
    }
    reader.literal(TAIL.as_bytes(), RULE)?;
    if reader.is_at_end() { Ok(()) } else { Err((RULE, "something behind the map")) }
}

/// A surrogate pair of a character that can be seen.
fn character(digits: &[u8]) -> Result<char, Fault> {
    let units = str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [a, b, c, d] = units.ok_or((RULE, "digits"))?.to_be_bytes();
    let pair = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    let mut decoded = char::decode_utf16(pair);
    let (Some(Ok(found)), None) = (decoded.next(), decoded.next()) else {
        return Err((RULE, "not one character"));
    };
    let hidden = text::is_never_shown(found) || u32::from(found) >= 0xe_0000;
    if hidden { Err((RULE, "a character that nobody sees")) } else { Ok(found) }
}
