//! PDFs: a sound one by a writer of the tests' own, and what could hide in one. Offsets and lengths always agree, so it
//! is the content that is refused.

use crate::world::{Case, attachment, jpeg, replaced, with_part, zlib};
#[path = "../../../sanitiser/src/pdf/glyphless.rs"]
#[expect(unreachable_pub, reason = "a file of the sanitiser, of which only the font program is wanted")]
mod glyphless;
use glyphless::GLYPHLESS_FONT;
use std::fmt::Write as _;

type Object = (u64, Vec<u8>);

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dictionary}/Length {}>>\nstream\n", data.len()).into_bytes();
    out.extend(data);
    out.extend(b"\nendstream");
    out
}

const CONTENT: &str = "q 72 0 0 36.5 0 0 cm /Im0 Do Q\nBT\n3 Tr\n/F0 1 Tf\n10 0 0 10 5 20 Tm<65E5672C0041>Tj\n\
    10 0 0 10 5 8.25 Tm<E000E000>Tj\nET\n";
const PHOTO: &str =
    "/Type/XObject/Subtype/Image/Width 16/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode";
/// 16 white pixels, two rows: V0, V0, EOFB.
const FAX: &[u8] = &[0b1100_0000, 0b0000_0100, 0b0000_0000, 0b0100_0000];

/// The octets `0 second`, 65,536 times, deflated: two literals, then matches of length 258 at distance 2.
fn glyph_map(second: u8) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    let mut code = |value: u32, length: u32| bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
    code(0x30, 8);
    code(0x30 + u32::from(second), 8);
    for _ in 0..508 {
        code(0b1100_0101, 8);
        code(1, 5);
    }
    // Length 6, the same distance, end of block.
    code(0b000_0100, 7);
    code(1, 5);
    code(0, 7);
    let octet = |bits: &[bool]| bits.iter().rev().fold(0u8, |octet, bit| octet << 1 | u8::from(*bit));
    let data = [0, second].repeat(65_536);
    let stored = zlib(&data);
    let checksum = &stored[stored.len() - 4..];
    [&[0x78, 0x01][..], &bits.chunks(8).map(octet).collect::<Vec<_>>(), checksum].concat()
}

fn fax_head(rows: u32) -> String {
    format!(
        "/Type/XObject/Subtype/Image/Width 16/Height {rows}/ColorSpace/DeviceGray/BitsPerComponent \
         1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 16/Rows {rows}>>"
    )
}

fn palette_head(highest: u32, colours: usize, bits: u32) -> String {
    let colours = "00FF80".repeat(colours);
    format!(
        "/Type/XObject/Subtype/Image/Width 3/Height 2/ColorSpace[/Indexed/DeviceRGB {highest}<{colours}>]/\
         BitsPerComponent {bits}/Filter/FlateDecode"
    )
}

/// One row of 256 colours.
fn wide_head(width: usize) -> String {
    let colours = "00FF80".repeat(256);
    format!(
        "/Type/XObject/Subtype/Image/Width {width}/Height 1/ColorSpace[/Indexed/DeviceRGB 255<{colours}>]/\
         BitsPerComponent 8/Filter/FlateDecode"
    )
}

fn text_map() -> String {
    let mut map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo<</Registry(Adobe)\
        /Ordering(UCS)/Supplement 0>> def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n\
        <0000><FFFF>\nendcodespacerange\n"
        .to_owned();
    let high: Vec<u32> = (0..0xd8).chain(0xf9..0x100).collect();
    for block in high.chunks(100) {
        writeln!(map, "{} beginbfrange", block.len()).unwrap();
        for octet in block {
            writeln!(map, "<{octet:02X}00><{octet:02X}FF><{octet:02X}00>").unwrap();
        }
        map.push_str("endbfrange\n");
    }
    map.push_str("1 beginbfchar\n<E000><D842DFB7>\nendbfchar\n");
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}

fn page(first: u64, content: &str, image: Vec<u8>) -> Vec<Object> {
    let dictionary = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36.5]/Resources<</Font<</F0 3 0 R>>/XObject<</Im0 {} 0 \
         R>>>>/Contents {} 0 R>>",
        first + 2,
        first + 1
    );
    vec![
        (first, dictionary.into_bytes()),
        (first + 1, stream("/Filter/FlateDecode", &zlib(content.as_bytes()))),
        (first + 2, image),
    ]
}

