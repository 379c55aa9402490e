//! Whether a text is XML 1.0 of the small kind that our writer writes: an optional XML declaration, then elements,
//! attributes, character data, the five predefined entities and character references.
//!
//! No document type, no processing instruction, no CDATA section, no comment; no element or attribute of the XHTML,
//! SVG, XSLT or another namespace that a browser or Office would run; their names behind `inactive:` are no such
//! namespace. The declaration, if any, says UTF-8. That an attribute stands once is not looked at.
//!
//! *Security.* One pass; memory is one slice an open element, depth at most 1,000.

/// Parts of the names of namespaces on whose elements or attributes a browser or Office acts.
const RUNS: &[&str] = &[
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
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 1_000;

/// Checks the whole text.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let mut rest = declaration(text)?;
    rest = rest.trim_start_matches(is_space);
    let mut open: Vec<&str> = Vec::new();
    loop {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').ok_or("cut short")?;
            let (data, behind) = rest.split_at_checked(end).ok_or("cut short")?;
            if open.is_empty() {
                return Err("text outside the root element");
            }
            references(data)?;
            if data.contains("]]>") {
                return Err("]]> in character data");
            }
            rest = behind;
            continue;
        };
        if let Some(closing) = tag.strip_prefix('/') {
            let (name, behind) = name(closing)?;
            if open.pop() != Some(name) {
                return Err("end tag without its start tag");
            }
            rest = behind.trim_start_matches(is_space).strip_prefix('>').ok_or("end tag")?;
        } else {
            let (name, mut behind) = name(tag)?;
            loop {
                let spaced = behind.trim_start_matches(is_space);
                if spaced.starts_with(['/', '>']) {
                    behind = spaced;
                    break;
                }
                if spaced.len() == behind.len() {
                    return Err("attribute without a space before it");
                }
                behind = attribute(spaced)?;
            }
            if let Some(after) = behind.strip_prefix("/>") {
                rest = after;
            } else {
                rest = behind.strip_prefix('>').ok_or("start tag")?;
                if open.len() >= DEPTH_MAX {
                    return Err("nested too deeply");
                }
                open.push(name);
            }
        }
        if open.is_empty() {
            let behind = rest.trim_start_matches(is_space);
            return if behind.is_empty() { Ok(()) } else { Err("something behind the root element") };
        }
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What is behind the XML declaration, if there is one. Another encoding would make another document of the octets.
fn declaration(text: &str) -> Result<&str, &'static str> {
    if !text.starts_with("<?") {
        return Ok(text);
    }
    text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("XML declaration")
}

fn name(text: &str) -> Result<(&str, &str), &'static str> {
    let is_start = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    let is_name =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '\u{b7}') || !c.is_ascii();
    if !text.starts_with(is_start) {
        return Err("name");
    }
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let found = text.split_at_checked(end).ok_or("name")?;
    if found.0.len() > 1000 { Err("name") } else { Ok(found) }
}

fn attribute(text: &str) -> Result<&str, &'static str> {
    let (key, behind) = name(text)?;
    let value = behind.trim_start_matches(is_space).strip_prefix('=').ok_or("attribute")?;
    let value = value.trim_start_matches(is_space);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or("attribute")?;
    let (value, behind) = value.get(1..).and_then(|v| v.split_once(quote)).ok_or("attribute")?;
    if value.contains('<') {
        return Err("attribute");
    }
    references(value)?;
    let is_namespace = key == "xmlns" || key.starts_with("xmlns:");
    if is_namespace && !is_tame_namespace(value) {
        return Err("a namespace that a browser runs");
    }
    Ok(behind)
}

/// A namespace name that is written out plainly and that no browser runs.
fn is_tame_namespace(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_plain = !value.contains(is_space) && !value.contains("&#");
    is_plain && (value.starts_with("inactive:") || !RUNS.iter().any(|name| lower.contains(name)))
}

/// Every `&` begins a predefined entity or a reference to a character that may stand in XML.
fn references(text: &str) -> Result<(), &'static str> {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('&') {
        let (reference, after) = behind.split_once(';').ok_or("reference")?;
        let sound = match reference.strip_prefix('#') {
            None => matches!(reference, "amp" | "lt" | "gt" | "quot" | "apos"),
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32).is_some_and(|c| {
                    matches!(c, '\t' | '\r' | '\n')
                        || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
                })
            }
        };
        if !sound || reference.len() > 10 {
            return Err("reference");
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_told_from_what_is_not() {
        let sound = [
            "<a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<申請 種別='1'><b>x &amp; &#x3042;</b></申請>\r\n",
            "<a xmlns=\"urn:x\" xmlns:b=\"http://example.jp/ns\"><b:c d=\"&lt;\"/></a>",
        ];
        for text in sound {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let wrong = [
            "",
            "a",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<!DOCTYPE a><a/>",
            "<a><!-- c --></a>",
            "<a><?p?></a>",
            "<?mso-application progid=\"Word.Document\"?><a/>",
            "<a><![CDATA[x]]></a>",
            "<a>&x;</a>",
            "<a>&#0;</a>",
            "<a b=c/>",
            "<a b=\"<\"/>",
            "<a b=\"1\"c=\"2\"/>",
            "<a xmlns=\"http://www.w3.org/1999/xhtml\"/>",
            "<a xmlns:s=\"http://www.w3.org/2000/svg\"/>",
            "<a xmlns=\"http://www.w3.org/1999&#x2f;xhtml\"/>",
            "<a xmlns=\"http://www.w3.org/1998/Math/MathML\"/>",
            "<a xmlns:w=\"http://schemas.microsoft.com/office/word/2003/wordml\"/>",
            "<a xmlns=\"urn: x\"/>",
            "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?><a/>",
            "<?xml version=\"1.1\" encoding=\"UTF-8\"?><a/>",
        ];
        for text in wrong {
            assert!(check(text).is_err(), "{text}");
        }
        assert_eq!(wrong.len(), 25);
    }
}
