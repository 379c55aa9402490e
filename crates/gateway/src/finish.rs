//! From what the jail made to what may cross: stamp and notice are added, the canonical writer writes, the verifier
//! reads it all anew. Whatever cannot be cleared is taken out, or held with a stand-in in its place.

use crate::letters;
use jail::{Job, Pace, Pool, Sanitised, Sender, Supplements, Turn};
use mail::{Draft, Envelope, PartPath, Stamp, compose::Framing};
use policy::{
    Action, AwaitFor, FindingCode, HoldReason, Outcome, Policy, Report,
    notice::{self, KeptOriginal, NoticeContext, PasswordFrom},
};
use verifier::{CleanMessage, Expected, ExpectedPart, Refusal};

/// Everything about one job that does not come from the jail.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) stamp: Stamp,
    /// Receipt number that people can read out, and until when the original is kept.
    pub(crate) kept: Option<KeptOriginal>,
    pub(crate) envelope: &'a Envelope,
    /// What people gave for the parts that need it.
    pub(crate) supplements: Supplements,
}

/// What goes inside, and what is known about it.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The message for the inside: the sanitised one, or the stand-in of a held one. `None` only when not even a
    /// stand-in was cleared, which is a fault of ours.
    pub(crate) message: Option<(CleanMessage, Expected)>,
    /// The report; held when the message is a stand-in.
    pub(crate) report: Report,
    /// Decoded Subject, for lists that admins see.
    pub(crate) subject: String,
    /// Decoded From, likewise.
    pub(crate) from: String,
    /// Cost of the jail.
    pub(crate) usage: jail::Usage,
    /// What it is to its neighbours; `None` for most.
    pub(crate) letter: Option<store::Letter>,
    /// The addresses of the sender, as the mail and its envelope say.
    pub(crate) senders: Vec<String>,
}

/// Sanitises one message to the end. `Err` only when the jail itself cannot work: the job is to be tried again.
pub(crate) fn message(
    pool: &Pool,
    octets: mail::Untrusted,
    turn: Turn,
    context: &Context<'_>,
) -> Result<Finished, jail::JailError> {
    let job = Job::Message(octets);
    let mut sanitised = pool.sanitise(job.clone(), context.policy, context.supplements.clone(), turn)?;
    if sanitised.report.outcome != Outcome::Held && is_too_large(&sanitised.draft, context) {
        let rendered = std::mem::take(&mut sanitised.rendered);
        let reduced = Supplements { reduce_output: true, rendered, ..context.supplements.clone() };
        let usage = sanitised.usage;
        sanitised = pool.sanitise(job, context.policy, reduced, Turn { pace: Pace::Heavy, ..turn })?;
        sanitised.usage.add(usage);
        withhold_largest(&mut sanitised, context);
    }
    let Sanitised { mut draft, mut report, usage, .. } = sanitised;
    let letter = letters::of(&draft, &report, context.envelope, turn.sender);
    let senders = policy::neighbour::senders(&draft.fields, &context.envelope.reverse_path);
    let message = clear(pool, &mut draft, &mut report, turn, context);
    let subject = draft.fields.subject.clone();
    let from =
        draft.fields.from.iter().map(|m| format!("{} <{}>", m.display_name, m.addr_spec)).collect::<Vec<_>>();
    Ok(Finished { message, report, subject, from: from.join(", "), usage, letter, senders })
}

/// A follow-up.
pub(crate) struct Ready {
    pub(crate) finished: Finished,
    /// The parts that it brings.
    pub(crate) parts: Vec<PartPath>,
    /// What opened them, if they were locked.
    pub(crate) from: Option<PasswordFrom>,
}

/// Makes the follow-up that brings what has become ready of the parts that waited. `None` when nothing has.
pub(crate) fn follow_up(
    pool: &Pool,
    octets: mail::Untrusted,
    waiting: &[PartPath],
    turn: Turn,
    context: &Context<'_>,
) -> Result<Option<Ready>, jail::JailError> {
    let job = Job::Message(octets);
    let mut sanitised = pool.sanitise(job, context.policy, context.supplements.clone(), turn)?;
    let opened = opened(&sanitised.report, waiting);
    let brings =
        |path: &PartPath| opened.iter().any(|opened| path.is_within(opened) || opened.is_within(path));
    sanitised.draft.attachments.retain(|attachment| brings(&attachment.path));
    // Of a new archive, what became of its members is told as well.
    let brought: Vec<PartPath> = sanitised.draft.attachments.iter().map(|part| part.path.clone()).collect();
    sanitised.report.parts.retain(|part| brought.iter().any(|path| part.path.is_within(path)));
    withhold_largest(&mut sanitised, context);
    let Sanitised { mut draft, report, usage, .. } = sanitised;
    let mut report = Report::of_parts(report.parts);
    let opened_with = password_from(&report);
    draft.text = notice::follow_up_text(context.policy.notice_language, opened_with);
    thread(&mut draft.fields, context);
    let message = clear(pool, &mut draft, &mut report, turn, context);
    let is_ready = |path: &PartPath| {
        draft.attachments.iter().any(|part| part.path.is_within(path) || path.is_within(&part.path))
    };
    let ready: Vec<PartPath> = opened.into_iter().filter(is_ready).collect();
    if ready.is_empty() || report.outcome == Outcome::Held {
        return Ok(None);
    }
    let (subject, from) = (draft.fields.subject, String::new());
    let (letter, senders) = (None, Vec::new());
    let finished = Finished { message, report, subject, from, usage, letter, senders };
    Ok(Some(Ready { finished, parts: ready, from: opened_with }))
}

