//! HTML files become text files in UTF-8: the text that [`crate::html`] reads.
//!
//! The charset is that of a byte order mark, of the page's own `<meta>` (WHATWG HTML §13.2.3.2), of the label, or what
//! the octets prove.
//!
//! *Security.* What [`crate::html`] and [`crate::text`] promise. Only the first 4,096 octets are searched for a label.

use crate::Rewritten;
use crate::{file_text, html};
use mail::MediaType;
use mail::charset;
use policy::{Action, Budget, FindingCode, Findings};

/// Octets that are searched for a label.
const HEAD_OCTETS: usize = 4_096;

/// Turns an HTML file into a text file.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let own = declared_charset(octets);
    let decoded = charset::decode(octets, own.as_deref().or(label));
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    findings.add_many(FindingCode::CharsetLoss, decoded.loss, decoded.used);
    let page = html::to_text(&decoded.text, budget, findings)?;
    Ok(Rewritten {
        octets: file_text::with_crlf(&page.text).into_bytes(),
        media_type: MediaType::TEXT,
        extension: "txt",
        charset: Some("UTF-8"),
        action: Action::Extract,
    })
}

/// The charset that a page's `<meta charset>` or `<meta http-equiv="Content-Type">` names, or its XML declaration.
pub fn declared_charset(octets: &[u8]) -> Option<String> {
    let head = octets.get(..HEAD_OCTETS).unwrap_or(octets);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let after = head.split("<meta").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        Some(tag.split_once("charset")?.1.trim_start().strip_prefix('=')?.trim_start().to_owned())
    });
    let declared = || {
        let declaration = head.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
        Some(declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start().to_owned())
    };
    let value = after.or_else(declared)?;
    let value = value.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.:+".contains(c)).unwrap_or(value.len());
    let label = value.get(..end.min(64))?;
    (!label.is_empty()).then(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    #[test]
    fn pages_become_text_files() {
        let cases: &[(&[u8], Option<&str>, &str)] = &[
            (b"<meta charset=\"Shift_JIS\"><p>\x93\xfa\x96{</p>", None, "日本\r\n"),
            (
                b"<meta http-equiv=Content-Type content='text/html; charset=EUC-JP'><p>\xc6\xfc\xcb\xdc</p>",
                None,
                "日本\r\n",
            ),
            ("<p>日本</p><script>x</script>".as_bytes(), Some("utf-8"), "日本\r\n"),
            (b"<p>a</p><p>b</p>", None, "a\r\n\r\nb\r\n"),
            (b"", None, ""),
        ];
        let mut ran = 0;
        for (page, label, expected) in cases {
            let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
            let written = rewrite(page, *label, &mut budget, &mut findings).unwrap();
            assert_eq!(String::from_utf8_lossy(&written.octets), *expected);
            ran += 1;
        }
        assert_eq!(ran, 5);
    }
}
