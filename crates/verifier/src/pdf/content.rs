//! A page's content: the picture over the whole page, then runs of invisible text.

use super::{
    Fault,
    map::Supplementary,
    token::{Number, Reader},
};
use crate::text;

const RULE: &str = "pdf.content";

/// One point of slack, in thousandths.
const SLACK: i64 = 1_000;

/// Checks the inflated content; supplementary codes are noted for the text map.
pub(super) fn check(
    content: &[u8],
    width: Number<'_>,
    height: Number<'_>,
    supplementary: &mut Supplementary,
) -> Result<(), Fault> {
    let mut reader = Reader::new(content);
    reader.literal(b"q ", RULE)?;
    reader.literal(width.spelling, RULE)?;
    reader.literal(b" 0 0 ", RULE)?;
    reader.literal(height.spelling, RULE)?;
    reader.literal(b" 0 0 cm /Im0 Do Q\n", RULE)?;
    if reader.is_at_end() {
        return Ok(());
    }
    reader.literal(b"BT\n3 Tr\n/F0 1 Tf\n", RULE)?;
    loop {
        run(&mut reader, width, height, supplementary)?;
        if reader.eat(b"ET\n") {
            break;
        }
    }
    if reader.is_at_end() { Ok(()) } else { Err((RULE, "something behind the text")) }
}

fn run(
    reader: &mut Reader<'_>,
    width: Number<'_>,
    height: Number<'_>,
    supplementary: &mut Supplementary,
) -> Result<(), Fault> {
    let mut origin = [0i64; 2];
    for index in 0..6usize {
        let number = reader.number(RULE)?;
        if let Some(slot) = index.checked_sub(4).and_then(|place| origin.get_mut(place)) {
            *slot = number.thousandths;
        }
        reader.literal(b" ", RULE)?;
    }
    let [across, up] = origin;
    let on_page =
        |place: i64, side: i64| (0i64.saturating_sub(SLACK)..=side.saturating_add(SLACK)).contains(&place);
    if !on_page(across, width.thousandths) || !on_page(up, height.thousandths) {
        return Err((RULE, "text outside the page"));
    }
    reader.literal(b"Tm<", RULE)?;
    let digits = reader.hex_run();
    let (codes, rest) = digits.as_chunks::<4>();
    if codes.is_empty() || !rest.is_empty() {
        return Err((RULE, "codes"));
    }
    for code in codes {
        let code = str::from_utf8(code).ok().and_then(|code| u16::from_str_radix(code, 16).ok());
        let code = code.ok_or((RULE, "codes"))?;
        match code {
            0xe000..=0xf8ff => supplementary.note(code)?,
            _ if is_shown(code) => {}
            _ => return Err((RULE, "a character that nobody sees")),
        }
    }
    reader.literal(b">Tj\n", RULE)
}

/// A character of the BMP that can be seen.
fn is_shown(code: u16) -> bool {
    char::from_u32(u32::from(code)).is_some_and(|c| !text::is_never_shown(c))
}
