use super::*;
use crate::FontFace;
use mail::PartPath;
use policy::Limits;
use std::sync::Arc;

/// A machine without fonts.
struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn run_with(octets: &[u8], limits: Limits) -> (Result<RgbaImage, FindingCode>, Findings) {
    let (mut budget, mut findings) = (Budget::new(&limits), Findings::new());
    let written = rasterise(octets, Ground::White, &mut budget, &mut findings, &mut Bare);
    let picture = written.map(|written| {
        assert_eq!((written.extension, &written.action), ("png", &Action::Flatten));
        image::load_from_memory(&written.octets).unwrap().to_rgba8()
    });
    (picture, findings)
}

fn run(octets: &[u8]) -> (RgbaImage, Findings) {
    let (picture, findings) = run_with(octets, Limits::STANDARD);
    (picture.unwrap(), findings)
}

fn record(kind: u32, fields: &[i32]) -> Vec<u8> {
    let size = u32::try_from(8 + fields.len() * 4).unwrap();
    let mut octets = kind.to_le_bytes().to_vec();
    octets.extend(size.to_le_bytes());
    octets.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    octets
}

/// An EMF of 100 by 50 units, each a pixel of a device with 10 pixels a millimetre: 10 by 5 mm.
fn enhanced(records: &[Vec<u8>]) -> Vec<u8> {
    let magic = i32::from_le_bytes(*b" EMF");
    let mut fields = vec![0, 0, 99, 49, 0, 0, 1_000, 500, magic, 0x10000, 0, 0, 0, 0, 0, 0];
    fields.extend([1_000, 1_000, 100, 100]);
    let mut octets = record(1, &fields);
    octets.extend(records.concat());
    octets.extend(record(14, &[0, 16, 20]));
    octets
}

const RED: i32 = 0x0000_00ff;
const BLUE: i32 = 0x00ff_0000;

fn solid(number: i32, colour: i32) -> [Vec<u8>; 2] {
    [record(39, &[number, 0, colour, 0]), record(37, &[number])]
}

/// The pixel at these units of the drawing.
fn at(picture: &RgbaImage, x: u32, y: u32) -> [u8; 3] {
    let [r, g, b, _] = picture.get_pixel(x * picture.width() / 100, y * picture.height() / 50).0;
    [r, g, b]
}

/// A bitmap of two rows of two pixels: above red and blue, below white.
fn bitmap() -> (Vec<u8>, Vec<u8>) {
    let mut info = Vec::new();
    info.extend([40_i32, 2, 2].iter().flat_map(|n| n.to_le_bytes()));
    info.extend([1, 0, 32, 0]);
    info.extend([0; 24]);
    let bits = vec![255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 255, 0, 255, 0, 0, 0];
    (info, bits)
}

fn stretched() -> Vec<u8> {
    let (info, bits) = bitmap();
    let fields = [0, 0, 0, 0, 60, 10, 0, 0, 2, 2, 80, 40, 120, 16, 0, 0x00cc_0020, 20, 20];
    let mut octets = record(81, &fields);
    octets.extend(info);
    octets.extend(bits);
    let size = u32::try_from(octets.len()).unwrap();
    octets[4..8].copy_from_slice(&size.to_le_bytes());
    octets
}

#[test]
fn shapes_are_where_they_belong() {
    let null_pen = i32::from_le_bytes(0x8000_0008_u32.to_le_bytes());
    let mut records = solid(1, RED).to_vec();
    records.push(record(37, &[null_pen]));
    records.push(record(43, &[10, 10, 30, 40]));
    records.extend(solid(2, BLUE));
    records.push(record(42, &[35, 10, 55, 40]));
    records.push(stretched());
    let (picture, findings) = run(&enhanced(&records));
    assert!(findings.is_empty(), "{findings:?}");
    let cases = [
        ((20, 25), [255, 0, 0]),
        ((5, 5), [255, 255, 255]),
        ((45, 25), [0, 0, 255]),
        ((36, 11), [255, 255, 255]),
        ((64, 14), [255, 0, 0]),
        ((76, 14), [0, 0, 255]),
        ((70, 27), [255, 255, 255]),
    ];
    let mut ran = 0;
    for ((x, y), colour) in cases {
        assert_eq!(at(&picture, x, y), colour, "{x} {y}");
        ran += 1;
    }
    assert_eq!(ran, 7);
}

