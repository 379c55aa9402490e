//! A leaf of the tree: text in place, or a part that is written anew.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds left over share one name or one reason; none of them crosses"
)]

use super::{Growing, body, drawn, fields, findings_of, nested, text_only};
use crate::{
    DocumentForm,
    archive::{self, unpack::Written},
    cms, detect, file, legacy_lock,
    mime::{Disposition, Entity},
    office_lock,
};
use mail::{Attachment, PartPath};
use policy::{Action, AwaitFor, Budget, FindingCode, Findings, Kind, PartReport, Phrase, Rule};

/// Visits a leaf of a message.
pub(super) fn visit(entity: &Entity, octets: &[u8], growing: &mut Growing<'_>) {
    let (raw_name, name_findings) = fields::name(entity, "");
    let detected = detect::detect(octets, &raw_name, Some(&entity.media_type));
    let is_body = entity.disposition != Disposition::Attachment && raw_name.is_empty();
    match (entity.media_type.as_str(), detected.kind) {
        ("text/plain", kind) if is_body && is_textual(kind) => return body::plain(entity, octets, growing),
        ("text/html", kind) if is_body && is_textual(kind) => return body::html(entity, octets, growing),
        (declared, _) if is_report(declared) => return body::report(entity, octets, growing),
        _ => {}
    }
    let mut findings = findings_of(entity);
    findings.append(name_findings);
    let part = Part {
        path: entity.path.clone(),
        name: raw_name,
        content_id: entity.content_id.clone(),
        charset: entity.parameters.charset.clone(),
        detected,
    };
    rewrite(&part, octets, findings, growing);
}

/// Reports of mail systems (RFC 3464, RFC 8098, RFC 5965) and returned header sections (RFC 6522).
fn is_report(media_type: &str) -> bool {
    matches!(
        media_type,
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/global-disposition-notification"
            | "message/feedback-report"
            | "text/rfc822-headers"
            | "message/global-headers"
    )
}

/// Text that a reader may see in place whatever finer kind it looks like.
fn is_textual(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text
            | Kind::Csv
            | Kind::Html
            | Kind::Xml
            | Kind::Json
            | Kind::Message
            | Kind::Calendar
            | Kind::Vcard
            | Kind::Script
    ) || matches!(kind, Kind::Unknown)
}

/// A part on its way through its format module.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) path: PartPath,
    /// The name as decoded, or empty.
    pub(crate) name: String,
    pub(crate) content_id: Option<String>,
    pub(crate) charset: Option<String>,
    pub(crate) detected: detect::Detected,
}

/// Writes one part anew as policy says, and reports it; when it waits for a password, it is tried again later.
pub(crate) fn rewrite(part: &Part, octets: &[u8], findings: Findings, growing: &mut Growing<'_>) {
    // The parts of a nested message are visited, and remembered, one by one; a file in a file with the outer one.
    if growing.is_attempting || nested::is_mail(part.detected.kind) {
        return attempt(part, octets, findings, growing);
    }
    let from = growing.parts.len();
    growing.is_attempting = true;
    attempt(part, octets, findings.clone(), growing);
    growing.is_attempting = false;
    if growing.waits_since(from) {
        growing.remember(part, octets, findings);
    }
}

/// Writes one part anew as policy says, with the words at hand, and reports it.
pub(super) fn attempt(part: &Part, octets: &[u8], mut findings: Findings, growing: &mut Growing<'_>) {
    let kind = part.detected.kind;
    if part.detected.mismatch {
        findings.add_detail(FindingCode::TypeMismatch, part.detected.media_type.as_str());
    }
    if let Some(code) = growing.begin(&part.path) {
        return withheld(part, octets, Action::Remove, code, findings, growing);
    }
    if octets.is_empty() {
        return withheld(part, octets, Action::Remove, FindingCode::Empty, findings, growing);
    }
    if matches!(kind, Kind::EncryptedMail | Kind::Signature) {
        match cms::signed(octets, &mut growing.budget) {
            Ok(Some(signed)) => {
                for signer in &signed.signers {
                    findings.add_detail(FindingCode::SignerClaimed, signer);
                }
                if let Some(content) = signed.content {
                    return nested::signed(part, octets, &content, findings, growing);
                }
            }
            Ok(None) => {}
            Err(code) => return withheld(part, octets, Action::Remove, code, findings, growing),
        }
    }
    let is_removed = growing.rules.policy.rule(kind) == Rule::Remove;
    if !is_removed && let Some(open) = opener(kind, octets) {
        return unlock(part, octets, open, findings, growing);
    }
    // Under the name of something else it is a file that a person may look for.
    if is_detached_signature(kind) && !part.detected.mismatch {
        findings.add(FindingCode::SignatureLost);
        return report(part, octets, Action::Merge(PartPath::root()), None, findings, growing);
    }
    if kind == Kind::DomesticDocument {
        let (code, product) = text_only::product(part);
        findings.add_detail(code, product);
    }
    match growing.rules.policy.rule(kind) {
        Rule::Remove => {
            let code = removal_reason(part);
            withheld(part, octets, Action::Remove, code, findings, growing);
        }
        Rule::Await => {
            let (wait, code) = waiting_reason(part);
            withheld(part, octets, Action::Await(wait), code, findings, growing);
        }
        Rule::Strip => strip(part, octets, findings, growing),
        Rule::Unpack if kind == Kind::Archive => unpack(part, octets, findings, growing),
        Rule::Unpack if nested::is_mail(kind) => nested::visit(part, octets, findings, growing),
        Rule::Flatten if DocumentForm::of(&part.detected).is_some() => {
            drawn::visit(part, octets, findings, growing);
        }
        Rule::Extract if matches!(kind, Kind::LegacyOffice | Kind::DomesticDocument) => {
            text_only::visit(part, octets, findings, growing);
        }
        Rule::Rebuild | Rule::Flatten | Rule::Extract | Rule::Unpack => {
            match file::rewrite(&part.detected, octets, part.charset.as_deref(), &mut findings, growing) {
                Ok(rewritten) => {
                    let copied = drawn::copied(part, octets, &rewritten, &findings, growing);
                    attach(part, octets, rewritten, findings, growing);
                    if let Some(document) = copied {
                        drawn::copy(part, document, growing);
                    }
                }
                Err(FindingCode::Locked) => {
                    // An OpenDocument says by itself whether a word can open it here.
                    if kind != Kind::OpenDocument {
                        findings.add(FindingCode::PasswordAwaited);
                    }
                    let action = Action::Await(AwaitFor::Password);
                    withheld(part, octets, action, FindingCode::Locked, findings, growing);
                }
                Err(code) => withheld(part, octets, Action::Remove, code, findings, growing),
            }
        }
    }
}

