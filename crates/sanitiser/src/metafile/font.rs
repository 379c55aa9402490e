//! Text: outlines of the fallback fonts, placed as the record says.
//!
//! The fonts that a drawing names are never there; a face of ours stands in, squeezed to the widths that the record
//! gives. Characters that no face has are counted.
//!
//! *Security.* Font files are ours. Texts are at most as long as GDI allows and spent by the character; every point
//! of every outline is spent by the canvas.

use crate::{FontFace, Surroundings, drawing};
use skrifa::{
    FontRef, GlyphId, MetadataProvider,
    instance::{LocationRef, Size},
    outline::{DrawSettings, OutlinePen},
};
use std::sync::Arc;
use tiny_skia::{Path, PathBuilder, Transform};

/// A font as a record describes it (LOGFONT).
#[derive(Clone, Debug)]
pub(super) struct Font {
    /// Height of the em square, logical units.
    pub(super) em: f32,
    /// Degrees against the clock.
    pub(super) escapement: f32,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) struck: bool,
    /// Windows charset number.
    pub(super) charset: u8,
    pub(super) face: FontFace,
    /// Whether its characters are pictures (Wingdings, Symbol).
    pub(super) symbols: bool,
    /// Whether glyph numbers can be read back as characters: the first fonts of Windows count from the space at 3.
    pub(super) counts_from_space: bool,
}

/// What a LOGFONT says.
pub(super) struct LogFont<'n> {
    pub(super) height: f32,
    pub(super) escapement: f32,
    pub(super) weight: f32,
    pub(super) italic: u8,
    pub(super) underline: u8,
    pub(super) struck: u8,
    pub(super) charset: u8,
    pub(super) name: &'n str,
}

/// The part of a cell that is the em square, usually.
const EM_OF_CELL: f32 = 0.86;

impl Font {
    /// The font of the system.
    pub(super) fn standard() -> Self {
        Self::of(&LogFont {
            height: -13.0,
            escapement: 0.0,
            weight: 400.0,
            italic: 0,
            underline: 0,
            struck: 0,
            charset: 0,
            name: "",
        })
    }

    pub(super) fn of(log: &LogFont<'_>) -> Self {
        let name = log.name.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let serif = drawing::is_serif(&name);
        let bold = log.weight >= 600.0;
        let face = match (log.charset, serif, bold) {
            (134, _, _) => FontFace::SimplifiedChinese,
            (136, _, _) => FontFace::TraditionalChinese,
            (129 | 130, _, _) => FontFace::Korean,
            (_, true, false) => FontFace::JapaneseSerif,
            (_, true, true) => FontFace::JapaneseSerifBold,
            (_, false, false) => FontFace::JapaneseSans,
            (_, false, true) => FontFace::JapaneseSansBold,
        };
        let height = if log.height == 0.0 { -13.0 } else { log.height };
        Self {
            em: if height < 0.0 { -height } else { height * EM_OF_CELL },
            escapement: log.escapement / 10.0,
            italic: log.italic != 0,
            underline: log.underline != 0,
            struck: log.struck != 0,
            charset: log.charset,
            face,
            symbols: log.charset == 2 || any(&["wingdings", "webdings", "symbol"]),
            counts_from_space: any(&["arial", "times", "courier", "tahoma", "verdana", "georgia"]),
        }
    }
}

/// One character of a run: its outline in ems, upwards, and its own advance.
pub(super) struct Glyph {
    pub(super) outline: Option<Path>,
    pub(super) advance: f32,
}

/// Octets of a font file, and the index of the face in it.
type FontFile = (Arc<Vec<u8>>, u32);

/// The fallback fonts, opened when asked for.
pub(super) struct Fonts<'s> {
    surroundings: &'s mut dyn Surroundings,
    opened: Vec<(FontFace, Option<FontFile>)>,
    /// Characters that no face has.
    pub(super) missing: u32,
}

impl<'s> Fonts<'s> {
    pub(super) fn new(surroundings: &'s mut dyn Surroundings) -> Self {
        Self { surroundings, opened: Vec::new(), missing: 0 }
    }

    fn face(&mut self, face: FontFace) -> Option<FontFile> {
        if let Some((_, known)) = self.opened.iter().find(|(known, _)| *known == face) {
            return known.clone();
        }
        let font = self.surroundings.font(face);
        self.opened.push((face, font.clone()));
        font
    }

    /// The glyphs of a text.
    pub(super) fn glyphs(&mut self, font: &Font, text: &[char]) -> Vec<Glyph> {
        let file = self.face(font.face).or_else(|| self.face(FontFace::JapaneseSans));
        let Some(file) = file.as_ref() else {
            self.missing = self.missing.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
            return text.iter().map(|_| Glyph { outline: None, advance: 0.5 }).collect();
        };
        let Ok(face) = FontRef::from_index(&file.0, file.1) else { return Vec::new() };
        let metrics = face.glyph_metrics(Size::new(1.0), LocationRef::default());
        let (outlines, characters) = (face.outline_glyphs(), face.charmap());
        let mut glyphs = Vec::with_capacity(text.len());
        for &character in text {
            let shown = if font.symbols { symbol(character) } else { character };
            let id = characters.map(shown).unwrap_or(GlyphId::NOTDEF);
            if id == GlyphId::NOTDEF && !shown.is_whitespace() && !shown.is_control() {
                self.missing = self.missing.saturating_add(1);
            }
            let advance = metrics.advance_width(id).unwrap_or(0.5);
            let mut pen = Outline(PathBuilder::new());
            let outline = outlines.get(id).filter(|_| id != GlyphId::NOTDEF).and_then(|glyph| {
                glyph.draw(DrawSettings::unhinted(Size::new(1.0), LocationRef::default()), &mut pen).ok()?;
                let slant = if font.italic { 0.2 } else { 0.0 };
                pen.0.finish()?.transform(Transform::from_row(1.0, 0.0, slant, 1.0, 0.0, 0.0))
            });
            glyphs.push(Glyph { outline, advance });
        }
        glyphs
    }
}

/// Characters of picture fonts: letters and digits of the private area read as themselves, all else as a bullet.
fn symbol(character: char) -> char {
    let code = u32::from(character);
    let plain = if (0xf020..0xf0ff).contains(&code) { char::from_u32(code & 0xff) } else { Some(character) };
    match plain {
        Some(space) if space.is_whitespace() => ' ',
        Some('\u{fc}') => '✓',
        Some(_) | None => '•',
    }
}

struct Outline(PathBuilder);

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.0.cubic_to(cx0, cy0, cx1, cy1, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
