//! Writes failure notifications (RFC 3461 §6, RFC 3464, RFC 6522): `multipart/report` with a text in Japanese and
//! English, the machine-readable fields, and the header section of the failed message.
//!
//! *Security.* Goes outside, so it says nothing of the inside: no host, no text of the inside's replies, and of the
//! header section only the fields that the sender wrote, in our own writing, ASCII, at most 8 KiB. It is never made
//! for a null reverse-path (RFC 5321 §4.5.5), for a mailbox that the inside does not know (backscatter), or for a
//! message that is only too large for the inside: those are held and told to the operator.

use crate::fate::Fate;
use crate::reply::EnhancedStatus;
use data_encoding::{BASE64, BASE64_MIME};
use mail::{DateTime, Mailbox, ReversePath};
use std::fmt::Write as _;

/// A finished notification and the one whom it is for. Its reverse-path is null.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    forward_path: Mailbox,
    octets: Vec<u8>,
}

/// What a notification tells.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// Our host name, as it is known outside.
    pub reporting_mta: &'a str,
    /// Whom the notification is from, usually the postmaster of the primary domain.
    pub from: &'a Mailbox,
    /// `MAIL FROM` of the failed message.
    pub reverse_path: &'a ReversePath,
    /// Receipt number or queue id that the sender may quote.
    pub receipt: &'a str,
    /// When the failed message was accepted.
    pub arrived: DateTime,
    /// Now.
    pub now: DateTime,
    /// Each recipient that will not get it, with its last fate; a [`Fate::TryLater`] here is one given up.
    pub fates: &'a [(Mailbox, Fate)],
    /// Header section of the failed message as it was written for the inside, ASCII with CRLF.
    pub header_section: &'a [u8],
}

/// Fields of the failed message that help its sender to recognise it.
const RETURNED_FIELDS: [&str; 6] = ["from", "to", "cc", "subject", "date", "message-id"];
const RETURNED_OCTETS_MAX: usize = 8 << 10;

/// Writes the notification; `None` when nobody may be told.
pub fn failure(failure: &Failure<'_>) -> Option<Notification> {
    let forward_path = failure.reverse_path.mailbox()?;
    let told: Vec<Told<'_>> =
        failure.fates.iter().filter_map(|(mailbox, fate)| Told::of(mailbox, fate)).collect();
    if told.is_empty() {
        return None;
    }
    let receipt = token(failure.receipt);
    let boundary = format!("=_sekisho_{receipt}");
    let mut out = String::new();
    head(&mut out, failure, forward_path, &receipt, &boundary);
    part(
        &mut out,
        &boundary,
        "text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64",
        &wrapped(&text(&told, &receipt)),
    );
    part(&mut out, &boundary, "message/delivery-status", &status_fields(failure, &told));
    part(&mut out, &boundary, "text/rfc822-headers", &returned_fields(failure.header_section));
    let _infallible = write!(out, "--{boundary}--\r\n");
    Some(Notification { forward_path: forward_path.clone(), octets: out.into_bytes() })
}

impl Notification {
    /// A notification that was stored: ASCII alone, as [`failure`] writes it.
    pub fn at_rest(forward_path: Mailbox, octets: Vec<u8>) -> Option<Self> {
        octets.is_ascii().then_some(Self { forward_path, octets })
    }

    /// Who is told.
    pub const fn forward_path(&self) -> &Mailbox {
        &self.forward_path
    }

    /// The message; ASCII, CRLF.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl std::fmt::Debug for Notification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Notification({} octets)", self.octets.len())
    }
}

/// One recipient whose failure is told.
struct Told<'a> {
    mailbox: &'a Mailbox,
    status: EnhancedStatus,
    code: Option<u16>,
}

