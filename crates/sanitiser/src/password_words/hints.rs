//! Passwords that a mail describes instead of saying them: 「本日の日付8桁」, 「貴社電話番号の下4桁」.

use super::line::Line;
use mail::DateTime;

/// Words that speak of a date as a password.
const OF_DATES: &[&str] =
    &["本日", "日付", "年月日", "送信日", "送付日", "今日", "西暦", "月日", "today", "date"];
/// Words that speak of the last digits of a number.
const OF_TELEPHONES: &[&str] = &["電話", "tel", "phone", "携帯", "番号"];
/// Digits of a telephone number.
const TELEPHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=13;
/// Telephone numbers that are looked at.
const TELEPHONES_MAX: usize = 10;

/// The date of the mail in the forms in which people use it; `take` is told whether the mail speaks of dates.
pub(super) fn dates(date: Option<DateTime>, lines: &[Line], take: &mut dyn FnMut(bool, &str)) {
    let Some(date) = date else { return };
    let sure = lines.iter().any(|line| line.has_digits_or_announces() && line.speaks_of(OF_DATES));
    for (year, month, day) in [date.in_jst(), date].into_iter().filter_map(DateTime::year_month_day) {
        let (short, era) = (year.rem_euclid(100), year.saturating_sub(2018));
        let mut forms = vec![
            format!("{year:04}{month:02}{day:02}"),
            format!("{short:02}{month:02}{day:02}"),
            format!("{month:02}{day:02}"),
        ];
        if sure {
            forms.extend([
                format!("{year:04}/{month:02}/{day:02}"),
                format!("{year:04}-{month:02}-{day:02}"),
                format!("{year}{month}{day}"),
                format!("{day:02}{month:02}{year:04}"),
                format!("{era:02}{month:02}{day:02}"),
                format!("R{era:02}{month:02}{day:02}"),
                format!("R{era}{month:02}{day:02}"),
                format!("{year:04}年{month}月{day}日"),
            ]);
        }
        for form in forms {
            take(sure, &form);
        }
    }
}

/// The last digits of the telephone numbers in the mail, when it speaks of them.
pub(super) fn telephones(lines: &[Line], take: &mut dyn FnMut(&str)) {
    let Some(count) = lines.iter().find_map(|line| line.last_digits_wanted()) else { return };
    let numbers = lines.iter().flat_map(Line::numbers).filter(|n| TELEPHONE_DIGITS.contains(&n.len()));
    for number in numbers.take(TELEPHONES_MAX) {
        if let Some(last) = number.len().checked_sub(count).and_then(|from| number.get(from..)) {
            take(last);
        }
    }
}

impl Line {
    fn speaks_of(&self, words: &[&str]) -> bool {
        let text = self.folded();
        words.iter().any(|word| text.contains(word))
    }

    fn has_digits_or_announces(&self) -> bool {
        !self.announcements().is_empty()
            || self.holds(|c| c == '桁')
            || (self.holds(|c| matches!(c, 'g' | 'G')) && self.folded().contains("digit"))
    }

    /// How many of the last digits of a telephone number are the password: 「下4桁」, 「末尾四桁」, `last 4 digits`.
    fn last_digits_wanted(&self) -> Option<usize> {
        // Few lines speak of digits at all.
        if !self.holds(|c| matches!(c, '桁' | 'd' | 'D'))
            || !self.holds(|c| matches!(c, '下' | '末' | 'l' | 'L'))
        {
            return None;
        }
        let text = self.folded();
        if !OF_TELEPHONES.iter().any(|word| text.contains(word)) {
            return None;
        }
        let behind = ["下", "末尾", "last"].iter().find_map(|word| text.split_once(word))?.1.trim_start();
        let is_digits = behind.chars().take(6).any(|c| c == '桁' || c == 'd');
        match behind.chars().next()? {
            _ if !is_digits => None,
            '3' | '三' => Some(3),
            '4' | '四' | 'f' => Some(4),
            '5' | '五' => Some(5),
            '6' | '六' => Some(6),
            '8' | '八' => Some(8),
            _ => None,
        }
    }

    /// The numbers of the line, hyphens and brackets within them left out.
    fn numbers(&self) -> Vec<String> {
        let text = self.folded();
        let pieces = text.split(|c: char| !c.is_ascii_digit() && !"-()".contains(c));
        pieces.map(|piece| piece.chars().filter(char::is_ascii_digit).collect()).collect()
    }
}
