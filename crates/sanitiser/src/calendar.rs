//! iCalendar (RFC 5545, RFC 5546) becomes what a reader wants to know, and a calendar written anew.
//!
//! *Security.* The new calendar holds allow-listed components, properties and parameters only, each value checked by
//! its type: no alarm, attachment, address to open, alternative text or private property. Texts pass the text filter.
//! Linear; lines are spent as nodes. Components at most 8 deep, calendars of more than 10,000 lines are refused.

use crate::Rewritten;
use crate::content_line::{self, ContentLine};
use crate::text;
use mail::MediaType;
use mail::charset;
use policy::{Action, Budget, FindingCode, Findings};

/// Deepest component.
const DEPTH_MAX: usize = 8;
/// Most lines.
const LINES_MAX: usize = 10_000;

/// What a reader wants to know, for the sentences of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalendarText {
    /// `REQUEST`, `CANCEL`, `REPLY` …; empty when there is none.
    pub method: String,
    /// Events, tasks and journal entries in their order.
    pub entries: Vec<Entry>,
}

/// One event, task or journal entry; texts are filtered, missing ones empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// `SUMMARY`, one line.
    pub summary: String,
    /// Start as `2026-04-01 10:00 (Asia/Tokyo)`.
    pub start: String,
    /// End, inclusive of the day for whole days, or the duration as written.
    pub end: String,
    /// `LOCATION`, one line.
    pub location: String,
    /// Organizer: name and address.
    pub organizer: String,
    /// Attendees: name and address each.
    pub attendees: Vec<String>,
    /// Recurrence rule as written.
    pub recurrence: String,
    /// `STATUS` as written, such as `CANCELLED`.
    pub status: String,
    /// `DESCRIPTION`, several lines.
    pub description: String,
}

/// How a value is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    /// Dates, times, periods, durations, offsets, numbers, recurrence rules: a small set of characters.
    Token,
    /// `mailto:` addresses.
    Person,
}

/// The type of an allow-listed property.
fn property(name: &str) -> Option<Type> {
    Some(match name {
        "SUMMARY" | "DESCRIPTION" | "LOCATION" | "COMMENT" | "CONTACT" | "CATEGORIES" | "UID" | "TZID"
        | "TZNAME" | "RESOURCES" | "REQUEST-STATUS" => Type::Text,
        "DTSTART" | "DTEND" | "DTSTAMP" | "DUE" | "COMPLETED" | "CREATED" | "LAST-MODIFIED" | "DURATION"
        | "RRULE" | "RDATE" | "EXDATE" | "RECURRENCE-ID" | "SEQUENCE" | "PRIORITY" | "PERCENT-COMPLETE"
        | "STATUS" | "TRANSP" | "CLASS" | "TZOFFSETFROM" | "TZOFFSETTO" | "FREEBUSY" | "CALSCALE"
        | "METHOD" => Type::Token,
        "ORGANIZER" | "ATTENDEE" => Type::Person,
        _ => return None,
    })
}

fn is_component(name: &str) -> bool {
    matches!(
        name,
        "VCALENDAR" | "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE" | "STANDARD" | "DAYLIGHT"
    )
}

fn is_parameter(name: &str) -> bool {
    matches!(
        name,
        "TZID" | "VALUE" | "CN" | "ROLE" | "PARTSTAT" | "RSVP" | "CUTYPE" | "LANGUAGE" | "RANGE" | "FBTYPE"
    )
}

/// Whether no line of a value, as a program shows it, is one on which it would act.
fn is_inert(line: &str) -> bool {
    content_line::unescaped(line).split('\n').all(text::is_inert)
}

fn is_token(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-=;,/:".contains(&b))
}

/// `mailto:` and an address of printable ASCII.
fn address(value: &str) -> Option<&str> {
    let head = value.get(..7)?;
    let address = value.get(7..).filter(|_| head.eq_ignore_ascii_case("mailto:"))?.trim();
    let sound =
        address.contains('@') && address.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\,;:?".contains(&b));
    sound.then_some(address)
}

