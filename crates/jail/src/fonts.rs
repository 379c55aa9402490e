//! Fallback fonts of this machine for documents that do not embed their own: found by the broker, opened by the
//! child before it is locked, read only when a page asks.

use sanitiser::FontFace;
use std::path::{Path, PathBuf};

/// One face in a font file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FontFile {
    /// For which face it stands in.
    pub face: FontFace,
    /// The file: TrueType, OpenType or a collection.
    pub path: PathBuf,
    /// Index of the face in a collection.
    pub index: u32,
}

const NOTO: &str = "/usr/share/fonts/opentype/noto";
const NOTO_RPM: &str = "/usr/share/fonts/google-noto-cjk";
const IPAEX: &str = "/usr/share/fonts/opentype/ipaexfont-mincho";
const IPAEX_GOTHIC: &str = "/usr/share/fonts/opentype/ipaexfont-gothic";

/// Folder, file, index of the face in a collection.
type Candidate = (&'static str, &'static str, u32);

/// Candidates for each face, best first: folder, file, index. Indices of Noto CJK collections: 0 JP, 1 KR, 2 SC,
/// 3 TC.
const CANDIDATES: &[(FontFace, &[Candidate])] = &[
    (
        FontFace::JapaneseSerif,
        &[
            (NOTO, "NotoSerifCJK-Regular.ttc", 0),
            (NOTO_RPM, "NotoSerifCJK-Regular.ttc", 0),
            (IPAEX, "ipaexm.ttf", 0),
            (NOTO, "NotoSansCJK-Regular.ttc", 0),
        ],
    ),
    (
        FontFace::JapaneseSans,
        &[
            (NOTO, "NotoSansCJK-Regular.ttc", 0),
            (NOTO_RPM, "NotoSansCJK-Regular.ttc", 0),
            (IPAEX_GOTHIC, "ipaexg.ttf", 0),
        ],
    ),
    (
        FontFace::JapaneseSansBold,
        &[
            (NOTO, "NotoSansCJK-Bold.ttc", 0),
            (NOTO_RPM, "NotoSansCJK-Bold.ttc", 0),
            (NOTO, "NotoSansCJK-Regular.ttc", 0),
        ],
    ),
    (
        FontFace::JapaneseSerifBold,
        &[
            (NOTO, "NotoSerifCJK-Bold.ttc", 0),
            (NOTO_RPM, "NotoSerifCJK-Bold.ttc", 0),
            (NOTO, "NotoSerifCJK-Regular.ttc", 0),
        ],
    ),
    (
        FontFace::SimplifiedChinese,
        &[(NOTO, "NotoSansCJK-Regular.ttc", 2), (NOTO_RPM, "NotoSansCJK-Regular.ttc", 2)],
    ),
    (
        FontFace::TraditionalChinese,
        &[(NOTO, "NotoSansCJK-Regular.ttc", 3), (NOTO_RPM, "NotoSansCJK-Regular.ttc", 3)],
    ),
    (FontFace::Korean, &[(NOTO, "NotoSansCJK-Regular.ttc", 1), (NOTO_RPM, "NotoSansCJK-Regular.ttc", 1)]),
];

/// The fonts that this machine has, at most one a face.
pub fn find_fonts() -> Vec<FontFile> {
    let found = |candidates: &[Candidate]| {
        let paths = candidates.iter().map(|(folder, file, index)| (Path::new(folder).join(file), *index));
        paths.into_iter().find(|(path, _)| path.is_file())
    };
    CANDIDATES
        .iter()
        .filter_map(|(face, candidates)| {
            found(candidates).map(|(path, index)| FontFile { face: *face, path, index })
        })
        .collect()
}

/// The faces that nothing on this machine stands in for; `doctor` names the package that brings them.
pub fn missing_fonts(found: &[FontFile]) -> Vec<FontFace> {
    CANDIDATES
        .iter()
        .map(|(face, _)| *face)
        .filter(|face| !found.iter().any(|font| font.face == *face))
        .collect()
}

impl FontFile {
    /// As one argument of a child: `face:index:path`.
    pub(crate) fn to_argument(&self) -> Option<String> {
        let face = CANDIDATES.iter().position(|(face, _)| *face == self.face)?;
        Some(format!("{face}:{}:{}", self.index, self.path.to_str()?))
    }

    /// Reads what `to_argument` wrote.
    pub(crate) fn of_argument(argument: &str) -> Option<Self> {
        let mut pieces = argument.splitn(3, ':');
        let (face, index, path) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let (face, _) = CANDIDATES.get(face.parse::<usize>().ok()?)?;
        Some(Self { face: *face, path: PathBuf::from(path), index: index.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_travel_as_arguments() {
        let font = FontFile { face: FontFace::Korean, path: "/a:b/c.ttc".into(), index: 1 };
        assert_eq!(FontFile::of_argument(&font.to_argument().unwrap()), Some(font));
        assert_eq!(missing_fonts(&[]).len(), 7);
    }
}
