//! The sandboxed single-use child that meets hostile octets, and the broker that feeds it.
//!
//! The broker keeps a pool of locked children, forked ahead of need from its own executable run again with an empty
//! environment, each with three pipes. A child is locked before it reads the first octet, does one job and is killed.
//! What comes back is a bounded frame; silence, death, overrun and trailing octets are verdicts.
//!
//! *Security.* The broker believes nothing that a child says: lengths are checked before allocating, digests are
//! made anew, counts are held against the limits, and whatever the child wrote is read again by the verifier.

mod child;
mod exchange;
mod fonts;
mod fork_server;
pub mod frame;
mod lane;
mod lock;
mod pool;
mod renderer;
mod sanitise;
mod server;

pub use child::{enter, is_child, serve};
pub use exchange::{Death, Usage};
pub use fonts::{FontFile, find_fonts, missing_fonts};
pub use lane::Sender;
pub use lock::{SandboxLevel, sandbox_level};
pub use pool::{JailError, Pace, Pool, PoolSettings, Provoked, QUICK_WALL, Turn};
pub use renderer::{Renderer, RendererSettings};
pub use sanitise::Sanitised;
pub use sanitiser::{Job, Letter, Supplements};
