//! A part that waited becomes ready: the mail is sanitised again with what opens it, and the part goes inside in a
//! follow-up of its own, in the thread of the mail.
//!
//! What opens it (a password, the words of another mail) lives for this one run; it is neither logged nor stored.

use crate::{
    clock,
    config::Zone,
    finish::{self, Context, Finished, Ready},
    letters, report_json,
    sanitise_loop::{self, Stage},
};
use jail::{JailError, Supplements, Turn};
use mail::{Mailbox, PartPath};
use policy::{FindingCode, PasswordServes, notice::PasswordFrom};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};
use store::{Actor, Bringing, Clean, QueueId, Sanitised, StoreError};

/// A password on its way to the jail.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Password(pub(crate) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What became of a mail in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unlocked {
    /// The follow-up, and how many parts it brings.
    FollowUp { queue_id: QueueId, parts: usize },
    /// No part waits, or all that waited were brought already.
    NothingWaits,
    /// Parts wait, and none opens with this, or can be made now.
    NotOpened,
    /// It never went to this recipient.
    NotARecipient,
    /// Nobody here can open the report or the original any more.
    NoKey,
    /// The zone is not configured any more.
    NoZone,
    /// No child is free now.
    Busy,
    /// The jail cannot work.
    NoJail,
}

impl fmt::Display for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FollowUp { queue_id, parts } => {
                write!(f, "{parts} part(s) go in with {}", queue_id.as_str())
            }
            Self::NothingWaits => f.write_str("nothing waits"),
            Self::NotOpened => f.write_str("nothing that waits can be brought with this"),
            Self::NotARecipient => f.write_str("this recipient does not have the mail"),
            Self::NoKey => f.write_str("the original cannot be opened here any more"),
            Self::NoZone => f.write_str("the zone is not configured any more"),
            Self::Busy | Self::NoJail => f.write_str("nothing can be sanitised now; try again later"),
        }
    }
}

/// What may open the parts that wait, for whom, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    pub(crate) supplements: Supplements,
    /// Whom it came to; policy may let it serve all.
    pub(crate) came_to: Vec<Mailbox>,
    pub(crate) letters: Vec<QueueId>,
    pub(crate) by: Option<Actor>,
    pub(crate) turn: Turn,
}

/// Sanitises what waits of a mail again, zone by zone, with a password or without: for one recipient, or for all.
pub(crate) async fn unlock(
    stage: &Stage,
    actor: &Actor,
    queue_id: &QueueId,
    password: Option<&Password>,
    recipient: Option<&Mailbox>,
) -> Result<Vec<(String, Unlocked)>, StoreError> {
    let mut zones = Vec::new();
    for mail in stage.store.sanitised(queue_id).await? {
        let is_it = |mailbox: &&Mailbox| {
            recipient.is_none_or(|it| it.to_string().eq_ignore_ascii_case(&mailbox.to_string()))
        };
        let passwords = password.map(|password| password.0.clone()).into_iter().collect();
        let opener = Opener {
            supplements: Supplements { passwords, ..Supplements::default() },
            came_to: mail.recipients.iter().filter(is_it).cloned().collect(),
            letters: Vec::new(),
            by: Some(actor.clone()),
            turn: Turn::heavy(sanitise_loop::sender(mail.envelope.client.address)),
        };
        let waiting = mail.report_json.as_deref().map(report_json::waiting).unwrap_or_default();
        let unlocked = if recipient.is_some() && opener.came_to.is_empty() {
            Unlocked::NotARecipient
        } else {
            open(stage, &mail, &waiting, &opener).await?
        };
        zones.push((mail.zone.clone(), unlocked));
    }
    Ok(zones)
}

