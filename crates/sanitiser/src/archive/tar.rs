//! tar: 512-octet headers of ustar, pax (POSIX.1-2017 pax §"ustar Interchange Format") and GNU.
//!
//! *Security.* Works on anything that can hand out blocks and skip, so that a compressed tar is never held in memory.
//! A header is believed only with a right checksum; long names are cut at 1,024 octets.

use super::{Entry, Gathered, Stop, names::RawName};
use policy::FindingCode;

/// One block.
pub(super) type Block = [u8; 512];
/// Longest long name or pax record that is kept.
const LONG_OCTETS_MAX: u64 = 8 * 1_024;

/// A stream of octets that may be skipped.
pub(super) trait Blocks {
    /// The next block; `None` at the end of the stream or of the budget.
    fn block(&mut self, out: &mut Gathered<'_>) -> Option<Block>;
    /// Skips whole blocks; `None` likewise.
    fn skip(&mut self, blocks: u64, out: &mut Gathered<'_>) -> Option<()>;
}

/// A tar that lies in memory.
pub(super) struct Slice<'a> {
    rest: &'a [u8],
}

impl<'a> Slice<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }
}

impl Blocks for Slice<'_> {
    fn block(&mut self, _: &mut Gathered<'_>) -> Option<Block> {
        let (block, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*block)
    }

    fn skip(&mut self, blocks: u64, _: &mut Gathered<'_>) -> Option<()> {
        let octets = usize::try_from(blocks.checked_mul(512)?).ok()?;
        self.rest = self.rest.get(octets..)?;
        Some(())
    }
}

/// Whether the first block is a header with a right checksum.
pub(super) fn is_header(input: &[u8]) -> bool {
    input.first_chunk::<512>().is_some_and(|block| checksum_holds(block) && block.first() != Some(&0))
}

pub(super) fn checksum_holds(block: &Block) -> bool {
    let Some(claimed) = number(field(block, 148, 8)) else { return false };
    let sum = |value: fn(u8) -> i64| {
        let octets = block.iter().enumerate();
        octets.map(|(at, &octet)| if (148..156).contains(&at) { 32 } else { value(octet) }).sum::<i64>()
    };
    // Old tars summed signed octets.
    [sum(i64::from), sum(|octet| i64::from(octet.cast_signed()))]
        .contains(&i64::try_from(claimed).unwrap_or(-1))
}

pub(super) fn field(block: &Block, at: usize, length: usize) -> &[u8] {
    block.get(at..at.saturating_add(length)).unwrap_or_default()
}

/// Octal, or base 256 with the highest bit set (GNU, star).
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let Some((&first, rest)) = field.split_first()
        && first & 0x80 != 0
    {
        let start = u64::from(first & 0x7f);
        return rest
            .iter()
            .try_fold(start, |sum, &octet| sum.checked_mul(256)?.checked_add(u64::from(octet)));
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(['\0', ' ']);
    let digits = digits.split(['\0', ' ']).next()?;
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

pub(super) fn until_nul(octets: &[u8]) -> &[u8] {
    octets.split(|&octet| octet == 0).next().unwrap_or_default()
}

/// What a record in front of a member says about it.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) name: Option<RawName>,
    pub(super) size: Option<u64>,
}

/// Reads members up to the two zero blocks.
pub(super) fn read(blocks: &mut impl Blocks, out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut ahead = Ahead::default();
    loop {
        if out.budget.spend_nodes(1).is_err() {
            return Err(out.limit(FindingCode::LimitNodes));
        }
        let Some(block) = blocks.block(out) else { return Err(Stop) };
        if block.iter().all(|&octet| octet == 0) {
            out.finish();
            return Ok(());
        }
        if !checksum_holds(&block) {
            return Err(Stop);
        }
        let size = number(field(&block, 124, 12)).ok_or(Stop)?;
        let kind = block.get(156).copied().unwrap_or_default();
        if matches!(kind, b'L' | b'x' | b'X') {
            let content = content(blocks, size, out).ok_or(Stop)?;
            if kind == b'L' {
                ahead.name = Some(RawName::local(until_nul(&content)));
            } else {
                pax(&content, &mut ahead);
            }
            continue;
        }
        let Ahead { name, size: real_size } = std::mem::take(&mut ahead);
        let size = real_size.unwrap_or(size);
        // Links, devices and folders have no content; sparse and unknown kinds are skipped by their size.
        let has_content = !matches!(kind, b'1'..=b'6');
        let mut left = if has_content { size.div_ceil(512) } else { 0 };
        if matches!(kind, b'g' | b'K' | b'V' | b'N' | b'D') {
            blocks.skip(left, out).ok_or(Stop)?;
            continue;
        }
        if kind == b'M' {
            out.findings.add(FindingCode::MultiVolume);
        }
        let mut head = Vec::new();
        if left > 0 {
            let block = blocks.block(out).ok_or(Stop)?;
            head = field(&block, 0, 64).to_vec();
            left = left.saturating_sub(1);
        }
        out.take(entry(&block, name, size, kind, head))?;
        blocks.skip(left, out).ok_or(Stop)?;
    }
}

pub(super) fn entry(block: &Block, name: Option<RawName>, size: u64, kind: u8, head: Vec<u8>) -> Entry {
    let short = until_nul(field(block, 0, 100));
    let prefix = if field(block, 257, 6) == b"ustar\0" { until_nul(field(block, 345, 155)) } else { b"" };
    let name = name.unwrap_or_else(|| {
        let whole = if prefix.is_empty() { short.to_vec() } else { [prefix, short].join(&b'/') };
        RawName::local(&whole)
    });
    Entry {
        name,
        size_octets: Some(size),
        encrypted: false,
        is_folder: kind == b'5' || short.ends_with(b"/"),
        is_link: matches!(kind, b'1' | b'2' | b'3' | b'4' | b'6'),
        head,
    }
}

/// The content of a long name or a pax record.
fn content(blocks: &mut impl Blocks, size: u64, out: &mut Gathered<'_>) -> Option<Vec<u8>> {
    if size > LONG_OCTETS_MAX {
        blocks.skip(size.div_ceil(512), out)?;
        return Some(Vec::new());
    }
    let mut content = Vec::new();
    for _ in 0..size.div_ceil(512) {
        content.extend_from_slice(&blocks.block(out)?);
    }
    content.truncate(usize::try_from(size).ok()?);
    Some(content)
}

/// `LENGTH KEY=VALUE\n` records.
pub(super) fn pax(mut content: &[u8], ahead: &mut Ahead) {
    while let Some(space) = content.iter().position(|&octet| octet == b' ') {
        let digits = content.get(..space).and_then(|digits| std::str::from_utf8(digits).ok());
        let Some(length) = digits.and_then(|digits| digits.parse::<usize>().ok()) else { return };
        let Some(record) = content.get(space.saturating_add(1)..length.saturating_sub(1)) else { return };
        if let Some(path) = record.strip_prefix(b"path=") {
            ahead.name = Some(RawName::utf8(path));
        } else if let Some(size) = record.strip_prefix(b"size=") {
            ahead.size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
        }
        content = content.get(length..).unwrap_or_default();
    }
}
