use super::*;
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use policy::Limits;
use std::io::Cursor;

fn run(input: &[u8]) -> (Result<Rewritten, FindingCode>, Findings) {
    let mut findings = Findings::new();
    let policy = Policy::standard();
    let mut budget = Budget::new(&policy.limits);
    let result = rebuild(input, &policy, &mut budget, &mut findings, Fidelity::Full);
    (result, findings)
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut octets = Vec::new();
    picture.write_to(&mut Cursor::new(&mut octets), format).unwrap();
    octets
}

fn gradient() -> DynamicImage {
    let pixel =
        |x: u32, y: u32| Rgb([u8::try_from(x * 3 % 256).unwrap(), u8::try_from(y * 5 % 256).unwrap(), 77]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(60, 40, pixel))
}

fn decoded(octets: &[u8]) -> DynamicImage {
    image::load_from_memory(octets).unwrap()
}

#[test]
fn every_lossless_format_keeps_its_pixels() {
    let alpha = DynamicImage::ImageRgba8(RgbaImage::from_fn(33, 21, |x, y| {
        Rgba([
            u8::try_from(x * 7).unwrap(),
            u8::try_from(y * 9).unwrap(),
            5,
            u8::try_from(x * 6 + 20).unwrap(),
        ])
    }));
    let grey = DynamicImage::ImageLuma8(gradient().to_luma8());
    let bilevel = DynamicImage::ImageLuma8(image::GrayImage::from_fn(19, 9, |x, y| {
        image::Luma([if (x + y) % 3 == 0 { 0 } else { 255 }])
    }));
    let flat = DynamicImage::ImageRgb8(RgbImage::from_pixel(300, 2, Rgb([1, 2, 3])));
    let mut ran = 0;
    for picture in [gradient(), alpha, grey, bilevel, flat] {
        for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP] {
            let Ok(input) = std::panic::catch_unwind(|| encoded(&picture, format)) else { continue };
            let (result, _) = run(&input);
            let first = result.unwrap();
            assert_eq!(first.extension, "png");
            assert_eq!(decoded(&first.octets).to_rgba8(), decoded(&input).to_rgba8(), "{format:?}");
            let (again, findings) = run(&first.octets);
            assert_eq!(again.unwrap().octets, first.octets);
            assert!(findings.is_empty(), "{findings:?}");
            ran += 1;
        }
    }
    assert_eq!(ran, 15);
}

#[test]
fn few_colours_become_few_bits() {
    let picture =
        DynamicImage::ImageRgb8(RgbImage::from_fn(64, 64, |x, _| Rgb([u8::from(x > 30) * 200, 9, 9])));
    let octets = run(&encoded(&picture, ImageFormat::Png)).0.unwrap().octets;
    assert_eq!(octets.get(24..26), Some(&[1, 3][..]));
    assert!(octets.len() < 200, "{}", octets.len());
}

#[test]
fn jpeg_stays_jpeg_at_its_own_strength() {
    let photograph = gradient();
    let mut input = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut input, 60).encode_image(&photograph).unwrap();
    let first = run(&input).0.unwrap();
    assert_eq!(first.extension, "jpg");
    let (again, findings) = run(&first.octets);
    assert!(findings.is_empty(), "{findings:?}");
    let again = again.unwrap().octets;
    let sums =
        [&input, &first.octets, &again].map(|o| outline::survey(Format::Jpeg, o).quantisation_sum.unwrap());
    assert!(sums[0].abs_diff(sums[1]) < 60 && sums[1].abs_diff(sums[2]) < 60, "{sums:?}");
}

#[test]
fn trailing_octets_are_reported_and_gone() {
    let mut ran = 0;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let mut input = encoded(&gradient(), format);
        assert!(run(&input).1.iter().all(|f| f.code != FindingCode::TrailingOctets), "{format:?}");
        input.extend_from_slice(b"PK\x03\x04 a second file");
        let (result, findings) = run(&input);
        let octets = result.unwrap().octets;
        assert!(findings.has(FindingCode::TrailingOctets), "{format:?}");
        assert!(!octets.windows(4).any(|w| w == b"PK\x03\x04"));
        ran += 1;
    }
    assert_eq!(ran, 4);
}

#[test]
fn a_limit_is_met_exactly_and_passed_by_one() {
    let input = encoded(&gradient(), ImageFormat::Png);
    let policy = Policy::standard();
    for (image_px, wanted) in [(60 * 40, None), (60 * 40 - 1, Some(FindingCode::LimitImagePixels))] {
        let mut budget = Budget::new(&Limits { image_px, ..Limits::STANDARD });
        let result = rebuild(&input, &policy, &mut budget, &mut Findings::new(), Fidelity::Full);
        assert_eq!(result.err(), wanted);
    }
}

#[test]
fn a_cut_picture_is_kept_as_far_as_it_goes() {
    let mut ran = 0;
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
        let noise = DynamicImage::ImageRgb8(RgbImage::from_fn(200, 200, |x, y| {
            let n = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) ^ (x * y);
            Rgb([n.to_le_bytes()[1], n.to_le_bytes()[2], n.to_le_bytes()[0]])
        }));
        let input = encoded(&noise, format);
        let (result, findings) = run(&input[..input.len() * 2 / 3]);
        assert!(result.is_ok(), "{format:?}");
        assert!(findings.has(FindingCode::ImageTruncated), "{format:?}");
        ran += 1;
    }
    assert_eq!(ran, 4);
}

