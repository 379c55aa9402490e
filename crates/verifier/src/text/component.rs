//! Calendars (RFC 5545) and address cards (RFC 2426) of allow-listed components, properties and parameters alone, each
//! value of its type.
//!
//! *Security.* Lines are unfolded once and read one at a time, front to back; components must nest and end. Nothing
//! that rings, runs, fetches or carries files is on the lists, nor any parameter that encodes or refers (`ENCODING`,
//! `ALTREP`, `DIR`).

use crate::{objections::Objections, text};

/// How a value is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Dates, times, durations, offsets, numbers, rules, states: a small set of characters.
    Token,
    /// `mailto:` and an address.
    Person,
    /// This alone.
    Exactly(&'static str),
}

/// What may stand in a file.
struct Form {
    root: &'static str,
    components: &'static [&'static str],
    property: fn(&str) -> Option<Kind>,
    parameters: &'static [&'static str],
}

const CALENDAR: Form = Form {
    root: "VCALENDAR",
    components: &[
        "VCALENDAR",
        "VEVENT",
        "VTODO",
        "VJOURNAL",
        "VFREEBUSY",
        "VTIMEZONE",
        "STANDARD",
        "DAYLIGHT",
    ],
    property: calendar_property,
    parameters: &["TZID", "VALUE", "CN", "ROLE", "PARTSTAT", "RSVP", "CUTYPE", "LANGUAGE", "RANGE", "FBTYPE"],
};

const CARD: Form =
    Form { root: "VCARD", components: &["VCARD"], property: card_property, parameters: &["TYPE"] };

fn calendar_property(name: &str) -> Option<Kind> {
    Some(match name {
        "VERSION" => Kind::Exactly("2.0"),
        "PRODID" | "SUMMARY" | "DESCRIPTION" | "LOCATION" | "COMMENT" | "CONTACT" | "CATEGORIES" | "UID"
        | "TZID" | "TZNAME" | "RESOURCES" | "REQUEST-STATUS" => Kind::Text,
        "DTSTART" | "DTEND" | "DTSTAMP" | "DUE" | "COMPLETED" | "CREATED" | "LAST-MODIFIED" | "DURATION"
        | "RRULE" | "RDATE" | "EXDATE" | "RECURRENCE-ID" | "SEQUENCE" | "PRIORITY" | "PERCENT-COMPLETE"
        | "STATUS" | "TRANSP" | "CLASS" | "TZOFFSETFROM" | "TZOFFSETTO" | "FREEBUSY" | "CALSCALE"
        | "METHOD" => Kind::Token,
        "ORGANIZER" | "ATTENDEE" => Kind::Person,
        _ => return None,
    })
}

fn card_property(name: &str) -> Option<Kind> {
    Some(match name {
        "VERSION" => Kind::Exactly("3.0"),
        "FN"
        | "N"
        | "NICKNAME"
        | "BDAY"
        | "ANNIVERSARY"
        | "ADR"
        | "LABEL"
        | "TEL"
        | "EMAIL"
        | "TZ"
        | "TITLE"
        | "ROLE"
        | "ORG"
        | "CATEGORIES"
        | "NOTE"
        | "REV"
        | "UID"
        | "MAILER"
        | "SORT-STRING"
        | "X-PHONETIC-FIRST-NAME"
        | "X-PHONETIC-LAST-NAME"
        | "X-PHONETIC-ORG" => Kind::Text,
        _ => return None,
    })
}

/// Deepest nesting of components.
const DEPTH_MAX: usize = 8;

/// Checks an `.ics` file.
pub(crate) fn check_calendar(text: &str, objections: &mut Objections) {
    check(text, &CALENDAR, objections);
}

/// Checks a `.vcf` file.
pub(crate) fn check_card(text: &str, objections: &mut Objections) {
    check(text, &CARD, objections);
}

fn check(text: &str, form: &Form, objections: &mut Objections) {
    let Some(text) = text.strip_suffix("\r\n") else {
        objections.add("component.line_end", "the last line is not ended");
        return;
    };
    let unfolded = text.replace("\r\n ", "");
    check_shown(&unfolded, objections);
    let mut open: Vec<&str> = Vec::new();
    for line in unfolded.split("\r\n") {
        match line.split_once(':') {
            Some(("BEGIN", named)) => {
                let sound = form.components.contains(&named) && (open.is_empty() == (named == form.root));
                objections.require(sound, "component.kind", "not on the list, or not here");
                if open.len() >= DEPTH_MAX {
                    objections.add("component.depth", "");
                    return;
                }
                open.push(named);
            }
            Some(("END", named)) => {
                objections.require(open.pop() == Some(named), "component.end", "ends what is not open");
            }
            _ => match property(line, form) {
                Ok(()) => objections.require(!open.is_empty(), "component.property", "outside a component"),
                Err(why) => objections.add("component.property", why),
            },
        }
    }
    objections.require(open.is_empty(), "component.end", "left open");
}

