//! A strict reader of the one PDF form that our writer writes (ISO 32000-1): pages of one picture each, with invisible
//! text in a font without glyphs.
//!
//! Built from the form in the writer's documentation. The whole file is read front to back as literals and values;
//! there is no search, no cross-reference lookup and no generic object parser, so nothing can stand anywhere that is
//! not named here: no script, action, annotation, form, attachment, object stream, second revision or comment.
//!
//! *Security.* Given any octets, inside a locked child. Pictures are decoded to their last row ([`crate::jpeg`], the
//! zlib reader, [`ccitt`]); streams of content and text map are inflated under a limit that follows from the number of
//! pages. Memory: one content stream and one text map.

mod ccitt;
mod content;
mod map;
mod token;

use crate::{flate, jpeg, objections::Objections};
use sha2::{Digest, Sha256};
use token::Reader;

/// Most pixels along one side.
const SIDE_MAX: u32 = 65_500;
/// Most octets of one page's content when inflated.
const CONTENT_OCTETS_MAX: usize = 16 << 20;
/// Most octets of the text map when inflated: the fixed lines and 6,400 characters.
const MAP_OCTETS_MAX: usize = 512 << 10;
/// SHA-256 of the font program, 496 octets.
const FONT_SHA256: [u8; 32] = [
    0x07, 0xef, 0x91, 0xe7, 0x9f, 0x8e, 0x98, 0x59, 0x6a, 0xfe, 0xed, 0x8a, 0xc2, 0x2e, 0xab, 0xfd, 0x55,
    0xcf, 0x8d, 0xb0, 0xa9, 0xf5, 0x7f, 0x1f, 0x4e, 0xda, 0x47, 0x31, 0x9d, 0x31, 0x79, 0x44,
];

type Fault = (&'static str, &'static str);

/// Reads the whole file and says what is wrong with it; the rest of a file that left the form cannot be read.
pub(crate) fn check(octets: &[u8], image_px: u64, pages_max: u64, objections: &mut Objections) {
    let mut reader = Reader::new(octets);
    if let Err((rule, detail)) = document(&mut reader, image_px, pages_max) {
        objections.add(rule, format!("{detail}, at octet {}", reader.place()));
    }
}

fn document(reader: &mut Reader<'_>, image_px: u64, pages_max: u64) -> Result<(), Fault> {
    reader.literal(b"%PDF-1.7\n\x25\xe2\xe3\xcf\xd3\n", "pdf.header")?;
    // Offsets of objects 1–8, and of those from 9 on.
    let mut fixed = Vec::new();
    let mut paged = Vec::new();
    let mut supplementary = map::Supplementary::default();
    let mut pages = 0u64;
    // The catalogue is object 1, every page group begins with a higher number.
    while !reader.starts_with(b"1 0 obj\n") {
        pages = pages.saturating_add(1);
        if pages > pages_max {
            return Err(("pdf.pages", "too many"));
        }
        page(reader, pages.saturating_sub(1), image_px, &mut paged, &mut supplementary)?;
    }
    if pages == 0 {
        return Err(("pdf.pages", "none"));
    }
    fixed_objects(reader, pages, &mut fixed, &supplementary)?;
    tail(reader, pages, fixed.iter().chain(&paged))
}