fn objects() -> Vec<Object> {
    let mut objects = page(9, CONTENT, stream(PHOTO, &jpeg()));
    objects.extend(page(12, "q 72 0 0 36.5 0 0 cm /Im0 Do Q\n", stream(&fax_head(2), FAX)));
    let indices = zlib(&[0x01, 0x20, 0x22, 0x10]);
    objects.extend(page(15, "q 72 0 0 36.5 0 0 cm /Im0 Do Q\n", stream(&palette_head(2, 3, 4), &indices)));
    let fixed: [&[u8]; 5] = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 3/Kids[9 0 R 12 0 R 15 0 R]>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/SekishoGlyphless/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 8 0 R>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/SekishoGlyphless/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 5 0 R/DW 1000/CIDToGIDMap 7 0 R>>",
        b"<</Type/FontDescriptor/FontName/SekishoGlyphless/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 1000/Descent 0/CapHeight 1000/StemV 80/FontFile2 6 0 R>>",
    ];
    objects.extend((1..).zip(fixed.iter().map(|body| body.to_vec())));
    objects.push((6, stream("/Length1 496", GLYPHLESS_FONT)));
    objects.push((7, stream("/Filter/FlateDecode", &glyph_map(1))));
    objects.push((8, stream("/Filter/FlateDecode", &zlib(text_map().as_bytes()))));
    objects
}