#[test]
fn window_viewport_and_clip_are_obeyed() {
    let records = [
        vec![record(17, &[8]), record(9, &[200, 100]), record(11, &[100, 50])],
        vec![record(33, &[]), record(30, &[0, 0, 100, 100])],
        solid(1, RED).to_vec(),
        vec![record(43, &[-50, -50, 300, 300]), record(34, &[-1])],
        solid(2, BLUE).to_vec(),
        vec![record(59, &[]), record(27, &[150, 50]), record(54, &[190, 50]), record(54, &[190, 90])],
        vec![record(61, &[]), record(60, &[]), record(62, &[0, 0, 0, 0])],
    ]
    .concat();
    let (picture, findings) = run(&enhanced(&records));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(at(&picture, 25, 25), [255, 0, 0]);
    assert_eq!(at(&picture, 60, 25), [255, 255, 255]);
    assert_eq!(at(&picture, 92, 30), [0, 0, 255]);
    assert_eq!(at(&picture, 77, 43), [255, 255, 255]);
}

#[test]
fn what_is_turned_over_twice_is_as_it_was() {
    let null_pen = i32::from_le_bytes(0x8000_0008_u32.to_le_bytes());
    let mut records = solid(1, RED).to_vec();
    records.push(record(37, &[null_pen]));
    records.push(record(20, &[7]));
    records.push(record(43, &[10, 10, 30, 40]));
    let (once, _) = run(&enhanced(&records));
    assert_eq!(at(&once, 20, 20), [0, 255, 255]);
    records.push(record(43, &[10, 10, 30, 40]));
    let (twice, _) = run(&enhanced(&records));
    assert_eq!(at(&twice, 20, 20), [255, 255, 255]);
}

fn words(function: u16, fields: &[i16]) -> Vec<u8> {
    let mut octets = u32::try_from(3 + fields.len()).unwrap().to_le_bytes().to_vec();
    octets.extend(function.to_le_bytes());
    octets.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    octets
}

