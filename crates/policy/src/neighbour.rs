//! What makes two mails neighbours, so that the password of one may open the files of the other: the domain of their
//! sender, a thread (RFC 5322 §3.6.4), a file name that one bears and the other mentions.
//!
//! *Security.* Given decoded values of any sender. A mark that fits by chance, or by deceit, costs a try and opens
//! nothing. Looks at [`SAID_CHARS_MAX`] characters and gives out a bounded number of marks.

use mail::{Fields, ReversePath};

/// Characters of a text in which file names are looked for.
const SAID_CHARS_MAX: usize = 64 * 1024;
/// Ids of a thread that are looked at: the first and the last ones.
const IDS_MAX: usize = 8;
/// File names that wait, or that are mentioned.
const NAMES_MAX: usize = 8;
/// Characters before the extension up to which a mention may begin.
const STEM_CHARS_MAX: usize = 16;
/// Characters of a stem below which a name says nothing.
const STEM_CHARS_MIN: usize = 2;
/// Extensions by which a file name is seen in a text.
const EXTENSIONS: &[&str] = &[
    ".zip", ".7z", ".rar", ".lzh", ".pdf", ".docx", ".docm", ".doc", ".xlsx", ".xlsm", ".xls", ".pptx",
    ".ppt", ".exe", ".cab", ".gz",
];

/// The marks of a mail, the most telling first. `said` is its subject and text, `waiting` the names of its files that
/// wait for a password.
pub fn marks<'a>(
    fields: &Fields,
    reverse_path: &ReversePath,
    said: &str,
    waiting: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let mut marks = Vec::new();
    for address in senders(fields, reverse_path) {
        if let Some((_, domain)) = address.rsplit_once('@') {
            add(&mut marks, format!("domain {}", organisation(domain)));
        }
    }
    let ids: Vec<&str> = fields
        .message_id
        .iter()
        .chain(&fields.in_reply_to)
        .chain(&fields.references)
        .map(mail::MessageId::as_str)
        .collect();
    let last = ids.iter().rev().take(IDS_MAX.saturating_sub(2));
    for id in ids.iter().take(2).chain(last) {
        add(&mut marks, format!("thread {id}"));
    }
    for name in waiting.into_iter().take(NAMES_MAX) {
        let name = folded(name);
        if let Some(tail) = tail_of(&name) {
            add(&mut marks, format!("name {tail}"));
        }
    }
    for mention in mentions(said) {
        add(&mut marks, format!("name {mention}"));
    }
    marks
}

/// The addresses of the sender, in lower case: From, and the reverse-path.
pub fn senders(fields: &Fields, reverse_path: &ReversePath) -> Vec<String> {
    let mut senders = Vec::new();
    for mailbox in fields.from.iter().take(1) {
        add(&mut senders, mailbox.addr_spec.to_ascii_lowercase());
    }
    if let ReversePath::Mailbox(mailbox) = reverse_path {
        add(&mut senders, mailbox.to_string().to_ascii_lowercase());
    }
    senders.retain(|sender| sender.contains('@'));
    senders
}

/// Addresses and domains under which something may have been agreed with a sender: the address, its domain, and the
/// domains above it down to the organisation's.
pub fn known_as(sender: &str) -> Vec<String> {
    let mut known = vec![sender.to_owned()];
    let Some((_, mut domain)) = sender.rsplit_once('@') else { return known };
    let organisation = organisation(domain);
    loop {
        known.push(domain.to_owned());
        match domain.split_once('.') {
            Some((_, above)) if domain != organisation && known.len() < 8 => domain = above,
            _ => return known,
        }
    }
}

/// The part of a domain that one organisation registers: two labels, or three where a country sorts its organisations
/// (`example.co.jp`). A guess: that of a prefecture's name (`city.example.kanagawa.jp`) is too wide.
fn organisation(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else { return domain };
    let is_country = domain.len().saturating_sub(last) == 3;
    let is_sorted = is_country && last.saturating_sub(second) <= 4;
    let start =
        if is_sorted { dots.next().map(|at| at.saturating_add(1)) } else { Some(second.saturating_add(1)) };
    start.and_then(|start| domain.get(start..)).unwrap_or(domain)
}

fn add(list: &mut Vec<String>, entry: String) {
    if !entry.is_empty() && !list.contains(&entry) {
        list.push(entry);
    }
}

/// Lower case, full-width signs as half-width ones.
fn folded(text: &str) -> String {
    let half = text.chars().take(SAID_CHARS_MAX).map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c).saturating_sub(0xfee0)).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    });
    half.flat_map(char::to_lowercase).collect()
}

