//! JSON (RFC 8259) is read strictly and written anew: same order, same numbers, strings decoded and escaped by us.
//!
//! What came on one line stays on one line; everything else is indented by two spaces.
//!
//! *Security.* No recursion; at most 512 values deep. Numbers stay as text of the grammar and are never computed.
//! Invisible characters in strings go. Every value is spent as a node and every octet written as text, so that
//! indentation cannot grow without end.

use crate::{Rewritten, text};
use mail::MediaType;
use mail::charset;
use policy::{Action, Budget, Exhausted, FindingCode, Findings};

/// Deepest value.
const DEPTH_MAX: usize = 512;
/// Deepest indentation that is written.
const INDENT_MAX: usize = 32;

enum Fault {
    Syntax,
    Budget(Exhausted),
}

impl From<Exhausted> for Fault {
    fn from(exhausted: Exhausted) -> Self {
        Self::Budget(exhausted)
    }
}

/// Writes a JSON file anew in UTF-8.
pub fn rewrite(
    octets: &[u8],
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    let decoded = charset::decode(octets, Some("UTF-8"));
    if decoded.refused || decoded.loss > 0 {
        return Err(FindingCode::Unreadable);
    }
    let one_line = !decoded.text.trim().contains('\n');
    let mut reader = Reader { rest: &decoded.text, out: String::new(), stack: Vec::new(), one_line, budget };
    match reader.document() {
        Ok(()) => {}
        Err(Fault::Syntax) => return Err(FindingCode::Unreadable),
        Err(Fault::Budget(exhausted)) => return Err(exhausted.0),
    }
    let out = std::mem::take(&mut reader.out);
    let mut octets = text::visible(&out, findings).into_bytes();
    octets.push(b'\n');
    Ok(Rewritten {
        octets,
        media_type: MediaType::known("application/json"),
        extension: "json",
        charset: None,
        action: Action::Rebuild,
    })
}

struct Reader<'a, 'b> {
    rest: &'a str,
    out: String,
    /// Closing brackets of the open values.
    stack: Vec<char>,
    one_line: bool,
    budget: &'b mut Budget,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// A value.
    Value,
    /// The first member or `}`, the first value or `]`.
    First,
    /// `,` or the closing bracket.
    Next,
}

