//! A document that the optional renderer draws: first it is asked for, then its PDF is made pixels like any other.
//!
//! *Security.* The run that asks writes nothing. The document leaves the child as `Untrusted`, within the limits of
//! one message; an RTF leaves without its objects and without references to other files. A document that can be
//! rebuilt is rebuilt first, and only what our writer wrote is drawn, unless policy wants to see what was lost.

use super::{
    Growing,
    leaf::{self, Part},
};
use crate::{DocumentForm, Need, Rendered, Rewritten, ToRender, file, pdf, rtf};
use mail::{PartPath, Untrusted};
use policy::{Action, AwaitFor, FindingCode, Findings, Kind, OfficeCopy};

/// Draws one part, or asks the renderer for it.
pub(super) fn visit(part: &Part, octets: &[u8], mut findings: Findings, growing: &mut Growing<'_>) {
    match draw(part, octets, &mut findings, growing) {
        Ok(Some(rewritten)) => {
            findings.add(FindingCode::Rendered);
            leaf::attach(part, octets, rewritten, findings, growing);
        }
        Ok(None) => {}
        Err(code) => {
            let action = if code == FindingCode::RendererMissing {
                Action::Await(AwaitFor::Renderer)
            } else if code == FindingCode::Locked {
                Action::Await(AwaitFor::Password)
            } else {
                Action::Remove
            };
            leaf::withheld(part, octets, action, code, findings, growing);
        }
    }
}

/// The part in pixels; `None` when the renderer was asked and this run comes to nothing.
fn draw(
    part: &Part,
    octets: &[u8],
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<Option<Rewritten>, FindingCode> {
    if !growing.rules.supplements.can_render {
        return Err(FindingCode::RendererMissing);
    }
    // Done in every run, for what is found on the way.
    let (form, document) = prepared(part, octets, findings, growing)?;
    answer(&part.path, form, document, findings, growing)
}

/// What the renderer made of a document, in pixels; `None` when it was asked.
fn answer(
    path: &PartPath,
    form: DocumentForm,
    document: Vec<u8>,
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<Option<Rewritten>, FindingCode> {
    let supplements = growing.rules.supplements;
    match supplements.rendered.iter().find(|rendered| rendered.path == *path) {
        Some(Rendered { pdf: Ok(pdf), .. }) => flatten(pdf.octets(), findings, growing).map(Some),
        Some(Rendered { pdf: Err(code), .. }) => Err(*code),
        // Whoever was not asked for at first was one too many.
        None if !supplements.rendered.is_empty() => Err(FindingCode::LimitRendered),
        None => {
            let document = ToRender { path: path.clone(), form, octets: Untrusted::new(document) };
            ask(document, growing).map(|()| None)
        }
    }
}

/// What the PDF shows that accompanies a rebuilt document, if policy wants one: the document as it is now or, where it
/// lost much, as it came.
pub(super) fn copied(
    part: &Part,
    octets: &[u8],
    rebuilt: &Rewritten,
    findings: &Findings,
    growing: &Growing<'_>,
) -> Option<(DocumentForm, Vec<u8>)> {
    let rules = &growing.rules;
    let is_possible = matches!(part.detected.kind, Kind::Ooxml | Kind::OpenDocument)
        && rules.supplements.can_render
        // In an archive the copy would stand beside files that nobody asked to have twice.
        && growing.archive_depth == 0;
    match rules.policy.office_copy {
        OfficeCopy::Pdf if is_possible => {
            Some((DocumentForm::of_extension(rebuilt.extension)?, rebuilt.octets.clone()))
        }
        OfficeCopy::Changed if is_possible && findings.has(FindingCode::LayoutMayDiffer) => {
            Some((DocumentForm::of(&part.detected)?, octets.to_vec()))
        }
        OfficeCopy::None | OfficeCopy::Pdf | OfficeCopy::Changed => None,
    }
}

/// Adds a PDF of a document that was just rebuilt and attached; its own part, below the document. One that cannot be
/// drawn is missed by nobody: the document is there, and bears the finding.
pub(super) fn copy(part: &Part, (form, document): (DocumentForm, Vec<u8>), growing: &mut Growing<'_>) {
    let path = part.path.child(1);
    let mut findings = Findings::new();
    match answer(&path, form, document, &mut findings, growing) {
        Ok(None) => {}
        Ok(Some(pdf)) => match growing.budget.spend_part() {
            Ok(()) => {
                findings.add(FindingCode::Rendered);
                let octets = pdf.octets.clone();
                leaf::attach(&Part { path, ..part.clone() }, &octets, pdf, findings, growing);
            }
            Err(exhausted) => without_copy(exhausted.0, growing),
        },
        Err(code) => without_copy(code, growing),
    }
}

/// The document says why its copy is missing.
fn without_copy(code: FindingCode, growing: &mut Growing<'_>) {
    if let Some(document) = growing.parts.last_mut() {
        document.findings.add(code);
    }
}

/// What the renderer is given: what our writer wrote where there is one, else what came.
fn prepared(
    part: &Part,
    octets: &[u8],
    findings: &mut Findings,
    growing: &mut Growing<'_>,
) -> Result<(DocumentForm, Vec<u8>), FindingCode> {
    let form = DocumentForm::of(&part.detected).ok_or(FindingCode::NotSupportedYet)?;
    match file::rewrite(&part.detected, octets, None, findings, growing) {
        Ok(rebuilt) => Ok((DocumentForm::of_extension(rebuilt.extension).unwrap_or(form), rebuilt.octets)),
        Err(FindingCode::NotSupportedYet) if form == DocumentForm::Rtf => {
            Ok((form, rtf::strip::strip(octets, &mut growing.budget, findings)?))
        }
        Err(FindingCode::NotSupportedYet) => Ok((form, octets.to_vec())),
        Err(code) => Err(code),
    }
}

/// The PDF of a renderer is a PDF from outside.
fn flatten(pdf: &[u8], findings: &mut Findings, growing: &mut Growing<'_>) -> Result<Rewritten, FindingCode> {
    let rules = &growing.rules;
    let reduction =
        if rules.supplements.reduce_output { pdf::Reduction::Smaller } else { pdf::Reduction::None };
    pdf::flatten(pdf, &[], rules.policy, reduction, &mut growing.budget, findings, growing.surroundings)
        .map_err(|code| {
            let is_no_pdf = [FindingCode::Unreadable, FindingCode::Locked].contains(&code);
            if is_no_pdf { FindingCode::RendererFailed } else { code }
        })
}

/// Notes what the renderer is to draw, within the limits of one message.
fn ask(document: ToRender, growing: &mut Growing<'_>) -> Result<(), FindingCode> {
    let limits = &growing.rules.policy.limits;
    let mut left = limits.rendered_octets;
    for need in &growing.needs {
        let Need::Render(asked) = need else { continue };
        left = left.saturating_sub(size(asked));
    }
    let count = u64::try_from(growing.needs.len()).unwrap_or(u64::MAX);
    if count >= limits.rendered_documents || size(&document) > left {
        return Err(FindingCode::LimitRendered);
    }
    growing.needs.push(Need::Render(document));
    Ok(())
}

fn size(document: &ToRender) -> u64 {
    u64::try_from(document.octets.len()).unwrap_or(u64::MAX)
}
