//! Archives whose members stand one after another, each behind a header of its own and nothing compressed: cpio (binary,
//! odc, newc and crc; POSIX.1-2001 pax §"cpio Interchange Format" for odc) and ar (System V, GNU and BSD).
//!
//! *Security.* Any octets. A header is followed only by what lies in the input; each goes forward, so that the work is
//! at most one pass. Symbol tables and tables of long names are no members.

use super::{
    Entry, Gathered, Stop,
    names::RawName,
    unpack::{Head, Unpacking},
};
use policy::FindingCode;

const AR: &[u8] = b"!<arch>\n";
/// What the last member of a cpio is named.
const TRAILER: &[u8] = b"TRAILER!!!";
/// Octets of a header in front of a member of an ar, and of the three forms of cpio.
const AR_HEADER: usize = 60;
const NEW_HEADER: usize = 110;
const OLD_HEADER: usize = 76;
const BINARY_HEADER: usize = 26;

/// Whether this begins an archive that is read here.
pub(super) fn is_one(input: &[u8]) -> bool {
    input.starts_with(AR)
        || matches!(input.first_chunk(), Some(b"070701" | b"070702" | b"070707"))
        || is_binary(input)
}

/// The binary form has a magic number of two octets: its first header must lie in the input, too.
fn is_binary(input: &[u8]) -> bool {
    matches!(input, [0xc7, 0x71, ..] | [0x71, 0xc7, ..]) && binary(input).is_some()
}

/// A member where it lies.
struct Member<'a> {
    name: RawName,
    content: &'a [u8],
    is_folder: bool,
    is_link: bool,
}

/// A header as it was read: what it says, and where the next one is.
struct Header<'a> {
    name: &'a [u8],
    content: &'a [u8],
    mode: u64,
    rest: &'a [u8],
}

/// The members of an archive in their order.
struct Members<'a> {
    rest: &'a [u8],
    is_ar: bool,
    long_names: &'a [u8],
}

impl<'a> Members<'a> {
    fn of(input: &'a [u8]) -> Self {
        let ar = input.strip_prefix(AR);
        Self { rest: ar.unwrap_or(input), is_ar: ar.is_some(), long_names: &[] }
    }

    /// The next member; `None` at the end, `Err` where the archive breaks off.
    fn next(&mut self) -> Result<Option<Member<'a>>, Stop> {
        if self.is_ar { self.next_of_ar() } else { self.next_of_cpio() }
    }

    fn next_of_ar(&mut self) -> Result<Option<Member<'a>>, Stop> {
        while !self.rest.is_empty() {
            let header = ar(self.rest).ok_or(Stop)?;
            self.rest = header.rest;
            let (name, content) = match header.name {
                b"/" | b"/SYM64/" => continue,
                b"//" => {
                    self.long_names = header.content;
                    continue;
                }
                [b'/', place @ ..] => (long_name(self.long_names, place).ok_or(Stop)?, header.content),
                [b'#', b'1', b'/', length @ ..] => {
                    let length = decimal(length).ok_or(Stop)?;
                    header.content.split_at_checked(length).ok_or(Stop)?
                }
                name => (name.strip_suffix(b"/").unwrap_or(name), header.content),
            };
            let name = name.split(|&octet| octet == 0).next().unwrap_or_default();
            if !name.starts_with(b"__.SYMDEF") {
                return Ok(Some(Member {
                    name: RawName::local(name),
                    content,
                    is_folder: false,
                    is_link: false,
                }));
            }
        }
        Ok(None)
    }

    fn next_of_cpio(&mut self) -> Result<Option<Member<'a>>, Stop> {
        let read = match self.rest {
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => new(self.rest),
            [b'0', b'7', b'0', b'7', b'0', b'7', ..] => old(self.rest),
            _ => binary(self.rest),
        };
        let header = read.ok_or(Stop)?;
        self.rest = header.rest;
        if header.name == TRAILER {
            return Ok(None);
        }
        let kind = header.mode & 0o170_000;
        Ok(Some(Member {
            name: RawName::local(header.name),
            content: header.content,
            is_folder: kind == 0o040_000,
            is_link: !matches!(kind, 0 | 0o040_000 | 0o100_000),
        }))
    }
}