/// Opens a locked document with one of the words.
type Opener = fn(&[u8], &[String], &mut Budget, &mut Findings) -> Result<Vec<u8>, FindingCode>;

/// What opens a document that is locked as a whole.
fn opener(kind: Kind, octets: &[u8]) -> Option<Opener> {
    match kind {
        Kind::Ooxml if office_lock::is_locked(octets) => Some(office_lock::open),
        Kind::LegacyOffice if legacy_lock::is_locked(octets) => Some(legacy_lock::open),
        _ => None,
    }
}

/// A locked Office document goes on as what is in it. Behind a second lock nothing is looked for.
fn unlock(part: &Part, octets: &[u8], open: Opener, mut findings: Findings, growing: &mut Growing<'_>) {
    match open(octets, &growing.words, &mut growing.budget, &mut findings) {
        Ok(opened) => {
            let detected = detect::detect(&opened, &part.name, None);
            if opener(detected.kind, &opened).is_some() {
                return withheld(part, octets, Action::Remove, FindingCode::Unreadable, findings, growing);
            }
            attempt(&Part { detected, ..part.clone() }, &opened, findings, growing);
        }
        Err(code) => {
            let action = match code {
                FindingCode::Locked => Action::Await(AwaitFor::Password),
                _ => Action::Remove,
            };
            withheld(part, octets, action, code, findings, growing);
        }
    }
}

/// An archive is removed and its members are listed; a locked one is unpacked when a password fits.
fn strip(part: &Part, octets: &[u8], findings: Findings, growing: &mut Growing<'_>) {
    let mut listed = findings.clone();
    let list = archive::list(octets, &mut growing.budget, &mut listed);
    if list.locked && !growing.words.is_empty() {
        return unpack(part, octets, findings, growing);
    }
    let (action, code, told) = if list.locked {
        (Action::Await(AwaitFor::Password), FindingCode::Locked, FindingCode::PasswordAwaited)
    } else {
        (Action::Remove, FindingCode::ArchiveStripped, FindingCode::ArchiveStripped)
    };
    listed.add(told);
    withheld(part, octets, action, code, listed, growing);
}

/// The members of an archive are written anew, and a new zip is made of them; in an archive, a folder.
fn unpack(part: &Part, octets: &[u8], mut findings: Findings, growing: &mut Growing<'_>) {
    let (at, asked) = (growing.parts.len(), growing.needs.len());
    match archive::unpack::members(part, octets, &mut findings, growing) {
        Ok(Written::Folder(files)) => {
            growing.draft.attachments.extend(files);
            report(part, octets, Action::Unpack, None, findings, growing);
        }
        Ok(Written::Zip(_, 0) | Written::Raw(_)) => {
            report(part, octets, Action::Unpack, None, findings, growing)
        }
        Ok(Written::Zip(zip, _)) => match zip.finish() {
            Ok(zip) => attach(part, octets, archive::unpack::rewritten(zip), findings, growing),
            // It cannot be written for want of memory alone.
            Err(_) => {
                growing.parts.truncate(at);
                growing.needs.truncate(asked);
                return withheld(part, octets, Action::Remove, FindingCode::LimitOutput, findings, growing);
            }
        },
        Err(code) => {
            growing.parts.truncate(at);
            growing.needs.truncate(asked);
            // What is inside is told at least; the limits of the whole are not spent on that.
            let mut budget = growing.budget.clone();
            let _list = archive::list(octets, &mut budget, &mut findings);
            // The rest of it stands in other files.
            let is_piece = code == FindingCode::Unreadable && findings.has(FindingCode::MultiVolume);
            let code = if is_piece { FindingCode::MultiVolume } else { code };
            let action = match code {
                FindingCode::Locked => {
                    findings.add(FindingCode::PasswordAwaited);
                    Action::Await(AwaitFor::Password)
                }
                _ => Action::Remove,
            };
            return withheld(part, octets, action, code, findings, growing);
        }
    }
    // The archive stands above its members.
    if let Some(mut container) = growing.parts.pop() {
        container.is_container = true;
        growing.parts.insert(at, container);
    }
}

