//! The lines of the notice, from the parts of a report.

use super::{LIST_LINES_MAX, NoticeContext, Tongue, catalogue, words};
use crate::{Action, FindingCode, PartReport, Report, Severity};
use std::collections::BTreeSet;

/// What is to be said about a mail, in one language.
pub(super) struct Content {
    /// One line each, about the text and the header.
    pub(super) cautions: Vec<String>,
    /// One entry for each attached or withheld part.
    pub(super) files: Vec<File>,
    /// How many parts are withheld.
    pub(super) withheld: usize,
    /// Whether the only text was HTML.
    pub(super) html_alone: bool,
}

/// A part that a reader sees or misses as a file.
pub(super) struct File {
    /// Its quoted name, or what it is called without one.
    pub(super) name: String,
    /// What became of it, and the gravest thing that was seen.
    pub(super) sentence: String,
    /// Everything else that was seen, one line each.
    pub(super) more: Vec<String>,
    /// Whether something in `more` weighs enough to be told.
    pub(super) has_more: bool,
}

impl File {
    pub(super) fn line(&self) -> String {
        format!("・{} → {}", self.name, self.sentence)
    }
}

/// Sorts a report into what is said.
pub(super) fn gather(report: &Report, tongue: Tongue) -> Content {
    let mut content = Content { cautions: Vec::new(), files: Vec::new(), withheld: 0, html_alone: false };
    let (mut html, mut plain) = (false, false);
    // A child that lies could send millions of different ones.
    let mut said = BTreeSet::new();
    for part in &report.parts {
        let withheld = part.action.withholds() && !part.is_container;
        if withheld {
            content.withheld = content.withheld.saturating_add(1);
        }
        if withheld || is_file(part) {
            content.files.push(file(part, tongue));
            continue;
        }
        html |= part.media_type.as_str() == "text/html";
        plain |= part.media_type.as_str() == "text/plain";
        for finding in part.findings.iter().filter(|f| f.code.severity() > Severity::Info) {
            if let Some(texts) = catalogue::seen(finding.code) {
                let caution = with_detail(finding.code, tongue.of(texts), &finding.detail);
                if said.insert(caution.clone()) {
                    content.cautions.push(caution);
                }
            }
        }
    }
    content.html_alone = html && !plain;
    content
}

/// Whether a part went on as a file of its own; texts of the mail itself are shown in place.
fn is_file(part: &PartReport) -> bool {
    let newly_written = match part.action {
        Action::Rebuild | Action::Flatten | Action::Extract => true,
        // An archive that is passed on as a new one.
        Action::Unpack => return part.output.is_some(),
        Action::Merge(_) | Action::Await(_) | Action::Remove => false,
    };
    let is_root_text = part.path.depth() == 1 && part.media_type.top_level() == "text";
    newly_written && !part.is_container && (part.output.is_some() || !is_root_text)
}

fn file(part: &PartReport, tongue: Tongue) -> File {
    let name = if part.name.is_empty() {
        tongue.choose("名前のないファイル", "a file without a name").to_owned()
    } else {
        words::quoted(&part.name)
    };
    let mut sentence = tongue.of(catalogue::outcome(part)).to_owned();
    let mut told = part.reason;
    let mut findings: Vec<_> = part.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.code.severity()));
    if !part.action.withholds()
        && let Some(first) = findings.iter().find(|f| f.code.severity() > Severity::Info)
        && let Some(texts) = catalogue::seen(first.code)
    {
        sentence.push_str(tongue.choose("", " "));
        sentence.push_str(tongue.of(texts));
        told = Some(first.code);
    }
    let (mut more, mut has_more) = (Vec::new(), false);
    for finding in findings.iter().filter(|f| Some(f.code) != told) {
        if let Some(texts) = catalogue::seen(finding.code) {
            has_more |= finding.code.severity() > Severity::Info || finding.code == FindingCode::Member;
            more.push(format!("　{}", with_detail(finding.code, tongue.of(texts), &finding.detail)));
        }
    }
    File { name, sentence, more, has_more }
}

/// A sentence with the name that it is about, where there is one.
fn with_detail(code: FindingCode, sentence: &str, detail: &str) -> String {
    let names = matches!(
        code,
        FindingCode::Member
            | FindingCode::ExecutableInside
            | FindingCode::ImitatesInside
            | FindingCode::NameHoldsAddress
            | FindingCode::MixedScriptDomain
            | FindingCode::NameDeceives
            | FindingCode::NameChanged
            | FindingCode::AmbiguousName
            | FindingCode::DeceptiveLink
            | FindingCode::HiddenSheet
            | FindingCode::CadDrawing
    );
    if names && !detail.is_empty() {
        format!("{sentence} {}", words::quoted(detail))
    } else {
        sentence.to_owned()
    }
}