/// What opened the parts of a follow-up, if they were locked: without a word that was found, a person gave it.
fn password_from(report: &Report) -> Option<PasswordFrom> {
    let sources = [
        (FindingCode::PasswordInNeighbour, PasswordFrom::Neighbour),
        (FindingCode::PasswordAgreed, PasswordFrom::Agreed),
        (FindingCode::PasswordInMail, PasswordFrom::Mail),
        (FindingCode::Unlocked, PasswordFrom::Person),
    ];
    let has = |code| report.parts.iter().any(|part| part.findings.has(code));
    sources.into_iter().find(|(code, _)| has(*code)).map(|(_, from)| from)
}

/// The parts that waited and need not wait any more. One in an archive comes with the whole of it.
fn opened(report: &Report, waiting: &[PartPath]) -> Vec<PartPath> {
    let still_waits = |path: &PartPath| {
        report.parts.iter().any(|part| part.path == *path && part.action.withholds() && !part.is_container)
    };
    waiting.iter().filter(|path| !still_waits(path)).cloned().collect()
}

/// Puts a follow-up into the thread of its mail (RFC 5322 §3.6.4).
fn thread(fields: &mut mail::Fields, context: &Context<'_>) {
    let mark = notice::follow_up_mark(context.policy.notice_language);
    fields.subject = format!("{mark}{}", fields.subject);
    fields.date = Some(context.stamp.accepted);
    let first = fields.message_id.take();
    fields.references.extend(first.clone());
    fields.in_reply_to = first.into_iter().collect();
}

/// Composes and verifies; parts that the verifier objects to are taken out once, then the whole is held.
fn clear(
    pool: &Pool,
    draft: &mut Draft,
    report: &mut Report,
    turn: Turn,
    context: &Context<'_>,
) -> Option<(CleanMessage, Expected)> {
    for _attempt in 0..2 {
        if report.outcome == Outcome::Held {
            break;
        }
        let (octets, expected) = compose(draft, report, context);
        match verifier::message(octets, &expected, &mut |parts| pool.decode(parts.to_vec(), turn)) {
            Ok(message) => return Some((message, expected)),
            Err(refusal) => take_out(draft, report, &refusal),
        }
    }
    if report.outcome != Outcome::Held {
        hold(report, HoldReason::VerifierRefused);
    }
    stand_in(draft, report, context)
}

/// The stand-in of a held message: safe header fields, or, when the verifier refuses those too, none.
fn stand_in(draft: &mut Draft, report: &Report, context: &Context<'_>) -> Option<(CleanMessage, Expected)> {
    for fields in [draft.fields.clone(), mail::Fields::default()] {
        let bare = Draft { fields, ..Draft::default() };
        let (octets, expected) = compose(&bare, report, context);
        match verifier::message(octets, &expected, &mut |_| Err(verifier::DecoderFailed)) {
            Ok(message) => return Some((message, expected)),
            Err(refusal) => log_refusal(&refusal, context),
        }
    }
    tracing::error!(
        queue_id = context.stamp.queue_id,
        "not even a stand-in was cleared; the message stays held"
    );
    None
}

fn compose(draft: &Draft, report: &Report, context: &Context<'_>) -> (Vec<u8>, Expected) {
    let notice_context =
        NoticeContext { kept: context.kept.clone(), reverse_path: context.envelope.reverse_path.to_string() };
    let texts = notice::write(report, &notice_context, context.policy);
    let framing =
        Framing { status_line: texts.status_line, notice: texts.block, list_attachment: texts.list };
    framed(draft, &framing, &context.stamp, context.policy)
}

/// A draft as it is written, and what the verifier is to find in it.
pub(crate) fn framed(
    draft: &Draft,
    framing: &Framing,
    stamp: &Stamp,
    policy: &Policy,
) -> (Vec<u8>, Expected) {
    let composed = mail::compose::compose(draft, stamp, framing);
    let parts = composed.parts.iter().map(|part| ExpectedPart {
        name: part.name.clone(),
        media_type: part.media_type.clone(),
        size_octets: u64::try_from(part.octets.len()).unwrap_or(u64::MAX),
        sha256: digest(&part.octets),
    });
    let expected = Expected {
        stamp: stamp.clone(),
        from: composed.fields.from.clone(),
        subject: composed.fields.subject.clone(),
        date: composed.fields.date,
        above: composed.above.clone(),
        below: composed.below.clone(),
        parts: parts.collect(),
        output_octets_max: policy.limits.output_octets,
        image_px_max: policy.limits.image_px.max(policy.limits.page_px),
        pages_max: policy.limits.pages,
    };
    (composed.octets, expected)
}

