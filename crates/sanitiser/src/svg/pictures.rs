//! Pictures inside a drawing: those that it carries are decoded and written anew by our own road before the drawer
//! sees them; those that lie elsewhere are not there.

use crate::{
    picture,
    raster::{self, Fidelity},
};
use policy::{Budget, FindingCode, Findings, Policy};
use resvg::usvg::{ImageHrefResolver, ImageKind};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The road of the pictures.
pub(super) struct Pictures<'p> {
    policy: &'p Policy,
    /// Behind a lock because the drawer asks through a shared reference; there is no second thread.
    state: Mutex<State<'p>>,
}

struct State<'p> {
    budget: &'p mut Budget,
    findings: &'p mut Findings,
    /// Those that were written anew already, by the SHA-256 of what they came as.
    made: HashMap<[u8; 32], ImageKind>,
    /// The limit of the whole document that a picture met.
    met: Option<FindingCode>,
}

impl<'p> Pictures<'p> {
    pub(super) fn new(policy: &'p Policy, budget: &'p mut Budget, findings: &'p mut Findings) -> Self {
        Self { policy, state: Mutex::new(State { budget, findings, made: HashMap::new(), met: None }) }
    }

    pub(super) fn resolver(&self) -> ImageHrefResolver<'_> {
        ImageHrefResolver {
            resolve_data: Box::new(|_, octets, _| self.rebuilt(&octets)),
            resolve_string: Box::new(|_, _| None),
        }
    }

    /// Whether a picture met a limit of the whole document.
    pub(super) fn finish(self) -> Result<(), FindingCode> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.met.map_or(Ok(()), Err)
    }

    fn rebuilt(&self, octets: &[u8]) -> Option<ImageKind> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { budget, findings, made, met } = &mut *state;
        if met.is_some() {
            return None;
        }
        let digest = Sha256::digest(octets).into();
        if let Some(kind) = made.get(&digest) {
            return Some(kind.clone());
        }
        let mut own = Findings::new();
        let kind = match raster::rebuild(octets, self.policy, budget, &mut own, Fidelity::Full) {
            Ok(made) if made.extension == "png" => ImageKind::PNG(Arc::new(made.octets)),
            Ok(made) if made.extension == "jpg" => ImageKind::JPEG(Arc::new(made.octets)),
            Err(code) if picture::is_of_the_document(code) => {
                *met = Some(code);
                return None;
            }
            Ok(_) | Err(_) => {
                findings.add(FindingCode::PictureDropped);
                return None;
            }
        };
        picture::tell(&own, findings);
        made.insert(digest, kind.clone());
        Some(kind)
    }
}
