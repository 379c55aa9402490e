//! Whatever a child hands out, the readers outside the jail are done with it in time that grows with its octets alone.

use crate::world::{attachment, composed, draft, refusal, stamp};
use mail::{Attachment, Draft, Fields, NamedMailbox};
use std::time::{Duration, Instant};

/// Characters of each case; a reader that looks at every pair of them would need hours.
const LENGTH: usize = 512 << 10;
/// Far more than a linear reader needs, on a slow machine and unoptimised.
const LONGEST: Duration = Duration::from_secs(60);

fn of(unit: &str) -> String {
    unit.repeat(LENGTH / unit.len())
}

fn texts() -> Vec<(&'static str, Draft)> {
    let units = [
        ("backslashes", "\\"),
        ("backslashes in pairs", "\\\\ "),
        ("yen signs", "¥"),
        ("colons", ":"),
        ("schemes", "file:"),
        ("dots before colons", "a.a+a-:"),
        ("quotation marks", "> "),
        ("hidden characters", "\u{200b}"),
        ("joiners", "👨\u{200d}"),
        ("flags", "🏴\u{e0067}"),
        ("begin", "begin 644 a\n"),
        ("empty lines", "\n"),
        ("tabs", "\t"),
        ("references", "&#x41;"),
        ("white space", "　"),
    ];
    let case = |(name, unit): (&'static str, &str)| {
        (name, Draft { text: of(unit), attachments: Vec::new(), ..draft() })
    };
    units.into_iter().map(case).collect()
}

fn files() -> Vec<(&'static str, Draft)> {
    let with = |name: &'static str, file: Attachment| (name, Draft { attachments: vec![file], ..draft() });
    let csv =
        |name, unit: &str| with(name, attachment("a.csv", "text/csv", Some("UTF-8"), of(unit).as_bytes()));
    let xml = |name, text: String| with(name, attachment("a.xml", "text/xml", None, text.as_bytes()));
    let json =
        |name, text: String| with(name, attachment("a.json", "application/json", None, text.as_bytes()));
    let calendar = |name, inside: String| {
        let text = format!("BEGIN:VCALENDAR\r\n{inside}END:VCALENDAR\r\n");
        with(name, attachment("a.ics", "text/calendar", None, text.as_bytes()))
    };
    vec![
        csv("quotes", "\""),
        csv("pairs of quotes", "\"\","),
        csv("commas", ","),
        csv("semicolons in quotes", "\";"),
        csv("signs", "+"),
        csv("exponents", "-1e"),
        csv("spaces before a sign", " "),
        xml("ampersands", format!("<a>{}</a>", of("&"))),
        xml("references", format!("<a>{}</a>", of("&lt;"))),
        xml("elements", format!("<a>{}</a>", of("<b></b>"))),
        xml("attributes", format!("<a {}/>", of("b='' "))),
        xml("open elements", of("<a>")),
        xml("names", format!("<{}/>", of("a"))),
        xml("namespaces", format!("<a {}/>", of("xmlns:a='' "))),
        json("open arrays", of("[")),
        json("escapes", format!("\"{}\"", of("\\\\"))),
        json("digits", of("1")),
        calendar("backslashes in a calendar", format!("SUMMARY:{}\r\n", of("\\\\"))),
        calendar("folds", format!("SUMMARY:x\r\n{}", of(" a\r\n"))),
        calendar("components", of("BEGIN:VEVENT\r\n")),
        calendar("parameters", format!("SUMMARY{}:x\r\n", of(";CN=a"))),
        calendar("quotes in parameters", format!("SUMMARY;CN={}:x\r\n", of("\"\""))),
        with(
            "octets of another set",
            attachment("a.csv", "text/csv", Some("windows-1252"), of("\u{80}").as_bytes()),
        ),
    ]
}

fn fields() -> Vec<(&'static str, Draft)> {
    let mailbox = |name: String| NamedMailbox { display_name: name, addr_spec: "a@example.jp".to_owned() };
    let with =
        |name: &'static str, fields: Fields| (name, Draft { fields, attachments: Vec::new(), ..draft() });
    let many = LENGTH / 64;
    vec![
        with("mailboxes", Fields { to: vec![mailbox("あ".to_owned()); many], ..draft().fields }),
        with(
            "groups",
            Fields {
                cc: vec![NamedMailbox { addr_spec: String::new(), ..mailbox("\"\\".repeat(20)) }; many],
                ..draft().fields
            },
        ),
        with(
            "references",
            Fields {
                references: vec![mail::MessageId::new("a@example.jp").unwrap(); many],
                ..draft().fields
            },
        ),
        with("hops", Fields { received: vec![None; many], ..draft().fields }),
    ]
}

#[test]
fn no_reader_outside_the_jail_takes_long() {
    let mut cases = texts();
    cases.extend(files());
    cases.extend(fields());
    let count = cases.len();
    for (name, draft) in cases {
        let (octets, expected) = composed(&draft, &stamp());
        let start = Instant::now();
        let refused = refusal(octets, &expected).is_some();
        let taken = start.elapsed();
        println!("{name}: {} ms, {}", taken.as_millis(), if refused { "refused" } else { "passed" });
        assert!(taken < LONGEST, "{name} took {taken:?}");
    }
    assert_eq!(count, 15 + 23 + 4);
}
