//! The renderer's client against renderers that misbehave, in the sandbox that the real one runs in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

use jail::{Renderer, RendererSettings};
use mail::Untrusted;
use policy::FindingCode;
use std::{
    net::{TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn settings(program: &Path) -> RendererSettings {
    RendererSettings {
        program: program.to_owned(),
        bubblewrap: Some("/usr/bin/bwrap".into()),
        uid: 64_735,
        places: 1,
        spare: 1,
        cpu_s: 60,
        wall: Duration::from_secs(60),
        address_space_octets: 1536 << 20,
    }
}

/// A folder that a user of another number may read, as that of an installed program.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A renderer that is a shell script; it is called once to wait, and once with `--convert-to` to draw.
fn fake(folder: &Path, draws: &str) -> PathBuf {
    let program = folder.join("soffice");
    let script = format!("#!/bin/sh\ncase \"$*\" in *--convert-to*) {draws} ;; esac\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

fn document(text: &str) -> Untrusted {
    Untrusted::new(text.as_bytes().to_vec())
}

#[test]
fn every_misdeed_is_a_verdict_on_the_document() {
    let cases = [
        ("exit 1", FindingCode::RendererFailed),
        ("kill -SEGV $$", FindingCode::RendererFailed),
        (": >out/document.pdf", FindingCode::RendererFailed),
        ("sleep 1000", FindingCode::RendererTimeOut),
        ("while :; do :; done", FindingCode::RendererTimeOut),
        ("cat /dev/zero >out/document.pdf", FindingCode::LimitRendered),
        ("kill -9 -1", FindingCode::RendererFailed),
    ];
    let mut tried = 0;
    for (draws, expected) in cases {
        let folder = folder();
        let slow = expected == FindingCode::RendererTimeOut;
        let wall = Duration::from_secs(if slow { 2 } else { 300 });
        let renderer =
            Renderer::start(RendererSettings { wall, ..settings(&fake(folder.path(), draws)) }).unwrap();
        let started = Instant::now();
        let drawn = renderer.draw("doc", &document("x"), 1 << 20);
        assert_eq!(drawn.map(|pdf| pdf.len()), Err(expected), "{draws}");
        assert!(started.elapsed() < Duration::from_secs(60), "{draws} took {:?}", started.elapsed());
        tried += 1;
    }
    assert_eq!(tried, 7);
}

#[test]
fn a_document_arrives_whole_and_so_does_what_comes_back() {
    let folder = folder();
    let renderer =
        Renderer::start(settings(&fake(folder.path(), "cat document.* >out/document.pdf"))).unwrap();
    for size in [0usize, 1, 65_536, 3_000_000] {
        let octets: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let drawn = renderer.draw("xls", &Untrusted::new(octets.clone()), 3_000_000);
        let expected = if size == 0 { Err(FindingCode::RendererFailed) } else { Ok(octets) };
        assert!(drawn.map(Untrusted::into_octets) == expected, "{size} octets");
    }
    let one_more = Untrusted::new(vec![0; 3_000_001]);
    assert_eq!(renderer.draw("xls", &one_more, 3_000_000).unwrap_err(), FindingCode::LimitRendered);
}

#[test]
fn what_is_missing_is_named() {
    let lacking = RendererSettings {
        bubblewrap: Some("/nowhere/bwrap".into()),
        ..settings(Path::new("/nowhere/soffice"))
    };
    let missing = lacking.missing().join("\n");
    assert!(
        missing.contains("install bubblewrap") && missing.contains("libreoffice-writer-nogui"),
        "{missing}"
    );
    assert!(Renderer::start(lacking).is_err());
}

/// Run in the renderer's place, a program that tries.
#[test]
fn nothing_is_reached_from_the_sandbox() {
    let mut examples = std::env::current_exe().unwrap();
    examples.pop();
    examples.pop();
    let spy = examples.join("examples").join("spy");
    let folder = folder();
    let program = folder.path().join("soffice");
    std::fs::copy(&spy, &program).unwrap();
    let private = tempfile::tempdir().unwrap();
    let secret = private.path().join("vault.key");
    std::fs::write(&secret, b"secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let heard = UdpSocket::bind("127.0.0.1:0").unwrap();
    heard.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let seconds = format!("9{:06}", std::process::id());

    let renderer = Renderer::start(settings(&program)).unwrap();
    let attempts = [
        "read /etc/passwd".to_owned(),
        "read /etc/shadow".to_owned(),
        "read /etc/hostname".to_owned(),
        "read /proc/1/environ".to_owned(),
        format!("read {}", secret.display()),
        "list /root".to_owned(),
        "list /home".to_owned(),
        "list /var/lib".to_owned(),
        "list /run".to_owned(),
        "list /sys".to_owned(),
        "list /usr/bin".to_owned(),
        "list /usr/lib/python3".to_owned(),
        format!("list {}", private.path().display()),
        "write /usr/lib".to_owned(),
        "write /etc/fonts".to_owned(),
        format!("write {}", folder.path().display()),
        format!("connect {}", listener.local_addr().unwrap()),
        "connect 192.0.2.1:25".to_owned(),
        format!("send {}", heard.local_addr().unwrap()),
        "send 192.0.2.1:53".to_owned(),
        "run /usr/bin/python3".to_owned(),
        "run /usr/bin/bwrap".to_owned(),
        "namespace".to_owned(),
        "netlink".to_owned(),
        "internet".to_owned(),
        "own".to_owned(),
        "environment".to_owned(),
        "processes".to_owned(),
        "privileges".to_owned(),
        "user".to_owned(),
        format!("linger {seconds}"),
    ];
    let told = renderer.draw("doc", &document(&attempts.join("\n")), 1 << 20).unwrap();
    let told = String::from_utf8(told.into_octets()).unwrap();
    let mut tried = 0;
    for attempt in &attempts {
        let line = told.lines().find(|line| line.starts_with(&format!("{attempt}: "))).expect(attempt);
        let answer = line.rsplit(": ").next().unwrap();
        match attempt.split(' ').next().unwrap() {
            "environment" => {
                let names: Vec<&str> = answer.split(' ').collect();
                assert!(names.iter().all(|name| KNOWN.contains(name)), "{line}");
            }
            // Its own first process, the script, itself, and little more.
            "processes" => assert!(answer.parse::<u32>().unwrap() < 10, "{line}"),
            "privileges" => assert_eq!(answer.trim(), "0000000000000000 1 2", "{line}"),
            "user" => assert_ne!(answer.trim(), "0", "{line}"),
            "linger" | "own" => assert_eq!(answer, "reached", "{line}"),
            _ => assert_eq!(answer, "nothing", "{line}"),
        }
        tried += 1;
    }
    assert_eq!(tried, 31);
    assert!(heard.recv(&mut [0; 8]).is_err(), "a datagram came out");
    assert!(std::fs::read_dir(folder.path()).unwrap().count() == 1, "it wrote beside the program");
    drop(renderer);
    let deadline = Instant::now() + Duration::from_secs(10);
    while runs(&seconds) {
        assert!(Instant::now() < deadline, "a process outlived its instance");
        std::thread::yield_now();
    }
}

/// Names that may stand in the environment.
const KNOWN: &[&str] = &[
    "PATH",
    "LC_ALL",
    "TZ",
    "SAL_USE_VCLPLUGIN",
    "SAL_DISABLE_OPENCL",
    "HOME",
    "FONTCONFIG_FILE",
    "PWD",
    "OLDPWD",
];

/// Whether any process of this machine bears this word on its command line.
fn runs(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|octet| *octet == 0).any(|argument| argument == word.as_bytes())
    })
}
