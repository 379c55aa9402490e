//! The frame of a 7z: what its coders need, before any of them runs.
//!
//! *Security.* The end header of a 7z may itself be packed and locked. The little that says so is read here, so that a
//! dictionary, a size or a count of rounds is weighed before it costs memory or time.

use super::{le32, le64};

/// The coder that locks (AES-256 with a key from SHA-256).
const AES: &[u8] = &[0x06, 0xf1, 0x07, 0x01];
const LZMA: &[u8] = &[0x03, 0x01, 0x01];
const LZMA2: &[u8] = &[0x21];
const PPMD: &[u8] = &[0x03, 0x04, 0x01];
/// Most coders of a block.
const CODERS_MAX: usize = 32;

/// What the coders of a block need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Largest dictionary or model, in octets.
    pub(super) window_octets: u64,
    /// Properties of the lock without its start vector: what the key is derived from.
    pub(super) lock: Option<Vec<u8>>,
    /// Octets that it unpacks to.
    pub(super) size: u64,
}

impl Needs {
    /// Rounds of the hash that deriving the key takes.
    pub(super) fn rounds(&self) -> u64 {
        match self.lock.as_deref() {
            None => 0,
            Some([first, ..]) if first & 0x3f == 0x3f => 1,
            Some([first, ..]) => 1_u64.checked_shl(u32::from(first & 0x3f)).unwrap_or(u64::MAX),
            Some([]) => u64::MAX,
        }
    }

    /// Takes note of one coder.
    pub(super) fn coder(&mut self, id: &[u8], properties: &[u8]) {
        let window = match id {
            LZMA => le32(properties, 1).map_or(0, u64::from),
            PPMD => le32(properties, 1).map_or(0, u64::from),
            LZMA2 => {
                let bits = u32::from(properties.first().copied().unwrap_or_default());
                u64::from(2 | bits & 1).checked_shl((bits >> 1).saturating_add(11)).unwrap_or(u64::MAX)
            }
            AES => {
                let salt = match properties {
                    [first, second, ..] => {
                        usize::from(first >> 7 & 1).saturating_add(usize::from(second >> 4))
                    }
                    _ => 0,
                };
                let end = salt.saturating_add(2).min(properties.len());
                let mut lock = properties.get(..end).unwrap_or_default().to_vec();
                // How long the start vector is matters not to the key.
                if let Some(second) = lock.get_mut(1) {
                    *second &= 0xf0;
                }
                self.lock = Some(lock);
                0
            }
            _ => 0,
        };
        self.window_octets = self.window_octets.max(window);
    }
}

/// How the end header stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// There is none: an archive of nothing.
    None,
    /// It lies behind the end of the file.
    Missing,
    /// It stands where it should, and needs this to be read.
    Whole(Needs),
    /// So that it cannot be read.
    Damaged,
}

/// Reads the start header and, of a packed end header, its coders.
pub(super) fn header(input: &[u8]) -> Header {
    let (Some(offset), Some(size)) = (le64(input, 12), le64(input, 20)) else { return Header::Damaged };
    if size == 0 {
        return Header::None;
    }
    let start = offset.checked_add(32).and_then(|start| usize::try_from(start).ok());
    let header = start.and_then(|start| {
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        input.get(start..end)
    });
    match header {
        None => Header::Missing,
        Some([0x17, rest @ ..]) => packed(&mut Numbers(rest)).map_or(Header::Damaged, Header::Whole),
        Some(_) => Header::Whole(Needs { size, ..Needs::default() }),
    }
}

/// Octets from which numbers are taken.
struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number whose first octet says by its leading ones how many follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.octet()?;
        let extra = first.leading_ones();
        let mut low = 0_u64;
        for shift in 0..extra {
            low |= u64::from(self.octet()?) << shift.checked_mul(8)?;
        }
        // What is left of the first octet stands above the others.
        let high = if extra >= 7 { 0 } else { u64::from(first) & (0x7f_u64 >> extra) };
        Some(low | high.checked_shl(extra.checked_mul(8)?).unwrap_or(0))
    }

    fn count(&mut self, most: usize) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= most)
    }
}

/// Streams of the packed header: its pack info, then one folder of coders and what it unpacks to.
fn packed(header: &mut Numbers<'_>) -> Option<Needs> {
    let mut id = header.octet()?;
    if id == 0x06 {
        header.number()?;
        let streams = header.count(CODERS_MAX)?;
        loop {
            match header.octet()? {
                0 => break,
                9 => {
                    for _ in 0..streams {
                        header.number()?;
                    }
                }
                10 => {
                    // All are defined, or a bit for each says which.
                    let defined = if header.octet()? == 0 {
                        let bits = header.take(streams.div_ceil(8))?;
                        bits.iter().map(|octet| octet.count_ones()).sum()
                    } else {
                        u32::try_from(streams).ok()?
                    };
                    header.take(usize::try_from(defined.checked_mul(4)?).ok()?)?;
                }
                _ => return None,
            }
        }
        id = header.octet()?;
    }
    if id != 0x07 || header.octet()? != 0x0b || header.number()? != 1 || header.octet()? != 0 {
        return None;
    }
    let coders = header.count(CODERS_MAX)?;
    let (mut needs, mut inputs, mut outputs) = (Needs::default(), 0_usize, 0_usize);
    for _ in 0..coders {
        let flags = header.octet()?;
        let id = header.take(usize::from(flags & 15))?;
        let (input, output) =
            if flags & 16 == 0 { (1, 1) } else { (header.count(CODERS_MAX)?, header.count(CODERS_MAX)?) };
        inputs = inputs.checked_add(input)?;
        outputs = outputs.checked_add(output)?;
        if flags & 32 != 0 {
            let length = header.count(64)?;
            needs.coder(id, header.take(length)?);
        } else {
            needs.coder(id, &[]);
        }
    }
    let bound = outputs.checked_sub(1)?;
    for _ in 0..bound {
        header.number()?;
        header.number()?;
    }
    let streams = inputs.checked_sub(bound)?;
    if streams > 1 {
        for _ in 0..streams {
            header.number()?;
        }
    }
    if header.octet()? != 0x0c {
        return None;
    }
    for _ in 0..outputs {
        needs.size = needs.size.max(header.number()?);
    }
    Some(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_their_first_octet_says() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (&[0x7f], Some(0x7f)),
            (&[0x81, 0x02], Some(0x102)),
            (&[0xc1, 2, 3], Some(0x1_0302)),
            (&[0xff, 1, 2, 3, 4, 5, 6, 7, 8], Some(0x0807_0605_0403_0201)),
            (&[0xfe, 1, 2, 3, 4, 5, 6, 7], Some(0x0007_0605_0403_0201)),
            (&[0xc1, 2], None),
        ];
        for (octets, expected) in cases {
            assert_eq!(Numbers(octets).number(), *expected, "{octets:x?}");
        }
        assert_eq!(cases.len(), 6);
    }

    #[test]
    fn coders_say_what_they_need() {
        let mut needs = Needs::default();
        needs.coder(LZMA, &[0x5d, 0, 0, 0, 1]);
        assert_eq!((needs.window_octets, needs.rounds()), (16 << 20, 0));
        needs.coder(LZMA2, &[40]);
        assert!(needs.window_octets >= 0xffff_ffff);
        needs.coder(AES, &[0x53, 0x0f, 1, 2, 3]);
        assert_eq!(needs.rounds(), 1 << 19);
        needs.coder(AES, &[0x3e]);
        assert_eq!(needs.rounds(), 1 << 62);
    }
}
