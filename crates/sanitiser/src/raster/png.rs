//! Pixels → PNG (ISO/IEC 15948): `IHDR` [`PLTE`] [`tRNS`] `IDAT` `IEND`, one `IDAT`, no interlace.
//!
//! The form is a function of the pixels alone, so that writing an output again gives the same octets: grey without
//! alpha in the fewest bits that hold it; else at most 256 colours as a palette, those with alpha first; else RGB,
//! grey with alpha, or RGBA. Rows of whole samples are filtered by the least sum of absolute differences, palettes and
//! fewer bits not at all (§12.8).

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the decoder crates grow; rows and samples of a picture whose size is known; every row has the length of the first"
)]

use flate2::{Compression, Crc, write::ZlibEncoder};
use image::DynamicImage;
use policy::FindingCode;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// The form that a picture is written in.
enum Form {
    Grey { bits: u8 },
    Palette { bits: u8, colours: Vec<[u8; 4]> },
    Rgb,
    GreyAlpha,
    Rgba,
}

/// Writes a picture of eight bits a channel.
pub(super) fn write(picture: &DynamicImage) -> Result<Vec<u8>, FindingCode> {
    let (width, height) = (picture.width(), picture.height());
    let source = Source::of(picture).ok_or(FindingCode::Unreadable)?;
    let form = choose(&source);
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    let (bits, colour_type) = match &form {
        Form::Grey { bits } => (*bits, 0),
        Form::Palette { bits, .. } => (*bits, 3),
        Form::Rgb => (8, 2),
        Form::GreyAlpha => (8, 4),
        Form::Rgba => (8, 6),
    };
    header.extend_from_slice(&[bits, colour_type, 0, 0, 0]);

    let mut octets = Vec::from(*b"\x89PNG\r\n\x1a\n");
    chunk(&mut octets, b"IHDR", &header)?;
    if let Form::Palette { colours, .. } = &form {
        let entries: Vec<u8> = colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        chunk(&mut octets, b"PLTE", &entries)?;
        let alphas: Vec<u8> =
            colours.iter().map(|colour| colour[3]).take_while(|&alpha| alpha < 255).collect();
        if !alphas.is_empty() {
            chunk(&mut octets, b"tRNS", &alphas)?;
        }
    }
    chunk(&mut octets, b"IDAT", &deflated(&source, &form)?)?;
    chunk(&mut octets, b"IEND", b"")?;
    Ok(octets)
}

fn chunk(octets: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) -> Result<(), FindingCode> {
    let Ok(length) = u32::try_from(content.len()) else { return Err(FindingCode::LimitOutput) };
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(content);
    octets.extend_from_slice(&length.to_be_bytes());
    octets.extend_from_slice(name);
    octets.extend_from_slice(content);
    octets.extend_from_slice(&crc.sum().to_be_bytes());
    Ok(())
}

/// A picture as rows of RGBA, whatever its channels are.
struct Source<'a> {
    samples: &'a [u8],
    channels: usize,
    width: usize,
}

impl<'a> Source<'a> {
    fn of(picture: &'a DynamicImage) -> Option<Self> {
        let channels = match picture {
            DynamicImage::ImageLuma8(_) => 1,
            DynamicImage::ImageLumaA8(_) => 2,
            DynamicImage::ImageRgb8(_) => 3,
            DynamicImage::ImageRgba8(_) => 4,
            _ => return None,
        };
        Some(Self { samples: picture.as_bytes(), channels, width: usize::try_from(picture.width()).ok()? })
    }

    fn rows(&self) -> impl Iterator<Item = &'a [u8]> {
        self.samples.chunks_exact(self.width * self.channels)
    }

    /// Pixels of a piece of the samples. A pixel of which nothing is seen has no colour.
    fn pixels(&self, samples: &'a [u8]) -> impl Iterator<Item = [u8; 4]> {
        let channels = self.channels;
        samples.chunks_exact(channels).map(move |pixel| {
            let colour = match *pixel {
                [grey] => [grey, grey, grey, 255],
                [grey, alpha] => [grey, grey, grey, alpha],
                [r, g, b] => [r, g, b, 255],
                [r, g, b, alpha] => [r, g, b, alpha],
                _ => [0, 0, 0, 0],
            };
            if colour[3] == 0 { [0, 0, 0, 0] } else { colour }
        })
    }
}

/// Colours met lately with their numbers, so that a tree is not asked for every pixel.
struct Recent(Vec<Option<([u8; 4], u8)>>);

impl Recent {
    fn new() -> Self {
        Self(vec![None; 4_096])
    }

    /// One place for each colour, shared by few.
    fn place(colour: [u8; 4]) -> usize {
        let mixed = u32::from_le_bytes(colour).wrapping_mul(0x9e37_79b1) >> 20;
        usize::try_from(mixed).unwrap_or(0)
    }

    fn knows(&self, colour: [u8; 4]) -> bool {
        self.0[Self::place(colour)].is_some_and(|(known, _)| known == colour)
    }

    fn note(&mut self, colour: [u8; 4], number: u8) {
        self.0[Self::place(colour)] = Some((colour, number));
    }

    fn number(&self, colour: [u8; 4]) -> u8 {
        self.0[Self::place(colour)].map_or(0, |(_, number)| number)
    }
}

