//! The loop that tries the words of letters on the mails that wait for a password, and puts what opens into the queue
//! as a follow-up, without anyone doing anything.
//!
//! *Security.* One trial at a time for each sending network, the network that was served longest ago first, in the
//! heavy lane: a flood delays itself.

use crate::{
    follow_up::{self, Opener, Unlocked},
    letters, report_json,
    sanitise_loop::Stage,
};
use jail::{Sender, Supplements, Turn};
use mail::Mailbox;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use store::{StoreError, Trial, TrialLetter};
use tokio::{sync::watch, task::JoinSet};

/// Trials in hand at a time.
const TRIALS_MAX: usize = 16;
/// How long a sender's trials wait when no child is free, or something of ours is wrong.
const PAUSE: Duration = Duration::from_secs(20);
/// Senders of which it is remembered when they were served.
const REMEMBERED_MAX: usize = 10_000;

/// Whose turn it is.
#[derive(Debug, Default)]
struct Turns {
    busy: BTreeSet<u64>,
    served: BTreeMap<u64, u64>,
    now: u64,
}

impl Turns {
    /// Of these senders, the one that was served longest ago and has none in hand.
    fn next(&mut self, senders: &[u64]) -> Option<u64> {
        if self.busy.len() >= TRIALS_MAX {
            return None;
        }
        let free = senders.iter().filter(|sender| !self.busy.contains(sender));
        let next = *free.min_by_key(|sender| self.served.get(sender).copied().unwrap_or_default())?;
        if self.served.len() >= REMEMBERED_MAX {
            self.served.clear();
        }
        self.now = self.now.saturating_add(1);
        self.served.insert(next, self.now);
        self.busy.insert(next);
        Some(next)
    }
}

/// Runs until `stop` becomes true, then until the trials in hand are done.
pub(crate) async fn run(stage: Stage, mut stop: watch::Receiver<bool>) {
    let mut turns = Turns::default();
    let mut trials: JoinSet<u64> = JoinSet::new();
    loop {
        while let Some(ended) = trials.try_join_next() {
            free(&mut turns, ended);
        }
        if *stop.borrow() {
            break;
        }
        let next = match stage.store.trial_senders().await {
            Ok(senders) => turns.next(&senders),
            Err(StoreError::Broken) => return,
            Err(error) => {
                tracing::error!(%error, "it cannot be read what is to be tried");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Some(sender) = next {
            let stage = stage.clone();
            trials.spawn(async move {
                one(&stage, sender).await;
                sender
            });
            continue;
        }
        tokio::select! {
            () = stage.store.trials_ready() => {}
            Some(ended) = trials.join_next(), if !trials.is_empty() => free(&mut turns, ended),
            _ = stop.changed() => {}
        }
    }
    while trials.join_next().await.is_some() {}
}

fn free(turns: &mut Turns, ended: Result<u64, tokio::task::JoinError>) {
    match ended {
        Ok(sender) => drop(turns.busy.remove(&sender)),
        Err(error) => {
            tracing::error!(%error, "a trial ended badly");
            turns.busy.clear();
        }
    }
}

async fn one(stage: &Stage, sender: u64) {
    match next_trial(stage, sender).await {
        Ok(()) | Err(StoreError::Broken) => {}
        Err(error) => {
            tracing::error!(%error, "a trial could not be finished; it will be tried again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn next_trial(stage: &Stage, sender: u64) -> Result<(), StoreError> {
    let Some(trial) = stage.store.take_trial(sender).await? else { return Ok(()) };
    let waiting = trial.mail.as_ref().and_then(|mail| mail.report_json.as_deref());
    let waiting = waiting.map(report_json::waiting_for_password).unwrap_or_default();
    let Some(mail) = trial.mail.as_ref().filter(|mail| !mail.lacking(&mail.recipients, &waiting).is_empty())
    else {
        return stage.store.end_trial(&trial, false).await;
    };
    for (came_to, letters) in by_recipients(&trial) {
        let opener = Opener {
            supplements: Supplements {
                letters: letters
                    .iter()
                    .filter_map(|letter| letters::read(letter.words.as_deref()?))
                    .collect(),
                ..Supplements::default()
            },
            came_to,
            letters: letters.iter().map(|letter| letter.queue_id.clone()).collect(),
            by: None,
            turn: Turn::heavy(Sender(sender)),
        };
        match follow_up::open(stage, mail, &waiting, &opener).await {
            Ok(Unlocked::Busy | Unlocked::NoJail) => {
                stage.store.put_trial_back(&trial).await?;
                tokio::time::sleep(PAUSE).await;
                return Ok(());
            }
            Ok(unlocked) => {
                tracing::debug!(queue_id = mail.queue_id.as_str(), %unlocked, "a letter was tried")
            }
            // Somebody has it since this was read: look again who still lacks what. That it was begun counts, so that
            // what is refused for another reason comes to an end.
            Err(StoreError::Refused(denial)) => {
                tracing::debug!(%denial, "brought already");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    stage.store.end_trial(&trial, true).await
}

/// The letters that say something, those together that came to the same recipients.
fn by_recipients(trial: &Trial) -> BTreeMap<Vec<Mailbox>, Vec<&TrialLetter>> {
    let mut groups: BTreeMap<Vec<Mailbox>, Vec<&TrialLetter>> = BTreeMap::new();
    for letter in
        trial.letters.iter().filter(|letter| letter.words.is_some() && !letter.recipients.is_empty())
    {
        let mut came_to = letter.recipients.clone();
        came_to.sort();
        groups.entry(came_to).or_default().push(letter);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_has_its_turn() {
        let mut turns = Turns::default();
        assert_eq!(turns.next(&[7, 8]), Some(7));
        assert_eq!(turns.next(&[7, 8]), Some(8));
        assert_eq!(turns.next(&[7, 8]), None, "one at a time for each");
        turns.busy.clear();
        assert_eq!(turns.next(&[7, 8, 9]), Some(9), "who was never served comes first");
        assert_eq!(turns.next(&[7, 8, 9]), Some(7));
        let many: Vec<u64> = (100..200).collect();
        let taken = std::iter::from_fn(|| turns.next(&many)).count();
        assert_eq!(taken, TRIALS_MAX - 2);
    }
}
