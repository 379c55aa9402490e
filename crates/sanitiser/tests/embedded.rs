//! Files that stand uuencoded in the text of a mail come out as parts of their own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]

use mail::{PartPath, Untrusted};
use policy::{Action, FindingCode, Phrase, Policy};
use sanitiser::{FontFace, Job, Outcome, Supplements, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

#[test]
fn uuencoded_files_are_parts_and_the_text_says_where_they_stood() {
    let mail = "From: a@example.com\r\nSubject: x\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
        前の文\r\nbegin 644 list.csv\r\n'82QB\"C$L,@``\r\n`\r\nend\r\n中の文\r\n\
        begin-base64 755 run.exe\r\nTVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAA=\r\n====\r\n後の文\r\n";
    let job = Job::Message(Untrusted::new(mail.as_bytes().to_vec()));
    let policy = Policy::standard();
    let done = sanitiser::sanitise(&job, &policy, &Supplements::default(), &mut Bare);
    let Outcome::Done(draft, report) = done else { panic!("{done:?}") };

    let mark = Phrase::AttachmentName.text(policy.notice_language);
    let shown = format!("前の文\n［{mark}: list.csv］\n中の文\n［{mark}: run.exe］\n後の文\n");
    assert_eq!(draft.text, shown);
    let [text, list, program] = report.parts.as_slice() else { panic!("{report:?}") };
    assert!(text.findings.has(FindingCode::EncodedInText));
    assert_eq!((list.path.to_string().as_str(), &list.action), ("1.1", &Action::Rebuild));
    assert_eq!((program.path.to_string().as_str(), &program.action), ("1.2", &Action::Remove));
    let [attachment] = draft.attachments.as_slice() else { panic!("{draft:?}") };
    assert_eq!(
        (attachment.name.as_str(), attachment.octets.as_slice()),
        ("list.csv", b"a,b\r\n1,2\r\n".as_slice())
    );
}
