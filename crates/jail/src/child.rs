//! The child's side: be forked, lock, read one request, answer, end.
//!
//! *Security.* Everything hostile happens here. The process has no environment, no file but its pipes and the
//! fonts opened beforehand, and is killed after one answer.

use crate::{
    fonts::FontFile,
    fork_server,
    frame::{self, Answer, HEAD_OCTETS, Kind, Request},
    lock::{Filter, SandboxLevel, lock, lock_server},
};
use mail::PartPath;
use policy::Limits;
use sanitiser::{FontFace, Surroundings};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsRawFd, unix::fs::FileExt},
    sync::Arc,
};

/// First argument that makes the executable a child.
pub(crate) const CHILD_ARGUMENT: &str = "--jail-child";
/// Exit code when the child could not lock itself.
pub(crate) const EXIT_NOT_LOCKED: i32 = 70;
/// Largest font file that is read, in octets.
const FONT_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// Whether this process was started as a jail child; `main` asks before anything else.
pub fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == CHILD_ARGUMENT)
}

/// A locked child that has not read anything yet.
#[derive(Debug)]
pub struct Locked {
    fonts: Vec<OpenFont>,
    request_octets_max: usize,
    /// How strongly it is locked.
    pub level: SandboxLevel,
}

/// Serves as fork server as the arguments say. Returns in each forked child alone, and only when it is locked:
/// failing is an exit.
pub fn enter() -> Locked {
    match try_enter() {
        Ok(locked) => locked,
        Err(error) => {
            // Only the broker reads this pipe.
            let _unread = writeln!(io::stderr(), "jail child not locked: {error}");
            std::process::exit(EXIT_NOT_LOCKED)
        }
    }
}

fn try_enter() -> io::Result<Locked> {
    let malformed = || io::Error::other("malformed arguments");
    let mut arguments = std::env::args().skip(2);
    let mut number = || arguments.next().and_then(|a| a.parse::<u64>().ok()).ok_or_else(malformed);
    let (address_space, cpu_s, request_octets) = (number()?, number()?, number()?);
    let limits = Limits { child_address_space_octets: address_space, child_cpu_s: cpu_s, ..Limits::STANDARD };
    let fonts: Vec<OpenFont> = arguments
        .filter_map(|argument| FontFile::of_argument(&argument))
        .filter_map(OpenFont::open)
        .collect();
    let descriptors: Vec<i32> = fonts.iter().map(|font| font.file.as_raw_fd()).collect();
    let request_octets_max = usize::try_from(request_octets).map_err(io::Error::other)?;
    let filter = Filter::new(&descriptors)?;
    fork_server::require_one_thread()?;
    let level = lock_server()?;
    let parent = fork_server::serve()?;
    lock(&limits, &filter, parent)?;
    Ok(Locked { fonts, request_octets_max, level })
}

/// Does the one job: announces readiness, reads the request, answers. The broker ends the process.
pub fn serve(mut locked: Locked) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    output.write_all(&frame::encode(Kind::Ready, &()).map_err(io::Error::other)?)?;
    output.flush()?;
    let Some(request) = read_request(&mut input, locked.request_octets_max)? else { return Ok(()) };
    let answer = match request {
        Request::Sanitise { job, policy, supplements } => {
            let mut surroundings = Jailed { fonts: &mut locked.fonts, output: &mut output };
            Answer::Sanitised(sanitiser::sanitise(&job, &policy, &supplements, &mut surroundings))
        }
        Request::Decode { parts, limits } => Answer::Decoded(verifier::decode_all(&parts, &limits)),
    };
    output.write_all(&frame::encode(Kind::Answer, &answer).map_err(io::Error::other)?)?;
    output.flush()?;
    // The broker measures this process while it waits here, then closes the pipe or kills it.
    input.read(&mut [0]).map(drop)
}

/// The request, or `None` when the broker closed the pipe because the child is no longer needed.
fn read_request(input: &mut impl Read, length_max: usize) -> io::Result<Option<Request>> {
    let mut head = [0; HEAD_OCTETS];
    if let Err(error) = input.read_exact(&mut head) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let (kind, length) = frame::decode_head(head, |_| length_max).map_err(io::Error::other)?;
    if kind != Kind::Request {
        return Err(io::Error::other("not a request"));
    }
    let mut payload = vec![0; length];
    input.read_exact(&mut payload)?;
    frame::decode_payload(&payload).map(Some).map_err(io::Error::other)
}

/// A font file that was opened before locking.
#[derive(Debug)]
struct OpenFont {
    face: FontFace,
    index: u32,
    size_octets: usize,
    file: File,
    octets: Option<Arc<Vec<u8>>>,
}

impl OpenFont {
    fn open(font: FontFile) -> Option<Self> {
        let file = File::open(font.path).ok()?;
        let size = file.metadata().ok()?.len();
        let size_octets = usize::try_from(size).ok().filter(|_| size <= FONT_OCTETS_MAX)?;
        Some(Self { face: font.face, index: font.index, size_octets, file, octets: None })
    }

    fn octets(&mut self) -> Option<Arc<Vec<u8>>> {
        if self.octets.is_none() {
            let mut octets = vec![0; self.size_octets];
            // The position of an open file is shared with all children of the server; this does not touch it.
            self.file.read_exact_at(&mut octets, 0).ok()?;
            self.octets = Some(Arc::new(octets));
        }
        self.octets.clone()
    }
}

struct Jailed<'a, W> {
    fonts: &'a mut Vec<OpenFont>,
    output: &'a mut W,
}

impl<W: Write> Surroundings for Jailed<'_, W> {
    fn begin(&mut self, path: &PartPath) {
        // Unbuffered on purpose: if this process dies now, the broker must know on which part.
        let written = frame::encode(Kind::Begin, path)
            .map_err(io::Error::other)
            .and_then(|frame| self.output.write_all(&frame).and_then(|()| self.output.flush()));
        if written.is_err() {
            std::process::exit(1);
        }
    }

    fn font(&mut self, face: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        let font = self.fonts.iter_mut().find(|font| font.face == face)?;
        Some((font.octets()?, font.index))
    }
}
