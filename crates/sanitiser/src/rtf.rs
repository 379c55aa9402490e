//! Rich text (RTF 1.9.1) → its text, or the HTML that Outlook wrapped in it (\[MS-OXRTFEX\]).
//!
//! The text is what a reader would see, without its look: paragraphs and cells as lines and tabs, pictures and objects
//! left out and counted, hidden text left out and counted. Octets are read in the code page of their font.
//!
//! *Security.* Any octets, iterative, one pass; groups are held on a stack of bounded depth. What a compressed stream
//! unpacks to is spent before it is unpacked.

mod compressed;
pub mod strip;
mod words;

use mail::charset;
use policy::{Budget, FindingCode, Findings};
use words::{Token, Tokens};

/// Deepest group.
const DEPTH_MAX: usize = 1_000;
/// Most fonts whose charset is kept.
const FONTS_MAX: usize = 10_000;

/// What was in a rich text.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// A page that Outlook turned into rich text and that is a page again.
    Html(String),
    /// Text.
    Text(String),
}

/// Reads a compressed rich text (\[MS-OXRTFCP\]).
pub fn of_compressed(
    octets: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Body, FindingCode> {
    read(&compressed::unpack(octets, budget)?, budget, findings)
}

/// Reads a rich text.
pub fn read(octets: &[u8], budget: &mut Budget, findings: &mut Findings) -> Result<Body, FindingCode> {
    if !octets.starts_with(b"{\\rt") {
        return Err(FindingCode::Unreadable);
    }
    let mut reader = Reader::new(octets.len());
    for token in Tokens::new(octets) {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        reader.take(token)?;
    }
    reader.flush();
    findings.add_many(FindingCode::EmbeddedObject, reader.objects, "");
    findings.add_many(FindingCode::HiddenText, reader.hidden, "");
    findings.add_many(FindingCode::CharsetLoss, reader.loss, "rtf");
    budget
        .spend_text(u64::try_from(reader.out.len()).unwrap_or(u64::MAX))
        .map_err(|exhausted| exhausted.0)?;
    Ok(if reader.wraps_html { Body::Html(reader.out) } else { Body::Text(reader.out) })
}

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is seen.
    Shown,
    /// Into the table of fonts.
    Fonts,
    /// It is markup of a wrapped page.
    Page,
    /// Nowhere.
    Nowhere,
}

/// The state of a group.
#[derive(Clone, Copy)]
struct Group {
    place: Place,
    /// Characters that stand for a `\u` to a reader without Unicode.
    fallback: usize,
    font: Option<u32>,
    hidden: bool,
    /// Between `\htmlrtf` and `\htmlrtf0`: for readers that know no HTML.
    for_others: bool,
}

struct Reader {
    out: String,
    pending: Vec<u8>,
    group: Group,
    groups: Vec<Group>,
    /// The next word names the destination of its group.
    at_start: bool,
    /// `\*`: an unknown destination is to be ignored.
    optional: bool,
    to_skip: usize,
    label: &'static str,
    fonts: Vec<(u32, &'static str)>,
    high: Option<u16>,
    wraps_html: bool,
    objects: u32,
    hidden: u32,
    loss: u32,
}

impl Reader {
    fn new(size: usize) -> Self {
        let group = Group { place: Place::Shown, fallback: 1, font: None, hidden: false, for_others: false };
        Self {
            out: String::with_capacity(size.min(1 << 20)),
            pending: Vec::new(),
            group,
            groups: Vec::new(),
            at_start: false,
            optional: false,
            to_skip: 0,
            label: "windows-1252",
            fonts: Vec::new(),
            high: None,
            wraps_html: false,
            objects: 0,
            hidden: 0,
            loss: 0,
        }
    }

    fn take(&mut self, token: Token<'_>) -> Result<(), FindingCode> {
        let at_start = std::mem::take(&mut self.at_start);
        match token {
            Token::Open => {
                self.flush();
                if self.groups.len() >= DEPTH_MAX {
                    return Err(FindingCode::LimitNodes);
                }
                self.groups.push(self.group);
                (self.at_start, self.optional, self.to_skip) = (true, false, 0);
            }
            Token::Close => {
                self.flush();
                self.to_skip = 0;
                if let Some(group) = self.groups.pop() {
                    self.group = group;
                }
            }
            Token::Text(octets) => self.octets(octets),
            Token::Hex(octet) => self.octets(&[octet]),
            Token::Optional => (self.at_start, self.optional) = (at_start, true),
            Token::Word(word, number) => {
                if !self.destination(word, at_start) {
                    self.word(word, number);
                }
                self.optional = false;
            }
            Token::Binary(_) => {}
        }
        Ok(())
    }

