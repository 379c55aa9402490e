//! Letters: mails that may tell a password or wait for one, kept for three days so that passwords find their files.
//!
//! Two letters are neighbours when they came to a common recipient of one zone within [`NEIGHBOURS_S`] and share a
//! mark (domain of the sender, thread, file name; the caller's words). Whether a new letter has neighbours is asked
//! in the transaction that puts it in, so that of two that come at once the later one sees the earlier. What is to be
//! tried stands in `letter_pair` until it was tried.
//!
//! *Security.* Words are sealed to the working key of the day and marks are hashes under it: both mean nothing once it
//! is destroyed. A letter has at most [`MARKS_MAX`] marks, finds at most [`FOUND_MAX`] neighbours by each, and of one
//! sending network at most [`PAIRS_OF_SENDER_MAX`] are tried on a waiting mail, so that no flood uses up the tries of
//! others.

use crate::audit::AuditEvent;
use crate::engine::Tx;
use crate::follow_up::{Sanitised, reached, sanitised_where};
use crate::jobs::{of_job, queue_id_of};
use crate::message::Group;
use crate::seal;
use crate::{QueueId, Store, StoreError, clock};
use mail::Mailbox;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;
use std::fmt;

/// How far apart neighbours may come, in seconds: 72 hours.
pub const NEIGHBOURS_S: i64 = 72 * 3_600;
/// Days whose working keys may still be needed to find a neighbour.
const DAYS: i64 = 4;
/// Rows of marks that one letter may have; over many recipients each has fewer.
const MARKS_MAX: usize = 500;
/// Neighbours that are found by one mark, the newest first.
const FOUND_MAX: i64 = 20;
/// Letters of one sending network that are tried on a waiting mail.
const PAIRS_OF_SENDER_MAX: i64 = 20;
/// Letters that are tried on a waiting mail in all.
const PAIRS_MAX: i64 = 200;
/// Waiting mails on which one letter is tried, the newest first.
const LETTER_PAIRS_MAX: usize = 50;
/// How often a trial is begun that does not come to its end.
const TAKES_MAX: i64 = 3;

/// A mail as it may be a neighbour.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// What it says, in the caller's own form.
    pub words: Vec<u8>,
    /// What it is known by, the most telling first.
    pub marks: Vec<String>,
    /// Whether parts of it wait for a password.
    pub waits: bool,
    /// The sending network on whose account it is tried.
    pub sender: u64,
    /// Where the passwords came from that opened parts of it already.
    pub fitted: Vec<&'static str>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (octets, marks) = (self.words.len(), self.marks.len());
        write!(f, "Letter({octets} octets, {marks} marks, waits: {}, fitted: {:?})", self.waits, self.fitted)
    }
}

/// A mark under the key of a day.
type Mark = [u8; 16];

/// A letter, sealed, not yet in any row.
pub(crate) struct SealedLetter {
    words: Vec<u8>,
    working_day: i64,
    /// Under the key of today: what stands in its rows.
    marks: Vec<Mark>,
    /// Under the keys of the last days: what earlier letters have in theirs.
    sought: Vec<Mark>,
    waits: bool,
    sender: i64,
    fitted: Vec<&'static str>,
}

/// A letter to be tried on a mail that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct TrialLetter {
    job: i64,
    /// Its queue id.
    pub queue_id: QueueId,
    /// The recipients of the waiting mail that have this letter too.
    pub recipients: Vec<Mailbox>,
    /// What it says; `None` when its key is gone.
    pub words: Option<Vec<u8>>,
}

impl fmt::Debug for TrialLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrialLetter({}, {} recipients)", self.queue_id, self.recipients.len())
    }
}

/// A mail that waits and letters to be tried on it.
#[derive(Clone, Debug)]
pub struct Trial {
    waiting: i64,
    /// The mail; `None` when nothing of it waits any more.
    pub mail: Option<Sanitised>,
    /// The letters, all of one sending network.
    pub letters: Vec<TrialLetter>,
}

impl Store {
    pub(crate) fn seal_letter(
        &self,
        job: i64,
        recipients: &[Mailbox],
        letter: Letter,
    ) -> Result<SealedLetter, StoreError> {
        let now_s = self.now_s();
        let working = self.inner.working.current(now_s)?;
        let each = MARKS_MAX.checked_div(recipients.len().max(1)).unwrap_or_default().max(1);
        let tokens: BTreeSet<String> = recipients
            .iter()
            .take(MARKS_MAX)
            .flat_map(|recipient| {
                let recipient = recipient.to_string().to_lowercase();
                letter.marks.iter().take(each).map(move |mark| format!("{recipient}\0{mark}"))
            })
            .collect();
        let sought = (0..DAYS)
            .filter_map(|ago| self.inner.working.of_day(clock::day_of(now_s).saturating_sub(ago)).ok())
            .flat_map(|key| tokens.iter().map(|token| key.mark(token)).collect::<Vec<_>>())
            .collect();
        Ok(SealedLetter {
            words: seal::seal(&working.drafts, &format!("letter {}", of_job(job)), &letter.words)?,
            working_day: working.day,
            marks: tokens.iter().map(|token| working.mark(token)).collect(),
            sought,
            waits: letter.waits,
            sender: letter.sender.cast_signed(),
            fitted: letter.fitted,
        })
    }