/// A WMF of 100 by 50 units, with or without a placeable header.
fn windows(placeable: bool, records: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = Vec::new();
    if placeable {
        octets.extend([0xd7, 0xcd, 0xc6, 0x9a, 0, 0]);
        octets.extend([0_i16, 0, 100, 50, 254, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    }
    octets.extend([1_i16, 9, 0x300, 0, 0, 0, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    octets.extend(records.concat());
    octets.extend(words(0, &[]));
    octets
}

#[test]
fn windows_metafiles_with_and_without_a_header() {
    let records = [
        words(0x020b, &[0, 0]),
        words(0x020c, &[50, 100]),
        words(0x02fc, &[0, 0x00ff, 0, 0]),
        words(0x012d, &[0]),
        words(0x02fa, &[5, 0, 0, 0, 0]),
        words(0x012d, &[1]),
        words(0x0324, &[4, 10, 10, 30, 10, 30, 40, 10, 40]),
    ];
    for placeable in [true, false] {
        let (picture, findings) = run(&windows(placeable, &records));
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(at(&picture, 20, 25), [255, 0, 0], "{placeable}");
        assert_eq!(at(&picture, 60, 25), [255, 255, 255]);
    }
}

#[test]
fn text_without_a_font_is_told() {
    let mut text = record(84, &[0, 0, 0, 0, 1, 0, 0, 10, 10, 2, 76, 0, 0, 0, 0, 0, 0]);
    text.extend("日本".encode_utf16().flat_map(u16::to_le_bytes));
    let size = u32::try_from(text.len()).unwrap();
    text[4..8].copy_from_slice(&size.to_le_bytes());
    let (_, findings) = run(&enhanced(&[text]));
    assert_eq!(findings.count(FindingCode::FontMissing), 2);
}

#[test]
fn limits_are_verdicts() {
    let tight = Limits { image_px: 200 * 100 - 1, ..Limits::STANDARD };
    let drawing = enhanced(&[record(43, &[0, 0, 100, 50])]);
    assert_eq!(run_with(&drawing, tight).0, Err(FindingCode::LimitImagePixels));
    let exact = Limits { image_px: 200 * 100, ..Limits::STANDARD };
    assert!(run_with(&drawing, exact).0.is_ok());
    let many = enhanced(&vec![record(43, &[0, 0, 100, 50]); 100]);
    let few = Limits { total_px: 500_000, ..Limits::STANDARD };
    assert_eq!(run_with(&many, few).0, Err(FindingCode::LimitTotalPixels));
    let nodes = Limits { nodes: 50, ..Limits::STANDARD };
    assert_eq!(run_with(&many, nodes).0, Err(FindingCode::LimitNodes));
}

#[test]
fn lies_about_lengths_and_counts_are_passed_over() {
    let records = [
        record(86, &[0, 0, 0, 0, i32::MAX, 0]),
        record(8, &[0, 0, 0, 0, i32::MAX, i32::MAX, 7]),
        record(81, &[0, 0, 0, 0, 0, 0, 0, 0, 2, 2, -4, 40, 120, 16, 0, 0x00cc_0020, 20, 20]),
        record(75, &[i32::MAX, 1, 32, 1, i32::MAX, 0]),
        record(84, &[0, 0, 0, 0, 1, 0, 0, 10, 10, i32::MAX, 76, 0, 0, 0, 0, 0, 0]),
        record(118, &[0, 0, 0, 0, i32::MAX, i32::MAX, 0]),
        record(54, &[i32::MAX, i32::MIN]),
    ];
    let (_, findings) = run(&enhanced(&records));
    assert!(findings.has(FindingCode::PageIncomplete));
}

#[test]
fn no_cut_and_no_flipped_octet_breaks_it() {
    let mut records = solid(1, RED).to_vec();
    records.extend([stretched(), record(42, &[35, 10, 55, 40]), record(43, &[1, 2, 3, 4])]);
    let drawings = [enhanced(&records), windows(true, &[words(0x0324, &[2, 10, 10, 30, 10])])];
    let limits = Limits { image_px: 40_000, total_px: 1_000_000, nodes: 10_000, ..Limits::STANDARD };
    let mut ran = 0;
    for drawing in &drawings {
        for place in (0..drawing.len()).step_by(3) {
            drop(run_with(&drawing[..place], limits));
            for bits in [0xff, 0x80] {
                let mut flipped = drawing.clone();
                flipped[place] ^= bits;
                drop(run_with(&flipped, limits));
            }
            ran += 1;
        }
    }
    assert!(ran >= 130, "{ran}");
}

#[test]
fn what_is_cut_off_or_not_drawn_is_told() {
    let red = solid(1, RED);
    let shape = record(43, &[10, 10, 30, 40]);
    let drawn = |more: Vec<u8>| enhanced(&[red[0].clone(), red[1].clone(), shape.clone(), more]);
    let oblong = words(0x041b, &[40, 30, 10, 10]);
    let plus = |flags: i32, kind: i32| {
        let signature = i32::from_le_bytes(*b"EMF+");
        record(70, &[28, signature, flags << 16 | 0x4001, 12, 0, kind, 12, 0])
    };
    let emf_whole = drawn(Vec::new());
    let wmf = |more: Vec<u8>| windows(true, &[oblong.clone(), more]);
    let wmf_whole = wmf(Vec::new());
    let cut = |whole: &[u8], octets: usize| whole[..whole.len() - octets].to_vec();
    let mut long = words(0x041b, &[40, 30, 10, 10]);
    long[0] = 200;
    let mut cases = vec![
        ("whole", emf_whole.clone(), false),
        ("no end", cut(&emf_whole, 20), true),
        ("half an end", cut(&emf_whole, 1), true),
        ("whole", wmf_whole.clone(), false),
        ("no end", cut(&wmf_whole, 6), true),
        ("half an end", cut(&wmf_whole, 2), true),
        ("a record longer than its file", wmf(long), true),
        ("a record of no length", wmf(vec![0; 6]), true),
        ("polyline, count", drawn(record(87, &[0, 0, 0, 0, 99, 0])), true),
        ("polypolygon, counts", drawn(record(8, &[0, 0, 0, 0, 1, 9, 9, 1, 1])), true),
        ("EMR_PLGBLT", drawn(record(79, &[0; 40])), true),
        (
            "PATINVERT",
            drawn(record(
                76,
                &[0, 0, 0, 0, 0, 0, 9, 9, 0x005a_0049, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            )),
            true,
        ),
        (
            "nothing to be done",
            drawn(record(
                76,
                &[0, 0, 0, 0, 0, 0, 9, 9, 0x00aa_0029, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            )),
            false,
        ),
        ("newer records alone", drawn(plus(0, 0x400a)), true),
        ("newer records beside older ones", drawn(plus(1, 0x400a)), false),
        ("newer records that draw nothing", drawn(plus(0, 0x4002)), false),
    ];
    for kind in [41, 53, 56, 66, 72, 73, 92, 96, 97, 102, 103] {
        cases.push(("not drawn", drawn(record(kind, &[0; 40])), true));
    }
    for function in [0x012a, 0x012b, 0x0228, 0x0419, 0x0429, 0x0548, 0x0922, 0x0b23] {
        cases.push(("not drawn", wmf(words(function, &[0; 20])), true));
    }
    let mut ran = 0;
    for (name, drawing, told) in &cases {
        let (_, findings) = run(drawing);
        assert_eq!(findings.has(FindingCode::PageIncomplete), *told, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 35);
}

#[test]
fn numbers_of_objects_are_found_at_once() {
    // Fifty thousand pens, then one in the middle given back and made again, over and over.
    let pen = words(0x02fa, &[5, 0, 0, 0, 0]);
    let mut records = vec![pen.clone(); 50_000];
    for number in 20_000..25_000 {
        records.push(words(0x01f0, &[number]));
        records.push(pen.clone());
    }
    records.push(words(0x041b, &[40, 30, 10, 10]));
    let start = std::time::Instant::now();
    let (_, findings) = run(&windows(true, &records));
    assert!(findings.is_empty(), "{findings:?}");
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn the_lowest_free_number_is_taken() {
    let brush = |colour: i16| words(0x02fc, &[0, colour, 0, 0]);
    let records = [
        vec![brush(0), brush(0), brush(0)],
        vec![words(0x01f0, &[2]), words(0x01f0, &[1]), words(0x01f0, &[1]), words(0x01f0, &[77])],
        vec![brush(0x00ff), words(0x012d, &[1]), words(0x02fa, &[5, 0, 0, 0, 0]), words(0x012d, &[2])],
        vec![words(0x041b, &[40, 30, 10, 10])],
    ];
    let (picture, findings) = run(&windows(true, &records.concat()));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(at(&picture, 20, 25), [255, 0, 0]);
}

/// The limit that a drawing meets.
fn limit(octets: &[u8], limits: Limits) -> Option<FindingCode> {
    draw(octets, &mut Budget::new(&limits), &mut Findings::new(), &mut Bare).err()
}

/// An EMF of a whole page: 3,000 pixels square.
fn large(records: &[Vec<u8>]) -> Vec<u8> {
    let mut drawing = enhanced(records);
    for side in [32, 36] {
        drawing[side..side + 4].copy_from_slice(&40_000_i32.to_le_bytes());
    }
    drawing
}

#[test]
fn clips_tiles_points_and_letters_are_bounded() {
    let clipped = |times: usize| {
        let pair = [record(30, &[0, 0, 50, 900]), record(33, &[]), record(15, &[1, 1, 0])].concat();
        large(&vec![pair; times])
    };
    assert_eq!(limit(&clipped(14), Limits::STANDARD), None);
    assert_eq!(limit(&clipped(15), Limits::STANDARD), Some(FindingCode::LimitImagePixels));
    let again = [record(30, &[0, 0, 50, 900]), record(33, &[]), record(34, &[-1])].concat();
    assert_eq!(limit(&large(&vec![again; 20]), Limits::STANDARD), None, "one at a time");

    let text = |length: usize| {
        let count = i32::try_from(length).unwrap();
        let mut text = record(84, &[0, 0, 0, 0, 1, 0, 0, 10, 10, count, 76, 0, 0, 0, 0, 0, 0]);
        text.extend(vec![b' '; length * 2]);
        let size = u32::try_from(text.len()).unwrap();
        text[4..8].copy_from_slice(&size.to_le_bytes());
        enhanced(&[text, record(15, &[1, 1, 0])])
    };
    assert!(!run(&text(8_192)).1.has(FindingCode::PageIncomplete));
    assert!(run(&text(8_194)).1.has(FindingCode::PageIncomplete));
    let exact = Limits { nodes: 100 * 64 + 20, ..Limits::STANDARD };
    assert_eq!(limit(&text(100), exact), None);
    assert_eq!(limit(&text(102), exact), Some(FindingCode::LimitNodes));

    let line = |count: i32| {
        let mut fields = vec![0, 0, 99, 49, count];
        fields.extend(vec![0x0001_0001; usize::try_from(count).unwrap()]);
        enhanced(&[record(59, &[]), record(89, &fields), record(60, &[]), record(15, &[1, 1, 0])])
    };
    assert_eq!(limit(&line(999_999), Limits::STANDARD), None);
    assert_eq!(limit(&line(1_000_001), Limits::STANDARD), Some(FindingCode::LimitImagePixels));
}

#[test]
fn tiles_of_brushes_are_bounded_together() {
    let (mut budget, mut findings, mut bare) = (Budget::new(&Limits::STANDARD), Findings::new(), Bare);
    let canvas = Canvas::new(8, 8, &mut budget).unwrap();
    let mut device = Device::new(canvas, Fonts::new(&mut bare), Transform::identity(), (1.0, 1.0));
    assert_eq!(device.tiles_px, 32_000_000);
    device.tiles_px = 8;
    let (info, bits) = bitmap();
    let dib = dib::Dib { info: &info, bits: &bits };
    let made: Vec<bool> = (0..3).map(|_| device.tile(&dib, &mut findings).is_some()).collect();
    assert_eq!((made.as_slice(), device.undrawn), ([true, true, false].as_slice(), 1));
}

#[test]
fn thin_lines_are_spent_by_their_length() {
    // Ten thousand times across the page, all in one row of pixels.
    let mut fields = vec![0, 0, 999, 0, 10_000];
    fields.extend([0, 4_000].repeat(5_000));
    let drawing = large(&[record(87, &fields), record(15, &[1, 1, 0])]);
    let least = 9 * 9_000_000 + 8 * 10_000 * 2_000;
    let few = Limits { total_px: least, ..Limits::STANDARD };
    assert_eq!(limit(&drawing, few), Some(FindingCode::LimitTotalPixels));
    assert_eq!(limit(&drawing, Limits { total_px: 5 * least, ..Limits::STANDARD }), None);
}

#[test]
fn what_takes_longer_costs_more() {
    let page = [0, 0, 4_000, 4_000];
    let gradient = record(118, &[0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 4_000, 4_000, -1, -1, 0, 1]);
    let (around, shape) = (record(30, &page), record(62, &[0, 0, 0, 0]));
    let clip = record(30, &[0, 0, 3_999, 3_999]);
    let path = [record(59, &[]), record(43, &page), record(60, &[])].concat();
    let cases = [
        ("plain", [path.clone(), shape.clone()].concat(), 1),
        ("through a clip", [clip, path.clone(), shape.clone()].concat(), 1 + 4),
        ("through a clip around it", [around, path.clone(), shape.clone()].concat(), 1),
        ("mixed", [record(20, &[9]), path, shape].concat(), 4),
        ("gradient", gradient, 8),
    ];
    let mut ran = 0;
    for (name, records, times) in cases {
        let drawing = large(&[records]);
        let total_px = 9_000_000 * (9 + times);
        let (less, more) = (total_px - 1, total_px + 500_000);
        let met = |total_px| limit(&drawing, Limits { total_px, ..Limits::STANDARD });
        assert_eq!((met(less), met(more)), (Some(FindingCode::LimitTotalPixels), None), "{name}");
        ran += 1;
    }
    assert_eq!(ran, 5);
}
