//! The broker's end of a fork server.

use crate::{
    exchange::Running,
    fork_server::{EXITED, FORGET, FORK, PACKET_OCTETS, REAP, SIGNALLED, packet, unpack},
};
use rustix::{
    net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
        SocketType, recv, send, sendmsg, socketpair,
        sockopt::{Timeout, set_socket_timeout},
    },
    process::Pid,
};
use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Children of one server; then a new one takes over, with another layout of its address space.
pub(crate) const FORKS_MAX: u32 = 256;
/// How long the server may take to answer: it does nothing that waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// Nobody can say.
    Unknown,
}

/// A running fork server. Ends when dropped; each of its children holds it.
#[derive(Debug)]
pub(crate) struct ForkServer {
    process: Child,
    socket: Mutex<OwnedFd>,
    forks: AtomicU32,
}

impl ForkServer {
    /// Runs the program as a fork server.
    pub(crate) fn start(mut command: Command) -> io::Result<Arc<Self>> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        set_socket_timeout(&ours, Timeout::Recv, Some(PATIENCE))?;
        let process = command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Arc::new(Self { process, socket: Mutex::new(ours), forks: AtomicU32::new(0) }))
    }

    /// Whether its generation may grow.
    pub(crate) fn may_fork(&self) -> bool {
        self.forks.load(Ordering::Relaxed) < FORKS_MAX
    }

    /// Forks one child.
    pub(crate) fn fork(self: &Arc<Self>) -> io::Result<Running> {
        self.forks.fetch_add(1, Ordering::Relaxed);
        let (its_input, input) = io::pipe()?;
        let (output, its_output) = io::pipe()?;
        let (errors, its_errors) = io::pipe()?;
        let pipes = [its_input.as_fd(), its_output.as_fd(), its_errors.as_fd()];
        match self.order(packet(FORK, 0), &pipes)? {
            (FORK, child) => {
                let child = Pid::from_raw(child).ok_or_else(|| io::Error::other("no process id"))?;
                Running::new(Arc::clone(self), child, input, output, errors)
            }
            _ => Err(io::Error::other("the fork server did not fork")),
        }
    }

    /// Takes leave of a child that has ended.
    pub(crate) fn reap(&self, child: Pid) -> Ending {
        match self.order(packet(REAP, child.as_raw_pid()), &[]) {
            Ok((EXITED, code)) => Ending::Exited(code),
            Ok((SIGNALLED, signal)) => Ending::Signalled(signal),
            Ok(_) | Err(_) => Ending::Unknown,
        }
    }

    /// The same, where nobody asks how it ended.
    pub(crate) fn forget(&self, child: Pid) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = send(&*socket, &packet(FORGET, child.as_raw_pid()), SendFlags::NOSIGNAL) {
            tracing::debug!(%error, "the fork server is gone, and its children with it");
        }
    }

    fn order(&self, order: [u8; PACKET_OCTETS], pipes: &[BorrowedFd<'_>]) -> io::Result<(u8, i32)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !pipes.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(pipes)) {
            return Err(io::Error::other("too many descriptors"));
        }
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        sendmsg(&*socket, &[IoSlice::new(&order)], &mut ancillary, SendFlags::NOSIGNAL)?;
        let mut answer = [0; PACKET_OCTETS];
        match recv(&*socket, &mut answer, RecvFlags::empty())? {
            (_, PACKET_OCTETS) => Ok(unpack(answer)),
            _ => Err(io::Error::other("the fork server is gone")),
        }
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            tracing::error!(%error, "a fork server cannot be ended");
        }
    }
}
