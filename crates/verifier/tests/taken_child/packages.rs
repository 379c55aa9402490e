//! Documents in packages and archives that a taken child hands out: each is refused, and by the rule that is meant for
//! it. Nothing here does harm: macros are a few octets, addresses lead nowhere.

mod archives;
mod containers;
mod margins;
mod never;
mod open;
mod parts;
mod sheets;
mod texts;

use crate::pack::{Pack, archive, docx, odg, odp, ods, odt, pptx, xlsx};
use crate::world::{attachment, refusal, with_part};
use never::NEVER;

/// A hostile package: its name, octets and type, and the beginning of the rule that refuses it.
pub(crate) struct Hostile {
    name: String,
    octets: Vec<u8>,
    extension: &'static str,
    media_type: &'static str,
    rule: &'static str,
}

fn hostile(name: impl Into<String>, rule: &'static str, pack: &Pack) -> Hostile {
    of_octets(name, rule, pack, pack.octets())
}

fn of_octets(name: impl Into<String>, rule: &'static str, pack: &Pack, octets: Vec<u8>) -> Hostile {
    Hostile { name: name.into(), octets, extension: pack.extension, media_type: pack.media_type, rule }
}

const DOCUMENT: &str = "word/document.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const SLIDE: &str = "ppt/slides/slide1.xml";

