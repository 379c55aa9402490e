//! The loop between the store and the jail: leased jobs become clean rows or held messages.

use crate::{
    config::{Config, Zone},
    finish::{self, Context, Finished},
    known_slow::KnownSlow,
    report_json,
};
use jail::{JailError, Pace, Pool, Sender, Supplements, Turn};
use mail::{DateTime, Envelope, ReversePath, Stamp};
use policy::{Action, HoldReason, Outcome, Report, notice::KeptOriginal};
use std::{net::IpAddr, sync::Arc, time::Duration};
use store::{Clean, LeasedJob, QueueId, Receipt, Store, StoreError, Summary};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use verifier::{CleanMessage, Expected};

/// Jobs in hand at a time. Most of them wait for a heavy child; light ones must still find a place.
const JOBS_MAX: usize = 256;
/// Octets of originals in hand at a time, in KiB.
const KIB_MAX: u32 = 256 * 1024;
/// Originals up to this size start in the quick lane: nearly every mail without attachments.
const QUICK_OCTETS_MAX: u64 = 64 * 1024;
/// Originals over this size start in the heavy lane.
const LIGHT_OCTETS_MAX: u64 = 512 * 1024;
/// How long a lease lasts; longer than four children and the renderer may take.
const LEASE_S: u32 = 1500;
/// How long a job waits when the jail is full or cannot work.
const PAUSE: Duration = Duration::from_secs(20);
/// Attempts after which a job is held: something of ours is wrong.
const ATTEMPTS_MAX: u32 = 5;

/// What every job needs.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
    pub(crate) pool: Pool,
    pub(crate) known_slow: KnownSlow,
}

