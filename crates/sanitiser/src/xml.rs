//! XML (1.0, fifth edition) is read strictly and written anew: elements, attributes and text, nothing else.
//!
//! The declaration becomes ours (UTF-8); DOCTYPE, processing instructions and comments go; CDATA becomes text.
//!
//! *Security.* No entity but the five predefined ones is known, so nothing is fetched or expanded. Namespaces in
//! which browsers run scripts (XHTML, SVG, XSLT …) are renamed, which makes their elements plain data. Elements at
//! most 1,000 deep, attributes 1,000 an element; everything is spent as nodes and text. Linear.

use crate::Rewritten;
use crate::text::{is_invisible, visible};
use mail::MediaType;
use mail::charset;
use policy::{Action, Budget, Exhausted, FindingCode, Findings};
use std::collections::BTreeSet;

/// Deepest element.
const DEPTH_MAX: usize = 1_000;
/// Most attributes of an element.
const ATTRIBUTES_MAX: usize = 1_000;

/// Parts of the names of namespaces whose elements or attributes a browser or Office acts on.
const ACTIVE: &[&str] = &[
    "w3.org/1999/xhtml",
    "w3.org/2000/svg",
    "w3.org/1999/xsl",
    "w3.org/1999/xlink",
    "w3.org/tr/wd-xsl",
    "w3.org/tr/rec-html40",
    "w3.org/1998/math",
    "w3.org/2001/xinclude",
    "w3.org/2001/xml-events",
    "mozilla.org/xbl",
    "there.is.only.xul",
    "urn:schemas-microsoft-com:",
    "schemas.microsoft.com/office/word/2003",
    "schemas.microsoft.com/office/2006/xmlpackage",
];

/// Why a document is refused.
enum Fault {
    Syntax,
    Budget(Exhausted),
}

impl From<Exhausted> for Fault {
    fn from(exhausted: Exhausted) -> Self {
        Self::Budget(exhausted)
    }
}

/// Writes an XML file anew. `label` is the declared charset; the file's own declaration comes first.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    budget.spend_text(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
    let own = declared_encoding(octets);
    let decoded = charset::decode(octets, own.as_deref().or(label).or(Some("UTF-8")));
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    if decoded.loss > 0 {
        return Err(FindingCode::Unreadable);
    }
    let mut reader =
        Reader { rest: &decoded.text, out: String::new(), stack: Vec::new(), dropped: 0, active: 0, budget };
    reader.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    match reader.document() {
        Ok(()) => {}
        Err(Fault::Syntax) => return Err(FindingCode::Unreadable),
        Err(Fault::Budget(exhausted)) => return Err(exhausted.0),
    }
    let (dropped, active) = (reader.dropped, reader.active);
    let out = std::mem::take(&mut reader.out);
    findings.add_many(FindingCode::MarkupDropped, dropped, "");
    findings.add_many(FindingCode::ActiveHtml, active, "namespace");
    let mut octets = visible(&out, findings).into_bytes();
    octets.push(b'\n');
    Ok(Rewritten {
        octets,
        media_type: MediaType::known("application/xml"),
        extension: "xml",
        charset: None,
        action: Action::Rebuild,
    })
}

/// The encoding that the XML declaration names, when the file begins in ASCII.
pub(crate) fn declared_encoding(octets: &[u8]) -> Option<String> {
    let head = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let head = String::from_utf8_lossy(head.get(..200).unwrap_or(head)).into_owned();
    let declaration = head.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value.get(1..)?.split_once(quote)?.0.to_owned())
}

struct Reader<'a, 'b> {
    rest: &'a str,
    out: String,
    stack: Vec<&'a str>,
    dropped: u32,
    active: u32,
    budget: &'b mut Budget,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Characters of names: letters of any script, digits and a few marks; the first is no digit, hyphen or dot.
fn is_name(name: &str) -> bool {
    let sound = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '\u{b7}' | '・' | 'ー');
    name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':')) && name.chars().all(sound)
}

