//! Octets of a rich text → its tokens: groups, control words, octets of text.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'r> {
    Open,
    Close,
    /// A control word or symbol, and its number.
    Word(&'r str, Option<i32>),
    /// `\*`.
    Optional,
    /// `\'hh`.
    Hex(u8),
    Text(&'r [u8]),
    /// Octets behind `\bin`.
    Binary(&'r [u8]),
}

/// The tokens of a rich text.
pub(super) struct Tokens<'r> {
    rest: &'r [u8],
}

impl<'r> Tokens<'r> {
    pub(super) fn new(octets: &'r [u8]) -> Self {
        Self { rest: octets }
    }

    fn split(&mut self, at: usize) -> &'r [u8] {
        let (taken, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// What follows a backslash.
    fn control(&mut self) -> Option<Token<'r>> {
        let first = *self.rest.first()?;
        if !first.is_ascii_alphabetic() {
            let symbol = self.split(1);
            return Some(match first {
                b'\'' => {
                    let digits = self.split(2);
                    let octet = std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
                    octet.map_or(Token::Text(&[]), Token::Hex)
                }
                b'*' => Token::Optional,
                b'{' | b'}' | b'\\' => Token::Text(symbol),
                b'\r' | b'\n' => Token::Word("par", None),
                b'\t' => Token::Word("tab", None),
                _ => Token::Word(std::str::from_utf8(symbol).unwrap_or(""), None),
            });
        }
        let end = self.rest.iter().position(|octet| !octet.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let word = std::str::from_utf8(self.split(end.min(64))).unwrap_or("");
        let signed = usize::from(self.rest.first() == Some(&b'-'));
        let digits = self.rest.get(signed..).unwrap_or_default();
        let length = digits.iter().position(|octet| !octet.is_ascii_digit()).unwrap_or(digits.len());
        let number = if length == 0 {
            None
        } else {
            let text = self.split(signed.saturating_add(length));
            std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok()).or(Some(0))
        };
        if self.rest.first() == Some(&b' ') {
            self.split(1);
        }
        if word == "bin" {
            let length = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            return Some(Token::Binary(self.split(length)));
        }
        Some(Token::Word(word, number))
    }
}

impl<'r> Iterator for Tokens<'r> {
    type Item = Token<'r>;

    fn next(&mut self) -> Option<Token<'r>> {
        loop {
            return match self.rest.first()? {
                b'{' => {
                    self.split(1);
                    Some(Token::Open)
                }
                b'}' => {
                    self.split(1);
                    Some(Token::Close)
                }
                b'\\' => {
                    self.split(1);
                    self.control()
                }
                b'\r' | b'\n' | 0 => {
                    self.split(1);
                    continue;
                }
                _ => {
                    let end = self.rest.iter().position(|octet| b"{}\\\r\n\0".contains(octet));
                    Some(Token::Text(self.split(end.unwrap_or(self.rest.len()))))
                }
            };
        }
    }
}
