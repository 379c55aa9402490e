//! What can become of a part. There is no `Keep`: even plain text is decoded and written anew.

use mail::PartPath;
use serde::{Deserialize, Serialize};

/// The verdict on one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Same format, written anew from a model.
    Rebuild,
    /// Turned into pixels (image PDF or raster image).
    Flatten,
    /// Only its text was taken.
    Extract,
    /// A container whose members stand in the report as parts of their own.
    Unpack,
    /// Its content is shown inside another part.
    Merge(PartPath),
    /// Not passed yet.
    Await(AwaitFor),
    /// Not passed. The original stays in the vault.
    Remove,
}

impl Action {
    /// Stable name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Flatten => "flatten",
            Self::Extract => "extract",
            Self::Unpack => "unpack",
            Self::Merge(_) => "merge",
            Self::Await(_) => "await",
            Self::Remove => "remove",
        }
    }

    /// Whether the reader misses this part: `Remove` or `Await`.
    pub const fn withholds(&self) -> bool {
        matches!(self, Self::Await(_) | Self::Remove)
    }
}

/// What a waiting part waits for. Until when is set by the ledger, which has a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AwaitFor {
    /// A password that opens it.
    Password,
    /// A renderer that this installation does not have.
    Renderer,
    /// A person's decision.
    Approval,
}
