//! Turns the octets after `354` into the message, and finds its end (RFC 5321 §4.1.1.4, §4.5.2).
//!
//! *Security.* Given arbitrary octets in arbitrary pieces. The end is `CR LF . CR LF` and nothing else, where the
//! CRLF of the `DATA` command counts as the first one; every other CR, LF or dot is data, so no second transaction
//! can hide in a message that another server took for one. Memory is the message up to its limit; once a message is
//! to be refused its octets are dropped and the rest is counted only.

use crate::ask::LineEnds;
use crate::reply::{self, Reply};
use crate::settings::{Settings, StrayLineEnds};

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const LINE_OCTETS_RECOMMENDED: u64 = 998;

/// Where we are between line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// After CRLF, or after 354.
    LineStart,
    /// After `CRLF .`
    Dot,
    /// After `CRLF . CR`
    DotCr,
    /// Inside a line; after a stray LF too, which starts a line in the text but none in the protocol.
    Text,
    /// After one or more CR, not yet known to be stray.
    Cr,
}

/// The receiver of one message's data.
#[derive(Debug)]
pub(crate) struct Data {
    state: State,
    pending_crs: u64,
    octets: Vec<u8>,
    octets_counted: u64,
    line_octets: u64,
    line_ends: LineEnds,
    header: HeaderWatch,
    faults: Faults,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    size_octets: u64,
    line_octets: u64,
    received_fields: u64,
    stray: StrayLineEnds,
}

/// What makes a message refused; all are gathered so that the reply does not depend on how the octets were split.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    too_large: bool,
    nul: bool,
    stray: bool,
    long_line: bool,
    looping: bool,
    no_room: bool,
}

impl Data {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            state: State::LineStart,
            pending_crs: 0,
            octets: Vec::new(),
            octets_counted: 0,
            line_octets: 0,
            line_ends: LineEnds::default(),
            header: HeaderWatch::new(),
            faults: Faults::default(),
            limits: Limits {
                size_octets: settings.size_octets_max,
                line_octets: settings.data_line_octets_max,
                received_fields: settings.received_fields_max,
                stray: settings.stray_line_ends,
            },
        }
    }

    /// Takes octets up to the end of data. Gives how many were taken, and whether the end was among them.
    pub(crate) fn feed(&mut self, input: &[u8]) -> (usize, bool) {
        let mut rest = input;
        while let Some((&octet, tail)) = rest.split_first() {
            match (self.state, octet) {
                (State::LineStart, b'.') => self.state = State::Dot,
                (State::Dot, CR) => self.state = State::DotCr,
                (State::DotCr, LF) => return (input.len().saturating_sub(tail.len()), true),
                (State::DotCr, _) => {
                    // The dot was stuffing, its CR is one that waits to be judged; the octet is looked at again.
                    (self.state, self.pending_crs) = (State::Cr, 1);
                    continue;
                }
                (State::Cr, CR) => {
                    self.pending_crs = self.pending_crs.saturating_add(1);
                    self.lengthen_line(1);
                }
                (State::Cr, LF) => {
                    // CR CR LF is one line end written badly, not an empty line.
                    self.stray_cr(self.pending_crs.saturating_sub(1));
                    self.end_line();
                    self.state = State::LineStart;
                }
                (State::Cr, _) => {
                    self.stray_cr(self.pending_crs);
                    self.end_lines(self.pending_crs);
                    self.state = State::Text;
                    continue;
                }
                (State::LineStart | State::Text, CR) => (self.state, self.pending_crs) = (State::Cr, 1),
                (State::LineStart | State::Dot | State::Text, LF) => {
                    self.line_ends.stray_lf = self.line_ends.stray_lf.saturating_add(1);
                    self.faults.stray |= self.limits.stray == StrayLineEnds::Reject;
                    self.end_line();
                    self.state = State::Text;
                }
                (State::LineStart | State::Dot | State::Text, _) => {
                    let length = rest.iter().position(|&b| b == CR || b == LF).unwrap_or(rest.len());
                    let (run, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    self.text(run);
                    self.state = State::Text;
                    rest = after;
                    continue;
                }
            }
            rest = tail;
        }
        (input.len(), false)
    }

    /// Octets of memory held.
    pub(crate) fn held(&self) -> u64 {
        u64::try_from(self.octets.capacity()).unwrap_or(u64::MAX)
    }

    /// There is no memory for the rest: it will be counted, not kept, and answered 452.
    pub(crate) fn give_up_for_room(&mut self) {
        self.faults.no_room = true;
        self.octets = Vec::new();
    }

    /// The message, or why it is refused.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, LineEnds), Reply> {
        let faults = self.faults;
        let refusals = [
            (faults.too_large, reply::TOO_LARGE),
            (faults.looping, reply::LOOP),
            (faults.nul, reply::NUL),
            (faults.long_line, reply::LONG_LINE),
            (faults.stray, reply::STRAY),
            (faults.no_room, reply::NO_ROOM),
        ];
        match refusals.into_iter().find(|(found, _)| *found) {
            Some((_, refusal)) => Err(refusal),
            None => Ok((self.octets, self.line_ends)),
        }
    }

    fn text(&mut self, run: &[u8]) {
        self.faults.nul |= run.contains(&0);
        self.lengthen_line(run.len());
        self.header.text(run);
        self.keep(run);
    }

    fn lengthen_line(&mut self, octets: usize) {
        let before = self.line_octets;
        self.line_octets = before.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        if before <= LINE_OCTETS_RECOMMENDED && self.line_octets > LINE_OCTETS_RECOMMENDED {
            self.line_ends.long_lines = self.line_ends.long_lines.saturating_add(1);
        }
        self.faults.long_line |= self.line_octets > self.limits.line_octets;
    }

    fn stray_cr(&mut self, count: u64) {
        if count > 0 {
            self.line_ends.stray_cr = self.line_ends.stray_cr.saturating_add(count);
            self.faults.stray |= self.limits.stray == StrayLineEnds::Reject;
        }
    }

    fn end_lines(&mut self, count: u64) {
        for _ in 0..count {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.line_octets = 0;
        self.header.end_line();
        self.faults.looping |= self.header.received_fields > self.limits.received_fields;
        self.keep(b"\r\n");
    }

    fn keep(&mut self, run: &[u8]) {
        self.octets_counted =
            self.octets_counted.saturating_add(u64::try_from(run.len()).unwrap_or(u64::MAX));
        self.faults.too_large |= self.octets_counted > self.limits.size_octets;
        if self.faults.any() {
            self.octets = Vec::new();
        } else {
            self.octets.extend_from_slice(run);
        }
    }
}

