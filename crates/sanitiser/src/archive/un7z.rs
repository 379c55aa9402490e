//! The members of a 7z, unpacked block by block.
//!
//! *Security.* What its coders need is weighed before they run ([`super::seven_zip`]). Blocks are read forwards, members
//! are held against their CRC, and a password is believed only when a whole block bears it out.

use super::{
    Entry, Gathered, Stop,
    fused::Fused,
    names::RawName,
    seven_zip::{self, Header, Needs},
    streams::WINDOW_OCTETS_MAX,
    unpack::{Content, Head, Unpacking},
    words,
};
use policy::FindingCode;
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};
use std::io::{Cursor, Read};

/// Largest end header, unpacked: its reader may need a hundred times as much.
const HEADER_OCTETS_MAX: u64 = 2 << 20;
/// Octets that are unpacked in a try, per round that is spent for it.
const OCTETS_PER_ROUND: u64 = 16;
/// Extension of Unix in the attributes, and its kind of file.
const UNIX: u32 = 0x8000;
/// Windows: a file that points elsewhere.
const REPARSE_POINT: u32 = 0x400;

/// Unpacks all members.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    if let Some(code) = unpacking.failed_inside() {
        return Err(code);
    }
    let words = words::texts(&unpacking.growing.words);
    let (archive, mut password) = open(input, &words, unpacking)?;
    let needs: Vec<Needs> = (0..archive.blocks.len()).map(|block| needs_of(&archive, block)).collect();
    if needs.iter().any(|needs| needs.window_octets > u64::from(WINDOW_OCTETS_MAX)) {
        return Err(FindingCode::LimitUnpackedOctets);
    }
    unpacking.weigh(archive.files.iter().map(|file| file.size))?;
    let smallest =
        (0..needs.len()).filter(|&block| needs.get(block).is_some_and(|needs| needs.lock.is_some()));
    let smallest = smallest.min_by_key(|&block| needs.get(block).map(|needs| needs.size));
    if let Some(block) = smallest {
        let needs = needs.get(block).cloned().unwrap_or_default();
        if password.is_empty() {
            password = fitting(input, &archive, block, &needs, &words, unpacking)?;
        }
    }
    if !password.is_empty() {
        unpacking.findings.add(FindingCode::Unlocked);
    }
    let mut last_lock = None;
    for (block, needs) in needs.iter().enumerate() {
        if needs.lock.is_some() && needs.lock != last_lock {
            // A key is derived for each lock that differs from the one before.
            unpacking.spend_unlocking(needs.rounds())?;
            last_lock.clone_from(&needs.lock);
        }
        unpack_block(input, &archive, block, &password, unpacking)?;
    }
    for (file, block) in archive.files.iter().zip(&archive.stream_map.file_block_index) {
        if block.is_none() {
            rewrite(file, &mut std::io::empty(), unpacking)?;
        }
    }
    Ok(())
}

/// Lists the members.
pub(super) fn list(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let Header::Whole(needs) = seven_zip::header(input) else { return Err(Stop) };
    if needs.lock.is_some() {
        out.locked = true;
        return Err(Stop);
    }
    if needs.size > HEADER_OCTETS_MAX || needs.window_octets > u64::from(WINDOW_OCTETS_MAX) {
        return Err(out.limit(FindingCode::LimitUnpackedOctets));
    }
    out.budget.spend_unpacked(needs.size).map_err(|exhausted| out.limit(exhausted.0))?;
    let archive = Archive::read(&mut Cursor::new(input), &Password::empty()).or(Err(Stop))?;
    for (file, block) in archive.files.iter().zip(&archive.stream_map.file_block_index) {
        let Head { name, is_link, size } = head(file);
        out.take(Entry {
            name,
            size_octets: size,
            encrypted: block.is_some_and(|block| needs_of(&archive, block).lock.is_some()),
            is_folder: file.is_directory,
            is_link,
            head: Vec::new(),
        })?;
    }
    out.finish();
    Ok(())
}

