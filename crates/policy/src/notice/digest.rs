//! The lists of what is held: one for its recipient, one for the administrators. Outlines alone, no text of the mails.

use super::{Letter, Tongue, lines, quoted, tongues, words};
use crate::Policy;
use mail::DateTime;

/// Whom a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestReader {
    /// A recipient; every line is a mail to them.
    Recipient,
    /// The administrators.
    Admin,
}

/// A held mail in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestLine {
    /// Receipt number: 8 characters.
    pub receipt: String,
    /// Sender as shown.
    pub from: String,
    /// Subject; `None` when nobody here can read it any more.
    pub subject: Option<String>,
    /// Whom the mail is to. Told to administrators alone.
    pub recipient: String,
    /// Stable name of why it is held. Told to administrators alone.
    pub reason: String,
    /// Until when the original is kept at least.
    pub until: DateTime,
}

/// Writes a list; `more` held mails do not stand in it.
pub fn digest(reader: DigestReader, held: &[DigestLine], more: usize, policy: &Policy) -> Letter {
    let (mut subjects, mut texts) = (Vec::new(), Vec::new());
    for &tongue in tongues(policy) {
        let count = held.len().saturating_add(more);
        subjects.push(match tongue {
            Tongue::Japanese => format!("お渡ししていないメールが {count} 通あります"),
            Tongue::English => format!("Mails not passed on: {count}"),
        });
        texts.push(text(reader, held, more, policy, tongue));
    }
    Letter { subject: subjects.join(" / "), text: texts.join("\n") }
}

fn text(reader: DigestReader, held: &[DigestLine], more: usize, policy: &Policy, tongue: Tongue) -> String {
    let mut said = vec![
        tongue
            .choose(
                "【メール無害化のお知らせ】お渡ししていないメールの一覧",
                "[Mail safety notice] Mails that have not been passed on",
            )
            .to_owned(),
        match reader {
            DigestReader::Recipient => tongue.choose(
                "次のあなた宛てのメールは、まだお渡ししていません。必要なものがあれば、情報システムの担当者に受付番号をお伝えください。\n\
                 書いてある日を過ぎると、お渡しできなくなります。",
                "These mails to you have not been passed on. If you need one, please give its receipt number to your IT \
                 staff.\nAfter the day given it cannot be had any more.",
            ),
            DigestReader::Admin => tongue.choose(
                "次のメールは、人の判断を待っています。書いてある日を過ぎ、宛先の人とこの一覧に七日のあいだ載ったものは、削除します。",
                "These mails wait for a person to decide. A mail is removed once its day is over and it has stood for \
                 seven days in its recipient's list and in this one.",
            ),
        }
        .to_owned(),
        String::new(),
    ];
    said.extend(held.iter().map(|line| entry(reader, line, tongue)));
    if more > 0 {
        said.push(match tongue {
            Tongue::Japanese => format!("・ほか {more} 通"),
            Tongue::English => format!("- and {more} more"),
        });
    }
    said.push(String::new());
    let contact = words::one_line(&policy.contact);
    if reader == DigestReader::Recipient && !contact.is_empty() {
        said.push(format!("{}{contact}", tongue.choose("連絡先: ", "Contact: ")));
    }
    said.push(lines::no_address(tongue));
    let mut text = said.join("\n");
    text.push('\n');
    text
}

fn entry(reader: DigestReader, line: &DigestLine, tongue: Tongue) -> String {
    let receipt: String = line.receipt.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let day = words::day(line.until, tongue);
    let first = match tongue {
        Tongue::Japanese => format!("・受付番号 {receipt}　{day}まで"),
        Tongue::English => format!("- Receipt number {receipt}, until {day}"),
    };
    let from = format!("{}{}", tongue.choose("差出人", "From "), quoted(&line.from));
    let subject = line.subject.as_ref().map_or_else(String::new, |subject| {
        format!("{}{}", tongue.choose("　件名", ", Subject "), quoted(subject))
    });
    let outline = format!("{first}\n　{from}{subject}");
    if reader == DigestReader::Recipient {
        return outline;
    }
    let to = format!("{}{}", tongue.choose("宛先", "To "), quoted(&line.recipient));
    format!("{outline}\n　{to}{}{}", tongue.choose("　理由", ", reason "), quoted(&line.reason))
}
