//! Bits of a DEFLATE stream, least significant first (RFC 1951 §3.1.1).

use super::Fault;

/// A stream, and how far it was read.
pub(super) struct Bits<'octets> {
    octets: &'octets [u8],
    /// Of the first octet that is not held.
    place: usize,
    /// The next bits, the first lowest; those above `count` are zero.
    held: u64,
    count: u32,
}

impl<'octets> Bits<'octets> {
    pub(super) const fn new(octets: &'octets [u8]) -> Self {
        Self { octets, place: 0, held: 0, count: 0 }
    }

    /// Holds at least 32 bits, unless the stream ends before.
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        let rest = self.octets.get(self.place..).unwrap_or_default();
        if let Some(four) = rest.first_chunk::<4>() {
            self.held |= u64::from(u32::from_le_bytes(*four)) << self.count;
            self.count = self.count.saturating_add(32);
            self.place = self.place.saturating_add(4);
            return;
        }
        for &octet in rest {
            self.held |= u64::from(octet) << self.count;
            self.count = self.count.saturating_add(8);
            self.place = self.place.saturating_add(1);
        }
    }

    /// The next 15 bits, zeros behind the end.
    pub(super) fn peek(&mut self) -> u16 {
        self.fill();
        let [low, high, ..] = self.held.to_le_bytes();
        u16::from_le_bytes([low, high]) & 0x7fff
    }

    pub(super) fn skip(&mut self, length: u32) -> Result<(), Fault> {
        self.count = self.count.checked_sub(length).ok_or("stream cut short")?;
        self.held = self.held.checked_shr(length).unwrap_or(0);
        Ok(())
    }

    /// At most 16 bits as a number.
    pub(super) fn take(&mut self, length: u32) -> Result<u32, Fault> {
        self.fill();
        let mask = (1u64 << length.min(16)).wrapping_sub(1);
        let value = u32::try_from(self.held & mask).unwrap_or(0);
        self.skip(length)?;
        Ok(value)
    }

    /// The base of a length or distance code and its extra bits.
    pub(super) fn value(&mut self, table: &[(u16, u8)], code: usize) -> Result<usize, Fault> {
        let &(base, extra) = table.get(code).ok_or("no such code")?;
        let more = self.take(u32::from(extra))?;
        Ok(usize::from(base).saturating_add(usize::try_from(more).unwrap_or(0)))
    }

    /// Goes on to the next octet; the bits before it mean nothing and are zero.
    pub(super) fn align(&mut self) -> Result<(), Fault> {
        let padding = self.take(self.count & 7)?;
        if padding == 0 { Ok(()) } else { Err("bits that mean nothing") }
    }

    /// Octets as they stand; after [`Self::align`].
    pub(super) fn octets(&mut self, length: usize) -> Result<&'octets [u8], Fault> {
        let (octets, _) = self.aligned().split_at_checked(length).ok_or("stream cut short")?;
        self.place = self.place.saturating_add(length);
        Ok(octets)
    }

    /// What is behind the stream.
    pub(super) fn end(mut self) -> Result<&'octets [u8], Fault> {
        self.align()?;
        Ok(self.aligned())
    }

    /// The octets from here on, of which none is held any more.
    fn aligned(&mut self) -> &'octets [u8] {
        let held = usize::try_from(self.count >> 3).unwrap_or(0);
        self.place = self.place.saturating_sub(held);
        (self.held, self.count) = (0, 0);
        self.octets.get(self.place..).unwrap_or_default()
    }
}
