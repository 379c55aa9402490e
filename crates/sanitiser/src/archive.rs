//! Archives → the list of what is inside, or ([`unpack`]) what is inside written anew. The archive itself does not
//! cross.
//!
//! Listed from headers: zip (APPNOTE 6.3.10), tar (POSIX pax and GNU) also in a compressed stream (gzip, bzip2, xz,
//! lzma, lzip, zstd, `compress`), 7z, LZH levels 0–3, RAR 1.5–4 and 5, CAB, cpio, ar. Where a list ends early the finding
//! [`FindingCode::MemberListIncomplete`] says so.
//!
//! *Security.* Input is any octets. Members are spent from the budget one by one as they are read, and reading stops
//! at the limit with a finding. To list, nothing is unpacked but the first octets of a member, to see programs under
//! false names, the end header of a 7z, and the stream around a tar, which is spent octet for octet. Sizes are claims of the archive and are told as
//! such. Names are decoded for display only and never used as paths.

mod cab;
mod fused;
mod gzip;
mod judge;
mod lzh;
mod lzw;
mod names;
mod rar;
mod sequence;
mod seven_zip;
mod streams;
mod tar;
mod tree;
mod un7z;
mod uncab;
mod unlzh;
pub mod unpack;
mod unrar;
mod untar;
mod unzip;
pub(crate) mod words;
mod zip;
pub(crate) mod zip_lock;

use policy::{Budget, FindingCode, Findings};

/// One member as the archive describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive, fit for display.
    pub name: String,
    /// Its unpacked size as the archive claims it; `None` when it claims none.
    pub size_octets: Option<u64>,
    /// Locked with a password.
    pub encrypted: bool,
    /// A program, script or shortcut by its name or its first octets.
    pub executable_like: bool,
    /// An archive in the archive, by its name or its first octets.
    pub archive_like: bool,
}

/// What is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveList {
    /// The members in the order of the archive, without folders.
    pub members: Vec<Member>,
    /// Whether a password is needed for a member or for the list itself.
    pub locked: bool,
    /// Whether the list was read to its end.
    pub complete: bool,
}

/// What [`list`] can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// zip, also with something in front of it.
    Zip,
    /// tar.
    Tar,
    /// gzip.
    Gzip,
    /// LZH.
    Lzh,
    /// RAR 1.3.
    Rar13,
    /// RAR 1.5 to 4.
    Rar4,
    /// RAR 5.
    Rar5,
    /// Cabinet.
    Cab,
    /// Members one after another: cpio, ar.
    Sequence,
    /// One compressed stream: bzip2, xz, zstd, lzma, lzip, `compress`.
    Stream,
    /// 7z.
    SevenZip,
    /// Any other.
    Other,
}

impl ArchiveFormat {
    /// By structure.
    pub fn of(input: &[u8]) -> Self {
        match input {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Self::Zip,
            [b'P', b'K', b'0', b'0', b'P', b'K', ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'R', b'E', b'~', b'^', ..] => Self::Rar13,
            [b'R', b'a', b'r', b'!', 0x1a, 7, 0, ..] => Self::Rar4,
            [b'R', b'a', b'r', b'!', 0x1a, 7, 1, 0, ..] => Self::Rar5,
            [b'M', b'S', b'C', b'F', ..] => Self::Cab,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::SevenZip,
            [b'B', b'Z', b'h', ..]
            | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [b'L', b'Z', b'I', b'P', ..]
            | [0x5d, 0, 0, 0x80, 0, ..]
            | [0x1f, 0x9d, ..] => Self::Stream,
            [_, _, b'-', b'l' | b'p', b'h' | b'z' | b'm', _, b'-', ..] => Self::Lzh,
            _ if sequence::is_one(input) => Self::Sequence,
            _ if tar::is_header(input) => Self::Tar,
            _ if zip::has_end_record(input) => Self::Zip,
            _ => Self::Other,
        }
    }
}

/// One member as a format module read it.
struct Entry {
    name: names::RawName,
    size_octets: Option<u64>,
    encrypted: bool,
    is_folder: bool,
    is_link: bool,
    /// The first octets of its content, where they could be had cheaply.
    head: Vec<u8>,
}

/// What a format module gathers.
struct Gathered<'a> {
    budget: &'a mut Budget,
    findings: &'a mut Findings,
    entries: Vec<Entry>,
    locked: bool,
    complete: bool,
}

/// Reading stops here: the limit is named in the findings, or the structure broke off.
struct Stop;

impl Gathered<'_> {
    /// Takes one member, spending it from the budget.
    fn take(&mut self, entry: Entry) -> Result<(), Stop> {
        self.budget.spend_archive_members(1).map_err(|exhausted| self.limit(exhausted.0))?;
        self.locked |= entry.encrypted;
        self.entries.push(entry);
        Ok(())
    }

    fn limit(&mut self, code: FindingCode) -> Stop {
        self.findings.add(code);
        Stop
    }

    fn finish(&mut self) {
        self.complete = true;
    }
}

/// Lists the members and reports what is wrong with them.
pub fn list(input: &[u8], budget: &mut Budget, findings: &mut Findings) -> ArchiveList {
    let limits = *budget.limits();
    let mut gathered = Gathered { budget, findings, entries: Vec::new(), locked: false, complete: false };
    // A stop has left its finding behind, and `complete` unset.
    let _stopped = match ArchiveFormat::of(input) {
        ArchiveFormat::Zip => zip::read(input, &mut gathered),
        ArchiveFormat::Tar => tar::read(&mut tar::Slice::new(input), &mut gathered),
        ArchiveFormat::Gzip | ArchiveFormat::Stream => gzip::read(input, &mut gathered),
        ArchiveFormat::SevenZip => un7z::list(input, &mut gathered),
        ArchiveFormat::Lzh => lzh::read(input, &mut gathered),
        ArchiveFormat::Rar4 => rar::read_4(input, &mut gathered),
        ArchiveFormat::Rar5 => rar::read_5(input, &mut gathered),
        ArchiveFormat::Cab => cab::read(input, &mut gathered),
        ArchiveFormat::Sequence => sequence::read(input, &mut gathered),
        ArchiveFormat::Rar13 | ArchiveFormat::Other => Err(Stop),
    };
    let Gathered { findings, entries, locked, complete, .. } = gathered;
    judge::judge(input.len(), entries, locked, complete, &limits, findings)
}

/// Little-endian numbers at an offset.
fn le16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn le32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn le64(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests;
