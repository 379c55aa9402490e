//! Cuts HTML into tokens (WHATWG HTML §13.2.5) without copying.
//!
//! *Security.* One pass; nothing is kept but the place reached. A tag that never ends swallows the rest of the page,
//! as it does in a browser.

/// A piece of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with character references still in it.
    Text(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag's name as written.
    End(&'a str),
    /// What stands inside `<script>`, `<style>`, `<textarea>` … of the start tag before.
    Raw(&'a str),
    /// A comment's content.
    Comment(&'a str),
    /// DOCTYPE, processing instruction, CDATA: nothing that is shown.
    Nothing,
    /// A tag that never ends, to the end of the page.
    Unended(&'a str),
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// Its name as written.
    pub(super) name: &'a str,
    /// What stands between name and `>`.
    attributes: &'a str,
    /// How many attributes there are.
    pub(super) attribute_count: u64,
}

impl<'a> Tag<'a> {
    /// Attributes (name and value as written), repetitions included.
    pub(super) fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.attributes }
    }
}

/// Iterator over attributes.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

/// Splits at an octet index that is a character boundary by construction.
fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.trim_start_matches(|c| is_space(c) || c == '/');
        let first = text.chars().next().filter(|c| *c != '>')?;
        let from = first.len_utf8();
        let tail = split(text, from).1;
        let name_end = tail.find(|c| is_space(c) || matches!(c, '/' | '>' | '=')).unwrap_or(tail.len());
        let (name, rest) = split(text, from.saturating_add(name_end));
        let after = rest.trim_start_matches(is_space);
        let Some(value) = after.strip_prefix('=') else {
            self.rest = rest;
            return Some((name, ""));
        };
        let value = value.trim_start_matches(is_space);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            let inside = split(value, 1).1;
            let Some(end) = inside.find(quote) else {
                self.rest = "";
                return Some((name, inside));
            };
            let (value, rest) = split(inside, end);
            self.rest = split(rest, 1).1;
            return Some((name, value));
        }
        let end = value.find(|c| is_space(c) || c == '>').unwrap_or(value.len());
        let (value, rest) = split(value, end);
        self.rest = rest;
        Some((name, value))
    }
}

/// The tokens of a page.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    raw: Option<&'a str>,
}

/// Elements whose content is no markup.
const RAW: &[&str] =
    &["script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title", "plaintext"];