fn all() -> Vec<Hostile> {
    [
        containers::containers(),
        parts::forms(),
        parts::parts(),
        margins::cases(),
        texts::texts(),
        sheets::sheets(),
        open::open(),
        archives::archives(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn sound_packages_pass() {
    let mut ran = 0;
    for pack in [docx(), xlsx(), pptx(), odt(), ods(), odp(), odg(), archive(), margins::sound()] {
        let name = format!("見積書.{}", pack.extension);
        let case = with_part("", attachment(&name, pack.media_type, None, &pack.octets()));
        assert_eq!(refusal(case.octets, &case.expected), None, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 9);
}

#[test]
fn every_hostile_package_is_refused_by_its_rule() {
    let cases = all();
    let names: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    let count = cases.len();
    let mut wrong = Vec::new();
    for hostile in cases {
        let name = format!("a.{}", hostile.extension);
        let case = with_part(&hostile.name, attachment(&name, hostile.media_type, None, &hostile.octets));
        match refusal(case.octets, &case.expected) {
            None => wrong.push(format!("{} passed", hostile.name)),
            Some(objections) => {
                if !objections.iter().any(|objection| objection.rule.starts_with(hostile.rule)) {
                    wrong.push(format!("{}: {objections:?}", hostile.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{count} hostile packages refused");
    assert!(count >= 400, "{count}");
}

#[test]
fn a_cut_or_flipped_package_never_panics_and_a_flip_in_markup_is_another_sound_text() {
    let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
    let (mut ran, mut passed) = (0u32, 0u32);
    for pack in [docx(), xlsx(), pptx(), odt(), ods()] {
        let octets = pack.octets();
        let part = |octets: Vec<u8>| verifier::BinaryPart {
            part: 1,
            media_type: mail::MediaType::known(pack.media_type),
            octets,
        };
        for place in 0..octets.len() {
            let mut flipped = octets.clone();
            flipped[place] ^= 1 << (place % 8);
            let objections = verifier::decode_all(&[part(flipped)], &limits);
            ran += 1;
            passed += u32::from(objections.is_empty());
            if place % 16 == 0 {
                assert!(!verifier::decode_all(&[part(octets[..place].to_vec())], &limits).is_empty());
            }
        }
    }
    println!("{ran} flips, {passed} passed");
    assert!(ran > 10_000);
    // Checksums hold every octet of the data, and the directory repeats the headers. What is free is the version of the
    // program that wrote it (one octet a member).
    assert!(passed < 8 * 100, "{passed}");
}

#[test]
fn readers_of_packages_take_time_that_grows_with_their_octets_alone() {
    let long = |unit: &str| unit.repeat((512 << 10) / unit.len());
    let document = |inside: String| docx().bend(DOCUMENT, "</w:body>", &format!("{inside}</w:body>"));
    let cell = |formula: String| xlsx().bend(SHEET, "SUM(B1:B9)", &formula);
    let cases = [
        ("elements", document(long("<w:p/>"))),
        ("references", document(format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", long("&amp;")))),
        ("ampersands", document(format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", long("&")))),
        ("attributes", document(format!("<w:p {}/>", long("a=\"\" ")))),
        ("open elements", document(long("<w:p>"))),
        ("brackets", document(long("]]"))),
        (
            "fields",
            document(format!(
                "<w:p>{}</w:p>",
                long(
                    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
                )
            )),
        ),
        (
            "pieces",
            document(format!(
                "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>{}</w:p>",
                long("<w:ins w:id=\"1\"><w:r><w:instrText>x</w:instrText></w:r></w:ins>")
            )),
        ),
        ("formula of words", cell(long("A1+"))),
        ("formula of quotes", cell(long("'"))),
        ("formula of brackets", cell(format!("T{}", long("[")))),
        ("formula of calls", cell(long("_xlfn."))),
        ("formula of codes", cell(long("_x0041"))),
        (
            "names",
            docx().bend(
                "word/_rels/document.xml.rels",
                "</rel:Relationships>",
                &format!(
                    "{}</rel:Relationships>",
                    long("<rel:Relationship Id=\"a\" Type=\"b\" Target=\"c\"/>")
                ),
            ),
        ),
        (
            "types",
            docx().bend(
                "[Content_Types].xml",
                "</ct:Types>",
                &format!("{}</ct:Types>", long("<ct:Override PartName=\"/a\" ContentType=\"b\"/>")),
            ),
        ),
    ];
    let mut ran = 0;
    for (name, pack) in cases {
        let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
        let media_type = mail::MediaType::known(pack.media_type);
        let part = verifier::BinaryPart { part: 1, media_type, octets: pack.octets() };
        let start = std::time::Instant::now();
        let refused = !verifier::decode_all(&[part], &limits).is_empty();
        println!(
            "{name}: {} ms, {}",
            start.elapsed().as_millis(),
            if refused { "refused" } else { "passed" }
        );
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "{name}");
        ran += 1;
    }
    assert_eq!(ran, 15);
}

#[test]
fn every_limit_is_met_exactly_and_one_beyond_is_refused() {
    use verifier::DecodeLimits;
    let standard = DecodeLimits::of(&policy::Limits::STANDARD);
    let refused = |pack: &Pack, limits: DecodeLimits| {
        let media_type = mail::MediaType::known(pack.media_type);
        let part = verifier::BinaryPart { part: 1, media_type, octets: pack.octets() };
        verifier::decode_all(&[part], &limits).into_iter().map(|objection| objection.rule).next()
    };
    let (text, whole) = (docx(), archive());
    let members = text.members.len() as u64;
    let octets = text.members.iter().map(|(_, data)| data.len() as u64).sum();
    let nodes =
        (1..10_000).find(|&nodes| refused(&text, DecodeLimits { nodes, ..standard }).is_none()).unwrap();
    let inside = (members + ods().members.len() as u64 + whole.members.len() as u64, whole.clone());
    type Set = fn(DecodeLimits, u64) -> DecodeLimits;
    let cases: [(&Pack, u64, &str, Set); 6] = [
        (&text, members, "zip.members", |limits, members| DecodeLimits { members, ..limits }),
        (&text, octets, "zip.unpacked_octets", |limits, unpacked_octets| DecodeLimits {
            unpacked_octets,
            ..limits
        }),
        (&text, nodes, "xml.nodes", |limits, nodes| DecodeLimits { nodes, ..limits }),
        (&text, 8, "package.pixels", |limits, total_px| DecodeLimits { total_px, ..limits }),
        (&text, 8, "png.dimensions", |limits, image_px| DecodeLimits { image_px, ..limits }),
        (&inside.1, inside.0, "archive.member", |limits, members| DecodeLimits { members, ..limits }),
    ];
    let mut ran = 0;
    for (pack, most, rule, set) in cases {
        assert_eq!(refused(pack, set(standard, most)), None, "{rule}");
        assert_eq!(refused(pack, set(standard, most - 1)).as_deref(), Some(rule));
        ran += 1;
    }
    assert_eq!(ran, 6);
}

/// Pieces that are put into markup.
const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "\"",
    "&",
    "&amp;",
    "<w:p>",
    "</w:p>",
    "<w:altChunk/>",
    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r>",
    "<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>",
    "<w:r><w:instrText>DDE</w:instrText></w:r>",
    "<w:r><w:instrText>PAGE </w:instrText></w:r>",
    " r:id=\"rId2\"",
    " xmlns:v=\"urn:schemas-microsoft-com:vml\"",
    "<mc:AlternateContent><mc:Choice Requires=\"w14\">",
    "<x:f>cmd|'x'!A1</x:f>",
    "[1]",
    "'",
    "_x0041_",
    "HYPERLINK(",
    "<!--",
    "<![CDATA[",
    "]]>",
    "<?a?>",
    "\u{202e}",
    "\u{1}",
    "file:///x",
    "<office:scripts/>",
    "<draw:object xlink:href=\"./Object 1\"/>",
    " TargetMode=\"External\"",
    "../../",
];

#[test]
fn markup_that_is_changed_anyhow_never_panics_and_never_passes_with_what_acts() {
    let limits = verifier::DecodeLimits::of(&policy::Limits::STANDARD);
    let packs = [docx(), xlsx(), pptx(), odt(), ods()];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let (mut ran, mut passed) = (0u32, 0u32);
    for round in 0..10_000usize {
        let mut pack = packs[round % packs.len()].clone();
        let count = pack.members.len();
        for _ in 0..=random(3) {
            let (_, data) = &mut pack.members[random(count)];
            let (from, to) = (random(data.len() + 1), random(data.len() + 1));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            let piece = PIECES[random(PIECES.len())].as_bytes();
            let inside = data[from..to].to_vec();
            match random(4) {
                0 => drop(data.splice(from..to, piece.iter().copied())),
                1 => drop(data.splice(from..from, piece.iter().copied())),
                2 => drop(data.splice(from..from, inside)),
                _ => drop(data.splice(from..to, [])),
            }
        }
        let part = verifier::BinaryPart {
            part: 1,
            media_type: mail::MediaType::known(pack.media_type),
            octets: pack.octets(),
        };
        let objections = verifier::decode_all(&[part], &limits);
        assert!(objections.len() <= 100);
        ran += 1;
        if objections.is_empty() {
            passed += 1;
            for (name, data) in &pack.members {
                let text = String::from_utf8_lossy(data);
                let found = NEVER.iter().find(|never| !name.contains("media") && text.contains(**never));
                assert_eq!(found, None, "{name}: {text}");
            }
        }
    }
    println!("{ran} changed packages, {passed} passed");
    assert_eq!(ran, 10_000);
}
