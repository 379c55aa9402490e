//! Member names → text for display. Archives do not say what charset their names are in; Japanese ones mix them.
//!
//! *Security.* A name is data, never a path here. Control, bidi and invisible characters are taken out.

use encoding_rs::{EUC_JP, SHIFT_JIS};

/// Longest raw name that is looked at; none that is longer can be opened anywhere.
const NAME_OCTETS_MAX: usize = 1_024;
/// Longest name that is shown, in characters.
const NAME_CHARS_MAX: usize = 150;

/// A name as it stands in the archive.
#[derive(Clone)]
pub(super) enum RawName {
    /// Said to be, or by its format always, Unicode.
    Known(String),
    /// In the charset of the machine that wrote it: UTF-8 or CP932.
    Local(Vec<u8>),
}

impl RawName {
    pub(super) fn local(octets: &[u8]) -> Self {
        Self::Local(octets.get(..NAME_OCTETS_MAX).unwrap_or(octets).to_vec())
    }

    pub(super) fn utf8(octets: &[u8]) -> Self {
        let octets = octets.get(..NAME_OCTETS_MAX).unwrap_or(octets);
        match std::str::from_utf8(octets) {
            Ok(text) => Self::Known(text.to_owned()),
            // Old 7-Zip sets the flag for the archive and writes single names in CP932.
            Err(_) => Self::Local(octets.to_vec()),
        }
    }

    pub(super) fn utf16(units: impl Iterator<Item = u16>) -> Self {
        Self::Known(
            char::decode_utf16(units.take(NAME_OCTETS_MAX))
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        )
    }
}

/// Whether the local names of an archive are UTF-8: all of them must be. A single half-width kana pair in CP932 can
/// pass for UTF-8, a whole listing hardly.
pub(super) fn are_utf8<'a>(names: impl Iterator<Item = &'a RawName>) -> bool {
    names.into_iter().all(|name| match name {
        RawName::Known(_) => true,
        RawName::Local(octets) => std::str::from_utf8(octets).is_ok(),
    })
}

/// The name as text with `/` between folders, not yet cleaned.
pub(super) fn decode(name: &RawName, local_is_utf8: bool) -> String {
    let text = match name {
        RawName::Known(text) => text.clone(),
        RawName::Local(octets) if local_is_utf8 => String::from_utf8_lossy(octets).into_owned(),
        RawName::Local(octets) => match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(octets)
        {
            Some(text) => text.into_owned(),
            None => EUC_JP
                .decode_without_bom_handling_and_without_replacement(octets)
                .unwrap_or_else(|| SHIFT_JIS.decode_without_bom_handling(octets).0)
                .into_owned(),
        },
    };
    text.replace('\\', "/")
}

/// Whether a character has no place in a name that people read.
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || c.is_control()
}

/// The name for display, and whether something had to be taken out that deceives.
pub(super) fn display(text: &str) -> (String, bool) {
    let deceptive = text.chars().any(deceives);
    let mut chars = text.chars().filter(|&c| !deceives(c));
    let mut shown: String = chars.by_ref().take(NAME_CHARS_MAX).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    (shown, deceptive)
}

/// Whether a name points out of the folder that it is unpacked into.
pub(super) fn leaves_folder(text: &str) -> bool {
    let drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    drive
        || text.starts_with('/')
        || text.split('/').any(|step| step.trim_end_matches([' ', '.']).is_empty() && step.starts_with(".."))
}

/// The last extension, lower-cased, without what Windows ignores at the end.
pub(super) fn extension(text: &str) -> String {
    let base = text.rsplit('/').next().unwrap_or_default().trim_end_matches([' ', '.']);
    base.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}
