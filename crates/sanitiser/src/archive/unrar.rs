//! The members of a RAR (1.3 to 7), unpacked one by one.
//!
//! *Security.* Headers, output and the workspace of the reader are limited before it starts. A member's octets come from
//! the reader as a whole and are spent before they do; the reader holds them against their CRC or hash. What deriving
//! keys costs is spent member by member. Of several volumes none is opened.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the reader are open; what is new in them cannot be read here"
)]

use super::{
    names::RawName,
    streams::WINDOW_OCTETS_MAX,
    unpack::{Admitted, Content, Head, MEMBER_OCTETS_MAX, Unpacking},
    words,
};
use policy::FindingCode;
use rars::{
    Archive, ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind, ExtractionDecision,
    ExtractionErrorAction,
};
use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

/// Most headers, and octets of them.
const HEADERS_MAX: u64 = 30_000;
const HEADER_OCTETS_MAX: u64 = 8 << 20;
/// Octets that are unpacked in a try, per round that is spent for it.
const OCTETS_PER_ROUND: u64 = 16;
/// Rounds of SHA-1 from RAR 2.9 on, and what the key of older ones is worth.
const ROUNDS_29: u64 = 1 << 18;
const ROUNDS_OLD: u64 = 16;

/// Unpacks all members.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    if let Some(code) = unpacking.failed_inside() {
        return Err(code);
    }
    let (archive, mut word) = open(input, unpacking)?;
    let members: Vec<ArchiveMember> = archive.members().collect();
    if members.iter().any(|member| member.meta.is_split_before || member.meta.is_split_after) {
        return Err(FindingCode::MultiVolume);
    }
    unpacking.weigh(members.iter().map(|member| member.meta.unpacked_size))?;
    let rounds = rounds(&archive, &members);
    if members.iter().any(|member| member.meta.is_encrypted) {
        if word.is_none() {
            word = Some(fitting(&archive, &members, &rounds, unpacking)?);
        }
        unpacking.findings.add(FindingCode::Unlocked);
    } else if word.is_some() {
        unpacking.findings.add(FindingCode::Unlocked);
    }
    let names: Vec<RawName> = members.iter().map(name).collect();
    unpacking.decide_charset(names.iter());
    extract(&archive, &members, &rounds, word.as_deref(), unpacking)
}

fn options(word: Option<&[u8]>) -> ArchiveReadOptions<'_> {
    ArchiveReadOptions::with_optional_password(word)
        .with_max_header_count(HEADERS_MAX)
        .with_max_header_bytes(HEADER_OCTETS_MAX)
        .with_max_member_output_bytes(MEMBER_OCTETS_MAX)
        .with_rar50_dictionary_size_limit(u64::from(WINDOW_OCTETS_MAX))
        .with_rar50_buffered_decode_limit(u64::from(WINDOW_OCTETS_MAX) >> 1)
        .with_max_reader_workspace_bytes(u64::from(WINDOW_OCTETS_MAX).saturating_mul(2))
}