    /// Octets of text in the code page of the font.
    fn octets(&mut self, octets: &[u8]) {
        let skipped = self.to_skip.min(octets.len());
        self.to_skip = self.to_skip.saturating_sub(skipped);
        let octets = octets.get(skipped..).unwrap_or_default();
        if !octets.is_empty() && self.visible() {
            self.unpaired();
            self.pending.extend_from_slice(octets);
        }
    }

    /// Whether text that comes now is kept; hidden text is counted.
    fn visible(&mut self) -> bool {
        let kept = match self.group.place {
            Place::Shown => !(self.group.for_others && self.wraps_html),
            Place::Page => true,
            Place::Fonts | Place::Nowhere => false,
        };
        if kept && self.group.hidden && !self.wraps_html {
            self.hidden = self.hidden.saturating_add(1);
            return false;
        }
        kept
    }

    fn push(&mut self, text: &str) {
        if self.visible() {
            self.flush();
            self.out.push_str(text);
        }
    }

    /// Decodes what was gathered.
    fn flush(&mut self) {
        self.unpaired();
        if self.pending.is_empty() {
            return;
        }
        let own = self.group.font.and_then(|font| self.fonts.iter().find(|(known, _)| *known == font));
        let label = own.map_or(self.label, |(_, label)| label);
        let pending = std::mem::take(&mut self.pending);
        if pending.is_ascii() {
            self.out.push_str(&String::from_utf8_lossy(&pending));
        } else {
            let decoded = charset::decode(&pending, Some(label));
            self.loss = self.loss.saturating_add(decoded.loss);
            self.out.push_str(&decoded.text);
        }
    }

    /// Half of a pair without the other half.
    fn unpaired(&mut self) {
        if self.high.take().is_some() {
            self.out.push(char::REPLACEMENT_CHARACTER);
        }
    }

    /// Whether the word names a destination.
    fn destination(&mut self, word: &str, at_start: bool) -> bool {
        let place = match word {
            "fonttbl" => Place::Fonts,
            "htmltag" => Place::Page,
            "pict" | "object" | "objdata" => {
                if word == "object" {
                    self.objects = self.objects.saturating_add(1);
                }
                Place::Nowhere
            }
            "colortbl" | "stylesheet" | "info" | "header" | "headerl" | "headerr" | "headerf" | "footer"
            | "footerl" | "footerr" | "footerf" | "fldinst" | "themedata" | "colorschememapping"
            | "datastore" | "listtable" | "listoverridetable" | "rsidtbl" | "generator" | "xmlnstbl"
            | "filetbl" | "revtbl" | "latentstyles" | "bkmkstart" | "bkmkend" | "mhtmltag" | "template"
            | "private1" | "nonshppict" | "tc" | "xe" | "annotation" | "atnid" | "atnauthor" | "pntext" => {
                Place::Nowhere
            }
            "shppict" | "fldrslt" | "footnote" | "shptxt" => return true,
            _ if self.optional && at_start => Place::Nowhere,
            _ => return false,
        };
        if self.group.place != Place::Nowhere {
            self.flush();
            self.group.place = place;
        }
        true
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        match word {
            "ansicpg" => {
                let page = number.and_then(|page| u32::try_from(page).ok());
                self.label = page.and_then(static_label).unwrap_or(self.label);
            }
            "mac" => self.label = "macintosh",
            "fromhtml" => self.wraps_html = true,
            "f" => {
                self.flush();
                self.group.font = number.and_then(|font| u32::try_from(font).ok());
            }
            "plain" => {
                self.flush();
                (self.group.font, self.group.hidden) = (None, false);
            }
            "fcharset" if self.group.place == Place::Fonts => {
                let label = number.and_then(label_of_charset);
                if let (Some(font), Some(label)) = (self.group.font, label)
                    && self.fonts.len() < FONTS_MAX
                {
                    self.fonts.push((font, label));
                }
            }
            "v" => self.group.hidden = number != Some(0),
            "htmlrtf" => {
                self.flush();
                self.group.for_others = number != Some(0);
            }
            "uc" => self.group.fallback = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16),
            "u" => self.unicode(number.unwrap_or(0)),
            "par" | "line" | "row" | "sect" | "page" => self.push("\n"),
            "tab" | "cell" | "nestcell" => self.push("\t"),
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "lquote" => self.push("‘"),
            "rquote" => self.push("’"),
            "ldblquote" => self.push("“"),
            "rdblquote" => self.push("”"),
            "bullet" => self.push("•"),
            "~" => self.push("\u{a0}"),
            "_" => self.push("-"),
            _ => {}
        }
    }