/// Reads a calendar; gives the words for the reader and the calendar written anew.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<(CalendarText, Rewritten), FindingCode> {
    budget.spend_text(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
    let decoded = charset::decode(&content_line::unfolded(octets), label);
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    findings.add_many(FindingCode::CharsetLoss, decoded.loss, decoded.used);
    let mut writer = Writer::default();
    for (index, line) in decoded.text.lines().enumerate() {
        budget.spend_nodes(1).map_err(|e| e.0)?;
        if index >= LINES_MAX {
            return Err(FindingCode::LimitNodes);
        }
        match content_line::parse(line) {
            Some(line) => writer.line(&line, findings)?,
            None => writer.dropped = writer.dropped.saturating_add(1),
        }
    }
    if !writer.stack.is_empty() || writer.out.is_empty() {
        return Err(FindingCode::Unreadable);
    }
    findings.add_many(FindingCode::CalendarReduced, writer.dropped, "");
    let rewritten = Rewritten {
        octets: writer.out.into_bytes(),
        media_type: MediaType::known("text/calendar"),
        extension: "ics",
        charset: Some("UTF-8"),
        action: Action::Rebuild,
    };
    Ok((writer.words, rewritten))
}

#[derive(Default)]
struct Writer {
    out: String,
    stack: Vec<String>,
    /// Depth inside a component that is left out.
    skipped: usize,
    dropped: u32,
    words: CalendarText,
}

