//! No plaintext of a body touches the disk: not of an original, not of a draft, not of a held mail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

mod common;

use common::{Gateway, Place, folder, holds, sink::Sink, stdout, wait_until};
use std::path::{Path, PathBuf};

const MARKER: &str = "himitsu-no-shirushi-4711";
const MARKER_JAPANESE: &str = "極秘の目印四七一一";

/// Mails with the markers in every place that is a body's or a header's own.
fn mails() -> Vec<Vec<u8>> {
    let plain = format!(
        "From: \"{MARKER}\" <a@sender.example>\r\nSubject: {MARKER}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         honbun {MARKER} {MARKER_JAPANESE}\r\n"
    );
    let attached = |media_type: &str, octets: &[u8]| {
        format!(
            "From: a@sender.example\r\nSubject: {MARKER}\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n<p>{MARKER}<p>{MARKER_JAPANESE}\r\n--b\r\n\
             Content-Type: {media_type}; name=\"{MARKER}.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            fixtures::mime::base64(octets)
        )
        .into_bytes()
    };
    // Large enough that original and draft become files of their own.
    let rows: String = (0..8_000).map(|n| format!("{n},{MARKER},{}\r\n", n * 7)).collect();
    let program =
        [b"MZ\x01\0\x03\0\0\0", MARKER.as_bytes(), MARKER_JAPANESE.as_bytes(), &[0; 200_000]].concat();
    let looping = format!("X-Sekisho-Id: A\r\nX-Sekisho-Id: B\r\n{plain}");
    vec![
        plain.into_bytes(),
        attached("text/csv", rows.as_bytes()),
        attached("application/octet-stream", &program),
        looping.into_bytes(),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        // Files come and go while the gateway works.
        let Ok(kind) = std::fs::symlink_metadata(&path) else { continue };
        if kind.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found
}

/// Looks through everything under `folder`, the log included; how many octets were looked at.
fn nothing_in_the_clear(folder: &Path, when: &str) -> usize {
    let mut octets_in_all = 0;
    for path in files(folder) {
        let Ok(octets) = std::fs::read(&path) else { continue };
        for marker in [MARKER, MARKER_JAPANESE] {
            assert!(!holds(&octets, marker), "{when}: {} holds {marker}", path.display());
        }
        octets_in_all += octets.len();
    }
    octets_in_all
}

fn send_all(gateway: &Gateway) -> Vec<String> {
    mails().iter().map(|mail| gateway.send(mail).unwrap()).collect()
}

#[test]
fn no_plaintext_of_a_body_touches_the_disk() {
    let folder = folder();
    // Nobody listens there: drafts stay in the store.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::before(folder.path(), closed);
    let gateway = place.start();
    send_all(&gateway);
    nothing_in_the_clear(folder.path(), "while it works");
    wait_until("all are drafts or held", || {
        let list = stdout(&gateway.ask(&["queue", "list"]));
        list.lines().filter(|line| line.contains("  clean  ") || line.contains("  held (")).count() >= 5
    });
    assert!(nothing_in_the_clear(folder.path(), "drafts wait") > 1_000_000, "bodies are not there at all");
    gateway.kill();
    nothing_in_the_clear(folder.path(), "after a kill");
    let gateway = place.start();
    nothing_in_the_clear(folder.path(), "after the restart");
    assert!(gateway.stop().success());
    nothing_in_the_clear(folder.path(), "after a stop");
}

/// The search itself finds what it looks for: a marker in the folder is seen, plain or in base64.
#[test]
#[should_panic(expected = "holds himitsu")]
fn a_marker_on_the_disk_is_seen() {
    let folder = folder();
    let sink = Sink::start();
    let gateway = Place::before(folder.path(), sink.address).start();
    let sent = send_all(&gateway);
    wait_until("all are inside", || sent.iter().all(|queue_id| sink.has(queue_id)));
    nothing_in_the_clear(folder.path(), "delivered");
    std::fs::write(folder.path().join("data").join("planted"), &sink.since(0)[0].octets).unwrap();
    nothing_in_the_clear(folder.path(), "planted");
}
