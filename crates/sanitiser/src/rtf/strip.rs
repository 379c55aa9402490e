//! RTF (Rich Text Format 1.9.1) → the same document without objects, templates and fields that fetch or run
//! something: what the renderer is given.
//!
//! Read token by token and written anew from the tokens. Of the destinations that a reader may skip (`\*`) only those
//! that paint something are kept; of an object only its picture; of a field that is not on the list only what it
//! showed last.
//!
//! *Security.* One pass without recursion; each token is spent as a node, groups nest at most 1,000 deep. Binary
//! runs, whose length readers disagree on, come out in hexadecimal. Text outside ASCII comes out escaped, so that what
//! was no control word does not become one. What stands behind the last brace is dropped.

use super::words::{Token, Tokens};
use policy::{Budget, FindingCode, Findings};

/// Groups in groups.
const DEPTH_MAX: usize = 1_000;
/// Octets of a field's instruction that are looked at.
const INSTRUCTION_MAX: usize = 256;

/// Destinations marked `\*` that a page needs.
const KEPT: &[&str] = &[
    "aftnsep",
    "aftnsepc",
    "background",
    "bkmkend",
    "bkmkstart",
    "cs",
    "defchp",
    "defpap",
    "do",
    "falt",
    "ffdeftext",
    "ffl",
    "ffname",
    "fldinst",
    "footnote",
    "formfield",
    "ftnsep",
    "ftnsepc",
    "levelmarker",
    "listoverridetable",
    "listpicture",
    "listtable",
    "mmathPr",
    "moMath",
    "moMathPara",
    "nesttableprops",
    "panose",
    "pgptbl",
    "picprop",
    "pn",
    "pnseclvl",
    "pntext",
    "shpinst",
    "shppict",
    "ts",
    "ud",
];

/// Destinations that are never kept, marked or not.
const DROPPED: &[&str] = &[
    "docvar",
    "ffentrymcr",
    "ffexitmcr",
    "filetbl",
    "htmltag",
    "linkself",
    "mailmerge",
    "nextfile",
    "objalias",
    "objclass",
    "objdata",
    "objname",
    "objsect",
    "objtime",
    "private",
    "subdocument",
    "template",
    "userprops",
    "xmlnstbl",
];

/// Stands for a character in an instruction that is no octet: no first word that is kept holds it.
const CHARACTER: u8 = 1;
/// First words of fields that compute from the document alone.
const FIELDS: &[&[u8]] = &[
    b"=",
    b"ADVANCE",
    b"AUTHOR",
    b"AUTONUM",
    b"AUTONUMLGL",
    b"AUTONUMOUT",
    b"CREATEDATE",
    b"DATE",
    b"DOCPROPERTY",
    b"EDITTIME",
    b"EQ",
    b"FILENAME",
    b"FORMCHECKBOX",
    b"FORMDROPDOWN",
    b"FORMTEXT",
    b"HYPERLINK",
    b"INDEX",
    b"LASTSAVEDBY",
    b"LISTNUM",
    b"MERGEFIELD",
    b"NOTEREF",
    b"NUMCHARS",
    b"NUMPAGES",
    b"NUMWORDS",
    b"PAGE",
    b"PAGEREF",
    b"PRINTDATE",
    b"QUOTE",
    b"REF",
    b"SAVEDATE",
    b"SECTION",
    b"SECTIONPAGES",
    b"SEQ",
    b"SHAPE",
    b"STYLEREF",
    b"SUBJECT",
    b"SYMBOL",
    b"TC",
    b"TIME",
    b"TITLE",
    b"TOC",
    b"XE",
];

/// Writes an RTF anew without what may fetch or run something.
pub fn strip(octets: &[u8], budget: &mut Budget, findings: &mut Findings) -> Result<Vec<u8>, FindingCode> {
    let start = octets.iter().position(|octet| !b"\xef\xbb\xbf \t\r\n\0".contains(octet)).unwrap_or_default();
    let body =
        octets.get(start..).and_then(|rest| rest.strip_prefix(b"{\\rt")).ok_or(FindingCode::Unreadable)?;
    // Word asks for no more than this; the renderer wants the whole word.
    let body = body.strip_prefix(b"f").unwrap_or(body);
    let version = body.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let mut writer = Writer { out: b"{\\rtf1".to_vec(), groups: vec![Group::default()], ..Writer::default() };
    for token in Tokens::new(body.get(version..).unwrap_or_default()) {
        budget.spend_nodes(1).map_err(|exhausted| exhausted.0)?;
        writer.take(token, findings)?;
        if writer.groups.is_empty() {
            break;
        }
    }
    while !writer.groups.is_empty() {
        writer.take(Token::Close, findings)?;
    }
    Ok(writer.out)
}

