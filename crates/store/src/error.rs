//! What can go wrong in the world around the store, by what the caller should do.

use std::{error::Error, fmt, io};

/// Why a verb did not do what it was asked for. Nothing was changed unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A write or flush failed and is never tried again: stop accepting, exit, recover at the next start.
    #[error("the store failed and must be reopened")]
    Broken,
    /// Too little room on the disk: answer `452` and try later. Reading and finishing still work.
    #[error("too little room on the disk")]
    Full,
    /// Another process owns the data directory.
    #[error("another process owns the data directory")]
    Locked,
    /// The lease ran out or the work was taken away; somebody else does it now. Drop the result.
    #[error("the lease is no longer held")]
    LeaseLost,
    /// No such message, request or segment.
    #[error("not found")]
    NotFound,
    /// The rules forbid it, or its state does.
    #[error("refused: {0}")]
    Refused(Denial),
    /// The key that opens it is not here (or no longer).
    #[error("the key that opens this is not here")]
    NoKey,
    /// What is stored is not what was written: tell the operator.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
    /// The clock jumped; nothing is removed until a person has looked.
    #[error("the clock jumped; nothing is removed until it is trusted again")]
    ClockJumped,
    /// The data directory was written by a newer version.
    #[error("the data directory has schema {found}, this version knows up to {known}")]
    SchemaNewer {
        /// Schema on the disk.
        found: i64,
        /// Newest schema known here.
        known: i64,
    },
    /// A key file is missing, damaged or readable by others.
    #[error("key file {path}: {problem}")]
    Keys {
        /// Which file.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Reading or writing a file failed.
    #[error("input or output failed")]
    Io(#[from] io::Error),
    /// The database refused.
    #[error("the database refused")]
    Sql(#[source] SqlError),
}

/// Why the rules forbid it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The one who asked cannot approve.
    SameActor,
    /// Only the one who asked may take it.
    NotRequester,
    /// Nobody has approved it yet.
    NotApproved,
    /// It was refused.
    WasRefused,
    /// The day in which it could be used is over.
    Expired,
    /// It was handed out once already.
    AlreadyExported,
    /// It was decided already.
    AlreadyDecided,
    /// A reason is required.
    NoReason,
    /// The original is no longer kept.
    OriginalGone,
    /// The message is not in a state in which this can be done.
    WrongState,
    /// A draft came without recipients, or a message without groups.
    NoRecipients,
    /// A legal hold stands on it.
    LegalHold,
    /// The dry run does not match what would happen now.
    PlanStale,
    /// The audit chain is broken: nothing is removed or handed out.
    AuditBroken,
    /// A follow-up brought this part already.
    BroughtBefore,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameActor => "the one who asked cannot approve",
            Self::NotRequester => "only the one who asked may take it",
            Self::NotApproved => "nobody has approved it yet",
            Self::WasRefused => "the request was refused",
            Self::Expired => "the request has expired",
            Self::AlreadyExported => "it was handed out once already",
            Self::AlreadyDecided => "it was decided already",
            Self::NoReason => "a reason is required",
            Self::OriginalGone => "the original is no longer kept",
            Self::WrongState => "its state does not allow this",
            Self::NoRecipients => "no recipients",
            Self::LegalHold => "a legal hold stands on it",
            Self::PlanStale => "the dry run is out of date",
            Self::AuditBroken => "the audit chain is broken",
            Self::BroughtBefore => "a follow-up brought this part already",
        })
    }
}

/// An error of the database engine; its type stays inside this crate.
#[derive(Debug)]
pub struct SqlError(rusqlite::Error);

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SqlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if matches!(error, rusqlite::Error::QueryReturnedNoRows) {
            return Self::NotFound;
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return Self::Full;
        }
        Self::Sql(SqlError(error))
    }
}

impl StoreError {
    /// Whether the engine cannot be believed any more after this (a failed read, write or flush, damage).
    pub(crate) fn is_fatal(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        let Self::Sql(SqlError(error)) = self else { return matches!(self, Self::Broken) };
        matches!(
            error.sqlite_error_code(),
            Some(
                Code::SystemIoFailure
                    | Code::DatabaseCorrupt
                    | Code::NotADatabase
                    | Code::OutOfMemory
                    | Code::InternalMalfunction
                    | Code::ReadOnly
            )
        )
    }
}

/// A file-system error, with a full disk recognised.
pub(crate) fn of_io(error: io::Error) -> StoreError {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    if full { StoreError::Full } else { StoreError::Io(error) }
}
