use super::*;
use crate::FontFace;
use flate2::{Compression, write::GzEncoder};
use mail::PartPath;
use policy::Limits;
use std::io::Write as _;
use std::sync::Arc;

struct NoFonts;

impl Surroundings for NoFonts {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn run_with(octets: &[u8], limits: &Limits) -> (Result<RgbaImage, FindingCode>, Findings) {
    let (mut findings, mut budget) = (Findings::new(), Budget::new(limits));
    let policy = Policy::standard();
    let made = rasterise(octets, Ground::White, &policy, &mut budget, &mut findings, &mut NoFonts);
    (made.map(|made| image::load_from_memory(&made.octets).unwrap().into_rgba8()), findings)
}

fn run(octets: &[u8]) -> (Result<RgbaImage, FindingCode>, Findings) {
    run_with(octets, &Limits::STANDARD)
}

/// A drawing of 100 by 100 around what is given.
fn drawing(inside: &str) -> Vec<u8> {
    let head = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='100' height='100'>";
    format!("{head}{inside}</svg>").into_bytes()
}

/// The colour in the middle.
fn middle(picture: &RgbaImage) -> [u8; 3] {
    let [r, g, b, _] = picture.get_pixel(picture.width() / 2, picture.height() / 2).0;
    [r, g, b]
}

const RED_BOX: &str = "<rect width='100' height='100' fill='#f00'/>";

#[test]
fn shapes_are_drawn_at_two_hundred_dots_per_inch_on_paper() {
    let cases: &[(&str, [u8; 3])] = &[
        (RED_BOX, [255, 0, 0]),
        ("", [255, 255, 255]),
        ("<circle cx='50' cy='50' r='40' fill='blue'/>", [0, 0, 255]),
        ("<style>.a{fill:#0f0}</style><path class='a' d='M10 10h80v80h-80z'/>", [0, 255, 0]),
        (
            "<defs><g id='g'><rect width='100' height='100' fill='lime'/></g></defs><use href='#g'/>",
            [0, 255, 0],
        ),
        (
            "<defs><g id='g'><rect width='100' height='100' fill='lime'/></g></defs><use xlink:href='#g'/>",
            [0, 255, 0],
        ),
        (
            "<mask id='m'><rect width='9' height='9' fill='#fff'/></mask><rect width='100' height='100' mask='url(#m)'/>",
            [255, 255, 255],
        ),
        ("<g opacity='0.5'><rect width='100' height='100' fill='black'/></g>", [127, 127, 127]),
        (
            "<rect width='100' height='100' fill='#fff' style='fill: light-dark(rgb(0, 255, 0), var(--dark, #121212))'/>",
            [0, 255, 0],
        ),
        ("<style>rect{fill:var(--a,blue)}</style><rect width='100' height='100'/>", [0, 0, 255]),
        ("<!-- note --><rect width='100' height='100' fill='&#x72;ed'/>", [255, 0, 0]),
    ];
    let mut ran = 0;
    for (inside, colour) in cases {
        let (made, _) = run(&drawing(inside));
        let made = made.unwrap();
        assert_eq!(made.dimensions(), (208, 208), "{inside}");
        let differs = middle(&made).iter().zip(colour).any(|(a, b)| a.abs_diff(*b) > 2);
        assert!(!differs, "{inside}: {:?}", middle(&made));
        ran += 1;
    }
    assert_eq!(ran, 11);
}

#[test]
fn it_is_read_in_gzip_and_in_the_charset_that_it_declares() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&drawing(RED_BOX)).unwrap();
    assert_eq!(middle(&run(&gzip.finish().unwrap()).0.unwrap()), [255, 0, 0]);
    let japanese = format!(
        "<?xml version='1.0' encoding='Shift_JIS'?><svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><g id='図'>{RED_BOX}</g></svg>"
    );
    let (octets, ..) = encoding_rs::SHIFT_JIS.encode(&japanese);
    assert_eq!(middle(&run(&octets).0.unwrap()), [255, 0, 0]);
    assert!(is_svg(&drawing("")) && !is_svg(b"\x89PNG") && !is_svg(b"<html><p>"));
}

