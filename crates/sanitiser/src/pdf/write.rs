//! Pages of pixels and invisible text → the octets of a PDF 1.7 (ISO 32000-1) in one fixed, canonical form.
//!
//! The verifier accepts **only** this form, octet for octet between the values; whoever changes one line here changes
//! the verifier too. Lines end in LF. `‹…›` is a value, everything else is literal.
//!
//! # Document
//!
//! ```text
//! %PDF-1.7                                  then a comment line of the octets 25 E2 E3 CF D3 0A
//! page group 0, page group 1, …             objects 9 10 11, 12 13 14, … (page i: 9+3i, 10+3i, 11+3i)
//! fixed objects                             objects 1 2 3 4 5 6 7 8, in this order, after the pages
//! xref / trailer / startxref / %%EOF
//! ```
//!
//! At least one page. No other object, no gap, no generation but 0, no object stream, no `Info`, no `ID`, nothing
//! between objects. `‹L›` is the exact number of octets between `stream\n` and `\nendstream`.
//!
//! # Page group
//!
//! ```text
//! ‹9+3i› 0 obj
//! <</Type/Page/Parent 2 0 R/MediaBox[0 0 ‹W› ‹H›]/Resources<</Font<</F0 3 0 R>>/XObject<</Im0 ‹11+3i› 0 R>>>>/Contents ‹10+3i› 0 R>>
//! endobj
//! ‹10+3i› 0 obj
//! <</Filter/FlateDecode/Length ‹L›>>
//! stream
//! ‹zlib of the content›
//! endstream
//! endobj
//! ‹11+3i› 0 obj
//! <</Type/XObject/Subtype/Image/Width ‹w›/Height ‹h›‹form›/Length ‹L›>>
//! stream
//! ‹image data›
//! endstream
//! endobj
//! ```
//!
//! `‹form›` is one of
//!
//! ```text
//! /ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns ‹w›/Rows ‹h›>>
//! /ColorSpace[/Indexed/DeviceRGB ‹n›<‹6(n+1) upper-case hex digits›>]/BitsPerComponent ‹1|2|4|8›/Filter/FlateDecode
//! /ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode
//! /ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode
//! ```
//!
//! - CCITT: Group 4 (ITU-T T.6), exactly `h` rows, EOFB, zero bits to the octet boundary, nothing after it.
//! - Indexed: `n` is the highest index (1–255) and at most `2^bits - 1`; the data inflate to exactly
//!   `h · ceil(w · bits / 8)` octets, no predictor, indices ≤ `n`, padding bits zero; nothing after the zlib stream.
//! - JPEG: baseline, SOI, APP0 JFIF, DQT, SOF0, DHT, SOS, EOI by `jpeg-encoder`; `w` × `h` in its SOF0; one component
//!   for `DeviceGray`, three (`YCbCr`) for `DeviceRGB`; nothing after EOI.
//! - `w` and `h` are 1–65,500 and within the limits of a page.
//!
//! # Content
//!
//! ```text
//! q ‹W› 0 0 ‹H› 0 0 cm /Im0 Do Q            the numbers of the MediaBox, as spelt there
//! BT                                        from here to ET only if the page has text
//! 3 Tr
//! /F0 1 Tf
//! ‹a› ‹b› ‹c› ‹d› ‹e› ‹f› Tm<‹hex›>Tj          one line a run, at least one; 4k upper-case hex digits, k ≥ 1
//! ET
//! ```
//!
//! Every line ends in LF, the last one too. A *number* is `-?(0|[1-9][0-9]{0,5})(\.[0-9]{0,2}[1-9])?`, never `-0`.
//! `W` and `H` are numbers from 1 to 14,400. Each run's origin `(e, f)` lies on the page, 1 pt of slack allowed.
//!
//! # Text
//!
//! Each four digits are one code of two octets. A code outside `D800`–`F8FF` **is** the BMP character. A code from
//! `E000` on stands for a supplementary character, as listed in the `ToUnicode` map: the document's `k`-th distinct
//! supplementary character, in the order of first use, has code `E000 + k` (at most 6,400). Never written: C0 and C1
//! controls, `D800`–`DFFF`, private use, noncharacters, bidi controls, zero-width characters, `FEFF`, tags.
//!
//! # Fixed objects
//!
//! ```text
//! 1 0 obj
//! <</Type/Catalog/Pages 2 0 R>>
//! endobj
//! 2 0 obj
//! <</Type/Pages/Count ‹pages›/Kids[9 0 R 12 0 R …]>>
//! endobj
//! 3 0 obj
//! <</Type/Font/Subtype/Type0/BaseFont/SekishoGlyphless/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 8 0 R>>
//! endobj
//! 4 0 obj
//! <</Type/Font/Subtype/CIDFontType2/BaseFont/SekishoGlyphless/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 5 0 R/DW 1000/CIDToGIDMap 7 0 R>>
//! endobj
//! 5 0 obj
//! <</Type/FontDescriptor/FontName/SekishoGlyphless/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 1000/Descent 0/CapHeight 1000/StemV 80/FontFile2 6 0 R>>
//! endobj
//! 6 0 obj
//! <</Length1 496/Length 496>>
//! stream
//! ‹GLYPHLESS_FONT, plain›
//! endstream
//! endobj
//! 7 0 obj
//! <</Filter/FlateDecode/Length ‹L›>>
//! stream
//! ‹zlib of the octets 00 01, 65,536 times›
//! endstream
//! endobj
//! 8 0 obj
//! <</Filter/FlateDecode/Length ‹L›>>
//! stream
//! ‹zlib of the map›
//! endstream
//! endobj
//! xref
//! 0 ‹9+3·pages›
//! 0000000000 65535 f‹space›
//! ‹offset, 10 digits› 00000 n‹space›         objects 1, 2, 3, … by number
//! trailer
//! <</Size ‹9+3·pages›/Root 1 0 R>>
//! startxref
//! ‹offset of "xref"›
//! %%EOF
//! ```
//!
//! The `ToUnicode` map is [`TO_UNICODE_HEAD`], then for each full byte `XX` of 00–D7 and F9–FF one line
//! `<XX00><XXFF><XX00>`, in blocks `‹n› beginbfrange` … `endbfrange` of 100 lines (the last of 23), then, if there are
//! supplementary characters, blocks of at most 100 lines `‹n› beginbfchar`, `<‹code›><‹UTF-16BE, 8 digits›>`,
//! `endbfchar`, then [`TO_UNICODE_TAIL`]. Each line ends in LF.

