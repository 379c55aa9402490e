//! Web pages and a REST interface over store and report.
//!
//! Only the face of it stands in this version: [`Page`] names the pages; the command line does their work.

/// The pages of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    /// What came for one person, and what became of it.
    Received,
    /// One message, part by part, with the way to its original.
    Message,
    /// Requests for originals that wait for a decision.
    Requests,
    /// Queue, ledger and held mail.
    Operations,
    /// The audit chain.
    Audit,
}