#[test]
fn what_a_picture_does_not_have_is_told() {
    use FindingCode as F;
    let cases: &[(&str, FindingCode, u32)] = &[
        ("<script>x()</script><rect onclick='x()' width='9' height='9'/>", F::ActiveHtml, 2),
        (
            "<rect width='9' height='9'><animate attributeName='x' dur='1s'/><set attributeName='y'/></rect>",
            F::FramesDropped,
            2,
        ),
        ("<a href='https://example.com/'><rect width='9' height='9'/></a>", F::PdfLink, 1),
        ("<image href='https://example.com/a.png' width='9' height='9'/>", F::RemoteImage, 1),
        ("<image href='file:///etc/passwd' width='9' height='9'/>", F::RemoteImage, 1),
        ("<use href='other.svg#a'/>", F::RemoteImage, 1),
        (
            "<foreignObject width='9' height='9'><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
            F::PageIncomplete,
            1,
        ),
        (
            "<switch><foreignObject/><rect width='9' height='9' style='color:red'/></switch><video xmlns='http://www.w3.org/1999/xhtml'/>",
            F::PageIncomplete,
            1,
        ),
        ("<style>@media print{a{fill:red}}</style>", F::PageIncomplete, 1),
        ("<style>@import 'http://x/';</style>", F::RemoteImage, 1),
        ("<rect style='fill:url(http://x/y#z)' width='9' height='9'/>", F::RemoteImage, 1),
        ("<text x='1' y='20'>第一条</text><text x='1' y='40'>x</text>", F::FontMissing, 2),
        ("<image href='data:image/png;base64,AAAA' width='9' height='9'/>", F::PictureDropped, 1),
        ("<image href='data:image/svg+xml;base64,PHN2Zy8+' width='9' height='9'/>", F::PictureDropped, 1),
    ];
    let mut ran = 0;
    for (inside, code, count) in cases {
        let (made, findings) = run(&drawing(inside));
        assert!(made.is_ok(), "{inside}");
        assert_eq!((findings.count(*code), findings.len()), (*count, 1), "{inside}");
        ran += 1;
    }
    assert_eq!(ran, 14);
    assert!(run(&drawing(RED_BOX)).1.is_empty());
}

#[test]
fn pictures_inside_are_written_anew_before_they_are_drawn() {
    let mut png = std::io::Cursor::new(Vec::new());
    let blue = RgbaImage::from_pixel(8, 8, image::Rgba([0, 0, 255, 255]));
    blue.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let data = data_encoding::BASE64.encode(&png.into_inner());
    let inside = format!("<image href='data:image/png;base64,{data}' width='100' height='100'/>");
    let (made, findings) = run(&drawing(&inside));
    assert_eq!(middle(&made.unwrap()), [0, 0, 255]);
    assert!(findings.is_empty());
    let little = Limits { total_px: 250_000, ..Limits::STANDARD };
    let many = format!("<g>{}</g>", inside.repeat(9));
    assert_eq!(run_with(&drawing(&many), &little).0, Err(FindingCode::LimitTotalPixels));
}

/// `count` groups, each of which draws the one before it twice.
fn doubling(count: u32) -> String {
    let mut inside = format!("<defs><g id='g0'>{RED_BOX}</g>");
    for (number, before) in (1..=count).zip(0_u32..) {
        inside.push_str(&format!("<g id='g{number}'><use href='#g{before}'/><use href='#g{before}'/></g>"));
    }
    inside + &format!("</defs><use href='#g{count}'/>")
}

/// Patterns, each of which is filled with the one before it.
fn nested_patterns(count: u32) -> String {
    let mut inside =
        String::from("<pattern id='p0' width='1' height='1'><rect width='1' height='1'/></pattern>");
    for (number, before) in (1..=count).zip(0_u32..) {
        let filled = format!("<rect width='1' height='1' fill='url(#p{before})'/>").repeat(8);
        inside.push_str(&format!("<pattern id='p{number}' width='1' height='1'>{filled}</pattern>"));
    }
    inside + &format!("<rect width='100' height='100' fill='url(#p{count})'/>")
}

