//! A job through the jail: retries around fatal parts, and what comes back held against what may come back.

use crate::{
    exchange::{Death, Usage},
    frame::{self, Answer, Kind, Request},
    lane::Sender,
    pool::{Begun, JailError, Pace, Pool, Turn, request_octets_max},
};
use mail::{Draft, PartPath};
use policy::{FindingCode, HoldReason, Limits, OutputInfo, Policy, Report, Sha256};
use sanitiser::{Job, Need, Outcome, Rendered, Supplements, ToRender};
use sha2::Digest;
use std::collections::BTreeSet;
use verifier::{BinaryPart, DecodeLimits, DecoderFailed, Objection};

/// Fresh children around fatal parts: at most three runs more than the first.
const RUNS_MAX: usize = 4;
/// Runs that may end with needs that are then met.
const ROUNDS_MAX: usize = 3;

/// What came out of the jail, checked, but still to be verified.
#[derive(Debug)]
pub struct Sanitised {
    /// The draft; empty when the report is held.
    pub draft: Draft,
    /// The report.
    pub report: Report,
    /// What it cost.
    pub usage: Usage,
    /// What the renderer made of its documents: for another run over the same job.
    pub rendered: Vec<Rendered>,
}

impl Pool {
    /// Sanitises one job. Content never makes an `Err`: a job on which every child dies is a held report.
    pub fn sanitise(
        &self,
        job: Job,
        policy: &Policy,
        supplements: Supplements,
        turn: Turn,
    ) -> Result<Sanitised, JailError> {
        let supplements = Supplements { can_render: self.renderer().is_some(), ..supplements };
        let mut request = Request::Sanitise { job, policy: policy.clone(), supplements };
        let (mut turn, mut usage) = (turn, Usage::default());
        let (mut runs_left, mut rounds_left, mut begun) = (RUNS_MAX, ROUNDS_MAX, Begun::No);
        while runs_left > 0 {
            let frame = frame::encode(Kind::Request, &request).or(Err(JailError::Request))?;
            let (exchange, pace) = self.run(&frame, turn, begun, answer_octets_max(&policy.limits))?;
            begun = if pace == Pace::Heavy { Begun::Yes } else { Begun::No };
            usage.add(exchange.usage);
            let death = match exchange.answer {
                Ok(Answer::Sanitised(Outcome::Done(draft, report))) => {
                    let Request::Sanitise { supplements, .. } = request else { break };
                    return Ok(match checked(*draft, *report, policy) {
                        Some((draft, report)) => {
                            Sanitised { draft, report, usage, rendered: supplements.rendered }
                        }
                        None => held(HoldReason::JailFailed, usage),
                    });
                }
                Ok(Answer::Sanitised(Outcome::Needs(needs))) if rounds_left > 0 => {
                    let Request::Sanitise { supplements, .. } = &mut request else { break };
                    if self.meet(needs, supplements, &policy.limits, turn.sender)? {
                        rounds_left = rounds_left.saturating_sub(1);
                        continue;
                    }
                    Death::Nonsense
                }
                Ok(_) => Death::Nonsense,
                Err(death) => death,
            };
            if death == Death::NotLocked {
                return Err(JailError::NotLocked);
            }
            if death == Death::TimeOut
                && let Some(next) = pace.next()
            {
                turn.pace = next;
                continue;
            }
            runs_left = runs_left.saturating_sub(1);
            tracing::warn!(?death, part = ?exchange.last_begun.as_ref().map(ToString::to_string), "jail child failed");
            let Request::Sanitise { supplements, .. } = &mut request else { break };
            match blame(exchange.last_begun, supplements) {
                Some(path) => supplements.failed.push((path, death.code())),
                None => break,
            }
        }
        Ok(held(HoldReason::JailFailed, usage))
    }