/// Tries an opener on these parts of a mail that wait, and puts what opens into the queue.
pub(crate) async fn open(
    stage: &Stage,
    mail: &Sanitised,
    waiting: &[PartPath],
    opener: &Opener,
) -> Result<Unlocked, StoreError> {
    let Some(zone) = stage.config.zone_named(&mail.zone).cloned() else { return Ok(Unlocked::NoZone) };
    let Some(report) = &mail.report_json else { return Ok(Unlocked::NoKey) };
    let serves = match zone.policy.password_serves {
        PasswordServes::Recipient => &opener.came_to,
        PasswordServes::All => &mail.recipients,
    };
    let mut unlocked = Unlocked::NothingWaits;
    for (recipients, parts) in mail.lacking(serves, waiting) {
        let mut opener = opener.clone();
        // What went in already need not be made again.
        let touches = |path: &PartPath| parts.iter().any(|part| part.is_within(path) || path.is_within(part));
        let made = report_json::made(report).into_iter().filter(|path| !touches(path));
        opener.supplements.failed = made.map(|path| (path, FindingCode::PolicyRemoves)).collect();
        match for_some(stage, mail, &zone, (recipients, parts), opener).await {
            // Who was served already is not served twice when this is tried again.
            Ok(later @ (Unlocked::Busy | Unlocked::NoJail)) => return Ok(later),
            Ok(Unlocked::NotOpened) if unlocked != Unlocked::NothingWaits => {}
            Ok(other) => unlocked = other,
            Err(StoreError::NoKey) => return Ok(Unlocked::NoKey),
            Err(error) => return Err(error),
        }
    }
    Ok(unlocked)
}

async fn for_some(
    stage: &Stage,
    mail: &Sanitised,
    zone: &Zone,
    (recipients, waiting): (Vec<Mailbox>, Vec<PartPath>),
    opener: Opener,
) -> Result<Unlocked, StoreError> {
    let octets = stage.store.open_sanitised(mail).await?;
    let own_name = letters::name_of(&recipients, &waiting);
    let (stage_there, zone, there) = (stage.clone(), zone.clone(), mail.clone());
    let Opener { supplements, letters, by, turn, .. } = opener;
    let worked = tokio::task::spawn_blocking(move || {
        let context = context(&stage_there, &zone, &there, supplements, &own_name);
        finish::follow_up(&stage_there.pool, octets, &waiting, turn, &context)
    });
    let Ready { finished, parts, from } = match worked.await {
        Ok(Ok(Some(ready))) => ready,
        Ok(Ok(None)) => return Ok(Unlocked::NotOpened),
        Ok(Err(JailError::Busy(_))) => return Ok(Unlocked::Busy),
        Ok(Err(error)) => {
            tracing::error!(%error, "the jail cannot work");
            return Ok(Unlocked::NoJail);
        }
        Err(panic) => {
            tracing::error!(%panic, queue_id = mail.queue_id.as_str(), "a fault of ours; the part goes on waiting");
            return Ok(Unlocked::NoJail);
        }
    };
    let Finished { message: Some((message, expected)), report, subject, from: from_field, .. } = finished
    else {
        return Ok(Unlocked::NotOpened);
    };
    let count = parts.len();
    let clean = Clean {
        octets: message.octets().to_vec(),
        expected: postcard::to_stdvec(&expected)
            .or(Err(StoreError::Damaged("expectations cannot be written")))?,
        report_json: report_json::kept(&report),
        summary: sanitise_loop::summary(&report, subject, from_field),
    };
    let letters = if from == Some(PasswordFrom::Neighbour) { letters } else { Vec::new() };
    let source = from.map(PasswordFrom::name);
    let bringing = Bringing { recipients, parts, source, letters, by };
    let queue_id = stage.store.put_follow_up(mail, bringing, clean).await?;
    tracing::info!(
        event = "message.followed_up",
        queue_id = mail.queue_id.as_str(),
        follow_up = queue_id.as_str(),
        password_from = source.unwrap_or("none")
    );
    Ok(Unlocked::FollowUp { queue_id, parts: count })
}

fn context<'a>(
    stage: &Stage,
    zone: &'a Zone,
    mail: &'a Sanitised,
    supplements: Supplements,
    own_name: &str,
) -> Context<'a> {
    let config = Arc::clone(&stage.config);
    let accepted = clock::now().in_jst();
    let mut stamp = sanitise_loop::stamp(&config, mail.queue_id.as_str(), &mail.envelope.client, accepted);
    stamp.own_message_id = format!("{}.{own_name}@{}", mail.queue_id.as_str(), config.hostname);
    Context {
        policy: &zone.policy,
        stamp,
        kept: Some(sanitise_loop::kept(zone, &mail.receipt, mail.accepted)),
        envelope: &mail.envelope,
        supplements,
    }
}
