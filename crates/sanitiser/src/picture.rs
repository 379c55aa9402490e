//! Pictures of a document → PNG or JPEG written by our own writers: what OOXML and OpenDocument show is the same.
//!
//! *Security.* Given any octets. What one picture is too large for is its own loss; a limit of the whole document, met
//! in a picture, is a verdict on the document: a budget that refuses to be spent is as full as before, and whoever goes
//! on without a word lets every further picture try again.

use crate::{
    Surroundings,
    drawing::Ground,
    metafile,
    raster::{self, Fidelity},
    svg,
};
use policy::{Budget, FindingCode, Findings, Policy};

/// A picture as it stands in the package.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) octets: Vec<u8>,
    pub(crate) extension: &'static str,
    pub(crate) media_type: &'static str,
}

/// What is told of pictures inside a document. What is told of those on their own (metadata, profiles) is too much here.
const TOLD: &[FindingCode] = &[
    FindingCode::FramesDropped,
    FindingCode::ImageTruncated,
    FindingCode::ImageReduced,
    FindingCode::PageIncomplete,
    FindingCode::FontMissing,
    FindingCode::QrCode,
];

/// Writes a picture anew. `None` when it cannot be, which the caller tells unless there is another in its place; a
/// limit of the document that was met is a verdict on it.
pub(crate) fn rebuild(
    octets: &[u8],
    policy: &Policy,
    fidelity: Fidelity,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Option<Picture>, FindingCode> {
    let mut own = Findings::new();
    // `.emz` and `.wmz` are metafiles in gzip.
    let is_drawing = metafile::is_metafile(octets) || octets.starts_with(&[0x1f, 0x8b]);
    let rewritten = if is_drawing {
        metafile::rasterise(octets, Ground::Transparent, budget, &mut own, surroundings)
    } else if svg::is_svg(octets) {
        svg::rasterise(octets, Ground::Transparent, policy, budget, &mut own, surroundings)
    } else {
        raster::rebuild(octets, policy, budget, &mut own, fidelity)
    };
    let rewritten = match rewritten {
        Ok(rewritten) => rewritten,
        Err(code) if is_of_the_document(code) => return Err(code),
        Err(_) => return Ok(None),
    };
    let (extension, media_type) = match rewritten.extension {
        "png" => ("png", "image/png"),
        "jpg" => ("jpeg", "image/jpeg"),
        // A fax of many pages becomes a PDF, which no document can show.
        _ => return Ok(None),
    };
    tell(&own, findings);
    Ok(Some(Picture { octets: rewritten.octets, extension, media_type }))
}

/// Takes over what is told of a picture inside a document.
pub(crate) fn tell(own: &Findings, findings: &mut Findings) {
    for finding in own.iter().filter(|finding| TOLD.contains(&finding.code)) {
        findings.add_many(finding.code, finding.count, &finding.detail);
    }
}

/// Whether a code says that what the whole document may spend is gone. The others say that one picture is too large, or
/// no picture.
pub(crate) fn is_of_the_document(code: FindingCode) -> bool {
    use FindingCode as F;
    let totals = [F::LimitTotalPixels, F::LimitUnpackedOctets, F::LimitNodes, F::LimitPages];
    totals.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FontFace;
    use flate2::{Compression, write::GzEncoder};
    use mail::PartPath;
    use policy::Limits;
    use std::io::Write;
    use std::sync::Arc;

    struct NoFonts;

    impl Surroundings for NoFonts {
        fn begin(&mut self, _: &PartPath) {}

        fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
            None
        }
    }

    /// A record of an enhanced metafile.
    fn record(drawing: &mut Vec<u8>, kind: u32, fields: &[i32]) {
        let size = u32::try_from(fields.len()).unwrap().checked_mul(4).unwrap().checked_add(8).unwrap();
        drawing.extend(kind.to_le_bytes());
        drawing.extend(size.to_le_bytes());
        drawing.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
    }

    /// An enhanced metafile of one rectangle, which says that it is whole or breaks off before its end.
    fn drawing(is_whole: bool) -> Vec<u8> {
        let mut drawing = Vec::new();
        let signature = i32::from_le_bytes(*b" EMF");
        let header = [
            &[0, 0, 100, 100, 0, 0, 2_540, 2_540, signature, 0x1_0000, 0, 3, 1, 0, 0, 0][..],
            &[1_000, 1_000, 254, 254],
        ];
        record(&mut drawing, 1, &header.concat());
        record(&mut drawing, 43, &[10, 10, 90, 90]);
        if is_whole {
            record(&mut drawing, 14, &[0, 0, 20]);
        } else {
            drawing.extend([43, 0, 0, 0, 255, 0, 0, 0]);
        }
        drawing
    }

    /// An enhanced metafile of one path of this many points.
    fn large_path(count: i32) -> Vec<u8> {
        let mut made = drawing(true);
        made.truncate(made.len().saturating_sub(20));
        let mut fields = vec![0, 0, 100, 100, count];
        fields.extend(vec![0x0001_0001; usize::try_from(count).unwrap()]);
        record(&mut made, 89, &fields);
        record(&mut made, 14, &[0, 0, 20]);
        made
    }

    fn gzip(octets: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    }

    /// The extension of the picture, if there is one.
    type Outcome = Result<Option<&'static str>, FindingCode>;

    fn run(octets: &[u8], limits: &Limits) -> (Outcome, Findings) {
        let mut findings = Findings::new();
        let (policy, mut budget) = (Policy::standard(), Budget::new(limits));
        let made = rebuild(octets, &policy, Fidelity::Full, &mut budget, &mut findings, &mut NoFonts);
        (made.map(|picture| picture.map(|picture| picture.extension)), findings)
    }

    #[test]
    fn what_the_document_may_spend_is_a_verdict_and_what_a_picture_is_too_large_for_is_not() {
        let whole = drawing(true);
        let bomb = gzip(&vec![0; 12 << 20]);
        let standard = Limits::STANDARD;
        let cases: &[(&[u8], Limits, Outcome)] = &[
            (&whole, standard, Ok(Some("png"))),
            (&gzip(&whole), standard, Ok(Some("png"))),
            (b"no picture", standard, Ok(None)),
            (&gzip(b"no picture"), standard, Ok(None)),
            (&whole, Limits { image_px: 100, ..standard }, Ok(None)),
            (&whole, Limits { total_px: 100, ..standard }, Err(FindingCode::LimitTotalPixels)),
            (&whole, Limits { nodes: 0, ..standard }, Err(FindingCode::LimitNodes)),
            (&bomb, standard, Ok(None)),
            (&bomb, Limits { unpacked_octets: 11 << 20, ..standard }, Ok(None)),
            (&bomb, Limits { unpacked_octets: 9 << 20, ..standard }, Err(FindingCode::LimitUnpackedOctets)),
            (&large_path(1_000_001), standard, Ok(None)),
        ];
        let mut ran = 0;
        for (octets, limits, expected) in cases {
            assert_eq!(run(octets, limits).0, *expected, "case {ran}");
            ran += 1;
        }
        assert_eq!(ran, 11);
    }

    #[test]
    fn a_drawing_that_is_not_whole_is_told() {
        assert!(run(&drawing(true), &Limits::STANDARD).1.is_empty());
        let (made, findings) = run(&drawing(false), &Limits::STANDARD);
        assert_eq!((made, findings.count(FindingCode::PageIncomplete)), (Ok(Some("png")), 1));
    }
}