#[test]
fn bombs_are_a_verdict_before_they_grow() {
    use FindingCode as F;
    let filters = "<feMorphology radius='1000'/>".repeat(8);
    let deep = |inside: &str| format!("{}{inside}{}", "<g>".repeat(90), "</g>".repeat(90));
    let path = format!("<path marker-mid='url(#m)' d='M0 0{}'/>", "h1v1".repeat(20_000));
    let cases: Vec<(&str, String, FindingCode)> = vec![
        ("uses", doubling(40), F::LimitNodes),
        ("patterns in patterns", nested_patterns(12), F::LimitNodes),
        ("depth", format!("{}{}", "<g>".repeat(300), "</g>".repeat(300)), F::Unreadable),
        ("depth by reference", doubling(150), F::Unreadable),
        ("itself", "<g id='a'><use href='#a'/></g>".into(), F::Unreadable),
        ("in a ring", "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>".into(), F::Unreadable),
        ("in a ring of rules", "<style>.a{mask:url(#n)}.b{mask:url( '#m' )}</style><mask id='m'><rect class='a'/></mask><mask id='n'><rect class='b'/></mask><rect class='a'/>".into(), F::Unreadable),
        ("in a ring by the second of a name", "<g id='a'/><g id='a'><use href='#a'/></g>".into(), F::Unreadable),
        ("a filter that looks far", format!("<filter id='f'>{filters}</filter>{}", "<g filter='url(#f)'><rect width='100' height='100'/></g>".repeat(200)), F::LimitTotalPixels),
        ("a filter that is sheared", "<filter id='f'><feFlood/></filter><g transform='matrix(1 0 1 .001 0 0)'><rect width='9' height='9' filter='url(#f)'/></g>".into(), F::Unreadable),
        ("a pattern of a plane", "<pattern id='p' patternUnits='userSpaceOnUse' width='1e9' height='1e9'><rect width='9' height='9'/></pattern><rect width='100' height='100' fill='url(#p)'/>".into(), F::LimitTotalPixels),
        ("far away", "<path d='M0 0L-2e15 50L50 90z'/>".into(), F::Unreadable),
        ("dashes", "<path d='M0 0L40000 40000' stroke='red' stroke-dasharray='.0001'/>".into(), F::LimitTotalPixels),
        ("rules", format!("<style>{}</style>{}", "a b{}".repeat(20_000), "<g/>".repeat(20_000)), F::LimitNodes),
        ("selectors", format!("<style>{}{{}}</style>{}", "g ".repeat(9), deep("<rect/>")), F::LimitNodes),
        ("selectors by commas", format!("<style>{}a{{}}</style>{}", "a,".repeat(20_000), "<g/>".repeat(20_000)), F::LimitNodes),
        ("style again and again", format!("<g id='g' style='{}'/>{}", "x".repeat(100_000), "<use href='#g'/>".repeat(20_000)), F::LimitNodes),
        ("markers", format!("<marker id='m'>{}</marker><g marker-mid='url(#m)'>{}</g>", "<path/>".repeat(1_000), "<path d='M0 0h1h1h1'/>".repeat(1_000)), F::LimitNodes),
        ("markers at corners", format!("<marker id='m'>{}</marker>{path}", "<path/>".repeat(100)), F::LimitNodes),
        ("references by rules", format!("<style>.a{{fill:{}}}</style>", "url(#x)".repeat(10_001)), F::LimitNodes),
        ("a name of many", format!("{}{}", "<g id='a'/>".repeat(5_000), "<path fill='url(#a)'/>".repeat(5_000)), F::LimitNodes),
        ("one long text", format!("<text>{}</text>", "字".repeat(100_000)), F::LimitNodes),
        ("a text in pieces", format!("<text>{}</text>", "<tspan>字</tspan>".repeat(10_000)), F::LimitNodes),
    ];
    let mut ran = 0;
    for (name, inside, code) in cases {
        assert_eq!(run(&drawing(&inside)).0.map(|_| ()), Err(code), "{name}");
        ran += 1;
    }
    assert_eq!(ran, 23);
}

