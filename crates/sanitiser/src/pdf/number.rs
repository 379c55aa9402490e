//! Numbers as they stand in our PDFs: at most six digits before and three after the point, one spelling each.

use std::fmt;

/// A number in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(i64);

/// Most thousandths: six digits before the point.
const MOST: i64 = 999_999_999;

impl Number {
    /// Rounded to thousandths; what is not finite or too large becomes the nearest that can be said.
    #[expect(clippy::cast_possible_truncation, reason = "clamped first, and float to integer casts saturate")]
    pub(super) fn of(value: f64) -> Self {
        let thousandths = (value * 1000.0).round();
        Self((thousandths as i64).clamp(MOST.saturating_neg(), MOST))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let whole = magnitude.checked_div(1000).unwrap_or(0);
        let rest = magnitude.checked_rem(1000).unwrap_or(0);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let digits = format!("{rest:03}");
            write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        let cases = [
            (595.276, "595.276"),
            (0.0, "0"),
            (-0.0001, "0"),
            (-0.5, "-0.5"),
            (100.0, "100"),
            (0.010, "0.01"),
            (f64::NAN, "0"),
            (1e12, "999999.999"),
        ];
        for (value, spelt) in cases {
            assert_eq!(Number::of(value).to_string(), spelt);
        }
        assert_eq!(cases.len(), 8);
    }
}
