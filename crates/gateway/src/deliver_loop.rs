//! The loop between the store and the next hops: clean rows are verified again, delivered, and settled recipient by
//! recipient.

use crate::{clock, config::Zone, sanitise_loop::Stage, sent_back};
use delivery::{Consignment, Destination, Fate, Next, Notification, Outlet, Schedule, dsn};
use jail::{Sender, Turn};
use mail::{DateTime, Mailbox, ReversePath};
use policy::{HoldReason, Outcome};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use store::{Born, Clean, LeasedClean, MessageKind, RecipientResult, StoreError, Summary};
use tokio::{sync::watch, task::JoinSet};
use verifier::{CleanMessage, Expected};

/// Drafts in hand at a time.
const DRAFTS_MAX: usize = 64;
/// Octets of a message without attachments that is verified without leaving the thread.
const AT_ONCE_OCTETS_MAX: usize = 64 * 1024;
/// How long a lease lasts; longer than a slow next hop may take.
const LEASE_S: u32 = 1_800;
/// Zone of failure notices.
const OUTSIDE: &str = "outside";

/// The destinations, each with its connections.
#[derive(Debug)]
struct Outlets {
    zones: BTreeMap<String, Outlet>,
    outside: Option<Outlet>,
}

impl Outlets {
    fn new(stage: &Stage) -> Result<Self, delivery::SettingsError> {
        let config = &stage.config;
        let mut zones = BTreeMap::new();
        for zone in &config.zones {
            zones.insert(zone.name.clone(), Outlet::new(&zone.destination, &config.hostname)?);
        }
        let outside = config
            .outside
            .clone()
            .map(|(host, port)| Outlet::new(&Destination::Smtp { host, port }, &config.hostname));
        Ok(Self { zones, outside: outside.transpose()? })
    }
}

