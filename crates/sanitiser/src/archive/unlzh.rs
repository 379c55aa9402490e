//! The members of an LZH, unpacked one by one: methods lh0, lh1, lh4 to lh7, lzs, lz4, lz5, pm0 to pm2.
//!
//! *Security.* Windows have 64 KiB at most. A member is held against its size and its CRC-16.

use super::{
    lzh::{self, Packed},
    unpack::{Content, Head, Unpacking},
};
use delharc::{
    crc::Crc16,
    decode::{Decoder, DecoderAny},
    header::CompressionMethod,
};
use policy::FindingCode;
use std::io::{self, Read};

/// Unpacks all members.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    let (members, is_whole) = lzh::members(input, &mut unpacking.growing.budget)?;
    unpacking.weigh(members.iter().map(|member| member.size))?;
    unpacking.decide_charset(members.iter().map(|member| &member.name));
    for member in members.into_iter().filter(|member| !member.is_folder) {
        let head = Head { name: member.name.clone(), is_link: member.is_link, size: Some(member.size) };
        let Some(admitted) = unpacking.admit(&head) else { continue };
        let content = content(&member, unpacking)?;
        unpacking.rewrite(admitted, content)?;
    }
    if !is_whole {
        unpacking.broken_off();
    }
    Ok(())
}

fn content(member: &Packed<'_>, unpacking: &mut Unpacking<'_, '_>) -> Result<Content, FindingCode> {
    let Some(packed) = member.content else { return Ok(Err(FindingCode::Unreadable)) };
    let Ok(method) = CompressionMethod::try_from(&member.method) else {
        return Ok(Err(FindingCode::ArchiveUnsupported));
    };
    let decoder = DecoderAny::new_from_compression(method, packed);
    if !decoder.is_supported() {
        return Ok(Err(FindingCode::ArchiveUnsupported));
    }
    let content = unpacking.read(&mut Member { decoder, left: member.size }, Some(member.size))?;
    Ok(content.and_then(|octets| {
        let mut crc = Crc16::default();
        crc.digest(&octets);
        if member.crc.is_none_or(|sum| sum == crc.sum16()) {
            Ok(octets)
        } else {
            Err(FindingCode::Unreadable)
        }
    }))
}

/// A decoder that stops where the member ends: what it would make of more is nothing.
struct Member<'a> {
    decoder: DecoderAny<&'a [u8]>,
    left: u64,
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most) else { return Ok(0) };
        self.decoder
            .fill_buffer(buffer)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        self.left = self.left.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX));
        Ok(most)
    }
}