    /// Meets the needs of a run; `false` when a child asks for what it may not ask for.
    fn meet(
        &self,
        needs: Vec<Need>,
        supplements: &mut Supplements,
        limits: &Limits,
        sender: Sender,
    ) -> Result<bool, JailError> {
        let mut documents = Vec::new();
        for need in needs {
            match need {
                Need::Render(document) => documents.push(document),
                // The parts concerned stand as waiting in a finished draft.
                Need::Password(_) => return Ok(false),
            }
        }
        let Some(renderer) = self.renderer() else { return Ok(false) };
        if !may_be_drawn(&documents, supplements, limits) {
            return Ok(false);
        }
        supplements.rendered.extend(renderer.draw_all(documents, limits, sender)?);
        Ok(true)
    }

    /// Decodes newly written binary parts to their end in a child of its own.
    pub fn decode(&self, parts: Vec<BinaryPart>, mut turn: Turn) -> Result<Vec<Objection>, DecoderFailed> {
        let octets: usize = parts.iter().map(|part| part.octets.len()).sum();
        if octets > LIGHT_DECODE_OCTETS {
            turn.pace = Pace::Heavy;
        }
        let request = Request::Decode { parts, limits: DecodeLimits::of(self.limits()) };
        let frame = frame::encode(Kind::Request, &request).or(Err(DecoderFailed))?;
        loop {
            let (exchange, pace) =
                self.run(&frame, turn, Begun::Yes, DECODED_OCTETS_MAX).or(Err(DecoderFailed))?;
            match exchange.answer {
                Ok(Answer::Decoded(objections)) => return Ok(objections),
                Err(Death::TimeOut) => turn.pace = pace.next().ok_or(DecoderFailed)?,
                Ok(_) | Err(_) => return Err(DecoderFailed),
            }
        }
    }
}

/// Octets of binary parts over which decoding starts in the heavy lane.
const LIGHT_DECODE_OCTETS: usize = 1024 * 1024;
/// Largest list of objections, in octets.
const DECODED_OCTETS_MAX: usize = 256 * 1024;

/// Most findings of one report; a full archive has one for each of its 10,000 members.
const FINDINGS_MAX: usize = 200_000;

/// Whether an honest child may ask for these documents: few, small, each of another part, and only once.
fn may_be_drawn(documents: &[ToRender], supplements: &Supplements, limits: &Limits) -> bool {
    let count = u64::try_from(documents.len()).unwrap_or(u64::MAX);
    let octets = documents.iter().map(|document| u64::try_from(document.octets.len()).unwrap_or(u64::MAX));
    let paths: BTreeSet<_> = documents.iter().map(|document| document.path.to_string()).collect();
    supplements.rendered.is_empty()
        && (1..=limits.rendered_documents).contains(&count)
        && octets.fold(0, u64::saturating_add) <= limits.rendered_octets
        && documents.iter().all(|document| document.path.is_sound())
        && paths.len() == documents.len()
}

/// The part to mark as failed: the one announced last, unless it was blamed already or is the message itself.
fn blame(last_begun: Option<PartPath>, supplements: &Supplements) -> Option<PartPath> {
    last_begun.filter(|path| !supplements.failed.iter().any(|(failed, _)| failed == path))
}

fn held(reason: HoldReason, usage: Usage) -> Sanitised {
    let report = Report::held(reason, Vec::new());
    Sanitised { draft: Draft::default(), report, usage, rendered: Vec::new() }
}

/// Largest answer: the parts of a full message in binary, and the report.
fn answer_octets_max(limits: &Limits) -> usize {
    usize::try_from(request_octets_max(limits).saturating_mul(2)).unwrap_or(usize::MAX)
}

