//! Little-endian numbers of a record; whatever lies behind its end is `None`.

/// The octets of one record, from its first.
#[derive(Clone, Copy)]
pub(super) struct Octets<'r>(pub(super) &'r [u8]);

impl<'r> Octets<'r> {
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.0.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
    }

    pub(super) fn i16(self, at: usize) -> Option<i16> {
        self.0.get(at..)?.first_chunk().map(|chunk| i16::from_le_bytes(*chunk))
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.0.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
    }

    pub(super) fn i32(self, at: usize) -> Option<i32> {
        self.0.get(at..)?.first_chunk().map(|chunk| i32::from_le_bytes(*chunk))
    }

    /// A finite number.
    pub(super) fn f32(self, at: usize) -> Option<f32> {
        let number = f32::from_le_bytes(*self.0.get(at..)?.first_chunk()?);
        number.is_finite().then_some(number)
    }

    /// A number that is an offset or length.
    pub(super) fn size(self, at: usize) -> Option<usize> {
        usize::try_from(self.u32(at)?).ok()
    }

    /// A coordinate of 32 bits.
    #[expect(
        clippy::cast_precision_loss,
        reason = "coordinates beyond 24 bits lie far outside every picture"
    )]
    pub(super) fn long(self, at: usize) -> Option<f32> {
        self.i32(at).map(|number| number as f32)
    }

    /// A coordinate of 16 bits.
    pub(super) fn short(self, at: usize) -> Option<f32> {
        self.i16(at).map(f32::from)
    }

    /// A colour: red, green, blue.
    pub(super) fn colour(self, at: usize) -> Option<[u8; 3]> {
        self.0.get(at..)?.first_chunk::<3>().copied()
    }

    /// `length` octets from `at`.
    pub(super) fn piece(self, at: usize, length: usize) -> Option<&'r [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }

    /// Everything from `at`.
    pub(super) fn from(self, at: usize) -> Option<Self> {
        self.0.get(at..).map(Self)
    }
}
