//! vCard (2.1, RFC 2426, RFC 6350) is written anew as version 3.0 in UTF-8, which every address book reads.
//!
//! *Security.* Allow-listed properties only: names, organisations, telephone numbers, addresses, notes. No picture,
//! sound, key, agent, address to open or private property. Texts pass the text filter. Lines are spent as nodes; more
//! than 100,000 lines are refused.

use crate::Rewritten;
use crate::content_line::{self, ContentLine};
use crate::text;
use mail::MediaType;
use mail::charset;
use policy::{Action, Budget, FindingCode, Findings};

/// Most lines.
const LINES_MAX: usize = 100_000;

/// Whether a property is kept, and by which mark its value is divided.
fn divided_by(name: &str) -> Option<Option<char>> {
    Some(match name {
        "N" | "ADR" | "ORG" => Some(';'),
        "NICKNAME" | "CATEGORIES" => Some(','),
        "FN"
        | "TITLE"
        | "ROLE"
        | "TEL"
        | "EMAIL"
        | "NOTE"
        | "BDAY"
        | "LABEL"
        | "TZ"
        | "REV"
        | "UID"
        | "MAILER"
        | "SORT-STRING"
        | "X-PHONETIC-FIRST-NAME"
        | "X-PHONETIC-LAST-NAME"
        | "X-PHONETIC-ORG"
        | "ANNIVERSARY" => None,
        _ => return None,
    })
}

/// Kinds of telephone numbers, addresses and mailboxes.
const TYPES: &[&str] = &[
    "HOME", "WORK", "CELL", "FAX", "VOICE", "PREF", "MSG", "PAGER", "INTERNET", "DOM", "INTL", "POSTAL",
    "PARCEL", "OTHER", "MAIN",
];

