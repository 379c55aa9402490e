//! File names: the one function through which each of them goes.
//!
//! *Security.* Given names from outside, of any length. The result is one path component of at most 200 octets that no
//! program takes for a path, a device or a hidden file, that shows every character it holds, and that ends in the
//! extension of what the octets really are. Time and memory are linear in the first 4,096 characters; the rest is cut.

use unicode_normalization::char::compose;

/// Longest name, in octets of UTF-8.
const OCTETS_MAX: usize = 200;
/// Characters of a name that are looked at.
const CHARS_MAX: usize = 4_096;
/// Stands where nothing is left of a name.
const NAMELESS: &str = "file";

/// A name as it may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The name.
    pub name: String,
    /// Whether it differs from the raw one.
    pub changed: bool,
    /// Whether the raw one was made to mislead: characters that turn or hide the writing, controls, many spaces
    /// before the extension, or a second extension such as in `請求書.pdf.exe`.
    pub deceives: bool,
}

/// Cleans `raw`. `true_extension` (without dot, lower-case) is that of the octets; empty when they have none: then
/// the name keeps its own.
///
/// Kana and Latin letters are composed with the marks that follow them; CJK compatibility ideographs (U+F900–FAFF,
/// U+2F800–2FA1F) stay as they are, because normalising them changes people's names.
pub fn file_name(raw: &str, true_extension: &str) -> FileName {
    let mut deceives = false;
    let kept = raw.chars().take(CHARS_MAX).filter_map(|c| clean_character(c, &mut deceives));
    let clean = composed(kept);
    deceives |= has_gap(&clean);
    let single = single_spaced(&clean);
    let trimmed = trim(&single);
    let (stem, extension) = split_extension(trimmed);
    deceives |= is_double(stem, extension, true_extension);
    let is_told = same_extension(extension, true_extension) || is_variant(extension, true_extension);
    let mut stem = if !true_extension.is_empty() && !is_told {
        // What was said to be the extension stays visible in front of the true one.
        trimmed
    } else {
        stem
    }
    .to_owned();
    let extension =
        if true_extension.is_empty() { extension.to_owned() } else { written(extension, true_extension) };
    if stem.is_empty() {
        NAMELESS.clone_into(&mut stem);
    }
    if is_device(&stem) {
        stem.insert(0, '_');
    }
    let name = shortened(&stem, &extension);
    FileName { changed: name != raw, name, deceives }
}

/// The character as it may stand in a name.
fn clean_character(c: char, deceives: &mut bool) -> Option<char> {
    match c {
        '/' => Some('／'),
        '\\' => Some('＼'),
        ':' => Some('：'),
        '*' => Some('＊'),
        '?' => Some('？'),
        '"' => Some('”'),
        '<' => Some('＜'),
        '>' => Some('＞'),
        '|' => Some('｜'),
        // Backslashes to programs that know only the code pages of Japanese and Korean Windows.
        '\u{a5}' => Some('￥'),
        '\u{20a9}' => Some('￦'),
        '\t'
        | '\r'
        | '\n'
        | '\u{a0}'
        | '\u{2000}'..='\u{200a}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202f}'
        | '\u{205f}' => Some(' '),
        _ if c.is_control() || turns_or_hides(c) => {
            *deceives = true;
            None
        }
        '\u{fffd}' => Some('_'),
        _ => Some(c),
    }
}

/// Characters that have no look of their own: bidi controls, zero-width ones, fillers, tags, noncharacters. The
/// joiner and the variation selectors go too, except those that choose the form of an ideograph.
fn turns_or_hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Marks composed with kana and Latin, Greek and Cyrillic letters alone.
fn composed(characters: impl Iterator<Item = char>) -> String {
    let mut name = String::new();
    let mut last = None;
    for c in characters {
        if matches!(c, '\u{300}'..='\u{34e}' | '\u{3099}' | '\u{309a}')
            && let Some(whole) = last.and_then(|base| compose(base, c))
        {
            name.pop();
            name.push(whole);
            last = Some(whole);
            continue;
        }
        name.push(c);
        last = Some(c);
    }
    name
}

