//! The pool of pre-spawned, locked, single-use children, in three lanes.
//!
//! A small message first runs in the quick lane, a moment that any text mail finds long. What needs longer goes on in
//! the light lane if there is a place, else it waits for one; what needs longer still moves to the heavy lane, whose
//! children are few. Each lane yields the processor to the one before it: text mails never wait behind heavy ones.

use crate::{
    child::CHILD_ARGUMENT,
    exchange::{Death, Exchange, Running},
    fonts::FontFile,
    lane::{Lane, Sender},
    renderer::Renderer,
    server::ForkServer,
};
use policy::Limits;
use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How a pool works.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The executable that becomes a child when run with the child's arguments: normally our own.
    pub program: PathBuf,
    /// Arguments after the child's own; a child ignores what it does not know.
    pub extra_arguments: Vec<String>,
    /// Limits of every child.
    pub limits: Limits,
    /// Fallback fonts.
    pub fonts: Vec<FontFile>,
    /// The optional renderer.
    pub renderer: Option<Renderer>,
    /// Children that wait, locked, for work.
    pub spare: usize,
    /// Busy children in the light lane, and as many in the quick one.
    pub light: usize,
    /// Busy children in the heavy lane.
    pub heavy: usize,
    /// Wall time of a child in the light lane before its job moves to the heavy lane.
    pub light_wall: Duration,
}

impl PoolSettings {
    /// Settings for this machine: one heavy child less than there are cores, at least one.
    pub fn standard(limits: Limits) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            program: std::env::current_exe()?,
            extra_arguments: Vec::new(),
            limits,
            fonts: crate::find_fonts(),
            renderer: None,
            spare: cores.saturating_mul(2),
            light: cores.saturating_mul(2),
            heavy: cores.saturating_sub(1).max(1),
            light_wall: Duration::from_secs(1),
        })
    }
}

/// How long a job may take before it has to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// [`QUICK_WALL`], then as light: for small messages.
    Quick,
    /// `light_wall`, then as heavy.
    Light,
    /// As long as a child may take at all.
    Heavy,
}

impl Pace {
    /// How a job goes on for which this was too little time.
    pub(crate) const fn next(self) -> Option<Self> {
        match self {
            Self::Quick => Some(Self::Light),
            Self::Light => Some(Self::Heavy),
            Self::Heavy => None,
        }
    }

    /// By how many steps its children yield the processor, as in nice(1).
    const fn niceness(self) -> i32 {
        match self {
            Self::Quick => 0,
            Self::Light => 5,
            Self::Heavy => 10,
        }
    }
}

/// Wall time in the quick lane: many times what a text mail takes.
pub const QUICK_WALL: Duration = Duration::from_millis(150);

/// Which lane a job takes, and on whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Where it starts.
    pub pace: Pace,
    /// Whose job it is.
    pub sender: Sender,
}

impl Turn {
    /// A job that is probably quick.
    pub const fn quick(sender: Sender) -> Self {
        Self { pace: Pace::Quick, sender }
    }

    /// A job that probably does not take long.
    pub const fn light(sender: Sender) -> Self {
        Self { pace: Pace::Light, sender }
    }

    /// A job that may take long.
    pub const fn heavy(sender: Sender) -> Self {
        Self { pace: Pace::Heavy, sender }
    }
}

/// Whether a request goes on with work that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    No,
    Yes,
}

/// How a provoked child died.
#[derive(Clone, Debug)]
pub struct Provoked {
    /// The cause.
    pub death: Death,
    /// What it wrote on standard error.
    pub errors: String,
}

/// The broker cannot provide a child at all: an operator must look.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// No process can be started.
    #[error("no jail child can be started")]
    Spawn(#[source] io::Error),
    /// Children start but cannot lock themselves on this kernel.
    #[error("jail children cannot lock themselves on this system")]
    NotLocked,
    /// Too many jobs of this sender, or of all, wait for a child in this lane: try again later.
    #[error("the lane is full")]
    Busy(Pace),
    /// The request is too large for a frame.
    #[error("request cannot be framed")]
    Request,
}

