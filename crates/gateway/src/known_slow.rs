//! Mails that are known to need a heavy child and were put off because too many waited for one.
//!
//! At their next turn they wait for a heavy child at once: run light again each time, a heap of them would spend more
//! of the processor on finding out anew what is known than all other mail needs.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::QueueId;

/// What is remembered at most; beyond that everything is found out anew.
const REMEMBERED_MAX: usize = 10_000;

/// The memory. Cheap to clone; all clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownSlow {
    queue_ids: Arc<Mutex<BTreeSet<String>>>,
}

impl KnownSlow {
    fn queue_ids(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.queue_ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, queue_id: &QueueId) {
        let mut queue_ids = self.queue_ids();
        if queue_ids.len() >= REMEMBERED_MAX {
            queue_ids.clear();
        }
        queue_ids.insert(queue_id.as_str().to_owned());
    }

    /// Whether it was noted; it is forgotten with that.
    pub(crate) fn take(&self, queue_id: &QueueId) -> bool {
        self.queue_ids().remove(queue_id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_counts_for_one_turn() {
        let (known, queue_id) = (KnownSlow::default(), QueueId::parse("1QFQYVXWJ3KE").unwrap());
        assert!(!known.take(&queue_id));
        known.clone().note(&queue_id);
        assert!(known.take(&queue_id) && !known.take(&queue_id));
    }
}
