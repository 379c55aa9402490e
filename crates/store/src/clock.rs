//! Where the store reads the time. Tests hold the hands themselves.

use mail::DateTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock: wall time, and a steady one that nobody can set.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// One that stands still until it is moved.
    Manual(ManualClock),
}

/// The hands of a manual clock. Clones share them.
#[derive(Clone, Debug)]
pub struct ManualClock {
    wall_ms: Arc<AtomicI64>,
    steady_ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows `unix_s`.
    pub fn at(unix_s: i64) -> Self {
        let wall_ms = Arc::new(AtomicI64::new(unix_s.saturating_mul(1000)));
        Self { wall_ms, steady_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// Seconds that it shows.
    pub fn now_s(&self) -> i64 {
        self.wall_ms.load(Ordering::SeqCst).div_euclid(1000)
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.steady_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the wall clock without any time passing: a jump.
    pub fn jump_to(&self, unix_s: i64) {
        self.wall_ms.store(unix_s.saturating_mul(1000), Ordering::SeqCst);
    }
}

/// A reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    wall_ms: i64,
    steady_ms: i64,
}

/// How far wall and steady clock may come apart before nothing is removed any more.
const JUMP_MS: u64 = 3_600_000;

impl Reading {
    /// Whether the wall clock jumped between the two readings.
    pub(crate) fn jumped_since(self, earlier: Self) -> bool {
        let wall = self.wall_ms.saturating_sub(earlier.wall_ms);
        let steady = self.steady_ms.saturating_sub(earlier.steady_ms);
        wall.abs_diff(steady) > JUMP_MS
    }
}

impl Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn wall_ms(&self) -> i64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or_default(),
            Self::Manual(hands) => hands.wall_ms.load(Ordering::SeqCst),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn now_s(&self) -> i64 {
        self.wall_ms().div_euclid(1000)
    }

    /// Both clocks; `epoch` is where the steady one starts.
    pub(crate) fn reading(&self, epoch: Instant) -> Reading {
        let steady_ms = match self {
            Self::System => i64::try_from(epoch.elapsed().as_millis()).unwrap_or(i64::MAX),
            Self::Manual(hands) => hands.steady_ms.load(Ordering::SeqCst),
        };
        Reading { wall_ms: self.wall_ms(), steady_ms }
    }
}

const DAY_S: i64 = 86_400;

/// Days since 1970-01-01 (UTC).
pub(crate) fn day_of(unix_s: i64) -> i64 {
    unix_s.div_euclid(DAY_S)
}

/// `YYYY-MM` of an instant (UTC), the name of an audit segment.
pub(crate) fn month_of(unix_s: i64) -> String {
    let text = DateTime::utc(unix_s).to_string();
    let mut words = text.split(' ').skip(2);
    let (month, year) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = NAMES.iter().position(|name| *name == month).map_or(0, |index| index.saturating_add(1));
    format!("{year}-{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_are_named() {
        assert_eq!(month_of(1_795_132_800), "2026-11");
        assert_eq!(month_of(0), "1970-01");
        assert_eq!(day_of(86_399), 0);
        assert_eq!(day_of(86_400), 1);
    }

    #[test]
    fn a_jump_is_seen_and_passing_time_is_not() {
        let hands = ManualClock::at(1_000_000);
        let clock = Clock::Manual(hands.clone());
        let epoch = Instant::now();
        let start = clock.reading(epoch);
        hands.pass(Duration::from_secs(10 * 86_400));
        assert!(!clock.reading(epoch).jumped_since(start));
        hands.jump_to(1_000_000);
        assert!(clock.reading(epoch).jumped_since(start));
    }
}
