//! Mails that are signed, seen from outside: their text is read in place, and their signer is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]

use mail::{PartPath, Untrusted};
use policy::{Action, FindingCode, Policy};
use sanitiser::{FontFace, Job, Outcome, Supplements, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn run(mail: &[u8]) -> (mail::Draft, policy::Report) {
    let job = Job::Message(Untrusted::new(mail.to_vec()));
    match sanitiser::sanitise(&job, &Policy::standard(), &Supplements::default(), &mut Bare) {
        Outcome::Done(draft, report) => (*draft, *report),
        other @ Outcome::Needs(_) => panic!("{other:?}"),
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    match u8::try_from(content.len()).unwrap_or(u8::MAX) {
        short @ 0..0x80 => [&[tag, short], content].concat(),
        _ => {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], length.as_slice(), content].concat()
        }
    }
}

/// Signed data without certificates and signers around a content.
fn opaque(content: &[u8]) -> Vec<u8> {
    let data = element(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
    let signed = element(0x30, &[data, element(0xa0, &element(0x04, content))].concat());
    let inner =
        element(0x30, &[element(0x02, &[1]), element(0x31, &[]), signed, element(0x31, &[])].concat());
    let kind = element(0x06, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
    element(0x30, &[kind, element(0xa0, &inner)].concat())
}

#[test]
fn a_mail_signed_as_a_whole_is_read_in_place() {
    let content = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        \r\n本文\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\
        \r\n1,2\r\n--b--\r\n";
    let octets = data_encoding::BASE64_MIME.encode(&opaque(content.as_bytes()));
    let mail = format!(
        "From: a@example.com\r\nSubject: x\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; \
         name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{octets}"
    );
    let (draft, report) = run(mail.as_bytes());
    assert_eq!(draft.text, "本文\n");
    assert_eq!(draft.attachments.len(), 1);
    let whole = report.parts.first().unwrap();
    assert!(whole.is_container && whole.findings.has(FindingCode::SignatureLost), "{report:?}");
    assert_eq!(whole.action, Action::Unpack);
}

#[test]
fn a_file_signed_as_a_whole_is_a_file_again() {
    let octets = data_encoding::BASE64_MIME.encode(&opaque(b"a,b\r\n1,2\r\n"));
    let mail = format!(
        "From: a@example.com\r\nSubject: x\r\nContent-Type: application/pkcs7-mime\r\n\
         Content-Disposition: attachment; filename=list.csv.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{octets}"
    );
    let (draft, _) = run(mail.as_bytes());
    assert_eq!(draft.attachments.first().unwrap().name, "list.csv");
}

#[test]
fn text_signed_in_clear_is_text() {
    let mail = "From: a@example.com\r\nSubject: x\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
        -----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n本文\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n\
        iQEzBAEBCAAdFiEE\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n";
    let (draft, report) = run(mail.as_bytes());
    assert_eq!(draft.text, "本文\n");
    assert!(report.parts.first().unwrap().findings.has(FindingCode::SignatureLost), "{report:?}");
}
