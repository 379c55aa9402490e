//! The policy of one zone: what becomes of each kind, and the limits.

use crate::{Kind, Limits};
use serde::{Deserialize, Serialize};

/// What a rule asks for. Not every rule is possible for every kind; see [`Rule::possible`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// Write anew in the same format.
    Rebuild,
    /// Turn into pixels.
    Flatten,
    /// Take the text alone.
    Extract,
    /// Remove an archive and list its members. A locked one that a given password opens is unpacked all the same:
    /// whoever gave the password asked for what is inside.
    Strip,
    /// Sanitise the members of a container one by one; an archive becomes a new zip of what was written of them.
    Unpack,
    /// Wait for a renderer, a password or a person.
    Await,
    /// Remove.
    Remove,
}

impl Rule {
    /// Value in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Flatten => "flatten",
            Self::Extract => "extract",
            Self::Strip => "strip",
            Self::Unpack => "unpack",
            Self::Await => "await",
            Self::Remove => "remove",
        }
    }

    /// The rule of a configuration value.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Rebuild, Self::Flatten, Self::Extract, Self::Strip, Self::Unpack, Self::Await, Self::Remove]
            .into_iter()
            .find(|rule| rule.name() == name)
    }

    /// The rules that this version can carry out for a kind; the first is the default.
    pub const fn possible(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Text | Kind::Csv | Kind::Xml | Kind::Json | Kind::Calendar | Kind::Vcard => {
                &[Self::Rebuild, Self::Remove]
            }
            Kind::Html => &[Self::Extract, Self::Remove],
            Kind::Message | Kind::OutlookMessage | Kind::Tnef => &[Self::Unpack, Self::Remove],
            Kind::Pdf => &[Self::Flatten, Self::Remove],
            Kind::RasterImage => &[Self::Rebuild, Self::Remove],
            Kind::Archive => &[Self::Strip, Self::Unpack, Self::Remove],
            Kind::Ooxml | Kind::OpenDocument => &[Self::Rebuild, Self::Flatten, Self::Await, Self::Remove],
            Kind::LegacyOffice => &[Self::Flatten, Self::Extract, Self::Await, Self::Remove],
            Kind::DomesticDocument => &[Self::Await, Self::Extract, Self::Remove],
            Kind::Metafile | Kind::Svg => &[Self::Flatten, Self::Remove],
            Kind::OtherImage => &[Self::Rebuild, Self::Remove],
            Kind::EncryptedMail => &[Self::Await, Self::Remove],
            Kind::Signature
            | Kind::Executable
            | Kind::Script
            | Kind::Shortcut
            | Kind::DiskImage
            | Kind::Audio
            | Kind::Video
            | Kind::OtherKnown
            | Kind::Unknown => &[Self::Remove],
        }
    }
}

/// Whether a rebuilt Office document is accompanied by a PDF of what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfficeCopy {
    /// It comes alone.
    None,
    /// With a PDF of what it looks like now, where there is a renderer.
    Pdf,
    /// With a PDF of what it looked like before, where more was left out than a reader would overlook.
    Changed,
}

/// What becomes of a picture that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnimatedImages {
    /// Its first frame stays.
    First,
    /// All frames stay, within limits, where the picture is a GIF and a file of its own.
    All,
}

/// How much the notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeLevel {
    /// One line.
    Short,
    /// Up to 15 lines and 5 files.
    Normal,
    /// Everything in the mail itself.
    Full,
}

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// Japanese alone.
    Japanese,
    /// English alone.
    English,
    /// Japanese, then English.
    Both,
}

/// Whom a password serves that came to one of several recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordServes {
    /// The recipients that it came to.
    Recipient,
    /// All recipients of the mail with the locked file.
    All,
}

/// The policy that one message part tree is sanitised under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Version that stands in every row; made from the content by whoever builds the policy.
    pub version: String,
    /// Exceptions from the defaults of [`Rule::possible`].
    rules: Vec<(Kind, Rule)>,
    /// Limits.
    pub limits: Limits,
    /// Resolution at which documents are drawn, in dots per inch (72–400).
    pub pdf_dpi: u16,
    /// JPEG quality of photographs in documents and pictures (30–95).
    pub jpeg_quality: u8,
    /// What becomes of pictures that move.
    pub animated_images: AnimatedImages,
    /// Whether rebuilt Office documents are accompanied by a PDF.
    pub office_copy: OfficeCopy,
    /// Whether links to web pages and mail addresses stay in rebuilt Office documents.
    pub office_links: bool,
    /// Whether comments stay in them.
    pub office_comments: bool,
    /// Whether tracked changes stay in them; otherwise they are accepted.
    pub office_changes: bool,
    /// Domains that are inside, lower-case: From and Reply-To that imitate them are marked.
    pub inside_domains: Vec<String>,
    /// Notice level.
    pub notice_level: NoticeLevel,
    /// Notice language.
    pub notice_language: Language,
    /// Contact line of the notice, one line of text; empty for none.
    pub contact: String,
    /// Days for which originals are kept.
    pub original_days: u16,
    /// Whom a password serves.
    pub password_serves: PasswordServes,
}

/// Why a policy setting was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// No such key.
    UnknownKey(String),
    /// The value is not one of those possible for the key.
    BadValue {
        /// The key.
        key: String,
        /// The value that was given.
        value: String,
        /// What would have been possible.
        possible: String,
    },
}

