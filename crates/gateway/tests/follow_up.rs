//! A locked file waits; a person gives the password; it goes in with a follow-up, once, and the password is nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]
#![allow(dead_code, reason = "the helpers are shared by tests that need different ones")]

mod common;

use common::{BINARY, Gateway, folder, holds, stdout, wait_until};
use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

const PASSWORD: &str = "Aikotoba-2026";

/// A mail with a PDF that opens with [`PASSWORD`].
fn mail(folder: &Path) -> Vec<u8> {
    let (plain, locked) = (folder.join("plain.pdf"), folder.join("locked.pdf"));
    let cases = fixtures::files();
    let case = cases.iter().find(|case| case.name == "plain.pdf").unwrap();
    std::fs::write(&plain, &case.octets).unwrap();
    let qpdf = Command::new("qpdf")
        .args(["--encrypt", PASSWORD, "owner", "256", "--"])
        .args([&plain, &locked])
        .status();
    // qpdf says 3 when it had to mend something.
    assert!(matches!(qpdf.unwrap().code(), Some(0 | 3)), "qpdf is needed");
    let encoded = Command::new("base64").arg(&locked).output().unwrap().stdout;
    let text = "From: a@example.com\r\nTo: soumu@example.lg.jp\r\nSubject: mitsumori\r\nMessage-ID: <first@example.com>\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhonbun\r\n--b\r\n\
        Content-Type: application/pdf; name=\"mitsumori.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let encoded = String::from_utf8(encoded).unwrap().replace('\n', "\r\n");
    format!("{text}{encoded}--b--\r\n").into_bytes()
}

fn unlock(gateway: &Gateway, id: &str, password: &str) -> Output {
    let mut child = Command::new(BINARY)
        .args(["queue", "unlock", id, "--data"])
        .arg(&gateway.place.data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What arrived that is no answer to anything, and what is.
fn follow_ups(gateway: &Gateway) -> Vec<String> {
    let mails = gateway.inside().into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    mails.filter(|mail| mail.contains("\r\nIn-Reply-To: <first@example.com>\r\n")).collect()
}

#[test]
fn a_password_brings_the_part_that_waited_once() {
    let folder = folder();
    let gateway = Gateway::start(&folder.path().join("data"));
    let id = gateway.send(&mail(folder.path())).unwrap();
    let first = gateway.wait_for(&id);
    assert!(!first.contains("application/pdf"), "{first}");

    let wrong = unlock(&gateway, &id, "machigai");
    assert_eq!(wrong.status.code(), Some(1), "{}", stdout(&wrong));
    let right = unlock(&gateway, &id, PASSWORD);
    assert!(right.status.success(), "{}", stdout(&right));
    wait_until("the follow-up is inside", || !follow_ups(&gateway).is_empty());
    let again = unlock(&gateway, &id, PASSWORD);
    assert_eq!(again.status.code(), Some(1), "{}", stdout(&again));

    let [second] = <[String; 1]>::try_from(follow_ups(&gateway)).unwrap();
    assert!(second.contains("Content-Type: application/pdf"), "{second}");
    assert!(second.contains("\r\nReferences: <first@example.com>\r\n"), "{second}");
    assert!(!second.contains("\r\nMessage-ID: <first@example.com>\r\n"), "{second}");
    let ledger = gateway.place.ledger();
    assert!(ledger.line.contains("accepted 1 + born 1"), "{}", ledger.line);
    assert!(ledger.line.contains("balanced"), "{}", ledger.line);
    let audit = stdout(&gateway.ask(&["audit", "export"]));
    assert!(audit.contains("parts.brought"), "{audit}");
    assert!(gateway.ask(&["audit", "verify"]).status.success());

    let log = gateway.place.log();
    let data = gateway.place.data.clone();
    assert!(gateway.stop().success());
    assert!(!holds(&std::fs::read(log).unwrap(), PASSWORD));
    let mut folders = vec![data];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(!holds(&std::fs::read(&path).unwrap(), PASSWORD), "{}", path.display());
            }
        }
    }
}
