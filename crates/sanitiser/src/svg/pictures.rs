//! Pictures inside a drawing: those that it carries are decoded and written anew by our own road before the drawer
//! sees them; those that lie elsewhere are not there.

use crate::{
    picture,
    raster::{self, Fidelity},
};
use policy::{Budget, FindingCode, Findings, Policy};
use resvg::usvg::{ImageHrefResolver, ImageKind};
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
    /// The limit of the whole document that a picture met.
    met: Option<FindingCode>,
}

impl<'p> Pictures<'p> {
    pub(super) fn new(policy: &'p Policy, budget: &'p mut Budget, findings: &'p mut Findings) -> Self {
        Self { policy, state: Mutex::new(State { budget, findings, met: None }) }
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
        let State { budget, findings, met } = &mut *state;
        if met.is_some() {
            return None;
        }
        let mut own = Findings::new();
        match raster::rebuild(octets, self.policy, budget, &mut own, Fidelity::Full) {
            Ok(made) if made.extension == "png" => return Some(ImageKind::PNG(Arc::new(made.octets))),
            Ok(made) if made.extension == "jpg" => return Some(ImageKind::JPEG(Arc::new(made.octets))),
            Err(code) if picture::is_of_the_document(code) => *met = Some(code),
            Ok(_) | Err(_) => findings.add(FindingCode::PictureDropped),
        }
        None
    }
}
