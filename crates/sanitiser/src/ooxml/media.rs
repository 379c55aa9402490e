//! Pictures of a document → PNG or JPEG written by our own writers.

use crate::{
    Surroundings,
    metafile::{self, Ground},
    raster::{self, Fidelity},
};
use policy::{Budget, FindingCode, Findings, Policy};

/// A picture as it stands in the package.
pub(super) struct Picture {
    pub(super) octets: Vec<u8>,
    pub(super) extension: &'static str,
}

/// Writes a picture anew. `None` when it cannot be; a limit that was met is a verdict on the document.
pub(super) fn rebuild(
    octets: &[u8],
    policy: &Policy,
    fidelity: Fidelity,
    budget: &mut Budget,
    findings: &mut Findings,
    surroundings: &mut dyn Surroundings,
) -> Result<Option<Picture>, FindingCode> {
    // What is told of pictures on their own (metadata, profiles) is too much for those inside a document.
    let mut own = Findings::new();
    let is_drawing = metafile::is_metafile(octets) || octets.starts_with(&[0x1f, 0x8b]);
    let rewritten = if is_drawing {
        metafile::rasterise(octets, Ground::Transparent, budget, &mut own, surroundings)
    } else {
        raster::rebuild(octets, policy, budget, &mut own, fidelity)
    };
    let rewritten = match rewritten {
        Ok(rewritten) => rewritten,
        Err(code @ (FindingCode::LimitTotalPixels | FindingCode::LimitUnpackedOctets)) => return Err(code),
        Err(_) => return Ok(None),
    };
    for code in [FindingCode::FramesDropped, FindingCode::ImageTruncated, FindingCode::ImageReduced] {
        findings.add_many(code, own.count(code), "");
    }
    let extension = match rewritten.extension {
        "png" => "png",
        "jpg" => "jpeg",
        // A fax of many pages becomes a PDF, which no document can show.
        _ => return Ok(None),
    };
    Ok(Some(Picture { octets: rewritten.octets, extension }))
}