/// Writes the cards of a file anew.
pub fn rewrite(
    octets: &[u8],
    label: Option<&str>,
    budget: &mut Budget,
    findings: &mut Findings,
) -> Result<Rewritten, FindingCode> {
    budget.spend_text(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
    let decoded = charset::decode(&joined_quoted_printable(&content_line::unfolded(octets)), label);
    if decoded.refused {
        return Err(FindingCode::CharsetRefused);
    }
    findings.add_many(FindingCode::CharsetLoss, decoded.loss, decoded.used);
    let (mut out, mut dropped, mut depth) = (String::new(), 0u32, 0usize);
    for (index, line) in decoded.text.lines().enumerate() {
        budget.spend_nodes(1).map_err(|e| e.0)?;
        if index >= LINES_MAX {
            return Err(FindingCode::LimitNodes);
        }
        let Some(line) = content_line::parse(line) else {
            dropped = dropped.saturating_add(1);
            continue;
        };
        let is_card = line.value.trim().eq_ignore_ascii_case("VCARD");
        match line.name.as_str() {
            "BEGIN" if is_card => {
                depth = depth.saturating_add(1);
                // A card inside a card is an AGENT of 2.1.
                if depth == 1 {
                    out.push_str("BEGIN:VCARD\r\nVERSION:3.0\r\n");
                }
            }
            "END" if is_card => {
                if depth == 1 {
                    out.push_str("END:VCARD\r\n");
                }
                depth = depth.saturating_sub(1);
            }
            "VERSION" => {}
            _ if depth == 1 => {
                let readings = readings(&line);
                let lines = if readings.is_empty() { vec![line] } else { readings };
                for line in lines {
                    match written(&line, findings) {
                        Some(written) => content_line::push(&mut out, &written),
                        None => dropped = dropped.saturating_add(1),
                    }
                }
            }
            _ => {}
        }
    }
    if out.is_empty() || depth > 0 {
        return Err(FindingCode::Unreadable);
    }
    findings.add_many(FindingCode::CalendarReduced, dropped, "vCard");
    Ok(Rewritten {
        octets: out.into_bytes(),
        media_type: MediaType::known("text/vcard"),
        extension: "vcf",
        charset: Some("UTF-8"),
        action: Action::Rebuild,
    })
}

/// Quoted-printable lines of 2.1 go on after `=` at their end.
fn joined_quoted_printable(lines: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(lines.len());
    let mut goes_on = false;
    for line in lines.split_inclusive(|b| *b == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let head: Vec<u8> = bare.iter().take(200).map(u8::to_ascii_uppercase).collect();
        let quoted = goes_on || head.windows(16).any(|w| w == b"QUOTED-PRINTABLE");
        goes_on = quoted && bare.ends_with(b"=");
        if goes_on {
            out.extend_from_slice(bare.strip_suffix(b"=").unwrap_or(bare));
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// `SOUND;X-IRMC-N:ﾔﾏﾀﾞ;ﾀﾛｳ` of Japanese telephones is the reading of a name: two properties that address books know.
fn readings(line: &ContentLine) -> Vec<ContentLine> {
    let reads = line.parameters.iter().any(|(_, value)| value.eq_ignore_ascii_case("X-IRMC-N"));
    if line.name != "SOUND" || !reads {
        return Vec::new();
    }
    let parts = line.value.split(';').zip(["X-PHONETIC-LAST-NAME", "X-PHONETIC-FIRST-NAME"]);
    let parts = parts.filter(|(part, _)| !part.trim().is_empty());
    parts
        .map(|(part, name)| ContentLine { name: name.to_owned(), value: part.to_owned(), ..line.clone() })
        .collect()
}

/// The line as it is written, or `None` when it is left out.
fn written(line: &ContentLine, findings: &mut Findings) -> Option<String> {
    let division = divided_by(&line.name)?;
    let types: Vec<String> = line
        .parameters
        .iter()
        .filter(|(name, _)| name == "TYPE")
        .flat_map(|(_, value)| value.split(','))
        .map(str::to_ascii_uppercase)
        .filter(|value| TYPES.contains(&value.as_str()))
        .collect();
    let encoded = line.parameters.iter().any(|(name, value)| {
        (name == "ENCODING" || name == "TYPE")
            && matches!(value.to_ascii_uppercase().as_str(), "B" | "BASE64")
    });
    if encoded {
        return None;
    }
    let value = if line.is_quoted_printable() {
        charset::decode(&unquoted(&line.value), line.parameter("CHARSET")).text
    } else {
        line.value.clone()
    };
    let value = value.strip_prefix("tel:").or_else(|| value.strip_prefix("mailto:")).unwrap_or(&value);
    let mut clean =
        |piece: &str| content_line::escaped(&text::filter_spent(&content_line::unescaped(piece), findings));
    let value = match division {
        Some(mark) => {
            let pieces: Vec<String> =
                content_line::components(value, mark).into_iter().map(&mut clean).collect();
            pieces.join(if mark == ';' { ";" } else { "," })
        }
        None => clean(value),
    };
    if value.chars().all(|c| c == ';' || c == ',' || c.is_whitespace()) {
        return None;
    }
    let types = if types.is_empty() { String::new() } else { format!(";TYPE={}", types.join(",")) };
    Some(format!("{}{types}:{value}", line.name))
}

/// Quoted-printable (RFC 2045 §6.7) to octets; the text is ASCII or what it was decoded to.
fn unquoted(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let octet = pair.filter(|_| *first == b'=').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Limits, Severity};

    fn run(input: &[u8]) -> (Result<String, FindingCode>, Findings) {
        let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
        let written = rewrite(input, None, &mut budget, &mut findings);
        (written.map(|w| String::from_utf8(w.octets).unwrap()), findings)
    }

    #[test]
    fn cards_keep_names_and_numbers() {
        let cases: &[(&[u8], &str)] = &[
            (
                b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8E=52=\r\n=93=63;=91=BE=98=59\r\n\
                  TEL;HOME;CELL:090-1234-5678\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n AAAA\r\n\r\nEND:VCARD\r\n",
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:山田;太郎\r\nTEL;TYPE=HOME,CELL:090-1234-5678\r\nEND:VCARD\r\n",
            ),
            (
                "BEGIN:VCARD\nFN:x\nSOUND;X-IRMC-N;CHARSET=UTF-8:ﾔﾏﾀﾞ;ﾀﾛｳ;;;\nEND:VCARD\n".as_bytes(),
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nX-PHONETIC-LAST-NAME:ﾔﾏﾀﾞ\r\nX-PHONETIC-FIRST-NAME:ﾀﾛｳ\r\nEND:VCARD\r\n",
            ),
            (
                "begin:vcard\nfn:山田 太郎\nitem1.EMAIL;type=INTERNET;type=x:a@b.jp\nURL:http://evil/\nNOTE:a\\nfile:///x\nend:vcard\n".as_bytes(),
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田 太郎\r\nEMAIL;TYPE=INTERNET:a@b.jp\r\nNOTE:a\\nfile：///x\r\nEND:VCARD\r\n",
            ),
            (
                "BEGIN:VCARD\nVERSION:4.0\nFN:x\nTEL;VALUE=uri:tel:+81-3\nADR:;;1-1\\, 霞が関;千代田区;東京都;100;日本\nEND:VCARD\n".as_bytes(),
                "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nTEL:+81-3\r\nADR:;;1-1\\, 霞が関;千代田区;東京都;100;日本\r\nEND:VCARD\r\n",
            ),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            let written = run(input).0.unwrap();
            assert_eq!(written, *expected);
            let (again, findings) = run(written.as_bytes());
            assert_eq!(again.as_deref(), Ok(*expected));
            assert_eq!(findings.gravest(), Severity::Info);
            ran += 1;
        }
        assert_eq!(ran, 4);
        assert_eq!(run(b"x").0, Err(FindingCode::Unreadable));
    }
}
