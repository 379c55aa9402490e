//! Typefaces for a drawing: those of ours that it may need, whatever it names.

use super::survey::Survey;
use crate::{FontFace, Surroundings, drawing};
use resvg::usvg::fontdb::{Database, ID, Source};
use resvg::usvg::{Font, FontFamily, FontResolver};
use skrifa::{FontRef, MetadataProvider as _};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The faces that stand in.
pub(super) struct Faces {
    database: Arc<Database>,
    opened: Vec<(FontFace, ID)>,
    /// Characters, or whole texts, that no face has.
    missing: AtomicU32,
}

/// Weight from which a face is bold (CSS Fonts 3 §3.2).
const BOLD: u16 = 600;

impl Faces {
    /// Opens what the survey asks for; a drawing without text needs none.
    pub(super) fn open(survey: &Survey, surroundings: &mut dyn Surroundings) -> Self {
        let wanted = [
            (FontFace::JapaneseSans, true),
            (FontFace::JapaneseSansBold, survey.bold),
            (FontFace::JapaneseSerif, survey.serif),
            (FontFace::JapaneseSerifBold, survey.serif && survey.bold),
        ];
        let (mut database, mut opened) = (Database::new(), Vec::new());
        for (face, _) in wanted.into_iter().filter(|(_, wanted)| *wanted && survey.texts > 0) {
            let Some((octets, index)) = surroundings.font(face) else { continue };
            let loaded = database.load_font_source(Source::Binary(octets));
            let id = loaded.into_iter().find(|id| database.face(*id).is_some_and(|info| info.index == index));
            opened.extend(id.map(|id| (face, id)));
        }
        let missing = if opened.is_empty() { survey.texts } else { 0 };
        Self { database: Arc::new(database), opened, missing: AtomicU32::new(missing) }
    }

    pub(super) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database)
    }

    pub(super) fn missing(&self) -> u32 {
        self.missing.load(Ordering::Relaxed)
    }

    pub(super) fn resolver(&self) -> FontResolver<'_> {
        FontResolver {
            select_font: Box::new(|font, _| self.stand_in(font)),
            select_fallback: Box::new(|character, used, database| {
                let has = |id: ID| {
                    let found = database.with_face_data(id, |octets, index| {
                        FontRef::from_index(octets, index)
                            .is_ok_and(|font| font.charmap().map(character).is_some())
                    });
                    found.unwrap_or(false)
                };
                let found = self.opened.iter().map(|(_, id)| *id).find(|id| !used.contains(id) && has(*id));
                if found.is_none() {
                    self.missing.fetch_add(1, Ordering::Relaxed);
                }
                found
            }),
        }
    }

    fn stand_in(&self, font: &Font) -> Option<ID> {
        let serif = font.families().first().is_some_and(|family| match family {
            FontFamily::Serif => true,
            FontFamily::Named(name) => drawing::is_serif(&name.to_lowercase()),
            FontFamily::SansSerif | FontFamily::Cursive | FontFamily::Fantasy | FontFamily::Monospace => {
                false
            }
        });
        let face = match (serif, font.weight() >= BOLD) {
            (true, false) => FontFace::JapaneseSerif,
            (true, true) => FontFace::JapaneseSerifBold,
            (false, false) => FontFace::JapaneseSans,
            (false, true) => FontFace::JapaneseSansBold,
        };
        let exact = self.opened.iter().find(|(opened, _)| *opened == face);
        exact.or_else(|| self.opened.first()).map(|(_, id)| *id)
    }
}
