//! One conversation with one child: request in, announcements and one answer out, within a wall limit.

use crate::{
    frame::{self, Answer, HEAD_OCTETS, Kind},
    server::{Ending, ForkServer},
};
use mail::PartPath;
use policy::FindingCode;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        Pid, PidfdFlags, Signal, getpriority_process, pidfd_open, pidfd_send_signal, setpriority_process,
    },
};
use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::OwnedFd,
    sync::Arc,
    time::{Duration, Instant},
};

/// Octets read from a pipe at a time.
const READ_OCTETS: usize = 64 * 1024;
/// Octets of standard error that are kept.
const STDERR_OCTETS_MAX: usize = 4 * 1024;
/// Largest announcement.
const BEGIN_OCTETS_MAX: usize = 1024;
/// Most announcements of one child; more is an attack on the broker's patience.
const BEGINS_MAX: usize = 100_000;

/// What a child spent, as the kernel counted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Largest resident set of one child, in KiB.
    pub peak_rss_kib: u64,
    /// CPU time of all children, in milliseconds.
    pub cpu_ms: u64,
    /// Children used.
    pub children: u32,
}

impl Usage {
    /// Adds what another child spent.
    pub fn add(&mut self, other: Self) {
        self.peak_rss_kib = self.peak_rss_kib.max(other.peak_rss_kib);
        self.cpu_ms = self.cpu_ms.saturating_add(other.cpu_ms);
        self.children = self.children.saturating_add(other.children);
    }
}

/// How a child failed. Each is a verdict on the part that it had announced last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Over the wall or CPU limit.
    TimeOut,
    /// Memory limit.
    OutOfMemory,
    /// Signal, panic, forbidden system call.
    Crash,
    /// It said something that is no answer: malformed or oversized frame, trailing octets.
    Nonsense,
    /// It could not lock itself; nothing was read.
    NotLocked,
}

impl Death {
    /// The finding on the part.
    pub const fn code(self) -> FindingCode {
        match self {
            Self::TimeOut => FindingCode::TimeOut,
            Self::OutOfMemory => FindingCode::OutOfMemory,
            Self::Crash | Self::Nonsense | Self::NotLocked => FindingCode::Crash,
        }
    }
}

/// What became of one conversation.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The answer, or how the child failed.
    pub(crate) answer: Result<Answer, Death>,
    /// The part that was announced last.
    pub(crate) last_begun: Option<PartPath>,
    /// What it cost.
    pub(crate) usage: Usage,
    /// What it wrote on standard error, the beginning of it.
    pub(crate) errors: Vec<u8>,
}

/// A running child with its pipes. Dropping it kills the process and reaps it.
#[derive(Debug)]
pub(crate) struct Running {
    server: Arc<ForkServer>,
    pid: Pid,
    pidfd: OwnedFd,
    input: Option<PipeWriter>,
    output: PipeReader,
    errors: PipeReader,
    ending: Option<Ending>,
}

impl Running {
    /// Takes a freshly forked child of this server.
    pub(crate) fn new(
        server: Arc<ForkServer>,
        pid: Pid,
        input: PipeWriter,
        output: PipeReader,
        errors: PipeReader,
    ) -> io::Result<Self> {
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        rustix::io::ioctl_fionbio(&input, true)?;
        rustix::io::ioctl_fionbio(&output, true)?;
        rustix::io::ioctl_fionbio(&errors, true)?;
        Ok(Self { server, pid, pidfd, input: Some(input), output, errors, ending: None })
    }

    /// Makes the scheduler prefer others, as nice(1) does, by so many steps from where this process stands.
    pub(crate) fn yield_to_others(&self, steps: i32) {
        let yielded = getpriority_process(None)
            .and_then(|own| setpriority_process(Some(self.pid), own.saturating_add(steps)));
        if let Err(error) = yielded {
            tracing::debug!(%error, "priority of a jail child stays as it is");
        }
    }

