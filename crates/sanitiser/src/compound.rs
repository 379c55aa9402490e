//! Compound files (\[MS-CFB\]): sectors → storages and streams.
//!
//! *Security.* Any octets. Every chain of sectors is at most as long as the file has sectors, so that a ring ends; the
//! directory is read to at most 65,536 entries, and each of them belongs to one storage alone. Streams are copied out
//! only when asked for, never longer than the file, and written over only where they were read from.

use std::{collections::BTreeSet, ops::Range};

/// Most entries of the directory.
const ENTRIES_MAX: usize = 65_536;
/// Streams below this size lie in the small sectors.
const SMALL_STREAM: usize = 4_096;
/// Octets of a small sector.
const SMALL_SECTOR: usize = 64;
/// Octets of a directory entry.
const ENTRY: usize = 128;

/// A compound file.
pub(crate) struct Compound<'f> {
    file: &'f [u8],
    sector: usize,
    table: Vec<u32>,
    small_table: Vec<u32>,
    small: Vec<u8>,
    entries: Vec<Entry>,
}

/// A storage or a stream.
struct Entry {
    name: String,
    is_storage: bool,
    children: Vec<usize>,
    links: [u32; 3],
    start: u32,
    size: usize,
}

/// Number of an entry: 0 is the root.
pub(crate) type Number = usize;

pub(crate) fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

pub(crate) fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn numbers(octets: &[u8]) -> impl Iterator<Item = u32> {
    let (chunks, _) = octets.as_chunks::<4>();
    chunks.iter().map(|chunk| u32::from_le_bytes(*chunk))
}