impl<'a> Told<'a> {
    fn of(mailbox: &'a Mailbox, fate: &Fate) -> Option<Self> {
        match fate {
            Fate::Refused { reply } => {
                let status = reply.enhanced.unwrap_or(EnhancedStatus { class: 5, subject: 0, detail: 0 });
                Some(Self { mailbox, status, code: Some(reply.code) })
            }
            // Given up: delivery time expired (RFC 3463 §3.5).
            Fate::TryLater { .. } => {
                Some(Self { mailbox, status: EnhancedStatus { class: 4, subject: 4, detail: 7 }, code: None })
            }
            Fate::Delivered { .. }
            | Fate::UnknownUser { .. }
            | Fate::TooLarge { .. }
            | Fate::Unsendable(_) => None,
        }
    }
}

fn head(out: &mut String, failure: &Failure<'_>, to: &Mailbox, receipt: &str, boundary: &str) {
    let subject = BASE64.encode("メールをお届けできませんでした".as_bytes());
    let domain = failure.from.domain();
    let _infallible = write!(
        out,
        "From: Mail Delivery System <{}>\r\nTo: <{to}>\r\nSubject: Undelivered mail\r\n =?UTF-8?B?{subject}?=\r\n\
         Date: {}\r\nMessage-ID: <dsn.{receipt}.{}@{domain}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n",
        failure.from, failure.now, failure.now.unix_s
    );
}

fn part(out: &mut String, boundary: &str, content_type: &str, body: &str) {
    let _infallible = write!(out, "--{boundary}\r\nContent-Type: {content_type}\r\n\r\n{body}\r\n");
}

fn wrapped(text: &str) -> String {
    BASE64_MIME.encode(text.as_bytes())
}

fn text(told: &[Told<'_>], receipt: &str) -> String {
    let mut japanese = String::from(
        "お送りいただいたメールを、次の宛先にお届けできませんでした。\r\n再送は行われません。必要な場合は、\
         宛先をお確かめのうえ、もう一度お送りください。\r\n\r\n",
    );
    let mut english = String::from(
        "Your message could not be delivered to the following recipients.\r\nIt will not be sent again by us.\r\n\r\n",
    );
    for Told { mailbox, status, code } in told {
        let _infallible = match code {
            Some(code) => {
                write!(japanese, "  {mailbox}\r\n    受け取りを断られました（{code} {status}）\r\n")
            }
            None => {
                write!(japanese, "  {mailbox}\r\n    期限までに相手側につながりませんでした（{status}）\r\n")
            }
        };
        let _infallible = match code {
            Some(code) => write!(english, "  {mailbox}\r\n    refused ({code} {status})\r\n"),
            None => write!(english, "  {mailbox}\r\n    could not be reached in time ({status})\r\n"),
        };
    }
    format!("{japanese}\r\n受付番号 {receipt}\r\n\r\n----\r\n\r\n{english}\r\nReceipt {receipt}\r\n")
}

fn status_fields(failure: &Failure<'_>, told: &[Told<'_>]) -> String {
    let mut out = String::new();
    let _infallible = write!(
        out,
        "Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
        token(failure.reporting_mta),
        failure.arrived
    );
    for Told { mailbox, status, code } in told {
        let _infallible =
            write!(out, "\r\nFinal-Recipient: rfc822; {mailbox}\r\nAction: failed\r\nStatus: {status}\r\n");
        if let Some(code) = code {
            let _infallible = write!(out, "Diagnostic-Code: smtp; {code} {status}\r\n");
        }
    }
    out
}