impl<'a> Reader<'a, '_> {
    /// Takes what stands before `mark` and passes the mark.
    fn through(&mut self, mark: &str) -> Result<&'a str, Fault> {
        let (before, after) = self.rest.split_once(mark).ok_or(Fault::Syntax)?;
        self.rest = after;
        Ok(before)
    }

    fn document(&mut self) -> Result<(), Fault> {
        let mut roots = 0u32;
        if let Some(rest) = self.rest.strip_prefix("<?xml") {
            self.rest = rest;
            self.through("?>")?;
        }
        while !self.rest.is_empty() {
            self.budget.spend_nodes(1)?;
            if self.stack.is_empty() {
                self.rest = self.rest.trim_start_matches(is_space);
                if self.rest.is_empty() {
                    break;
                }
            }
            let rest = self.rest;
            if let Some(after) = rest.strip_prefix("<!--") {
                self.rest = after;
                self.through("-->")?;
                self.dropped = self.dropped.saturating_add(1);
            } else if let Some(after) = rest.strip_prefix("<![CDATA[") {
                self.rest = after;
                let text = self.through("]]>")?;
                self.text(text)?;
            } else if let Some(after) = rest.strip_prefix("<?") {
                self.rest = after;
                self.through("?>")?;
                self.dropped = self.dropped.saturating_add(1);
            } else if let Some(after) = rest.strip_prefix("<!DOCTYPE") {
                if roots > 0 {
                    return Err(Fault::Syntax);
                }
                self.rest = doctype_end(after).ok_or(Fault::Syntax)?;
                self.dropped = self.dropped.saturating_add(1);
            } else if let Some(after) = rest.strip_prefix("</") {
                self.rest = after;
                let name = self.through(">")?.trim_end_matches(is_space);
                if self.stack.pop() != Some(name) {
                    return Err(Fault::Syntax);
                }
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            } else if let Some(after) = rest.strip_prefix('<') {
                self.rest = after;
                roots = roots.saturating_add(u32::from(self.stack.is_empty()));
                self.element()?;
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                self.rest = after;
                let text = resolved(text)?;
                self.text(&text)?;
            }
        }
        if roots == 1 && self.stack.is_empty() { Ok(()) } else { Err(Fault::Syntax) }
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        if self.stack.is_empty() {
            return Err(Fault::Syntax);
        }
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => {}
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    fn element(&mut self) -> Result<(), Fault> {
        let end = self.rest.find(|c: char| is_space(c) || matches!(c, '/' | '>')).ok_or(Fault::Syntax)?;
        let (name, after) = self.rest.split_at_checked(end).ok_or(Fault::Syntax)?;
        if !is_name(name) || self.stack.len() >= DEPTH_MAX {
            return Err(Fault::Syntax);
        }
        self.rest = after;
        self.out.push('<');
        self.out.push_str(name);
        let mut known = BTreeSet::new();
        loop {
            let trimmed = self.rest.trim_start_matches(is_space);
            let spaced = trimmed.len() < self.rest.len();
            self.rest = trimmed;
            if let Some(after) = trimmed.strip_prefix("/>") {
                self.rest = after;
                self.out.push_str("/>");
                return Ok(());
            }
            if let Some(after) = trimmed.strip_prefix('>') {
                self.rest = after;
                self.out.push('>');
                self.stack.push(name);
                return Ok(());
            }
            self.budget.spend_nodes(1)?;
            let attribute = self.through("=")?.trim_end_matches(is_space);
            if !spaced || !is_name(attribute) || !known.insert(attribute) || known.len() > ATTRIBUTES_MAX {
                return Err(Fault::Syntax);
            }
            self.attribute(attribute)?;
        }
    }

    fn attribute(&mut self, name: &str) -> Result<(), Fault> {
        let value = self.rest.trim_start_matches(is_space);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(Fault::Syntax)?;
        let (value, after) =
            value.strip_prefix(quote).and_then(|v| v.split_once(quote)).ok_or(Fault::Syntax)?;
        self.rest = after;
        if value.contains('<') {
            return Err(Fault::Syntax);
        }
        let mut value: String =
            resolved(value)?.chars().filter(|c| !is_invisible(*c) || is_space(*c)).collect();
        if name == "xmlns" || name.starts_with("xmlns:") {
            value.retain(|c| !c.is_whitespace());
            let lower = value.to_ascii_lowercase();
            if !lower.starts_with("inactive:") && ACTIVE.iter().any(|name| lower.contains(name)) {
                value.insert_str(0, "inactive:");
                self.active = self.active.saturating_add(1);
            }
        }
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        for c in value.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#9;"),
                '\n' | '\r' => self.out.push_str("&#10;"),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
        Ok(())
    }
}

