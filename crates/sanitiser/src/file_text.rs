//! Text files: decoded, filtered, and written back into the charset that they came in.
//!
//! *Security.* Control, bidi and invisible characters go. A charset that is not read refuses the file; characters
//! that the old charset does not have turn the file into UTF-8 rather than into other characters.

use mail::charset::{self, ByteOrderMark};
use policy::{Budget, FindingCode, Findings};

/// A decoded text file.
pub(crate) struct FileText {
    /// The text, `\n` at line ends, filtered.
    pub(crate) text: String,
    charset: &'static str,
    mark: ByteOrderMark,
}

/// Decodes a file by its label, or by what its octets prove.
pub(crate) fn read(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<FileText, FindingCode> {
    budget.spend_text(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|exhausted| exhausted.0)?;
    let decoded = charset::decode(octets, label);
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    findings.add_many(FindingCode::CharsetLoss, decoded.loss, decoded.used);
    if decoded.repaired && label.is_some() {
        findings.add_detail(FindingCode::CharsetRepaired, decoded.used);
    }
    // UTF-16 without its mark is other text to a program that does not see the label.
    let marked = decoded.byte_order_mark || decoded.used.starts_with("UTF-16");
    let mark = if marked { ByteOrderMark::Write } else { ByteOrderMark::Omit };
    Ok(FileText { text: crate::text::visible(&decoded.text, findings), charset: decoded.used, mark })
}

impl FileText {
    /// The same text in a charset that a spreadsheet reads: to one, the octets of kanji in ISO-2022-JP are ASCII, and
    /// may be a formula.
    pub(crate) fn for_spreadsheets(self, findings: &mut Findings) -> Self {
        if self.charset != "ISO-2022-JP" {
            return self;
        }
        findings.add_detail(FindingCode::CharsetRepaired, "UTF-8");
        Self { charset: "UTF-8", mark: ByteOrderMark::Write, ..self }
    }
}

/// Writes a text as the file `like` was written: octets and charset.
pub(crate) fn write(text: &str, like: &FileText, findings: &mut Findings) -> (Vec<u8>, &'static str) {
    let encoded = charset::encode(text, like.charset, like.mark);
    if encoded.unencodable.is_empty() {
        return (encoded.octets, encoded.used);
    }
    // U+FFFD for an octet that could not be read is the usual reason.
    findings.add_detail(FindingCode::CharsetRepaired, "UTF-8");
    let encoded = charset::encode(text, "UTF-8", ByteOrderMark::Write);
    (encoded.octets, encoded.used)
}

/// Lines ended by CRLF; the last one, too.
pub(crate) fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(64));
    for line in text.lines() {
        out.push_str(line);
        out.push_str("\r\n");
    }
    out
}
