//! One walk a format. Each returns the offset behind the last octet of the image, or `None` if it breaks off.

use super::Outline;

/// PNG: chunks up to and with `IEND`.
pub(super) fn png(input: &[u8], outline: &mut Outline) -> Option<usize> {
    let mut at = 8_usize;
    loop {
        let length = usize::try_from(be32(input, at)?).ok()?;
        let name = input.get(at.checked_add(4)?..)?.first_chunk::<4>()?;
        let start = at.checked_add(8)?;
        let end = start.checked_add(length)?;
        let next = end.checked_add(4)?;
        let content = input.get(start..end);
        match name {
            b"IEND" => return Some(next),
            b"CgBI" => outline.foreign = true,
            b"eXIf" => outline.take_exif(content?),
            b"acTL" => outline.further_frames = be32(content?, 0)?.saturating_sub(1),
            b"iTXt" => outline.take_xmp(content?),
            // What only says how the pixels are to be seen or how they were made is no metadata of a person.
            b"IHDR" | b"PLTE" | b"IDAT" | b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"iCCP" | b"pHYs"
            | b"bKGD" | b"sBIT" | b"hIST" | b"cICP" | b"mDCV" | b"cLLI" | b"sPLT" | b"fcTL" | b"fdAT" => {}
            _ => outline.count_metadata(),
        }
        at = next;
    }
}

/// JPEG: segments and scans up to and with EOI.
pub(super) fn jpeg(input: &[u8], outline: &mut Outline) -> Option<usize> {
    outline.lossy = true;
    let mut at = 2_usize;
    loop {
        // Fill octets (0xff) may stand before a marker; stray octets are skipped as every decoder does.
        at = at.checked_add(input.get(at..)?.iter().position(|&octet| octet == 0xff)?)?;
        let marker = *input.get(at.checked_add(1)?)?;
        at = at.checked_add(if marker == 0xff { 1 } else { 2 })?;
        match marker {
            0xd9 => return Some(at),
            0 | 1 | 0xd0..=0xd8 | 0xff => {}
            _ => {
                let length = usize::from(be16(input, at)?);
                let end = at.checked_add(length.max(2))?;
                let content = input.get(at.checked_add(2)?..end)?;
                segment(marker, content, outline);
                at = end;
            }
        }
    }
}

fn segment(marker: u8, content: &[u8], outline: &mut Outline) {
    match marker {
        0xe0 | 0xee => {}
        0xe1 => {
            if let Some(block) = content.strip_prefix(b"Exif\0\0") {
                outline.take_exif(block);
            } else {
                outline.take_xmp(content);
            }
        }
        0xe2 if content.starts_with(b"ICC_PROFILE\0") => {}
        0xe2..=0xef | 0xfe => outline.count_metadata(),
        0xdb if outline.quantisation_sum.is_none() => outline.quantisation_sum = table_sum(content),
        0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
            outline.components = content.get(5).copied().unwrap_or(3);
            outline.subsampled = content.get(7) != Some(&0x11);
        }
        _ => {}
    }
}

/// Sum of the 64 entries of the first table in a DQT segment.
fn table_sum(content: &[u8]) -> Option<u32> {
    let (&kind, entries) = content.split_first()?;
    if kind >> 4 == 0 {
        return Some(entries.get(..64)?.iter().map(|&entry| u32::from(entry)).sum());
    }
    let (pairs, _) = entries.get(..128)?.as_chunks::<2>();
    Some(pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum())
}

/// GIF: blocks up to and with the trailer.
pub(super) fn gif(input: &[u8], outline: &mut Outline) -> Option<usize> {
    let mut at = 13_usize.checked_add(colour_table(*input.get(10)?))?;
    let mut frames = 0_u32;
    loop {
        let introducer = *input.get(at)?;
        at = at.checked_add(1)?;
        match introducer {
            0x3b => return Some(at),
            0x21 => {
                let label = *input.get(at)?;
                at = at.checked_add(1)?;
                let is_loop = input.get(at..)?.starts_with(b"\x0bNETSCAPE2.0");
                if label == 0xfe || (label == 0xff && !is_loop) {
                    outline.count_metadata();
                }
                at = sub_blocks(input, at)?;
            }
            0x2c => {
                frames = frames.saturating_add(1);
                outline.further_frames = frames.saturating_sub(1);
                let flags = *input.get(at.checked_add(8)?)?;
                at = sub_blocks(input, at.checked_add(10)?.checked_add(colour_table(flags))?)?;
            }
            _ => return None,
        }
    }
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 6_usize << (flags & 7) }
}

fn sub_blocks(input: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = *input.get(at)?;
        at = at.checked_add(1)?.checked_add(usize::from(length))?;
        if length == 0 {
            return Some(at);
        }
    }
}

/// WebP: the chunks of the RIFF container.
pub(super) fn webp(input: &[u8], outline: &mut Outline) -> Option<usize> {
    let end = usize::try_from(le32(input, 4)?).ok()?.checked_add(8)?;
    let mut at = 12_usize;
    let mut frames = 0_u32;
    while at < end.min(input.len()) {
        let Some(name) = input.get(at..).and_then(<[u8]>::first_chunk::<4>) else { break };
        let length = usize::try_from(le32(input, at.checked_add(4)?)?).ok()?;
        let start = at.checked_add(8)?;
        let content = input.get(start..start.checked_add(length)?);
        match name {
            b"VP8 " => outline.lossy = true,
            b"EXIF" => {
                let block = content.unwrap_or_default();
                outline.take_exif(block.strip_prefix(b"Exif\0\0").unwrap_or(block));
            }
            b"XMP " => outline.take_xmp(content.unwrap_or_default()),
            b"ANMF" => {
                frames = frames.saturating_add(1);
                outline.further_frames = frames.saturating_sub(1);
            }
            b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ICCP" => {}
            _ => outline.count_metadata(),
        }
        at = start.checked_add(length)?.checked_add(length & 1)?;
    }
    Some(end)
}

/// BMP: the size in the file header, where it can be one.
pub(super) fn bmp(input: &[u8]) -> Option<usize> {
    let size = usize::try_from(le32(input, 2)?).ok()?;
    Some(if (26..input.len()).contains(&size) { size } else { input.len() })
}

/// ICO: the furthest end of its pictures.
pub(super) fn ico(input: &[u8]) -> Option<usize> {
    let count = usize::from(le16(input, 4)?);
    let mut end = 6_usize.checked_add(count.checked_mul(16)?)?;
    for entry in input.get(6..end)?.chunks_exact(16) {
        let size = usize::try_from(le32(entry, 8)?).ok()?;
        end = end.max(usize::try_from(le32(entry, 12)?).ok()?.checked_add(size)?);
    }
    Some(end)
}

fn be16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

fn be32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

fn le16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn le32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}
