//! The words of mail: envelope, addresses, header fields, transfer of untrusted octets, the draft that a
//! sanitiser makes and the canonical MIME writer that turns it into octets (RFC 5321, RFC 5322, RFC 2045–2049,
//! RFC 2231).
//!
//! Nothing here does I/O, reads a clock or knows an async runtime. Every type that crosses a process edge derives
//! `serde` and has a `validate` or a checked constructor: what came through the jail's frame is not believed.

mod address;
mod base64;
mod bounded;
pub mod charset;
pub mod compose;
mod date;
mod draft;
mod envelope;
mod fields;
mod file_name;
pub mod header;
mod line;
mod media_type;
mod part_path;
mod stamp;
mod untrusted;

pub use address::{AddressError, Mailbox, ReversePath};
pub use bounded::at_most;
pub use compose::{Composed, ComposedPart, Framing, compose};
pub use date::DateTime;
pub use draft::{Attachment, Draft};
pub use envelope::{BodyType, Client, Envelope, Protocol};
pub use fields::{AutoSubmitted, Fields, Importance, MessageId, NamedMailbox, Precedence};
pub use file_name::{FileName, file_name};
pub use media_type::MediaType;
pub use part_path::PartPath;
pub use stamp::Stamp;
pub use untrusted::Untrusted;