/// Whether many spaces push the end of the name out of sight.
fn has_gap(name: &str) -> bool {
    let inner = name.trim_end();
    inner.contains("     ") || inner.contains("\u{3000}\u{3000}\u{3000}")
}

fn single_spaced(name: &str) -> String {
    let mut single = String::with_capacity(name.len());
    for c in name.chars() {
        if !(c == ' ' && single.ends_with(' ')) {
            single.push(c);
        }
    }
    single
}

/// No dots and spaces at the ends: Windows drops trailing ones, Unix hides by leading ones.
fn trim(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c == '\u{3000}' || c.is_whitespace())
}

/// Stem and extension (without dot); an extension is 1 to 10 ASCII letters and digits.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if (1..=10).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (trim(stem), extension)
        }
        _ => (name, ""),
    }
}

/// Whether two extensions name one format.
fn same_extension(named: &str, truth: &str) -> bool {
    let canonical = |extension: &str| -> String {
        let lower = extension.to_ascii_lowercase();
        let known = match lower.as_str() {
            "jpeg" | "jpe" | "jfif" | "pjpeg" => "jpg",
            "tiff" => "tif",
            "htm" | "xhtml" => "html",
            "text" | "log" => "txt",
            "ical" | "ifb" => "ics",
            "vcard" => "vcf",
            _ => return lower,
        };
        known.to_owned()
    };
    canonical(named) == canonical(truth)
}

/// Whether an extension names a variant (with macros, a template, a show, flat) of the format that was made of it.
fn is_variant(named: &str, truth: &str) -> bool {
    let variants: &[&str] = match truth {
        "docx" => &["docm", "dotx", "dotm"],
        "xlsx" => &["xlsm", "xltx", "xltm"],
        "pptx" => &["pptm", "potx", "potm", "ppsx", "ppsm"],
        "odt" => &["ott", "fodt"],
        "ods" => &["ots", "fods"],
        "odp" => &["otp", "fodp"],
        "odg" => &["otg", "fodg"],
        _ => &[],
    };
    variants.iter().any(|variant| variant.eq_ignore_ascii_case(named))
}

/// The extension as it is written: the sender's spelling when it is true.
fn written(named: &str, truth: &str) -> String {
    if same_extension(named, truth) { named.to_owned() } else { truth.to_owned() }
}

/// A second extension of a kind that people trust or fear, in front of another one.
fn is_double(stem: &str, extension: &str, truth: &str) -> bool {
    const TELLING: &[&str] = &[
        "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "txt", "csv", "jpg", "jpeg",
        "png", "gif", "zip", "lzh", "mp4", "jtd", "exe", "scr", "com", "bat", "cmd", "pif", "js", "jse",
        "vbs", "vbe", "wsf", "wsh", "hta", "lnk", "msi", "ps1", "iso", "img", "jar", "cpl", "url", "reg",
        "dll", "chm", "html", "htm", "svg",
    ];
    const RUNS: &[&str] = &[
        "exe", "scr", "com", "bat", "cmd", "pif", "js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "lnk",
        "msi", "ps1", "jar", "cpl", "url", "reg", "dll", "chm",
    ];
    let (_, inner) = split_extension(stem);
    let inner = inner.to_ascii_lowercase();
    let outer = extension.to_ascii_lowercase();
    let (telling, runs) =
        (TELLING.contains(&inner.as_str()), RUNS.contains(&outer.as_str()) || RUNS.contains(&inner.as_str()));
    telling && outer != inner && (runs || RUNS.contains(&truth))
}

/// Device names of Windows, with or without extension.
fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end();
    let upper = first.to_ascii_uppercase();
    if matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let number = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"));
    number.is_some_and(|n| {
        let mut digits = n.chars();
        matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    })
}

