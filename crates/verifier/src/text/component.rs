//! Calendars (RFC 5545) and address cards (RFC 6350, RFC 2426) of allow-listed properties alone.
//!
//! *Security.* Lines are unfolded in place, one property at a time; components must nest and end. Nothing that rings,
//! runs, fetches or carries files is on the lists.

use crate::objections::Objections;

const CALENDAR: &[&str] = &[
    "VERSION",
    "PRODID",
    "CALSCALE",
    "METHOD",
    "UID",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "ORGANIZER",
    "ATTENDEE",
    "STATUS",
    "SEQUENCE",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "TRANSP",
    "CLASS",
    "PRIORITY",
    "CATEGORIES",
    "CREATED",
    "LAST-MODIFIED",
    "COMPLETED",
    "PERCENT-COMPLETE",
    "COMMENT",
    "CONTACT",
    "GEO",
    "FREEBUSY",
    "TZID",
    "TZNAME",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "RESOURCES",
    "REQUEST-STATUS",
];
const CALENDAR_COMPONENTS: &[&str] =
    &["VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "STANDARD", "DAYLIGHT"];
const CARD: &[&str] = &[
    "VERSION",
    "FN",
    "N",
    "NICKNAME",
    "BDAY",
    "ANNIVERSARY",
    "GENDER",
    "ADR",
    "LABEL",
    "TEL",
    "EMAIL",
    "TZ",
    "GEO",
    "TITLE",
    "ROLE",
    "ORG",
    "CATEGORIES",
    "NOTE",
    "REV",
    "UID",
    "LANG",
    "KIND",
    "SORT-STRING",
    "X-PHONETIC-FIRST-NAME",
    "X-PHONETIC-LAST-NAME",
    "IMPP",
    "MAILER",
    "X-PHONETIC-ORG",
];
const CARD_COMPONENTS: &[&str] = &["VCARD"];

/// Deepest nesting of components.
const DEPTH_MAX: usize = 8;

/// Checks an `.ics` file.
pub(crate) fn check_calendar(text: &str, objections: &mut Objections) {
    check_values(text, objections);
    check(text, "VCALENDAR", CALENDAR_COMPONENTS, CALENDAR, objections);
}

/// Checks a `.vcf` file.
pub(crate) fn check_card(text: &str, objections: &mut Objections) {
    check_values(text, objections);
    check(text, "VCARD", CARD_COMPONENTS, CARD, objections);
}

/// What a program shows: unfolded and unescaped, no line on which it would act.
fn check_values(text: &str, objections: &mut Objections) {
    let unfolded = text.replace("\r\n ", "").replace("\r\n\t", "");
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
        crate::text::check_line(line, objections);
    }
}

fn check(text: &str, root: &str, components: &[&str], properties: &[&str], objections: &mut Objections) {
    let mut open: Vec<&str> = Vec::new();
    let Some(text) = text.strip_suffix("\r\n") else {
        objections.add("component.line_end", "the last line is not ended");
        return;
    };
    for line in text.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            objections.require(!open.is_empty(), "component.fold", "before the first line");
            continue;
        }
        let end = line.find([':', ';']).unwrap_or(line.len());
        let (name, value) = line.split_at_checked(end).unwrap_or((line, ""));
        match name {
            "BEGIN" => {
                let named = value.strip_prefix(':').unwrap_or_default();
                let sound = components.contains(&named) && (open.is_empty() == (named == root));
                objections.require(
                    sound && open.len() < DEPTH_MAX,
                    "component.kind",
                    "not on the list, or not here",
                );
                open.push(named);
            }
            "END" => {
                let named = value.strip_prefix(':').unwrap_or_default();
                objections.require(open.pop() == Some(named), "component.end", "ends what is not open");
            }
            _ => {
                let listed = properties.contains(&name) && !value.is_empty() && !open.is_empty();
                objections.require(listed, "component.property", "not on the list, or outside a component");
            }
        }
        if open.len() > DEPTH_MAX {
            return;
        }
    }
    objections.require(open.is_empty(), "component.end", "left open");
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
        assert_eq!(rules(&event("SUMMARY;LANGUAGE=ja:会議\r\n の続き\r\n")), Vec::<String>::new());
        let wrong = [
            "ATTACH:http://x\r\n",
            "BEGIN:VALARM\r\nEND:VALARM\r\n",
            "X-ALT-DESC:x\r\n",
            "URL:x\r\n",
            "SUMMARY\r\n",
            "END:VTODO\r\n",
            "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
            "summary:x\r\n",
            "\r\n",
        ];
        for inside in wrong {
            assert!(!rules(&event(inside)).is_empty(), "{inside:?}");
        }
        assert!(!rules("SUMMARY:x\r\n").is_empty());
        assert!(!rules("BEGIN:VCALENDAR\r\n").is_empty());
        let mut card = Objections::default();
        check_card("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田\r\nPHOTO:x\r\nEND:VCARD\r\n", &mut card);
        assert_eq!(card.into_list().len(), 1);
    }
}