    /// The sending networks whose letters are to be tried on something.
    pub async fn trial_senders(&self) -> Result<Vec<u64>, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT DISTINCT sender FROM letter_pair WHERE done = 0 LIMIT 1000")?;
            let senders = query.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(senders.map(|sender| sender.map(i64::cast_unsigned)).collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The next trial on account of a sending network.
    pub async fn take_trial(&self, sender: u64) -> Result<Option<Trial>, StoreError> {
        let Some(taken) = self.write(move |tx| tx.take_pairs(sender.cast_signed())).await? else {
            return Ok(None);
        };
        let inner = self.inner.clone();
        self.read(move |db| {
            let (waiting, letters) = taken;
            let mail = sanitised_where(db, &inner, "job.id = ?1", [waiting])?.into_iter().next();
            let mut found = Vec::new();
            for letter in letters {
                let mut query = db.prepare_cached(
                    "SELECT letter.message, letter.words, letter.working_day, message.queue_id
                     FROM letter JOIN message ON message.id = letter.message WHERE letter.job = ?1",
                )?;
                let mut rows = query.query([letter])?;
                let Some(row) = rows.next()? else { continue };
                let (message, sealed, day): (i64, Vec<u8>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let opened = inner.working.of_day(day);
                let words = opened
                    .and_then(|key| seal::open(&key.drafts, &format!("letter {}", of_job(letter)), &sealed));
                let has_it: BTreeSet<String> = reached(db, message, letter)?
                    .iter()
                    .map(|mailbox| mailbox.to_string().to_lowercase())
                    .collect();
                let of_both = mail.iter().flat_map(|mail| &mail.recipients);
                let recipients =
                    of_both.filter(|mailbox| has_it.contains(&mailbox.to_string().to_lowercase()));
                found.push(TrialLetter {
                    job: letter,
                    queue_id: queue_id_of(row, 3)?,
                    recipients: recipients.cloned().collect(),
                    words: words.ok(),
                });
            }
            Ok(Some(Trial { waiting, mail, letters: found }))
        })
        .await
    }

    /// A trial came to its end; when nothing of the mail waits any more, no other is begun.
    pub async fn end_trial(&self, trial: &Trial, waits: bool) -> Result<(), StoreError> {
        let waiting = trial.waiting;
        let letters: Vec<i64> = trial.letters.iter().map(|letter| letter.job).collect();
        self.write(move |tx| {
            for letter in letters {
                let done = "UPDATE letter_pair SET done = 1 WHERE waiting = ?1 AND letter = ?2";
                tx.db.prepare_cached(done)?.execute([waiting, letter])?;
            }
            if !waits {
                tx.db.prepare_cached("UPDATE letter SET waits = 0 WHERE job = ?1")?.execute([waiting])?;
                tx.db
                    .prepare_cached("UPDATE letter_mark SET waits = 0 WHERE job = ?1")?
                    .execute([waiting])?;
                tx.db
                    .prepare_cached("UPDATE letter_pair SET done = 1 WHERE waiting = ?1")?
                    .execute([waiting])?;
            }
            Ok(())
        })
        .await
    }

    /// Puts a trial back that was not even begun: no child was free.
    pub async fn put_trial_back(&self, trial: &Trial) -> Result<(), StoreError> {
        let waiting = trial.waiting;
        let letters: Vec<i64> = trial.letters.iter().map(|letter| letter.job).collect();
        self.write(move |tx| {
            for letter in letters {
                let back = "UPDATE letter_pair SET takes = takes - 1 WHERE waiting = ?1 AND letter = ?2 AND takes > 0";
                tx.db.prepare_cached(back)?.execute([waiting, letter])?;
            }
            Ok(())
        })
        .await
    }

    /// Ends when there may be a trial to take.
    pub async fn trials_ready(&self) {
        self.inner.wake.trials.notified().await;
    }
}

impl Tx<'_> {
    /// Puts a letter in, and notes which trials follow.
    pub(crate) fn put_letter(
        &mut self,
        group: &Group,
        queue_id: &QueueId,
        sealed: &SealedLetter,
    ) -> Result<(), StoreError> {
        for source in &sealed.fitted {
            let (queue_id, source) = (queue_id.clone(), (*source).to_owned());
            self.audit(&AuditEvent::PasswordFitted { queue_id, source, letters: Vec::new() })?;
        }
        self.remove_letter(group.job)?;
        let stored_s: i64 = self
            .db
            .prepare_cached("SELECT stored_s FROM message WHERE id = ?1")?
            .query_row([group.message], |row| row.get(0))?;
        let mut insert = self.db.prepare_cached(
            "INSERT INTO letter(job, message, tenant, zone, policy_version, stored_s, working_day, waits, sender, words)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        insert.execute(params![
            group.job,
            group.message,
            self.tenant,
            group.zone,
            group.policy_version,
            stored_s,
            sealed.working_day,
            sealed.waits,
            sealed.sender,
            sealed.words
        ])?;
        let mut insert = self
            .db
            .prepare_cached("INSERT OR IGNORE INTO letter_mark(mark, waits, job) VALUES(?1, ?2, ?3)")?;
        for mark in &sealed.marks {
            insert.execute(params![mark, sealed.waits, group.job])?;
        }
        let waiting = self.neighbours(group, sealed, stored_s, true)?;
        for other in waiting.iter().rev().take(LETTER_PAIRS_MAX) {
            self.pair(*other, group.job)?;
        }
        if sealed.waits {
            let telling = self.neighbours(group, sealed, stored_s, false)?;
            for other in waiting.iter().chain(&telling) {
                self.pair(group.job, *other)?;
            }
        }
        Ok(())
    }