fn written(objects: &[Object], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, body) in objects {
        offsets.push((*number, out.len()));
        out.extend(format!("{number} 0 obj\n").into_bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    offsets.sort_unstable();
    let (start, size) = (out.len(), objects.len() + 1);
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").into_bytes());
    for (_, offset) in offsets {
        out.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    out.extend(
        format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").into_bytes(),
    );
    out
}

/// Three pages: a photo with text, a fax, a palette.
pub(crate) fn sound() -> Vec<u8> {
    written(&objects(), "")
}

/// The document with object `number` changed.
fn changed(number: u64, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut objects = objects();
    let body = &mut objects.iter_mut().find(|(found, _)| *found == number).unwrap().1;
    *body = change(body);
    written(&objects, "")
}

fn edited(number: u64, from: &str, to: &str) -> Vec<u8> {
    changed(number, |body| replaced(body, from.as_bytes(), to.as_bytes()))
}

fn with_content(content: &str) -> Vec<u8> {
    changed(10, |_| stream("/Filter/FlateDecode", &zlib(content.as_bytes())))
}

fn with_image(number: u64, head: &str, data: &[u8]) -> Vec<u8> {
    changed(number, |_| stream(head, data))
}

fn with_map(from: &str, to: &str) -> Vec<u8> {
    let map = replaced(text_map().as_bytes(), from.as_bytes(), to.as_bytes());
    changed(8, |_| stream("/Filter/FlateDecode", &zlib(&map)))
}

/// Dictionary entries that make a document do something: object, what stands there, what is put in its place.
const EDITS: &[(&str, u64, &str, &str)] = &[
    ("open action", 1, "/Pages 2 0 R", "/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"),
    ("launch", 1, "/Pages 2 0 R", "/Pages 2 0 R/OpenAction<</S/Launch/F(calc.exe)>>"),
    ("additional actions", 1, "/Pages 2 0 R", "/Pages 2 0 R/AA<</WC<</S/URI/URI(http://x)>>>>"),
    ("embedded file names", 1, "/Pages 2 0 R", "/Pages 2 0 R/Names<</EmbeddedFiles<</Names[]>>>>"),
    ("form", 1, "/Pages 2 0 R", "/Pages 2 0 R/AcroForm<</XFA(x)>>"),
    ("metadata", 1, "/Pages 2 0 R", "/Pages 2 0 R/Metadata 8 0 R"),
    ("version in the catalogue", 1, "/Pages 2 0 R", "/Pages 2 0 R/Version/2.0"),
    ("annotation", 9, "/Contents", "/Annots[<</Subtype/Link/A<</S/URI/URI(http://x)>>>>]/Contents"),
    ("page action", 9, "/Contents", "/AA<</O<</S/JavaScript/JS(x)>>>>/Contents"),
    ("page rotated", 9, "/Contents", "/Rotate 90/Contents"),
    ("page cropped", 9, "/Contents", "/CropBox[0 0 1 1]/Contents"),
    ("paper of nothing", 9, "[0 0 72 36.5]", "[0 0 0 36.5]"),
    ("paper spelt otherwise", 9, "[0 0 72 36.5]", "[0 0 72 36.50]"),
    ("second picture", 9, "/Im0 11 0 R", "/Im0 11 0 R/Im1 14 0 R"),
    ("other content", 9, "/Contents 10 0 R", "/Contents 13 0 R"),
    ("hexadecimal name", 1, "/Catalog", "/Cat#61log"),
    ("comment", 1, "/Type", "% <script>\n/Type"),
    ("kids twice", 2, "[9 0 R", "[9 0 R 9 0 R"),
    ("count wrong", 2, "/Count 3", "/Count 2"),
    ("other font", 3, "SekishoGlyphless", "Helvetica"),
    ("soft mask", 11, "/BitsPerComponent", "/SMask 14 0 R/BitsPerComponent"),
    ("decode array", 11, "/BitsPerComponent", "/Decode[1 0]/BitsPerComponent"),
    ("alternate picture", 11, "/BitsPerComponent", "/Alternates[]/BitsPerComponent"),
    ("external data", 11, "/Filter/DCTDecode", "/Filter/DCTDecode/F(x)"),
    ("colour of another kind", 11, "/DeviceGray", "/DeviceRGB"),
    ("photo of another size", 11, "/Width 16", "/Width 15"),
    ("fax of another size", 14, "/Width 16/", "/Width 15/"),
    ("bomb of a page", 11, "/Width 16/Height 8", "/Width 60000/Height 60000"),
];

/// Contents of a page.
const CONTENTS: &[(&str, &str, &str)] = &[
    ("visible text", "3 Tr", "0 Tr"),
    ("text that clips", "3 Tr", "7 Tr"),
    ("no text mode", "3 Tr\n", ""),
    ("inline picture", "Q\nBT", "Q\nBI /W 1 /H 1 ID x EI\nBT"),
    ("picture twice", "/Im0 Do Q", "/Im0 Do /Im0 Do Q"),
    ("picture elsewhere", "q 72 0 0 36.5 0 0 cm", "q 7 0 0 3 0 0 cm"),
    ("vectors", "Q\nBT", "Q\n0 0 9 9 re f\nBT"),
    ("marked content", "BT\n", "/Span<</ActualText(x)>> BDC\nBT\n"),
    ("string", "<65E5672C0041>Tj", "(abc)Tj"),
    ("text outside the page", "5 20 Tm", "500 20 Tm"),
    ("bidi in the layer", "<65E5672C0041>", "<202E65E50041>"),
    ("control in the layer", "<65E5672C0041>", "<0007>"),
    ("surrogate in the layer", "<65E5672C0041>", "<D8420041>"),
    ("zero width in the layer", "<65E5672C0041>", "<0041200B>"),
    ("soft hyphen in the layer", "<65E5672C0041>", "<004100AD>"),
    ("line separator in the layer", "<65E5672C0041>", "<00412028>"),
    ("filler in the layer", "<65E5672C0041>", "<00413164>"),
    ("selector in the layer", "<65E5672C0041>", "<65E5FE00>"),
    ("codes in lower case", "<65E5672C0041>", "<65e5672c0041>"),
    ("half a code", "<65E5672C0041>", "<65E5672C00>"),
    ("code before its turn", "<E000E000>", "<E001E000>"),
    ("number spelt otherwise", "10 0 0 10 5 20", "10.0 0 0 10 5 20"),
    ("octets behind the text", "ET\n", "ET\n%<script>\n"),
];

#[expect(clippy::too_many_lines, reason = "one row a hostile document")]
pub(crate) fn cases() -> Vec<Case> {
    let of =
        |name: &str, octets: Vec<u8>| with_part(name, attachment("a.pdf", "application/pdf", None, &octets));
    let sound = sound();
    let mut cases = Vec::new();
    for (name, number, from, to) in EDITS {
        cases.push(of(name, edited(*number, from, to)));
    }
    for (name, from, to) in CONTENTS {
        let content = replaced(CONTENT.as_bytes(), from.as_bytes(), to.as_bytes());
        cases.push(of(name, with_content(str::from_utf8(&content).unwrap())));
    }
    let more_fax = [0b1110_0000, 0b0000_0010, 0b0000_0000, 0b0010_0000];
    let images = [
        // Horizontal, white 16, black none: vertical mode says that.
        (
            "fax in another mode",
            with_image(
                14,
                &fax_head(2),
                &[0b0011_0101, 0b0000_0110, 0b1111_0000, 0b0000_0001, 0, 0b0001_0000],
            ),
        ),
        ("fax row missing", with_image(14, &fax_head(3), FAX)),
        ("fax row too many", with_image(14, &fax_head(2), &more_fax)),
        ("octets behind the fax", with_image(14, &fax_head(2), &[FAX, b"x"].concat())),
        ("fax without its end", with_image(14, &fax_head(2), &[0b1100_0000])),
        ("bits behind the fax", with_image(14, &fax_head(2), &[0b1100_0000, 4, 0, 0b0100_0001])),
        (
            "index outside the palette",
            with_image(17, &palette_head(2, 3, 4), &zlib(&[0x01, 0x30, 0x22, 0x10])),
        ),
        ("bits behind an index", with_image(17, &palette_head(2, 3, 4), &zlib(&[0x01, 0x21, 0x22, 0x10]))),
        ("palette too short", with_image(17, &palette_head(2, 2, 4), &zlib(&[0x01, 0x20, 0x22, 0x10]))),
        ("palette too large for its bits", with_image(17, &palette_head(2, 3, 1), &zlib(&[0, 0]))),
        ("rows of indices missing", with_image(17, &palette_head(2, 3, 4), &zlib(&[0x01, 0x20]))),
        ("object in the pixels", {
            let pixels = b"1 0 obj\n<</Type/Catalog/OpenAction 5 0 R>>";
            with_image(17, &wide_head(pixels.len()), &zlib(pixels))
        }),
        ("object spelt widely in the pixels", {
            let pixels = b"12\r\n 0\t\0obj<<";
            with_image(17, &wide_head(pixels.len()), &zlib(pixels))
        }),
        ("trailer in the pixels", with_image(17, &wide_head(7), &zlib(b"trailer"))),
        ("end of a stream in the pixels", with_image(17, &wide_head(9), &zlib(b"x\nendobj\n"))),
        ("archive in the pixels of a document", {
            let pixels = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01";
            with_image(17, &wide_head(pixels.len()), &zlib(pixels))
        }),
        ("octets behind the indices", {
            let data = [&zlib(&[0x01, 0x20, 0x22, 0x10])[..], b"PK"].concat();
            with_image(17, &palette_head(2, 3, 4), &data)
        }),
        (
            "comment in a photo",
            with_image(11, PHOTO, &replaced(&jpeg(), b"\xff\xdb", b"\xff\xfe\x00\x04ab\xff\xdb")),
        ),
    ];
    cases.extend(images.into_iter().map(|(name, octets)| of(name, octets)));
    let fixed = [
        ("font with a program", changed(6, |_| stream("/Length1 496", &[7; 496]))),
        ("glyphs of another map", changed(7, |_| stream("/Filter/FlateDecode", &glyph_map(2)))),
        ("text map of another", with_map("<4100><41FF><4100>", "<4100><41FF><4200>")),
        ("text map uses another", with_map("begincmap\n", "begincmap\n/Identity-H usecmap\n")),
        ("text map with a program", with_map("endcmap\n", "endcmap\n(x) run\n")),
        ("text map of a hidden character", with_map("<D842DFB7>", "<DB40DC41>")),
        ("text map of a selector", with_map("<D842DFB7>", "<DB40DD00>")),
        ("text map of private use", with_map("<D842DFB7>", "<DB80DC00>")),
        ("text map of two characters", with_map("<D842DFB7>", "<00410042>")),
    ];
    cases.extend(fixed.into_iter().map(|(name, octets)| of(name, octets)));
    let mut more = objects();
    more.push((18, b"<</S/JavaScript/JS(x)>>".to_vec()));
    let mut swapped = objects();
    swapped.swap(0, 3);
    let mut without_pages = objects();
    without_pages.drain(..9);
    let update = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction 18 0 R>>\nendobj\nxref\n0 0\ntrailer\n<</Prev 9>>\n%%EOF\n";
    let whole = [
        ("extra object", written(&more, "")),
        ("objects in another order", written(&swapped, "")),
        ("no page", written(&without_pages, "")),
        ("incremental update", [&sound[..], update].concat()),
        ("octets behind the end of a document", [&sound[..], b"\n"].concat()),
        ("archive behind a document", [&sound[..], b"PK\x05\x06", &[0; 18]].concat()),
        ("information", written(&objects(), "/Info 1 0 R")),
        ("encryption", written(&objects(), "/Encrypt 1 0 R")),
        ("earlier table", written(&objects(), "/Prev 9")),
        ("identity", written(&objects(), "/ID[<00><00>]")),
        ("other version", replaced(&sound, b"%PDF-1.7", b"%PDF-1.4")),
        ("octets before a document", [b"MZ", &sound[..]].concat()),
        ("comment between objects", replaced(&sound, b"endobj\n10 0", b"endobj\n%x\n10 0")),
        ("wrong offset", replaced(&sound, b"0000000015 00000 n", b"0000000016 00000 n")),
        ("freed object", replaced(&sound, b"0000000015 00000 n", b"0000000015 00000 f")),
        ("windows line ends", replaced(&sound, b"endobj\n", b"endobj\r\n")),
        ("length too short", replaced(&sound, b"/Length1 496/Length 496", b"/Length1 496/Length 490")),
        ("document cut", sound[..sound.len() - 6].to_vec()),
        (
            "original passed through",
            b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n".to_vec(),
        ),
    ];
    cases.extend(whole.into_iter().map(|(name, octets)| of(name, octets)));
    let mut few_pages = of("more pages than allowed", sound);
    few_pages.expected.pages_max = 2;
    cases.push(few_pages);
    cases
}