pub(crate) fn digest(octets: &[u8]) -> policy::Sha256 {
    use sha2::Digest;
    policy::Sha256(sha2::Sha256::digest(octets).into())
}

/// Takes the parts out that the verifier objects to; holds the whole when an objection names none.
fn take_out(draft: &mut Draft, report: &mut Report, refusal: &Refusal) {
    for objection in &refusal.objections {
        tracing::error!(
            rule = objection.rule,
            part = objection.part,
            detail = objection.detail,
            "verifier refused"
        );
    }
    let mut numbers: Vec<u32> = refusal.objections.iter().filter_map(|objection| objection.part).collect();
    let whole = refusal.objections.iter().any(|objection| objection.part.is_none_or(|part| part == 0));
    numbers.sort_unstable();
    numbers.dedup();
    if whole || numbers.is_empty() {
        hold(report, HoldReason::VerifierRefused);
        return;
    }
    for number in numbers.into_iter().rev() {
        let index = usize::try_from(number)
            .ok()
            .and_then(|n| n.checked_sub(1))
            .filter(|&i| i < draft.attachments.len());
        match index {
            Some(index) => {
                let attachment = draft.attachments.remove(index);
                withhold(report, &attachment.path, Action::Remove, FindingCode::VerifierRefused);
            }
            None => hold(report, HoldReason::VerifierRefused),
        }
    }
}

fn log_refusal(refusal: &Refusal, context: &Context<'_>) {
    for objection in &refusal.objections {
        let (rule, detail) = (&objection.rule, &objection.detail);
        tracing::error!(
            queue_id = context.stamp.queue_id,
            rule,
            part = objection.part,
            detail,
            "verifier refused"
        );
    }
}

fn hold(report: &mut Report, reason: HoldReason) {
    report.outcome = Outcome::Held;
    report.reason = Some(reason);
}

/// Marks the part at `path` as withheld, with the reason.
pub(crate) fn withhold(report: &mut Report, path: &PartPath, action: Action, reason: FindingCode) {
    let Some(part) = report.parts.iter_mut().find(|part| part.path == *path && part.output.is_some()) else {
        return;
    };
    part.action = action;
    part.reason = Some(reason);
    part.output = None;
    report.outcome = Outcome::Partial;
    if part.is_container {
        // A new archive: what was written of its members stays behind with it.
        part.is_container = false;
        report
            .parts
            .retain(|part| part.path == *path || !part.path.is_within(path) || part.action.withholds());
    }
}

/// Octets of a draft on the wire: base64 of everything and room for header, notice and list.
fn wire_octets(draft: &Draft) -> u64 {
    let octets: usize = draft.attachments.iter().map(|a| a.octets.len()).sum();
    let octets = octets.saturating_add(draft.text.len());
    // 57 octets become a line of 78.
    u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(78).div_ceil(57).saturating_add(256 * 1024)
}

fn is_too_large(draft: &Draft, context: &Context<'_>) -> bool {
    wire_octets(draft) > context.policy.limits.output_octets
}

/// Still too large after drawing smaller: the largest parts wait for a person, the rest goes in.
fn withhold_largest(sanitised: &mut Sanitised, context: &Context<'_>) {
    while is_too_large(&sanitised.draft, context) {
        let sizes = sanitised.draft.attachments.iter().enumerate().map(|(i, a)| (a.octets.len(), i));
        let Some((_, largest)) = sizes.max() else { return };
        let attachment = sanitised.draft.attachments.remove(largest);
        let action = Action::Await(AwaitFor::Approval);
        withhold(&mut sanitised.report, &attachment.path, action, FindingCode::LimitOutput);
    }
}

/// Clears one newly written file for handing out; `None` when the verifier objects.
pub(crate) fn file(
    pool: &Pool,
    attachment: mail::Attachment,
    policy: &Policy,
) -> Option<(policy::OutputInfo, verifier::CleanFile)> {
    let info = policy::OutputInfo {
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        size_octets: u64::try_from(attachment.octets.len()).unwrap_or(u64::MAX),
        sha256: digest(&attachment.octets),
    };
    let expected = ExpectedPart {
        name: attachment.name,
        media_type: attachment.media_type,
        size_octets: info.size_octets,
        sha256: info.sha256,
    };
    let limits = verifier::DecodeLimits::of(&policy.limits);
    let charset = attachment.charset.as_deref();
    match verifier::file(attachment.octets, charset, &expected, &limits, &mut |parts| {
        pool.decode(parts.to_vec(), Turn::heavy(Sender::default()))
    }) {
        Ok(file) => Some((info, file)),
        Err(refusal) => {
            for objection in &refusal.objections {
                tracing::error!(rule = objection.rule, detail = objection.detail, "verifier refused a file");
            }
            None
        }
    }
}

/// The stand-in of a message of which only the envelope is known.
pub(crate) fn from_envelope(report: &Report, context: &Context<'_>) -> Option<(CleanMessage, Expected)> {
    stand_in(&mut Draft::default(), report, context)
}
