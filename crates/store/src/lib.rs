//! Queue, ledger, vault and audit chain of the gateway: closed sets of verbs per role over one data directory.
//!
//! What relay puts in is durable before `250`; from then on each (message, recipient) is in exactly one place, and the
//! ledger, counted from append-only events and again from rows, says where. Bodies are sealed before they touch the
//! disk. The embedded engine is SQLite with one writer thread.
//!
//! *Security.* Octets of mail are moved and sealed here, never looked into. Addresses are plain columns; subjects, file
//! names and texts are sealed. Originals leave only by [`Store::open_original`] towards the jail and by
//! [`Store::export`] after two people agreed.

mod agreed;
mod audit;
mod bodies;
mod born;
mod clean;
mod clock;
mod digest;
mod engine;
mod error;
mod files;
mod follow_up;
mod hold;
mod ids;
mod jobs;
mod keys;
mod ledger;
mod letters;
mod message;
mod queue;
mod received;
mod records;
mod release;
mod retention;
mod schema;
mod seal;
mod settle;
mod store;
mod vault;
mod view;
mod working;

pub use agreed::Agreed;
pub use audit::{AuditEvent, AuditFault, AuditVerdict, Checkpoint};
pub use bodies::INLINE_OCTETS_MAX;
pub use born::{Born, MessageKind};
pub use clean::{Clean, LeasedClean};
pub use clock::{Clock, ManualClock};
pub use digest::{Digest, HeldCopy, Listing};
pub use error::{Denial, SqlError, StoreError};
pub use follow_up::{Bringing, Sanitised};
pub use hold::SentBack;
pub use ids::{Actor, CleanId, JobId, QueueId, Receipt, RequestId};
pub use jobs::LeasedJob;
pub use keys::{Keys, NewKeys};
pub use ledger::{Imbalance, LedgerBalance, LedgerLine};
pub use letters::{Letter, NEIGHBOURS_S, Trial, TrialLetter};
pub use received::{NewGroup, NewMessage};
pub use records::Summary;
pub use release::{ReleaseOrder, ReleaseRequest, RequestState};
pub use retention::{Purge, PurgePlan};
pub use settle::RecipientResult;
pub use store::{Floor, Recovery, Room, Store, StoreSettings};
pub use view::{Filter, HeldMessage, MessageView, QueueLine, RecipientLine, RecipientState, WorkState};
