//! One instance of the renderer: a process with pipes that takes one document, gives one PDF, and is killed.

use policy::FindingCode;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, getpriority_process, kill_process_group, setpriority_process},
};
use std::{
    io::{self, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Duration, Instant},
};

/// By how many steps an instance yields the processor.
const NICENESS: i32 = 5;
/// Octets read from a pipe at a time.
const READ_OCTETS: usize = 64 * 1024;

/// A running instance. Dropping it kills it and all that it started.
#[derive(Debug)]
pub(super) struct Instance {
    process: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    started: Instant,
}

impl Instance {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let mut process = command.spawn()?;
        let no_pipe = || io::Error::other("no pipe");
        let input = process.stdin.take().ok_or_else(no_pipe)?;
        let output = process.stdout.take().ok_or_else(no_pipe)?;
        rustix::io::ioctl_fionbio(&input, true)?;
        rustix::io::ioctl_fionbio(&output, true)?;
        let instance = Self { process, input: Some(input), output, started: Instant::now() };
        instance.yield_to_others();
        Ok(instance)
    }

    /// Makes the scheduler prefer others, as nice(1) does: text mail does not wait for drawings.
    fn yield_to_others(&self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let yielded =
            getpriority_process(None).and_then(|own| setpriority_process(pid, own.saturating_add(NICENESS)));
        if let Err(error) = yielded {
            tracing::debug!(%error, "priority of an instance of the renderer stays as it is");
        }
    }

    /// Whether it still waits and is not too old.
    pub(super) fn is_usable(&mut self, age_max: Duration) -> bool {
        matches!(self.process.try_wait(), Ok(None)) && self.started.elapsed() < age_max
    }

    /// Gives it the document and hears it out.
    pub(super) fn draw(
        mut self,
        extension: &str,
        document: &[u8],
        octets_max: usize,
        wall: Duration,
    ) -> Result<Vec<u8>, FindingCode> {
        let deadline = Instant::now().checked_add(wall).ok_or(FindingCode::RendererTimeOut)?;
        let request = [extension.as_bytes(), b"\n", document].concat();
        let mut unsent = request.as_slice();
        let mut pdf = Vec::new();
        let mut buffer = vec![0; READ_OCTETS];
        loop {
            let left = deadline.checked_duration_since(Instant::now()).ok_or(FindingCode::RendererTimeOut)?;
            self.wait(left)?;
            unsent = self.send(unsent);
            match self.output.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) if pdf.len().saturating_add(count) > octets_max => {
                    return Err(FindingCode::LimitRendered);
                }
                Ok(count) => pdf.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if is_transient(&error) => {}
                Err(_) => return Err(FindingCode::RendererFailed),
            }
        }
        if pdf.is_empty() { Err(FindingCode::RendererFailed) } else { Ok(pdf) }
    }

    /// Sends what the pipe takes; the pipe is closed behind the last octet, or when nobody reads it any more.
    fn send<'a>(&mut self, unsent: &'a [u8]) -> &'a [u8] {
        let Some(input) = &mut self.input else { return &[] };
        let sent = if unsent.is_empty() { Ok(0) } else { input.write(unsent) };
        match sent {
            Ok(count) => {
                let rest = unsent.get(count..).unwrap_or_default();
                if rest.is_empty() {
                    self.input = None;
                }
                rest
            }
            Err(error) if is_transient(&error) => unsent,
            Err(_) => {
                self.input = None;
                &[]
            }
        }
    }

    /// Waits until one of the pipes is ready or the time is over.
    fn wait(&self, left: Duration) -> Result<(), FindingCode> {
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut waiting = vec![PollFd::new(&self.output, PollFlags::IN)];
        if let Some(input) = &self.input {
            waiting.push(PollFd::new(input, PollFlags::OUT));
        }
        match poll(&mut waiting, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(_) => Err(FindingCode::RendererFailed),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // In the sandbox the first process takes all others with it; without one they are of its group.
        let group = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let killed = group.map(|group| kill_process_group(group, Signal::KILL));
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            tracing::error!(%error, ?killed, "an instance of the renderer cannot be ended");
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