/// Three objects: page, content, picture.
fn page(
    reader: &mut Reader<'_>,
    index: u64,
    image_px: u64,
    offsets: &mut Vec<usize>,
    supplementary: &mut map::Supplementary,
) -> Result<(), Fault> {
    const RULE: &str = "pdf.page";
    let first = index.saturating_mul(3).saturating_add(9);
    let (content_number, image_number) = (first.saturating_add(1), first.saturating_add(2));
    offsets.push(reader.place());
    reader.begin(first)?;
    reader.literal(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 ", RULE)?;
    let width = reader.number(RULE)?;
    reader.literal(b" ", RULE)?;
    let height = reader.number(RULE)?;
    let sides = token::hundredths(100)..=token::hundredths(1_440_000);
    if !sides.contains(&width.thousandths) || !sides.contains(&height.thousandths) {
        return Err((RULE, "paper size"));
    }
    reader.literal(b"]/Resources<</Font<</F0 3 0 R>>/XObject<</Im0 ", RULE)?;
    reader.literal(format!("{image_number} 0 R>>>>/Contents {content_number} 0 R>>\n").as_bytes(), RULE)?;
    reader.literal(b"endobj\n", RULE)?;

    offsets.push(reader.place());
    reader.begin(content_number)?;
    reader.literal(b"<</Filter/FlateDecode", RULE)?;
    let data = reader.stream()?;
    let content = flate::inflate_to_vec(data, CONTENT_OCTETS_MAX).map_err(|why| ("pdf.content", why))?;
    content::check(&content, width, height, supplementary)?;

    offsets.push(reader.place());
    reader.begin(image_number)?;
    image(reader, image_px)
}

fn image(reader: &mut Reader<'_>, image_px: u64) -> Result<(), Fault> {
    const RULE: &str = "pdf.image";
    reader.literal(b"<</Type/XObject/Subtype/Image/Width ", RULE)?;
    let width = reader.integer(RULE)?;
    reader.literal(b"/Height ", RULE)?;
    let height = reader.integer(RULE)?;
    let within = (1..=SIDE_MAX).contains(&width)
        && (1..=SIDE_MAX).contains(&height)
        && u64::from(width).saturating_mul(u64::from(height)) <= image_px;
    if !within {
        return Err(("pdf.dimensions", "of a picture"));
    }
    if reader
        .eat(b"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns ")
    {
        reader.literal(format!("{width}/Rows {height}>>").as_bytes(), RULE)?;
        let data = reader.stream()?;
        ccitt::check(data, width, height).map_err(|why| ("pdf.ccitt", why))
    } else if reader.eat(b"/ColorSpace[/Indexed/DeviceRGB ") {
        let highest = reader.integer(RULE)?;
        reader.literal(b"<", RULE)?;
        let colours = usize::try_from(highest).unwrap_or(0).saturating_add(1);
        reader.hex(colours.saturating_mul(6), RULE)?;
        reader.literal(b">]/BitsPerComponent ", RULE)?;
        let bits = reader.integer(RULE)?;
        reader.literal(b"/Filter/FlateDecode", RULE)?;
        let fits = matches!(bits, 1 | 2 | 4 | 8)
            && highest >= 1
            && 1u32.checked_shl(bits).is_some_and(|colours| highest < colours);
        if !fits {
            return Err((RULE, "palette"));
        }
        let data = reader.stream()?;
        indices(data, width, height, bits, highest).map_err(|why| ("pdf.indices", why))
    } else {
        let components = if reader.eat(b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode") {
            1
        } else {
            reader.literal(b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", RULE)?;
            3
        };
        let data = reader.stream()?;
        let frame = jpeg::walk(data, image_px)?;
        let agrees = u32::from(frame.width) == width
            && u32::from(frame.height) == height
            && frame.components == components;
        if agrees { Ok(()) } else { Err((RULE, "the JPEG is of another size or colour")) }
    }
}

/// Inflates to exactly the rows; no index above the highest, the bits behind a row zero.
fn indices(zlib: &[u8], width: u32, height: u32, bits: u32, highest: u32) -> Result<(), &'static str> {
    let row_bits = u64::from(width).saturating_mul(u64::from(bits));
    let stride = row_bits.div_ceil(8);
    let used = u32::try_from(row_bits.checked_rem(8).unwrap_or(0)).unwrap_or(0);
    let padding = if used == 0 { 0 } else { 0xffu8.checked_shr(used).unwrap_or(0) };
    let mask = 0xffu32.checked_shr(8u32.saturating_sub(bits)).unwrap_or(0xff);
    let mut allowed = [false; 256];
    for (octet, slot) in (0u32..).zip(allowed.iter_mut()) {
        *slot = (0..8u32)
            .step_by(usize::try_from(bits).unwrap_or(8))
            .all(|shift| octet.checked_shr(shift).unwrap_or_default() & mask <= highest);
    }
    let mut place = 0u64;
    flate::inflate(zlib, stride.saturating_mul(u64::from(height)), &mut |piece| {
        if piece.iter().any(|&octet| allowed.get(usize::from(octet)) != Some(&true)) {
            return Err("index outside the palette");
        }
        if padding != 0 {
            for &octet in piece {
                place = place.saturating_add(1);
                if place == stride {
                    place = 0;
                    if octet & padding != 0 {
                        return Err("bits behind the row");
                    }
                }
            }
        }
        Ok(())
    })
}

/// Objects 1 to 8.
fn fixed_objects(
    reader: &mut Reader<'_>,
    pages: u64,
    offsets: &mut Vec<usize>,
    supplementary: &map::Supplementary,
) -> Result<(), Fault> {
    const RULE: &str = "pdf.fixed_object";
    offsets.push(reader.place());
    reader.begin(1)?;
    reader.literal(b"<</Type/Catalog/Pages 2 0 R>>\nendobj\n", RULE)?;
    offsets.push(reader.place());
    reader.begin(2)?;
    reader.literal(format!("<</Type/Pages/Count {pages}/Kids[").as_bytes(), RULE)?;
    for index in 0..pages {
        let number = index.saturating_mul(3).saturating_add(9);
        let space = if index == 0 { "" } else { " " };
        reader.literal(format!("{space}{number} 0 R").as_bytes(), RULE)?;
    }
    reader.literal(b"]>>\nendobj\n", RULE)?;
    let dictionaries: [(u64, &[u8]); 3] = [
        (3, b"<</Type/Font/Subtype/Type0/BaseFont/SekishoGlyphless/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 8 0 R>>\n"),
        (4, b"<</Type/Font/Subtype/CIDFontType2/BaseFont/SekishoGlyphless/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 5 0 R/DW 1000/CIDToGIDMap 7 0 R>>\n"),
        (5, b"<</Type/FontDescriptor/FontName/SekishoGlyphless/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 1000/Descent 0/CapHeight 1000/StemV 80/FontFile2 6 0 R>>\n"),
    ];
    for (number, dictionary) in dictionaries {
        offsets.push(reader.place());
        reader.begin(number)?;
        reader.literal(dictionary, RULE)?;
        reader.literal(b"endobj\n", RULE)?;
    }
    offsets.push(reader.place());
    reader.begin(6)?;
    reader.literal(b"<</Length1 496", RULE)?;
    let font = reader.stream()?;
    if *Sha256::digest(font) != FONT_SHA256 {
        return Err(("pdf.font", "not the font without glyphs"));
    }
    offsets.push(reader.place());
    reader.begin(7)?;
    reader.literal(b"<</Filter/FlateDecode", RULE)?;
    let glyphs = reader.stream()?;
    let mut expected = [0u8, 1].iter().cycle();
    flate::inflate(glyphs, 131_072, &mut |piece| {
        let same = piece.iter().all(|octet| expected.next() == Some(octet));
        if same { Ok(()) } else { Err("not one glyph for all codes") }
    })
    .map_err(|why| ("pdf.glyph_map", why))?;
    offsets.push(reader.place());
    reader.begin(8)?;
    reader.literal(b"<</Filter/FlateDecode", RULE)?;
    let text_map = reader.stream()?;
    let text_map = flate::inflate_to_vec(text_map, MAP_OCTETS_MAX).map_err(|why| ("pdf.text_map", why))?;
    map::check(&text_map, supplementary)
}

/// Cross-reference table, trailer, end.
fn tail<'offsets>(
    reader: &mut Reader<'_>,
    pages: u64,
    offsets: impl Iterator<Item = &'offsets usize>,
) -> Result<(), Fault> {
    const RULE: &str = "pdf.tail";
    let start = reader.place();
    let size = pages.saturating_mul(3).saturating_add(9);
    reader.literal(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes(), RULE)?;
    for offset in offsets {
        reader.literal(format!("{offset:010} 00000 n \n").as_bytes(), RULE)?;
    }
    let end = format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    reader.literal(end.as_bytes(), RULE)?;
    if reader.is_at_end() { Ok(()) } else { Err(("pdf.after_end", "octets behind the end")) }
}