impl Reader<'_, '_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take(&mut self, mark: char) -> Result<(), Fault> {
        self.space();
        self.rest = self.rest.strip_prefix(mark).ok_or(Fault::Syntax)?;
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.space();
        self.rest.chars().next()
    }

    fn line(&mut self) -> Result<(), Fault> {
        if !self.one_line {
            let indent = self.stack.len().min(INDENT_MAX).saturating_mul(2);
            self.budget.spend_text(u64::try_from(indent).unwrap_or(u64::MAX))?;
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
        Ok(())
    }

    fn document(&mut self) -> Result<(), Fault> {
        let mut expect = Expect::Value;
        loop {
            self.budget.spend_nodes(1)?;
            expect = match expect {
                Expect::Value => self.value()?,
                Expect::First => {
                    let close = self.stack.last().copied().ok_or(Fault::Syntax)?;
                    if self.peek() == Some(close) {
                        self.take(close)?;
                        self.stack.pop();
                        self.out.push(close);
                        Expect::Next
                    } else {
                        self.member(close)?
                    }
                }
                Expect::Next => {
                    let Some(close) = self.stack.last().copied() else { break };
                    if self.peek() == Some(',') {
                        self.take(',')?;
                        self.out.push(',');
                        if self.one_line {
                            self.out.push(' ');
                        }
                        self.member(close)?
                    } else {
                        self.take(close)?;
                        self.stack.pop();
                        self.line()?;
                        self.out.push(close);
                        Expect::Next
                    }
                }
            };
        }
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// A new member of the open value: in an object its name comes first.
    fn member(&mut self, close: char) -> Result<Expect, Fault> {
        self.line()?;
        if close == '}' {
            self.take('"')?;
            self.string()?;
            self.take(':')?;
            self.out.push_str(": ");
        }
        Ok(Expect::Value)
    }

    fn value(&mut self) -> Result<Expect, Fault> {
        let first = self.peek().ok_or(Fault::Syntax)?;
        match first {
            '{' | '[' => {
                if self.stack.len() >= DEPTH_MAX {
                    return Err(Fault::Syntax);
                }
                self.take(first)?;
                self.out.push(first);
                self.stack.push(if first == '{' { '}' } else { ']' });
                return Ok(Expect::First);
            }
            '"' => {
                self.take('"')?;
                self.string()?;
            }
            '-' | '0'..='9' => self.number()?,
            _ => {
                let word = ["true", "false", "null"].into_iter().find(|word| self.rest.starts_with(word));
                let word = word.ok_or(Fault::Syntax)?;
                self.rest = self.rest.strip_prefix(word).ok_or(Fault::Syntax)?;
                self.out.push_str(word);
            }
        }
        Ok(Expect::Next)
    }

    fn number(&mut self) -> Result<(), Fault> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end).ok_or(Fault::Syntax)?;
        if !is_number(number) {
            return Err(Fault::Syntax);
        }
        self.budget.spend_text(u64::try_from(end).unwrap_or(u64::MAX))?;
        self.out.push_str(number);
        self.rest = rest;
        Ok(())
    }

    /// The rest of a string behind its opening quote.
    fn string(&mut self) -> Result<(), Fault> {
        self.out.push('"');
        let start = self.rest.len();
        loop {
            let c = self.rest.chars().next().ok_or(Fault::Syntax)?;
            self.rest = self.rest.get(c.len_utf8()..).ok_or(Fault::Syntax)?;
            match c {
                '"' => break,
                '\\' => {
                    let decoded = self.escape()?;
                    self.push(decoded);
                }
                '\0'..='\x1f' => return Err(Fault::Syntax),
                _ => self.push(c),
            }
        }
        self.budget.spend_text(u64::try_from(start.saturating_sub(self.rest.len())).unwrap_or(u64::MAX))?;
        self.out.push('"');
        Ok(())
    }

    fn push(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\n' => self.out.push_str("\\n"),
            '\t' => self.out.push_str("\\t"),
            '\r' => self.out.push_str("\\r"),
            // Line ends to JavaScript and to nobody else.
            '\u{2028}' | '\u{2029}' | '\u{85}' => self.out.push_str("\\n"),
            _ => self.out.push(c),
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let c = self.rest.chars().next().ok_or(Fault::Syntax)?;
        self.rest = self.rest.get(c.len_utf8()..).ok_or(Fault::Syntax)?;
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                let low = self.rest.strip_prefix("\\u").filter(|_| (0xd800..0xdc00).contains(&unit));
                let units = match low {
                    Some(rest) => {
                        self.rest = rest;
                        vec![unit, self.unit()?]
                    }
                    None => vec![unit],
                };
                let mut decoded = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}'));
                let first = decoded.next().ok_or(Fault::Syntax)?;
                if let Some(second) = decoded.next() {
                    self.push(first);
                    second
                } else {
                    first
                }
            }
            _ => return Err(Fault::Syntax),
        })
    }

    fn unit(&mut self) -> Result<u16, Fault> {
        let (digits, rest) = self.rest.split_at_checked(4).ok_or(Fault::Syntax)?;
        self.rest = rest;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::Syntax);
        }
        u16::from_str_radix(digits, 16).or(Err(Fault::Syntax))
    }
}

/// The grammar of RFC 8259 §6.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(input: &str) -> (Result<String, FindingCode>, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(input.as_bytes(), &mut budget, &mut findings);
        (written.map(|w| String::from_utf8(w.octets).unwrap()), findings)
    }

    #[test]
    fn values_are_written_anew() {
        let cases = [
            (
                "{\"b\":1,\"a\":[1.50,-2e+10,{}],\"a\":null}",
                "{\"b\": 1, \"a\": [1.50, -2e+10, {}], \"a\": null}\n",
            ),
            ("[\n1,\n[]]", "[\n  1,\n  []\n]\n"),
            ("\"\\u3042\\ud83d\\ude00\\/\\n\\\"\\u202e\\ud800x\"", "\"あ😀/\\n\\\"\u{fffd}x\"\n"),
            ("{\n\"名\": {\"x\": true}}", "{\n  \"名\": {\n    \"x\": true\n  }\n}\n"),
            ("12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890\n"),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            let written = run(input).0.unwrap();
            assert_eq!(written, expected, "{input}");
            let (again, findings) = run(&written);
            assert_eq!(again, Ok(written));
            assert_eq!(findings.gravest(), Severity::Info);
            ran += 1;
        }
        assert_eq!(ran, 5);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let deep = "[".repeat(513);
        let cases = [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "01",
            "1.",
            "+1",
            "'x'",
            "[1 2]",
            "1 2",
            "\"\\x\"",
            "\"a\nb\"",
            "nul",
            &deep,
            "// x\n1",
            "NaN",
            "[1}",
            "\"\\u12",
            "\"\\u+123\"",
        ];
        let mut ran = 0;
        for input in cases {
            assert_eq!(run(input).0, Err(FindingCode::Unreadable), "{input:.40}");
            ran += 1;
        }
        assert_eq!(ran, 20);
        assert!(run(&format!("{}{}", "[".repeat(512), "]".repeat(512))).0.is_ok());
    }
}
