//! Reports of mail systems become text: delivery status (RFC 3464), disposition notification (RFC 8098), feedback
//! (RFC 5965) and returned header sections (`text/rfc822-headers`, RFC 6522).
//!
//! *Security.* Fields are unfolded, decoded and filtered like any text; a field name is printable ASCII or the line
//! is shown as it reads. Nothing is left out but trace and signature fields of returned headers, which are counted.

use crate::text;
use mail::header;
use policy::{Budget, FindingCode, Findings};

/// Fields of returned headers that a reader does not want: long, machine-made.
const MACHINE: &[&str] = &[
    "received",
    "dkim-signature",
    "domainkey-signature",
    "authentication-results",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
    "received-spf",
    "x-google-dkim-signature",
    "x-gm-message-state",
    "x-google-smtp-source",
];

/// Longest value that is shown of one field, in characters, before the rest goes to a line of its own.
const FIELD_CHARS: usize = 2_000;

/// Turns a report into text: one field a line, groups apart.
pub fn to_text(octets: &[u8], budget: &mut Budget, findings: &mut Findings) -> Result<String, FindingCode> {
    budget.spend_text(u64::try_from(octets.len()).unwrap_or(u64::MAX)).map_err(|e| e.0)?;
    let mut out = String::new();
    let mut field: Vec<u8> = Vec::new();
    let mut hidden = 0u32;
    for line in octets.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        budget.spend_nodes(1).map_err(|e| e.0)?;
        let folded =
            matches!(line.first(), Some(b' ' | b'\t')) && !field.is_empty() && !line.trim_ascii().is_empty();
        if !folded {
            push_field(&field, &mut out, &mut hidden);
            field.clear();
        }
        if line.trim_ascii().is_empty() {
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
            continue;
        }
        if folded {
            field.push(b' ');
        }
        field.extend_from_slice(line.trim_ascii());
    }
    push_field(&field, &mut out, &mut hidden);
    let filtered = text::filter_spent(out.trim_end(), findings);
    findings.add_many(FindingCode::MarkupDropped, hidden, "trace fields");
    Ok(if filtered.is_empty() { filtered } else { format!("{filtered}\n") })
}

fn push_field(field: &[u8], out: &mut String, hidden: &mut u32) {
    if field.is_empty() {
        return;
    }
    let colon = field.iter().position(|b| *b == b':');
    let (name, value) = colon.and_then(|at| field.split_at_checked(at)).unwrap_or((b"", field));
    let sound = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let name = if sound { String::from_utf8_lossy(name).into_owned() } else { String::new() };
    if MACHINE.iter().any(|machine| machine.eq_ignore_ascii_case(&name)) {
        *hidden = hidden.saturating_add(1);
        return;
    }
    let raw = if sound { value.strip_prefix(b":").unwrap_or(value) } else { field };
    let value = header::text(raw.trim_ascii()).text;
    // `rfc822;` and `dns;` say how to read the value (RFC 3464 §2.1.2): readers do without.
    let value = match value.split_once(';') {
        Some((kind, rest))
            if matches!(kind.trim().to_ascii_lowercase().as_str(), "rfc822" | "dns" | "smtp" | "utf-8") =>
        {
            rest.trim()
        }
        Some(_) | None => value.trim(),
    };
    if sound {
        out.push_str(&name);
        out.push_str(": ");
    }
    let mut chars = value.chars();
    loop {
        out.extend(chars.by_ref().take(FIELD_CHARS));
        out.push('\n');
        if chars.as_str().is_empty() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Limits;

    #[test]
    fn reports_read_as_lines() {
        let cases: &[(&[u8], &str)] = &[
            (
                b"Reporting-MTA: dns; mx.example.jp\r\n\r\nFinal-Recipient: rfc822; a@b.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                  Diagnostic-Code: smtp; 550 5.1.1\r\n user unknown\r\n\r\n\r\n",
                "Reporting-MTA: mx.example.jp\n\nFinal-Recipient: a@b.jp\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: 550 5.1.1 user unknown\n",
            ),
            (
                b"Received: from x\r\n by y\r\nSubject: =?UTF-8?B?5pel5pys?=\r\nFrom: a@b\r\n",
                "Subject: 日本\nFrom: a@b\n",
            ),
            (b"begin 644 x\nno colon here\n", "> begin 644 x\nno colon here\n"),
            (b"", ""),
        ];
        let mut ran = 0;
        for (input, expected) in cases {
            let (mut budget, mut findings) = (Budget::new(&Limits::STANDARD), Findings::new());
            assert_eq!(to_text(input, &mut budget, &mut findings).as_deref(), Ok(*expected));
            ran += 1;
        }
        assert_eq!(ran, 4);
    }
}
