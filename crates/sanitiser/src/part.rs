//! What the format modules share: the newly written part, and what they may ask of their surroundings.

use mail::{MediaType, PartPath};
use policy::Action;
use std::sync::Arc;

/// A part written anew by one of the format modules.
#[derive(Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The octets that our writer wrote.
    pub octets: Vec<u8>,
    /// What they are.
    pub media_type: MediaType,
    /// True extension without dot, such as `pdf`.
    pub extension: &'static str,
    /// MIME charset label of a `text/*` part.
    pub charset: Option<&'static str>,
    /// `Rebuild`, `Flatten` or `Extract`.
    pub action: Action,
}

impl std::fmt::Debug for Rewritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rewritten({} {} octets)", self.media_type, self.octets.len())
    }
}

/// What the jail provides to the sanitiser.
pub trait Surroundings {
    /// Announces that this part is about to be opened. If the child dies now, this part is to blame.
    fn begin(&mut self, path: &PartPath);

    /// The octets of a fallback font (TrueType, OpenType or a collection) and the index of the face in it; `None`
    /// when this machine has no such font. Read only when a page asks.
    fn font(&mut self, face: FontFace) -> Option<(Arc<Vec<u8>>, u32)>;
}

/// A fallback font for documents that do not embed their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FontFace {
    /// 明朝.
    JapaneseSerif,
    /// ゴシック.
    JapaneseSans,
    /// Bold ゴシック.
    JapaneseSansBold,
    /// Bold 明朝.
    JapaneseSerifBold,
    /// Simplified Chinese.
    SimplifiedChinese,
    /// Traditional Chinese.
    TraditionalChinese,
    /// Korean.
    Korean,
}
