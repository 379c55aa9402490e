//! Media types without parameters (RFC 2045 §5.1, RFC 6838 §4.2).

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// A lower-case `type/subtype` of RFC 6838 restricted names (at most 127 characters each).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MediaType(Cow<'static, str>);

impl MediaType {
    /// `application/octet-stream`: nothing is known.
    pub const UNKNOWN: Self = Self::known("application/octet-stream");
    /// `text/plain`.
    pub const TEXT: Self = Self::known("text/plain");

    /// A media type that our own code names. The text must already be lower-case `type/subtype`.
    pub const fn known(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Reads `type/subtype` as it was declared, lower-cased; `None` when it is not of RFC 6838 form.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (kind, subtype) = lower.split_once('/')?;
        let restricted = |name: &str| {
            !name.is_empty()
                && name.len() <= 127
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        (restricted(kind) && restricted(subtype)).then(|| Self(Cow::Owned(lower.clone())))
    }

    /// The whole, such as `text/plain`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The top-level type, such as `text`.
    pub fn top_level(&self) -> &str {
        self.0.split_once('/').map_or("", |(kind, _)| kind)
    }
}

impl TryFrom<String> for MediaType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a media type")
    }
}

impl From<MediaType> for String {
    fn from(media_type: MediaType) -> Self {
        media_type.0.into_owned()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaType({})", self.0)
    }
}