impl Writer {
    fn line(&mut self, line: &ContentLine, findings: &mut Findings) -> Result<(), FindingCode> {
        let value = line.value.trim().to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" => self.begin(&value),
            "END" => self.end(&value),
            _ if self.skipped > 0 || self.stack.is_empty() => Ok(()),
            // Ours stand there already.
            "VERSION" | "PRODID" => Ok(()),
            name => {
                let Some(kind) = property(name) else {
                    self.dropped = self.dropped.saturating_add(1);
                    return Ok(());
                };
                self.property(line, kind, findings);
                Ok(())
            }
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), FindingCode> {
        if self.skipped > 0 || !is_component(name) || (self.stack.is_empty() != (name == "VCALENDAR")) {
            self.skipped = self.skipped.saturating_add(1);
            self.dropped = self.dropped.saturating_add(u32::from(self.skipped == 1));
            return Ok(());
        }
        if self.stack.len() >= DEPTH_MAX {
            return Err(FindingCode::LimitNodes);
        }
        self.stack.push(name.to_owned());
        content_line::push(&mut self.out, &format!("BEGIN:{name}"));
        match name {
            "VCALENDAR" => self.out.push_str("VERSION:2.0\r\nPRODID:-//Sekisho//NONSGML Sekisho//JA\r\n"),
            "VEVENT" | "VTODO" | "VJOURNAL" => self.words.entries.push(Entry::default()),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), FindingCode> {
        if self.skipped > 0 {
            self.skipped = self.skipped.saturating_sub(1);
            return Ok(());
        }
        if self.stack.pop().as_deref() != Some(name) {
            return Err(FindingCode::Unreadable);
        }
        content_line::push(&mut self.out, &format!("END:{name}"));
        Ok(())
    }

    fn property(&mut self, line: &ContentLine, kind: Type, findings: &mut Findings) {
        let mut head = line.name.clone();
        for (name, value) in &line.parameters {
            if is_parameter(name) && !value.is_empty() {
                let value = text::filter_line(value, findings);
                head.push_str(&format!(";{name}={}", content_line::parameter_value(&value)));
            }
        }
        let value = match kind {
            Type::Token if is_token(line.value.trim()) => line.value.trim().to_owned(),
            Type::Person => match address(line.value.trim()) {
                Some(address) => format!("mailto:{address}"),
                None => String::new(),
            },
            Type::Text => {
                let lists = matches!(line.name.as_str(), "CATEGORIES" | "RESOURCES" | "REQUEST-STATUS");
                let mark = if line.name == "REQUEST-STATUS" { ';' } else { ',' };
                let pieces = if lists {
                    content_line::components(&line.value, mark)
                } else {
                    vec![line.value.as_str()]
                };
                let clean = |piece: &str, findings: &mut Findings| {
                    content_line::escaped(&text::filter_spent(&content_line::unescaped(piece), findings))
                };
                let written: Vec<_> = pieces.into_iter().map(|piece| clean(piece, findings)).collect();
                written.join(if mark == ';' { ";" } else { "," })
            }
            Type::Token => String::new(),
        };
        if value.is_empty() {
            self.dropped = self.dropped.saturating_add(u32::from(!line.value.trim().is_empty()));
            return;
        }
        // A parameter that ends like a scheme becomes an address together with the colon behind it.
        let mut whole = format!("{head}:{value}");
        if !is_inert(&whole) {
            whole = format!("{}:{value}", line.name);
        }
        if !is_inert(&whole) {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        content_line::push(&mut self.out, &whole);
        self.tell(line, &value);
    }

    /// Takes the words for the reader from a written value.
    fn tell(&mut self, line: &ContentLine, value: &str) {
        if self.stack.len() == 1 && line.name == "METHOD" {
            self.words.method = value.to_owned();
        }
        let in_entry =
            self.stack.last().is_some_and(|c| matches!(c.as_str(), "VEVENT" | "VTODO" | "VJOURNAL"));
        let Some(entry) = self.words.entries.last_mut().filter(|_| in_entry) else { return };
        let plain = || content_line::unescaped(value);
        let one_line = || plain().split_whitespace().collect::<Vec<_>>().join(" ");
        match line.name.as_str() {
            "SUMMARY" => entry.summary = one_line(),
            "LOCATION" => entry.location = one_line(),
            "DESCRIPTION" => entry.description = plain(),
            "DTSTART" => entry.start = readable(value, line.parameter("TZID")),
            "DTEND" | "DUE" => entry.end = readable_end(value, line.parameter("TZID")),
            "DURATION" => entry.end = value.to_owned(),
            "RRULE" => entry.recurrence = value.to_owned(),
            "STATUS" => entry.status = value.to_owned(),
            "ORGANIZER" => entry.organizer = person(line, value),
            "ATTENDEE" => entry.attendees.push(person(line, value)),
            _ => {}
        }
    }
}

fn person(line: &ContentLine, value: &str) -> String {
    let address = value.strip_prefix("mailto:").unwrap_or(value);
    let name =
        line.parameter("CN").map(|name| text::filter_line(name, &mut Findings::new())).unwrap_or_default();
    if name.is_empty() || name == address { address.to_owned() } else { format!("{name} <{address}>") }
}

/// `20260401T100000` as `2026-04-01 10:00`, with the zone as it is named.
fn readable(value: &str, zone: Option<&str>) -> String {
    let Some(date) = date_of(value) else { return value.to_owned() };
    let Some(clock) = value.get(9..13) else { return date };
    let (hour, minute) = clock.split_at_checked(2).unwrap_or((clock, ""));
    let zone = if value.ends_with('Z') { "UTC" } else { zone.unwrap_or_default() };
    let zone = text::filter_line(zone, &mut Findings::new());
    let zone = if zone.is_empty() { zone } else { format!(" ({zone})") };
    format!("{date} {hour}:{minute}{zone}")
}

fn date_of(value: &str) -> Option<String> {
    let digits = value.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?))
}

