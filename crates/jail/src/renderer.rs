//! The client of the optional renderer: a document goes into a sandboxed LibreOffice that was started ahead of need,
//! and a PDF comes back, once.
//!
//! LibreOffice is never inside a jail child, and a child never speaks to it: the broker carries the octets. Each
//! instance converts one document and is killed with all that it started; the next is started in its place.
//!
//! *Security.* Nothing that an instance does is believed or parsed here. It is heard for a limited time and a limited
//! number of octets; what it sends goes back into a jail child as a file from outside. A crash, a hang and silence
//! are verdicts on the one document. What it can do meanwhile is the sandbox's matter; see [`sandbox`].

mod calls;
mod instance;
mod profile;
mod sandbox;

use crate::{
    lane::{Lane, Sender},
    pool::{JailError, Pace},
};
use instance::Instance;
use mail::Untrusted;
use policy::{FindingCode, Limits};
use sanitiser::{Rendered, ToRender};
use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How a renderer works.
#[derive(Clone, Debug)]
pub struct RendererSettings {
    /// `soffice`.
    pub program: PathBuf,
    /// `bwrap`; `None` only where the configuration says aloud that documents are drawn without a sandbox.
    pub bubblewrap: Option<PathBuf>,
    /// User and group of instances when we are root.
    pub uid: u32,
    /// Documents drawn at a time.
    pub places: usize,
    /// Instances that wait for a document.
    pub spare: usize,
    /// CPU time for one document, in seconds.
    pub cpu_s: u64,
    /// Wall time for one document.
    pub wall: Duration,
    /// Address space of a process of an instance, in octets.
    pub address_space_octets: u64,
}

impl RendererSettings {
    /// What is missing on this machine, with the packages that bring it.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.program.exists() {
            missing.push(format!("no {}; install {PACKAGES}", self.program.display()));
        }
        if let Some(bubblewrap) = self.bubblewrap.as_ref().filter(|bubblewrap| !bubblewrap.exists()) {
            missing.push(format!("no {}; install bubblewrap", bubblewrap.display()));
        }
        missing
    }
}

/// Packages of Debian and Ubuntu that bring LibreOffice without a desktop.
const PACKAGES: &str =
    "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui libreoffice-draw-nogui";

/// Documents that may wait for a place; the messages of more are given back to the queue.
const WAITING_MAX: usize = 64;
/// Wall time for the documents of one message together.
const MESSAGE_WALL: Duration = Duration::from_secs(300);
/// Age at which an instance that nobody needed is replaced.
const AGE_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a document waits for an instance to be started.
const START_WALL: Duration = Duration::from_secs(30);

/// The renderer. Cheap to clone; all clones share the instances.
#[derive(Clone, Debug)]
pub struct Renderer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: RendererSettings,
    lane: Lane,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Instance>,
    /// Documents that wait for an instance.
    takers: usize,
}

impl Renderer {
    /// Starts the first instances. An error means that none can be started at all.
    pub fn start(settings: RendererSettings) -> io::Result<Self> {
        drop(sandbox::command(&settings)?);
        let lane = Lane::new(settings.places, WAITING_MAX);
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { settings, lane, state, changed });
        let weak = Arc::downgrade(&shared);
        // Instances die with the thread that started them, so one thread starts them all.
        std::thread::Builder::new().name("renderer-spawner".to_owned()).spawn(move || {
            while let Some(shared) = weak.upgrade() {
                shared.provide_one();
            }
        })?;
        Ok(Self { shared })
    }

    /// Draws the documents of one message, one after the other. `Err` only when too many wait already.
    pub(crate) fn draw_all(
        &self,
        documents: Vec<ToRender>,
        limits: &Limits,
        sender: Sender,
    ) -> Result<Vec<Rendered>, JailError> {
        let mut place = Some(self.shared.lane.enter(sender).or(Err(JailError::Busy(Pace::Heavy)))?);
        let started = Instant::now();
        let mut octets_left = limits.rendered_octets;
        let mut rendered = Vec::new();
        for ToRender { path, form, octets } in documents {
            let pdf = if started.elapsed() > MESSAGE_WALL {
                Err(FindingCode::RendererTimeOut)
            } else {
                let _place = place.take().unwrap_or_else(|| self.shared.lane.go_on(sender));
                self.draw(form.extension(), &octets, octets_left)
            };
            if let Ok(pdf) = &pdf {
                octets_left = octets_left.saturating_sub(u64::try_from(pdf.len()).unwrap_or(u64::MAX));
            }
            if let Err(code) = &pdf {
                tracing::warn!(code = code.name(), part = %path, "a document was not drawn");
            }
            rendered.push(Rendered { path, pdf });
        }
        Ok(rendered)
    }

    /// Draws a line of text to prove that it can.
    pub fn prove(&self) -> Result<(), FindingCode> {
        let line = Untrusted::new(b"{\\rtf1\\ansi Sekisho}".to_vec());
        let pdf = self.draw("rtf", &line, 1024 * 1024)?;
        if pdf.octets().starts_with(b"%PDF-") { Ok(()) } else { Err(FindingCode::RendererFailed) }
    }

    /// Draws one document in an instance of its own.
    pub fn draw(
        &self,
        extension: &str,
        document: &Untrusted,
        octets_max: u64,
    ) -> Result<Untrusted, FindingCode> {
        let instance = self.shared.take().ok_or(FindingCode::RendererFailed)?;
        let octets_max = usize::try_from(octets_max).unwrap_or(usize::MAX);
        instance.draw(extension, document.octets(), octets_max, self.shared.settings.wall).map(Untrusted::new)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance that is ready or starting.
    fn take(&self) -> Option<Instance> {
        let deadline = Instant::now().checked_add(START_WALL)?;
        let mut state = self.state();
        state.takers = state.takers.saturating_add(1);
        let taken = loop {
            let ready = state.ready.pop_front();
            self.changed.notify_all();
            if ready.is_some() {
                break ready;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { break None };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.takers = state.takers.saturating_sub(1);
        taken
    }

    /// Starts an instance if one is wanted, or waits a moment for that.
    fn provide_one(&self) {
        let mut state = self.state();
        state.ready.retain_mut(|instance| instance.is_usable(AGE_MAX));
        if state.ready.len() >= self.settings.spare.saturating_add(state.takers) {
            drop(self.changed.wait_timeout(state, Duration::from_millis(500)));
            return;
        }
        drop(state);
        match sandbox::command(&self.settings).and_then(Instance::start) {
            Ok(instance) => {
                self.state().ready.push_back(instance);
                self.changed.notify_all();
            }
            Err(error) => {
                tracing::error!(%error, "no instance of the renderer can be started");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}