/// Reads the end header, with the word that opens it where it is locked.
fn open(
    input: &[u8],
    words: &[String],
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<(Archive, Password), FindingCode> {
    let needs = match seven_zip::header(input) {
        Header::None => return Err(FindingCode::Empty),
        // The rest of it stands in other files.
        Header::Missing if unpacking.is_numbered() => return Err(FindingCode::MultiVolume),
        Header::Missing | Header::Damaged => return Err(FindingCode::Unreadable),
        Header::Whole(needs) => needs,
    };
    if needs.size > HEADER_OCTETS_MAX || needs.window_octets > u64::from(WINDOW_OCTETS_MAX) {
        return Err(FindingCode::LimitUnpackedOctets);
    }
    unpacking.spend_unpacked(needs.size)?;
    let mut source = Cursor::new(input);
    if needs.lock.is_none() {
        let archive = Archive::read(&mut source, &Password::empty()).or(Err(FindingCode::Unreadable))?;
        return Ok((archive, Password::empty()));
    }
    for word in words {
        unpacking.spend_unlocking(needs.rounds().saturating_add(needs.size.div_ceil(OCTETS_PER_ROUND)))?;
        let password = Password::new(word);
        if let Ok(archive) = Archive::read(&mut source, &password) {
            return Ok((archive, password));
        }
    }
    Err(FindingCode::Locked)
}

/// What the coders of a block need.
fn needs_of(archive: &Archive, block: usize) -> Needs {
    let Some(block) = archive.blocks.get(block) else { return Needs::default() };
    let mut needs = Needs { size: block.get_unpack_size(), ..Needs::default() };
    for coder in &block.coders {
        needs.coder(coder.encoder_method_id(), coder.properties());
    }
    needs
}

/// The word that opens a block to its end.
fn fitting(
    input: &[u8],
    archive: &Archive,
    block: usize,
    needs: &Needs,
    words: &[String],
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<Password, FindingCode> {
    for word in words {
        unpacking.spend_unlocking(needs.rounds())?;
        let password = Password::new(word);
        let mut source = Cursor::new(input);
        let decoder = BlockDecoder::new(1, block, archive, &password, &mut source);
        let (mut spent, mut is_whole) = (Ok(()), true);
        let tried = decoder.for_each_entries(&mut |_, content| {
            let mut chunk = [0; 4_096];
            loop {
                match content.read(&mut chunk) {
                    Ok(0) => return Ok(true),
                    Ok(read) => {
                        let octets = u64::try_from(read).unwrap_or(u64::MAX);
                        spent = unpacking.spend_unlocking(octets.div_ceil(OCTETS_PER_ROUND));
                    }
                    Err(_) => is_whole = false,
                }
                if spent.is_err() || !is_whole {
                    return Ok(false);
                }
            }
        });
        spent?;
        if tried.is_ok() && is_whole {
            return Ok(password);
        }
    }
    Err(FindingCode::Locked)
}

/// Has the members of one block written anew.
fn unpack_block(
    input: &[u8],
    archive: &Archive,
    block: usize,
    password: &Password,
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<(), FindingCode> {
    let mut source = Cursor::new(input);
    let decoder = BlockDecoder::new(1, block, archive, password, &mut source);
    let count = decoder.entry_count();
    let first = archive.stream_map.block_first_file_index.get(block).copied().unwrap_or_default();
    let files = archive.files.iter().skip(first).take(count);
    let (mut verdict, mut reached, mut is_damaged) = (Ok(()), 0_usize, false);
    let decoded = decoder.for_each_entries(&mut |file, content| {
        reached = reached.saturating_add(1);
        let mut content = Fused::new(content);
        verdict = rewrite(file, &mut content, unpacking);
        // A member that was read to its end failed by its CRC alone. What lies behind any other is not asked for.
        is_damaged = content.has_failed() && content.octets < file.size;
        Ok(verdict.is_ok() && !is_damaged)
    });
    verdict?;
    let reason = match decoded {
        Ok(_) if is_damaged => FindingCode::Unreadable,
        Ok(_) => return Ok(()),
        Err(Error::UnsupportedCompressionMethod(_) | Error::Unsupported(_)) => {
            FindingCode::ArchiveUnsupported
        }
        Err(_) => FindingCode::Unreadable,
    };
    // What lies behind the damage in this block cannot be reached.
    for file in files.skip(reached).filter(|file| !file.is_directory) {
        unpacking.spend_member()?;
        if let Some(admitted) = unpacking.admit(&head(file)) {
            unpacking.rewrite(admitted, Err(reason))?;
        }
    }
    Ok(())
}

fn head(file: &ArchiveEntry) -> Head {
    let attributes = if file.has_windows_attributes { file.windows_attributes } else { 0 };
    let kind = attributes >> 16 & 0o170_000;
    let is_regular = attributes & UNIX == 0 || matches!(kind, 0 | 0o100_000 | 0o040_000);
    Head {
        name: RawName::Known(file.name.clone()),
        is_link: !is_regular || attributes & REPARSE_POINT != 0,
        size: Some(file.size),
    }
}

fn rewrite(
    file: &ArchiveEntry,
    content: &mut dyn Read,
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<(), FindingCode> {
    if file.is_directory || file.is_anti_item {
        return Ok(());
    }
    unpacking.spend_member()?;
    let Some(admitted) = unpacking.admit(&head(file)) else { return unpacking.skip(content, file.size) };
    let octets: Content = unpacking.read(content, Some(file.size))?;
    let is_cut_short = octets == Err(FindingCode::LimitUnpackedOctets);
    unpacking.rewrite(admitted, octets)?;
    // Of one that is too large the rest stands in front of the next.
    if is_cut_short { unpacking.skip(content, file.size) } else { Ok(()) }
}
