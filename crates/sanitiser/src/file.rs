//! A single part or file: from its kind to the format module that writes it anew.
#![expect(clippy::wildcard_enum_match_arm, reason = "every kind without a road of its own is refused alike")]

use crate::{
    Outcome, Rewritten, Supplements, Surroundings, calendar, delimited,
    detect::{self, Detected},
    html_file, json,
    message::{
        Growing,
        leaf::{self, Part},
        locked,
    },
    metafile, ooxml, opendocument, other_image, pdf, plain_file, raster, svg, vcard, xml,
};
use mail::PartPath;
use policy::{FindingCode, Findings, Kind, Policy};

/// Sanitises a file on its own: the same road as a part of a message.
pub(crate) fn sanitise(
    name: &str,
    octets: &[u8],
    policy: &Policy,
    supplements: &Supplements,
    surroundings: &mut dyn Surroundings,
) -> Outcome {
    let mut growing = Growing { is_message: false, ..Growing::new(policy, supplements, surroundings) };
    let detected = detect::detect(octets, name, None);
    let part =
        Part { path: PartPath::root(), name: name.to_owned(), content_id: None, charset: None, detected };
    leaf::rewrite(&part, octets, Findings::new(), &mut growing);
    locked::open(&mut growing);
    growing.text_as_attachment(&part);
    growing.finish()
}

/// Writes one part anew. The kind has passed policy.
pub(crate) fn rewrite(
    detected: &Detected,
    octets: &[u8],
    label: Option<&str>,
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<Rewritten, FindingCode> {
    let extension = detected.extension;
    let (policy, budget) = (growing.rules.policy, &mut growing.budget);
    let reduced = growing.rules.supplements.reduce_output;
    match detected.kind {
        Kind::Text => plain_file::rewrite(octets, label, budget, findings),
        Kind::Csv => delimited::rewrite(octets, label, extension, budget, findings),
        Kind::Xml => xml::rewrite(octets, label, budget, findings),
        Kind::Json => json::rewrite(octets, budget, findings),
        Kind::Calendar => {
            let (text, rewritten) = calendar::rewrite(octets, label, budget, findings)?;
            growing.show_appointments(&text);
            Ok(rewritten)
        }
        Kind::Vcard => vcard::rewrite(octets, label, budget, findings),
        Kind::Html => html_file::rewrite(octets, label, budget, findings),
        Kind::Pdf => {
            let reduction = if reduced { pdf::Reduction::Smaller } else { pdf::Reduction::None };
            pdf::flatten(octets, &growing.words, policy, reduction, budget, findings, growing.surroundings)
        }
        Kind::RasterImage => {
            let fidelity = if reduced { raster::Fidelity::Reduced } else { raster::Fidelity::Full };
            raster::rebuild_file(octets, policy, budget, findings, fidelity)
        }
        Kind::OtherImage => {
            let fidelity = if reduced { raster::Fidelity::Reduced } else { raster::Fidelity::Full };
            other_image::rebuild(octets, policy, budget, findings, fidelity)
        }
        Kind::Metafile => {
            metafile::rasterise(octets, metafile::Ground::White, budget, findings, growing.surroundings)
        }
        Kind::Svg => {
            svg::rasterise(octets, svg::Ground::White, policy, budget, findings, growing.surroundings)
        }
        Kind::Ooxml => {
            let fidelity = if reduced { raster::Fidelity::Reduced } else { raster::Fidelity::Full };
            ooxml::rebuild(octets, policy, fidelity, budget, findings, growing.surroundings)
        }
        Kind::OpenDocument => {
            let fidelity = if reduced { raster::Fidelity::Reduced } else { raster::Fidelity::Full };
            opendocument::rebuild(
                octets,
                &growing.words,
                policy,
                budget,
                findings,
                fidelity,
                growing.surroundings,
            )
        }
        _ => Err(FindingCode::NotSupportedYet),
    }
}
