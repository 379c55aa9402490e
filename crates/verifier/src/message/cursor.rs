//! A place in octets that moves forward only over what was asked for.

/// The octets that were not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'octets> {
    pub(super) rest: &'octets [u8],
}

impl<'octets> Cursor<'octets> {
    pub(super) const fn new(octets: &'octets [u8]) -> Self {
        Self { rest: octets }
    }

    /// Moves over `literal` if it stands here.
    pub(super) fn eat(&mut self, literal: &[u8]) -> bool {
        match self.rest.strip_prefix(literal) {
            Some(behind) => {
                self.rest = behind;
                true
            }
            None => false,
        }
    }

    /// The octets up to the first that is not `wanted`.
    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'octets [u8] {
        let length = self.rest.iter().take_while(|&&octet| wanted(octet)).count();
        let (taken, behind) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = behind;
        taken
    }

    /// One place to break a line.
    pub(super) fn fold(&mut self) -> bool {
        self.eat(b"\r\n ")
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Octets that were checked to be ASCII, as text.
pub(super) fn ascii(octets: &[u8]) -> &str {
    str::from_utf8(octets).unwrap_or_default()
}
