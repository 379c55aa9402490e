//! Names of parts as a reader meets them: a picture bears the name of its mark where the text shows the mark, and its
//! own name elsewhere; a signature needs no name unless it came under that of something else.
#![expect(clippy::panic, reason = "a panic is a test's way to fail")]

use mail::{Draft, PartPath};
use policy::{Action, Policy, Report};
use sanitiser::{FontFace, Job, Outcome, Supplements, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

fn done(mail: Vec<u8>) -> (Box<Draft>, Box<Report>) {
    let job = Job::Message(mail::Untrusted::new(mail));
    let outcome = sanitiser::sanitise(&job, &Policy::standard(), &Supplements::default(), &mut Bare);
    let Outcome::Done(draft, report) = outcome else { panic!("more is asked for") };
    (draft, report)
}

/// Text and names of the attachments of a mail of these alternatives and a picture.
fn sanitised(alternatives: &str) -> (String, Vec<String>) {
    let mut mail = format!(
        "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n{alternatives}--a--\r\n\r\n\
         --r\r\nContent-Type: image/png; name=seal.png\r\nContent-ID: <p@x>\r\n\
         Content-Disposition: inline; filename=seal.png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    )
    .into_bytes();
    mail.extend(fixtures::png(40, 30, &[200; 40 * 30 * 3]));
    mail.extend(b"\r\n--r--\r\n");
    let (draft, _) = done(mail);
    (draft.text, draft.attachments.into_iter().map(|attachment| attachment.name).collect())
}

const HTML: &str = "--a\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n\
    <p>明日の会議は午後三時からです。</p><img src=\"cid:p@x\">\r\n";

#[test]
fn a_picture_bears_its_mark_where_the_text_shows_it() {
    let (text, names) = sanitised(HTML);
    assert!(text.contains("［画像1］"), "{text}");
    assert_eq!(names, ["画像1.png"]);
}

#[test]
fn a_picture_keeps_its_name_where_the_plain_text_is_shown() {
    let plain =
        "--a\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n明日の会議は午後三時からです。\r\n".to_owned();
    let (text, names) = sanitised(&(plain + HTML));
    assert!(!text.contains("画像"), "{text}");
    assert_eq!(names, ["seal.png"]);
}

#[test]
fn a_signature_under_another_name_is_a_file_that_is_missed() {
    for (name, is_missed) in [("signature.asc", false), ("result.mp3", true)] {
        let mail = format!(
            "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name={name}\r\n\
             Content-Disposition: attachment\r\n\r\n\
             -----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n--b--\r\n"
        );
        let (_, report) = done(mail.into_bytes());
        let part = report.parts.iter().find(|part| part.name == name);
        assert_eq!(part.map(|part| part.action == Action::Remove), Some(is_missed), "{name}");
    }
}