#[derive(Default)]
struct Writer {
    out: Vec<u8>,
    groups: Vec<Group>,
    /// Depth of the group whose rest is left out.
    skipping: Option<usize>,
    /// Whether `\*` was read and its destination was not.
    marked: bool,
}

#[derive(Default)]
struct Group {
    /// Where it begins in the output.
    start: usize,
    /// The instruction of a field, as far as it is known.
    instruction: Option<Vec<u8>>,
}

impl Writer {
    fn take(&mut self, token: Token<'_>, findings: &mut Findings) -> Result<(), FindingCode> {
        match token {
            Token::Open => {
                if self.groups.len() >= DEPTH_MAX {
                    return Err(FindingCode::LimitNodes);
                }
                self.marked = false;
                self.groups.push(Group { start: self.out.len(), instruction: None });
                self.put(b"{");
            }
            Token::Close => self.close(findings),
            Token::Optional => self.marked = true,
            Token::Word(name, parameter) => self.word(name, parameter, findings),
            Token::Hex(octet) => {
                self.escape(octet);
                self.instruct(&[octet]);
            }
            Token::Binary(octets) => {
                for octet in octets {
                    self.put(&hex(*octet));
                }
            }
            Token::Text(text) => {
                for &octet in text {
                    match octet {
                        b'{' | b'}' | b'\\' => self.put(&[b'\\', octet]),
                        b'\t' => self.put(b"\\tab "),
                        0..0x20 | 0x7f => {}
                        _ if octet.is_ascii() => self.put(&[octet]),
                        _ => self.escape(octet),
                    }
                }
                self.instruct(text);
            }
        }
        Ok(())
    }

    fn put(&mut self, octets: &[u8]) {
        if self.skipping.is_none() {
            self.out.extend_from_slice(octets);
        }
    }

    fn escape(&mut self, octet: u8) {
        self.put(b"\\'");
        self.put(&hex(octet));
    }

    /// Hands what stands in an instruction to the group that holds it.
    fn instruct(&mut self, octets: &[u8]) {
        // What is not written is no part of it.
        if self.skipping.is_some() {
            return;
        }
        if let Some(instruction) = self.groups.iter_mut().rev().find_map(|group| group.instruction.as_mut())
            && instruction.len() < INSTRUCTION_MAX
        {
            instruction.extend_from_slice(octets);
        }
    }

    fn word(&mut self, name: &str, parameter: Option<i32>, findings: &mut Findings) {
        let marked = std::mem::take(&mut self.marked);
        if self.skipping.is_some() {
            return;
        }
        if DROPPED.contains(&name) || (marked && !KEPT.contains(&name)) {
            match name {
                "objdata" => findings.add(FindingCode::EmbeddedObject),
                "template" | "filetbl" | "subdocument" | "mailmerge" => {
                    findings.add_detail(FindingCode::ExternalReference, name);
                }
                _ => {}
            }
            self.skipping = Some(self.groups.len());
            return;
        }
        match name {
            // An object is what it showed: its frame and the words about it go, the picture stays.
            _ if name.starts_with("obj") || name.starts_with("rslt") || name == "result" => return,
            "fldinst" => {
                // Of two in one group nobody knows which is followed: no verb begins with this octet.
                if let Some(group) = self.groups.last_mut() {
                    group.instruction = Some(group.instruction.take().map_or_else(Vec::new, |_| vec![0]));
                }
            }
            // A field in an instruction could make up anything, a character its first word.
            "field" => self.instruct(b"\0"),
            "u" => self.instruct(&[CHARACTER]),
            _ => {}
        }
        if marked {
            self.put(b"\\*");
        }
        self.put(b"\\");
        self.put(name.as_bytes());
        if let Some(parameter) = parameter {
            self.put(parameter.to_string().as_bytes());
        }
        // A symbol ends with itself.
        if name.bytes().all(|octet| octet.is_ascii_alphabetic()) {
            self.put(b" ");
        }
    }

