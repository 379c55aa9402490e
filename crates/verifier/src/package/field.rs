//! Fields of `WordprocessingML` (ECMA-376 part 1 §17.16): instructions, put together again from the runs over which they
//! are strewn, and held against a list.
//!
//! A word processor sees one instruction in many pieces, may see or not see what is deleted or inserted in it, and puts
//! the result of an inner field in its place. So the first word must stand there as plain text, whole, before any inner
//! field; with and without what might not be seen, every reading must be one of the list; and an instruction under
//! revision is of one piece.
//!
//! *Security.* Linear in the instruction; fields in fields to a depth of 32, stories in stories (text boxes) likewise.

use super::{Fault, address};

const RULE: &str = "field.form";
const DEPTH_MAX: usize = 32;
/// Longest instruction.
const OCTETS_MAX: usize = 64 * 1024;

/// Fields that show what the document or the program knows, or what they are given.
#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    "=", "ADVANCE", "AUTHOR", "AUTONUM", "AUTONUMLGL", "AUTONUMOUT", "BIBLIOGRAPHY", "CITATION", "COMPARE", "CREATEDATE",
    "DATE", "DOCPROPERTY", "EQ", "FILENAME", "FORMCHECKBOX", "FORMDROPDOWN", "FORMTEXT", "HYPERLINK", "IF", "INDEX",
    "LISTNUM", "MERGEFIELD", "NOTEREF", "NUMPAGES", "PAGE", "PAGEREF", "PRINTDATE", "QUOTE", "REF", "SAVEDATE", "SECTION",
    "SECTIONPAGES", "SEQ", "STYLEREF", "SYMBOL", "TC", "TIME", "TITLE", "TOC", "XE",
];

/// How a piece of an instruction stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `w:instrText`.
    Instruction,
    /// `w:delInstrText`.
    Deleted,
    /// `w:t` and the like, where an instruction should be.
    Text,
}

/// One field that has begun.
#[derive(Debug, Default)]
struct Field {
    /// Pieces, with the number of the revision mark around each (0: none).
    pieces: Vec<(Piece, u64, String)>,
    octets: usize,
    /// How many pieces stood there when the first inner field began.
    before_inner: Option<usize>,
    has_separator: bool,
}

/// The fields of one part.
#[derive(Debug)]
pub(super) struct Fields {
    /// Of each open story, the innermost last: its open fields.
    stories: Vec<Vec<Field>>,
}

impl Fields {
    /// No field has begun.
    pub(super) fn new() -> Self {
        Self { stories: vec![Vec::new()] }
    }

    /// A story of its own begins: a text box, or one of two alternatives.
    pub(super) fn begin_story(&mut self) -> Result<(), Fault> {
        if self.stories.len() >= DEPTH_MAX {
            return Err(("field.depth", "stories nested too deeply"));
        }
        // What shows it parts the words of an instruction around it.
        if self.is_instruction() {
            self.text(Piece::Text, 0, " ")?;
        }
        self.stories.push(Vec::new());
        Ok(())
    }

    /// It ends, and so do its fields.
    pub(super) fn end_story(&mut self) -> Result<(), Fault> {
        match self.stories.pop() {
            Some(fields) if fields.is_empty() => Ok(()),
            _ => Err((RULE, "a field that does not end")),
        }
    }

    /// `w:fldChar` of this kind.
    pub(super) fn mark(&mut self, kind: &str) -> Result<(), Fault> {
        let story = self.stories.last_mut().ok_or((RULE, "outside of a story"))?;
        match kind {
            "begin" => {
                if story.len() >= DEPTH_MAX {
                    return Err(("field.depth", "nested too deeply"));
                }
                if let Some(outer) = story.last_mut() {
                    outer.inner();
                }
                story.push(Field::default());
                Ok(())
            }
            "separate" => {
                let field = story.last_mut().ok_or((RULE, "a separator outside of a field"))?;
                if field.has_separator {
                    return Err((RULE, "two separators"));
                }
                field.has_separator = true;
                field.check()
            }
            "end" => {
                let field = story.pop().ok_or((RULE, "an end outside of a field"))?;
                if field.has_separator { Ok(()) } else { field.check() }
            }
            _ => Err((RULE, "a mark of another kind")),
        }
    }