/// The allowed fields with their folded lines, as long as they fit.
fn returned_fields(header_section: &[u8]) -> String {
    let mut out = String::new();
    let Ok(text) = std::str::from_utf8(header_section) else { return out };
    let mut returned = false;
    for line in text.split("\r\n").take_while(|line| !line.is_empty()) {
        if !line.starts_with([' ', '\t']) {
            let name = line.split_once(':').map_or("", |(name, _)| name).to_ascii_lowercase();
            returned = RETURNED_FIELDS.contains(&name.as_str());
        }
        let printable = line.bytes().all(|octet| (0x20..0x7f).contains(&octet) || octet == b'\t');
        let fits = out.len().saturating_add(line.len()) < RETURNED_OCTETS_MAX;
        returned &= printable && fits;
        if returned {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out
}

/// What may stand in a boundary, an id or a field of ours.
fn token(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.' || *c == '-').take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::Cause;
    use crate::reply::Reply;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn write(reverse_path: &ReversePath, fates: &[(Mailbox, Fate)]) -> Option<Notification> {
        failure(&Failure {
            reporting_mta: "mx.example.lg.jp",
            from: &mailbox("postmaster@example.lg.jp"),
            reverse_path,
            receipt: "ABCD2345",
            arrived: DateTime::utc(1_700_000_000).in_jst(),
            now: DateTime::utc(1_700_500_000).in_jst(),
            fates,
            header_section:
                b"Received: from inside.lan\r\n\tby secret.lan\r\nFrom: a@b\r\nSubject: x\r\n y\r\n\
                              X-Sekisho-Id: Q\r\nMessage-ID: <1@b>\r\n\r\nTo: in the body\r\n",
        })
    }

    fn refused() -> Fate {
        Fate::Refused { reply: Reply::new(554, "5.7.1 by host secret.lan") }
    }

    #[test]
    fn a_refusal_is_told_in_both_languages_and_to_machines() {
        let sender = ReversePath::Mailbox(mailbox("a@remote.example"));
        let given_up = Fate::later(Cause::TimedOut);
        let fates = [(mailbox("b@example.lg.jp"), refused()), (mailbox("c@example.lg.jp"), given_up)];
        let notification = write(&sender, &fates).unwrap();
        assert_eq!(notification.forward_path(), &mailbox("a@remote.example"));
        let text = std::str::from_utf8(notification.octets()).unwrap();
        assert!(text.is_ascii() && !text.replace("\r\n", "").contains(['\r', '\n']));
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
        for expected in [
            "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"=_sekisho_ABCD2345\"\r\n",
            "Auto-Submitted: auto-replied\r\n",
            "Reporting-MTA: dns; mx.example.lg.jp\r\nArrival-Date: Wed, 15 Nov 2023 07:13:20 +0900\r\n",
            "\r\n\r\nFinal-Recipient: rfc822; b@example.lg.jp\r\nAction: failed\r\nStatus: 5.7.1\r\n\
             Diagnostic-Code: smtp; 554 5.7.1\r\n",
            "\r\n\r\nFinal-Recipient: rfc822; c@example.lg.jp\r\nAction: failed\r\nStatus: 4.4.7\r\n",
            "text/rfc822-headers\r\n\r\nFrom: a@b\r\nSubject: x\r\n y\r\nMessage-ID: <1@b>\r\n",
            "\r\n--=_sekisho_ABCD2345--\r\n",
        ] {
            assert!(text.contains(expected), "{expected:?} in\n{text}");
        }
        assert!(!text.contains("secret") && !text.contains("Sekisho-Id") && !text.contains("in the body"));
        let body = text.split("base64\r\n\r\n").nth(1).unwrap().split("--=").next().unwrap();
        let body = BASE64_MIME.decode(format!("{}\r\n", body.trim_end()).as_bytes()).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(
            body.contains("受け取りを断られました（554 5.7.1）") && body.contains("refused (554 5.7.1)"),
            "{body}"
        );
    }

    #[test]
    fn nobody_is_told_who_must_not_be() {
        let sender = ReversePath::Mailbox(mailbox("a@remote.example"));
        let b = mailbox("b@example.lg.jp");
        assert!(write(&ReversePath::Null, &[(b.clone(), refused())]).is_none());
        assert!(write(&sender, &[]).is_none());
        let reply = Reply::new(550, "5.1.1 unknown");
        let silent = [
            Fate::UnknownUser { reply: reply.clone() },
            Fate::TooLarge { octets_max: Some(1), reply: None },
            Fate::Delivered { reply },
        ];
        for fate in silent {
            assert!(write(&sender, &[(b.clone(), fate)]).is_none());
        }
    }
}
