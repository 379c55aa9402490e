//! Which fallback font stands in for one that a PDF names but does not embed.
//!
//! hayro asks from inside a page, where the surroundings cannot be reached; so [`Fonts`] notes what was asked for, the
//! page is interpreted again once the font is there, and what nobody has is reported.

use crate::{FontFace, Surroundings};
use hayro::hayro_interpret::font::{FallbackFontQuery, FontData, FontQuery};
use hayro::hayro_interpret::hayro_cmap::CidFamily;
use hayro::hayro_interpret::{FontResolverFn, InterpreterSettings, InterpreterWarning};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A font file and the index of the face in it.
type FaceOctets = (Arc<Vec<u8>>, u32);

/// What is known about fallback fonts and warnings, shared with hayro's callbacks.
#[derive(Default)]
struct Known {
    fonts: HashMap<FontFace, Option<FaceOctets>>,
    wanted: Vec<FontFace>,
    missing: BTreeSet<String>,
    images: u32,
    fonts_broken: u32,
    annotations: u32,
}

/// Fallback fonts of one document, and what hayro complained of.
#[derive(Clone, Default)]
pub(super) struct Fonts(Arc<Mutex<Known>>);

/// What hayro complained of since the last look.
#[derive(Default)]
pub(super) struct Complaints {
    pub(super) missing: BTreeSet<String>,
    pub(super) images: u32,
    pub(super) fonts: u32,
    pub(super) annotations: u32,
}

impl Fonts {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settings whose callbacks answer from here.
    pub(super) fn settings(&self) -> InterpreterSettings {
        let (fonts, complaints) = (self.clone(), self.clone());
        let resolver: FontResolverFn = Arc::new(move |query| fonts.answer(query));
        InterpreterSettings {
            font_resolver: resolver,
            warning_sink: Arc::new(move |warning| complaints.note(warning)),
            ..InterpreterSettings::default()
        }
    }

    fn note(&self, warning: InterpreterWarning) {
        let mut known = self.known();
        let counter = match warning {
            InterpreterWarning::UnsupportedFont => &mut known.fonts_broken,
            InterpreterWarning::UnresolvedAnnotationAppearance => &mut known.annotations,
            InterpreterWarning::ImageDecodeFailure | _ => &mut known.images,
        };
        *counter = counter.saturating_add(1);
    }

    fn answer(&self, query: &FontQuery) -> Option<(FontData, u32)> {
        let query = match query {
            FontQuery::Standard(font) => return Some(font.get_font_data()),
            FontQuery::Fallback(query) => query,
        };
        let Some(face) = face(query) else {
            return Some(query.pick_standard_font().get_font_data());
        };
        let mut known = self.known();
        match known.fonts.get(&face) {
            Some(Some((octets, index))) => {
                let data: FontData = octets.clone();
                Some((data, *index))
            }
            Some(None) if query.character_collection.is_none() => {
                Some(query.pick_standard_font().get_font_data())
            }
            Some(None) => {
                let name = query.post_script_name.as_deref().unwrap_or("?");
                known.missing.insert(name.chars().take(60).collect());
                None
            }
            None => {
                known.wanted.push(face);
                None
            }
        }
    }

    /// Gets what was asked for. True if something new is there now, so that the page must be interpreted again.
    pub(super) fn fetch(&self, surroundings: &mut dyn Surroundings) -> bool {
        let mut known = self.known();
        let wanted = std::mem::take(&mut known.wanted);
        let mut is_new = false;
        for face in wanted {
            known.fonts.entry(face).or_insert_with(|| {
                is_new = true;
                surroundings.font(face).or_else(|| plainer(face).and_then(|face| surroundings.font(face)))
            });
        }
        if is_new {
            // What was said without the font is said again with it, if it still holds.
            (known.images, known.fonts_broken, known.annotations) = (0, 0, 0);
            known.missing.clear();
        }
        is_new
    }

    /// What hayro complained of since the last look.
    pub(super) fn complaints(&self) -> Complaints {
        let mut known = self.known();
        Complaints {
            missing: std::mem::take(&mut known.missing),
            images: std::mem::take(&mut known.images),
            fonts: std::mem::take(&mut known.fonts_broken),
            annotations: std::mem::take(&mut known.annotations),
        }
    }
}

/// What stands in when a face is not there either.
const fn plainer(face: FontFace) -> Option<FontFace> {
    match face {
        FontFace::JapaneseSerif | FontFace::JapaneseSansBold => Some(FontFace::JapaneseSans),
        FontFace::JapaneseSerifBold => Some(FontFace::JapaneseSansBold),
        FontFace::JapaneseSans => Some(FontFace::JapaneseSerif),
        FontFace::SimplifiedChinese | FontFace::TraditionalChinese | FontFace::Korean => None,
    }
}

