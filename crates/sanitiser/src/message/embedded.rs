//! Files that stand encoded in the text of a mail (uuencode and `begin-base64`): they are cut out and
//! written anew like any other attachment; a line in the text says where each stood.
//!
//! *Security.* What is cut out is spent from the budget as a part of its own. What is not (damaged, armour, `yEnc`,
//! `BinHex`, over the limit) stays in the text, and the text filter breaks its first line visibly.

use super::{
    Growing,
    leaf::{self, Part},
};
use crate::{
    detect,
    mime::embedded::{self, BlockKind},
};
use mail::PartPath;
use policy::{Exhausted, FindingCode, Findings, Phrase};

/// A file that stood in a text.
pub(super) struct EmbeddedFile {
    path: PartPath,
    name: String,
    octets: Vec<u8>,
}

/// The text without its encoded files, and these.
pub(super) fn cut_out(
    text: &str,
    path: &PartPath,
    growing: &mut Growing<'_>,
    findings: &mut Findings,
) -> (String, Vec<EmbeddedFile>) {
    let mut files = Vec::new();
    let mut left = String::with_capacity(text.len());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut at = 0;
    let mut signed = false;
    for block in embedded::find(text) {
        let octets = match (block.kind, block.octets) {
            (BlockKind::Uuencode | BlockKind::Base64, Some(octets)) => octets,
            // Text that is signed in clear stays; the marks around it and the signature go (RFC 9580 §7).
            (BlockKind::PgpSignedMark, _) => {
                left.extend(lines.get(at..block.lines.start).unwrap_or_default().iter().copied());
                let fields = lines.get(block.lines.end..).unwrap_or_default();
                let fields = fields.iter().take_while(|line| line.starts_with("Hash: ")).count();
                at = block.lines.end.saturating_add(fields);
                signed = true;
                continue;
            }
            (BlockKind::PgpSignature, Some(_)) if signed => {
                left.extend(lines.get(at..block.lines.start).unwrap_or_default().iter().copied());
                at = block.lines.end;
                findings.add(FindingCode::SignatureLost);
                continue;
            }
            _ => continue,
        };
        if let Err(Exhausted(code)) = growing.budget.spend_part() {
            findings.add(code);
            break;
        }
        left.extend(lines.get(at..block.lines.start).unwrap_or_default().iter().copied());
        at = block.lines.end;
        let number = u32::try_from(files.len()).unwrap_or(u32::MAX).saturating_add(1);
        let shown = mail::file_name(&block.name, "").name;
        left.push_str(&format!("［{}: {shown}］\n", growing.phrase(Phrase::AttachmentName)));
        findings.add(FindingCode::EncodedInText);
        files.push(EmbeddedFile { path: path.child(number), name: block.name, octets });
    }
    left.extend(lines.get(at..).unwrap_or_default().iter().copied());
    (left, files)
}

/// Writes the files anew.
pub(super) fn rewrite(files: Vec<EmbeddedFile>, growing: &mut Growing<'_>) {
    for EmbeddedFile { path, name, octets } in files {
        let detected = detect::detect(&octets, &name, None);
        let part = Part { path, name, content_id: None, charset: None, detected };
        leaf::rewrite(&part, &octets, Findings::new(), growing);
    }
}
