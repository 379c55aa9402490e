//! A stream that has failed stays failed.
//!
//! *Security.* A decoder that is asked again after an error may never come back: its state is that of a stream that was
//! damaged in the middle. Whoever unpacks several things from one stream reads through this.

use std::io::{self, ErrorKind, Read};

/// A stream that is not asked again once it has failed.
pub(super) struct Fused<R> {
    inner: R,
    failed: Option<ErrorKind>,
    /// Octets that were read.
    pub(super) octets: u64,
}

impl<R> Fused<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, failed: None, octets: 0 }
    }

    /// Whether it has failed.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

impl<R: Read> Read for Fused<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        let read = self.inner.read(buffer);
        match &read {
            Ok(read) => self.octets = self.octets.saturating_add(u64::try_from(*read).unwrap_or(u64::MAX)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.failed = Some(error.kind()),
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails once, and would go on.
    struct Odd(u8);

    impl Read for Odd {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(1);
            if self.0 == 2 { Err(ErrorKind::InvalidData.into()) } else { Ok(1) }
        }
    }

    #[test]
    fn what_failed_is_not_asked_again() {
        let mut stream = Fused::new(Odd(0));
        let mut buffer = [0; 4];
        assert_eq!(stream.read(&mut buffer).ok(), Some(1));
        for _ in 0..3 {
            assert_eq!(stream.read(&mut buffer).map_err(|error| error.kind()), Err(ErrorKind::InvalidData));
        }
        assert_eq!((stream.octets, stream.has_failed(), stream.inner.0), (1, true, 2));
    }
}
