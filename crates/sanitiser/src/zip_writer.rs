//! Named octets → a ZIP file of one plain form (APPNOTE 6.3.10): Office packages and unpacked archives.
//!
//! Entries stand back to back from the first octet, each stored or deflated, with its sizes and checksum in its local
//! header; one date for all (1980-01-01, the first that the format knows), no extra fields, comments or folders. The
//! same members give the same octets.

use std::io::{Cursor, Write};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// How a member is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As it is: `mimetype` of OpenDocument, and what is compressed already.
    Stored,
    /// Deflated.
    Deflated,
}

/// A ZIP file as it grows.
#[derive(Debug)]
pub struct ZipFile {
    writer: ZipWriter<Cursor<Vec<u8>>>,
}

impl ZipFile {
    /// An empty one.
    pub fn new() -> Self {
        Self { writer: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Appends a member. The name is a relative path with `/`, unique without regard to case.
    pub fn add(&mut self, name: &str, octets: &[u8], method: Method) -> Result<(), ZipError> {
        let method = match method {
            Method::Stored => CompressionMethod::Stored,
            Method::Deflated => CompressionMethod::Deflated,
        };
        let options =
            SimpleFileOptions::DEFAULT.compression_method(method).last_modified_time(DateTime::DEFAULT);
        self.writer.start_file(name, options)?;
        self.writer.write_all(octets)?;
        Ok(())
    }

    /// The whole file.
    pub fn finish(self) -> Result<Vec<u8>, ZipError> {
        self.writer.finish().map(Cursor::into_inner)
    }
}

impl Default for ZipFile {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_in_the_one_plain_form() {
        let mut file = ZipFile::new();
        file.add("mimetype", b"text", Method::Stored).expect("room");
        file.add("報告.txt", &[b'x'; 1000], Method::Deflated).expect("room");
        let octets = file.finish().expect("room");
        // Local header: version, flags, method, time, date; then no extra field.
        assert_eq!(octets.get(..14), Some(&b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0"[..]));
        assert_eq!(octets.get(18..30), Some(&[4, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0][..]));
        let second = &octets[42..];
        assert_eq!(second.get(..14), Some(&b"PK\x03\x04\x14\0\0\x08\x08\0\0\0\x21\0"[..]));
        assert_eq!(second.get(28..30), Some(&[0, 0][..]));
        // The directory, then the end record without a comment.
        assert_eq!(octets.windows(4).filter(|w| w == b"PK\x01\x02").count(), 2);
        let end = octets.len().checked_sub(22).and_then(|at| octets.get(at..)).expect("an end");
        assert_eq!(end.get(..12), Some(&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..]));
        assert_eq!(end.get(20..), Some(&[0, 0][..]));
    }
}
