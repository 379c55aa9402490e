//! A lane's places, shared fairly between senders: whoever waits for the sender that has used least goes first.
//!
//! A flood from one network then delays itself, not the mail of others, whatever its jobs cost.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::Thread,
    time::{Duration, Instant},
};

/// Whose job it is: a number that jobs of one sending network share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender(pub u64);

/// Time used that is remembered; older use counts half, then a quarter, and so on.
const REMEMBERED: Duration = Duration::from_secs(120);
/// Of the jobs that may wait, those of one sender are at most one in so many.
const SENDER_FRACTION: usize = 4;

/// The lane is full for this sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// A lane.
#[derive(Debug)]
pub(crate) struct Lane {
    places: usize,
    waiting_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    busy: usize,
    running: BTreeMap<Sender, usize>,
    used: BTreeMap<Sender, Duration>,
    waiting: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    sender: Sender,
    thread: Thread,
    admitted: Arc<AtomicBool>,
}

impl Lane {
    /// A lane with this many places, at least one, in which at most `waiting_max` jobs wait.
    pub(crate) fn new(places: usize, waiting_max: usize) -> Self {
        Self { places: places.max(1), waiting_max, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the job has a place; refused at once when too many wait already.
    pub(crate) fn enter(&self, sender: Sender) -> Result<Place<'_>, Full> {
        let state = self.state();
        let of_sender = state.waiting.iter().filter(|waiter| waiter.sender == sender).count();
        if state.waiting.len() >= self.waiting_max || of_sender >= self.waiting_max.div_ceil(SENDER_FRACTION)
        {
            return Err(Full);
        }
        Ok(self.wait(state, sender))
    }

    /// As [`Lane::enter`], but never refused: for work that was begun.
    pub(crate) fn go_on(&self, sender: Sender) -> Place<'_> {
        self.wait(self.state(), sender)
    }

    /// A place that is free and that nobody waits for, without waiting.
    pub(crate) fn enter_free(&self, sender: Sender) -> Option<Place<'_>> {
        let mut state = self.state();
        if state.busy >= self.places || !state.waiting.is_empty() {
            return None;
        }
        state.take(sender);
        Some(Place { lane: self, sender, since: Instant::now() })
    }

    fn wait(&self, mut state: MutexGuard<'_, State>, sender: Sender) -> Place<'_> {
        let admitted = Arc::new(AtomicBool::new(false));
        let thread = std::thread::current();
        state.waiting.push(Waiter { sender, thread, admitted: Arc::clone(&admitted) });
        state.admit(self.places);
        drop(state);
        while !admitted.load(Ordering::Acquire) {
            std::thread::park();
        }
        Place { lane: self, sender, since: Instant::now() }
    }
}

impl State {
    /// Fills the free places from those who wait.
    fn admit(&mut self, places: usize) {
        while self.busy < places
            && let Some(next) = self.next()
        {
            let waiter = self.waiting.remove(next);
            self.take(waiter.sender);
            waiter.admitted.store(true, Ordering::Release);
            waiter.thread.unpark();
        }
    }

    fn take(&mut self, sender: Sender) {
        self.busy = self.busy.saturating_add(1);
        let running = self.running.entry(sender).or_default();
        *running = running.saturating_add(1);
    }

    /// The first of those whose sender runs least now and has used least.
    fn next(&self) -> Option<usize> {
        let standing = |sender: &Sender| (self.running.get(sender), self.used.get(sender));
        let waiting = self.waiting.iter().enumerate();
        waiting.min_by_key(|(_, waiter)| standing(&waiter.sender)).map(|(index, _)| index)
    }

    fn leave(&mut self, sender: Sender, took: Duration) {
        self.busy = self.busy.saturating_sub(1);
        if let Some(running) = self.running.get_mut(&sender) {
            *running = running.saturating_sub(1);
        }
        self.running.retain(|_, running| *running > 0);
        let used = self.used.entry(sender).or_default();
        *used = used.saturating_add(took);
        let total: Duration = self.used.values().fold(Duration::ZERO, |sum, used| sum.saturating_add(*used));
        if total > REMEMBERED {
            self.used.retain(|_, used| {
                *used = used.checked_div(2).unwrap_or_default();
                *used > Duration::from_millis(1)
            });
        }
    }
}

/// A place in a lane, given back on drop.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    lane: &'a Lane,
    sender: Sender,
    since: Instant,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.leave(self.sender, self.since.elapsed());
        state.admit(self.lane.places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_flood_waits_behind_the_one_mail_of_another() {
        let lane = Lane::new(1, 64);
        let (tell, told) = mpsc::channel();
        let first = lane.enter(Sender(1)).unwrap();
        std::thread::scope(|scope| {
            for (count, sender) in [1, 1, 1, 2].into_iter().enumerate() {
                let (lane, tell) = (&lane, tell.clone());
                scope.spawn(move || {
                    let _place = lane.enter(Sender(sender)).unwrap();
                    tell.send(sender).unwrap();
                });
                while lane.state().waiting.len() <= count {
                    std::thread::yield_now();
                }
            }
            drop(first);
        });
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [2, 1, 1, 1]);
    }

    #[test]
    fn one_sender_cannot_take_all_the_waiting() {
        let lane = Lane::new(1, 8);
        let first = lane.enter(Sender(1)).unwrap();
        std::thread::scope(|scope| {
            for count in 0..2 {
                let lane = &lane;
                scope.spawn(move || lane.enter(Sender(1)).map(drop));
                while lane.state().waiting.len() <= count {
                    std::thread::yield_now();
                }
            }
            assert_eq!(lane.enter(Sender(1)).err(), Some(Full));
            scope.spawn(|| lane.enter(Sender(2)).map(drop));
            drop(first);
        });
        assert!(lane.state().waiting.is_empty() && lane.state().busy == 0);
    }

    #[test]
    fn use_long_ago_is_forgotten() {
        let mut state = State::default();
        state.leave(Sender(1), Duration::from_secs(100));
        for _ in 0..200 {
            state.leave(Sender(2), Duration::from_secs(10));
        }
        assert!(!state.used.contains_key(&Sender(1)));
    }
}
