//! Plain text files are written anew in the charset they came in, with CRLF.
//!
//! *Security.* What [`crate::file_text`] promises; a text of which more than a tenth could not be read is refused, for
//! it is none.

use crate::Rewritten;
use crate::file_text;
use mail::MediaType;
use policy::{Action, Budget, FindingCode, Findings};

/// Writes a text file anew. `label` is the declared charset, when there is one.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let file = file_text::read(octets, label, budget, findings)?;
    let lost = usize::try_from(findings.count(FindingCode::CharsetLoss)).unwrap_or(usize::MAX);
    if lost > 16 && lost > octets.len().saturating_div(10) {
        return Err(FindingCode::Unreadable);
    }
    let (octets, charset) = file_text::write(&file_text::with_crlf(&file.text), &file, findings);
    Ok(Rewritten {
        octets,
        media_type: MediaType::TEXT,
        extension: "txt",
        charset: Some(charset),
        action: Action::Rebuild,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(octets: &[u8]) -> (Rewritten, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(octets, None, &mut budget, &mut findings).unwrap();
        (written, findings)
    }

    #[test]
    fn the_charset_stays_and_lines_end_in_crlf() {
        let cases: &[(&[u8], &[u8], &str)] = &[
            (
                "日本語の文章です\n二行目\r三".as_bytes(),
                "日本語の文章です\r\n二行目\r\n三\r\n".as_bytes(),
                "UTF-8",
            ),
            (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfa\r\n", "UTF-8"),
            (
                b"\x93\xfa\x96{\x8c\xea\x82\xcc\x95\xb6\x8f\xcd\x82\xc5\x82\xb7\n",
                b"\x93\xfa\x96{\x8c\xea\x82\xcc\x95\xb6\x8f\xcd\x82\xc5\x82\xb7\r\n",
                "Shift_JIS",
            ),
            (b"\x1b$BF|K\\8l\x1b(B\n", b"\x1b$BF|K\\8l\x1b(B\r\n", "ISO-2022-JP"),
            ("a\u{202e}b\u{200b}c".as_bytes(), b"abc\r\n", "UTF-8"),
            (b"", b"", "UTF-8"),
        ];
        let mut ran = 0;
        for (input, expected, charset) in cases {
            let (written, _) = run(input);
            assert_eq!(written.octets, *expected, "{charset}");
            assert!(written.charset == Some(charset) || input.is_ascii(), "{:?}", written.charset);
            let (again, findings) = run(&written.octets);
            assert_eq!(again.octets, written.octets);
            assert_eq!(findings.gravest(), Severity::Info);
            ran += 1;
        }
        assert_eq!(ran, 6);
    }
}
