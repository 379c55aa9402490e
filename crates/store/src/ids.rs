//! Names of things: queue ids, receipt numbers, and the handles that a lease gives out.

use crate::StoreError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

/// Crockford's alphabet: no I, L, O, U; in the order of its values, so that text order is time order.
const QUEUE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Eighteen characters that neither look nor sound alike (no 0/O, 1/I/L, 8/B, 5/S, 2/Z, U/V, M/N) and spell no word.
const RECEIPT_ALPHABET: &[u8; 18] = b"2345679CFHJKNPRTXY";

/// 2025-01-01T00:00:00Z in milliseconds; forty bits from here last until 2059.
const EPOCH_MS: i64 = 1_735_689_600_000;

/// Octets from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|error| StoreError::Io(std::io::Error::other(error.to_string())))?;
    Ok(octets)
}

fn letter(alphabet: &[u8], value: u64) -> char {
    let index = usize::try_from(value).unwrap_or_default();
    char::from(alphabet.get(index).copied().unwrap_or(b'0'))
}

/// Name of a message in queue, log and header field: 12 characters, ordered by time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueId(String);

impl QueueId {
    /// Reads a queue id in either case of letters.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let sound = upper.len() == 12 && upper.bytes().all(|octet| QUEUE_ALPHABET.contains(&octet));
        sound.then_some(Self(upper))
    }

    /// The 12 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for QueueId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a queue id")
    }
}

impl From<QueueId> for String {
    fn from(id: QueueId) -> Self {
        id.0
    }
}

/// Makes queue ids: milliseconds that never repeat within one process, then 20 random bits.
#[derive(Debug)]
pub(crate) struct QueueIds(AtomicI64);

impl QueueIds {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(crate) fn next(&self, wall_ms: i64) -> Result<QueueId, StoreError> {
        let wanted = wall_ms.saturating_sub(EPOCH_MS).max(0);
        let mut tick = wanted;
        let step = |last: i64| Some(wanted.max(last.saturating_add(1)));
        if let Ok(last) = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) {
            tick = wanted.max(last.saturating_add(1));
        }
        let mut time = u64::try_from(tick).unwrap_or_default();
        let mut letters = ['0'; 12];
        for place in letters.iter_mut().take(8).rev() {
            *place = letter(QUEUE_ALPHABET, time & 31);
            time >>= 5;
        }
        for (place, octet) in letters.iter_mut().skip(8).zip(random::<4>()?) {
            *place = letter(QUEUE_ALPHABET, u64::from(octet & 31));
        }
        Ok(QueueId(letters.iter().collect()))
    }
}

/// Receipt number of a message: 8 characters that can be read over the telephone.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Receipt(String);

impl Receipt {
    /// Reads a receipt number; spaces, hyphens and the case of letters do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .take(9)
            .collect();
        let sound = plain.len() == 8 && plain.bytes().all(|octet| RECEIPT_ALPHABET.contains(&octet));
        sound.then_some(Self(plain))
    }

    /// The 8 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn draw() -> Result<Self, StoreError> {
        let mut text = String::with_capacity(8);
        while text.len() < 8 {
            for octet in random::<16>()? {
                // 252 is the largest multiple of 18 below 256: octets above it would favour some letters.
                if octet < 252 && text.len() < 8 {
                    text.push(letter(RECEIPT_ALPHABET, u64::from(octet % 18)));
                }
            }
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Receipt {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a receipt number")
    }
}

impl From<Receipt> for String {
    fn from(receipt: Receipt) -> Self {
        receipt.0
    }
}

macro_rules! shown_as_text {
    ($($name:ident),+) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+ };
}
shown_as_text!(QueueId, Receipt);

/// One message for one policy group, as leased for sanitising. Worth nothing once the lease is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId {
    pub(crate) row: i64,
    pub(crate) lease: i64,
}

/// One draft as leased for delivery. Worth nothing once the lease is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CleanId {
    pub(crate) row: i64,
    pub(crate) lease: i64,
}

/// A request for an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(pub i64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A person who acts: an operating-system account, taken from peer credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its number: two actors are the same person when this is equal.
    pub uid: u32,
    /// Its name, for people.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn queue_ids_are_ordered_and_never_repeat_while_the_clock_stands() {
        let ids = QueueIds::new();
        let made: Vec<_> = (0..10_000).map(|_| ids.next(1_795_132_800_000).unwrap()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.next(0).unwrap() > made[9_999], "a clock set back does not bring old names");
        assert!(made.iter().all(|id| QueueId::parse(id.as_str()).as_ref() == Some(id)));
    }

    #[test]
    fn queue_ids_are_distinct_across_threads() {
        let ids = std::sync::Arc::new(QueueIds::new());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ids = ids.clone();
                std::thread::spawn(move || {
                    (0..2_000)
                        .map(|_| ids.next(1_795_132_800_000).unwrap().0.chars().take(8).collect::<String>())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.len(), 8_000);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 8_000);
    }

    #[test]
    fn receipts_read_back_as_they_are_told() {
        let receipt = Receipt::draw().unwrap();
        let (first, second) = receipt.as_str().split_at(4);
        let told = format!("{first} - {}", second.to_lowercase());
        assert_eq!(Receipt::parse(&told), Some(receipt));
        for wrong in ["", "2345679", "23456790", "2345679CC", "あ2345679"] {
            assert_eq!(Receipt::parse(wrong), None);
        }
    }
}
