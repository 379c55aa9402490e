//! Short texts that stand inside the text of a mail: marks of pictures, dividers, labels of attached messages.
//!
//! The sanitiser needs them in the jail; everything that is said *about* a mail is in `notice`.

use crate::Language;

/// A label or divider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// Divider above the plain version that differs from the HTML version.
    OtherVersion,
    /// Divider above the text of an attached message.
    AttachedMessage,
    /// Label: sender of an attached message.
    From,
    /// Label: recipients.
    To,
    /// Label: date.
    Date,
    /// Label: subject.
    Subject,
    /// Label: place of an appointment.
    Place,
    /// Label: organiser of an appointment.
    Organiser,
    /// Divider above a report of a mail system.
    DeliveryReport,
    /// Divider above calendar data.
    Appointment,
    /// File name of a picture without one.
    PictureName,
    /// File name of a part without one.
    AttachmentName,
    /// File name of calendar data.
    CalendarName,
}

impl Phrase {
    /// The text in a language. With both, Japanese comes first.
    pub fn text(self, language: Language) -> String {
        let (japanese, english) = self.texts();
        match language {
            Language::Japanese => japanese.to_owned(),
            Language::English => english.to_owned(),
            Language::Both => format!("{japanese} / {english}"),
        }
    }

    /// A text that is used as a file name: one language.
    pub fn file_name(self, language: Language) -> &'static str {
        let (japanese, english) = self.texts();
        match language {
            Language::Japanese | Language::Both => japanese,
            Language::English => english,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::OtherVersion => (
                "---- このメールには、内容の異なるもう一つの本文がありました ----",
                "---- This mail held a second version of its text, which differs ----",
            ),
            Self::AttachedMessage => ("---- 添付されていたメール ----", "---- Attached message ----"),
            Self::From => ("差出人: ", "From: "),
            Self::To => ("宛先: ", "To: "),
            Self::Date => ("日時: ", "Date: "),
            Self::Subject => ("件名: ", "Subject: "),
            Self::Place => ("場所: ", "Place: "),
            Self::Organiser => ("主催: ", "Organiser: "),
            Self::DeliveryReport => {
                ("---- メールシステムからの報告 ----", "---- Report of a mail system ----")
            }
            Self::Appointment => ("---- 予定 ----", "---- Appointment ----"),
            Self::PictureName => ("画像", "picture"),
            Self::AttachmentName => ("添付ファイル", "attachment"),
            Self::CalendarName => ("予定", "appointment"),
        }
    }
}