/// The face for a font that is not embedded; `None` for one that a Latin font can stand in for.
fn face(query: &FallbackFontQuery) -> Option<FontFace> {
    let name = [&query.post_script_name, &query.font_name, &query.font_family]
        .into_iter()
        .flatten()
        .map(|name| name.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    let family = query.character_collection.as_ref().map(|collection| &collection.family);
    match family {
        Some(CidFamily::AdobeGB1) => return Some(FontFace::SimplifiedChinese),
        Some(CidFamily::AdobeCNS1) => return Some(FontFace::TraditionalChinese),
        Some(CidFamily::AdobeKorea1) => return Some(FontFace::Korean),
        _ => {}
    }
    let is_japan = matches!(family, Some(CidFamily::AdobeJapan1));
    let has = |hints: &[&str]| hints.iter().any(|hint| name.contains(hint));
    let is_serif = has(SERIF);
    let is_sans = has(SANS);
    // A composite font of an unknown collection is far more likely Japanese here than Latin.
    if !(is_japan || is_serif || is_sans || query.character_collection.is_some()) {
        return None;
    }
    let is_bold = query.is_bold || query.font_weight >= 600 || has(BOLD);
    let is_serif = is_serif || (!is_sans && query.is_serif);
    Some(match (is_serif, is_bold) {
        (true, false) => FontFace::JapaneseSerif,
        (true, true) => FontFace::JapaneseSerifBold,
        (false, false) => FontFace::JapaneseSans,
        (false, true) => FontFace::JapaneseSansBold,
    })
}

/// Name parts of Mincho faces, lower-case; the last ones are 明朝 as read from `Shift_JIS` by readers of Latin-1.
const SERIF: &[&str] = &[
    "mincho",
    "ryumin",
    "heiseimin",
    "kozmin",
    "hiramin",
    "ipam",
    "明朝",
    "futomin",
    "yumin",
    "notoserifcjk",
    "biz ud明朝",
    "\u{96be}\u{92a9}",
    "–¾’©",
];
/// Name parts of Gothic faces, lower-case.
const SANS: &[&str] = &[
    "gothic-",
    "gothicbbb",
    "msgothic",
    "ms-gothic",
    "pgothic",
    "kakugo",
    "heiseikaku",
    "kozgo",
    "hirakaku",
    "ipag",
    "ゴシック",
    "meiryo",
    "メイリオ",
    "yugoth",
    "midashigo",
    "udgothic",
    "notosanscjk",
    "jun101",
    "futogo",
    "ｺﾞｼｯｸ",
];
/// Name parts of bold faces, lower-case.
const BOLD: &[&str] = &["bold", "midashi", "futo", "heavy", "-w6", "-w8", "-w9", "-eb", "-db"];

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_interpret::hayro_cmap::CharacterCollection;

    fn of(name: &str, family: Option<CidFamily>) -> Option<FontFace> {
        let character_collection = family.map(|family| CharacterCollection { family, supplement: 6 });
        face(&FallbackFontQuery {
            post_script_name: Some(name.to_owned()),
            character_collection,
            ..FallbackFontQuery::default()
        })
    }

    #[test]
    fn japanese_names_find_their_faces() {
        let cases = [
            ("MS-Mincho", FontFace::JapaneseSerif),
            ("Ryumin-Light", FontFace::JapaneseSerif),
            ("ＭＳ 明朝", FontFace::JapaneseSerif),
            ("HeiseiMin-W3", FontFace::JapaneseSerif),
            ("KozMinPr6N-Regular", FontFace::JapaneseSerif),
            ("GothicBBB-Medium", FontFace::JapaneseSans),
            ("MS-PGothic,Bold", FontFace::JapaneseSansBold),
            ("MidashiGo-MB31", FontFace::JapaneseSansBold),
            ("HeiseiKakuGo-W5", FontFace::JapaneseSans),
            ("IPAMincho", FontFace::JapaneseSerif),
            ("UnknownFont", FontFace::JapaneseSans),
        ];
        for (name, expected) in cases {
            assert_eq!(of(name, Some(CidFamily::AdobeJapan1)), Some(expected), "{name}");
        }
        assert_eq!(cases.len(), 11);
        assert_eq!(of("Arial", None), None);
        assert_eq!(of("MS-Mincho", None), Some(FontFace::JapaneseSerif));
        assert_eq!(of("X", Some(CidFamily::AdobeGB1)), Some(FontFace::SimplifiedChinese));
    }
}
