//! Documents whose look is lost here and whose text can be had: policy `extract`.

use super::{
    Growing,
    leaf::{self, Part},
};
use crate::{Rewritten, file_text, rtf, taro, text, word};
use mail::MediaType;
use policy::{Action, AwaitFor, FindingCode, Findings, Kind};

/// Takes the text of one part; it waits when it has none that can be read.
pub(super) fn visit(part: &Part, octets: &[u8], mut findings: Findings, growing: &mut Growing<'_>) {
    match extract(part, octets, &mut findings, growing) {
        Ok(rewritten) => leaf::attach(part, octets, rewritten, findings, growing),
        Err(FindingCode::Locked) => {
            let action = Action::Await(AwaitFor::Password);
            leaf::withheld(part, octets, action, FindingCode::Locked, findings, growing);
        }
        Err(_) => {
            let (wait, code) = leaf::waiting_reason(part);
            leaf::withheld(part, octets, Action::Await(wait), code, findings, growing);
        }
    }
}

fn extract(
    part: &Part,
    octets: &[u8],
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<Rewritten, FindingCode> {
    let budget = &mut growing.budget;
    match part.detected.extension {
        "doc" => word::extract(octets, budget, findings),
        "rtf" => {
            let body = match rtf::read(octets, budget, findings)? {
                rtf::Body::Text(text) => text,
                rtf::Body::Html(_) => return Err(FindingCode::NotSupportedYet),
            };
            let text = text::filter(&body, budget, findings)?;
            findings.add(FindingCode::TextOnly);
            Ok(Rewritten {
                octets: file_text::with_crlf(&text).into_bytes(),
                media_type: MediaType::TEXT,
                extension: "txt",
                charset: Some("UTF-8"),
                action: Action::Extract,
            })
        }
        _ if is_taro(part) => taro::extract(octets, budget, findings),
        _ => Err(FindingCode::NotSupportedYet),
    }
}

fn is_taro(part: &Part) -> bool {
    part.detected.media_type.as_str().starts_with("application/x-js-taro")
}

/// What a document that only one product shows is called, and that product.
pub(super) fn product(part: &Part) -> (FindingCode, &'static str) {
    debug_assert_eq!(part.detected.kind, Kind::DomesticDocument);
    match part.detected.extension {
        _ if is_taro(part) => (FindingCode::Taro, "一太郎"),
        _ if part.detected.media_type.as_str().starts_with("application/vnd.fujixerox") => {
            (FindingCode::DocuWorks, "DocuWorks")
        }
        "jww" | "jwc" => (FindingCode::CadDrawing, "Jw_cad"),
        "sfc" | "sfz" | "p21" | "p2z" => (FindingCode::CadDrawing, "SXF (CAD)"),
        _ => (FindingCode::CadDrawing, "AutoCAD (DXF, DWG)"),
    }
}
