//! Everything that is said to people about a mail: the one catalogue of texts, Japanese and English.
//!
//! A report and a receipt number become one line on top of the text, a block below it and, when that does not hold
//! everything, an attached list. Written for a clerk who opens a mail: what came, what did not, how to get the rest.
//! Sentences promise only what is built: the original is kept until a day and can be had from the IT staff by its
//! receipt number.
//!
//! *Security.* Texts are made outside the jail from codes; what comes from outside (file names, addresses) stands
//! in 「」 only, on one line, at most 60 characters, with everything broken that a program would make clickable. No
//! text ever holds an address on the web, so that one that does is known to be false; incoming lines that look like
//! ours are quoted ([`imitation_of`]). The block has at most [`BLOCK_LINES_MAX`] lines (level `full` aside), the
//! list at most [`LIST_LINES_MAX`].

mod catalogue;
mod digest;
mod letters;
mod lines;
mod words;

pub use digest::{DigestLine, DigestReader, digest};
pub use letters::{DeliveryFailure, Letter, PasswordFrom, delivery_failure, follow_up_mark, follow_up_text};
pub use words::{imitation_of, quoted};

use crate::{HoldReason, Language, NoticeLevel, Policy, Report};
use mail::DateTime;

/// Most lines of the block at the levels `short` and `normal`, dividers counted.
pub const BLOCK_LINES_MAX: usize = 15;
/// Most lines of the attached list; of more, it says how many are missing.
pub const LIST_LINES_MAX: usize = 5_000;
/// Files that the block names at level `normal`.
const FILES_MAX: usize = 5;
/// Cautions that the block names at level `normal`.
const CAUTIONS_MAX: usize = 2;
/// Lines of findings that the block shows at level `full`.
const FULL_LINES_MAX: usize = 400;

/// The original that can be had again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOriginal {
    /// Receipt number: 8 characters.
    pub receipt: String,
    /// Until when it is kept.
    pub until: DateTime,
}

/// What the notice needs to know besides the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeContext {
    /// Where the original can be had; `None` when nobody keeps it (a file sanitised at the command line), and then
    /// nothing is said of it.
    pub kept: Option<KeptOriginal>,
    /// The envelope's reverse-path, named in the stand-in of a held message; empty or `<>` for none.
    pub reverse_path: String,
}

/// The texts for one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeTexts {
    /// One line on top of the text, when something is missing or needs attention.
    pub status_line: Option<String>,
    /// The block below the text, lines ended by `\n`.
    pub block: String,
    /// File name and content of the attached list, when the block does not hold everything.
    pub list: Option<(String, String)>,
}

/// Writes the notice of a mail that goes inside, or, for a held one, the text that stands in its place.
pub fn write(report: &Report, context: &NoticeContext, policy: &Policy) -> NoticeTexts {
    let tongues = tongues(policy);
    let mut texts = NoticeTexts::default();
    let mut list = String::new();
    let mut status = Vec::new();
    for &tongue in tongues {
        let one = match report.reason {
            Some(reason) => held(reason, report, context, policy, tongue),
            None => delivered(report, context, policy, tongue),
        };
        status.extend(one.status_line);
        if !texts.block.is_empty() {
            texts.block.push('\n');
        }
        texts.block.push_str(&one.block);
        if let Some((_, content)) = one.list {
            if !list.is_empty() {
                list.push('\n');
            }
            list.push_str(&content);
        }
    }
    if !status.is_empty() {
        texts.status_line = Some(status.join(" / "));
    }
    if !list.is_empty() {
        let tongue = tongues.first().copied().unwrap_or(Tongue::Japanese);
        texts.list = Some((tongue.choose("無害化結果.txt", "mail-notice.txt").to_owned(), list));
    }
    texts
}

/// One of the two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tongue {
    Japanese,
    English,
}

impl Tongue {
    const fn choose(self, japanese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }

    const fn of(self, texts: (&'static str, &'static str)) -> &'static str {
        self.choose(texts.0, texts.1)
    }
}

/// The languages of a zone, the first one first.
const fn tongues(policy: &Policy) -> &'static [Tongue] {
    match policy.notice_language {
        Language::Japanese => &[Tongue::Japanese],
        Language::English => &[Tongue::English],
        Language::Both => &[Tongue::Japanese, Tongue::English],
    }
}