/// What a program shows: unescaped, no line on which it would act.
fn check_shown(unfolded: &str, objections: &mut Objections) {
    let mut shown = String::with_capacity(unfolded.len());
    let mut characters = unfolded.chars();
    while let Some(c) = characters.next() {
        shown.push(match c {
            '\\' => match characters.next() {
                Some('n' | 'N') => '\n',
                Some(escaped) => escaped,
                None => '\\',
            },
            plain => plain,
        });
    }
    for line in shown.split('\n') {
        text::check_line(line, objections);
    }
}

/// `NAME *(";" PARAMETER "=" value) ":" value`, unfolded.
fn property(line: &str, form: &Form) -> Result<(), &'static str> {
    let end = line.find([':', ';']).ok_or("no colon")?;
    let (name, mut rest) = line.split_at_checked(end).ok_or("no colon")?;
    let kind = (form.property)(name).ok_or("not on the list")?;
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, value) = parameter.split_once('=').ok_or("a parameter without a value")?;
        if !form.parameters.contains(&name) {
            return Err("a parameter that is not on the list");
        }
        rest = match value.strip_prefix('"') {
            Some(inside) => inside.split_once('"').ok_or("a quote is left open")?.1,
            None => {
                let end = value.find([':', ';', '"']).ok_or("no colon")?;
                value.get(end..).unwrap_or_default()
            }
        };
    }
    let value = rest.strip_prefix(':').ok_or("a parameter that is not written so")?;
    let sound = match kind {
        Kind::Text => !value.is_empty(),
        Kind::Token => {
            !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-=;,/:".contains(&b))
        }
        Kind::Person => value.strip_prefix("mailto:").is_some_and(|address| {
            address.contains('@')
                && address.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\,;:?".contains(&b))
        }),
        Kind::Exactly(wanted) => value == wanted,
    };
    if sound { Ok(()) } else { Err("a value of another type") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<String> {
        let mut objections = Objections::default();
        check_calendar(text, &mut objections);
        objections.into_list().into_iter().map(|o| o.rule).collect()
    }

    #[test]
    fn calendars_of_listed_properties_pass_alone() {
        let event = |inside: &str| {
            format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{inside}END:VEVENT\r\nEND:VCALENDAR\r\n"
            )
        };
        let sound = [
            "SUMMARY;LANGUAGE=ja:会議\r\n の続き\r\n",
            "ATTENDEE;CN=\"山田; 太郎: x\";RSVP=TRUE:mailto:a@example.jp\r\n",
            "DTSTART;TZID=Asia/Tokyo:20260401T100000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n",
        ];
        for inside in sound {
            assert_eq!(rules(&event(inside)), Vec::<String>::new(), "{inside:?}");
        }
        let wrong = [
            "ATTACH:http://x\r\n",
            "BEGIN:VALARM\r\nEND:VALARM\r\n",
            "X-ALT-DESC:x\r\n",
            "URL:x\r\n",
            "SUMMARY\r\n",
            "SUMMARY:\r\n",
            "SUMMARY;ALTREP=\"http://x\":x\r\n",
            "SUMMARY;ENCODING=QUOTED-PRINTABLE:=66ile\r\n",
            "SUMMARY;CN=\"x\"y:x\r\n",
            "SUMMARY;CN=\"x:y\r\n",
            "SUMMARY;CN:y\r\n",
            "ATTENDEE:http://x\r\n",
            "ATTENDEE;DIR=\"ldap://x\":mailto:a@x\r\n",
            "ORGANIZER:mailto:a@x?attach=y\r\n",
            "DTSTART:javascript(1)\r\n",
            "VERSION:1.0\r\n",
            "END:VTODO\r\n",
            "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            "BEGIN;X=Y:VEVENT\r\n",
            "summary:x\r\n",
            "SUMMARY:a\r\n\tb\r\n",
            "SUMMARY:\\\\\\\\host\\\\share\r\n",
            "SUMMARY:fi\r\n le:///x\r\n",
            "\r\n",
        ];
        for inside in wrong {
            assert!(!rules(&event(inside)).is_empty(), "{inside:?}");
        }
        assert_eq!((sound.len(), wrong.len()), (3, 24));
        assert!(!rules("SUMMARY:x\r\n").is_empty());
        assert!(!rules(" \r\n").is_empty());
        assert!(!rules("BEGIN:VCALENDAR\r\n").is_empty());
        assert!(!rules(&"BEGIN:VEVENT\r\n".repeat(9)).is_empty());
        let mut card = Objections::default();
        check_card("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田\r\nPHOTO:x\r\nEND:VCARD\r\n", &mut card);
        assert_eq!(card.into_list().len(), 1);
    }
}
