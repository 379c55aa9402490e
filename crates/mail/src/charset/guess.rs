//! Which of the Japanese charsets octets prove to be.
//!
//! Every candidate that reads without fault is weighed by what its characters are in real text: kana and the kanji
//! of JIS level 1 stand together in runs, level 2 is rare, half-width kana carries its marks on the right letters.

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8};

/// A proven charset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Japanese {
    /// UTF-8; any language.
    Utf8,
    /// `Shift_JIS` (CP932).
    ShiftJis,
    /// EUC-JP.
    EucJp,
}

impl Japanese {
    const fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::ShiftJis => SHIFT_JIS,
            Self::EucJp => EUC_JP,
        }
    }
}

/// Octets that are weighed; validity is asked of all.
const SAMPLE_OCTETS: usize = 16 * 1024;
/// Least mean weight of the characters above ASCII that makes text plausible, in sixteenths.
const PLAUSIBLE: i64 = 8;

/// The charset that the octets prove; `None` when nothing is proven.
pub(super) fn japanese(octets: &[u8]) -> Option<Japanese> {
    if is_utf8(octets) {
        return Some(Japanese::Utf8);
    }
    let weighed = [Japanese::ShiftJis, Japanese::EucJp].into_iter().filter_map(|candidate| {
        let sound = candidate
            .encoding()
            .decode_without_bom_handling_and_without_replacement(without_cut_end(octets, candidate))?;
        Some((weight(sample(&sound)), candidate))
    });
    weighed.filter(|(weight, _)| *weight >= PLAUSIBLE).max_by_key(|(weight, _)| *weight).map(|(_, c)| c)
}

/// Whether everything is UTF-8 with a multi-octet character, but for a character cut at the end.
pub(super) fn is_utf8(octets: &[u8]) -> bool {
    match std::str::from_utf8(octets) {
        Ok(text) => !text.is_ascii(),
        Err(fault) => {
            let whole = octets.get(..fault.valid_up_to()).unwrap_or_default();
            fault.error_len().is_none() && !whole.is_ascii()
        }
    }
}

/// A text that was cut by a program ends within a character: one lead octet at the end says nothing.
fn without_cut_end(octets: &[u8], candidate: Japanese) -> &[u8] {
    let Some((last, rest)) = octets.split_last() else { return octets };
    let lead = match candidate {
        Japanese::ShiftJis => matches!(last, 0x81..=0x9f | 0xe0..=0xfc),
        Japanese::EucJp => matches!(last, 0x8e | 0x8f | 0xa1..=0xfe),
        Japanese::Utf8 => false,
    };
    let whole = || candidate.encoding().decode_without_bom_handling_and_without_replacement(octets).is_some();
    if lead && !whole() { rest } else { octets }
}

/// Whether a Japanese reading holds against a label of a single-octet charset, under which everything is valid.
pub(super) fn outweighs_single_octets(octets: &[u8], proven: Japanese) -> bool {
    if proven == Japanese::Utf8 {
        return true;
    }
    let (text, _) = proven.encoding().decode_without_bom_handling(octets);
    let kana = sample(&text).chars().filter(|&c| is_kana(c)).count();
    kana >= 2 && weight(sample(&text)) >= 2 * PLAUSIBLE
}

/// Whether a reading beats the one under the label, which has faults or looks like UTF-8.
pub(super) fn beats(octets: &[u8], proven: Japanese, by_label: &str) -> bool {
    let (text, _) = proven.encoding().decode_without_bom_handling(octets);
    weight(sample(&text)) > weight(sample(by_label))
}