/// ar: name, times and owners, size, a mark; the content fills up to an even number of octets.
fn ar(input: &[u8]) -> Option<Header<'_>> {
    let header = input.get(..AR_HEADER).filter(|header| header.ends_with(b"`\n"))?;
    let size = decimal(header.get(48..58)?)?;
    let name = header.get(..16)?.trim_ascii_end();
    let (content, rest) = input.get(AR_HEADER..)?.split_at_checked(size)?;
    // The last may lack its filling.
    let rest = rest.get(size % 2..).unwrap_or_default();
    Some(Header { name, content, mode: 0, rest })
}

/// The name at a place in the table of long names.
fn long_name<'a>(table: &'a [u8], place: &[u8]) -> Option<&'a [u8]> {
    let name = table.get(decimal(place)?..)?.split(|&octet| octet == b'\n').next()?;
    Some(name.strip_suffix(b"/").unwrap_or(name))
}

/// newc and crc: fields of eight hexadecimal digits; name and content fill up to four octets.
fn new(input: &[u8]) -> Option<Header<'_>> {
    let field = |number: usize| {
        let at = number.checked_mul(8)?.checked_add(6)?;
        digits(input.get(at..at.checked_add(8)?)?, 16)
    };
    body(input, NEW_HEADER, field(11)?, field(6)?, field(1)?, 4)
}

/// odc: fields of octal digits, nothing filled up.
fn old(input: &[u8]) -> Option<Header<'_>> {
    let field = |from: usize, to: usize| digits(input.get(from..to)?, 8);
    body(input, OLD_HEADER, field(59, 65)?, field(65, 76)?, field(18, 24)?, 1)
}

/// The binary form: words of two octets in the order of the machine that wrote it, of long ones the upper half first.
fn binary(input: &[u8]) -> Option<Header<'_>> {
    let is_little = input.first() == Some(&0xc7);
    let word = |number: usize| {
        let octets = *input.get(number.checked_mul(2)?..)?.first_chunk()?;
        Some(u64::from(if is_little { u16::from_le_bytes(octets) } else { u16::from_be_bytes(octets) }))
    };
    (word(0)? == 0o070_707).then_some(())?;
    let size = word(11)? << 16 | word(12)?;
    body(input, BINARY_HEADER, word(10)?, size, word(3)?, 2)
}

/// Name (with its NUL) and content behind a header, each filled up to a multiple of `unit`.
fn body(input: &[u8], header: usize, name: u64, size: u64, mode: u64, unit: usize) -> Option<Header<'_>> {
    let (name, size) = (usize::try_from(name).ok()?, usize::try_from(size).ok()?);
    let name_end = header.checked_add(name)?;
    let start = name_end.checked_next_multiple_of(unit)?;
    let end = start.checked_add(size)?;
    let name = input.get(header..name_end)?.split(|&octet| octet == 0).next()?;
    let content = input.get(start..end)?;
    let rest = input.get(end.checked_next_multiple_of(unit)?..).unwrap_or_default();
    Some(Header { name, content, mode, rest })
}