    fn close(&mut self, findings: &mut Findings) {
        let depth = self.groups.len();
        let Some(group) = self.groups.pop() else { return };
        if self.skipping.is_some_and(|skipped| skipped >= depth) {
            self.skipping = None;
        }
        self.marked = false;
        self.put(b"}");
        if let Some(instruction) = group.instruction
            && let Some(verb) = refused(&instruction)
        {
            self.out.truncate(group.start);
            findings.add_detail(FindingCode::ExternalReference, &verb);
        }
    }
}

/// The first word of an instruction that is not kept.
fn refused(instruction: &[u8]) -> Option<String> {
    let word = instruction.split(|octet| b" \t\r\n\"\\".contains(octet)).find(|word| !word.is_empty());
    let verb = word.unwrap_or_default().to_ascii_uppercase();
    let kept = FIELDS.contains(&verb.as_slice())
        || verb.starts_with(b"=")
        || (verb.is_empty() && instruction.len() < INSTRUCTION_MAX);
    let whole = !instruction.contains(&0) || verb.as_slice() == b"HYPERLINK" || verb.as_slice() == b"SYMBOL";
    (!kept || !whole).then(|| String::from_utf8_lossy(&verb).replace('\0', "?"))
}

fn hex(octet: u8) -> [u8; 2] {
    let digit = |nibble: u8| {
        if nibble < 10 { b'0'.saturating_add(nibble) } else { b'a'.saturating_add(nibble.saturating_sub(10)) }
    };
    [digit(octet >> 4), digit(octet & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    fn run(rtf: &[u8]) -> (Result<String, FindingCode>, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let stripped = strip(rtf, &mut budget, &mut findings);
        (stripped.map(|octets| String::from_utf8(octets).unwrap()), findings)
    }

    #[test]
    fn what_paints_stays_and_what_fetches_goes() {
        let cases: &[(&[u8], &str)] = &[
            (b"{\\rtf1\\ansi a}", "{\\rtf1\\ansi a}"),
            (b"{\\rt\\ansi a}", "{\\rtf1\\ansi a}"),
            (b"\xef\xbb\xbf{\\rtf1 a}behind", "{\\rtf1 a}"),
            (b"{\\rtf1{\\b a", "{\\rtf1{\\b a}}"),
            (b"{\\rtf1 \x93\xfa\\'96{\\'7b}", "{\\rtf1 \\'93\\'fa\\'96{\\'7b}}"),
            (
                b"{\\rtf1{\\object\\objemb{\\*\\objclass W}{\\*\\objdata 0105}{\\result{\\pict 00}}}}",
                "{\\rtf1{{}{}{{\\pict 00}}}}",
            ),
            (b"{\\rtf1{\\object{{\\*\\objd\nata 01}}}}", "{\\rtf1{{{}}}}"),
            (b"{\\rtf1 {\\objdata 0105}x}", "{\\rtf1 {}x}"),
            (b"{\\rtf1{\\*\\template \\\\\\\\host\\\\x.dot}a}", "{\\rtf1{}a}"),
            (b"{\\rtf1{\\*\\unheard of{\\b it}}a}", "{\\rtf1{}a}"),
            (b"{\\rtf1{\\*\\shppict{\\pict\\bin3 }{\\}}}", "{\\rtf1{\\*\\shppict {\\pict 7d7b5c}}}"),
            (b"{\\rtf1 a{\\*\\footnote{\\super 1}b}}", "{\\rtf1 a{\\*\\footnote {\\super 1}b}}"),
            (
                b"{\\rtf1{\\*\\fldinst{FORMDROPDOWN {\\*\\formfield{\\fftype2{\\*\\ffl a}{\\*\\ffentrymcr b}}}}}}",
                "{\\rtf1{\\*\\fldinst {FORMDROPDOWN {\\*\\formfield {\\fftype2 {\\*\\ffl a}{}}}}}}",
            ),
            (
                b"{\\rtf1{\\field{\\*\\fldinst { EQ \\\\* jc2 \\\\o\\\\ad(\\\\s\\\\up 10(\\u12363\\'3f),\\u33883\\'3f)}}{\\fldrslt {}}}}",
                "{\\rtf1{\\field {\\*\\fldinst { EQ \\\\* jc2 \\\\o\\\\ad(\\\\s\\\\up 10(\\u12363 \\'3f),\\u33883 \\'3f)}}{\\fldrslt {}}}}",
            ),
            (
                b"{\\rtf1{\\field{\\*\\fldinst PAGE}{\\fldrslt 1}}}",
                "{\\rtf1{\\field {\\*\\fldinst PAGE}{\\fldrslt 1}}}",
            ),
            (
                b"{\\rtf1{\\field{\\*\\fldinst{\\b INCLUDE}{PICTURE \"http://x\"}}{\\fldrslt 1}}}",
                "{\\rtf1{\\field {\\fldrslt 1}}}",
            ),
            (b"{\\rtf1{\\field{\\fldinst DDEAUTO c m}{\\fldrslt r}}}", "{\\rtf1{\\field {\\fldrslt r}}}"),
            (
                b"{\\rtf1{\\field{\\fldinst{\\field{\\fldinst QUOTE 68}{\\fldrslt DATE}}}{\\fldrslt r}}}",
                "{\\rtf1{\\field {\\fldrslt r}}}",
            ),
            (
                b"{\\rtf1{\\field{\\fldinst \\u73?NCLUDETEXT x}{\\fldrslt r}}}",
                "{\\rtf1{\\field {\\fldrslt r}}}",
            ),
            (
                b"{\\rtf1{\\field{\\*\\fldinst{\\*\\x PAGE }INCLUDETEXT x}{\\fldrslt r}}}",
                "{\\rtf1{\\field {\\fldrslt r}}}",
            ),
            (
                b"{\\rtf1{\\field{\\fldinst PAGE \\fldinst INCLUDETEXT x}{\\fldrslt r}}}",
                "{\\rtf1{\\field {\\fldrslt r}}}",
            ),
        ];
        let padded = format!(
            "{{\\rtf1{{\\field{{\\fldinst {}{{}}INCLUDETEXT x}}{{\\fldrslt r}}}}}}",
            " ".repeat(INSTRUCTION_MAX)
        );
        assert_eq!(run(padded.as_bytes()).0.as_deref(), Ok("{\\rtf1{\\field {\\fldrslt r}}}"));
        let mut ran = 0;
        for (rtf, expected) in cases {
            assert_eq!(run(rtf).0.as_deref(), Ok(*expected), "{}", String::from_utf8_lossy(rtf));
            // What was stripped needs no stripping.
            assert_eq!(run(expected.as_bytes()).0.as_deref(), Ok(*expected));
            ran += 1;
        }
        assert_eq!(ran, 21);
    }

    #[test]
    fn what_was_taken_is_named() {
        let (_, findings) =
            run(b"{\\rtf1{\\object{\\*\\objdata 01}}{\\*\\template x}{\\field{\\fldinst LINK a}}}");
        assert_eq!(findings.count(FindingCode::EmbeddedObject), 1);
        assert_eq!(findings.count(FindingCode::ExternalReference), 2);
        assert!(findings.iter().any(|finding| finding.detail == "LINK"));
        assert!(run(b"{\\rtf1 a}").1.is_empty());
    }

    #[test]
    fn limits_are_verdicts() {
        let deep = |depth: usize| [b"{\\rtf1 ".to_vec(), b"{".repeat(depth)].concat();
        assert!(run(&deep(DEPTH_MAX - 1)).0.is_ok());
        assert_eq!(run(&deep(DEPTH_MAX)).0, Err(FindingCode::LimitNodes));
        assert_eq!(run(b"plain").0, Err(FindingCode::Unreadable));
        assert_eq!(run(b"{\\rtf1\\bin999999999 x").0.as_deref(), Ok("{\\rtf178}"));
    }

    #[test]
    fn any_cut_is_survived() {
        let rtf = b"{\\rtf1\\'93\\u26085?{\\*\\objdata\\bin4 abcd}{\\field{\\*\\fldinst DATE}{\\fldrslt x}}}";
        for end in 0..rtf.len() {
            drop(run(&rtf[..end]));
        }
    }
}