#[test]
fn any_cut_or_flipped_octet_ends_in_a_verdict() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let input = encoded(&DynamicImage::ImageRgb8(RgbImage::from_pixel(9, 7, Rgb([1, 2, 3]))), format);
        for at in 0..input.len() {
            drop(run(&input[..at]));
            let mut flipped = input.clone();
            flipped[at] ^= 0x55;
            drop(run(&flipped));
        }
    }
}

#[test]
fn every_picture_of_the_fixtures_becomes_what_it_must() {
    let mut ran = 0;
    for case in fixtures::files().into_iter().filter(|case| case.expect.kind == "image") {
        let (result, mut findings) = run(&case.octets);
        match result {
            Ok(written) => {
                assert_eq!(
                    (written.action.name(), written.extension),
                    (case.expect.action, case.expect.extension),
                    "{}",
                    case.name
                );
                for lacking in case.expect.octets_lack {
                    assert!(!written.octets.windows(lacking.len()).any(|w| w == lacking), "{}", case.name);
                }
            }
            Err(code) => {
                assert_eq!(case.expect.action, "remove", "{}: {code:?}", case.name);
                findings.add(code);
            }
        }
        for name in case.expect.findings {
            assert!(
                findings.iter().any(|f| f.code.name() == name),
                "{}: {name} not in {findings:?}",
                case.name
            );
        }
        ran += 1;
    }
    assert_eq!(ran, 27);
}

#[test]
fn every_picture_of_the_corpus_ends_in_a_verdict() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("SEKISHO_CORPUS").map_or(root, Into::into).join("image");
    if !root.is_dir() {
        println!("no corpus at {}: nothing was run", root.display());
        return;
    }
    let (mut ran, mut written, mut pending) = (0, 0, vec![root]);
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let (result, findings) = run(&std::fs::read(&path).unwrap());
        if std::env::var_os("SEKISHO_SHOW").is_some() {
            println!("{}: {result:?}", path.display());
            findings.iter().for_each(|f| println!("    {} x{} {}", f.code.name(), f.count, f.detail));
        }
        ran += 1;
        written += u32::from(result.is_ok());
        if let Ok(first) = result
            && first.extension == "png"
        {
            let (again, findings) = run(&first.octets);
            assert!(again.is_ok_and(|again| again.octets == first.octets), "{}", path.display());
            assert!(findings.is_empty(), "{}: {findings:?}", path.display());
        }
    }
    println!("{ran} pictures, {written} written anew");
    assert!(ran >= 200, "{ran}");
}

/// A TIFF of 2 by 1 pixels: entries as tag and value, one strip of the given octets.
fn tiny_tiff(entries: &[(u16, u32)], strip: &[u8], palette: &[u16]) -> Vec<u8> {
    let count = entries.len() + 2 + usize::from(!palette.is_empty());
    let behind = u32::try_from(8 + 2 + count * 12 + 4).unwrap();
    let mut octets = b"II*\0\x08\0\0\0".to_vec();
    octets.extend(u16::try_from(count).unwrap().to_le_bytes());
    let mut entry = |tag: u16, kind: u16, count: usize, value: u32| {
        octets.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        octets.extend(u32::try_from(count).unwrap().to_le_bytes());
        octets.extend(value.to_le_bytes());
    };
    entries.iter().for_each(|&(tag, value)| entry(tag, 4, 1, value));
    entry(273, 4, 1, behind);
    entry(279, 4, 1, u32::try_from(strip.len()).unwrap());
    if !palette.is_empty() {
        entry(320, 3, palette.len(), behind + u32::try_from(strip.len()).unwrap());
    }
    octets.extend([0; 4]);
    octets.extend_from_slice(strip);
    octets.extend(palette.iter().flat_map(|value| value.to_le_bytes()));
    octets
}

#[test]
fn tiff_palettes_and_lowest_bits_first_are_read() {
    let common = |bits, photometric| {
        vec![(256, 2), (257, 1), (258, bits), (259, 1), (262, photometric), (277, 1), (278, 1)]
    };
    let mut palette = vec![0_u16; 3 * 256];
    (palette[7], palette[256 + 7], palette[512 + 9]) = (0xff00, 0x8000, 0xff00);
    let coloured = run(&tiny_tiff(&common(8, 3), &[7, 9], &palette)).0.unwrap();
    assert_eq!(decoded(&coloured.octets).to_rgb8().as_raw(), &[255, 128, 0, 0, 0, 255]);
    let mut entries = common(1, 1);
    entries.insert(5, (266, 2));
    let turned = run(&tiny_tiff(&entries, &[0b0000_0001], &[])).0.unwrap();
    assert_eq!(decoded(&turned.octets).to_luma8().as_raw(), &[255, 0]);
}

#[test]
fn no_side_is_longer_than_can_be_written() {
    let strip = |width, height| DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([1, 2, 3])));
    let mut ran = 0;
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff] {
        for (width, height) in [(SIDE_MAX_PX, 1), (1, SIDE_MAX_PX)] {
            assert!(run(&encoded(&strip(width, height), format)).0.is_ok(), "{format:?}");
        }
        for (width, height) in [(SIDE_MAX_PX + 1, 1), (1, SIDE_MAX_PX + 1)] {
            let (result, _) = run(&encoded(&strip(width, height), format));
            assert_eq!(result.err(), Some(FindingCode::LimitImagePixels), "{format:?}");
            ran += 1;
        }
    }
    assert_eq!(ran, 6);
}
