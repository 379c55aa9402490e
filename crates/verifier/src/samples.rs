//! Tiny writers for tests, independent of the real ones.

#![expect(clippy::arithmetic_side_effects, reason = "small sums of a test")]

/// A zlib stream of stored blocks.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut pieces = data.chunks(60_000).peekable();
    if data.is_empty() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(piece) = pieces.next() {
        let length = u16::try_from(piece.len()).unwrap();
        out.push(u8::from(pieces.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(piece);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for &octet in data {
        a = (a + u32::from(octet)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

pub(crate) fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut covered = kind.to_vec();
    covered.extend(body);
    let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    out.extend(&covered);
    out.extend(crate::png::crc32(&covered).to_be_bytes());
    out
}

pub(crate) fn png(
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    palette: Option<&[u8]>,
    rows: &[u8],
) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([depth, colour, 0, 0, 0]);
    out.extend(chunk(b"IHDR", &header));
    if let Some(palette) = palette {
        out.extend(chunk(b"PLTE", palette));
    }
    out.extend(chunk(b"IDAT", &zlib(rows)));
    out.extend(chunk(b"IEND", &[]));
    out
}

/// 16 × 5, one bit.
pub(crate) fn png_grey() -> Vec<u8> {
    png(16, 5, 1, 0, None, &[0, 0xaa, 0x55].repeat(5))
}

/// 3 × 2, four bits, a palette of 16.
pub(crate) fn png_palette() -> Vec<u8> {
    png(3, 2, 4, 3, Some(&[7; 48]), &[0, 0x12, 0x30, 0, 0x45, 0xf0])
}

/// 2 × 2 RGBA with filters.
pub(crate) fn png_rgba() -> Vec<u8> {
    png(2, 2, 8, 6, None, &[1, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// A grey or colour picture of 16 × 8 whose blocks are all flat.
pub(crate) fn jpeg(components: u8) -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x02\x01\x00\x48\x00\x48\x00\x00".to_vec();
    out.extend([0xff, 0xdb, 0, 67, 0]);
    out.extend([1; 64]);
    out.extend([0xff, 0xc0, 0, 8 + 3 * components, 8, 0, 8, 0, 16, components]);
    (1..=components).for_each(|id| out.extend([id, 0x11, 0]));
    // DC: 0 → size 0, 10 → size 2; AC: 0 → end of block.
    out.extend([0xff, 0xc4, 0, 21, 0x00, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    out.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([0xff, 0xda, 0, 6 + 2 * components, components]);
    (1..=components).for_each(|id| out.extend([id, 0x00]));
    out.extend([0, 63, 0]);
    // Per block: DC size 0 and end of block: two zero bits; two MCUs; padded with ones.
    out.extend(if components == 1 { vec![0b0000_1111] } else { vec![0, 0b0000_1111] });
    out.extend([0xff, 0xd9]);
    out
}

/// Codes of given widths, the lowest bit first.
pub(crate) fn bits(codes: &[(u16, u32)]) -> Vec<u8> {
    let all: Vec<bool> =
        codes.iter().flat_map(|&(code, width)| (0..width).map(move |bit| code >> bit & 1 == 1)).collect();
    let octet = |eight: &[bool]| eight.iter().rev().fold(0u8, |octet, bit| octet << 1 | u8::from(*bit));
    all.chunks(8).map(octet).collect()
}

/// A GIF of four colours: a screen of 4 × 3, a first frame of that size and others of 2 × 2; `extra` stands before the
/// frames.
pub(crate) fn gif(frames: u32, extra: &[u8]) -> Vec<u8> {
    let mut out = b"GIF89a\x04\0\x03\0\xf1\0\0".to_vec();
    out.extend([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    out.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
    out.extend(extra);
    for number in 0..frames {
        out.extend([0x21, 0xf9, 4, 5, 10, 0, 3, 0]);
        // Of one colour: 1, then strings of 2, 3 and so on.
        let (place, codes): (&[u8], &[(u16, u32)]) = if number == 0 {
            (&[0, 0, 0, 0, 4, 0, 3, 0], &[(4, 3), (1, 3), (6, 3), (7, 3), (8, 4), (6, 4), (5, 4)])
        } else {
            (&[1, 0, 1, 0, 2, 0, 2, 0], &[(4, 3), (1, 3), (6, 3), (2, 3), (5, 4)])
        };
        out.push(0x2c);
        out.extend(place);
        out.extend([0, 2]);
        let data = bits(codes);
        out.push(u8::try_from(data.len()).unwrap());
        out.extend(data);
        out.push(0);
    }
    out.push(0x3b);
    out
}