impl Policy {
    /// The documented defaults.
    pub fn standard() -> Self {
        Self {
            version: "standard".to_owned(),
            rules: Vec::new(),
            limits: Limits::STANDARD,
            pdf_dpi: 200,
            jpeg_quality: 80,
            animated_images: AnimatedImages::First,
            office_copy: OfficeCopy::None,
            office_links: true,
            office_comments: true,
            office_changes: true,
            inside_domains: Vec::new(),
            notice_level: NoticeLevel::Normal,
            notice_language: Language::Japanese,
            contact: String::new(),
            original_days: 30,
            password_serves: PasswordServes::Recipient,
        }
    }

    /// The rule for a kind.
    pub fn rule(&self, kind: Kind) -> Rule {
        let exception = self.rules.iter().find(|(k, _)| *k == kind).map(|(_, rule)| *rule);
        exception.or_else(|| Rule::possible(kind).first().copied()).unwrap_or(Rule::Remove)
    }

    /// Takes one `KEY = VALUE`: a kind with one of its possible rules, or a named number or word.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), RuleError> {
        let bad = |possible: &str| RuleError::BadValue {
            key: key.to_owned(),
            value: value.to_owned(),
            possible: possible.to_owned(),
        };
        match key {
            "pdf_dpi" => self.pdf_dpi = number(value, 72, 400).ok_or_else(|| bad("72 to 400"))?,
            "jpeg_quality" => self.jpeg_quality = number(value, 30, 95).ok_or_else(|| bad("30 to 95"))?,
            "original_days" => self.original_days = number(value, 1, 365).ok_or_else(|| bad("1 to 365"))?,
            "animated_images" => {
                self.animated_images = match value {
                    "first" => AnimatedImages::First,
                    "all" => AnimatedImages::All,
                    _ => return Err(bad("first, all")),
                };
            }
            "office_copy" => {
                self.office_copy = match value {
                    "none" => OfficeCopy::None,
                    "pdf" => OfficeCopy::Pdf,
                    "changed" => OfficeCopy::Changed,
                    _ => return Err(bad("none, pdf, changed")),
                };
            }
            "office_links" => self.office_links = keeps(value, "drop").ok_or_else(|| bad("keep, drop"))?,
            "office_comments" => {
                self.office_comments = keeps(value, "drop").ok_or_else(|| bad("keep, drop"))?;
            }
            "office_changes" => {
                self.office_changes = keeps(value, "accept").ok_or_else(|| bad("keep, accept"))?;
            }
            "contact" => self.contact = value.chars().filter(|c| !c.is_control()).take(200).collect(),
            "notice_level" => {
                self.notice_level = match value {
                    "short" => NoticeLevel::Short,
                    "normal" => NoticeLevel::Normal,
                    "full" => NoticeLevel::Full,
                    _ => return Err(bad("short, normal, full")),
                };
            }
            "password_serves" => {
                self.password_serves = match value {
                    "recipient" => PasswordServes::Recipient,
                    "all" => PasswordServes::All,
                    _ => return Err(bad("recipient, all")),
                };
            }
            "notice_language" => {
                self.notice_language = match value {
                    "ja" => Language::Japanese,
                    "en" => Language::English,
                    "both" => Language::Both,
                    _ => return Err(bad("ja, en, both")),
                };
            }
            _ => {
                let kind = Kind::of_key(key).ok_or_else(|| RuleError::UnknownKey(key.to_owned()))?;
                let possible = Rule::possible(kind);
                let names = || possible.iter().map(|r| r.name()).collect::<Vec<_>>().join(", ");
                let rule =
                    Rule::of_name(value).filter(|r| possible.contains(r)).ok_or_else(|| bad(&names()))?;
                self.rules.retain(|(k, _)| *k != kind);
                self.rules.push((kind, rule));
            }
        }
        Ok(())
    }
}

/// `keep`, or the word for its opposite.
fn keeps(value: &str, opposite: &str) -> Option<bool> {
    match value {
        "keep" => Some(true),
        _ => (value == opposite).then_some(false),
    }
}

fn number<T: std::str::FromStr + PartialOrd + Copy>(text: &str, least: T, most: T) -> Option<T> {
    text.parse().ok().filter(|n| (&least..=&most).contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_possible_rules_are_taken() {
        let mut policy = Policy::standard();
        assert_eq!(policy.rule(Kind::Pdf), Rule::Flatten);
        assert_eq!(policy.set("pdf", "remove"), Ok(()));
        assert_eq!(policy.rule(Kind::Pdf), Rule::Remove);
        assert!(policy.set("pdf", "keep").is_err());
        assert!(policy.set("executable", "rebuild").is_err());
        assert!(policy.set("no_such_key", "remove").is_err());
        assert!(policy.set("pdf_dpi", "9999").is_err());
        assert_eq!(policy.set("office_copy", "pdf"), Ok(()));
        assert!(policy.set("office_copy", "docx").is_err());
        assert_eq!(policy.set("animated_images", "all"), Ok(()));
        assert!(policy.set("animated_images", "last").is_err());
        assert_eq!(policy.set("office_changes", "accept"), Ok(()));
        assert_eq!(policy.set("office_links", "drop"), Ok(()));
        assert!(policy.set("office_comments", "accept").is_err());
        assert_eq!(
            (policy.office_links, policy.office_comments, policy.office_changes),
            (false, true, false)
        );
    }

    #[test]
    fn every_kind_has_a_default_rule_and_its_key_reads_back() {
        for &kind in Kind::ALL {
            assert!(!Rule::possible(kind).is_empty());
            assert_eq!(Kind::of_key(kind.key()), Some(kind));
        }
    }
}