/// The end of a file name by which a mention is compared: Japanese has no spaces, so that nobody knows where in a
/// sentence a name begins.
fn tail_of(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let known = EXTENSIONS.iter().any(|e| e.strip_prefix('.') == Some(extension));
    let mut tail: Vec<char> = stem.chars().rev().take(STEM_CHARS_MAX).collect();
    tail.reverse();
    let length = stem.chars().count();
    (known && length >= STEM_CHARS_MIN).then(|| format!("{}.{extension}", tail.iter().collect::<String>()))
}

/// Every end of what stands before an extension: one of them is the tail of the name that is meant.
fn mentions(said: &str) -> Vec<String> {
    let said = folded(said);
    let mut found = Vec::new();
    let mut names = 0usize;
    for (at, _) in said.match_indices('.') {
        let rest = said.get(at..).unwrap_or_default();
        let ends = |extension: &&&str| {
            let after = rest.strip_prefix(**extension)?.chars().next();
            Some(!after.is_some_and(|c| c.is_ascii_alphanumeric()))
        };
        let Some(extension) = EXTENSIONS.iter().find(|extension| ends(extension) == Some(true)) else {
            continue;
        };
        let mut stem: Vec<char> = Vec::new();
        for c in said.get(..at).unwrap_or_default().chars().rev().take(STEM_CHARS_MAX) {
            if c == '\n' || "「」『』【】<>\"".contains(c) {
                break;
            }
            stem.insert(0, c);
            if stem.len() >= STEM_CHARS_MIN {
                add(&mut found, format!("{}{extension}", stem.iter().collect::<String>()));
            }
        }
        names = names.saturating_add(1);
        if names >= NAMES_MAX {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{Mailbox, MessageId, NamedMailbox};

    fn fields(from: &str, ids: &[&str]) -> Fields {
        let mut ids = ids.iter().filter_map(|id| MessageId::new(id));
        Fields {
            from: vec![NamedMailbox { display_name: String::new(), addr_spec: from.to_owned() }],
            message_id: ids.next(),
            references: ids.collect(),
            ..Fields::default()
        }
    }

    fn share(a: &[String], b: &[String]) -> bool {
        a.iter().any(|mark| b.contains(mark))
    }

    #[test]
    fn neighbours_share_a_mark_and_strangers_do_not() {
        let path = |text: &str| match Mailbox::parse(text) {
            Ok(mailbox) => ReversePath::Mailbox(mailbox),
            Err(_) => ReversePath::Null,
        };
        let locked = marks(
            &fields("tanaka@sales.example.co.jp", &["first@example.co.jp"]),
            &path("bounce@mailer.example.net"),
            "見積書をお送りします。",
            ["R8年度見積書.zip"],
        );
        let cases: &[(&str, &[&str], &str, &str, bool)] = &[
            ("sato@example.co.jp", &["x@y"], "", "同じ会社", true),
            ("sato@other.co.jp", &["x@y"], "", "別の会社", false),
            ("noreply@service.example", &["x@y", "first@example.co.jp"], "", "返信", true),
            ("noreply@service.example", &["x@y"], "ファイル「R8年度見積書.zip」のパスワード", "名前", true),
            ("noreply@service.example", &["x@y"], "添付ファイルR8年度見積書.ZIPのパスワード", "地の文", true),
            ("noreply@service.example", &["x@y"], "Ｒ８年度見積書．ｚｉｐ", "全角", true),
            ("noreply@service.example", &["x@y"], "仕様書.zip のパスワード", "別の名前", false),
            ("a@mailer.example.net", &["x@y"], "", "配送業者", true),
        ];
        let mut ran = 0;
        for (from, ids, said, why, expected) in cases {
            let letter = marks(&fields(from, ids), &ReversePath::Null, said, []);
            assert_eq!(share(&locked, &letter), *expected, "{why}: {locked:?} {letter:?}");
            ran += 1;
        }
        assert_eq!(ran, 8);
    }

    #[test]
    fn organisations_are_guessed() {
        for (domain, expected) in [
            ("example.com", "example.com"),
            ("mail.example.com", "example.com"),
            ("a.b.example.co.jp", "example.co.jp"),
            ("example.co.jp", "example.co.jp"),
            ("city.yokohama.lg.jp", "yokohama.lg.jp"),
            ("example.jp", "example.jp"),
            ("mail.example.jp", "example.jp"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(organisation(domain), expected, "{domain}");
        }
        assert_eq!(known_as("a@m.example.co.jp"), ["a@m.example.co.jp", "m.example.co.jp", "example.co.jp"]);
    }

    #[test]
    fn marks_are_bounded() {
        let ids: Vec<String> = (0..500).map(|n| format!("{n}@example.com")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let said = "あいうえおかきくけこさしすせそたちつてと.zip ".repeat(1_000);
        let names = ["ab.zip"; 100];
        let marks = marks(&fields("a@example.com", &ids), &ReversePath::Null, &said, names);
        assert!(marks.len() < 150, "{}", marks.len());
        assert_eq!(mentions("x.zipper「資料.zip」.zip"), ["資料.zip"]);
    }
}