/// Holds an answer against what the sanitiser can say. The digests of the outputs are made here, not believed.
fn checked(draft: Draft, mut report: Report, policy: &Policy) -> Option<(Draft, Report)> {
    let limits = &policy.limits;
    let parts_max =
        usize::try_from(limits.parts.saturating_add(limits.archive_members)).ok()?.checked_add(1)?;
    if report.parts.len() > parts_max || draft.attachments.len() > parts_max {
        return None;
    }
    // Each becomes a line of the notice's list.
    let findings = report.parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.findings.len()));
    if findings > FINDINGS_MAX {
        return None;
    }
    if u64::try_from(draft.text.len()).ok()? > limits.text_chars.saturating_mul(4) {
        return None;
    }
    let sound_details =
        |finding: &policy::Finding| finding.count > 0 && finding.detail.chars().count() <= 201;
    let sound = report.parts.iter().all(|part| {
        part.path.is_sound()
            && part.name.chars().count() <= 255
            && !part.name.chars().any(char::is_control)
            && part.findings.len() <= 2_000
            && part.findings.iter().all(sound_details)
    });
    if !sound || (report.outcome == policy::Outcome::Held) != report.reason.is_some() {
        return None;
    }
    // A sender that pretends to be somebody of the inside never comes without its mark; a stand-in bears none.
    let marks = policy::imitations(&draft.fields, policy);
    if report.outcome == policy::Outcome::Held {
        let fields = if marks.is_empty() { draft.fields } else { mail::Fields::default() };
        return Some((Draft { fields, ..Draft::default() }, report));
    }
    let marked = |code| report.parts.first().is_some_and(|root| root.findings.has(code));
    if marks.iter().any(|mark| !marked(mark.code)) {
        return None;
    }
    for part in &mut report.parts {
        part.output = None;
    }
    for attachment in &draft.attachments {
        let part =
            report.parts.iter_mut().find(|part| part.path == attachment.path && part.output.is_none())?;
        if part.action.withholds() {
            return None;
        }
        part.output = Some(OutputInfo {
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            size_octets: u64::try_from(attachment.octets.len()).ok()?,
            sha256: Sha256(sha2::Sha256::digest(&attachment.octets).into()),
        });
    }
    // Whatever withholds must have said why.
    let told = report
        .parts
        .iter()
        .all(|part| part.is_container || !part.action.withholds() || part.reason.is_some());
    let reread = Report::of_parts(report.parts);
    told.then_some((draft, reread))
}

/// Reasons that a failed run leaves behind, for the log of tests.
impl Sanitised {
    /// Whether a part with this finding stands in the report.
    pub fn has(&self, code: FindingCode) -> bool {
        self.report.parts.iter().any(|part| part.reason == Some(code) || part.findings.has(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{MediaType, NamedMailbox};
    use policy::{Action, Findings, PartReport};

    #[test]
    fn an_unmarked_imitation_of_the_inside_is_no_answer() {
        let mut policy = Policy::standard();
        policy.inside_domains = vec!["town.example.lg.jp".to_owned()];
        let answer = |findings: Findings| {
            let mut draft = Draft::default();
            let addr_spec = "soumu@town.example.lg.jp".to_owned();
            draft.fields.from = vec![NamedMailbox { display_name: String::new(), addr_spec }];
            let root = PartReport {
                path: PartPath::root(),
                name: String::new(),
                media_type: MediaType::TEXT,
                size_octets: 1,
                action: Action::Rebuild,
                reason: None,
                is_container: false,
                findings,
                output: None,
            };
            checked(draft, Report::of_parts(vec![root]), &policy)
        };
        let mut marked = Findings::new();
        marked.add(FindingCode::ImitatesInside);
        assert!(answer(marked).is_some());
        assert!(answer(Findings::new()).is_none());

        let mut held = Draft::default();
        held.fields.from = vec![NamedMailbox {
            display_name: "soumu@town.example.lg.jp".to_owned(),
            addr_spec: "a@evil.example".to_owned(),
        }];
        let report = Report::held(HoldReason::Loop, Vec::new());
        let (held, _) = checked(held, report, &policy).expect("a held report");
        assert_eq!(held.fields, mail::Fields::default());
    }
}