    /// Whether text here is a piece of an instruction.
    pub(super) fn is_instruction(&self) -> bool {
        self.stories.last().and_then(|story| story.last()).is_some_and(|field| !field.has_separator)
    }

    /// Text that may be a piece of an instruction, inside of the revision mark of this number.
    pub(super) fn text(&mut self, piece: Piece, revision: u64, text: &str) -> Result<(), Fault> {
        let story = self.stories.last_mut().ok_or((RULE, "outside of a story"))?;
        match story.last_mut() {
            Some(field) if !field.has_separator => field.add(piece, revision, text),
            _ if piece == Piece::Text || text.trim().is_empty() => Ok(()),
            _ => Err((RULE, "an instruction outside of a field")),
        }
    }

    /// `w:fldSimple`.
    pub(super) fn simple(&mut self, instruction: &str) -> Result<(), Fault> {
        if let Some(outer) = self.stories.last_mut().and_then(|story| story.last_mut()) {
            outer.inner();
        }
        check(instruction, false)
    }
}

impl Field {
    fn inner(&mut self) {
        if !self.has_separator {
            self.before_inner.get_or_insert(self.pieces.len());
        }
    }

    fn add(&mut self, piece: Piece, revision: u64, text: &str) -> Result<(), Fault> {
        self.octets = self.octets.saturating_add(text.len());
        if self.octets > OCTETS_MAX {
            return Err(("field.octets", "too many"));
        }
        let is_split = self.before_inner == Some(self.pieces.len());
        match self.pieces.last_mut() {
            Some((kind, mark, last)) if (*kind, *mark) == (piece, revision) && !is_split => {
                last.push_str(text)
            }
            _ => self.pieces.push((piece, revision, text.to_owned())),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        let is_revised =
            |(piece, revision, _): &&(Piece, u64, String)| *piece == Piece::Deleted || *revision != 0;
        let has_inner = self.before_inner.is_some();
        let has_more = self.pieces.len() > 1 || has_inner;
        if has_more && self.pieces.iter().any(|piece| is_revised(&piece)) {
            return Err(("field.revision", "an instruction that is revised in part"));
        }
        let whole = |seen: &dyn Fn(Piece) -> bool, count: usize| -> String {
            self.pieces
                .iter()
                .take(count)
                .filter(|(piece, ..)| seen(*piece))
                .map(|(.., text)| text.as_str())
                .collect()
        };
        for seen in [&|_| true, &|piece| piece != Piece::Text] as [&dyn Fn(Piece) -> bool; 2] {
            let instruction = whole(seen, usize::MAX);
            let head = whole(seen, self.before_inner.unwrap_or(usize::MAX));
            let (word, behind) = first_word(&head);
            if has_inner && behind.is_empty() && word != "=" {
                return Err(("field.word", "its first word is made by an inner field"));
            }
            check(&instruction, has_inner)?;
        }
        Ok(())
    }
}

/// The first word, in capitals, and what is behind it.
fn first_word(instruction: &str) -> (String, &str) {
    let instruction = instruction.trim_start();
    if let Some(behind) = instruction.strip_prefix('=') {
        return ("=".to_owned(), behind);
    }
    let end =
        instruction.find(|c: char| c.is_whitespace() || matches!(c, '\\' | '"')).unwrap_or(instruction.len());
    let (word, behind) = instruction.split_at_checked(end).unwrap_or_default();
    (word.to_uppercase(), behind)
}

/// Checks a whole instruction. `has_inner`: inner fields give more of it.
fn check(instruction: &str, has_inner: bool) -> Result<(), Fault> {
    let (word, arguments) = first_word(instruction);
    if word.is_empty() && arguments.is_empty() && !has_inner {
        return Ok(());
    }
    if !ALLOWED.contains(&word.as_str()) {
        return Err(("field.word", "not on the list"));
    }
    if word == "HYPERLINK" { link(arguments, has_inner) } else { Ok(()) }
}

/// `HYPERLINK "address" \l "place" \o "tip" \t "frame"` and the switches `\m \n \h \s`.
fn link(arguments: &str, has_inner: bool) -> Result<(), Fault> {
    const TARGET: Fault = ("field.link", "to a place that is not on the list");
    if has_inner {
        return Err(("field.link", "to a place that an inner field makes"));
    }
    let mut rest = arguments.trim();
    let (mut target, mut place) = (None, None);
    let mut switch = ' ';
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('\\') {
            switch = behind.chars().next().ok_or(TARGET)?.to_ascii_lowercase();
            if !"lotmnhs*@".contains(switch) {
                return Err(TARGET);
            }
            rest = behind.get(1..).unwrap_or_default().trim_start();
            continue;
        }
        let (argument, behind) = argument(rest)?;
        match switch {
            'l' | 's' if place.is_none() => place = Some(argument),
            'o' | 't' | '*' | '@' => {}
            _ if target.is_none() => target = Some(argument),
            _ => return Err(TARGET),
        }
        switch = ' ';
        rest = behind.trim_start();
    }
    let target = target.unwrap_or_default();
    let leads_out = !target.is_empty();
    let sound = if leads_out {
        address::is_outside(&target)
    } else {
        place.is_none_or(|place| address::is_inside(&place))
    };
    if sound { Ok(()) } else { Err(TARGET) }
}