impl<'f> Compound<'f> {
    /// Reads the directory.
    pub(crate) fn open(file: &'f [u8]) -> Option<Self> {
        if !file.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return None;
        }
        let sector = match u16_at(file, 30)? {
            9 => 512,
            12 => 4_096,
            _ => return None,
        };
        let mut compound = Self {
            file,
            sector,
            table: Vec::new(),
            small_table: Vec::new(),
            small: Vec::new(),
            entries: Vec::new(),
        };
        compound.read_table()?;
        let directory = compound.chain(u32_at(file, 48)?, ENTRIES_MAX.saturating_mul(ENTRY));
        compound.entries = directory.chunks_exact(ENTRY).filter_map(Entry::read).collect();
        compound.small_table = numbers(&compound.chain(u32_at(file, 60)?, file.len())).collect();
        let root = compound.entries.first()?;
        compound.small = compound.chain(root.start, root.size);
        compound.join();
        Some(compound)
    }

    /// The sectors that hold the table are listed in the header and in a chain of sectors.
    fn read_table(&mut self) -> Option<()> {
        let mut listed: Vec<u32> = numbers(self.file.get(76..512)?).collect();
        let mut next = u32_at(self.file, 68)?;
        let sectors = self.file.len().checked_div(self.sector)?;
        for _ in 0..sectors {
            let Some((list, link)) = self.sector_at(next).and_then(|octets| octets.split_last_chunk::<4>())
            else {
                break;
            };
            listed.extend(numbers(list));
            next = u32::from_le_bytes(*link);
        }
        for number in listed.into_iter().take(sectors) {
            if let Some(octets) = self.sector_at(number) {
                self.table.extend(numbers(octets));
            }
        }
        Some(())
    }

    /// Where a sector lies; the last of a file may be cut.
    fn place(&self, number: u32) -> Option<Range<usize>> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let end = start.checked_add(self.sector)?.min(self.file.len());
        (start < end).then_some(start..end)
    }

    fn sector_at(&self, number: u32) -> Option<&'f [u8]> {
        self.file.get(self.place(number)?)
    }

    /// Where the sectors of a chain lie, until together they hold `most` octets.
    fn chain_places(&self, start: u32, most: usize) -> Vec<Range<usize>> {
        let most = most.min(self.file.len());
        let (mut places, mut held) = (Vec::new(), 0_usize);
        let mut number = start;
        for _ in 0..self.table.len() {
            let Some(place) = self.place(number).filter(|_| held < most) else { break };
            held = held.saturating_add(place.len());
            places.push(place);
            number =
                usize::try_from(number).ok().and_then(|n| self.table.get(n)).copied().unwrap_or(u32::MAX);
        }
        places
    }

    /// The octets of a chain of sectors, at most `most`.
    fn chain(&self, start: u32, most: usize) -> Vec<u8> {
        self.read(&self.chain_places(start, most), most.min(self.file.len()))
    }

    /// Where the small sectors of a chain lie among the small sectors, until together they hold `size` octets.
    fn small_places(&self, start: u32, size: usize) -> Vec<Range<usize>> {
        let (mut places, mut held) = (Vec::new(), 0_usize);
        let mut number = start;
        for _ in 0..self.small_table.len() {
            let Some(place) = usize::try_from(number).ok().filter(|_| held < size) else { break };
            let at = place.saturating_mul(SMALL_SECTOR);
            let end = at.saturating_add(SMALL_SECTOR).min(self.small.len());
            if at > end {
                break;
            }
            held = held.saturating_add(end.saturating_sub(at));
            places.push(at..end);
            number = self.small_table.get(place).copied().unwrap_or(u32::MAX);
        }
        places
    }

    /// The octets at these places, at most `most`.
    fn read(&self, places: &[Range<usize>], most: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        for place in places {
            octets.extend_from_slice(self.file.get(place.clone()).unwrap_or_default());
        }
        octets.truncate(most);
        octets
    }

    /// Puts every entry into its storage: siblings hang in trees.
    fn join(&mut self) {
        let mut taken = BTreeSet::from([0_usize]);
        let mut storages = vec![0_usize];
        while let Some(storage) = storages.pop() {
            let Some([_, _, first]) = self.entries.get(storage).map(|entry| entry.links) else { continue };
            let mut waiting = vec![first];
            let mut children = Vec::new();
            while let Some(number) = waiting.pop() {
                let Ok(number) = usize::try_from(number) else { continue };
                let Some(entry) = self.entries.get(number).filter(|_| taken.insert(number)) else { continue };
                let [left, right, _] = entry.links;
                waiting.extend([left, right]);
                children.push(number);
                if entry.is_storage {
                    storages.push(number);
                }
            }
            children.sort_unstable();
            if let Some(entry) = self.entries.get_mut(storage) {
                entry.children = children;
            }
        }
    }

    /// The storages in a storage whose names begin so, in the order of their names.
    pub(crate) fn storages(&self, of: Number, prefix: &str) -> Vec<Number> {
        let children = self.entries.get(of).map(|entry| entry.children.as_slice()).unwrap_or_default();
        let mut found: Vec<(&str, Number)> = children
            .iter()
            .filter_map(|&number| {
                let entry = self.entries.get(number)?;
                (entry.is_storage && entry.name.starts_with(prefix)).then_some((entry.name.as_str(), number))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// The names and sizes of the streams in a storage.
    pub(crate) fn streams(&self, of: Number) -> impl Iterator<Item = (&str, usize, Number)> {
        let children = self.entries.get(of).map(|entry| entry.children.as_slice()).unwrap_or_default();
        children.iter().filter_map(|&number| {
            let entry = self.entries.get(number)?;
            (!entry.is_storage).then_some((entry.name.as_str(), entry.size, number))
        })
    }

    /// The octets of a stream.
    pub(crate) fn stream(&self, number: Number) -> Option<Vec<u8>> {
        let entry = self.entries.get(number)?;
        let size = entry.size.min(self.file.len());
        if size >= SMALL_STREAM {
            return Some(self.chain(entry.start, size));
        }
        let mut octets = Vec::new();
        for place in self.small_places(entry.start, size) {
            octets.extend_from_slice(self.small.get(place).unwrap_or_default());
        }
        octets.truncate(size);
        Some(octets)
    }

    /// Writes over a stream in a copy of the file, where it was read from; what is longer than the stream is left out.
    pub(crate) fn write_over(&self, number: Number, octets: &[u8], copy: &mut [u8]) -> Option<()> {
        let entry = self.entries.get(number)?;
        let size = entry.size.min(self.file.len());
        let mut rest = octets.get(..size).unwrap_or(octets);
        let places = if size >= SMALL_STREAM {
            self.chain_places(entry.start, size)
        } else {
            let root = self.entries.first()?;
            let sectors = self.chain_places(root.start, root.size);
            let in_file = |small: Range<usize>| {
                // Sectors are of one size, but for the last of a file.
                let sector = sectors.get(small.start.checked_div(self.sector)?)?;
                let start = sector.start.checked_add(small.start.checked_rem(self.sector)?)?;
                Some(start..start.checked_add(small.len())?.min(sector.end))
            };
            self.small_places(entry.start, size).into_iter().map_while(in_file).collect()
        };
        for place in places {
            let room = copy.get_mut(place)?;
            let (written, later) = rest.split_at_checked(room.len()).unwrap_or((rest, &[]));
            room.get_mut(..written.len())?.copy_from_slice(written);
            rest = later;
        }
        Some(())
    }

    /// Gives a stream another name of the same length in a copy of the file: its place in the directory, which is
    /// ordered by length first, remains that of the old one as long as no neighbour has this length.
    pub(crate) fn rename(&self, number: Number, name: &str, copy: &mut [u8]) -> Option<()> {
        self.entries.get(number).filter(|entry| entry.name.len() == name.len())?;
        let directory = self.chain_places(u32_at(self.file, 48)?, ENTRIES_MAX.saturating_mul(ENTRY));
        let at = number.checked_mul(ENTRY)?;
        let sector = directory.get(at.checked_div(self.sector)?)?;
        let start = sector.start.checked_add(at.checked_rem(self.sector)?)?;
        let room = copy.get_mut(start..start.checked_add(ENTRY)?)?;
        for (place, letter) in room.as_chunks_mut::<2>().0.iter_mut().zip(name.bytes()) {
            *place = u16::from(letter).to_le_bytes();
        }
        Some(())
    }
}

impl Entry {
    fn read(octets: &[u8]) -> Option<Self> {
        let length = usize::from(u16_at(octets, 64)?).min(64);
        let (units, _) = octets.get(..length)?.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
        let name = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Some(Self {
            name,
            is_storage: matches!(octets.get(66), Some(1 | 5)),
            children: Vec::new(),
            links: [u32_at(octets, 68)?, u32_at(octets, 72)?, u32_at(octets, 76)?],
            start: u32_at(octets, 116)?,
            size: usize::try_from(u32_at(octets, 120)?).ok()?,
        })
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "figures of test files")]
pub(crate) mod tests {
    use super::*;

    const END: u32 = 0xffff_fffe;
    const FREE: u32 = 0xffff_ffff;

    /// A file of streams in its root; those below 4,096 octets lie in the small sectors, and sectors of all streams lie
    /// in turns.
    pub(crate) fn file(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let number = |n: usize| u32::try_from(n).unwrap();
        let (mut small, mut small_table, mut big) = (Vec::new(), Vec::new(), Vec::new());
        let mut starts = Vec::new();
        for (_, octets) in streams {
            if octets.len() < SMALL_STREAM {
                starts.push(number(small_table.len()));
                let count = octets.len().div_ceil(SMALL_SECTOR);
                small_table.extend((1..count).map(|n| number(small_table.len() + n)).collect::<Vec<_>>());
                small_table.push(END);
                small.extend_from_slice(octets);
                small.resize(small_table.len() * SMALL_SECTOR, 0);
            } else {
                starts.push(number(big.len()));
                big.push(octets.to_vec());
            }
        }
        let mut entries = vec![entry("Root Entry", 5, FREE, 1, 0, small.len())];
        for (at, ((name, octets), start)) in streams.iter().zip(&starts).enumerate() {
            let next = if at + 1 < streams.len() { number(at + 2) } else { FREE };
            entries.push(entry(name, 2, next, FREE, *start, octets.len()));
        }
        let bare: Vec<u8> = small_table.iter().flat_map(|next: &u32| next.to_le_bytes()).collect();
        // The small sectors, their table and the directory are chains like the big streams.
        big.extend([small, bare, entries.concat()]);
        let chunks: Vec<Vec<Vec<u8>>> = big
            .iter()
            .map(|octets| {
                octets.chunks(512).map(|chunk| [chunk, &[0; 512][chunk.len()..]].concat()).collect()
            })
            .collect();
        let (mut table, mut sectors, mut last) = (Vec::new(), Vec::new(), vec![END; big.len()]);
        let mut first = last.clone();
        for turn in 0..chunks.iter().map(Vec::len).max().unwrap_or_default() {
            for (chain, chunks) in chunks.iter().enumerate() {
                let Some(chunk) = chunks.get(turn) else { continue };
                let place = table.len();
                match usize::try_from(last[chain]).ok().filter(|_| last[chain] != END) {
                    Some(before) => table[before] = number(place),
                    None => first[chain] = number(place),
                }
                last[chain] = number(place);
                table.push(END);
                sectors.extend_from_slice(chunk);
            }
        }
        let count = big.len();
        // Where the big streams and the small sectors begin is known only now.
        let directory_sectors: Vec<usize> = std::iter::successors(Some(first[count - 1]), |&at| {
            Some(table[usize::try_from(at).unwrap()]).filter(|next| *next != END)
        })
        .map(|at| usize::try_from(at).unwrap())
        .collect();
        let mut put = |entry: usize, start: u32| {
            let at = directory_sectors[entry / 4] * 512 + entry % 4 * ENTRY + 116;
            sectors[at..at + 4].copy_from_slice(&start.to_le_bytes());
        };
        put(0, first[count - 3]);
        for (at, ((_, octets), start)) in streams.iter().zip(&starts).enumerate() {
            if octets.len() >= SMALL_STREAM {
                put(at + 1, first[usize::try_from(*start).unwrap()]);
            }
        }
        let mut head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        head.resize(512, 0);
        head[30] = 9;
        for (at, start) in
            [(48, first[count - 1]), (60, first[count - 2]), (68, END), (76, number(table.len()))]
        {
            head[at..at + 4].copy_from_slice(&start.to_le_bytes());
        }
        head[80..].fill(0xff);
        table.resize(128, FREE);
        [head, sectors, table.iter().flat_map(|next| next.to_le_bytes()).collect()].concat()
    }

    fn entry(name: &str, kind: u8, next: u32, child: u32, start: u32, size: usize) -> Vec<u8> {
        let mut octets: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(octets.len() + 2).unwrap();
        octets.resize(64, 0);
        octets.extend(length.to_le_bytes());
        octets.extend([kind, 1, 0xff, 0xff, 0xff, 0xff]);
        octets.extend(next.to_le_bytes());
        octets.extend(child.to_le_bytes());
        octets.resize(116, 0);
        octets.extend(start.to_le_bytes());
        octets.extend(u64::try_from(size).unwrap().to_le_bytes());
        octets
    }

    /// The stream of a name.
    pub(crate) fn stream(octets: &[u8], wanted: &str) -> Option<Vec<u8>> {
        let file = Compound::open(octets)?;
        let (_, _, number) = file.streams(0).find(|(name, ..)| *name == wanted)?;
        file.stream(number)
    }

    #[test]
    fn a_stream_is_written_over_and_renamed_in_its_place_alone() {
        let streams = [("a", 1_000), ("bb", 5_000), ("cc", 4_096), ("d", 65), ("e", 0)];
        let before: Vec<(&str, Vec<u8>)> =
            streams.iter().map(|(name, size)| (*name, vec![name.as_bytes()[0]; *size])).collect();
        let all: Vec<(&str, &[u8])> =
            before.iter().map(|(name, octets)| (*name, octets.as_slice())).collect();
        let octets = file(&all);
        let mut ran = 0;
        for (name, content) in &before {
            let compound = Compound::open(&octets).unwrap();
            let (_, _, number) = compound.streams(0).find(|(named, ..)| named == name).unwrap();
            let mut copy = octets.clone();
            // Longer than the stream by one.
            compound.write_over(number, &vec![b'#'; content.len() + 1], &mut copy).unwrap();
            for (other, content) in &before {
                let expected = if other == name { vec![b'#'; content.len()] } else { content.clone() };
                assert!(stream(&copy, other) == Some(expected), "{name} {other}");
            }
            if content.len() < SMALL_STREAM && !content.is_empty() {
                compound.rename(number, "z", &mut copy).unwrap();
                assert!(stream(&copy, name).is_none() && stream(&copy, "z").is_some());
                assert!(compound.rename(number, "zz", &mut copy).is_none());
            }
            ran += 1;
        }
        assert_eq!(ran, 5);
    }
}
