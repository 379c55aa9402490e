//! Lines of text as they grow: collapsed spaces, pending line breaks, prefixes of quotes and lists.
//!
//! *Security.* Prefixes are bounded ([`QUOTES_MAX`], [`INDENTS_MAX`]); what is written is counted by the caller.

/// Quote levels that are shown.
const QUOTES_MAX: usize = 12;
/// Indentations that are shown.
const INDENTS_MAX: usize = 10;
/// Line breaks in a row that are written: two make one blank line.
const BREAKS_MAX: u8 = 2;

/// White space that was read and not yet written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    None,
    Plain,
    /// With a line end in it: none between two characters of East Asian scripts (CSS Text 3 §4.1.3).
    LineEnd,
}

/// The state of a prefix, to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    octets: usize,
    quotes: usize,
    indents: usize,
}

/// One flow of text: the page, or a cell of a table.
#[derive(Debug)]
pub(super) struct Flow {
    text: String,
    prefix: String,
    /// The prefix of the line before, for the blank lines between.
    prefix_before: String,
    level: Level,
    /// A list mark that takes the place of the last indentation, once.
    mark: Option<(usize, String)>,
    space: Space,
    breaks: u8,
    line_is_empty: bool,
    last: Option<char>,
    /// Lines of another table are inside.
    pub(super) complex: bool,
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff01}'..='\u{ff9f}' | '\u{20000}'..='\u{3fffd}')
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            prefix: String::new(),
            prefix_before: String::new(),
            level: Level { octets: 0, quotes: 0, indents: 0 },
            mark: None,
            space: Space::None,
            breaks: 0,
            line_is_empty: true,
            last: None,
            complex: false,
        }
    }

    /// The level to return to later.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Goes back to a level.
    pub(super) fn restore(&mut self, level: Level) {
        self.prefix.truncate(level.octets);
        self.level = level;
        if self.mark.as_ref().is_some_and(|(octets, _)| *octets >= level.octets) {
            self.mark = None;
        }
    }

    /// One more `> ` before each line.
    pub(super) fn quote(&mut self) {
        if self.level.quotes < QUOTES_MAX {
            self.prefix.push_str("> ");
        }
        self.level.quotes = self.level.quotes.saturating_add(1);
        self.level.octets = self.prefix.len();
    }

    /// Two more spaces before each line; the first line has `mark` in their place.
    pub(super) fn indent(&mut self, mark: &str) {
        let before = self.prefix.len();
        if self.level.indents < INDENTS_MAX {
            self.prefix.push_str("  ");
        }
        self.level.indents = self.level.indents.saturating_add(1);
        self.level.octets = self.prefix.len();
        if !mark.is_empty() {
            self.mark = Some((before, mark.to_owned()));
        }
    }

    /// The next line begins with `mark`, once.
    pub(super) fn heading(&mut self, mark: &str) {
        self.mark = Some((self.prefix.len(), mark.to_owned()));
    }

    /// A block begins or ends: at least `breaks` line ends before the next text.
    pub(super) fn block(&mut self, breaks: u8) {
        self.breaks = self.breaks.max(breaks.min(BREAKS_MAX));
        self.space = Space::None;
    }

    /// `<br>`.
    pub(super) fn line_break(&mut self) {
        self.breaks = self.breaks.saturating_add(1).min(BREAKS_MAX);
        self.space = Space::None;
    }

    fn begin_line(&mut self) {
        self.prefix_before.clone_from(&self.prefix);
        match self.mark.take() {
            Some((octets, mark)) => {
                self.text.push_str(self.prefix.get(..octets).unwrap_or_default());
                self.text.push_str(&mark);
            }
            None => self.text.push_str(&self.prefix),
        }
        self.line_is_empty = true;
        self.last = None;
    }

    fn end_line(&mut self) {
        let kept = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(kept);
        self.text.push('\n');
    }

    /// Writes what is pending, so that a character can follow.
    fn settle(&mut self) {
        if self.text.is_empty() {
            self.begin_line();
        } else if self.breaks > 0 {
            self.end_line();
            let shared =
                self.prefix.bytes().zip(self.prefix_before.bytes()).take_while(|(a, b)| a == b).count();
            for _ in 1..self.breaks {
                self.text.push_str(self.prefix.get(..shared).unwrap_or_default().trim_end());
                self.text.push('\n');
            }
            self.begin_line();
        } else if self.line_is_empty && self.mark.is_some() {
            self.begin_line();
        }
        self.breaks = 0;
    }

    fn put(&mut self, c: char) {
        self.settle();
        if self.space != Space::None && !self.line_is_empty {
            let between_wide = is_wide(c) && self.last.is_some_and(is_wide);
            if !(self.space == Space::LineEnd && between_wide) {
                self.text.push(' ');
            }
        }
        self.space = Space::None;
        self.text.push(c);
        self.line_is_empty = false;
        self.last = Some(c);
    }

    /// Text of which white space collapses (CSS 2.2 §16.6.1).
    pub(super) fn inline(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' | '\r' => self.space = Space::LineEnd,
                ' ' | '\t' | '\x0c' => {
                    if self.space == Space::None {
                        self.space = Space::Plain;
                    }
                }
                '\u{a0}' => self.put(' '),
                _ => self.put(c),
            }
        }
    }

    /// Text that stays as it is, `\n` ends a line.
    pub(super) fn preformatted(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\r' => {}
                '\n' => {
                    if self.breaks > 0 || self.text.is_empty() {
                        self.settle();
                    }
                    self.breaks = 1;
                }
                _ => {
                    self.settle();
                    self.text.push(c);
                    self.line_is_empty = false;
                    self.last = Some(c);
                }
            }
        }
        self.space = Space::None;
    }

    /// Lines that are finished already, as a block.
    pub(super) fn lines(&mut self, text: &str) {
        self.block(1);
        for line in text.lines() {
            if line.trim().is_empty() {
                self.block(2);
            } else {
                self.preformatted(line);
                self.block(1);
            }
        }
    }

    /// A mark that belongs to the text before it: directly behind it, whatever space or line end is pending.
    pub(super) fn mark(&mut self, mark: &str) {
        if self.text.is_empty() || self.line_is_empty {
            self.inline(mark);
        } else {
            self.text.push_str(mark);
            self.last = mark.chars().next_back();
        }
    }

    /// Whether the text so far ends with this.
    pub(super) fn ends_with(&self, text: &str) -> bool {
        self.text.ends_with(text)
    }

    /// The last character written on this line.
    pub(super) fn last(&self) -> Option<char> {
        if self.breaks == 0 && self.space == Space::None { self.last } else { None }
    }

    /// The finished text without blank lines at its ends.
    pub(super) fn finished(self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut blank = false;
        for line in self.text.lines() {
            let line = line.trim_end_matches([' ', '\t']);
            if line.is_empty() {
                blank = !out.is_empty();
                continue;
            }
            if blank {
                out.push('\n');
            }
            blank = false;
            out.push_str(line);
            out.push('\n');
        }
        if out.ends_with('\n') {
            out.pop();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_collapses_as_on_a_page() {
        let mut flow = Flow::new();
        flow.inline("  a \n b\t\tc 日本\n語 x\n日");
        flow.block(2);
        flow.block(1);
        flow.quote();
        flow.inline("q");
        flow.line_break();
        flow.inline(" r ");
        assert_eq!(flow.finished(), "a b c 日本語 x 日\n\n> q\n> r");
    }
}