impl<'a> Tokens<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html, raw: None }
    }

    /// Moves on by `octets` and gives what was passed.
    fn take(&mut self, octets: usize) -> &'a str {
        let (taken, rest) = split(self.rest, octets);
        self.rest = rest;
        taken
    }

    /// The content of a raw element up to its own end tag.
    fn raw_content(&mut self, name: &str) -> &'a str {
        let mut from = 0usize;
        while let Some(at) = self.rest.get(from..).and_then(|tail| tail.find("</")) {
            let start = from.saturating_add(at);
            let name_start = start.saturating_add(2);
            let name_end = name_start.saturating_add(name.len());
            let named = self.rest.get(name_start..name_end).is_some_and(|n| n.eq_ignore_ascii_case(name));
            let ended = self
                .rest
                .get(name_end..)
                .is_some_and(|t| t.starts_with(|c| is_space(c) || c == '/' || c == '>'));
            if named && ended && name != "plaintext" {
                return self.take(start);
            }
            from = name_start;
        }
        self.take(self.rest.len())
    }

    fn comment(&mut self) -> Token<'a> {
        // `<!-->` and `<!--->` are comments without content.
        for empty in [">", "->"] {
            if self.rest.starts_with(empty) {
                self.take(empty.len());
                return Token::Comment("");
            }
        }
        let plain = self.rest.find("-->");
        let before = plain.map_or(self.rest, |at| split(self.rest, at).0);
        let end = match (before.find("--!>"), plain) {
            (Some(odd), _) => (odd, 4),
            (None, Some(plain)) => (plain, 3),
            (None, None) => (self.rest.len(), 0),
        };
        let content = self.take(end.0);
        self.take(end.1);
        Token::Comment(content)
    }

    /// Up to and with the next `>`.
    fn through_angle(&mut self) -> &'a str {
        let end = self.rest.find('>').unwrap_or(self.rest.len());
        let content = self.take(end);
        self.take(1);
        content
    }

    fn start_tag(&mut self) -> Token<'a> {
        let name_end = self.rest.find(|c| is_space(c) || matches!(c, '/' | '>')).unwrap_or(self.rest.len());
        let whole = self.rest;
        let name = self.take(name_end);
        let body = self.rest;
        let mut attributes = Attributes { rest: body };
        let attribute_count = u64::try_from(attributes.by_ref().count()).unwrap_or(u64::MAX);
        let left = attributes.rest.trim_start_matches(|c| is_space(c) || c == '/');
        let Some(rest) = left.strip_prefix('>') else {
            self.rest = "";
            return Token::Unended(whole);
        };
        let used = body.len().saturating_sub(left.len());
        let tag = Tag { name, attributes: split(body, used).0, attribute_count };
        self.rest = rest;
        self.raw = RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name)).then_some(name);
        Token::Start(tag)
    }

    /// What follows `<`, or `None` when this was no markup.
    fn markup(&mut self) -> Option<Token<'a>> {
        let inside = self.rest.strip_prefix('<')?;
        let first = inside.chars().next()?;
        if first.is_ascii_alphabetic() {
            self.take(1);
            return Some(self.start_tag());
        }
        if let Some(end) = inside.strip_prefix('/') {
            let named = end.starts_with(|c: char| c.is_ascii_alphabetic());
            self.take(2);
            if !named {
                // `</>` is nothing, `</1` a comment.
                self.through_angle();
                return Some(Token::Nothing);
            }
            let whole = self.rest;
            let tag = self.start_tag();
            self.raw = None;
            return Some(if let Token::Start(tag) = tag {
                Token::End(tag.name)
            } else {
                Token::Unended(whole)
            });
        }
        if inside.starts_with("!--") {
            self.take(4);
            return Some(self.comment());
        }
        if first == '!' || first == '?' {
            self.take(2);
            let content = self.through_angle();
            return Some(if content.starts_with('[') { Token::Comment(content) } else { Token::Nothing });
        }
        None
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(Token::Raw(self.raw_content(&name.to_ascii_lowercase())));
        }
        if self.rest.is_empty() {
            return None;
        }
        if let Some(token) = self.markup() {
            return Some(token);
        }
        let from = usize::from(self.rest.starts_with('<'));
        let tail = split(self.rest, from).1;
        let end = tail.find('<').unwrap_or(tail.len());
        Some(Token::Text(self.take(from.saturating_add(end))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(html: &str) -> Vec<String> {
        Tokens::new(html)
            .map(|token| match token {
                Token::Start(tag) => {
                    let attributes: Vec<_> = tag.attributes().map(|(n, v)| format!("{n}={v}")).collect();
                    format!("<{} {}>", tag.name, attributes.join(","))
                }
                Token::End(name) => format!("</{name}>"),
                Token::Text(text) => text.to_owned(),
                Token::Raw(text) => format!("RAW {text}"),
                Token::Comment(text) => format!("COMMENT {text}"),
                Token::Nothing => "NOTHING".to_owned(),
                Token::Unended(text) => format!("UNENDED {text}"),
            })
            .collect()
    }

    #[test]
    fn pages_are_cut_as_browsers_cut_them() {
        let cases: &[(&str, &[&str])] = &[
            ("a<b c=d e='f>g' h>i</b >", &["a", "<b c=d,e=f>g,h=>", "i", "</b>"]),
            ("1 < 2 & 3 > 2", &["1 ", "< 2 & 3 > 2"]),
            ("<a \"b>c", &["<a \"b=>", "c"]),
            ("<a =b=c/d>x", &["<a =b=c/d>", "x"]),
            ("<br/><BR />", &["<br >", "<BR >"]),
            ("<!--x--><!--><!--->y<!--z--!>w", &["COMMENT x", "COMMENT ", "COMMENT ", "y", "COMMENT z", "w"]),
            ("<!DOCTYPE html><?xml x?></>x", &["NOTHING", "NOTHING", "NOTHING", "x"]),
            ("<script>a</b><!--</SCRIPT >x", &["<script >", "RAW a</b><!--", "</SCRIPT>", "x"]),
            ("<style></style>", &["<style >", "RAW ", "</style>"]),
            ("<title>a", &["<title >", "RAW a"]),
            ("x<a href='y", &["x", "UNENDED a href='y"]),
            ("<", &["<"]),
            ("<![if !mso]>x<![endif]>", &["COMMENT [if !mso]", "x", "COMMENT [endif]"]),
        ];
        let mut ran = 0;
        for (html, expected) in cases {
            assert_eq!(names(html), *expected, "{html:?}");
            ran += 1;
        }
        assert_eq!(ran, 13);
    }
}
