//! Date and time of header fields (RFC 5322 §3.3), without a clock.

use serde::{Deserialize, Serialize};
use std::fmt;
use time::{Month, OffsetDateTime, UtcOffset};

/// An instant with the offset in which it was written. Displays as an RFC 5322 `date-time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_s: i64,
    /// Offset from UTC in minutes, east positive; within ±14 hours.
    pub offset_min: i16,
}

/// The years that a mail may claim; outside of them a date is treated as unreadable.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

impl DateTime {
    /// An instant in UTC.
    pub const fn utc(unix_s: i64) -> Self {
        Self { unix_s, offset_min: 0 }
    }

    /// The same instant written in Japan Standard Time.
    #[must_use]
    pub const fn in_jst(self) -> Self {
        Self { unix_s: self.unix_s, offset_min: 540 }
    }

    /// Calendar fields in the instant's own offset; `None` outside the years 1970 to 9999.
    fn calendar(self) -> Option<OffsetDateTime> {
        let offset = UtcOffset::from_whole_seconds(i32::from(self.offset_min).checked_mul(60)?).ok()?;
        let date = OffsetDateTime::from_unix_timestamp(self.unix_s).ok()?.checked_to_offset(offset)?;
        YEARS.contains(&date.year()).then_some(date)
    }

    /// Year, month (1–12) and day in the instant's own offset; `None` when it cannot be written.
    pub fn year_month_day(self) -> Option<(i32, u8, u8)> {
        let date = self.calendar()?;
        Some((date.year(), u8::from(date.month()), date.day()))
    }

    /// Whether this can be written.
    pub fn is_sound(self) -> bool {
        self.calendar().is_some() && self.offset_min.unsigned_abs() <= 14 * 60
    }

    /// Reads a `date-time`, obsolete forms (two-digit years, zone names, comments, no day name) included.
    pub fn parse(text: &str) -> Option<Self> {
        let text = without_comments(text)?;
        let text = text.split_once(',').map_or(text.as_str(), |(_, rest)| rest);
        let mut words = text.split_ascii_whitespace();
        let mut day_word = words.next()?;
        if day_word.bytes().all(|b| b.is_ascii_alphabetic()) {
            day_word = words.next()?;
        }
        let day: u8 = day_word.parse().ok()?;
        let month = month_of(words.next()?)?;
        let year_word = words.next()?;
        let year: i32 = year_word.parse().ok()?;
        // RFC 5322 §4.3: two digits below 50 are 20xx, two or three digits else 19xx.
        let year = match year_word.len() {
            2 if year < 50 => year.checked_add(2000)?,
            2 | 3 => year.checked_add(1900)?,
            _ => year,
        };
        let mut clock = words.next()?.split(':').map(|part| part.parse::<u8>().ok());
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next().unwrap_or(Some(0))?);
        // A leap second is written as the second before it.
        let date = time::Date::from_calendar_date(year, month, day)
            .ok()?
            .with_hms(hour, minute, second.min(59))
            .ok()?;
        let offset_min = words.next().map_or(Some(0), offset_of)?;
        let unix_s =
            date.assume_utc().unix_timestamp().checked_sub(i64::from(offset_min).checked_mul(60)?)?;
        let read = Self { unix_s, offset_min };
        read.is_sound().then_some(read)
    }
}

fn without_comments(text: &str) -> Option<String> {
    let mut depth = 0u32;
    let mut plain = String::with_capacity(text.len().min(256));
    for character in text.chars().take(256) {
        match character {
            '(' => depth = depth.checked_add(1)?,
            ')' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    Some(plain)
}

fn month_of(word: &str) -> Option<Month> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let short = word.get(..3)?.to_ascii_lowercase();
    let number = NAMES.iter().position(|name| *name == short)?.checked_add(1)?;
    Month::try_from(u8::try_from(number).ok()?).ok()
}

fn offset_of(word: &str) -> Option<i16> {
    let (sign, digits) = match word.as_bytes().first()? {
        b'+' => (1i16, word.get(1..)?),
        b'-' => (-1i16, word.get(1..)?),
        _ => return Some(zone_of(word)),
    };
    if digits.len() != 4 {
        return None;
    }
    let hours: i16 = digits.get(..2)?.parse().ok()?;
    let minutes: i16 = digits.get(2..)?.parse().ok()?;
    let offset = hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(sign)?;
    (minutes < 60 && offset.unsigned_abs() <= 14 * 60).then_some(offset)
}

/// RFC 5322 §4.3: known names; all others count as `-0000`. `JST` is ours, Japanese mailers write it.
fn zone_of(word: &str) -> i16 {
    match word.to_ascii_uppercase().as_str() {
        "JST" => 540,
        "EDT" => -240,
        "EST" | "CDT" => -300,
        "CST" | "MDT" => -360,
        "MST" | "PDT" => -420,
        "PST" => -480,
        _ => 0,
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(date) = self.calendar() else { return f.write_str("Thu, 1 Jan 1970 00:00:00 +0000") };
        let (weekday, month) = (date.weekday().to_string(), date.month().to_string());
        let sign = if self.offset_min < 0 { '-' } else { '+' };
        let offset = self.offset_min.unsigned_abs();
        write!(
            f,
            "{}, {} {} {:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            weekday.get(..3).unwrap_or_default(),
            date.day(),
            month.get(..3).unwrap_or_default(),
            date.year(),
            date.hour(),
            date.minute(),
            date.second(),
            offset.checked_div(60).unwrap_or_default(),
            offset.checked_rem(60).unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_back() {
        let cases = [
            ("Fri, 20 Nov 2026 09:00:00 +0900", "Fri, 20 Nov 2026 09:00:00 +0900"),
            ("20 Nov 26 09:00 JST", "Fri, 20 Nov 2026 09:00:00 +0900"),
            ("Fri, 20 Nov 2026 09:00:00 +0900 (JST (Tokyo))", "Fri, 20 Nov 2026 09:00:00 +0900"),
            ("Sat, 31 Dec 2016 23:59:60 GMT", "Sat, 31 Dec 2016 23:59:59 +0000"),
        ];
        for (read, written) in cases {
            assert_eq!(DateTime::parse(read).map(|d| d.to_string()).as_deref(), Some(written));
        }
        for text in [
            "",
            "yesterday",
            "32 Nov 2026 00:00:00 +0000",
            "1 Jan 2026 00:00:00 +9999",
            "1 Jan 99999 0:0:0 +0000",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }
}
