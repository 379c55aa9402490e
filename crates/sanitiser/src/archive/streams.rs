//! Compressed streams → their content, read bit by bit: the methods of zip (APPNOTE §4.4.5) and the formats that are one
//! stream.
//!
//! *Security.* Windows and dictionaries are limited to [`WINDOW_OCTETS_MAX`] before they are allocated. The readers hand
//! out what is asked for and no more; whoever reads spends it.

use super::{fused::Fused, lzw};
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use lzma_rust2::{LzipReader, LzmaReader, XzReader, lzma_get_memory_usage_by_props};
use ppmd_rust::{Ppmd8Decoder, RestoreMethod};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::io::{self, BufRead, Read};

/// Largest window, dictionary or model of a decoder.
pub(super) const WINDOW_OCTETS_MAX: u32 = 128 << 20;
/// The same as some decoders count it, with room for their tables.
const WINDOW_KIB_MAX: u32 = (WINDOW_OCTETS_MAX >> 10) + 1_024;

/// A content that can be read.
pub(super) type Stream<'a> = Box<dyn Read + 'a>;

/// Opens a compressed stream by its first octets.
pub(super) fn of(input: &[u8]) -> Option<io::Result<Stream<'_>>> {
    let stream = match input {
        [0x1f, 0x8b, ..] => Ok(gzip(input)),
        [b'B', b'Z', b'h', ..] => Ok(bzip2(input)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Ok(xz(input)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd(input),
        [b'L', b'Z', b'I', b'P', ..] => lzip(input),
        [0x5d, 0, 0, ..] => lzma(input),
        [0x1f, 0x9d, ..] => lzw::Decompress::new(input).map(|stream| Box::new(stream) as Stream<'_>),
        _ => return None,
    };
    Some(stream.map(|stream| Box::new(Fused::new(stream)) as Stream<'_>))
}

/// The content of a zip member; `None` for a method that is not opened.
pub(super) fn zip_method<'a>(
    method: u16,
    packed: impl BufRead + 'a,
    size: u64,
    has_end_mark: bool,
) -> Option<io::Result<Stream<'a>>> {
    Some(Ok(match method {
        0 => Box::new(packed),
        8 => Box::new(DeflateDecoder::new(packed)),
        9 => Box::new(deflate64::Deflate64Decoder::with_buffer(packed)),
        12 => Box::new(MultiBzDecoder::new(packed)),
        14 => return Some(zip_lzma(packed, size, has_end_mark)),
        93 => return Some(zstd(packed)),
        95 => xz(packed),
        98 => return Some(zip_ppmd(packed)),
        _ => return None,
    }))
}

/// LZMA as zip holds it (§5.8): version and length of the properties, then these.
fn zip_lzma<'a>(mut packed: impl BufRead + 'a, size: u64, has_end_mark: bool) -> io::Result<Stream<'a>> {
    let mut head = [0; 9];
    packed.read_exact(&mut head)?;
    let [_, _, length, _, properties, a, b, c, d] = head;
    if length != 5 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let dictionary = u32::from_le_bytes([a, b, c, d]).min(u32::try_from(size).unwrap_or(u32::MAX).max(4_096));
    lzma_with(packed, if has_end_mark { u64::MAX } else { size }, properties, dictionary)
}

fn lzma_with<'a>(
    packed: impl BufRead + 'a,
    size: u64,
    properties: u8,
    dictionary: u32,
) -> io::Result<Stream<'a>> {
    if lzma_get_memory_usage_by_props(dictionary, properties)? > WINDOW_KIB_MAX {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    Ok(Box::new(LzmaReader::new_with_props(packed, size, properties, dictionary, None)?))
}

/// `PPMd` variant I, revision 1 (§5.10).
fn zip_ppmd<'a>(mut packed: impl BufRead + 'a) -> io::Result<Stream<'a>> {
    let mut head = [0; 2];
    packed.read_exact(&mut head)?;
    let word = u32::from(u16::from_le_bytes(head));
    let order = (word & 0xf).saturating_add(1);
    let memory = ((word >> 4) & 0xff).saturating_add(1) << 20;
    let restore = match word >> 12 {
        0 => RestoreMethod::Restart,
        1 => RestoreMethod::CutOff,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    match Ppmd8Decoder::new(packed, order, memory, restore) {
        Ok(decoder) => Ok(Box::new(decoder)),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
    }
}

/// gzip (RFC 1952), several members one after another.
fn gzip<'a>(packed: impl BufRead + 'a) -> Stream<'a> {
    Box::new(MultiGzDecoder::new(packed))
}

/// bzip2, several streams one after another.
fn bzip2<'a>(packed: impl BufRead + 'a) -> Stream<'a> {
    Box::new(MultiBzDecoder::new(packed))
}

/// xz, several streams one after another.
pub(super) fn xz<'a>(packed: impl BufRead + 'a) -> Stream<'a> {
    Box::new(XzReader::new_mem_limit(packed, true, WINDOW_KIB_MAX))
}

/// LZMA with the header of 13 octets of the old tool.
fn lzma<'a>(packed: impl BufRead + 'a) -> io::Result<Stream<'a>> {
    Ok(Box::new(LzmaReader::new_mem_limit(packed, WINDOW_KIB_MAX, None)?))
}

/// lzip (version 1: one octet says how large the dictionary is).
fn lzip<'a>(packed: &'a [u8]) -> io::Result<Stream<'a>> {
    // The power of two, 12 to 29: larger ones than are read here are refused unread.
    if packed.get(5).is_none_or(|size| size & 0x1f > 27) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    Ok(Box::new(LzipReader::new(packed)))
}

/// zstd (RFC 8878): its frames one after another.
pub(super) fn zstd<'a>(packed: impl BufRead + 'a) -> io::Result<Stream<'a>> {
    Ok(Box::new(Frames { packed: Some(packed), frame: None }))
}

/// The frames of a zstd stream.
struct Frames<R: BufRead> {
    packed: Option<R>,
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                if frame.decoder.get_checksum_from_data().is_some_and(|sum| {
                    frame.decoder.get_calculated_checksum().is_some_and(|calculated| calculated != sum)
                }) {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                self.packed = self.frame.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut packed) = self.packed.take() else { return Ok(0) };
            if packed.fill_buf()?.is_empty() {
                return Ok(0);
            }
            if skipped(&mut packed)? {
                self.packed = Some(packed);
                continue;
            }
            let opened = StreamingDecoder::new_with_max_window_size(packed, u64::from(WINDOW_OCTETS_MAX));
            self.frame =
                Some(opened.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?);
        }
    }
}

/// Skips a skippable frame (§3.1.2).
fn skipped(packed: &mut impl BufRead) -> io::Result<bool> {
    let [a, b, c, d, ..] = packed.fill_buf()? else { return Ok(false) };
    if u32::from_le_bytes([*a, *b, *c, *d]) & 0xffff_fff0 != 0x184d_2a50 {
        return Ok(false);
    }
    let mut head = [0; 8];
    packed.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    io::copy(&mut packed.take(length), &mut io::sink())?;
    Ok(true)
}