    /// A unit of UTF-16, written as a signed number.
    fn unicode(&mut self, number: i32) {
        self.to_skip = self.group.fallback;
        let Ok(unit) = u16::try_from(number.rem_euclid(65_536)) else { return };
        if !self.visible() {
            return;
        }
        let high = self.high.take();
        if high.is_none() {
            self.flush();
        }
        match (high, unit) {
            (None, 0xd800..=0xdbff) => self.high = Some(unit),
            (Some(high), 0xdc00..=0xdfff) => {
                let pair = char::decode_utf16([high, unit]).next().and_then(Result::ok);
                self.out.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (high, unit) => {
                if high.is_some() {
                    self.out.push(char::REPLACEMENT_CHARACTER);
                }
                self.out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
    }
}

/// Charset label of a code page that rich text names.
fn static_label(page: u32) -> Option<&'static str> {
    Some(match page {
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        874 => "windows-874",
        1_250 => "windows-1250",
        1_251 => "windows-1251",
        1_252 => "windows-1252",
        1_253 => "windows-1253",
        1_254 => "windows-1254",
        1_255 => "windows-1255",
        1_256 => "windows-1256",
        1_257 => "windows-1257",
        1_258 => "windows-1258",
        65_001 => "utf-8",
        _ => return None,
    })
}

/// Charset label of a font's charset (`\fcharset`).
fn label_of_charset(number: i32) -> Option<&'static str> {
    static_label(match number {
        0 => 1_252,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1_253,
        162 => 1_254,
        163 => 1_258,
        177 => 1_255,
        178 => 1_256,
        186 => 1_257,
        204 => 1_251,
        222 => 874,
        238 => 1_250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    fn run(octets: &[u8]) -> (Result<Body, FindingCode>, Findings) {
        let mut findings = Findings::new();
        (read(octets, &mut Budget::new(&Limits::STANDARD), &mut findings), findings)
    }

    #[test]
    fn rich_text_reads_as_text() {
        let cases: &[(&[u8], &str)] = &[
            (b"{\\rtf1\\ansi a\\par b\\tab c}", "a\nb\tc"),
            (b"{\\rtf1\\ansicpg932 \\'93\\'fa\\'96\\{}", "日本"),
            (
                b"{\\rtf1\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset128 \\'82\\'6c;}}\\f1 \\'83A\\f0 \\'e9}",
                "ア\u{e9}",
            ),
            (b"{\\rtf1\\uc1 \\u26085?\\u26412?}", "日本"),
            (b"{\\rtf1\\uc2\\u26085\\'93\\'fax}", "日x"),
            (b"{\\rtf1 \\u-10179?\\u-8704?}", "\u{1f600}"),
            (b"{\\rtf1 {\\*\\unknown no}{\\info no}yes{\\pict 0102}}", "yes"),
            (b"{\\rtf1 \\{a\\}\\\\}", "{a}\\"),
            (b"{\\rtf1 a{\\v hidden}b}", "ab"),
            (b"{\\rtf1 {\\field{\\*\\fldinst HYPERLINK x}{\\fldrslt shown}}}", "shown"),
            (b"{\\rtf1 a\\bin3 }}}b}", "ab"),
            (b"{\\rtf1 a\r\nb", "ab"),
        ];
        let mut ran = 0;
        for (octets, expected) in cases {
            let (body, _) = run(octets);
            assert_eq!(body, Ok(Body::Text((*expected).to_owned())), "{}", String::from_utf8_lossy(octets));
            ran += 1;
        }
        assert_eq!(ran, 12);
    }

    #[test]
    fn a_wrapped_page_is_a_page_again() {
        let rich = b"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 a\\htmlrtf\\par\\htmlrtf0 {\\*\\htmltag72 </p>}{\\*\\mhtmltag no}}";
        assert_eq!(run(rich).0, Ok(Body::Html("<p>a</p>".to_owned())));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let (_, findings) = run(b"{\\rtf1 {\\object{\\*\\objdata 00}}{\\v a}}");
        assert!(findings.has(FindingCode::EmbeddedObject) && findings.has(FindingCode::HiddenText));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| [b"{\\rtf1 ".to_vec(), vec![b'{'; depth]].concat();
        assert!(run(&deep(DEPTH_MAX - 1)).0.is_ok());
        assert_eq!(run(&deep(DEPTH_MAX)).0, Err(FindingCode::LimitNodes));
    }
}