/// What the status line and the heading begin with.
pub(super) const fn mark(tongue: Tongue) -> &'static str {
    tongue.choose("【メール無害化】", "[Mail safety notice] ")
}

/// The line on top; none when everything is there and nothing needs attention.
pub(super) fn status(content: &Content, tongue: Tongue) -> Option<String> {
    let (withheld, cautions) = (content.withheld, !content.cautions.is_empty());
    let text = match (tongue, withheld, cautions) {
        (_, 0, false) => return None,
        (Tongue::Japanese, 0, true) => "このメールには、気をつけていただきたい点があります。".to_owned(),
        (Tongue::Japanese, _, false) => format!("添付ファイルのうち {withheld} 件は、お渡ししていません。"),
        (Tongue::Japanese, _, true) => {
            format!(
                "添付ファイルのうち {withheld} 件は、お渡ししていません。ほかにも気をつけていただきたい点があります。"
            )
        }
        (Tongue::English, 0, true) => "Please take care with this mail.".to_owned(),
        (Tongue::English, _, false) => format!("Attachments not passed on: {withheld}."),
        (Tongue::English, _, true) => {
            format!("Attachments not passed on: {withheld}. There are other points to note as well.")
        }
    };
    let where_to_look = tongue.choose(
        "くわしくは、このメールの最後のお知らせをご覧ください。",
        " See the notice at the end of this mail.",
    );
    Some(format!("{}{text}{where_to_look}", mark(tongue)))
}

pub(super) fn heading(context: &NoticeContext, tongue: Tongue) -> String {
    let heading = tongue.choose("【メール無害化のお知らせ】", "[Mail safety notice]");
    let Some(kept) = &context.kept else { return heading.to_owned() };
    let receipt: String = kept.receipt.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{heading}{}{receipt}", tongue.choose("受付番号 ", " Receipt number "))
}

pub(super) fn kept_until(context: &NoticeContext, tongue: Tongue) -> Option<String> {
    let day = words::day(context.kept.as_ref()?.until, tongue);
    Some(match tongue {
        Tongue::Japanese => format!("元のメールは、{day}まで保管しています。"),
        Tongue::English => format!("The mail as it came is kept until {day}."),
    })
}

pub(super) fn how_to_get(context: &NoticeContext, tongue: Tongue) -> Option<String> {
    let words = tongue.choose(
        "元のファイルが必要なときは、情報システムの担当者に受付番号をお伝えください。",
        "If you need a file as it came, please give the receipt number to your IT staff.",
    );
    context.kept.as_ref().map(|_| words.to_owned())
}

pub(super) fn no_address(tongue: Tongue) -> String {
    tongue
        .choose(
            "このお知らせにリンクが付くことはありません。リンクの付いた似た文面は、本物ではありません。",
            "This notice never holds a link. A similar text with a link is not genuine.",
        )
        .to_owned()
}

/// The line that points to the attached list.
pub(super) fn rest(files_left: usize, tongue: Tongue) -> String {
    match (tongue, files_left) {
        (Tongue::Japanese, 0) => "・くわしい結果は、添付の「無害化結果.txt」をご覧ください。".to_owned(),
        (Tongue::Japanese, _) => {
            format!("・ほか {files_left} 件の結果は、添付の「無害化結果.txt」をご覧ください。")
        }
        (Tongue::English, 0) => "- Details are in the attached list.".to_owned(),
        (Tongue::English, _) => format!("- {files_left} more are in the attached list."),
    }
}

/// The attached list: everything that there is to say.
pub(super) fn list(content: &Content, context: &NoticeContext, tongue: Tongue) -> String {
    let mut lines = vec![heading(context, tongue)];
    lines.extend(kept_until(context, tongue));
    lines.extend(how_to_get(context, tongue));
    if !content.cautions.is_empty() {
        lines.push(String::new());
        lines.push(tongue.choose("■ 本文と差出人", "Text and sender").to_owned());
        lines.extend(content.cautions.iter().map(|caution| format!("・{caution}")));
    }
    if !content.files.is_empty() {
        lines.push(String::new());
        lines.push(tongue.choose("■ 添付ファイル", "Attachments").to_owned());
    }
    for file in &content.files {
        lines.push(file.line());
        lines.extend(file.more.iter().cloned());
    }
    lines.push(String::new());
    lines.push(no_address(tongue));
    let missing = lines.len().saturating_sub(LIST_LINES_MAX);
    lines.truncate(LIST_LINES_MAX);
    if missing > 0 {
        lines.push(match tongue {
            Tongue::Japanese => format!("（このほかに {missing} 行ありますが、省いています。）"),
            Tongue::English => format!("({missing} more lines are left out.)"),
        });
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