/// Jobs that may wait for a quick or a light child; more are given back to the queue.
const LIGHT_WAITING_MAX: usize = 1024;
/// Jobs that may wait for a heavy child, likewise.
const HEAVY_WAITING_MAX: usize = 64;

/// The pool. Cheap to clone; all clones share the children.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: PoolSettings,
    server: Mutex<Option<Arc<ForkServer>>>,
    quick: Lane,
    light: Lane,
    heavy: Lane,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spare: VecDeque<Running>,
    /// Children that the spawner is to provide.
    wanted: usize,
    closed: bool,
}

impl Pool {
    /// Starts the pool and proves that one child locks itself and answers.
    pub fn start(settings: PoolSettings) -> Result<Self, JailError> {
        let pool = Self::unproven(settings)?;
        pool.prove_lock()?;
        Ok(pool)
    }

    /// Starts the pool without proof: for tests of children that misbehave. Whatever its children do, nothing that
    /// they say crosses without the verifier.
    pub fn unproven(settings: PoolSettings) -> Result<Self, JailError> {
        let wanted = settings.spare;
        let state = Mutex::new(State { wanted, ..State::default() });
        let quick = Lane::new(settings.light, LIGHT_WAITING_MAX);
        let light = Lane::new(settings.light, LIGHT_WAITING_MAX);
        let heavy = Lane::new(settings.heavy, HEAVY_WAITING_MAX);
        let (server, changed) = (Mutex::new(None), Condvar::new());
        let shared = Shared { settings, server, quick, light, heavy, state, changed };
        let pool = Self { shared: Arc::new(shared) };
        let shared = Arc::downgrade(&pool.shared);
        std::thread::Builder::new()
            .name("jail-spawner".to_owned())
            .spawn(move || {
                while let Some(shared) = shared.upgrade() {
                    if !shared.provide_one() {
                        break;
                    }
                }
            })
            .map_err(JailError::Spawn)?;
        Ok(pool)
    }

    /// The limits of every child.
    pub fn limits(&self) -> &Limits {
        &self.shared.settings.limits
    }

    pub(crate) fn renderer(&self) -> Option<&Renderer> {
        self.shared.settings.renderer.as_ref()
    }

    /// Runs one framed request in one child; the pace at which it ended. Blocks while the lane is busy; refused when too
    /// many wait, unless it goes on with work that was begun.
    pub(crate) fn run(
        &self,
        request: &[u8],
        turn: Turn,
        begun: Begun,
        answer_octets_max: usize,
    ) -> Result<(Exchange, Pace), JailError> {
        let Turn { mut pace, sender } = turn;
        let (shared, settings) = (&self.shared, &self.shared.settings);
        let (lane, wall) = match pace {
            Pace::Quick => (&shared.quick, QUICK_WALL),
            Pace::Light => (&shared.light, settings.light_wall),
            Pace::Heavy => (&shared.heavy, Duration::from_secs(settings.limits.child_wall_s)),
        };
        let mut place = match begun {
            Begun::No => lane.enter(sender).or(Err(JailError::Busy(pace)))?,
            Begun::Yes => lane.go_on(sender),
        };
        let child = shared.take_child().map_err(JailError::Spawn)?;
        if pace != Pace::Quick {
            child.yield_to_others(pace.niceness());
        }
        // A child that is no longer quick keeps what it has done if there is room in the light lane.
        let exchange = child.exchange(request, answer_octets_max, wall, pace != Pace::Quick, &mut |child| {
            if pace != Pace::Quick {
                return None;
            }
            place = shared.light.enter_free(sender)?;
            pace = Pace::Light;
            child.yield_to_others(pace.niceness());
            Some(settings.light_wall)
        });
        drop(place);
        // A child that had to make room taught nobody anything.
        if exchange.answer.as_ref().is_err_and(|&death| death != Death::TimeOut || pace == Pace::Heavy) {
            shared.end_generation();
        }
        Ok((exchange, pace))
    }

