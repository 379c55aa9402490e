//! Texts of mails that we write ourselves: failure notices (RFC 3464) and the mark of follow-ups.

use super::{Tongue, quoted, words::one_line};
use crate::Language;

/// Subject and text of a mail of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The Subject.
    pub subject: String,
    /// The text, lines ended by `\n`.
    pub text: String,
}

/// Why a delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// The next hop refused it for good.
    Refused,
    /// It could not be handed over for too long.
    TimedOut,
}

/// What the subject of a follow-up begins with.
pub const fn follow_up_mark(language: Language) -> &'static str {
    match language {
        Language::Japanese | Language::Both => "［追送］",
        Language::English => "[Follow-up] ",
    }
}

/// Where the password came from that opened what a follow-up brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFrom {
    /// A person gave it.
    Person,
    /// The mail itself tells it.
    Mail,
    /// Another mail tells it.
    Neighbour,
    /// It was agreed with the sender.
    Agreed,
}

impl PasswordFrom {
    /// Stable name in the audit chain.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Mail => "mail",
            Self::Neighbour => "neighbour",
            Self::Agreed => "agreed",
        }
    }
}

/// The text of a follow-up, above the part that is handed over late: opened with a password, or made anew now that it
/// can be.
pub fn follow_up_text(language: Language, from: Option<PasswordFrom>) -> String {
    let Some(from) = from else {
        return in_language(
            language,
            "先にお届けしたメールの添付ファイルを、作り直せるようになりましたのでお届けします。\n",
            "This is an attachment of an earlier mail, which could be made anew only now.\n",
        );
    };
    let (ja, en) = match from {
        PasswordFrom::Person => {
            ("お知らせいただいたパスワード", "the password that was given to the IT staff")
        }
        PasswordFrom::Mail => ("同じメールに書かれていたパスワード", "a password from the same mail"),
        PasswordFrom::Neighbour => {
            ("別に届いたメールに書かれていたパスワード", "a password from another mail")
        }
        PasswordFrom::Agreed => ("あらかじめ決めてあるパスワード", "the password agreed with the sender"),
    };
    let japanese = format!("先にお届けしたメールの添付ファイルを、{ja}で開き、作り直してお届けします。\n");
    let english = format!("This is an attachment of an earlier mail, opened with {en} and made anew.\n");
    in_language(language, &japanese, &english)
}

fn in_language(language: Language, japanese: &str, english: &str) -> String {
    match language {
        Language::Japanese => japanese.to_owned(),
        Language::English => english.to_owned(),
        Language::Both => format!("{japanese}{english}"),
    }
}

/// The text for the sender of a mail that could not be delivered. Bilingual whatever the language of the zone:
/// nobody knows what the sender reads.
pub fn delivery_failure(failure: DeliveryFailure, recipients: &[String], subject: &str) -> Letter {
    let mut text = String::new();
    for tongue in [Tongue::Japanese, Tongue::English] {
        text.push_str(tongue.choose(
            "次の宛先にメールをお届けできませんでした。\n",
            "\nYour mail could not be delivered to the following recipients.\n",
        ));
        for recipient in recipients.iter().take(100) {
            // The sender wrote these addresses and must be able to compare them.
            text.push_str(&format!("  {}\n", one_line(recipient)));
        }
        text.push_str(match failure {
            DeliveryFailure::Refused => tongue.choose(
                "宛先のメールサーバーが受け取りませんでした。宛先に誤りがないかご確認ください。\n",
                "The recipient's mail server did not accept it. Please check the address.\n",
            ),
            DeliveryFailure::TimedOut => tongue.choose(
                "宛先のメールサーバーに繰り返しお送りしましたが、受け取られませんでした。お急ぎの場合は、電話などでご連絡ください。\n",
                "It was tried again and again, but the recipient's mail server did not answer. If it is urgent, please \
                 telephone.\n",
            ),
        });
        if !subject.is_empty() {
            text.push_str(&format!("{}{}\n", tongue.choose("件名: ", "Subject: "), quoted(subject)));
        }
    }
    Letter {
        subject: "メールをお届けできませんでした / Mail could not be delivered".to_owned(), text
    }
}