/// One argument, quoted or up to a blank. In quotes a backslash takes the next character for itself.
fn argument(text: &str) -> Result<(String, &str), Fault> {
    let is_quote = |c: char| matches!(c, '"' | '“' | '”');
    if !text.starts_with(is_quote) {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (argument, behind) = text.split_at_checked(end).unwrap_or_default();
        return Ok((argument.to_owned(), behind));
    }
    let mut argument = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if is_quote(c) {
            return Ok((argument, text.get(at.saturating_add(c.len_utf8())..).unwrap_or_default()));
        }
        if c == '\\' {
            argument.extend(chars.next().map(|(_, c)| c));
        } else {
            argument.push(c);
        }
    }
    Err((RULE, "an open quote"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{`, `|` and `}` are the marks, `~x` a text, `-x` deleted, `+x` inserted, all else an instruction.
    fn run(pieces: &[&str]) -> Result<(), Fault> {
        let mut fields = Fields::new();
        for (number, piece) in (1u64..).zip(pieces) {
            match *piece {
                "{" => fields.mark("begin")?,
                "|" => fields.mark("separate")?,
                "}" => fields.mark("end")?,
                "(" => fields.begin_story()?,
                ")" => fields.end_story()?,
                piece => match piece.split_at(1) {
                    ("~", text) => fields.text(Piece::Text, 0, text)?,
                    ("-", text) => fields.text(Piece::Deleted, number, text)?,
                    ("+", text) => fields.text(Piece::Instruction, number, text)?,
                    _ => fields.text(Piece::Instruction, 0, piece)?,
                },
            }
        }
        fields.end_story()
    }

    #[test]
    fn fields_that_show_something_pass() {
        let cases: &[&[&str]] = &[
            &["{", " PA", "GE ", "|", "~1", "}"],
            &["{", " TOC \\o \"1-3\" \\h \\z ", "|", "~x", "{", "PAGEREF _Toc1 \\h", "|", "~2", "}", "}"],
            &["{", " HYPERLINK \"https://example.jp/a\" \\t \"_blank\" ", "|", "~x", "}"],
            &["{", "HYPERLINK \\l \"_見出し\" \\h", "|", "}"],
            &["{", "HYPERLINK mailto:a@example.jp \\o \"x y\"", "}"],
            &["{", " IF ", "{", "MERGEFIELD a", "|", "~b", "}", " = \"\" \"x\" \"y\"", "|", "}"],
            &["{", "=", "{", "REF a", "}", "*2", "|", "}"],
            &["{", "eq \\o\\ac(○,印)", "}"],
            &["{", "DATE\\@\"yyyy\"", "}"],
            &["{", "+PAGE", "|", "}"],
            &["{", "-PAGE", "|", "}"],
            &["{", "|", "}"],
            &["{", "PAGE", "(", "{", "DATE", "}", "~text", ")", "}"],
            &["~text", " "],
        ];
        for case in cases {
            assert_eq!(run(case), Ok(()), "{case:?}");
        }
        assert_eq!(cases.len(), 14);
    }

    #[test]
    fn fields_that_fetch_or_run_are_refused() {
        let cases: &[&[&str]] = &[
            &["{", "DDEAUTO c:\\\\windows\\\\cmd.exe \"/c calc\"", "|", "}"],
            &["{", "D", "D", "E", "AUTO x y", "|", "~1", "}"],
            &["{", "dde x y", "}"],
            &["{", "PA", "{", "QUOTE 71", "}", "GE", "}"],
            &["{", "{", "QUOTE 68 68 69", "|", "~DDE", "}", " x y", "}"],
            &["{", "{", "QUOTE PAGE", "}", "}"],
            &["{", "D", "~AT", "DE x y", "}"],
            &["{", "DATE ", "~x", "}", "{", "DD", "~ATE", "E x", "}"],
            &["{", "D", "+ATE \\@ ", "DE c:\\\\x", "}"],
            &["{", "D", "-ATE", "DE c:\\\\x", "}"],
            &["{", "+DATE ", "+DDE x", "}"],
            &["{", "INCLUDEPICTURE \"http://x/a.png\" \\d", "}"],
            &["{", "INCLUDETEXT \"\\\\\\\\host\\\\x\"", "}"],
            &["{", "LINK Excel.Sheet x", "}"],
            &["{", "IMPORT x", "}"],
            &["{", "MACROBUTTON x y", "}"],
            &["{", "DATABASE \\d x", "}"],
            &["{", "RD x", "}"],
            &["{", "EMBED x", "}"],
            &["{", "CONTROL x", "}"],
            &["{", "DOCVARIABLE x", "}"],
            &["{", "SET a b", "}"],
            &["{", "FILLIN x", "}"],
            &["{", "bookmark", "}"],
            &["{", "\"DDE\" x", "}"],
            &["{", "HYPERLINK \"file:///c:/x\"", "}"],
            &["{", "HYPERLINK \"\\\\\\\\host\\\\x\"", "}"],
            &["{", "HYPERLINK \\l \"x\" \"ms-word:ofe|u|http://x\"", "}"],
            &["{", "HYPERLINK \"http://a/\" \"file:///x\"", "}"],
            &["{", "HYPERLINK \\l \"\\\\\\\\host\\\\x\"", "}"],
            &["{", "HYPERLINK ", "{", "QUOTE x", "}", "}"],
            &["{", "HYPERLINK \"http://a", "}"],
            &["{", "HYPERLINK \\q http://a/", "}"],
            &["{", "PAGE"],
            &["}"],
            &["|"],
            &["{", "PAGE", "|", "|", "}"],
            &["PAGE"],
            &["(", "{", "PAGE", ")", "}"],
            &["{", "PAGE", "(", "|", ")", "}"],
            &["{", "PRINT", "(", "~x", ")", "DATE", "}"],
            &["{", "-PAGE ", "{", "QUOTE 68 68 69", "}", "}"],
            &["{", "+PAGE ", "{", "QUOTE 68 68 69", "}", "|", "}"],
        ];
        for case in cases {
            assert!(run(case).is_err(), "{case:?}");
        }
        assert!(Fields::new().simple("INCLUDETEXT x").is_err());
        assert_eq!(Fields::new().simple(" PAGE "), Ok(()));
        assert!(Fields::new().mark("other").is_err());
        assert!(run(&["{"; 33]).is_err() && run(&["("; 33]).is_err());
        assert_eq!(cases.len(), 43);
    }
}
