//! Relationships to what never crosses: by the ends of their types, what is told of them.

use crate::package::relationships::Relationship;
use policy::{FindingCode, Findings};

/// Tells of a relationship to what never crosses.
pub(super) fn tell(relationship: &Relationship, findings: &mut Findings) {
    match code(relationship) {
        // Each chart has a table; that they do is no detail.
        Some(FindingCode::ChartDataDropped) => findings.add(FindingCode::ChartDataDropped),
        Some(code) => findings.add_detail(code, &relationship.kind),
        None => {}
    }
}

/// Whether [`tell`] says something about it.
pub(super) fn is_told(relationship: &Relationship) -> bool {
    code(relationship).is_some()
}

fn code(relationship: &Relationship) -> Option<FindingCode> {
    let kind = relationship.kind.as_str();
    if relationship.external {
        return (kind != "hyperlink").then_some(FindingCode::ExternalReference);
    }
    match kind {
        "vbaProject"
        | "wordVbaData"
        | "keyMapCustomizations"
        | "attachedToolbars"
        | "xlMacrosheet"
        | "xlIntlMacrosheet"
        | "dialogsheet" => Some(FindingCode::Macro),
        "oleObject" | "control" | "activeXControlBinary" | "ctrlProp" | "aFChunk" | "subDocument" => {
            Some(FindingCode::EmbeddedObject)
        }
        "package" => Some(FindingCode::ChartDataDropped),
        "externalLink"
        | "connections"
        | "queryTable"
        | "xmlMaps"
        | "volatileDependencies"
        | "attachedTemplate"
        | "mailMergeSource"
        | "mailMergeHeaderSource"
        | "webextension"
        | "webextensiontaskpanes"
        | "userCustomization"
        | "extensibility" => Some(FindingCode::ExternalReference),
        "audio" | "video" | "media" => Some(FindingCode::MediaDropped),
        _ => None,
    }
}