/// The text with its references resolved; an unknown one is a fault.
fn resolved(text: &str) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(12).position(|b| b == b';').ok_or(Fault::Syntax)?;
        let (name, behind) = after.split_at_checked(end).ok_or(Fault::Syntax)?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#').ok_or(Fault::Syntax)?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32).filter(|c| *c != '\0').ok_or(Fault::Syntax)?
            }
        });
        rest = behind.strip_prefix(';').ok_or(Fault::Syntax)?;
    }
    out.push_str(rest);
    Ok(out)
}

/// What follows a DOCTYPE with its internal subset; quotes and comments may hold brackets.
fn doctype_end(text: &str) -> Option<&str> {
    let (mut quote, mut inside) = (None, false);
    let mut at = 0usize;
    while let Some(c) = text.get(at..)?.chars().next() {
        if quote.is_none() && text.get(at..)?.starts_with("<!--") {
            let end = text.get(at..)?.find("-->")?;
            at = at.checked_add(end)?.checked_add(3)?;
            continue;
        }
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => inside = true,
            (None, ']') => inside = false,
            (None, '>') if !inside => return text.get(at.checked_add(1)?..),
            (None, _) => {}
        }
        at = at.checked_add(c.len_utf8())?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(input: &[u8]) -> (Result<String, FindingCode>, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(input, None, &mut budget, &mut findings);
        (written.map(|w| String::from_utf8(w.octets).unwrap()), findings)
    }

    #[test]
    fn documents_are_written_anew() {
        const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        let cases: &[(&[u8], &str)] = &[
            (b"<a b='c' ><d/>x &amp; &#x3042;</a >", "<a b=\"c\"><d/>x &amp; あ</a>\n"),
            (b"<?xml version='1.0' encoding='Shift_JIS'?><a>\x93\xfa\x96{</a>", "<a>日本</a>\n"),
            (b"<?xml-stylesheet href='x.xsl'?><!DOCTYPE a [<!ENTITY b ']>'>]><!-- c --><a><![CDATA[<&]]></a>", "<a>&lt;&amp;</a>\n"),
            (b"<x:script xmlns:x='http://www.w3.org/1999/xhtml'>y</x:script>", "<x:script xmlns:x=\"inactive:http://www.w3.org/1999/xhtml\">y</x:script>\n"),
            ("<名 属='\"値\"'/>".as_bytes(), "<名 属=\"&quot;値&quot;\"/>\n"),
            (b"<a b='1&#10;2'>\r\nx\r\n</a>\n\n", "<a b=\"1&#10;2\">\nx\n</a>\n"),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            let (written, _) = run(input);
            let written = written.unwrap();
            assert_eq!(written, format!("{HEAD}{expected}"));
            let (again, findings) = run(written.as_bytes());
            assert_eq!(again, Ok(written));
            assert_eq!(findings.gravest(), Severity::Info);
            ran += 1;
        }
        assert_eq!(ran, 6);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let deep = "<a>".repeat(1_001);
        let cases = [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<a b=c/>",
            "<a b='1' b='2'/>",
            "<a b='<'/>",
            "<a/>x",
            "<1/>",
            "<!DOCTYPE a [",
            "<a><!-- </a>",
            "<a>&#0;</a>",
            &deep,
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///'>]><a>&x;</a>",
        ];
        let mut ran = 0;
        for input in cases {
            assert_eq!(run(input.as_bytes()).0, Err(FindingCode::Unreadable), "{input:.40}");
            ran += 1;
        }
        assert_eq!(ran, 16);
    }
}
