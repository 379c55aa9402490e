//! When a recipient is tried again: exponential back-off with jitter, up to the give-up time (RFC 5321 §4.5.4.1).
//!
//! Pure: the seed of the jitter and the age come from the caller.

use std::time::Duration;

/// A schedule of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// After the first failure.
    pub first: Duration,
    /// The wait doubles with every failure up to this.
    pub longest: Duration,
    /// Age of the message at which it is given up; a last attempt is made right before.
    pub give_up: Duration,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Try again after this long.
    After(Duration),
    /// It has waited long enough: a DSN, or the operator.
    GiveUp,
}

impl Schedule {
    /// A minute, doubling up to an hour, for five days. Nights and maintenance of a closed network end at some hour;
    /// longer waits than one would only keep mail away from people who are at their desks again.
    pub const fn standard() -> Self {
        Self {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(3_600),
            give_up: Duration::from_secs(5 * 24 * 3_600),
        }
    }

    /// What comes after `failures` failed attempts (at least one) of a message of this `age`. The wait is spread by
    /// up to a fifth to both sides, so that a thousand messages that failed together do not come back together;
    /// the same seed gives the same wait.
    pub fn next(&self, failures: u32, age: Duration, seed: u64) -> Next {
        let Some(left) = self.give_up.checked_sub(age).filter(|left| !left.is_zero()) else {
            return Next::GiveUp;
        };
        let doublings = failures.saturating_sub(1).min(31);
        let wait = self.first.saturating_mul(1_u32 << doublings).min(self.longest);
        let permille = u32::try_from(mix(seed ^ u64::from(failures)) % 401).unwrap_or_default();
        let spread = wait.saturating_mul(permille.saturating_add(800)).checked_div(1_000).unwrap_or(wait);
        Next::After(spread.min(left))
    }
}

/// The finaliser of `SplitMix64`: neighbouring seeds give unrelated numbers.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_within_the_jitter() {
        let schedule = Schedule::standard();
        let expected = [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600];
        let mut ran = 0;
        for (failures, seconds) in (1..).zip(expected) {
            for seed in 0..100 {
                let Next::After(wait) = schedule.next(failures, Duration::ZERO, seed) else { panic!() };
                let permille = wait.as_millis() / seconds;
                assert!((800..=1_200).contains(&permille), "{failures}: {wait:?}");
                assert_eq!(schedule.next(failures, Duration::ZERO, seed), Next::After(wait));
                ran += 1;
            }
        }
        assert_eq!(ran, 900);
        let waits: std::collections::HashSet<Next> =
            (0..100).map(|seed| schedule.next(7, Duration::ZERO, seed)).collect();
        assert!(waits.len() > 50);
    }

    #[test]
    fn the_last_attempt_is_at_the_give_up_time() {
        let schedule = Schedule::standard();
        let second = Duration::from_secs(1);
        assert_eq!(schedule.next(200, schedule.give_up - second, 1), Next::After(second));
        assert_eq!(schedule.next(200, schedule.give_up, 1), Next::GiveUp);
        assert_eq!(schedule.next(1, schedule.give_up + second, 1), Next::GiveUp);
        assert!(matches!(schedule.next(u32::MAX, Duration::ZERO, 1), Next::After(_)));
    }
}
