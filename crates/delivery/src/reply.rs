//! Replies of the next hop, and what each means for a recipient (RFC 5321 §4.2, RFC 3463).
//!
//! *Security.* Text of others: kept printable and at most 300 characters. A refusal is final only where it plainly
//! speaks of this message or this mailbox; what speaks of our protocol, our rights or somebody's disk is tried again.

use crate::fate::{Cause, Fate};
use std::fmt;

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Reply code.
    pub code: u16,
    /// Enhanced status code, when its class fits the reply code.
    pub enhanced: Option<EnhancedStatus>,
    /// The rest, without control characters; text of others.
    pub text: String,
}

/// Enhanced status code `class.subject.detail` (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// 2, 4 or 5.
    pub class: u8,
    /// 1 addressing, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// Within the subject.
    pub detail: u16,
}

/// What the reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Mail,
    Rcpt,
    Data,
    Message,
}

impl Reply {
    pub(crate) fn new(code: u16, text: &str) -> Self {
        let text: String =
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>();
        let text = text.trim();
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        match EnhancedStatus::parse(first).filter(|status| u16::from(status.class) == code / 100) {
            Some(status) => Self { code, enhanced: Some(status), text: rest.to_owned() },
            None => Self { code, enhanced: None, text: text.to_owned() },
        }
    }

    /// Whether it says yes and done.
    pub(crate) const fn is_positive_completion(&self) -> bool {
        self.code >= 200 && self.code < 300
    }

    /// The fate of a recipient whose command or message was answered by this negative reply.
    pub(crate) fn judge(self, stage: Stage) -> Fate {
        let status = self.enhanced.map(|status| (status.subject, status.detail));
        match (self.code, status, stage) {
            (_, Some((3, 4) | (2, 3)), _) | (552, None, Stage::Mail | Stage::Data | Stage::Message)
                if self.code >= 500 =>
            {
                Fate::TooLarge { octets_max: None, reply: Some(self) }
            }
            // A full mailbox is emptied some day; 552 to RCPT is the old form of 452 (RFC 5321 §4.5.3.1.10).
            (_, Some((2, 2)), _) | (552, _, Stage::Rcpt) => Fate::later(Cause::Said(self)),
            // Syntax, order, rights: the operator's affair or ours, not this message's.
            (500..=504 | 530..=538, _, _) => Fate::later(Cause::Said(self)),
            (550..=559, Some((1, detail)), Stage::Rcpt) if detail != 7 && detail != 8 => {
                Fate::UnknownUser { reply: self }
            }
            (550..=559, Some((2, 1)), Stage::Rcpt) | (550 | 551 | 553, None, Stage::Rcpt) => {
                Fate::UnknownUser { reply: self }
            }
            (500..=599, _, _) => Fate::Refused { reply: self },
            _ => Fate::later(Cause::Said(self)),
        }
    }
}

impl EnhancedStatus {
    fn parse(word: &str) -> Option<Self> {
        let mut numbers = word.split('.');
        let class = numbers.next()?.parse().ok()?;
        let subject = numbers.next()?.parse().ok()?;
        let detail = numbers.next()?.parse().ok()?;
        (matches!(class, 2 | 4 | 5) && subject < 1_000 && detail < 1_000 && numbers.next().is_none())
            .then_some(Self { class, subject, detail })
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.enhanced {
            write!(f, " {status}")?;
        }
        write!(f, " {}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(fate: &Fate) -> &'static str {
        match fate {
            Fate::Delivered { .. } => "delivered",
            Fate::TryLater { .. } => "later",
            Fate::Refused { .. } => "refused",
            Fate::UnknownUser { .. } => "unknown",
            Fate::TooLarge { .. } => "large",
            Fate::Unsendable(_) => "unsendable",
        }
    }

    #[test]
    fn replies_are_judged() {
        let cases = [
            (450, "4.2.0 busy", Stage::Rcpt, "later"),
            (421, "bye", Stage::Mail, "later"),
            (452, "4.5.3 too many", Stage::Rcpt, "later"),
            (452, "4.3.4 too large for now", Stage::Mail, "later"),
            (552, "5.3.4 too large", Stage::Mail, "large"),
            (552, "too large", Stage::Message, "large"),
            (554, "5.2.3 too long", Stage::Message, "large"),
            (552, "5.2.2 quota", Stage::Message, "later"),
            (552, "too many recipients", Stage::Rcpt, "later"),
            (554, "5.2.2 quota", Stage::Rcpt, "later"),
            (503, "5.5.1 order", Stage::Data, "later"),
            (530, "5.7.0 STARTTLS first", Stage::Mail, "later"),
            (550, "5.1.1 no such user", Stage::Rcpt, "unknown"),
            (550, "5.1.10 null", Stage::Rcpt, "unknown"),
            (550, "no such user", Stage::Rcpt, "unknown"),
            (550, "5.2.1 disabled", Stage::Rcpt, "unknown"),
            (550, "5.1.8 sender", Stage::Rcpt, "refused"),
            (550, "5.7.1 denied", Stage::Rcpt, "refused"),
            (550, "5.1.1 said of MAIL", Stage::Mail, "refused"),
            (554, "no", Stage::Message, "refused"),
            (550, "4.1.1 a class that does not fit", Stage::Message, "refused"),
        ];
        let mut ran = 0;
        for (code, text, stage, expected) in cases {
            assert_eq!(name(&Reply::new(code, text).judge(stage)), expected, "{code} {text}");
            ran += 1;
        }
        assert_eq!(ran, 21);
    }

    #[test]
    fn text_of_others_is_kept_short_and_printable() {
        let reply = Reply::new(550, &format!("5.7.1 a\r\nb\u{1b}[2J{}", "x".repeat(1_000)));
        assert_eq!(reply.enhanced.unwrap().to_string(), "5.7.1");
        assert!(reply.text.starts_with("a  b [2J") && reply.text.len() < 300);
    }
}