/// Runs until `stop` becomes true, then until the deliveries in hand are settled.
pub(crate) async fn run(stage: Stage, mut stop: watch::Receiver<bool>) {
    let outlets = match Outlets::new(&stage) {
        Ok(outlets) => Arc::new(outlets),
        Err(error) => {
            tracing::error!(%error, "a destination cannot be used; nothing is delivered");
            return;
        }
    };
    let mut drafts = JoinSet::new();
    loop {
        while drafts.try_join_next().is_some() {}
        let room = DRAFTS_MAX.saturating_sub(drafts.len());
        let leased =
            if room == 0 { Ok(Vec::new()) } else { stage.store.lease_clean(room.min(16), LEASE_S).await };
        let leased = match leased {
            Ok(leased) => leased,
            Err(StoreError::Broken) => return,
            Err(error) => {
                tracing::error!(%error, "no draft can be leased");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let nothing = leased.is_empty();
        for draft in leased {
            drafts.spawn(one(stage.clone(), Arc::clone(&outlets), draft));
        }
        if *stop.borrow() {
            break;
        }
        if nothing {
            tokio::select! {
                () = stage.store.clean_ready(), if room > 0 => {}
                _ = drafts.join_next(), if !drafts.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
    }
    while drafts.join_next().await.is_some() {}
}

async fn one(stage: Stage, outlets: Arc<Outlets>, mut draft: LeasedClean) {
    let octets = std::mem::take(&mut draft.octets);
    let worked = if draft.kind == MessageKind::Dsn {
        notify(&stage, &outlets, &draft, octets).await
    } else {
        deliver(&stage, &outlets, &draft, octets).await
    };
    match worked {
        Ok(()) | Err(StoreError::LeaseLost | StoreError::Broken) => {}
        // The lease runs out and the draft is due again.
        Err(error) => {
            tracing::error!(queue_id = draft.queue_id.as_str(), %error, "a delivery could not be settled")
        }
    }
}

async fn deliver(
    stage: &Stage,
    outlets: &Outlets,
    draft: &LeasedClean,
    octets: Vec<u8>,
) -> Result<(), StoreError> {
    let queue_id = draft.queue_id.as_str();
    let (Some(zone), Some(outlet)) = (stage.config.zone_named(&draft.zone), outlets.zones.get(&draft.zone))
    else {
        tracing::error!(queue_id, zone = draft.zone, "the zone is not configured any more; held");
        let results = all(draft, &RecipientResult::Held { reason: HoldReason::Policy, reply: String::new() });
        return stage.store.settle(draft.id, results).await;
    };
    let Some((message, size_octets)) = verified(stage, zone, draft, octets).await else {
        return sent_back::send_back(stage, zone, draft).await;
    };
    let header_section = header_section(message.octets());
    stage.store.attempting(draft.id).await?;
    let consignment = Consignment {
        delivery_id: queue_id.to_owned(),
        received: draft.accepted,
        reverse_path: draft.reverse_path.clone(),
        forward_paths: draft.recipients.clone(),
    };
    let settled = outlet.deliver(&consignment, &message).await;
    for (_, fate) in &settled.fates {
        tell(queue_id, size_octets, fate);
    }
    settle(stage, outlets, draft, settled.fates, &header_section).await
}

/// Types end at the disk: what was loaded is a draft until the verifier has read it again.
async fn verified(
    stage: &Stage,
    zone: &Zone,
    draft: &LeasedClean,
    octets: Vec<u8>,
) -> Option<(CleanMessage, usize)> {
    let mut expected: Expected = postcard::from_bytes(&draft.expected).ok()?;
    // Of today's policy, not of the day on which it was made.
    let limits = &zone.policy.limits;
    expected.output_octets_max = limits.output_octets;
    expected.image_px_max = limits.image_px.max(limits.page_px);
    expected.pages_max = limits.pages;
    let (pool, size_octets) = (stage.pool.clone(), octets.len());
    // A short text is read faster than handed to another thread, and needs no child.
    let at_once = expected.parts.is_empty() && size_octets <= AT_ONCE_OCTETS_MAX;
    let read = move || {
        verifier::message(octets, &expected, &mut |parts| {
            pool.decode(parts.to_vec(), Turn::light(Sender::default()))
        })
    };
    let read = if at_once {
        catch_unwind(AssertUnwindSafe(read)).or(Err("panic"))
    } else {
        tokio::task::spawn_blocking(read).await.or(Err("panic"))
    };
    match read {
        Ok(Ok(message)) => Some((message, size_octets)),
        Ok(Err(refusal)) => {
            for objection in &refusal.objections {
                tracing::error!(
                    rule = objection.rule,
                    part = objection.part,
                    detail = objection.detail,
                    "refused"
                );
            }
            None
        }
        Err(fault) => {
            tracing::error!(fault, "a fault of ours in the verifier");
            None
        }
    }
}

fn header_section(message: &[u8]) -> Vec<u8> {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at.saturating_add(2));
    message.get(..end.unwrap_or_default()).unwrap_or_default().to_vec()
}

fn tell(queue_id: &str, size_octets: usize, fate: &Fate) {
    match fate {
        Fate::Delivered { .. } => tracing::info!(event = "message.delivered", queue_id, size_octets),
        Fate::TryLater { cause, may_duplicate } => {
            tracing::warn!(event = "message.deferred", queue_id, %cause, may_duplicate);
        }
        Fate::Refused { reply } => tracing::warn!(event = "message.refused", queue_id, %reply),
        Fate::UnknownUser { reply } => {
            tracing::error!(event = "message.unknown_user", queue_id, %reply, "held: the recipient list is out of date");
        }
        Fate::TooLarge { octets_max, .. } => {
            tracing::error!(
                event = "message.too_large",
                queue_id,
                octets_max,
                "held: lower limits.message_out"
            );
        }
        Fate::Unsendable(why) => tracing::error!(event = "message.unsendable", queue_id, ?why, "held"),
    }
}

fn all(draft: &LeasedClean, result: &RecipientResult) -> Vec<(Mailbox, RecipientResult)> {
    draft.recipients.iter().map(|mailbox| (mailbox.clone(), result.clone())).collect()
}

/// Records each fate; tells the sender of final refusals, when there is a way to the outside and somebody to tell.
async fn settle(
    stage: &Stage,
    outlets: &Outlets,
    draft: &LeasedClean,
    fates: Vec<(Mailbox, Fate)>,
    header_section: &[u8],
) -> Result<(), StoreError> {
    let now = clock::now();
    let may_bounce = outlets.outside.is_some() && draft.kind == MessageKind::Mail;
    let results: Vec<(Mailbox, RecipientResult)> =
        fates.iter().map(|(mailbox, fate)| (mailbox.clone(), result(draft, fate, now, may_bounce))).collect();
    let bounced: Vec<(Mailbox, Fate)> = fates
        .into_iter()
        .zip(&results)
        .filter(|(_, (_, result))| matches!(result, RecipientResult::Bounced { .. }))
        .map(|(fate, _)| fate)
        .collect();
    let notification = failure_notice(stage, draft, &bounced, now, header_section);
    let Some(notification) = notification else { return stage.store.settle(draft.id, results).await };
    let born = Born {
        kind: MessageKind::Dsn,
        reverse_path: ReversePath::Null,
        recipients: vec![notification.forward_path().clone()],
        zone: OUTSIDE.to_owned(),
        policy_version: draft.policy_version.clone(),
        accepted: now,
    };
    let clean = Clean {
        octets: notification.octets().to_vec(),
        expected: Vec::new(),
        report_json: String::new(),
        summary: Summary {
            subject: String::new(),
            from: String::new(),
            outcome: Outcome::Clean,
            parts: 0,
            withheld: 0,
        },
    };
    stage.store.settle_with_dsn(draft.id, results, born, clean).await.map(drop)
}

fn failure_notice(
    stage: &Stage,
    draft: &LeasedClean,
    bounced: &[(Mailbox, Fate)],
    now: DateTime,
    header_section: &[u8],
) -> Option<Notification> {
    if bounced.is_empty() {
        return None;
    }
    let domain = stage.config.domains().into_iter().next()?;
    let from = Mailbox::postmaster(&domain).ok()?;
    let receipt = draft.receipt.as_ref().map_or(draft.queue_id.as_str(), store::Receipt::as_str);
    dsn::failure(&dsn::Failure {
        reporting_mta: &stage.config.hostname,
        from: &from,
        reverse_path: &draft.reverse_path,
        receipt,
        arrived: draft.accepted,
        now,
        fates: bounced,
        header_section,
    })
}

fn result(draft: &LeasedClean, fate: &Fate, now: DateTime, may_bounce: bool) -> RecipientResult {
    let held = |reply: String| RecipientResult::Held { reason: HoldReason::NextHopRefused, reply };
    match fate {
        Fate::Delivered { reply } => RecipientResult::Delivered { reply: reply.to_string() },
        Fate::TryLater { cause, .. } => {
            let age = now.unix_s.saturating_sub(draft.accepted.unix_s);
            let age = Duration::from_secs(u64::try_from(age).unwrap_or_default());
            let seed =
                draft.queue_id.as_str().bytes().fold(0u64, |seed, b| seed.rotate_left(7) ^ u64::from(b));
            match Schedule::standard().next(draft.attempt.max(1), age, seed) {
                Next::After(wait) => {
                    let wait = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
                    let until = DateTime::utc(now.unix_s.saturating_add(wait));
                    RecipientResult::Deferred { until, reply: cause.to_string() }
                }
                Next::GiveUp if may_bounce => RecipientResult::Bounced { reply: cause.to_string() },
                Next::GiveUp => held(cause.to_string()),
            }
        }
        Fate::Refused { reply } if may_bounce => RecipientResult::Bounced { reply: reply.to_string() },
        Fate::Refused { reply } | Fate::UnknownUser { reply } => held(reply.to_string()),
        Fate::TooLarge { reply, .. } => held(reply.as_ref().map(ToString::to_string).unwrap_or_default()),
        Fate::Unsendable(why) => held(format!("{why:?}")),
    }
}

/// Sends a failure notice out.
async fn notify(
    stage: &Stage,
    outlets: &Outlets,
    draft: &LeasedClean,
    octets: Vec<u8>,
) -> Result<(), StoreError> {
    let Some(Outlet::Smtp(outside)) = &outlets.outside else {
        let results = all(draft, &RecipientResult::Held { reason: HoldReason::Policy, reply: String::new() });
        return stage.store.settle(draft.id, results).await;
    };
    let Some(notification) =
        draft.recipients.first().and_then(|to| Notification::at_rest(to.clone(), octets))
    else {
        let reply = "not a notification".to_owned();
        let results = all(draft, &RecipientResult::Held { reason: HoldReason::InternalFault, reply });
        return stage.store.settle(draft.id, results).await;
    };
    stage.store.attempting(draft.id).await?;
    let now = clock::now();
    let settled = outside.notify(&notification).await;
    let results =
        settled.fates.iter().map(|(mailbox, fate)| (mailbox.clone(), result(draft, fate, now, false)));
    stage.store.settle(draft.id, results.collect()).await
}