impl Faults {
    const fn any(self) -> bool {
        self.too_large || self.nul || self.stray || self.long_line || self.looping || self.no_room
    }
}

/// Counts Received fields up to the first empty line. A hop writes its field at the top, in its own hand, so looking
/// at the first octets of each line is enough; no parser is involved.
#[derive(Debug)]
struct HeaderWatch {
    place: Place,
    line_is_empty: bool,
    received_fields: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// The rest of the name `received` that this line must still show.
    Name(&'static [u8]),
    /// Elsewhere in a line of the header section.
    Value,
    /// After the first empty line.
    Body,
}

const RECEIVED: &[u8] = b"received";

impl HeaderWatch {
    const fn new() -> Self {
        Self { place: Place::Name(RECEIVED), line_is_empty: true, received_fields: 0 }
    }

    fn text(&mut self, run: &[u8]) {
        self.line_is_empty &= run.is_empty();
        for octet in run {
            let Place::Name(rest) = self.place else { return };
            self.place = match (rest.split_first(), octet) {
                (Some((expected, rest)), octet) if octet.eq_ignore_ascii_case(expected) => Place::Name(rest),
                (None, b' ' | b'\t') => Place::Name(rest),
                (None, b':') => {
                    self.received_fields = self.received_fields.saturating_add(1);
                    Place::Value
                }
                (None | Some(_), _) => Place::Value,
            };
        }
    }

    fn end_line(&mut self) {
        self.place = match self.place {
            Place::Body => Place::Body,
            Place::Name(_) | Place::Value if self.line_is_empty => Place::Body,
            Place::Name(_) | Place::Value => Place::Name(RECEIVED),
        };
        self.line_is_empty = true;
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own making")]
#[path = "data_tests.rs"]
mod tests;