/// Stem and extension within the limit; the stem is cut at a character, a cut is shown by `…`.
fn shortened(stem: &str, extension: &str) -> String {
    let tail = if extension.is_empty() { String::new() } else { format!(".{extension}") };
    let room = OCTETS_MAX.saturating_sub(tail.len());
    if stem.len() <= room {
        return format!("{stem}{tail}");
    }
    let mut end = room.saturating_sub('…'.len_utf8());
    while !stem.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let cut = stem.get(..end).unwrap_or_default().trim_end_matches(['.', ' ', '\u{3000}']);
    format!("{cut}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        // (raw, true extension, name, changed, deceives)
        let cases = [
            ("報告書.pdf", "pdf", "報告書.pdf", false, false),
            ("報告書.PDF", "pdf", "報告書.PDF", false, false),
            ("写真.jpeg", "jpg", "写真.jpeg", false, false),
            ("報告書.doc", "pdf", "報告書.doc.pdf", true, false),
            ("報告書", "pdf", "報告書.pdf", true, false),
            ("請求書.pdf.exe", "pdf", "請求書.pdf.exe.pdf", true, true),
            ("請求書.exe.pdf", "pdf", "請求書.exe.pdf", false, true),
            ("見積.v1.2.pdf", "pdf", "見積.v1.2.pdf", false, false),
            ("a.tar.gz", "", "a.tar.gz", false, false),
            ("請求書\u{202e}fdp.exe", "pdf", "請求書fdp.exe.pdf", true, true),
            ("か\u{3099}く.txt", "txt", "がく.txt", true, false),
            ("e\u{301}.txt", "txt", "é.txt", true, false),
            ("\u{fa19}\u{fa11}様.txt", "txt", "\u{fa19}\u{fa11}様.txt", false, false),
            ("葛\u{e0100}城.txt", "txt", "葛\u{e0100}城.txt", false, false),
            ("\u{e000}.txt", "txt", "\u{e000}.txt", false, false),
            ("../../etc/passwd", "txt", "／..／etc／passwd.txt", true, false),
            ("C:\\a\\b.txt", "txt", "C：＼a＼b.txt", true, false),
            ("CON.txt", "txt", "_CON.txt", true, false),
            ("nul", "", "_nul", true, false),
            ("com1.tar.txt", "txt", "_com1.tar.txt", true, false),
            ("console.txt", "txt", "console.txt", false, false),
            ("a.txt. . .", "txt", "a.txt", true, false),
            (".htaccess", "txt", "htaccess.txt", true, false),
            ("", "pdf", "file.pdf", true, false),
            ("...", "", "file", true, false),
            (".pdf", "pdf", "pdf.pdf", true, false),
            ("a\0b\r\nc.txt", "txt", "ab c.txt", true, true),
            ("請求書.pdf                         .exe", "pdf", "請求書.pdf .exe.pdf", true, true),
            ("a\u{200b}b.txt", "txt", "ab.txt", true, true),
            ("..\u{a5}a\u{20a9}b.txt", "txt", "￥a￦b.txt", true, false),
            ("集計.fods", "ods", "集計.ods", true, false),
            ("集計.XLSM", "xlsx", "集計.xlsx", true, false),
            ("様式.ott", "odt", "様式.odt", true, false),
            ("集計.xlsm", "docx", "集計.xlsm.docx", true, false),
            ("2026:11:20 <最終>?.txt", "txt", "2026：11：20 ＜最終＞？.txt", true, false),
        ];
        for (raw, extension, name, changed, deceives) in cases {
            let expected = FileName { name: name.to_owned(), changed, deceives };
            assert_eq!(file_name(raw, extension), expected, "{raw:?}");
        }
        assert_eq!(cases.len(), 35);
    }

    #[test]
    fn long_names_keep_their_extension() {
        let long = format!("{}.pdf", "あ".repeat(100));
        let short = file_name(&long, "pdf");
        assert!(short.name.len() <= OCTETS_MAX && short.name.ends_with("….pdf"));
        assert!(file_name(&"\u{202e}".repeat(100_000), "exe").deceives);
        let fits = format!("{}.pdf", "a".repeat(196));
        assert!(!file_name(&fits, "pdf").changed);
    }

    #[test]
    fn a_cleaned_name_stays_as_it_is() {
        for raw in ["CON.txt", "a/b:c", "請求書.pdf.exe", " .x. ", "か\u{3099}", "\u{202e}x"] {
            let once = file_name(raw, "pdf");
            assert_eq!(file_name(&once.name, "pdf").name, once.name, "{raw:?}");
        }
    }
}
