//! What Outlook's two forms of a message share: properties (\[MS-OXPROPS\]) → the tree of entities that a mail is.
//!
//! `winmail.dat` ([`crate::tnef`]) and `.msg` ([`crate::outlook`]) hold the same properties in different coats. Both
//! become a [`crate::mime::Entity`] with header fields, bodies and attachments, and from there on every part goes the
//! road of any mail.
//!
//! *Security.* Properties of hostile octets. Texts come with the number of a code page, which is a label like any
//! other: the decoder believes the octets. Attachments are spent as parts, embedded messages go down one level of the
//! depth that nested mails have.

mod entity;

pub(crate) use entity::{Attachment, Content, Message};

use mail::{DateTime, charset};
use std::collections::BTreeMap;

/// Identifiers of the properties that are read.
pub(crate) mod id {
    pub(crate) const SUBJECT: u16 = 0x0037;
    pub(crate) const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub(crate) const REPRESENTING_NAME: u16 = 0x0042;
    pub(crate) const REPRESENTING_ADDRESS: u16 = 0x0065;
    pub(crate) const REPRESENTING_SMTP: u16 = 0x5d02;
    pub(crate) const TRANSPORT_HEADERS: u16 = 0x007d;
    pub(crate) const RECIPIENT_TYPE: u16 = 0x0c15;
    pub(crate) const SENDER_NAME: u16 = 0x0c1a;
    pub(crate) const SENDER_ADDRESS: u16 = 0x0c1f;
    pub(crate) const SENDER_SMTP: u16 = 0x5d01;
    pub(crate) const DELIVERY_TIME: u16 = 0x0e06;
    pub(crate) const BODY: u16 = 0x1000;
    pub(crate) const RTF_COMPRESSED: u16 = 0x1009;
    pub(crate) const HTML: u16 = 0x1013;
    pub(crate) const DISPLAY_NAME: u16 = 0x3001;
    pub(crate) const EMAIL_ADDRESS: u16 = 0x3003;
    pub(crate) const ATTACH_DATA: u16 = 0x3701;
    pub(crate) const ATTACH_FILE_NAME: u16 = 0x3704;
    pub(crate) const ATTACH_METHOD: u16 = 0x3705;
    pub(crate) const ATTACH_LONG_FILE_NAME: u16 = 0x3707;
    pub(crate) const ATTACH_MIME_TAG: u16 = 0x370e;
    pub(crate) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(crate) const SMTP_ADDRESS: u16 = 0x39fe;
    pub(crate) const INTERNET_CODE_PAGE: u16 = 0x3fde;
    pub(crate) const MESSAGE_CODE_PAGE: u16 = 0x3ffd;
}

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text in the code page of the message.
    Narrow(Vec<u8>),
    /// Text in UTF-16.
    Wide(String),
    Binary(Vec<u8>),
    Number(u32),
    /// Hundreds of nanoseconds since 1601.
    Time(u64),
}

/// The properties of a message, recipient or attachment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties(BTreeMap<u16, Value>);

impl Properties {
    /// Takes a property; the first of several stays.
    pub(crate) fn add(&mut self, id: u16, value: Value) {
        self.0.entry(id).or_insert(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn number(&self, id: u16) -> Option<u32> {
        match self.0.get(&id) {
            Some(Value::Number(number)) => Some(*number),
            Some(Value::Narrow(_) | Value::Wide(_) | Value::Binary(_) | Value::Time(_)) | None => None,
        }
    }

    pub(crate) fn time(&self, id: u16) -> Option<DateTime> {
        match self.0.get(&id) {
            Some(Value::Time(ticks)) => date(*ticks),
            Some(Value::Narrow(_) | Value::Wide(_) | Value::Binary(_) | Value::Number(_)) | None => None,
        }
    }

    pub(crate) fn take(&mut self, id: u16) -> Option<Value> {
        self.0.remove(&id)
    }

    /// The charset label of the narrow texts.
    pub(crate) fn label(&self) -> Option<String> {
        let page = self.number(id::MESSAGE_CODE_PAGE).or_else(|| self.number(id::INTERNET_CODE_PAGE));
        page.and_then(label_of_code_page)
    }

    /// A text, its zero octets at the end left out; empty when it is not there.
    pub(crate) fn text(&self, id: u16, label: Option<&str>) -> String {
        match self.0.get(&id) {
            Some(Value::Wide(text)) => text.trim_end_matches('\0').to_owned(),
            Some(Value::Narrow(octets)) => decoded(octets, label),
            Some(Value::Binary(_) | Value::Number(_) | Value::Time(_)) | None => String::new(),
        }
    }

    /// The first of several properties that is a text and not empty.
    pub(crate) fn first_text(&self, ids: &[u16], label: Option<&str>) -> String {
        ids.iter().map(|id| self.text(*id, label)).find(|text| !text.is_empty()).unwrap_or_default()
    }
}

/// A text of a code page.
pub(crate) fn decoded(octets: &[u8], label: Option<&str>) -> String {
    let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last.saturating_add(1));
    charset::decode(octets.get(..end).unwrap_or_default(), label).text
}

/// Charset label of a Windows code page.
pub(crate) fn label_of_code_page(page: u32) -> Option<String> {
    Some(match page {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        54_936 => "gb18030".to_owned(),
        1_200 => "utf-16le".to_owned(),
        65_001 => "utf-8".to_owned(),
        20_127 => "us-ascii".to_owned(),
        20_866 => "koi8-r".to_owned(),
        21_866 => "koi8-u".to_owned(),
        20_932 | 51_932 => "euc-jp".to_owned(),
        50_220..=50_222 => "iso-2022-jp".to_owned(),
        874 | 1_250..=1_258 => format!("windows-{page}"),
        28_591..=28_605 => format!("iso-8859-{}", page.saturating_sub(28_590)),
        _ => return None,
    })
}

/// Seconds between 1601 and 1970.
const EPOCH_S: i64 = 11_644_473_600;

/// A date as FILETIME.
pub(crate) fn ticks(date: DateTime) -> Option<u64> {
    u64::try_from(date.unix_s.checked_add(EPOCH_S)?).ok()?.checked_mul(10_000_000)
}

/// A FILETIME.
pub(crate) fn date(ticks: u64) -> Option<DateTime> {
    let seconds = i64::try_from(ticks / 10_000_000).ok()?.checked_sub(EPOCH_S)?;
    let date = DateTime::utc(seconds);
    (seconds > 0 && date.is_sound()).then_some(date)
}
