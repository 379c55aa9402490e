//! The fork server: the executable run once, from which a generation of children is forked.
//!
//! Starting the executable costs several times what a short mail costs (loading, relocation, page faults), so it is
//! done once for many children. The server itself never reads an octet of anybody's mail: it takes three kinds of
//! order from the broker over its standard input, a `SOCK_SEQPACKET` socket. "Fork" comes with the three pipes of
//! the new child and is answered with its process id; "reap" is answered with how the child ended, "forget" with
//! nothing.
//!
//! *Security.* Each child is still used once, locked before it reads, and knows nothing of other mail. What children
//! of one server share is the layout of their address space. A layout that was probed is worth nothing: the broker
//! ends a generation after [`crate::server::FORKS_MAX`] children, and at once when a child dies.

use rustix::{
    io::Errno,
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send},
    process::{Pid, WaitOptions, getpid, waitpid},
};
use std::{
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::fd::OwnedFd,
};

/// First octet of the order to fork; three descriptors come with it.
pub(crate) const FORK: u8 = b'F';
/// First octet of the order to reap; the process id follows.
pub(crate) const REAP: u8 = b'R';
/// First octet of the order to reap without an answer.
pub(crate) const FORGET: u8 = b'L';
/// Octets of an order, and of an answer.
pub(crate) const PACKET_OCTETS: usize = 5;

/// What a packet says: its first octet and a number, least significant octet first.
pub(crate) fn packet(head: u8, number: i32) -> [u8; PACKET_OCTETS] {
    let [a, b, c, d] = number.to_le_bytes();
    [head, a, b, c, d]
}

/// Reads what [`packet`] wrote.
pub(crate) fn unpack(packet: [u8; PACKET_OCTETS]) -> (u8, i32) {
    let [head, number @ ..] = packet;
    (head, i32::from_le_bytes(number))
}

/// How a child ended, as it stands in the answer to "reap": the head is one of these.
pub(crate) const EXITED: u8 = b'E';
/// Ended by a signal.
pub(crate) const SIGNALLED: u8 = b'S';
/// The child was not there.
pub(crate) const UNKNOWN: u8 = b'U';

/// A second thread could hold a lock at the moment of a fork, and would not be locked with the others.
pub(crate) fn require_one_thread() -> io::Result<()> {
    if std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() > 1) {
        return Err(io::Error::other("a fork server has one thread"));
    }
    Ok(())
}

/// Serves until the broker closes the socket, which ends the process. Returns in each forked child alone, with its
/// pipes as standard streams, and the process id of its parent.
pub(crate) fn serve() -> io::Result<Pid> {
    let server = getpid();
    loop {
        let Some((order, pipes)) = receive()? else { std::process::exit(0) };
        let answer = match unpack(order) {
            (FORK, _) => match fork::fork() {
                Ok(fork::Fork::Child) => {
                    take_pipes(pipes)?;
                    return Ok(server);
                }
                Ok(fork::Fork::Parent(child)) => packet(FORK, child),
                // The children that are there must not die of it.
                Err(_) => packet(UNKNOWN, 0),
            },
            (REAP, child) => reap(child),
            (FORGET, child) => {
                reap(child);
                continue;
            }
            _ => return Err(io::Error::other("unknown order")),
        };
        send(rustix::stdio::stdin(), &answer, SendFlags::NOSIGNAL)?;
    }
}

/// The next order and the descriptors that came with it; `None` when the broker is gone.
fn receive() -> io::Result<Option<([u8; PACKET_OCTETS], Vec<OwnedFd>)>> {
    let mut order = [0; PACKET_OCTETS];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let into = &mut [IoSliceMut::new(&mut order)];
        match recvmsg(rustix::stdio::stdin(), into, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            other => break other?,
        }
    };
    let mut pipes = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            pipes.extend(descriptors);
        }
    }
    match received.bytes {
        0 => Ok(None),
        PACKET_OCTETS => Ok(Some((order, pipes))),
        _ => Err(io::Error::other("an order of the wrong size")),
    }
}

/// Makes the pipes the standard streams; with that the server's socket is closed in the child.
fn take_pipes(pipes: Vec<OwnedFd>) -> io::Result<()> {
    let Ok([input, output, errors]) = <[OwnedFd; 3]>::try_from(pipes) else {
        return Err(io::Error::other("a child needs three pipes"));
    };
    rustix::stdio::dup2_stdin(&input)?;
    rustix::stdio::dup2_stdout(&output)?;
    rustix::stdio::dup2_stderr(&errors)?;
    Ok(())
}

/// Waits for a child that is known to have ended.
fn reap(child: i32) -> [u8; PACKET_OCTETS] {
    let status =
        Pid::from_raw(child).and_then(|child| waitpid(Some(child), WaitOptions::empty()).ok().flatten());
    let Some((_, status)) = status else { return packet(UNKNOWN, 0) };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => packet(EXITED, code),
        (_, Some(signal)) => packet(SIGNALLED, signal),
        _ => packet(UNKNOWN, 0),
    }
}