/// Reads the headers, with the word that opens them where they are locked.
fn open(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(Archive, Option<Vec<u8>>), FindingCode> {
    match ArchiveReader::read_with_options(input, options(None)) {
        Ok(archive) => return Ok((archive, None)),
        Err(error) if error.kind() == ErrorKind::PasswordRequired => {}
        Err(error) => return Err(reason(&error)),
    }
    let rounds = header_rounds(input);
    for word in words::texts(&unpacking.growing.words) {
        unpacking.spend_unlocking(rounds)?;
        let word = word.into_bytes();
        if let Ok(archive) = ArchiveReader::read_with_options(input, options(Some(&word))) {
            return Ok((archive, Some(word)));
        }
    }
    Err(FindingCode::Locked)
}

/// What one word costs against locked headers. RAR 5 says it behind its signature: checksum, size, type 4, flags,
/// version, flags, and the power of two (RAR 5.0 technote, "Archive encryption header").
fn header_rounds(input: &[u8]) -> u64 {
    let Some(rest) = input.strip_prefix(b"Rar!\x1a\x07\x01\0") else { return ROUNDS_29 };
    // Each of these numbers is one octet long unless somebody makes it longer than it need be.
    let power = rest.get(4..).and_then(|rest| match rest {
        [size, 4, flags, _, _, power, ..] if (size | flags) & 0x80 == 0 => Some(u32::from(*power)),
        _ => None,
    });
    power.and_then(|power| 1_u64.checked_shl(power)).unwrap_or(1 << 24)
}

/// What the key of each member costs.
fn rounds(archive: &Archive, members: &[ArchiveMember]) -> Vec<u64> {
    match archive {
        Archive::Rar50Plus(archive) => {
            let power = |file: &rars::rar50::FileHeader| {
                let power = file.encryption.as_ref().map_or(0, |lock| u32::from(lock.kdf_count));
                1_u64.checked_shl(power).unwrap_or(u64::MAX)
            };
            archive.files().map(power).collect()
        }
        Archive::Rar13(_) => vec![ROUNDS_OLD; members.len()],
        _ => members.iter().map(|member| if is_29(member) { ROUNDS_29 } else { ROUNDS_OLD }).collect(),
    }
}

fn is_29(member: &ArchiveMember) -> bool {
    match &member.detail {
        rars::ArchiveMemberDetail::Rar15To40 { unpack_version, .. } => *unpack_version >= 29,
        _ => false,
    }
}

/// The word that opens one member to its end.
fn fitting(
    archive: &Archive,
    members: &[ArchiveMember],
    rounds: &[u64],
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<Vec<u8>, FindingCode> {
    let is_solid = archive.is_solid();
    let mut locked = members.iter().enumerate().filter(|(_, member)| {
        member.meta.is_encrypted && !member.meta.is_directory && !member.meta.is_redirection
    });
    let tried =
        if is_solid { locked.next() } else { locked.min_by_key(|(_, member)| member.meta.unpacked_size) };
    let Some((index, member)) = tried else { return Err(FindingCode::Locked) };
    let is_unicode = is_29(member) || matches!(archive, Archive::Rar50Plus(_));
    let words = if is_unicode {
        words::texts(&unpacking.growing.words).into_iter().map(String::into_bytes).collect()
    } else {
        words::octets(&unpacking.growing.words)
    };
    let cost = rounds.get(index).copied().unwrap_or(u64::MAX);
    let cost = cost.saturating_add(member.meta.unpacked_size.div_ceil(OCTETS_PER_ROUND));
    for word in words {
        unpacking.spend_unlocking(cost)?;
        let (mut at, mut is_reached) = (0_usize, false);
        let opened = archive.extract_with_control(options(Some(&word)), |_| {
            let this = at;
            at = at.saturating_add(1);
            is_reached |= this == index;
            Ok(match this.cmp(&index) {
                std::cmp::Ordering::Less if !is_solid => ExtractionDecision::Skip,
                std::cmp::Ordering::Greater => ExtractionDecision::Stop,
                _ => ExtractionDecision::Extract(Box::new(io::sink())),
            })
        });
        if opened.is_ok() && is_reached {
            return Ok(word);
        }
    }
    Err(FindingCode::Locked)
}

fn name(member: &ArchiveMember) -> RawName {
    if member.name_is_unicode() {
        RawName::utf8(&member.meta.name)
    } else {
        RawName::local(&member.meta.name)
    }
}

/// Octets of a member as the reader writes them.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The walk over the members: the reader says only with the next one, or with an error, how the last one ended.
struct Walk<'w, 'a, 'g> {
    unpacking: &'w mut Unpacking<'a, 'g>,
    last: Option<(Admitted, Shared)>,
    verdict: Result<(), FindingCode>,
    reached: usize,
}

impl Walk<'_, '_, '_> {
    fn settle(&mut self, end: Result<(), FindingCode>) {
        let Some((admitted, octets)) = self.last.take() else { return };
        if end == Err(FindingCode::Locked) {
            self.verdict = end;
            return;
        }
        let content: Content = end.map(|()| octets.0.take());
        if self.verdict.is_ok() {
            self.verdict = self.unpacking.rewrite(admitted, content);
        }
    }

    fn decide(
        &mut self,
        member: &ArchiveMember,
        rounds: &[u64],
        is_solid: bool,
    ) -> Result<ExtractionDecision, FindingCode> {
        self.settle(Ok(()));
        self.verdict?;
        let index = self.reached;
        self.reached = index.saturating_add(1);
        let meta = &member.meta;
        if meta.is_directory {
            return Ok(ExtractionDecision::Skip);
        }
        let past = || {
            if is_solid && !meta.is_redirection {
                ExtractionDecision::Extract(Box::new(io::sink()))
            } else {
                ExtractionDecision::Skip
            }
        };
        self.unpacking.spend_member()?;
        if meta.is_encrypted {
            self.unpacking.spend_unlocking(rounds.get(index).copied().unwrap_or(u64::MAX))?;
        }
        self.unpacking.spend_unpacked(meta.unpacked_size)?;
        let Some(admitted) = self.unpacking.admit(&head(member)) else { return Ok(past()) };
        if meta.unpacked_size > MEMBER_OCTETS_MAX {
            self.unpacking.rewrite(admitted, Err(FindingCode::LimitUnpackedOctets))?;
            return Ok(past());
        }
        let octets = Shared::default();
        self.last = Some((admitted, octets.clone()));
        Ok(ExtractionDecision::Extract(Box::new(octets)))
    }
}

