//! What is allowed, what it may cost, what was found and what is said about it.
//!
//! Rules, limits and the budget that spends them, the closed list of findings, actions and reports, and the texts of
//! the notice (Japanese and English). Pure values: no I/O, no clock.

mod action;
mod ambiguity;
mod budget;
mod finding;
mod imitation;
mod kind;
mod limits;
pub mod neighbour;
pub mod notice;
mod phrase;
mod report;
mod rules;
pub mod vocabulary;

pub use action::{Action, AwaitFor};
pub use ambiguity::{Ambiguity, AmbiguityVerdict};
pub use budget::{Budget, Exhausted};
pub use finding::{Finding, FindingCode, Findings, Severity};
pub use imitation::imitations;
pub use kind::Kind;
pub use limits::Limits;
pub use phrase::Phrase;
pub use report::{HoldReason, Outcome, OutputInfo, PartReport, Report, Sha256};
pub use rules::{AnimatedImages, Language, NoticeLevel, OfficeCopy, PasswordServes, Policy, Rule, RuleError};
