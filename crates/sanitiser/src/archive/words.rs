//! The given passwords → the forms in which a locked file may want them.
//!
//! Senders type full-width or half-width letters, and their programs turn them into octets by UTF-8 or by the code page
//! of Japanese Windows. The forms as given come first for all words, because each try may cost much.
//!
//! *Security.* At most [`WORDS_MAX`] words; what trying them costs is spent by whoever tries.

use encoding_rs::SHIFT_JIS;
use unicode_normalization::UnicodeNormalization;

/// Most words that are tried on one file.
pub(crate) const WORDS_MAX: usize = 200;

/// The words as given, then in other widths; each once.
pub(crate) fn texts(words: &[String]) -> Vec<String> {
    let words = words.get(..WORDS_MAX).unwrap_or(words);
    let mut forms: Vec<String> = words.to_vec();
    forms.extend(words.iter().map(|word| word.nfkc().collect()));
    forms.extend(words.iter().map(|word| word.chars().map(full_width).collect()));
    once_each(forms)
}

/// The same as octets: UTF-8, then CP932.
pub(crate) fn octets(words: &[String]) -> Vec<Vec<u8>> {
    let texts = texts(words);
    let mut forms: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
    forms.extend(texts.iter().filter_map(|text| {
        let (octets, _, lossy) = SHIFT_JIS.encode(text);
        (!lossy).then(|| octets.into_owned())
    }));
    once_each(forms)
}

fn full_width(c: char) -> char {
    match u32::from(c) {
        code @ 0x21..=0x7e => char::from_u32(code.saturating_add(0xfee0)).unwrap_or(c),
        _ => c,
    }
}

fn once_each<T: Clone + Eq + std::hash::Hash>(forms: Vec<T>) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    forms.into_iter().filter(|form| seen.insert(form.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_charsets_are_tried_as_given_first() {
        let words = ["ＡＢ１２".to_owned(), "tanaka".to_owned(), "総務".to_owned()];
        assert_eq!(texts(&words), ["ＡＢ１２", "tanaka", "総務", "AB12", "ｔａｎａｋａ"]);
        let octets = octets(&words);
        assert_eq!(octets.len(), 8);
        assert!(octets.contains(&b"\x91\x8d\x96\xb1".to_vec()));
        assert_eq!(texts(&vec![String::new(); 500]).len(), 1);
    }
}
