//! One compressed stream, such as gzip (RFC 1952): with a name, or if a tar is inside, its members.
//!
//! *Security.* The stream is unpacked beyond its first block only if that is a tar header, through one block at a
//! time; every octet is spent from the budget, and a ratio beyond the limit ends the reading.

use super::{
    Entry, Gathered, Stop, le32,
    names::RawName,
    streams::{self, Stream},
    tar,
};
use policy::FindingCode;
use std::io::Read;

/// Below this a high ratio is no bomb.
const RATIO_FROM_OCTETS: u64 = 10 << 20;

/// Lists the tar, or the one stream.
pub(super) fn read(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let Some(Ok(mut stream)) = streams::of(input) else { return Err(Stop) };
    let mut first = [0; 512];
    let mut filled = 0;
    while let Some(rest) = first.get_mut(filled..) {
        match stream.read(rest) {
            Ok(read @ 1..) => filled = filled.saturating_add(read),
            Ok(0) | Err(_) => break,
        }
    }
    let first = first.get(..filled).unwrap_or_default();
    if tar::is_header(first) {
        let packed = u64::try_from(input.len()).unwrap_or(u64::MAX).max(1);
        let stream: Stream<'_> = Box::new(first.chain(stream));
        return tar::read(&mut Unpacked { stream, packed, octets: 0 }, out);
    }
    // Only gzip says at its end how large the content was.
    let is_gzip = input.starts_with(b"\x1f\x8b");
    let end = input.len().checked_sub(4).filter(|_| is_gzip);
    let size = end.and_then(|at| le32(input, at)).map(u64::from);
    let name = RawName::local(stored_name(input).filter(|_| is_gzip).unwrap_or_default());
    let head = first.get(..filled.min(64)).unwrap_or_default().to_vec();
    out.take(Entry { name, size_octets: size, encrypted: false, is_folder: false, is_link: false, head })?;
    out.finish();
    Ok(())
}

/// FNAME (§2.3.1).
pub(super) fn stored_name(input: &[u8]) -> Option<&[u8]> {
    let flags = *input.get(3)?;
    let mut at = 10_usize;
    if flags & 4 != 0 {
        let extra = usize::from(u16::from_le_bytes(*input.get(at..)?.first_chunk()?));
        at = at.checked_add(2)?.checked_add(extra)?;
    }
    if flags & 8 == 0 {
        return None;
    }
    input.get(at..)?.split(|&octet| octet == 0).next()
}

struct Unpacked<'a> {
    stream: Stream<'a>,
    packed: u64,
    octets: u64,
}

impl tar::Blocks for Unpacked<'_> {
    fn block(&mut self, out: &mut Gathered<'_>) -> Option<tar::Block> {
        if let Err(exhausted) = out.budget.spend_unpacked(512) {
            out.findings.add(exhausted.0);
            return None;
        }
        self.octets = self.octets.saturating_add(512);
        let ratio_max = out.budget.limits().unpack_ratio;
        if self.octets > RATIO_FROM_OCTETS && self.octets > self.packed.saturating_mul(ratio_max) {
            out.findings.add(FindingCode::LimitUnpackRatio);
            return None;
        }
        let mut block = [0; 512];
        self.stream.read_exact(&mut block).ok()?;
        Some(block)
    }

    fn skip(&mut self, blocks: u64, out: &mut Gathered<'_>) -> Option<()> {
        for _ in 0..blocks {
            self.block(out)?;
        }
        Some(())
    }
}
