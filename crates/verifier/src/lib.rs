//! Reads a draft anew by a strict allow-list, and is the sole maker of [`CleanMessage`] and [`CleanFile`].
//!
//! Shares no decoder and no writer with the sanitiser. Text and structure are read in place by code without
//! decoders; binary parts are decoded to the end by [`decode_all`], which the gateway runs in a locked child of its own.

mod binary;
mod clean;
mod digest;
mod expected;
mod flate;
mod gif;
mod jpeg;
mod message;
mod objections;
mod package;
mod pdf;
mod png;
#[cfg(test)]
mod samples;
mod text;
mod verify;

pub use binary::{BinaryPart, DecodeLimits, DecoderFailed, decode_all};
pub use clean::{CleanFile, CleanMessage, Clearance};
pub use expected::{Expected, ExpectedPart, Objection, Refusal};
pub use verify::{Decoded, ReleaseFault, file, message, released, released_file};
