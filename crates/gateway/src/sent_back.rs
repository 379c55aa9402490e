//! A stored draft that the verifier refuses: it is made anew from the original once, then held, with a stand-in in
//! its place. Which of the two it is only the store knows; so the stand-in is written before it is asked.

use crate::{
    config::Zone,
    finish, report_json,
    sanitise_loop::{self, Arrival, Stage},
};
use mail::ReversePath;
use policy::{HoldReason, Report};
use store::{Born, Clean, LeasedClean, MessageKind, SentBack, StoreError};

/// Sends a draft back.
pub(crate) async fn send_back(stage: &Stage, zone: &Zone, draft: &LeasedClean) -> Result<(), StoreError> {
    let queue_id = draft.queue_id.as_str();
    let stand_in = stand_in(stage, zone, draft).await;
    let has_stand_in = stand_in.is_some();
    match stage.store.send_back(draft.id, HoldReason::VerifierRefused, stand_in).await? {
        SentBack::Again => tracing::error!(queue_id, "a stored draft is refused; it is sanitised again"),
        SentBack::Held => {
            let reason = HoldReason::VerifierRefused.name();
            tracing::error!(event = "message.held", queue_id, reason, stand_in = has_stand_in);
        }
    }
    Ok(())
}

/// Written from the envelope alone. A stand-in that is refused itself gets none: that would go on for ever.
async fn stand_in(stage: &Stage, zone: &Zone, draft: &LeasedClean) -> Option<(Born, Clean)> {
    if draft.kind != MessageKind::Mail {
        return None;
    }
    let receipt = draft.receipt.as_ref()?;
    let envelope = match stage.store.show(&draft.queue_id).await {
        Ok(view) => view.envelope?,
        Err(error) => {
            tracing::error!(queue_id = draft.queue_id.as_str(), %error, "the envelope cannot be read");
            return None;
        }
    };
    let report = Report::held(HoldReason::VerifierRefused, Vec::new());
    let (queue_id, accepted) = (&draft.queue_id, draft.accepted);
    let arrival = Arrival { queue_id, receipt, accepted, envelope: &envelope };
    let message = finish::from_envelope(&report, &arrival.context(&stage.config, zone))?;
    let summary = sanitise_loop::summary(&report, String::new(), envelope.reverse_path.to_string());
    let clean = sanitise_loop::clean(message, &report_json::kept(&report), &summary)?;
    let born = Born {
        kind: MessageKind::StandIn,
        reverse_path: ReversePath::Null,
        recipients: draft.recipients.clone(),
        zone: draft.zone.clone(),
        policy_version: draft.policy_version.clone(),
        accepted,
    };
    Some((born, clean))
}