    /// Gives one child an empty request and tells how it died: for tests of children that misbehave.
    pub fn provoke(&self, turn: Turn) -> Result<Provoked, JailError> {
        let request = crate::frame::Request::Decode {
            parts: Vec::new(),
            limits: verifier::DecodeLimits::of(self.limits()),
        };
        let frame =
            crate::frame::encode(crate::frame::Kind::Request, &request).or(Err(JailError::Request))?;
        let (exchange, _) = self.run(&frame, turn, Begun::No, 1024)?;
        let errors = String::from_utf8_lossy(&exchange.errors).into_owned();
        exchange.answer.err().map(|death| Provoked { death, errors }).ok_or(JailError::Request)
    }

    fn prove_lock(&self) -> Result<(), JailError> {
        let request = crate::frame::Request::Decode {
            parts: Vec::new(),
            limits: verifier::DecodeLimits::of(self.limits()),
        };
        let frame =
            crate::frame::encode(crate::frame::Kind::Request, &request).or(Err(JailError::Request))?;
        let child = self.shared.spawn().map_err(JailError::Spawn)?;
        match child.exchange(&frame, 1024, Duration::from_secs(20), false, &mut |_| None).answer {
            Ok(crate::frame::Answer::Decoded(objections)) if objections.is_empty() => Ok(()),
            Ok(_) | Err(_) => Err(JailError::NotLocked),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A child of the present generation.
    fn spawn(&self) -> io::Result<Running> {
        let server = self.server()?;
        server.fork().inspect_err(|_| self.end_generation())
    }

    /// The fork server of the present generation, or the first of the next.
    fn server(&self) -> io::Result<Arc<ForkServer>> {
        let mut slot = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = slot.as_ref().filter(|server| server.may_fork()) {
            return Ok(Arc::clone(server));
        }
        let settings = &self.settings;
        let mut command = Command::new(&settings.program);
        command
            .arg(CHILD_ARGUMENT)
            .arg(settings.limits.child_address_space_octets.to_string())
            .arg(settings.limits.child_cpu_s.to_string())
            .arg(request_octets_max(&settings.limits).to_string())
            .args(settings.fonts.iter().filter_map(FontFile::to_argument))
            .args(&settings.extra_arguments)
            .env_clear()
            .current_dir("/");
        Ok(Arc::clone(slot.insert(ForkServer::start(command)?)))
    }

    /// After a death that was perhaps an attempt: whatever it taught of the address space is worth nothing.
    fn end_generation(&self) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let spare = {
            let mut state = self.state();
            state.wanted = state.wanted.saturating_add(state.spare.len());
            std::mem::take(&mut state.spare)
        };
        drop(spare);
        self.changed.notify_all();
    }

    /// A spare child, or a fresh one when there is none.
    fn take_child(&self) -> io::Result<Running> {
        let spare = {
            let mut state = self.state();
            let spare = state.spare.pop_front();
            if spare.is_some() {
                state.wanted = state.wanted.saturating_add(1);
            }
            spare
        };
        self.changed.notify_all();
        spare.map_or_else(|| self.spawn(), Ok)
    }

    /// Waits until a child is wanted and provides it; `false` when the pool is closed.
    fn provide_one(&self) -> bool {
        {
            let mut state = self.state();
            if state.closed {
                return false;
            }
            if state.wanted == 0 {
                let waited = self.changed.wait_timeout(state, Duration::from_millis(500));
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if state.wanted == 0 {
                    return !state.closed;
                }
            }
            state.wanted = state.wanted.saturating_sub(1);
        }
        match self.spawn() {
            Ok(child) => self.state().spare.push_back(child),
            Err(error) => {
                tracing::error!(%error, "no jail child can be started");
                let mut state = self.state();
                state.wanted = state.wanted.saturating_add(1);
                drop(state);
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        true
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).closed = true;
    }
}

/// Largest request frame: the message and room for what travels with it.
pub(crate) fn request_octets_max(limits: &Limits) -> u64 {
    limits
        .message_octets
        .max(limits.output_octets)
        .saturating_mul(2)
        .saturating_add(limits.rendered_octets)
        .saturating_add(16 * 1024 * 1024)
}