use super::glyphless::GLYPHLESS_FONT;
use super::number::Number;
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write as _;

/// First lines of the `ToUnicode` map.
pub const TO_UNICODE_HEAD: &str = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n";

/// Last lines of the `ToUnicode` map.
pub const TO_UNICODE_TAIL: &str = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";

/// First code that stands for a supplementary character, and how many there can be.
pub(super) const SUPPLEMENTARY: std::ops::Range<u16> = 0xE000..0xF900;

/// An encoded image, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) form: Form,
    pub(super) data: Vec<u8>,
}

/// How the data of an [`Image`] are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// CCITT Group 4.
    Bilevel,
    /// Indices into a palette of 2–256 colours, deflated.
    Indexed { bits: u8, palette: Vec<[u8; 3]> },
    /// JPEG of one component.
    GreyJpeg,
    /// JPEG of three components.
    ColourJpeg,
}

/// A document that grows page by page.
#[derive(Debug)]
pub(super) struct Writer {
    out: Vec<u8>,
    /// Offsets of the objects from number 9 on.
    offsets: Vec<usize>,
    pages: usize,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { out: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), offsets: Vec::new(), pages: 0 }
    }

    /// Octets so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Writes one page: its size in points, its picture, and the lines of its text layer (empty for none).
    pub(super) fn page(&mut self, width: Number, height: Number, image: &Image, runs: &str) {
        let first = self.pages.saturating_mul(3).saturating_add(9);
        let (content, picture) = (first.saturating_add(1), first.saturating_add(2));
        self.pages = self.pages.saturating_add(1);
        let offset = self.object(
            first,
            &format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Resources<</Font<</F0 3 0 R>>/XObject<</Im0 {picture} 0 R>>>>/Contents {content} 0 R>>"
            ),
        );
        self.offsets.push(offset);

        let mut text = format!("q {width} 0 0 {height} 0 0 cm /Im0 Do Q\n");
        if !runs.is_empty() {
            text.push_str("BT\n3 Tr\n/F0 1 Tf\n");
            text.push_str(runs);
            text.push_str("ET\n");
        }
        let offset = self.stream(content, "/Filter/FlateDecode", &deflated(text.as_bytes()));
        self.offsets.push(offset);

        let keys = format!(
            "/Type/XObject/Subtype/Image/Width {}/Height {}{}",
            image.width_px,
            image.height_px,
            form_keys(image)
        );
        let offset = self.stream(picture, &keys, &image.data);
        self.offsets.push(offset);
    }

    /// Writes the fixed objects and the table; `supplementary` in the order of their codes.
    pub(super) fn finish(mut self, supplementary: &[char]) -> Vec<u8> {
        let mut kids = String::new();
        for page in 0..self.pages {
            let separator = if page == 0 { "" } else { " " };
            let number = page.saturating_mul(3).saturating_add(9);
            kids.push_str(&format!("{separator}{number} 0 R"));
        }
        let pages = self.pages;
        let fixed = [
            self.object(1, "<</Type/Catalog/Pages 2 0 R>>"),
            self.object(2, &format!("<</Type/Pages/Count {pages}/Kids[{kids}]>>")),
            self.object(3, "<</Type/Font/Subtype/Type0/BaseFont/SekishoGlyphless/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 8 0 R>>"),
            self.object(4, "<</Type/Font/Subtype/CIDFontType2/BaseFont/SekishoGlyphless/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 5 0 R/DW 1000/CIDToGIDMap 7 0 R>>"),
            self.object(5, "<</Type/FontDescriptor/FontName/SekishoGlyphless/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 1000/Descent 0/CapHeight 1000/StemV 80/FontFile2 6 0 R>>"),
            self.stream(6, "/Length1 496", GLYPHLESS_FONT),
            self.stream(7, "/Filter/FlateDecode", &deflated(&[0, 1].repeat(65_536))),
            self.stream(8, "/Filter/FlateDecode", &deflated(to_unicode(supplementary).as_bytes())),
        ];
        let size = self.offsets.len().saturating_add(9);
        let start = self.out.len();
        let mut table = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in fixed.iter().chain(&self.offsets) {
            table.push_str(&format!("{offset:010} 00000 n \n"));
        }
        table.push_str(&format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"));
        self.out.extend_from_slice(table.as_bytes());
        self.out
    }

    fn object(&mut self, number: usize, value: &str) -> usize {
        let offset = self.out.len();
        self.out.extend_from_slice(format!("{number} 0 obj\n{value}\nendobj\n").as_bytes());
        offset
    }

    fn stream(&mut self, number: usize, keys: &str, data: &[u8]) -> usize {
        let offset = self.out.len();
        let length = data.len();
        self.out
            .extend_from_slice(format!("{number} 0 obj\n<<{keys}/Length {length}>>\nstream\n").as_bytes());
        self.out.extend_from_slice(data);
        self.out.extend_from_slice(b"\nendstream\nendobj\n");
        offset
    }
}