fn head(member: &ArchiveMember) -> Head {
    let meta = &member.meta;
    // Unix, in the numbering of RAR before 5.
    let is_link = meta.host_os == Some(3) && meta.file_attr & 0o170_000 == 0o120_000;
    Head { name: name(member), is_link: meta.is_redirection || is_link, size: Some(meta.unpacked_size) }
}

fn extract(
    archive: &Archive,
    members: &[ArchiveMember],
    rounds: &[u64],
    word: Option<&[u8]>,
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<(), FindingCode> {
    let is_solid = archive.is_solid();
    let walk = RefCell::new(Walk { unpacking, last: None, verdict: Ok(()), reached: 0 });
    let extracted = archive.extract_with_control_and_errors(
        options(word),
        |member| {
            let mut walk = walk.borrow_mut();
            Ok(walk.decide(member, rounds, is_solid).unwrap_or_else(|code| {
                walk.verdict = Err(code);
                ExtractionDecision::Stop
            }))
        },
        |_, error| {
            walk.borrow_mut().settle(Err(reason(error)));
            Ok(ExtractionErrorAction::Continue)
        },
    );
    let mut walk = walk.into_inner();
    walk.settle(extracted.as_ref().map(|_| ()).map_err(reason));
    walk.verdict?;
    let Err(error) = extracted else { return Ok(()) };
    // What lies behind the damage cannot be reached.
    let Walk { unpacking, reached, .. } = walk;
    for member in members.iter().skip(reached).filter(|member| !member.meta.is_directory) {
        unpacking.spend_member()?;
        if let Some(admitted) = unpacking.admit(&head(member)) {
            unpacking.rewrite(admitted, Err(reason(&error)))?;
        }
    }
    Ok(())
}

fn reason(error: &Error) -> FindingCode {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => FindingCode::Locked,
        ErrorKind::UnsupportedFeature | ErrorKind::UnsupportedFormat => FindingCode::ArchiveUnsupported,
        ErrorKind::ResourceLimit => FindingCode::LimitUnpackedOctets,
        _ => FindingCode::Unreadable,
    }
}