/// Whether a reading as windows-1252 looks like Western text: its accented letters stand mostly among plain ones, and
/// it holds none of the five octets without a meaning.
pub(super) fn is_plausible_western(text: &str) -> bool {
    let (mut letters, mut in_runs) = (0usize, 0usize);
    let mut characters = sample(text).chars().peekable();
    let mut before = ' ';
    let foreign = |c: char| !c.is_ascii() && c.is_alphabetic();
    while let Some(c) = characters.next() {
        if matches!(c, '\u{80}'..='\u{9f}') {
            return false;
        }
        if foreign(c) {
            letters = letters.saturating_add(1);
            if foreign(before) || characters.peek().is_some_and(|&after| foreign(after)) {
                in_runs = in_runs.saturating_add(1);
            }
        }
        before = c;
    }
    in_runs < 4 || in_runs.saturating_mul(2) <= letters
}

/// Whether octets that are valid under a Japanese double-octet label are UTF-8 all the same.
pub(super) fn utf8_is_proven(octets: &[u8], by_label: &str) -> bool {
    let long = octets.iter().filter(|o| **o >= 0xe0).count();
    match std::str::from_utf8(octets) {
        Ok(text) => long >= 1 && weight(sample(text)) > weight(sample(by_label)),
        Err(_) => false,
    }
}

/// Whether octets read as EUC-JP hold rows 4 or 5 (kana): half-width kana alone practically never does.
pub(super) fn has_kana_rows(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_ok()
        || EUC_JP
            .decode_without_bom_handling_and_without_replacement(octets)
            .is_some_and(|text| text.chars().any(is_kana))
}

fn sample(text: &str) -> &str {
    let mut end = text.len().min(SAMPLE_OCTETS);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or(text)
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fc}')
}

/// Mean weight of the characters above ASCII, in sixteenths.
fn weight(text: &str) -> i64 {
    let (mut sum, mut number) = (0i64, 0i64);
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if !c.is_ascii() {
            let after = characters.peek().copied().unwrap_or(' ');
            let alone = before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric();
            let beside_letter = before.is_ascii_alphabetic() || after.is_ascii_alphabetic();
            let penalty = match c {
                '\u{ff61}'..='\u{ff9f}' if beside_letter => 32,
                _ if alone => 40,
                _ => 0,
            };
            sum = sum.saturating_add(weight_of(c, before)).saturating_sub(penalty);
            number = number.saturating_add(1);
        }
        before = c;
    }
    sum.checked_div(number).unwrap_or_default()
}

fn weight_of(c: char, before: char) -> i64 {
    match c {
        '\u{3041}'..='\u{3096}' => 48,
        '\u{30a1}'..='\u{30fc}' => 40,
        '\u{3000}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' => 32,
        '\u{4e00}'..='\u{9fff}' => kanji(c),
        '\u{ff9e}' => {
            if takes_voice(before) {
                96
            } else {
                -48
            }
        }
        '\u{ff9f}' => {
            if matches!(before, '\u{ff8a}'..='\u{ff8e}') {
                96
            } else {
                -48
            }
        }
        '\u{ff61}'..='\u{ff9d}' => 8,
        '\u{fffd}' => -192,
        '\u{80}'..='\u{9f}' => -96,
        '\u{e000}'..='\u{f8ff}' => -32,
        '\u{a0}'..='\u{24f}' => 4,
        '\u{2010}'..='\u{2026}'
        | '\u{2460}'..='\u{2473}'
        | '\u{2190}'..='\u{2193}'
        | '\u{25a0}'..='\u{25cf}' => 24,
        '\u{1f300}'..='\u{1faff}' => 24,
        _ => -12,
    }
}

fn takes_voice(c: char) -> bool {
    matches!(c, '\u{ff73}' | '\u{ff76}'..='\u{ff84}' | '\u{ff8a}'..='\u{ff8e}')
}

/// Level 1 of JIS X 0208 (rows 16–47) is what is read every day.
fn kanji(c: char) -> i64 {
    let mut octets = [0; 4];
    let (euc, _, unmappable) = EUC_JP.encode(c.encode_utf8(&mut octets));
    match euc.first() {
        Some(0xb0..=0xcf) if !unmappable => 32,
        Some(0xd0..=0xf4) if !unmappable => -8,
        _ => -24,
    }
}