fn form_keys(image: &Image) -> String {
    match &image.form {
        Form::Bilevel => format!(
            "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {}/Rows {}>>",
            image.width_px, image.height_px
        ),
        Form::Indexed { bits, palette } => {
            let mut keys = format!("/ColorSpace[/Indexed/DeviceRGB {}<", palette.len().saturating_sub(1));
            for [red, green, blue] in palette {
                keys.push_str(&format!("{red:02X}{green:02X}{blue:02X}"));
            }
            keys.push_str(&format!(">]/BitsPerComponent {bits}/Filter/FlateDecode"));
            keys
        }
        Form::GreyJpeg => "/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode".to_owned(),
        Form::ColourJpeg => "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode".to_owned(),
    }
}

/// zlib (RFC 1950), always at the same level: same octets in, same octets out.
pub(super) fn deflated(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing into a Vec cannot fail.
    let written = encoder.write_all(plain);
    debug_assert!(written.is_ok(), "deflate into memory");
    encoder.finish().unwrap_or_default()
}

/// The `ToUnicode` map of a document with these supplementary characters.
pub(super) fn to_unicode(supplementary: &[char]) -> String {
    let mut map = TO_UNICODE_HEAD.to_owned();
    let rows: Vec<u8> = (0x00..=0xD7).chain(0xF9..=0xFF).collect();
    for block in rows.chunks(100) {
        map.push_str(&format!("{} beginbfrange\n", block.len()));
        for row in block {
            map.push_str(&format!("<{row:02X}00><{row:02X}FF><{row:02X}00>\n"));
        }
        map.push_str("endbfrange\n");
    }
    let coded: Vec<(u16, char)> = SUPPLEMENTARY.zip(supplementary.iter().copied()).collect();
    for block in coded.chunks(100) {
        map.push_str(&format!("{} beginbfchar\n", block.len()));
        for (code, character) in block {
            let mut units = [0; 2];
            map.push_str(&format!("<{code:04X}><"));
            for unit in character.encode_utf16(&mut units) {
                map.push_str(&format!("{unit:04X}"));
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str(TO_UNICODE_TAIL);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_point_at_their_objects() {
        let mut writer = Writer::new();
        let image =
            Image { width_px: 1, height_px: 1, form: Form::GreyJpeg, data: b"endobj 5 0 obj".to_vec() };
        for _ in 0..3 {
            writer.page(Number::of(595.276), Number::of(841.89), &image, "");
        }
        let out = writer.finish(&['𠮷']);
        let table = out.windows(6).rposition(|window| window == b"\nxref\n").unwrap() + 1;
        let lines: Vec<&str> = std::str::from_utf8(&out[table..]).unwrap().lines().collect();
        assert_eq!(lines[1], "0 18");
        for number in 1..18 {
            let offset: usize = lines[2 + number].split(' ').next().unwrap().parse().unwrap();
            assert!(out[offset..].starts_with(format!("{number} 0 obj\n").as_bytes()), "{number}");
        }
        assert_eq!(
            lines[20..],
            ["trailer", "<</Size 18/Root 1 0 R>>", "startxref", &table.to_string(), "%%EOF"]
        );
    }

    #[test]
    fn to_unicode_names_each_code_once() {
        let map = to_unicode(&['𠮷', '😀']);
        assert!(map.contains("<E000><D842DFB7>\n<E001><D83DDE00>\n"));
        assert_eq!(map.matches("beginbfrange").count(), 3);
        assert!(map.contains("23 beginbfrange\n"));
        assert!(!map.contains("<E000><E0FF>"));
    }
}