/// A drawing of 2,000 by 2,000 around what is given.
fn big(inside: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='2000' height='2000'>{inside}</svg>").into_bytes()
}

#[test]
fn what_no_smaller_canvas_helps_is_a_verdict() {
    let layers = |count| {
        let (open, close) = ("<g opacity='.9'>".repeat(count), "</g>".repeat(count));
        big(&format!("<g transform='scale(99)'>{open}{RED_BOX}{close}</g>"))
    };
    assert_eq!(run(&layers(150)).0.map(|_| ()), Err(FindingCode::LimitTotalPixels));
    let stops: String = (1..9_000).map(|number| format!("<stop offset='.{number:04}'/>")).collect();
    let boxes = "<rect width='2000' height='2000' fill='url(#l)'/>".repeat(20);
    let stops = big(&format!("<linearGradient id='l'>{stops}</linearGradient>{boxes}"));
    assert_eq!(run(&stops).0.map(|_| ()), Err(FindingCode::LimitTotalPixels));
    let (made, findings) = run(&layers(3));
    assert!(made.is_ok() && findings.has(FindingCode::ImageReduced));
}

#[test]
fn ordinary_drawings_are_not_refused() {
    let shadow = "<feOffset/>".repeat(8);
    let card = format!(
        "<filter id='f' x='0' y='0' width='2000' height='2000' filterUnits='userSpaceOnUse'>{shadow}</filter><rect width='1900' height='1900' filter='url(#f)'/>"
    );
    let map = format!("<path fill='none' stroke='red' d='M0 0{}'/>", "l.01 .03l.01 -.01".repeat(50_000));
    let gradient = format!("<linearGradient id='l'>{}</linearGradient>", "<stop offset='.5'/>".repeat(12));
    let chart = gradient + &"<rect width='9' height='9' fill='url(#l)'/>".repeat(16_000);
    let cases = [("card", card, true), ("map", map, false), ("chart", chart, false)];
    let mut ran = 0;
    for (name, inside, reduced) in cases {
        let (made, findings) = run(&big(&inside));
        assert!(made.is_ok(), "{name}: {:?}", made.err());
        assert_eq!(findings.has(FindingCode::ImageReduced), reduced, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 3);
}

#[test]
fn entities_are_not_fetched_and_do_not_multiply() {
    let laughs = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><desc>&d;&d;&d;</desc></svg>";
    assert_eq!(run(laughs.as_bytes()).0, Err(FindingCode::Unreadable));
    let flat = format!(
        "<!DOCTYPE svg [<!ENTITY a '{}'>]><svg xmlns='http://www.w3.org/2000/svg'><desc>{}</desc></svg>",
        "a".repeat(40_000),
        "&a;".repeat(60_000)
    );
    assert_eq!(run(flat.as_bytes()).0, Err(FindingCode::LimitText));
    let file = "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>&x;</text></svg>";
    assert_eq!(run(file.as_bytes()).0, Err(FindingCode::Unreadable));
}

#[test]
fn any_cut_of_a_file_and_any_size_ends() {
    let whole = drawing(&format!("<g opacity='.5'>{RED_BOX}</g>"));
    let drawn = (0..whole.len()).filter(|end| run(&whole[..*end]).0.is_ok()).count();
    assert_eq!(drawn, 0, "markup that is cut off is no document");
    let mut ran = 0;
    for size in ["0", "-1", "1e30", "nan", "100000", "1e-30", ""] {
        let octets =
            format!("<svg xmlns='http://www.w3.org/2000/svg' width='{size}' height='7'>{RED_BOX}</svg>");
        if let Ok(made) = run(octets.as_bytes()).0 {
            assert!(made.width().max(made.height()) <= 3_000, "{size}");
        }
        ran += 1;
    }
    assert_eq!(ran, 7);
}
