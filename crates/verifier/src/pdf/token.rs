//! Literals, numbers and streams, each in its one spelling.

use super::Fault;

/// What was not read yet, and where that begins.
#[derive(Debug)]
pub(super) struct Reader<'octets> {
    octets: &'octets [u8],
    place: usize,
}

/// A number of at most three decimals, and how it was spelt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'octets> {
    pub(super) thousandths: i64,
    pub(super) spelling: &'octets [u8],
}

/// Hundredths as thousandths.
pub(super) const fn hundredths(value: i64) -> i64 {
    value.saturating_mul(10)
}

impl<'octets> Reader<'octets> {
    pub(super) const fn new(octets: &'octets [u8]) -> Self {
        Self { octets, place: 0 }
    }

    pub(super) const fn place(&self) -> usize {
        self.place
    }

    fn rest(&self) -> &'octets [u8] {
        self.octets.get(self.place..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn starts_with(&self, literal: &[u8]) -> bool {
        self.rest().starts_with(literal)
    }

    pub(super) fn eat(&mut self, literal: &[u8]) -> bool {
        let stands = self.starts_with(literal);
        if stands {
            self.place = self.place.saturating_add(literal.len());
        }
        stands
    }

    pub(super) fn literal(&mut self, literal: &[u8], rule: &'static str) -> Result<(), Fault> {
        if self.eat(literal) { Ok(()) } else { Err((rule, "something else stands there")) }
    }

    /// `‹number› 0 obj` and its line end.
    pub(super) fn begin(&mut self, number: u64) -> Result<(), Fault> {
        self.literal(format!("{number} 0 obj\n").as_bytes(), "pdf.object_number")
    }

    /// Digits without a leading zero.
    pub(super) fn integer(&mut self, rule: &'static str) -> Result<u32, Fault> {
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).take(10).count();
        let text =
            self.rest().get(..digits).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default();
        if text.len() > 1 && text.starts_with('0') {
            return Err((rule, "a number with a leading zero"));
        }
        let value = text.parse().or(Err((rule, "not a number")))?;
        self.place = self.place.saturating_add(digits);
        Ok(value)
    }

    /// `-?(0|[1-9][0-9]{0,5})(\.[0-9]{0,2}[1-9])?`, never `-0`.
    pub(super) fn number(&mut self, rule: &'static str) -> Result<Number<'octets>, Fault> {
        let fault = Err((rule, "a number that is not spelt so"));
        let length = self
            .rest()
            .iter()
            .take_while(|&&b| b.is_ascii_digit() || b == b'.' || b == b'-')
            .take(16)
            .count();
        let spelling = self.rest().get(..length).unwrap_or_default();
        let unsigned = spelling.strip_prefix(b"-").unwrap_or(spelling);
        let is_negative = unsigned.len() != spelling.len();
        let dot = unsigned.iter().position(|&b| b == b'.');
        let (whole, decimals) = match dot {
            Some(dot) => (unsigned.get(..dot).unwrap_or_default(), unsigned.get(dot.saturating_add(1)..)),
            None => (unsigned, None),
        };
        let whole_is_sound =
            (1..=6).contains(&whole.len()) && (whole.len() == 1 || whole.first() != Some(&b'0'));
        let decimals_are_sound =
            decimals.is_none_or(|d| (1..=3).contains(&d.len()) && d.last() != Some(&b'0'));
        if !whole_is_sound || !decimals_are_sound {
            return fault;
        }
        let mut thousandths = 0i64;
        let mut digits = [b'0'; 3];
        for (slot, digit) in digits.iter_mut().zip(decimals.unwrap_or_default()) {
            *slot = *digit;
        }
        for &digit in whole.iter().chain(&digits) {
            if !digit.is_ascii_digit() {
                return fault;
            }
            thousandths =
                thousandths.saturating_mul(10).saturating_add(i64::from(digit.saturating_sub(b'0')));
        }
        if is_negative && thousandths == 0 {
            return fault;
        }
        self.place = self.place.saturating_add(length);
        Ok(Number {
            thousandths: if is_negative { 0i64.saturating_sub(thousandths) } else { thousandths },
            spelling,
        })
    }

    /// `count` upper-case hexadecimal digits.
    pub(super) fn hex(&mut self, count: usize, rule: &'static str) -> Result<&'octets [u8], Fault> {
        let digits = self.rest().get(..count).ok_or((rule, "cut short"))?;
        if !digits.iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b)) {
            return Err((rule, "not upper-case hexadecimal"));
        }
        self.place = self.place.saturating_add(count);
        Ok(digits)
    }

    /// Hexadecimal digits up to what is none.
    pub(super) fn hex_run(&mut self) -> &'octets [u8] {
        let length =
            self.rest().iter().take_while(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b)).count();
        let digits = self.rest().get(..length).unwrap_or_default();
        self.place = self.place.saturating_add(length);
        digits
    }

    /// `/Length ‹L›>>`, the data, `endstream`, `endobj`. A reader that takes a table for broken looks for objects
    /// everywhere, so none may begin in the data; by chance that happens once in
    /// thousands of gigabytes.
    pub(super) fn stream(&mut self) -> Result<&'octets [u8], Fault> {
        const RULE: &str = "pdf.stream";
        self.literal(b"/Length ", RULE)?;
        let length = usize::try_from(self.integer(RULE)?).unwrap_or(usize::MAX);
        self.literal(b">>\nstream\n", RULE)?;
        let data = self.rest().get(..length).ok_or((RULE, "cut short"))?;
        if holds_object(data) {
            return Err((RULE, "an object inside the data"));
        }
        self.place = self.place.saturating_add(length);
        self.literal(b"\nendstream\nendobj\n", RULE)?;
        Ok(data)
    }
}

/// Whether `‹number› ‹number› obj`, `endobj`, `trailer` or `startxref` stands anywhere.
fn holds_object(data: &[u8]) -> bool {
    data.windows(3).enumerate().any(|(place, three)| {
        let (before, from) = data.split_at_checked(place).unwrap_or((data, &[]));
        match three {
            b"obj" => before.ends_with(b"end") || ends_with_two_numbers(before),
            b"tra" => from.starts_with(b"trailer"),
            b"sta" => from.starts_with(b"startxref"),
            _ => false,
        }
    })
}

fn ends_with_two_numbers(octets: &[u8]) -> bool {
    let is_space = |b: u8| matches!(b, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    let is_digit = |b: u8| b.is_ascii_digit();
    let generation = without_end(octets, is_space);
    let spaces = without_end(generation, is_digit);
    let number = without_end(spaces, is_space);
    generation.len() < octets.len()
        && spaces.len() < generation.len()
        && number.len() < spaces.len()
        && number.last().is_some_and(u8::is_ascii_digit)
}

/// The octets without the last ones that are `unwanted`.
fn without_end(octets: &[u8], unwanted: impl Fn(u8) -> bool) -> &[u8] {
    let length = octets.iter().rev().take_while(|&&b| unwanted(b)).count();
    octets.get(..octets.len().saturating_sub(length)).unwrap_or_default()
}