/// The notice of a mail that goes inside.
fn delivered(report: &Report, context: &NoticeContext, policy: &Policy, tongue: Tongue) -> NoticeTexts {
    let content = lines::gather(report, tongue);
    let status_line = lines::status(&content, tongue);
    let (most_files, most_cautions) = match policy.notice_level {
        NoticeLevel::Short => (0, 0),
        NoticeLevel::Normal => (FILES_MAX, CAUTIONS_MAX),
        NoticeLevel::Full => (FULL_LINES_MAX, FULL_LINES_MAX),
    };
    let mut body: Vec<String> = Vec::new();
    body.extend(content.cautions.iter().take(most_cautions).map(|caution| format!("・{caution}")));
    body.extend(content.files.iter().take(most_files).map(lines::File::line));
    let left = content.files.len().saturating_sub(most_files);
    let unsaid =
        left > 0 || content.cautions.len() > most_cautions || content.files.iter().any(|file| file.has_more);
    if policy.notice_level == NoticeLevel::Full {
        body.extend(
            content.files.iter().take(most_files).flat_map(|file| file.more.iter().take(50).cloned()),
        );
    }
    let wants_list = unsaid && policy.notice_level != NoticeLevel::Full
        || content.files.len() > FULL_LINES_MAX
        || content.cautions.len() > FULL_LINES_MAX;
    if wants_list {
        body.push(lines::rest(left, tongue));
    }
    if content.html_alone && policy.notice_level != NoticeLevel::Short {
        body.push(
            tongue
                .choose(
                    "・HTML形式の本文は、文字だけにしてお届けしています。",
                    "- The formatted (HTML) text is shown as plain text.",
                )
                .to_owned(),
        );
    }
    let list = wants_list.then(|| (String::new(), lines::list(&content, context, tongue)));
    NoticeTexts { status_line, block: framed(&body, context, policy, tongue), list }
}

/// The text in place of a held mail.
fn held(
    reason: HoldReason,
    report: &Report,
    context: &NoticeContext,
    policy: &Policy,
    tongue: Tongue,
) -> NoticeTexts {
    let mark = lines::mark(tongue);
    let status = tongue.choose(
        "このメールの本文と添付ファイルは、まだお渡ししていません。くわしくは下のお知らせをご覧ください。",
        "The text and attachments of this mail have not been passed on. Please see the notice below.",
    );
    let mut body = vec![tongue.of(catalogue::hold(reason)).to_owned()];
    if !context.reverse_path.is_empty() && context.reverse_path != "<>" {
        let label =
            tongue.choose("・送信元として名乗られているアドレス: ", "- Address given as the sender: ");
        body.push(format!("{label}{}", quoted(context.reverse_path.trim_matches(['<', '>']))));
    }
    let content = lines::gather(report, tongue);
    body.extend(content.files.iter().take(FILES_MAX).map(|file| format!("・{}", file.name)));
    if content.files.len() > FILES_MAX {
        let more = content.files.len().saturating_sub(FILES_MAX);
        body.push(match tongue {
            Tongue::Japanese => format!("・ほか {more} 件"),
            Tongue::English => format!("- and {more} more"),
        });
    }
    NoticeTexts {
        status_line: Some(format!("{mark}{status}")),
        block: framed(&body, context, policy, tongue),
        list: None,
    }
}

/// Puts heading, retention, contact and the sentence about addresses around the lines; a mail about which there is
/// nothing to say gets one line.
fn framed(body: &[String], context: &NoticeContext, policy: &Policy, tongue: Tongue) -> String {
    let heading = lines::heading(context, tongue);
    if body.is_empty() {
        let kept = lines::kept_until(context, tongue);
        return heading + &kept.map_or_else(String::new, |kept| format!(" {kept}")) + "\n";
    }
    const DIVIDER: &str = "――――――――――――――――――――";
    let mut block = vec![DIVIDER.to_owned(), heading];
    block.extend_from_slice(body);
    block.extend(lines::kept_until(context, tongue));
    block.extend(lines::how_to_get(context, tongue));
    let contact = words::one_line(&policy.contact);
    if !contact.is_empty() {
        block.push(format!("{}{contact}", tongue.choose("連絡先: ", "Contact: ")));
    }
    block.push(lines::no_address(tongue));
    block.push(DIVIDER.to_owned());
    let mut text = block.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