fn digits(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

fn decimal(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// Lists the members.
pub(super) fn read(input: &[u8], out: &mut Gathered<'_>) -> Result<(), Stop> {
    let mut members = Members::of(input);
    while let Some(member) = members.next()? {
        out.take(Entry {
            name: member.name,
            size_octets: u64::try_from(member.content.len()).ok(),
            encrypted: false,
            is_folder: member.is_folder,
            is_link: member.is_link,
            head: member.content.iter().take(64).copied().collect(),
        })?;
    }
    out.finish();
    Ok(())
}

/// Unpacks the members.
pub(super) fn unpack(input: &[u8], unpacking: &mut Unpacking<'_, '_>) -> Result<(), FindingCode> {
    let (mut members, mut found) = (Members::of(input), Vec::new());
    let is_whole = loop {
        match members.next() {
            Ok(Some(member)) => {
                unpacking.spend_member()?;
                found.push(member);
            }
            Ok(None) => break true,
            Err(Stop) => break false,
        }
    };
    unpacking.decide_charset(found.iter().map(|member| &member.name));
    for member in found.into_iter().filter(|member| !member.is_folder) {
        let size = u64::try_from(member.content.len()).ok();
        let head = Head { name: member.name, is_link: member.is_link, size };
        let Some(admitted) = unpacking.admit(&head) else { continue };
        let mut content = member.content;
        let octets = unpacking.read(&mut content, size)?;
        unpacking.rewrite(admitted, octets)?;
    }
    if !is_whole {
        unpacking.broken_off();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and contents, and whether the archive was whole.
    fn run(input: &[u8]) -> (Vec<(String, Vec<u8>, bool)>, bool) {
        assert!(is_one(input));
        let (mut members, mut found) = (Members::of(input), Vec::new());
        loop {
            match members.next() {
                Ok(Some(member)) => {
                    let name = super::super::names::decode(&member.name, true);
                    found.push((name, member.content.to_vec(), member.is_link));
                }
                Ok(None) => return (found, true),
                Err(Stop) => return (found, false),
            }
        }
    }

    fn filled(mut octets: Vec<u8>, unit: usize) -> Vec<u8> {
        octets.resize(octets.len().next_multiple_of(unit), 0);
        octets
    }

    fn newc(name: &str, mode: u32, content: &str) -> Vec<u8> {
        let size = content.len();
        let numbers = [1, mode, 0, 0, 1, 0, u32::try_from(size).unwrap(), 0, 0, 0, 0];
        let fields: String = numbers.iter().map(|number| format!("{number:08x}")).collect();
        let head = format!("070701{fields}{:08x}{:08x}{name}\0", name.len().saturating_add(1), 0);
        [filled(head.into_bytes(), 4), filled(content.into(), 4)].concat()
    }

    fn odc(name: &str, content: &str) -> Vec<u8> {
        let head = format!("070707{}100644{}", "0".repeat(12), "0".repeat(35));
        let name_size = name.len().saturating_add(1);
        format!("{head}{name_size:06o}{:011o}{name}\0{content}", content.len()).into_bytes()
    }

    fn binary_of(name: &str, content: &str, is_little: bool) -> Vec<u8> {
        let size = u16::try_from(content.len()).unwrap();
        let name_size = u16::try_from(name.len()).unwrap().saturating_add(1);
        let words = [0o070_707, 0, 0, 0o100_644, 0, 0, 1, 0, 0, 0, name_size, 0, size];
        let octets = words.map(|word: u16| if is_little { word.to_le_bytes() } else { word.to_be_bytes() });
        let head = [octets.concat(), name.into(), vec![0]].concat();
        [filled(head, 2), filled(content.into(), 2)].concat()
    }

    fn ar_of(name: &str, content: &str) -> Vec<u8> {
        let head = format!("{name:<16}{:<32}{:<10}`\n", "0", content.len());
        filled([head.as_bytes(), content.as_bytes()].concat(), 2)
    }

    #[test]
    fn members_are_found_in_every_form() {
        let both = |a: Vec<u8>, b: Vec<u8>, end: Vec<u8>| [a, b, end].concat();
        let newc_end = newc("TRAILER!!!", 0, "");
        let cases = [
            both(newc("a.txt", 0o100_644, "one"), newc("b/議事録.txt", 0o100_644, "three"), newc_end.clone()),
            both(odc("a.txt", "one"), odc("b/議事録.txt", "three"), odc("TRAILER!!!", "")),
            both(
                binary_of("a.txt", "one", true),
                binary_of("b/議事録.txt", "three", true),
                binary_of("TRAILER!!!", "", true),
            ),
            both(
                binary_of("a.txt", "one", false),
                binary_of("b/議事録.txt", "three", false),
                binary_of("TRAILER!!!", "", false),
            ),
            both(AR.to_vec(), ar_of("a.txt/", "one"), ar_of("#1/15", "b/議事録.txtthree")),
            both(
                [AR.to_vec(), ar_of("/", "table"), ar_of("//", "b/議事録.txt/\n")].concat(),
                ar_of("a.txt", "one"),
                ar_of("/0", "three"),
            ),
        ];
        let expected = [
            ("a.txt".to_owned(), b"one".to_vec(), false),
            ("b/議事録.txt".to_owned(), b"three".to_vec(), false),
        ];
        let mut ran = 0;
        for case in &cases {
            assert_eq!(run(case), (expected.to_vec(), true), "case {ran}");
            for end in 8..case.len() {
                if is_one(&case[..end]) {
                    let (found, _) = run(&case[..end]);
                    assert!(found.len() <= 2);
                }
            }
            ran += 1;
        }
        assert_eq!(ran, 6);
        let link = [newc("l", 0o120_777, "target"), newc_end].concat();
        assert_eq!(run(&link), (vec![("l".to_owned(), b"target".to_vec(), true)], true));
        let lie = format!("070701{}", "f".repeat(104)).into_bytes();
        assert_eq!(run(&lie), (Vec::new(), false));
    }
}
