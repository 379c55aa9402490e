//! zlib streams (RFC 1950, RFC 1951), inflated through a window of fixed size and handed on piece by piece.
//!
//! *Security.* Memory is one window of 64 KiB whatever the stream claims; the caller says how many octets must come
//! out, and one octet more ends the work. The stream must end with its last octet and its checksum must be right.

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags},
};

const WINDOW_OCTETS: usize = 64 * 1024;

/// Inflates all of `zlib` to exactly `size_octets` octets, or says what is wrong.
pub(crate) fn inflate(
    zlib: &[u8],
    size_octets: u64,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32;
    let mut state = Box::<DecompressorOxide>::default();
    let mut window = vec![0u8; WINDOW_OCTETS];
    let mut rest = zlib;
    let (mut place, mut left) = (0usize, size_octets);
    loop {
        let (status, read, written) = decompress(&mut state, rest, &mut window, place, flags);
        rest = rest.get(read..).ok_or("the inflater left its input")?;
        let end = place.saturating_add(written);
        let piece = window.get(place..end).ok_or("the inflater left its window")?;
        left = left
            .checked_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX))
            .ok_or("more data than the dimensions say")?;
        sink(piece)?;
        match status {
            TINFLStatus::Done => break,
            TINFLStatus::HasMoreOutput => place = if end >= WINDOW_OCTETS { 0 } else { end },
            TINFLStatus::Adler32Mismatch => return Err("checksum of the data"),
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => {
                return Err("stream cut short");
            }
            TINFLStatus::BadParam | TINFLStatus::Failed | _ => return Err("not a deflate stream"),
        }
    }
    if !rest.is_empty() {
        return Err("octets after the stream");
    }
    if left == 0 { Ok(()) } else { Err("less data than the dimensions say") }
}

/// Inflates to at most `limit_octets` octets in memory.
pub(crate) fn inflate_to_vec(zlib: &[u8], limit_octets: usize) -> Result<Vec<u8>, &'static str> {
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let mut out = vec![0u8; limit_octets.min(zlib.len().saturating_mul(4).saturating_add(64))];
    let (mut rest, mut place) = (zlib, 0usize);
    loop {
        let (status, read, written) = decompress(&mut state, rest, &mut out, place, flags);
        rest = rest.get(read..).ok_or("the inflater left its input")?;
        place = place.saturating_add(written);
        match status {
            TINFLStatus::Done => break,
            TINFLStatus::HasMoreOutput if out.len() < limit_octets => {
                out.resize(out.len().saturating_mul(2).min(limit_octets), 0);
            }
            TINFLStatus::HasMoreOutput => return Err("more data than allowed"),
            TINFLStatus::Adler32Mismatch => return Err("checksum of the data"),
            TINFLStatus::FailedCannotMakeProgress
            | TINFLStatus::BadParam
            | TINFLStatus::Failed
            | TINFLStatus::NeedsMoreInput
            | _ => return Err("not a deflate stream"),
        }
    }
    if !rest.is_empty() {
        return Err("octets after the stream");
    }
    out.truncate(place);
    Ok(out)
}