/// The end of whole days is written as the day after (RFC 5545 §3.6.1): readers expect the last day.
fn readable_end(value: &str, zone: Option<&str>) -> String {
    if value.len() != 8 {
        return readable(value, zone);
    }
    let part = |from: usize, to: usize| value.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else {
        return value.to_owned();
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (year, month, day) = match (month, day) {
        (_, 2..) => (year, month, day.saturating_sub(1)),
        (1, _) => (year.saturating_sub(1), 12, 31),
        (3, _) => (year, 2, if leap { 29 } else { 28 }),
        (5 | 7 | 10 | 12, _) => (year, month.saturating_sub(1), 30),
        _ => (year, month.saturating_sub(1), 31),
    };
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(input: &str) -> (Result<(CalendarText, String), FindingCode>, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(input.as_bytes(), None, &mut budget, &mut findings);
        (written.map(|(words, w)| (words, String::from_utf8(w.octets).unwrap())), findings)
    }

    #[test]
    fn an_invitation_keeps_what_a_calendar_needs() {
        let input = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nX-WR-CALNAME:y\r\nBEGIN:VEVENT\r\n\
            UID:1@x\r\nDTSTART;TZID=Asia/Tokyo;X-A=b:20260401T100000\r\nDTEND;TZID=Asia/Tokyo:20260401T113000\r\n\
            SUMMARY:連絡\r\n 会議\r\nLOCATION:本庁\\, 3階\r\nDESCRIPTION:資料は\\nfile:///x\r\nATTACH:http://evil/\r\n\
            URL:http://evil/\r\nORGANIZER;CN=\"山田; 太郎\":MAILTO:a@b.jp\r\nATTENDEE:http://evil/\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n\
            BEGIN:VALARM\r\nACTION:PROCEDURE\r\nATTACH:x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let (result, findings) = run(input);
        let (words, written) = result.unwrap();
        assert_eq!(
            written,
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Sekisho//NONSGML Sekisho//JA\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n\
             UID:1@x\r\nDTSTART;TZID=Asia/Tokyo:20260401T100000\r\nDTEND;TZID=Asia/Tokyo:20260401T113000\r\nSUMMARY:連絡会議\r\n\
             LOCATION:本庁\\, 3階\r\nDESCRIPTION:資料は\\nfile：///x\r\nORGANIZER;CN=\"山田; 太郎\":mailto:a@b.jp\r\n\
             RRULE:FREQ=WEEKLY;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        assert_eq!(findings.count(FindingCode::CalendarReduced), 5);
        let entry = words.entries.first().unwrap();
        assert_eq!((words.method.as_str(), entry.summary.as_str()), ("REQUEST", "連絡会議"));
        assert_eq!(entry.start, "2026-04-01 10:00 (Asia/Tokyo)");
        assert_eq!(entry.organizer, "山田; 太郎 <a@b.jp>");
        let (again, findings) = run(&written);
        assert_eq!(again.unwrap(), (words, written));
        assert_eq!(findings.gravest(), Severity::Info);
    }

    #[test]
    fn the_end_of_whole_days_is_the_last_day() {
        let cases = [
            ("20260402", "2026-04-01"),
            ("20260301", "2026-02-28"),
            ("20280301", "2028-02-29"),
            ("20270101", "2026-12-31"),
        ];
        let mut ran = 0;
        for (value, expected) in cases {
            assert_eq!(readable_end(value, None), expected);
            ran += 1;
        }
        assert_eq!(ran, 4);
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        let (result, _) =
            run("BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE;CN=ms-word:mailto:a@b\nEND:VEVENT\nEND:VCALENDAR\n");
        assert!(result.unwrap().1.contains("\r\nATTENDEE:mailto:a@b\r\n"));
        for input in
            ["", "x", "BEGIN:VCALENDAR\r\n", "BEGIN:VCALENDAR\nEND:VEVENT\n", "BEGIN:VEVENT\nEND:VEVENT\n"]
        {
            assert_eq!(run(input).0, Err(FindingCode::Unreadable), "{input:?}");
        }
    }
}
