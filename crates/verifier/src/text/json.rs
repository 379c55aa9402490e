//! Whether a text is JSON (RFC 8259), nothing before, nothing behind.
//!
//! *Security.* One pass without recursion; depth at most 512; nothing kept but one bit a level.

/// Deepest nesting of arrays and objects.
const DEPTH_MAX: usize = 512;

/// Checks the whole text.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let mut reader = Reader { rest: text.as_bytes() };
    // One entry an open container: whether it is an object.
    let mut open: Vec<bool> = Vec::new();
    loop {
        reader.space();
        // A value begins here.
        let opened = match reader.next()? {
            b'{' => Some(true),
            b'[' => Some(false),
            b'"' => reader.string().map(|()| None)?,
            b't' => reader.literal(b"rue").map(|()| None)?,
            b'f' => reader.literal(b"alse").map(|()| None)?,
            b'n' => reader.literal(b"ull").map(|()| None)?,
            first => reader.number(first).map(|()| None)?,
        };
        reader.space();
        if let Some(is_object) = opened {
            if open.len() >= DEPTH_MAX {
                return Err("nested too deeply");
            }
            let close = if is_object { b'}' } else { b']' };
            if !reader.eat(close) {
                open.push(is_object);
                if is_object {
                    reader.name()?;
                }
                continue;
            }
        }
        // A value has ended: close containers until another value must follow.
        loop {
            reader.space();
            let Some(&is_object) = open.last() else {
                return if reader.rest.is_empty() { Ok(()) } else { Err("text behind the value") };
            };
            match (reader.next()?, is_object) {
                (b',', true) => {
                    reader.space();
                    reader.name()?;
                    break;
                }
                (b',', false) => break,
                (b'}', true) | (b']', false) => {
                    open.pop();
                }
                _ => return Err("a comma or an end is missing"),
            }
        }
    }
}

struct Reader<'text> {
    rest: &'text [u8],
}

impl Reader<'_> {
    fn space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', behind @ ..] = self.rest {
            self.rest = behind;
        }
    }

    fn next(&mut self) -> Result<u8, &'static str> {
        let (&first, behind) = self.rest.split_first().ok_or("cut short")?;
        self.rest = behind;
        Ok(first)
    }

    fn eat(&mut self, octet: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, behind)) if first == octet => {
                self.rest = behind;
                true
            }
            _ => false,
        }
    }

    fn literal(&mut self, tail: &[u8]) -> Result<(), &'static str> {
        self.rest = self.rest.strip_prefix(tail).ok_or("not a value")?;
        Ok(())
    }

    fn name(&mut self) -> Result<(), &'static str> {
        self.space();
        if !self.eat(b'"') {
            return Err("a name is missing");
        }
        self.string()?;
        self.space();
        if self.eat(b':') { Ok(()) } else { Err("a colon is missing") }
    }

    fn string(&mut self) -> Result<(), &'static str> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let (digits, behind) = self.rest.split_at_checked(4).ok_or("cut short")?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return Err("escape");
                        }
                        self.rest = behind;
                    }
                    _ => return Err("escape"),
                },
                0..=0x1f => return Err("control character in a string"),
                _ => {}
            }
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.rest = self.rest.get(count..).unwrap_or_default();
        count
    }

    fn number(&mut self, first: u8) -> Result<(), &'static str> {
        let lead = if first == b'-' { self.next()? } else { first };
        match lead {
            b'0' => {}
            b'1'..=b'9' => {
                self.digits();
            }
            _ => return Err("not a value"),
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err("number");
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err("number");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_is_not() {
        let sound = [
            "1",
            "-0.5e+3",
            "\"a\\u00e9\"",
            "[]",
            "{}",
            " [1, {\"a\": [true, null]}, \"]\"]\r\n",
            "{\"a\":{},\"b\":[[]]}",
        ];
        for text in sound {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let wrong = [
            "",
            "01",
            "1.",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "[1 2]",
            "tru",
            "\"a",
            "[",
            "{}x",
            "\"\\x\"",
            "\"\t\"",
            "[}",
            "{]",
            "{\"a\":1,}",
            "//c\n1",
            "+1",
            "NaN",
        ];
        for text in wrong {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&"[".repeat(513)).is_err());
        assert_eq!(check(&format!("{}{}", "[".repeat(512), "]".repeat(512))), Ok(()));
    }
}