pub(super) fn attach(
    part: &Part,
    octets: &[u8],
    rewritten: crate::Rewritten,
    mut findings: Findings,
    growing: &mut Growing<'_>,
) {
    let wanted = display_name(part, growing);
    let cleaned = mail::file_name(&wanted, rewritten.extension);
    if cleaned.changed && !part.name.is_empty() && cleaned.name != part.name {
        findings.add_detail(FindingCode::NameChanged, &part.name);
    }
    if cleaned.deceives {
        findings.add_detail(FindingCode::NameDeceives, &part.name);
    }
    let name = unique(cleaned.name, growing);
    growing.draft.attachments.push(Attachment {
        path: part.path.clone(),
        name: name.clone(),
        media_type: rewritten.media_type,
        charset: rewritten.charset.map(str::to_owned),
        octets: rewritten.octets,
    });
    report(part, octets, rewritten.action, None, findings, growing);
    if let Some(last) = growing.parts.last_mut() {
        last.name = name;
    }
}

/// The given name, or one that says what it is; pictures that the text shows bear their mark.
fn display_name(part: &Part, growing: &Growing<'_>) -> String {
    let language = growing.rules.policy.notice_language;
    let mark = part.content_id.as_ref().and_then(|id| growing.marks.iter().find(|(known, _)| known == id));
    if let Some((_, mark)) = mark {
        return format!("{}{mark}", Phrase::PictureName.file_name(language));
    }
    if !part.name.is_empty() {
        return match part.detected.kind {
            Kind::Archive => archive::unpack::stem(&part.name),
            _ => part.name.clone(),
        };
    }
    let phrase = match part.detected.kind {
        Kind::RasterImage | Kind::OtherImage | Kind::Metafile | Kind::Svg => Phrase::PictureName,
        Kind::Calendar => Phrase::CalendarName,
        _ => Phrase::AttachmentName,
    };
    phrase.file_name(language).to_owned()
}

/// Two parts of one mail never bear the same name.
fn unique(name: String, growing: &Growing<'_>) -> String {
    let taken = |name: &str| growing.draft.attachments.iter().any(|a| a.name.eq_ignore_ascii_case(name));
    if !taken(&name) {
        return name;
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    (2u32..)
        .map(|n| format!("{stem} ({n}).{extension}"))
        .find(|candidate| !taken(candidate))
        .unwrap_or_default()
}

pub(super) fn withheld(
    part: &Part,
    octets: &[u8],
    action: Action,
    code: FindingCode,
    findings: Findings,
    growing: &mut Growing<'_>,
) {
    report(part, octets, action, Some(code), findings, growing);
}

pub(super) fn report(
    part: &Part,
    octets: &[u8],
    action: Action,
    reason: Option<FindingCode>,
    findings: Findings,
    growing: &mut Growing<'_>,
) {
    growing.parts.push(PartReport {
        path: part.path.clone(),
        name: mail::file_name(&part.name, "").name,
        media_type: part.detected.media_type.clone(),
        size_octets: u64::try_from(octets.len()).unwrap_or(u64::MAX),
        action,
        reason,
        is_container: false,
        findings,
        output: None,
    });
}

/// A detached signature has nothing to read; the message that it signed is written anew.
fn is_detached_signature(kind: Kind) -> bool {
    kind == Kind::Signature
}

fn removal_reason(part: &Part) -> FindingCode {
    match part.detected.kind {
        Kind::DomesticDocument => text_only::product(part).0,
        Kind::Unknown => FindingCode::TypeUnknown,
        Kind::Executable
        | Kind::Script
        | Kind::Shortcut
        | Kind::DiskImage
        | Kind::Audio
        | Kind::Video
        | Kind::OtherKnown => FindingCode::TypeNotAllowed,
        Kind::Vcard => FindingCode::NotSupportedYet,
        _ => FindingCode::PolicyRemoves,
    }
}

pub(super) fn waiting_reason(part: &Part) -> (AwaitFor, FindingCode) {
    match part.detected.kind {
        Kind::EncryptedMail => (AwaitFor::Password, FindingCode::Locked),
        Kind::Ooxml | Kind::OpenDocument | Kind::LegacyOffice => {
            (AwaitFor::Renderer, FindingCode::RendererMissing)
        }
        Kind::DomesticDocument => (AwaitFor::Approval, text_only::product(part).0),
        _ => (AwaitFor::Approval, FindingCode::NotSupportedYet),
    }
}
