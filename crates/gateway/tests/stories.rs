//! Stories: the real binary between a real sender and a real inside, on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const BINARY: &str = env!("CARGO_BIN_EXE_sekisho");
const PATIENCE: Duration = Duration::from_secs(90);

struct Gateway {
    child: Child,
    address: SocketAddr,
    data: PathBuf,
}

impl Gateway {
    fn start(data: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log =
            std::fs::File::options().create(true).append(true).open(data.with_extension("log")).unwrap();
        let child = Command::new(BINARY)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let gateway = Self { child, address, data: data.to_path_buf() };
        wait_until("the gateway listens", || TcpStream::connect(address).is_ok());
        gateway
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends one mail; the queue id of the promise.
    fn send(&self, message: &[u8]) -> Option<String> {
        try_send(self.address, "soumu@example.lg.jp", message)
    }

    fn inside(&self) -> Vec<PathBuf> {
        let new = self.data.join("inside").join("new");
        std::fs::read_dir(new)
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default()
    }

    fn delivered(&self, queue_id: &str) -> Option<String> {
        let mark = format!("X-Sekisho-Id: {queue_id}\r\n");
        self.inside()
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .find(|mail| mail.contains(&mark))
    }

    fn wait_for(&self, queue_id: &str) -> String {
        wait_until(&format!("{queue_id} is delivered"), || self.delivered(queue_id).is_some());
        self.delivered(queue_id).unwrap()
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(BINARY).args(arguments).arg("--data").arg(&self.data).output().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

fn wait_until(what: &str, mut fact: impl FnMut() -> bool) {
    let started = Instant::now();
    while !fact() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn try_send(address: SocketAddr, recipient: &str, message: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut reply = |wanted: &str| {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.as_bytes().get(3)? != &b'-' {
                return line.starts_with(wanted).then_some(line);
            }
        }
    };
    reply("220")?;
    for (command, wanted) in [
        ("EHLO sender.example".to_owned(), "250"),
        ("MAIL FROM:<a@sender.example>".to_owned(), "250"),
        (format!("RCPT TO:<{recipient}>"), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        reply(wanted)?;
    }
    stream.write_all(message).ok()?;
    stream.write_all(b"\r\n.\r\n").ok()?;
    let line = reply("250")?;
    Some(line.trim_end().rsplit(' ').next()?.to_owned())
}

fn demo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/demo/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_main_job_end_to_end() {
    let folder = folder();
    let gateway = Gateway::start(&folder.path().join("data"));
    let cases = [
        ("newsletter", vec![], vec!["text/html"]),
        ("gaiji", vec![], vec![]),
        ("pdf", vec!["Content-Type: application/pdf"], vec!["JavaScript"]),
        ("photo", vec!["Content-Type: image/jpeg"], vec!["Exif"]),
        ("program", vec![], vec!["application/zip"]),
        ("locked", vec![], vec!["application/zip"]),
        ("bomb", vec![], vec!["application/zip"]),
        ("evasion", vec![], vec!["octet-stream"]),
    ];
    for (name, has, lacks) in &cases {
        let queue_id = gateway.send(&demo(name)).unwrap_or_else(|| panic!("{name} was not taken"));
        let mail = gateway.wait_for(&queue_id);
        for wanted in has {
            assert!(mail.contains(wanted), "{name} lacks {wanted}:\n{mail}");
        }
        for unwanted in lacks {
            assert!(!mail.contains(unwanted), "{name} holds {unwanted}");
        }
    }
    let list = gateway.ask(&["queue", "list"]);
    assert!(list.status.success(), "{}", stdout(&list));
    assert!(stdout(&list).contains(&format!("accepted {}", cases.len())), "{}", stdout(&list));
    assert!(stdout(&list).contains(": balanced"), "{}", stdout(&list));
    let audit = gateway.ask(&["audit", "verify"]);
    assert!(audit.status.success(), "{}", stdout(&audit));
}

#[test]
fn a_killed_gateway_loses_nothing() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut promised = BTreeSet::new();
    for round in 0..4 {
        let gateway = Gateway::start(&data);
        let address = gateway.address;
        let sender = std::thread::spawn(move || {
            let (text, pdf) = (demo("gaiji"), demo("pdf"));
            let mails = (0..60).map(|n| if n % 10 == 9 { &pdf } else { &text });
            mails.map_while(|mail| try_send(address, "soumu@example.lg.jp", mail)).collect::<Vec<_>>()
        });
        let before = gateway.inside().len();
        wait_until("some mail arrives", || gateway.inside().len() > before + 5 + round);
        gateway.kill();
        promised.extend(sender.join().unwrap());
    }
    let gateway = Gateway::start(&data);
    for queue_id in &promised {
        gateway.wait_for(queue_id);
    }
    assert!(promised.len() >= 24, "{} promises", promised.len());
    let list = gateway.ask(&["queue", "list", "--limit", "1"]);
    assert!(list.status.success() && stdout(&list).contains(": balanced"), "{}", stdout(&list));
}

#[test]
fn no_plaintext_of_a_body_touches_the_disk() {
    let folder = folder();
    let data = folder.path().join("data");
    let gateway = Gateway::start(&data);
    let marker = "himitsu-no-shirushi-4711";
    let message = format!("From: a@sender.example\r\nSubject: {marker}\r\n\r\nhonbun {marker}\r\n");
    let queue_id = gateway.send(message.as_bytes()).unwrap();
    gateway.wait_for(&queue_id);
    let mut looked_at = 0;
    let mut open = vec![data.clone()];
    while let Some(path) = open.pop() {
        if path == data.join("inside") {
            continue;
        }
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(octets) = std::fs::read(&path) {
            looked_at += 1;
            let found = octets.windows(marker.len()).any(|window| window == marker.as_bytes());
            assert!(!found, "{} holds the marker", path.display());
        }
    }
    assert!(looked_at >= 3, "only {looked_at} files were looked at");
}

#[test]
fn an_original_comes_back_to_two_people_only() {
    let folder = folder();
    // The other account must be able to reach the socket.
    let status = Command::new("chmod").args(["755"]).arg(folder.path()).status().unwrap();
    assert!(status.success());
    let data = folder.path().join("data");
    let gateway = Gateway::start(&data);
    let message = demo("pdf");
    let queue_id = gateway.send(&message).unwrap();
    gateway.wait_for(&queue_id);
    let asked = gateway.ask(&["quarantine", "request", &queue_id, "--reason", "needed for the exercise"]);
    assert!(asked.status.success(), "{}", stdout(&asked));
    let alone = gateway.ask(&["quarantine", "approve", "1"]);
    assert!(!alone.status.success(), "one's own request was approved: {}", stdout(&alone));
    let early = gateway.ask(&["quarantine", "export", "1", "--out", "/dev/null/none"]);
    assert!(!early.status.success());
    // Only root can act as another account; the test says so rather than pass without having looked.
    assert!(is_root(), "this test needs root to act as a second account");
    let copy = std::env::temp_dir().join(format!("sekisho-{}", std::process::id()));
    std::fs::copy(BINARY, &copy).unwrap();
    let approved = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(&copy)
        .args(["quarantine", "approve", "1", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    std::fs::remove_file(&copy).unwrap();
    assert!(approved.status.success(), "{} {}", stdout(&approved), String::from_utf8_lossy(&approved.stderr));
    let out = folder.path().join("original.eml");
    let exported = gateway.ask(&["quarantine", "export", "1", "--out", out.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", stdout(&exported));
    let given = std::fs::read(&out).unwrap();
    assert!(given == message || given == [message, b"\r\n".to_vec()].concat(), "the original differs");
    let again =
        gateway.ask(&["quarantine", "export", "1", "--out", folder.path().join("b").to_str().unwrap()]);
    assert!(!again.status.success(), "an original was given out twice");
    let audit = gateway.ask(&["audit", "export"]);
    for event in ["original.requested", "original.approved", "original.released"] {
        assert!(stdout(&audit).contains(event), "{event} is not in the chain:\n{}", stdout(&audit));
    }
}

fn is_root() -> bool {
    stdout(&Command::new("id").arg("-u").output().unwrap()).trim() == "0"
}

#[test]
fn sanitise_reports_one_json_line_and_the_promised_exit_code() {
    let folder = folder();
    for (name, code) in [("gaiji", 0), ("photo", 0), ("program", 2), ("evasion", 2)] {
        let file = format!("{}/../../fixtures/demo/{name}.eml", env!("CARGO_MANIFEST_DIR"));
        let out = folder.path().join(name);
        let output = Command::new(BINARY)
            .args(["sanitise", "--report", "json", "--out"])
            .args([&out, Path::new(&file)])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{name}: {} {}",
            stdout(&output),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = stdout(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in ["input", "outcome", "parts", "outputs", "elapsed_ms", "jail"] {
            assert!(report.get(key).is_some(), "{name} lacks {key}: {text}");
        }
        assert!(out.join(format!("{name}.eml")).exists(), "{name} was not written");
    }
}

#[test]
fn an_open_relay_it_is_not() {
    let folder = folder();
    let gateway = Gateway::start(&folder.path().join("data"));
    let message = b"Subject: x\r\n\r\nx\r\n";
    let foreign =
        ["x@elsewhere.example", "x%elsewhere.example@example.lg.jp", "elsewhere.example!x@example.lg.jp"];
    for recipient in foreign {
        assert!(try_send(gateway.address, recipient, message).is_none(), "{recipient} was taken");
    }
    assert!(try_send(gateway.address, "postmaster@example.lg.jp", message).is_some());
}
