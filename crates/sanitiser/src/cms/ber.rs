//! Elements of BER (ITU-T X.690): tags of one octet, definite and indefinite lengths.

use policy::{Budget, FindingCode};

/// Deepest element whose end must be looked for.
const DEPTH_MAX: u32 = 40;
const CONSTRUCTED: u8 = 0x20;

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'c> {
    tag: u8,
    content: &'c [u8],
}

impl<'c> Element<'c> {
    /// The content of a constructed element of this tag.
    pub(super) fn constructed(self, tag: u8) -> Option<&'c [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// The content of a primitive element of this tag.
    pub(super) fn primitive(self, tag: u8) -> Option<&'c [u8]> {
        (self.tag == tag).then_some(self.content)
    }

    /// A character string of any kind.
    pub(super) fn text(self) -> String {
        match self.tag {
            0x1e => {
                let (units, _) = self.content.as_chunks::<2>();
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            0x0c | 0x12 | 0x13 | 0x16 | 0x1a => String::from_utf8_lossy(self.content).into_owned(),
            0x14 => self.content.iter().map(|octet| char::from(*octet)).collect(),
            _ => String::new(),
        }
    }
}

/// Reads elements and spends them.
pub(super) struct Reader<'c, 'b> {
    octets: &'c [u8],
    budget: &'b mut Budget,
    exhausted: Option<FindingCode>,
}

impl<'c, 'b> Reader<'c, 'b> {
    pub(super) fn new(octets: &'c [u8], budget: &'b mut Budget) -> Self {
        Self { octets, budget, exhausted: None }
    }

    pub(super) fn exhausted(&self) -> Option<FindingCode> {
        self.exhausted
    }

    /// The first element of all octets.
    pub(super) fn only(&mut self) -> Option<Element<'c>> {
        Some(self.element(self.octets, 0)?.0)
    }

    /// The elements in a content.
    pub(super) fn children(&mut self, mut content: &'c [u8]) -> Option<Vec<Element<'c>>> {
        let mut children = Vec::new();
        while !content.is_empty() && !content.starts_with(&[0, 0]) {
            let (element, rest) = self.element(content, 0)?;
            children.push(element);
            content = rest;
        }
        Some(children)
    }

    /// An octet string, put together from its pieces.
    pub(super) fn octet_string(&mut self, element: Element<'c>) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let mut waiting = vec![element];
        while let Some(element) = waiting.pop() {
            match element.tag {
                0x04 => {
                    let size = u64::try_from(element.content.len()).unwrap_or(u64::MAX);
                    if let Err(exhausted) = self.budget.spend_unpacked(size) {
                        self.exhausted = Some(exhausted.0);
                        return None;
                    }
                    octets.extend_from_slice(element.content);
                }
                0x24 => waiting.extend(self.children(element.content)?.into_iter().rev()),
                _ => return None,
            }
        }
        Some(octets)
    }

    /// One element and what follows it.
    fn element(&mut self, octets: &'c [u8], depth: u32) -> Option<(Element<'c>, &'c [u8])> {
        if let Err(exhausted) = self.budget.spend_nodes(1) {
            self.exhausted = Some(exhausted.0);
            return None;
        }
        let (&tag, rest) = octets.split_first()?;
        // Tags of several octets stand in nothing that is read here.
        if tag & 0x1f == 0x1f || depth > DEPTH_MAX {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        if first == 0x80 {
            return self.indefinite(tag, rest, depth);
        }
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length
                .iter()
                .try_fold(0_usize, |sum, octet| sum.checked_mul(256)?.checked_add(usize::from(*octet)))?;
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some((Element { tag, content }, rest))
    }

    /// The content of an element that ends with two zero octets: its children are stepped over to find them.
    fn indefinite(&mut self, tag: u8, start: &'c [u8], depth: u32) -> Option<(Element<'c>, &'c [u8])> {
        if tag & CONSTRUCTED == 0 {
            return None;
        }
        let mut rest = start;
        loop {
            if let Some(after) = rest.strip_prefix(&[0, 0]) {
                let length = start.len().checked_sub(rest.len())?;
                return Some((Element { tag, content: start.get(..length)? }, after));
            }
            rest = self.element(rest, depth.saturating_add(1))?.1;
        }
    }
}