/// Runs until `stop` becomes true, then until the jobs in hand are done.
pub(crate) async fn run(stage: Stage, mut stop: watch::Receiver<bool>) {
    let kib = Arc::new(Semaphore::new(usize::try_from(KIB_MAX).unwrap_or_default()));
    let mut jobs = JoinSet::new();
    loop {
        while jobs.try_join_next().is_some() {}
        let room = JOBS_MAX.saturating_sub(jobs.len());
        let leased =
            if room == 0 { Ok(Vec::new()) } else { stage.store.lease_jobs(room.min(16), LEASE_S).await };
        let leased = match leased {
            Ok(leased) => leased,
            Err(StoreError::Broken) => return,
            Err(error) => {
                tracing::error!(%error, "no job can be leased");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let nothing = leased.is_empty();
        for job in leased {
            let wanted = u32::try_from(job.size_octets.div_ceil(1024)).unwrap_or(KIB_MAX).clamp(1, KIB_MAX);
            let Ok(permit) = Arc::clone(&kib).acquire_many_owned(wanted).await else { return };
            jobs.spawn(one(stage.clone(), job, permit));
        }
        if *stop.borrow() {
            break;
        }
        if nothing {
            tokio::select! {
                () = stage.store.jobs_ready(), if room > 0 => {}
                _ = jobs.join_next(), if !jobs.is_empty() => {}
                _ = stop.changed() => {}
            }
        }
    }
    while jobs.join_next().await.is_some() {}
}

async fn one(stage: Stage, job: LeasedJob, _permit: OwnedSemaphorePermit) {
    let queue_id = job.queue_id.clone();
    match sanitise(&stage, &job).await {
        Ok(()) | Err(StoreError::LeaseLost | StoreError::Broken) => {}
        Err(error) => {
            tracing::error!(queue_id = queue_id.as_str(), %error, "a job could not be finished; it will be tried again");
            if let Err(error) = stage.store.give_back(job.job, PAUSE).await {
                tracing::error!(queue_id = queue_id.as_str(), %error, "its lease has to run out");
            }
        }
    }
}

async fn sanitise(stage: &Stage, job: &LeasedJob) -> Result<(), StoreError> {
    let Some(zone) = stage.config.zone_named(&job.zone).cloned() else {
        return hold_without_draft(stage, job, HoldReason::Policy).await;
    };
    if job.attempt > ATTEMPTS_MAX {
        return hold_without_draft(stage, job, HoldReason::InternalFault).await;
    }
    let octets = stage.store.open_original(job).await?;
    let envelope_sender = match &job.envelope.reverse_path {
        ReversePath::Mailbox(mailbox) => known_as(&[mailbox.to_string().to_lowercase()]),
        ReversePath::Null => Vec::new(),
    };
    let agreed = agreed_with(stage, envelope_sender).await;
    let sender = sender(job.envelope.client.address);
    let turn = if stage.known_slow.take(&job.queue_id) {
        Turn::heavy(sender)
    } else {
        turn(job.size_octets, sender)
    };
    let (pool, config, leased) = (stage.pool.clone(), Arc::clone(&stage.config), job.clone());
    let first = agreed.clone();
    let worked = tokio::task::spawn_blocking(move || {
        let mut context = Arrival::of(&leased).context(&config, &zone);
        context.supplements.agreed = first;
        finish::message(&pool, octets, turn, &context)
    });
    match worked.await {
        Ok(Ok(finished)) => {
            let finished = with_agreed(stage, job, finished, &agreed).await?;
            hand_in(stage, job, finished).await
        }
        Ok(Err(JailError::Busy(pace))) => {
            if pace == Pace::Heavy {
                stage.known_slow.note(&job.queue_id);
            }
            stage.store.give_back_untried(job.job, PAUSE).await
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the jail cannot work");
            stage.store.give_back(job.job, PAUSE).await
        }
        Err(panic) => {
            tracing::error!(%panic, queue_id = job.queue_id.as_str(), "a fault of ours; the message is held");
            hold_without_draft(stage, job, HoldReason::InternalFault).await
        }
    }
}

/// A mail that still waits is sanitised again with what was agreed with the sender whom only the mail itself names.
async fn with_agreed(
    stage: &Stage,
    job: &LeasedJob,
    finished: Finished,
    tried: &[String],
) -> Result<Finished, StoreError> {
    if !finished.letter.as_ref().is_some_and(|letter| letter.waits) {
        return Ok(finished);
    }
    // Those that were tried, too: one of them may have opened another file of the mail.
    let mut agreed = agreed_with(stage, known_as(&finished.senders)).await;
    agreed.sort_by_key(|password| tried.contains(password));
    let is_new = agreed.iter().any(|password| !tried.contains(password));
    let Some(zone) = stage.config.zone_named(&job.zone).cloned().filter(|_| is_new) else {
        return Ok(finished);
    };
    let octets = stage.store.open_original(job).await?;
    let (pool, config, leased) = (stage.pool.clone(), Arc::clone(&stage.config), job.clone());
    let again = tokio::task::spawn_blocking(move || {
        let mut context = Arrival::of(&leased).context(&config, &zone);
        context.supplements.agreed = agreed;
        finish::message(&pool, octets, Turn::heavy(sender(leased.envelope.client.address)), &context)
    });
    // What is there already is good enough when this does not work.
    Ok(again.await.ok().and_then(Result::ok).unwrap_or(finished))
}

/// What was agreed; a mail does not wait because that cannot be read.
async fn agreed_with(stage: &Stage, senders: Vec<String>) -> Vec<String> {
    stage.store.agreed_with(senders).await.unwrap_or_else(|error| {
        tracing::error!(%error, "agreed passwords cannot be read; sanitised without them");
        Vec::new()
    })
}

/// Addresses and domains under which a password may have been agreed with these senders.
fn known_as(senders: &[String]) -> Vec<String> {
    senders.iter().flat_map(|sender| policy::neighbour::known_as(sender)).collect()
}

fn turn(size_octets: u64, sender: Sender) -> Turn {
    if size_octets <= QUICK_OCTETS_MAX {
        Turn::quick(sender)
    } else if size_octets <= LIGHT_OCTETS_MAX {
        Turn::light(sender)
    } else {
        Turn::heavy(sender)
    }
}

/// Mail of one sending network (IPv4 /24, IPv6 /48) shares the jail as one.
pub(crate) fn sender(address: IpAddr) -> Sender {
    match address.to_canonical() {
        IpAddr::V4(address) => Sender(u64::from(u32::from(address) >> 8)),
        IpAddr::V6(address) => Sender(1 << 63 | u64::try_from(u128::from(address) >> 80).unwrap_or_default()),
    }
}

/// What is known of a message besides its octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) queue_id: &'a QueueId,
    pub(crate) receipt: &'a Receipt,
    pub(crate) accepted: DateTime,
    pub(crate) envelope: &'a Envelope,
}

impl<'a> Arrival<'a> {
    fn of(job: &'a LeasedJob) -> Self {
        let LeasedJob { queue_id, receipt, accepted, envelope, .. } = job;
        Self { queue_id, receipt, accepted: *accepted, envelope }
    }

    pub(crate) fn context(self, config: &Config, zone: &'a Zone) -> Context<'a> {
        Context {
            policy: &zone.policy,
            stamp: stamp(config, self.queue_id.as_str(), &self.envelope.client, self.accepted),
            kept: Some(kept(zone, self.receipt, self.accepted)),
            envelope: self.envelope,
            supplements: Supplements::default(),
        }
    }
}

/// Where the original of a mail can be had.
pub(crate) fn kept(zone: &Zone, receipt: &Receipt, accepted: DateTime) -> KeptOriginal {
    let kept_s = i64::from(zone.policy.original_days).saturating_mul(86_400);
    KeptOriginal {
        receipt: receipt.as_str().to_owned(),
        until: DateTime::utc(accepted.unix_s.saturating_add(kept_s)).in_jst(),
    }
}

/// Our trace field (RFC 5321 §4.4): no recipient stands in it, so that no Bcc shows.
pub(crate) fn stamp(config: &Config, queue_id: &str, client: &mail::Client, accepted: DateTime) -> Stamp {
    let protocol = match client.protocol {
        mail::Protocol::Smtp => "SMTP",
        mail::Protocol::Esmtp => "ESMTP",
        mail::Protocol::Esmtps => "ESMTPS",
    };
    let greeting: String = client
        .greeting
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || ".-_[]:".contains(*c))
        .take(200)
        .collect();
    let address = match client.address {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let host = &config.hostname;
    Stamp {
        queue_id: queue_id.to_owned(),
        received: format!("from {greeting} ({address}) by {host} with {protocol} id {queue_id}; {accepted}"),
        authentication_results: None,
        accepted,
        own_message_id: format!("{queue_id}@{host}"),
    }
}

async fn hand_in(stage: &Stage, job: &LeasedJob, finished: Finished) -> Result<(), StoreError> {
    let queue_id = job.queue_id.as_str();
    let Finished { message, report, subject, from, usage, letter, .. } = finished;
    let (report_json, summary) = (report_json::kept(&report), summary(&report, subject, from));
    let clean = message.and_then(|message| clean(message, &report_json, &summary));
    let outcome = report.outcome.name();
    match (report.outcome, clean) {
        (Outcome::Clean | Outcome::Partial, Some(clean)) => {
            tracing::info!(event = "message.sanitised", queue_id, outcome, cpu_ms = usage.cpu_ms);
            match letter {
                Some(letter) => stage.store.put_clean_letter(job, clean, letter).await,
                None => stage.store.put_clean(job.job, clean).await,
            }
        }
        (_, stand_in) => {
            let reason = report.reason.unwrap_or(HoldReason::InternalFault);
            tracing::warn!(
                event = "message.held",
                queue_id,
                reason = reason.name(),
                stand_in = stand_in.is_some()
            );
            stage.store.hold_job(job.job, reason, report_json, summary, stand_in).await.map(drop)
        }
    }
}

/// A cleared message as the store keeps it.
pub(crate) fn clean(
    (message, expected): (CleanMessage, Expected),
    report_json: &str,
    summary: &Summary,
) -> Option<Clean> {
    let expected = postcard::to_stdvec(&expected).ok()?;
    let (report_json, summary) = (report_json.to_owned(), summary.clone());
    Some(Clean { octets: message.octets().to_vec(), expected, report_json, summary })
}

/// Holds a message that did not come as far as a draft. The stand-in is written from the envelope alone.
async fn hold_without_draft(stage: &Stage, job: &LeasedJob, reason: HoldReason) -> Result<(), StoreError> {
    let zone = stage.config.zone_named(&job.zone).or_else(|| stage.config.zones.first());
    let report = Report::held(reason, Vec::new());
    let message =
        zone.and_then(|zone| finish::from_envelope(&report, &Arrival::of(job).context(&stage.config, zone)));
    let usage = jail::Usage::default();
    let (subject, from) = (String::new(), job.envelope.reverse_path.to_string());
    let (letter, senders) = (None, Vec::new());
    hand_in(stage, job, Finished { message, report, subject, from, usage, letter, senders }).await
}

pub(crate) fn summary(report: &Report, subject: String, from: String) -> Summary {
    let leaves =
        || report.parts.iter().filter(|part| !part.is_container && !matches!(part.action, Action::Merge(_)));
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Summary {
        subject,
        from,
        outcome: report.outcome,
        parts: count(leaves().count()),
        withheld: count(leaves().filter(|part| part.action.withholds()).count()),
    }
}
