//! What comes from outside, made fit for our sentences; dates; and lines that pretend to be ours.

use super::Tongue;
use mail::DateTime;

/// Longest quoted name, in characters.
const QUOTED_CHARS: usize = 60;
/// Extensions after a dot that no program takes for a domain.
const PLAIN_EXTENSIONS: &[&str] = &[
    "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "txt", "csv", "tsv", "png", "jpg",
    "jpeg", "gif", "tif", "tiff", "bmp", "webp", "html", "htm", "xml", "json", "ics", "vcf", "eml", "msg",
    "rtf", "odt", "ods", "odp", "jtd", "xdw", "7z", "rar", "lzh", "exe", "dat", "svg", "heic",
];

/// A name from outside in 「」: one line, at most 60 characters, nothing clickable.
pub fn quoted(name: &str) -> String {
    let line = one_line(name);
    let mut characters = line.chars();
    let mut short: String = characters.by_ref().take(QUOTED_CHARS).collect();
    if characters.next().is_some() {
        short.pop();
        short.push('…');
    }
    let last_dot = short.rfind('.').filter(|dot| {
        let extension = short.get(dot.saturating_add(1)..).unwrap_or_default();
        PLAIN_EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
    });
    let broken = short.char_indices().map(|(at, c)| match c {
        '.' if Some(at) != last_dot => '．',
        ':' => '：',
        '@' => '＠',
        '/' => '／',
        '\\' => '＼',
        '「' => '『',
        '」' => '』',
        _ => c,
    });
    format!("「{}」", broken.collect::<String>())
}

/// Text on one line, without anything that hides or turns the writing.
pub(super) fn one_line(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        _ if c.is_control() || is_invisible(c) => None,
        _ => Some(c),
    });
    kept.collect::<String>().trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e00ff}')
}

/// A day as a clerk writes it: `令和8年12月20日（2026年）`.
pub(super) fn day(instant: DateTime, tongue: Tongue) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let Some((year, month, day)) = instant.in_jst().year_month_day() else { return String::new() };
    match tongue {
        // 令和 began on 1 May 2019; a day that is to come always lies after it.
        Tongue::Japanese => match year.checked_sub(2018).filter(|era| *era >= 1) {
            Some(1) => format!("令和元年{month}月{day}日（{year}年）"),
            Some(era) => format!("令和{era}年{month}月{day}日（{year}年）"),
            None => format!("{year}年{month}月{day}日"),
        },
        Tongue::English => {
            let name = MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default();
            format!("{day} {name} {year}")
        }
    }
}

/// Whether an incoming line pretends to be one of ours: it begins like the heading or the status line, or speaks of
/// 無害化 and gives an address on the web, which we never do. Lines that are quoted already are not.
pub fn imitation_of(line: &str) -> bool {
    let is_decoration = |c: char| !c.is_alphanumeric() || matches!(c, 'ー' | '一');
    // Nearly every line ends here: whatever is ours holds 無 or begins with an M.
    let first = line.chars().filter_map(folded).find(|&c| !is_decoration(c));
    if line.starts_with('>') || (first != Some('m') && !line.contains('無')) {
        return false;
    }
    let folded: String = line.chars().filter_map(folded).collect();
    let folded = folded.replace("ﾒｰﾙ", "メール");
    let speaks_of_it = folded.contains("無害化");
    if speaks_of_it && ["://", "www.", "http"].iter().any(|mark| folded.contains(mark)) {
        return true;
    }
    let bare = folded.trim_start_matches(is_decoration);
    ["メール無害化のお知らせ", "メール無害化", "無害化結果", "無害化のお知らせ", "mailsafetynotice"]
        .iter()
        .any(|ours| {
            bare.strip_prefix(ours).is_some_and(|rest| {
                rest.chars().next().is_none_or(|next| !next.is_alphabetic() || "受より（(".contains(next))
            })
        })
}

/// A character as imitation is looked for: no spaces, nothing invisible, full-width Latin as Latin, lower case.
fn folded(c: char) -> Option<char> {
    if c.is_whitespace() || c.is_control() || is_invisible(c) {
        return None;
    }
    let plain = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c).saturating_sub(0xfee0)).unwrap_or(c),
        _ => c,
    };
    Some(plain.to_ascii_lowercase())
}
