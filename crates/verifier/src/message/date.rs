//! The one spelling of a date-time that is written: `Fri, 20 Nov 2026 09:00:00 +0900` (RFC 5322 §3.3).

use mail::DateTime;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads the spelling; `None` for every other one, a wrong weekday and days that do not exist included.
pub(super) fn read(text: &str) -> Option<DateTime> {
    let (weekday, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (clock, zone) = (words.next()?, words.next()?);
    if words.next().is_some() || day.starts_with('0') || day.len() > 2 || year.len() != 4 || zone.len() != 5 {
        return None;
    }
    let day = number(day)?;
    let year = number(year)?;
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?.checked_add(1)?).ok()?;
    let mut clock_words = clock.split(':').map(|two| if two.len() == 2 { number(two) } else { None });
    let (hour, minute, second) = (clock_words.next()??, clock_words.next()??, clock_words.next()??);
    let (sign, zone) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let zone = number(zone)?;
    let (zone_hours, zone_minutes) = (zone.checked_div(100)?, zone.checked_rem(100)?);
    let sound = clock_words.next().is_none()
        && (1..=days_in(month, year)).contains(&day)
        && (1970..=9999).contains(&year)
        && hour < 24
        && minute < 60
        && second < 60
        && zone_minutes < 60
        && zone_hours <= 14
        && !(sign < 0 && zone == 0);
    if !sound {
        return None;
    }
    let offset_min = zone_hours.checked_mul(60)?.checked_add(zone_minutes)?.checked_mul(sign)?;
    let days = days_since_epoch(year, month, day)?;
    if DAYS.get(usize::try_from(days.checked_add(3)?.rem_euclid(7)).ok()?) != Some(&weekday) {
        return None;
    }
    let seconds = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    let local = days.checked_mul(86_400)?.checked_add(seconds)?;
    let unix_s = local.checked_sub(offset_min.checked_mul(60)?)?;
    Some(DateTime { unix_s, offset_min: i16::try_from(offset_min).ok()? })
}

fn number(digits: &str) -> Option<i64> {
    let sound = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if sound { digits.parse().ok() } else { None }
}

const fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let before = year.checked_sub(1)?;
    let leaps =
        before.div_euclid(4).checked_sub(before.div_euclid(100))?.checked_add(before.div_euclid(400))?;
    let years = before.checked_mul(365)?.checked_add(leaps)?.checked_sub(719_162)?;
    let months: i64 = (1..month).map(|earlier| days_in(earlier, year)).sum();
    years.checked_add(months)?.checked_add(day.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_spelling_is_read() {
        for unix_s in [0, 951_782_399, 951_782_400, 1_709_164_800, 1_763_596_800, 253_402_300_799] {
            for offset_min in [0, 540, -300, 330] {
                let date = DateTime { unix_s, offset_min };
                if date.is_sound() {
                    assert_eq!(read(&date.to_string()), Some(date));
                }
            }
        }
    }

    #[test]
    fn other_spellings_are_not() {
        let cases = [
            "Thu, 20 Nov 2026 09:00:00 +0900",
            "Fri, 20 Nov 2026 09:00:00 JST",
            "Fri, 20 Nov 2026 09:00 +0900",
            "20 Nov 2026 09:00:00 +0900",
            "Fri, 20 Nov 2026 09:00:00 +0900 (JST)",
            "Fri,  20 Nov 2026 09:00:00 +0900",
            "Fri, 20 nov 2026 09:00:00 +0900",
            "Fri, 20 Nov 26 09:00:00 +0900",
            "Fri, 20 Nov 2026 24:00:00 +0900",
            "Fri, 20 Nov 2026 09:00:00 -0000",
            "Mon, 30 Feb 2026 09:00:00 +0900",
            "Fri, +20 Nov 2026 09:00:00 +0900",
        ];
        for case in cases {
            assert_eq!(read(case), None, "{case}");
        }
    }
}