    /// Letters that share a mark with this one, those that wait or those that do not.
    fn neighbours(
        &self,
        group: &Group,
        sealed: &SealedLetter,
        stored_s: i64,
        waits: bool,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT letter.job FROM letter_mark JOIN letter ON letter.job = letter_mark.job
             WHERE letter_mark.mark = ?1 AND letter_mark.waits = ?2 AND letter_mark.job <> ?3
                AND letter.waits = ?2 AND letter.zone = ?4 AND letter.tenant = ?5
                AND letter.stored_s BETWEEN ?6 AND ?7
             ORDER BY letter_mark.job DESC LIMIT ?8",
        )?;
        let (from_s, to_s) = (stored_s.saturating_sub(NEIGHBOURS_S), stored_s.saturating_add(NEIGHBOURS_S));
        let mut found = BTreeSet::new();
        for mark in &sealed.sought {
            let row = params![mark, waits, group.job, group.zone, self.tenant, from_s, to_s, FOUND_MAX];
            for job in query.query_map(row, |row| row.get(0))? {
                found.insert(job?);
            }
        }
        Ok(found)
    }

    /// Notes that a letter is to be tried on a mail that waits, unless enough were.
    fn pair(&mut self, waiting: i64, letter: i64) -> Result<(), StoreError> {
        let sender: Option<i64> = self
            .db
            .prepare_cached("SELECT sender FROM letter WHERE job = ?1")?
            .query_row([letter], |row| row.get(0))
            .optional()?;
        let Some(sender) = sender else { return Ok(()) };
        let (all, of_sender): (i64, i64) = self
            .db
            .prepare_cached(
                "SELECT count(*), coalesce(sum(sender = ?2), 0) FROM letter_pair WHERE waiting = ?1",
            )?
            .query_row([waiting, sender], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if all >= PAIRS_MAX || of_sender >= PAIRS_OF_SENDER_MAX {
            return Ok(());
        }
        let insert = "INSERT OR IGNORE INTO letter_pair(waiting, letter, sender) VALUES(?1, ?2, ?3)";
        let added = self.db.prepare_cached(insert)?.execute([waiting, letter, sender])?;
        self.new_trials = self.new_trials.saturating_add(added);
        Ok(())
    }

    /// The mail that waits longest for letters of this sender, and these.
    fn take_pairs(&mut self, sender: i64) -> Result<Option<(i64, Vec<i64>)>, StoreError> {
        let worn_out = "UPDATE letter_pair SET done = 1 WHERE done = 0 AND takes >= ?1";
        self.db.prepare_cached(worn_out)?.execute([TAKES_MAX])?;
        let first = "SELECT min(waiting) FROM letter_pair WHERE done = 0 AND sender = ?1";
        let waiting: Option<i64> = self.db.prepare_cached(first)?.query_row([sender], |row| row.get(0))?;
        let Some(waiting) = waiting else { return Ok(None) };
        let letters =
            "SELECT letter FROM letter_pair WHERE done = 0 AND sender = ?1 AND waiting = ?2 ORDER BY letter";
        let mut query = self.db.prepare_cached(letters)?;
        let letters = query.query_map([sender, waiting], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let taken =
            "UPDATE letter_pair SET takes = takes + 1 WHERE done = 0 AND sender = ?1 AND waiting = ?2";
        self.db.prepare_cached(taken)?.execute([sender, waiting])?;
        Ok(Some((waiting, letters)))
    }

    fn remove_letter(&self, job: i64) -> Result<(), StoreError> {
        for text in [
            "DELETE FROM letter_pair WHERE waiting = ?1 OR letter = ?1",
            "DELETE FROM letter_mark WHERE job = ?1",
            "DELETE FROM letter WHERE job = ?1",
        ] {
            self.db.prepare_cached(text)?.execute([job])?;
        }
        Ok(())
    }

    /// Removes letters whose time is over.
    pub(crate) fn forget_letters(&self) -> Result<(), StoreError> {
        let mut query = self.db.prepare_cached("SELECT job FROM letter WHERE stored_s < ?1")?;
        let before_s = self.now_s.saturating_sub(NEIGHBOURS_S);
        let jobs: Vec<i64> = query.query_map([before_s], |row| row.get(0))?.collect::<Result<_, _>>()?;
        jobs.into_iter().try_for_each(|job| self.remove_letter(job))
    }
}