    /// Sends the request, hears the child out, kills it. When `wall` is over, `more` may give it more time.
    pub(crate) fn exchange(
        mut self,
        request: &[u8],
        answer_octets_max: usize,
        wall: Duration,
        measured: bool,
        more: &mut dyn FnMut(&Self) -> Option<Duration>,
    ) -> Exchange {
        let mut hearing = Hearing::new(answer_octets_max);
        let heard = self.converse(request, &mut hearing, Instant::now().checked_add(wall), more);
        let mut usage = if measured { self.measure() } else { Usage::default() };
        usage.children = 1;
        let answer = match heard {
            Ok(()) => self.finish(hearing.answer.take()),
            Err(death) => Err(death),
        };
        let answer = answer.map_err(|death| self.bury(death, &mut hearing.errors));
        Exchange { answer, last_begun: hearing.last_begun.take(), usage, errors: hearing.errors }
    }

    fn converse(
        &mut self,
        request: &[u8],
        hearing: &mut Hearing,
        mut deadline: Option<Instant>,
        more: &mut dyn FnMut(&Self) -> Option<Duration>,
    ) -> Result<(), Death> {
        let mut unsent = request;
        let mut buffer = vec![0; READ_OCTETS];
        while hearing.answer.is_none() {
            let Some(left) = deadline.and_then(|d| d.checked_duration_since(Instant::now())) else {
                let given = more(self).ok_or(Death::TimeOut)?;
                deadline = Instant::now().checked_add(given);
                continue;
            };
            let (input, output, errors) = self.wait(!unsent.is_empty(), left)?;
            if input {
                unsent = self.send(unsent);
            }
            if errors {
                hearing.hear_errors(&mut self.errors, &mut buffer);
            }
            if output {
                match self.output.read(&mut buffer) {
                    Ok(0) => return Err(Death::Crash),
                    Ok(count) => hearing.hear(buffer.get(..count).unwrap_or_default())?,
                    Err(error) if is_transient(&error) => {}
                    Err(_) => return Err(Death::Crash),
                }
            }
        }
        Ok(())
    }

    /// Which pipes are ready: (input, output, errors).
    fn wait(&self, wants_input: bool, left: Duration) -> Result<(bool, bool, bool), Death> {
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut waiting =
            vec![PollFd::new(&self.output, PollFlags::IN), PollFd::new(&self.errors, PollFlags::IN)];
        if let (true, Some(input)) = (wants_input, &self.input) {
            waiting.push(PollFd::new(input, PollFlags::OUT));
        }
        match poll(&mut waiting, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(Death::Crash),
        }
        let ready = |index: usize| waiting.get(index).is_some_and(|pipe| !pipe.revents().is_empty());
        Ok((ready(2), ready(0), ready(1)))
    }