fn choose(source: &Source<'_>) -> Form {
    let (mut grey, mut opaque, mut bits) = (true, true, 1_u8);
    let mut colours = Some(BTreeSet::new());
    let mut recent = Recent::new();
    for pixel @ [r, g, b, alpha] in source.pixels(source.samples) {
        if recent.knows(pixel) {
            continue;
        }
        recent.note(pixel, 0);
        grey &= r == g && g == b;
        opaque &= alpha == 255;
        if grey {
            bits = bits.max(match r {
                0 | 255 => 1,
                85 | 170 => 2,
                _ if r % 17 == 0 => 4,
                _ => 8,
            });
        }
        if let Some(known) = &mut colours {
            // Sorted by alpha first: `tRNS` then ends where the opaque colours begin.
            known.insert([alpha, r, g, b]);
            if known.len() > 256 {
                colours = None;
            }
        }
    }
    if grey && opaque {
        return Form::Grey { bits };
    }
    if let Some(known) = colours {
        let colours: Vec<_> = known.into_iter().map(|[alpha, r, g, b]| [r, g, b, alpha]).collect();
        let bits = match colours.len() {
            ..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        return Form::Palette { bits, colours };
    }
    match (grey, opaque) {
        (_, true) => Form::Rgb,
        (true, false) => Form::GreyAlpha,
        (false, false) => Form::Rgba,
    }
}

fn deflated(source: &Source<'_>, form: &Form) -> Result<Vec<u8>, FindingCode> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let index: BTreeMap<[u8; 4], u8> = match form {
        Form::Palette { colours, .. } => colours.iter().copied().zip(0..=255).collect(),
        _ => BTreeMap::new(),
    };
    let mut recent = Recent::new();
    let mut filter = Filter::default();
    let mut row = Vec::new();
    for samples in source.rows() {
        row.clear();
        let pixels = source.pixels(samples);
        let step = match form {
            Form::Grey { bits } => {
                pack(pixels.map(|pixel| pixel[0] >> (8 - bits)), *bits, &mut row);
                (*bits == 8).then_some(1)
            }
            Form::Palette { bits, .. } => {
                let numbers = pixels.map(|pixel| {
                    if !recent.knows(pixel) {
                        recent.note(pixel, index.get(&pixel).copied().unwrap_or(0));
                    }
                    recent.number(pixel)
                });
                pack(numbers, *bits, &mut row);
                None
            }
            Form::Rgb => {
                row.extend(pixels.flat_map(|[r, g, b, _]| [r, g, b]));
                Some(3)
            }
            Form::GreyAlpha => {
                row.extend(pixels.flat_map(|[grey, _, _, alpha]| [grey, alpha]));
                Some(2)
            }
            Form::Rgba => {
                row.extend(pixels.flatten());
                Some(4)
            }
        };
        let written = match step {
            Some(step) => encoder.write_all(filter.best(&row, step)),
            None => encoder.write_all(&[0]).and_then(|()| encoder.write_all(&row)),
        };
        if written.is_err() {
            return Err(FindingCode::OutOfMemory);
        }
    }
    encoder.finish().or(Err(FindingCode::OutOfMemory))
}

/// Packs samples of 1, 2, 4 or 8 bits, the first in the highest bits.
fn pack(samples: impl Iterator<Item = u8>, bits: u8, row: &mut Vec<u8>) {
    if bits == 8 {
        row.extend(samples);
        return;
    }
    let (mut octet, mut filled) = (0_u8, 0_u8);
    for sample in samples {
        octet = (octet << bits) | sample;
        filled += bits;
        if filled == 8 {
            row.push(octet);
            (octet, filled) = (0, 0);
        }
    }
    if filled > 0 {
        row.push(octet << (8 - filled));
    }
}

/// Chooses the filter of each row (§9.2).
#[derive(Default)]
struct Filter {
    above: Vec<u8>,
    candidate: Vec<u8>,
    best: Vec<u8>,
}

impl Filter {
    /// The filtered row with its filter type in front.
    fn best(&mut self, row: &[u8], step: usize) -> &[u8] {
        self.above.resize(row.len(), 0);
        let mut least = u64::MAX;
        for kind in 0..=4_u8 {
            self.candidate.clear();
            self.candidate.push(kind);
            apply(kind, row, &self.above, step, &mut self.candidate);
            let sum =
                self.candidate[1..].iter().map(|&octet| u64::from(octet.cast_signed().unsigned_abs())).sum();
            if sum < least {
                least = sum;
                std::mem::swap(&mut self.best, &mut self.candidate);
            }
        }
        self.above.copy_from_slice(row);
        &self.best
    }
}

fn apply(kind: u8, row: &[u8], above: &[u8], step: usize, out: &mut Vec<u8>) {
    let first = row.len().min(step);
    let (left, upper_left) = (&row[..row.len() - first], &above[..row.len() - first]);
    let (head, tail) = row.split_at(first);
    let (above_head, above_tail) = above.split_at(first);
    match kind {
        0 => out.extend_from_slice(row),
        1 => {
            out.extend_from_slice(head);
            out.extend(tail.iter().zip(left).map(|(&x, &a)| x.wrapping_sub(a)));
        }
        2 => out.extend(row.iter().zip(above).map(|(&x, &b)| x.wrapping_sub(b))),
        3 => {
            out.extend(head.iter().zip(above_head).map(|(&x, &b)| x.wrapping_sub(b / 2)));
            let pairs = tail.iter().zip(left).zip(above_tail);
            out.extend(pairs.map(|((&x, &a), &b)| x.wrapping_sub(a.midpoint(b))));
        }
        _ => {
            out.extend(head.iter().zip(above_head).map(|(&x, &b)| x.wrapping_sub(b)));
            let triples = tail.iter().zip(left).zip(above_tail).zip(upper_left);
            out.extend(triples.map(|(((&x, &a), &b), &c)| x.wrapping_sub(paeth(a, b, c))));
        }
    }
}

/// The predictor of §9.4.
fn paeth(left: u8, above: u8, upper_left: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(upper_left));
    let estimate = a + b - c;
    let (to_a, to_b, to_c) = ((estimate - a).abs(), (estimate - b).abs(), (estimate - c).abs());
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        above
    } else {
        upper_left
    }
}
