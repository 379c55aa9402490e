//! Untrusted octets in, a newly written draft and a report out. One module per format family.
//!
//! *Security.* Everything here meets hostile octets and therefore runs only in a jail child: it may panic, run out
//! of memory or loop without harm to anybody else. It has no network, files, clock, threads or randomness.
//! Sanitising is a function of (job, policy, supplements, fonts).

pub mod archive;
pub mod calendar;
pub mod cms;
mod compound;
pub mod content_line;
pub mod delimited;
pub mod detect;
mod drawing;
mod file;
pub mod file_text;
pub mod html;
pub mod html_file;
pub mod json;
pub mod legacy_lock;
mod mapi;
pub mod markup;
mod message;
pub mod metafile;
pub mod mime;
mod office_lock;
pub mod ooxml;
pub mod opendocument;
pub mod other_image;
pub mod outlook;
pub mod package;
mod part;
pub mod password_words;
pub mod pdf;
mod picture;
pub mod plain_file;
mod qr;
pub mod raster;
pub mod render;
pub mod report;
pub mod rtf;
pub mod similarity;
pub mod svg;
pub mod taro;
pub mod text;
pub mod tnef;
pub mod vcard;
pub mod word;
pub mod xml;
pub mod zip_writer;

pub use part::{FontFace, Rewritten, Surroundings};
pub use password_words::Letter;
pub use render::{DocumentForm, Rendered, ToRender};

use mail::{Draft, PartPath};
use policy::{FindingCode, Policy, Report};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is to be sanitised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// A message (RFC 5322) as it was received.
    Message(mail::Untrusted),
    /// A single file.
    File {
        /// Its name as it came; may be empty.
        name: String,
        /// Its octets.
        octets: mail::Untrusted,
    },
}

/// What was learnt or given since the first attempt.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplements {
    /// Parts on which an earlier child died, with the reason: they are not opened again.
    pub failed: Vec<(PartPath, FindingCode)>,
    /// Passwords that a person gave: tried on locked parts first of all.
    pub passwords: Vec<String>,
    /// Neighbouring mails whose words are tried on locked parts after those of the mail itself.
    pub letters: Vec<Letter>,
    /// Passwords that were agreed with the sender: tried last.
    pub agreed: Vec<String>,
    /// Whether there is a renderer that can be asked.
    pub can_render: bool,
    /// What the renderer made of the parts for which it was asked.
    pub rendered: Vec<Rendered>,
    /// Whether the output was too large: draw at lower resolution and quality.
    pub reduce_output: bool,
}

/// Passwords stand in no log.
impl fmt::Debug for Supplements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supplements")
            .field("failed", &self.failed)
            .field("passwords", &self.passwords.len())
            .field("letters", &self.letters.len())
            .field("agreed", &self.agreed.len())
            .field("can_render", &self.can_render)
            .field("rendered", &self.rendered.len())
            .field("reduce_output", &self.reduce_output)
            .finish()
    }
}

/// What the child needs from outside before it can finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Need {
    /// The part is locked.
    Password(PartPath),
    /// The part needs the optional renderer.
    Render(ToRender),
}

/// Most needs of one run.
pub const NEEDS_MAX: usize = 1_000;

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Finished.
    Done(Box<Draft>, Box<Report>),
    /// To be run again in a fresh child with supplements.
    Needs(#[serde(deserialize_with = "mail::at_most::<_, _, NEEDS_MAX>")] Vec<Need>),
}

/// Sanitises one job.
pub fn sanitise(
    job: &Job,
    policy: &Policy,
    supplements: &Supplements,
    surroundings: &mut dyn Surroundings,
) -> Outcome {
    match job {
        Job::Message(octets) => message::sanitise(octets.octets(), policy, supplements, surroundings),
        Job::File { name, octets } => {
            file::sanitise(name, octets.octets(), policy, supplements, surroundings)
        }
    }
}