    /// Writes what fits. A child that closed its end is found dead by its output.
    fn send<'a>(&mut self, unsent: &'a [u8]) -> &'a [u8] {
        let Some(input) = &mut self.input else { return &[] };
        match input.write(unsent) {
            Ok(count) => unsent.get(count..).unwrap_or_default(),
            Err(error) if is_transient(&error) => unsent,
            Err(_) => &[],
        }
    }

    /// After the answer: the child may say nothing more.
    fn finish(&mut self, answer: Option<Answer>) -> Result<Answer, Death> {
        self.kill();
        let mut buffer = [0; 64];
        loop {
            match self.output.read(&mut buffer) {
                Ok(0) => return answer.ok_or(Death::Nonsense),
                Ok(_) => return Err(Death::Nonsense),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The pipe is still open for the instant until the killed process is gone.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_until_gone(),
                Err(_) => return Err(Death::Nonsense),
            }
        }
    }

    /// Tells the causes of death apart by exit status and standard error.
    fn bury(&mut self, death: Death, errors: &mut Vec<u8>) -> Death {
        if death != Death::Crash {
            return death;
        }
        let mut buffer = [0; STDERR_OCTETS_MAX];
        if let Ok(count) = self.errors.read(&mut buffer) {
            errors.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
        let ending = self.reap();
        let said = |needle: &[u8]| errors.windows(needle.len()).any(|window| window == needle);
        match ending {
            Ending::Exited(crate::child::EXIT_NOT_LOCKED) => Death::NotLocked,
            // RLIMIT_CPU with equal soft and hard limits kills outright.
            Ending::Signalled(libc::SIGXCPU | libc::SIGKILL) => Death::TimeOut,
            _ if said(b"memory allocation of") || said(b"capacity overflow") => Death::OutOfMemory,
            Ending::Exited(_) | Ending::Signalled(_) | Ending::Unknown => Death::Crash,
        }
    }

    /// Reads what the kernel counted while the child still waits at its pipe.
    fn measure(&self) -> Usage {
        let folder = format!("/proc/{}", self.pid.as_raw_pid());
        let status = std::fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let peak_rss_kib =
            peak.split_ascii_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default();
        let stat = std::fs::read_to_string(format!("{folder}/stat")).unwrap_or_default();
        // After the command name in parentheses: field 14 is user time, 15 system time, in 10 ms ticks.
        let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 =
            after.split_ascii_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        Usage { peak_rss_kib, cpu_ms: ticks.saturating_mul(10), children: 0 }
    }

    fn kill(&mut self) {
        drop(self.input.take());
        if let Err(error) = pidfd_send_signal(&self.pidfd, Signal::KILL) {
            tracing::debug!(%error, "jail child was gone already");
        }
    }

    /// Waits until the process is gone and has been taken leave of; how it ended.
    fn reap(&mut self) -> Ending {
        if let Some(ending) = self.ending {
            return ending;
        }
        self.wait_until_gone();
        let ending = self.server.reap(self.pid);
        self.ending = Some(ending);
        ending
    }

    fn wait_until_gone(&self) {
        let mut ended = [PollFd::new(&self.pidfd, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = poll(&mut ended, None) {}
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        if self.ending.is_none() {
            self.wait_until_gone();
            self.server.forget(self.pid);
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// What was heard so far, held against the limits as it arrives.
#[derive(Debug)]
struct Hearing {
    pending: Vec<u8>,
    wanted: Option<(Kind, usize)>,
    answer_octets_max: usize,
    begins: usize,
    last_begun: Option<PartPath>,
    answer: Option<Answer>,
    errors: Vec<u8>,
}

impl Hearing {
    fn new(answer_octets_max: usize) -> Self {
        Self {
            pending: Vec::new(),
            wanted: None,
            answer_octets_max,
            begins: 0,
            last_begun: None,
            answer: None,
            errors: Vec::new(),
        }
    }

    fn hear(&mut self, octets: &[u8]) -> Result<(), Death> {
        self.pending.extend_from_slice(octets);
        while self.take_frame()? {}
        Ok(())
    }

    /// Takes one whole frame off the front; `false` when more octets are needed.
    fn take_frame(&mut self) -> Result<bool, Death> {
        let answer_max = self.answer_octets_max;
        let (kind, length) = match self.wanted {
            Some(wanted) => wanted,
            None => {
                let Some((head, rest)) = self.pending.split_first_chunk::<HEAD_OCTETS>() else {
                    return Ok(false);
                };
                let length_max = |kind| match kind {
                    Kind::Answer => answer_max,
                    Kind::Begin => BEGIN_OCTETS_MAX,
                    Kind::Ready | Kind::Request => 0,
                };
                let wanted = frame::decode_head(*head, length_max).or(Err(Death::Nonsense))?;
                self.pending = rest.to_vec();
                self.wanted = Some(wanted);
                wanted
            }
        };
        let Some((payload, rest)) = self.pending.split_at_checked(length) else { return Ok(false) };
        if kind == Kind::Answer && !rest.is_empty() {
            return Err(Death::Nonsense);
        }
        match kind {
            Kind::Ready => {}
            Kind::Request => return Err(Death::Nonsense),
            Kind::Begin => {
                let path: PartPath = frame::decode_payload(payload).or(Err(Death::Nonsense))?;
                self.begins = self.begins.saturating_add(1);
                if !path.is_sound() || self.begins > BEGINS_MAX {
                    return Err(Death::Nonsense);
                }
                self.last_begun = Some(path);
            }
            Kind::Answer => self.answer = Some(frame::decode_payload(payload).or(Err(Death::Nonsense))?),
        }
        self.pending = rest.to_vec();
        self.wanted = None;
        Ok(!self.pending.is_empty())
    }

    fn hear_errors(&mut self, errors: &mut PipeReader, buffer: &mut [u8]) {
        if let Ok(count) = errors.read(buffer) {
            let room = STDERR_OCTETS_MAX.saturating_sub(self.errors.len());
            self.errors.extend(buffer.iter().take(count.min(room)));
        }
    }
}
