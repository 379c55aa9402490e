//! Locked files open with the words of their own mail, of a neighbouring one, or with what was agreed: in their place,
//! with a finding that says which; and with nothing else.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions};
use mail::{Draft, PartPath};
use policy::{Action, AwaitFor, FindingCode, Policy, Report};
use sanitiser::{FontFace, Job, Letter, Outcome, Supplements, Surroundings};
use std::sync::Arc;

struct Bare;

impl Surroundings for Bare {
    fn begin(&mut self, _: &PartPath) {}

    fn font(&mut self, _: FontFace) -> Option<(Arc<Vec<u8>>, u32)> {
        None
    }
}

/// A page that opens with this password.
fn locked_pdf(password: &str) -> Vec<u8> {
    let cases = fixtures::files();
    let plain = cases.iter().find(|case| case.name == "plain.pdf").unwrap();
    let mut document = Document::load_mem(&plain.octets).unwrap();
    let id = Object::string_literal("0123456789abcdef");
    document.trailer.set("ID", Object::Array(vec![id.clone(), id]));
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner-of-the-fixture",
        user_password: password,
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut octets = Vec::new();
    document.save_to(&mut octets).unwrap();
    octets
}

/// A mail of these files, with a text behind them.
fn mail(text: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut mail = "From: a@example.com\r\nSubject: mitsumori\r\nDate: Sat, 21 Nov 2026 09:00:00 +0900\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        .to_owned();
    for (name, password) in files {
        let pdf = fixtures::mime::base64(&locked_pdf(password));
        mail.push_str(&format!(
            "--b\r\nContent-Type: application/pdf; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{pdf}\r\n"
        ));
    }
    mail.push_str(&format!("--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b--\r\n"));
    mail.into_bytes()
}

fn sanitised(mail: Vec<u8>, supplements: &Supplements) -> (Box<Draft>, Box<Report>) {
    let job = Job::Message(mail::Untrusted::new(mail));
    let outcome = sanitiser::sanitise(&job, &Policy::standard(), supplements, &mut Bare);
    let Outcome::Done(draft, report) = outcome else { panic!("more is asked for") };
    (draft, report)
}

fn letter(text: &str) -> Letter {
    Letter { text: text.to_owned(), ..Letter::default() }
}

#[test]
fn the_words_of_the_mail_open_files_that_stand_before_them() {
    let text = "添付ファイルのパスワードです。\r\n一つ目　Kq3vT9aa\r\n二つ目　Zx8wR2bb";
    let files = [("a.pdf", "Kq3vT9aa"), ("b.pdf", "Zx8wR2bb"), ("c.pdf", "nobody-knows-it")];
    let (draft, report) = sanitised(mail(text, &files), &Supplements::default());
    let names: Vec<&str> = draft.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.pdf", "b.pdf"]);
    let paths: Vec<String> = report.parts.iter().map(|part| part.path.to_string()).collect();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(paths, sorted, "each part is reported once, in its place");
    let of = |name: &str| report.parts.iter().find(|part| part.name == name).unwrap();
    assert!(of("a.pdf").findings.has(FindingCode::PasswordInMail));
    assert!(of("b.pdf").findings.has(FindingCode::PasswordInMail));
    assert_eq!(of("c.pdf").action, Action::Await(AwaitFor::Password));
    assert!(!of("c.pdf").findings.has(FindingCode::PasswordInMail));
    assert_eq!(draft.text.matches("二つ目").count(), 1, "{}", draft.text);
}

#[test]
fn neighbours_and_agreed_passwords_come_after_the_mails_own() {
    let locked = mail("パスワードは別のメールでお送りします。", &[("a.pdf", "Kq3vT9aa")]);
    let cases = [
        (Supplements::default(), None),
        (Supplements { letters: vec![letter("パスワード：chigau1")], ..Supplements::default() }, None),
        (
            Supplements {
                letters: vec![letter("他の件です。"), letter("PW：Kq3vT9aa")],
                ..Supplements::default()
            },
            Some(FindingCode::PasswordInNeighbour),
        ),
        (
            Supplements {
                agreed: vec!["chigau2".to_owned(), "Kq3vT9aa".to_owned()],
                ..Supplements::default()
            },
            Some(FindingCode::PasswordAgreed),
        ),
    ];
    let mut ran = 0;
    for (supplements, code) in cases {
        let (draft, report) = sanitised(locked.clone(), &supplements);
        assert_eq!(draft.attachments.len(), usize::from(code.is_some()));
        let codes: Vec<FindingCode> = FindingCode::ALL
            .iter()
            .copied()
            .filter(|code| (550..553).contains(&code.number()))
            .filter(|code| report.parts.iter().any(|part| part.findings.has(*code)))
            .collect();
        assert_eq!(codes, code.into_iter().collect::<Vec<_>>());
        assert!(!format!("{supplements:?} {report:?}").contains("Kq3vT9aa"));
        ran += 1;
    }
    assert_eq!(ran, 4);
    let given = ["chigau", "Kq3vT9aa"].map(str::to_owned).to_vec();
    let (draft, _) = sanitised(locked, &Supplements { passwords: given, ..Supplements::default() });
    assert_eq!(draft.attachments.len(), 1);
}

#[test]
fn a_file_alone_opens_with_what_its_name_says() {
    let job = Job::File {
        name: "mitsumori_PW-Kq3vT9aa.pdf".to_owned(),
        octets: mail::Untrusted::new(locked_pdf("Kq3vT9aa")),
    };
    let outcome = sanitiser::sanitise(&job, &Policy::standard(), &Supplements::default(), &mut Bare);
    let Outcome::Done(draft, report) = outcome else { panic!("more is asked for") };
    assert_eq!(draft.attachments.len(), 1, "{report:?}");
}

/// Words without end: the likeliest hundred are tried.
#[test]
fn many_words_are_bounded() {
    let text: String = (0..2_000).map(|n| format!("パスワード：w{n:04}z\r\n")).collect();
    let (draft, _) =
        sanitised(mail(&text, &[("a.pdf", "w0099z"), ("b.pdf", "w0100z")]), &Supplements::default());
    let names: Vec<&str> = draft.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.pdf"], "a hundred words of the mail itself are tried");
}
