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
