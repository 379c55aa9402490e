//! The members of a zip, unpacked one by one.
//!
//! *Security.* What readers of zips disagree about, [`super::zip`] reports; here the directory decides alone, and members
//! that share octets are a verdict on the whole. A member is held against its size and CRC. Passwords are tried on the
//! first locked member; the one that fits is tried first on the others.

use super::{
    streams,
    unpack::{Content, Head, Unpacking},
    words,
    zip::{self, Lock, Packed},
    zip_lock,
};
use policy::FindingCode;

/// Octets that are decrypted or unpacked in a try, per round that is spent for it.
const OCTETS_PER_ROUND: u64 = 16;

/// Unpacks all members.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    let members = zip::members(input, &mut unpacking.growing.budget, unpacking.findings)?;
    unpacking.weigh(members.iter().map(|member| member.size))?;
    unpacking.decide_charset(members.iter().map(|member| &member.name));
    let mut keys = Keys { words: words::octets(&unpacking.growing.words), fits: None };
    for member in members.iter().filter(|member| !member.is_folder) {
        let head = Head { name: member.name.clone(), is_link: member.is_link, size: Some(member.size) };
        let Some(admitted) = unpacking.admit(&head) else { continue };
        let content = match (member.content, member.lock) {
            (None, _) => Err(FindingCode::Unreadable),
            (Some(_), Some(Lock::Other)) => return Err(FindingCode::Locked),
            (Some(packed), None) => plain(member, packed, Some(member.crc), unpacking)?,
            (Some(packed), Some(lock)) => keys.open(member, packed, lock, unpacking)?,
        };
        unpacking.rewrite(admitted, content)?;
    }
    if keys.fits.is_some() {
        unpacking.findings.add(FindingCode::Unlocked);
    }
    Ok(())
}

/// The content of a member that is not locked, or not any more.
fn plain(
    member: &Packed<'_>,
    packed: &[u8],
    crc: Option<u32>,
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<Content, FindingCode> {
    let Some(stream) = streams::zip_method(member.method, packed, member.size, member.has_end_mark) else {
        return Ok(Err(FindingCode::ArchiveUnsupported));
    };
    let Ok(mut stream) = stream else { return Ok(Err(FindingCode::Unreadable)) };
    let content = unpacking.read(&mut stream, Some(member.size))?;
    Ok(content.and_then(|octets| {
        let mut sum = flate2::Crc::new();
        sum.update(&octets);
        if crc.is_none_or(|crc| crc == sum.sum()) { Ok(octets) } else { Err(FindingCode::Unreadable) }
    }))
}

/// The words to try, and the one that fitted last.
struct Keys {
    words: Vec<Vec<u8>>,
    fits: Option<usize>,
}

impl Keys {
    /// Tries all words on a member; none fits a locked one that is damaged, either.
    fn open(
        &mut self,
        member: &Packed<'_>,
        packed: &[u8],
        lock: Lock,
        unpacking: &mut Unpacking<'_, '_>,
    ) -> Result<Content, FindingCode> {
        let order = self.fits.into_iter().chain(0..self.words.len());
        for index in order {
            let Some(word) = self.words.get(index) else { continue };
            if let Some(content) = try_word(member, packed, lock, word, unpacking)? {
                self.fits = Some(index);
                return Ok(content);
            }
        }
        Err(FindingCode::Locked)
    }
}

fn try_word(
    member: &Packed<'_>,
    packed: &[u8],
    lock: Lock,
    word: &[u8],
    unpacking: &mut Unpacking<'_, '_>,
) -> Result<Option<Content>, FindingCode> {
    let whole = u64::try_from(packed.len()).unwrap_or(u64::MAX).div_ceil(OCTETS_PER_ROUND);
    match lock {
        Lock::ZipCrypto { check } => {
            unpacking.spend_unlocking(1)?;
            let Some(packed) = zip_lock::old(packed, check, word) else { return Ok(None) };
            unpacking.spend_unlocking(whole)?;
            // One word in 256 passes the check: the CRC decides.
            Ok(plain(member, &packed, Some(member.crc), unpacking)?.ok().map(Ok))
        }
        Lock::Aes { strength, has_crc } => {
            unpacking.spend_unlocking(zip_lock::aes_rounds(strength))?;
            let Some(packed) = zip_lock::aes(packed, strength, word) else { return Ok(None) };
            Ok(Some(plain(member, &packed, has_crc.then_some(member.crc), unpacking)?))
        }
        Lock::Other => Ok(None),
    }
}
