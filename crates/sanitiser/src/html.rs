//! HTML (WHATWG HTML, as mail programs show it) becomes text that reads as the page looked.
//!
//! Paragraphs, headings, lists, quotes, rules, preformatted text, ruby and tables keep their shape. A link becomes
//! `文字［1］` with its target in one list below; where the text shows another address than the target, the mark says
//! so in place. Pictures of the mail itself become `［画像1］`; remote ones are counted and only their alternative
//! text is shown. What a reader of the page could not see (hidden by style, same colour, off the screen, scripts,
//! comments) is dropped and counted.
//!
//! *Security.* Own tokenizer and no tree: html5ever's tree builder is quadratic on depth, its tokenizer on the
//! number of attributes. Time is linear in the input: every token, attribute and style rule is spent as a node,
//! every character as text; depth costs a stack entry; tables deeper than 12 are read as blocks. Only text, marks
//! and addresses of `http`, `https`, `ftp`, `mailto` and telephone links come out.

mod attributes;
mod entity;
pub(crate) mod link;
mod punycode;
mod style;
mod table;
mod token;
mod walk;
mod writer;

pub(crate) use link::comparable;

use policy::{Budget, FindingCode, Findings};

/// A link of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The text that was shown for it, shortened.
    pub shown: String,
    /// Its target as it stands in the list: an absolute address with the host in punycode.
    pub target: String,
    /// Whether the text shows another address than the target.
    pub deceptive: bool,
}

/// Where a picture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// Another part of the mail, by its Content-ID without angle brackets.
    Cid(String),
    /// A server.
    Remote,
    /// Inside the page (`data:`).
    Data,
}

/// A picture of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// Number of its mark `［画像n］`; 0 when no mark stands in the text.
    pub mark: u32,
    /// Where it comes from.
    pub source: ImageSource,
    /// Alternative text, one filtered line.
    pub alt: String,
    /// Whether it is at most two pixels wide or high, or hidden.
    pub tiny: bool,
}

/// A page as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlText {
    /// The text, filtered, with `\n` at line ends; the list of links stands at its end.
    pub text: String,
    /// Links in the order of the page, each target once.
    pub links: Vec<Link>,
    /// Pictures in the order of the page.
    pub images: Vec<ImageRef>,
    /// Octets of `text` before the list of links.
    pub body_octets: usize,
}

/// Turns a page into text. Fails only when a budget is spent.
pub fn to_text(html: &str, budget: &mut Budget, findings: &mut Findings) -> Result<HtmlText, FindingCode> {
    let page = walk::read(html, budget, findings).map_err(|exhausted| exhausted.0)?;
    let body = crate::text::filter_spent(&page.body, findings);
    let body = body.trim_end();
    let mut text = body.to_owned();
    let body_octets = text.len();
    if !page.listed.is_empty() {
        text.push_str("\n\n");
        for (number, target) in &page.listed {
            text.push_str(&format!("［{number}］ {target}\n"));
        }
    } else if !text.is_empty() {
        text.push('\n');
    }
    findings.add(FindingCode::HtmlToText);
    Ok(HtmlText { text, links: page.links, images: page.images, body_octets })
}

#[cfg(test)]
mod tests;
