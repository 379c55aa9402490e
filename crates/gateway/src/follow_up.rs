//! A part that waited becomes ready: the mail is sanitised again with what was given, and the part goes inside in a
//! follow-up of its own, in the thread of the mail.
//!
//! What was given (a password) lives for this one run; it is neither logged nor stored.

use crate::{
    clock,
    config::Zone,
    finish::{self, Context, Finished},
    report_json,
    sanitise_loop::{self, Stage},
};
use jail::{Supplements, Turn};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};
use store::{Actor, Clean, QueueId, Sanitised, StoreError};

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
    /// Parts wait, and none opens with this.
    NotOpened,
    /// Nobody here can open the report or the original any more.
    NoKey,
    /// The zone is not configured any more.
    NoZone,
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
            Self::NotOpened => f.write_str("nothing that waits opens with this"),
            Self::NoKey => f.write_str("the original cannot be opened here any more"),
            Self::NoZone => f.write_str("the zone is not configured any more"),
            Self::NoJail => f.write_str("nothing can be sanitised now; try again later"),
        }
    }
}

/// Tries a password on what waits of a mail, zone by zone.
pub(crate) async fn unlock(
    stage: &Stage,
    actor: &Actor,
    queue_id: &QueueId,
    password: &Password,
) -> Result<Vec<(String, Unlocked)>, StoreError> {
    let mut zones = Vec::new();
    for mail in stage.store.sanitised(queue_id).await? {
        let unlocked = match in_zone(stage, actor, &mail, password).await {
            Err(StoreError::NoKey) => Unlocked::NoKey,
            other => other?,
        };
        zones.push((mail.zone, unlocked));
    }
    Ok(zones)
}

async fn in_zone(
    stage: &Stage,
    actor: &Actor,
    mail: &Sanitised,
    password: &Password,
) -> Result<Unlocked, StoreError> {
    let Some(zone) = stage.config.zone_named(&mail.zone).cloned() else { return Ok(Unlocked::NoZone) };
    let Some(report) = &mail.report_json else { return Ok(Unlocked::NoKey) };
    let mut waiting = report_json::waiting(report);
    waiting.retain(|path| !mail.brought.contains(path));
    if waiting.is_empty() || mail.recipients.is_empty() {
        return Ok(Unlocked::NothingWaits);
    }
    let octets = stage.store.open_sanitised(mail).await?;
    let (stage_there, there, password) = (stage.clone(), mail.clone(), password.clone());
    let worked = tokio::task::spawn_blocking(move || {
        let context = context(&stage_there, &zone, &there, password);
        let turn = Turn::heavy(sanitise_loop::sender(there.envelope.client.address));
        finish::follow_up(&stage_there.pool, octets, &waiting, turn, &context)
    });
    let (finished, parts) = match worked.await {
        Ok(Ok(Some(ready))) => ready,
        Ok(Ok(None)) => return Ok(Unlocked::NotOpened),
        Ok(Err(error)) => {
            tracing::error!(%error, "the jail cannot work");
            return Ok(Unlocked::NoJail);
        }
        Err(panic) => {
            tracing::error!(%panic, queue_id = mail.queue_id.as_str(), "a fault of ours; the part goes on waiting");
            return Ok(Unlocked::NoJail);
        }
    };
    let Finished { message: Some((message, expected)), report, subject, from, .. } = finished else {
        return Ok(Unlocked::NotOpened);
    };
    let count = parts.len();
    let clean = Clean {
        octets: message.octets().to_vec(),
        expected: postcard::to_stdvec(&expected)
            .or(Err(StoreError::Damaged("expectations cannot be written")))?,
        report_json: report_json::kept(&report),
        summary: sanitise_loop::summary(&report, subject, from),
    };
    let queue_id = stage.store.put_follow_up(mail, parts, actor, clean).await?;
    tracing::info!(
        event = "message.followed_up",
        queue_id = mail.queue_id.as_str(),
        follow_up = queue_id.as_str()
    );
    Ok(Unlocked::FollowUp { queue_id, parts: count })
}

fn context<'a>(
    stage: &Stage,
    zone: &'a Zone,
    mail: &'a Sanitised,
    Password(password): Password,
) -> Context<'a> {
    let config = Arc::clone(&stage.config);
    let accepted = clock::now().in_jst();
    let mut stamp = sanitise_loop::stamp(&config, mail.queue_id.as_str(), &mail.envelope.client, accepted);
    // One of its own for each follow-up: each brings at least one part that none before it brought.
    stamp.own_message_id = format!("{}.{}@{}", mail.queue_id.as_str(), mail.brought.len(), config.hostname);
    Context {
        policy: &zone.policy,
        stamp,
        kept: Some(sanitise_loop::kept(zone, &mail.receipt, mail.accepted)),
        envelope: &mail.envelope,
        supplements: Supplements { passwords: vec![password], ..Supplements::default() },
    }
}
