//! Killed at any system call between accepting and delivering, the gateway loses nothing, lets no original in, and
//! its ledger balances after the restart.
//!
//! strace kills the whole gateway at the entry of the n-th call of one kind in any of its threads. A few points run
//! with every test; `SEKISHO_KILL_POINTS=200 cargo test --release -p gateway --test kills -- --nocapture` runs many.
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

use common::{Gateway, Place, client, demo, folder, holds, sink::Sink, wait_until};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Kinds of calls, and how many of each one thread makes for the mails of one point; what a thread does not reach
/// lowers the number.
const CALLS: &[(&str, usize)] = &[
    ("pwrite64", 260),
    ("fsync", 18),
    ("sendto", 30),
    ("pwrite64", 260),
    ("write", 24),
    ("recvfrom", 30),
    ("fsync", 18),
    ("openat", 14),
    ("pread64", 40),
    ("close", 20),
    ("unlink", 3),
];
/// Calls of a start: recovery is killed as well.
const CALLS_AT_START: &[(&str, usize)] =
    &[("pwrite64", 24), ("openat", 60), ("fsync", 8), ("ftruncate", 2), ("unlink", 2)];
/// Every so many points the restart is killed, too.
const START_EVERY: usize = 6;
/// Mails of one point.
const MAILS: usize = 3;
/// Stands in places of every mail that must never cross.
const MARKER: &str = "himitsu-no-shirushi-";

/// Where to kill next: points are spread evenly over each kind of call.
struct Plan {
    ceilings: Vec<(&'static str, usize)>,
    drawn: usize,
}

impl Plan {
    fn new(calls: &[(&'static str, usize)]) -> Self {
        Self { ceilings: calls.to_vec(), drawn: 0 }
    }

    fn next(&mut self) -> (usize, &'static str, usize) {
        let kind = self.drawn % self.ceilings.len();
        let round = self.drawn / self.ceilings.len();
        self.drawn += 1;
        let (call, ceiling) = self.ceilings[kind];
        // Multiples of the golden ratio fall evenly into any interval.
        let share = (round + 1) * 618_034 % 1_000_000;
        (kind, call, 1 + share * ceiling / 1_000_000)
    }

    fn not_reached(&mut self, kind: usize, when: usize) {
        self.ceilings[kind].1 = when.saturating_sub(1).max(1);
    }
}

/// What the sender knows of one mail: the queue id of the promise, if one was given.
type Promise = Option<String>;

fn mails(point: usize) -> [Vec<u8>; MAILS] {
    let marker = format!("{MARKER}{point}");
    let head = |n: usize| {
        format!(
            "From: a@sender.example\r\nTo: soumu@example.lg.jp\r\nSubject: kill {point} {n}\r\nX-Hidden: {marker}\r\n\
             Date: Fri, 20 Nov 2026 09:08:00 +0900\r\nMIME-Version: 1.0\r\n",
        )
    };
    let attached = |n: usize, media_type: &str, octets: &[u8]| {
        format!(
            "{}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n{marker}\r\n--b\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n<p>honbun<!-- {marker} --><script>{marker}</script>\r\n\
             --b\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            head(n),
            fixtures::mime::base64(octets)
        )
    };
    let program = format!("MZ\u{1}\0\u{3}\0\0\0\u{4}\0{marker}\0\0\0");
    let looping = format!("{}X-Sekisho-Id: A\r\nX-Sekisho-Id: B\r\n\r\n{marker}\r\n", head(1)).into_bytes();
    // Large enough that original and draft become files of their own.
    let rows: String = (0..8_000).map(|n| format!("{n},gyou,{}\r\n", n * 7)).collect();
    let large = attached(2, "text/csv; name=\"hyou.csv\"", rows.as_bytes()).into_bytes();
    let pdf = String::from_utf8(demo("pdf")).unwrap();
    let subject = pdf.lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned();
    let pdf = pdf.replacen(&subject, &format!("X-Hidden: {marker}\r\n{subject}"), 1);
    let third = if point.is_multiple_of(4) { pdf.into_bytes() } else { large };
    [attached(0, "application/octet-stream; name=\"x.exe\"", program.as_bytes()).into_bytes(), looping, third]
}

/// Sends the mails of a point, each over a connection of its own, at once.
fn send(place: &Place, point: usize) -> JoinHandle<Vec<Promise>> {
    let address = place.address;
    std::thread::spawn(move || {
        let senders = mails(point)
            .into_iter()
            .map(|mail| std::thread::spawn(move || client::send(address, &["soumu@example.lg.jp"], &mail)));
        let senders: Vec<_> = senders.collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    })
}

/// strace upon a running gateway, all its threads attached.
struct Tracer {
    child: Child,
    _errors: BufReader<std::process::ChildStderr>,
}

impl Tracer {
    fn attach(gateway: &Gateway, call: &str, when: usize) -> Self {
        let mut child = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-p", &gateway.child.id().to_string()])
            .args(inject(call, when))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace is needed");
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        assert!(line.contains(" attached"), "strace cannot attach: {line}");
        Self { child, _errors: errors }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Asked to end it lets go of what it traces.
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap();
    }
}

fn inject(call: &str, when: usize) -> [String; 4] {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={when}"));
    ["-e".to_owned(), trace, "-e".to_owned(), inject]
}

/// Starts the gateway so that it is killed at a call of its start; whether it was.
fn killed_at_start(place: &Place, plan: &mut Plan) -> bool {
    let (kind, call, when) = plan.next();
    let mut prefix: Vec<String> =
        ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null"].map(str::to_owned).to_vec();
    prefix.extend(inject(call, when));
    let mut strace = place.serve(&prefix);
    let mut killed = false;
    wait_until("the traced start ends or listens", || {
        killed = strace.try_wait().unwrap().is_some();
        killed || std::net::TcpStream::connect(place.address).is_ok()
    });
    if !killed {
        plan.not_reached(kind, when);
        // The gateway under it is killed all the same; strace ends with it.
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", strace.id())).unwrap();
        for child in children.split_whitespace() {
            Command::new("kill").args(["-9", child]).status().unwrap();
        }
        strace.wait().unwrap();
    }
    killed
}

fn all_settled(place: &Place, sink: &Sink, sent: &[Promise]) -> bool {
    sent.iter().flatten().all(|queue_id| sink.has(queue_id)) && place.ledger().in_queue == 0
}

/// Attempts at delivery that the last start found interrupted: only these may arrive twice.
fn interrupted_attempts(place: &Place) -> usize {
    let log = std::fs::read_to_string(place.log()).unwrap();
    let opened = log.lines().rfind(|line| line.contains("store.opened")).unwrap();
    opened.split("interrupted_attempts=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// Sends the mails of a point to a gateway that is to die; what was promised, and whether it died.
fn send_and_kill(
    gateway: &mut Gateway,
    sink: &Sink,
    call: &str,
    when: usize,
    point: usize,
) -> (Vec<Promise>, bool) {
    let before = sink.count();
    let _tracer = Tracer::attach(gateway, call, when);
    let sending = send(&gateway.place, point);
    let mut dead = false;
    let mut arrived = None;
    let started = Instant::now();
    wait_until("the gateway dies or has delivered", || {
        dead = gateway.child.try_wait().unwrap().is_some();
        if !dead && started.elapsed() > Duration::from_secs(80) {
            let list = common::stdout(&gateway.ask(&["queue", "list", "--limit", "5"]));
            let log = std::fs::read_to_string(gateway.place.log()).unwrap();
            panic!(
                "{call} {when}: neither dead nor done\n{list}\n{}",
                &log[log.len().saturating_sub(6_000)..]
            );
        }
        if sink.count() - before >= MAILS {
            arrived.get_or_insert_with(Instant::now);
        }
        // What has arrived is settled a moment later; a kill may still fall there.
        dead || arrived.is_some_and(|at| at.elapsed() > Duration::from_millis(700))
    });
    (sending.join().unwrap(), dead)
}

/// What happened at all points.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    kills_at_start: usize,
    /// Kills by kind of call.
    calls: BTreeMap<&'static str, usize>,
    /// Kills by what the sender had been told and what had arrived.
    phases: BTreeMap<&'static str, usize>,
    sent: usize,
    promised: usize,
    /// Mails that arrived, promised or not.
    arrived: BTreeSet<String>,
    twice: usize,
}

impl Tally {
    fn killed(&mut self, call: &'static str, sent: &[Promise], arrived: usize) {
        let promised = sent.iter().flatten().count();
        let phase = match (promised, arrived) {
            (0, _) => "1 before any promise",
            (_, 0) => "2 promised, nothing inside",
            (_, n) if n < MAILS => "3 some inside",
            _ => "4 all inside",
        };
        self.kills += 1;
        *self.calls.entry(call).or_default() += 1;
        *self.phases.entry(phase).or_default() += 1;
    }

    /// Holds everything that arrived since `before` against what was sent.
    fn check(
        &mut self,
        place: &Place,
        sink: &Sink,
        before: usize,
        sent: &[Promise],
        twice_max: usize,
        what: &str,
    ) {
        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        for mail in sink.since(before) {
            assert!(!holds(&mail.octets, MARKER), "{what}: an original crossed:\n{}", mail.text());
            let queue_id = mail.field("X-Sekisho-Id").unwrap_or_else(|| panic!("{what}: {}", mail.text()));
            *copies.entry(queue_id).or_default() += 1;
        }
        let promised: BTreeSet<&String> = sent.iter().flatten().collect();
        for queue_id in &promised {
            assert!(copies.contains_key(*queue_id), "{what}: {queue_id} is lost");
        }
        // A mail may be durable although the sender did not hear of it any more.
        assert!(copies.len() <= sent.len(), "{what}: {} mails from {}", copies.len(), sent.len());
        assert!(copies.values().all(|&copies| copies <= 2), "{what}: {copies:?}");
        let twice = copies.values().filter(|&&copies| copies > 1).count();
        assert!(twice <= twice_max, "{what}: {twice} came twice, {twice_max} attempts were interrupted");
        self.sent += sent.len();
        self.promised += promised.len();
        self.twice += twice;
        let new = copies.len();
        self.arrived.extend(copies.into_keys());
        let ledger = place.ledger();
        assert!(ledger.balanced, "{what}: {}", ledger.line);
        // Every mail is inside, or held with a stand-in inside.
        let all = self.arrived.len();
        let counts = (ledger.accepted, ledger.delivered, ledger.born);
        assert_eq!(counts, (all, all, ledger.held), "{what}: {new} of {all} arrived now; {}", ledger.line);
    }
}

#[test]
fn killed_at_any_point_it_loses_nothing_and_lets_no_original_in() {
    let points: usize = std::env::var("SEKISHO_KILL_POINTS").map_or(11, |text| text.parse().unwrap());
    let folder = folder();
    let sink = Sink::start();
    let place = Place::before(folder.path(), sink.address);
    let (mut plan, mut plan_at_start) = (Plan::new(CALLS), Plan::new(CALLS_AT_START));
    let mut tally = Tally::default();
    let mut gateway = place.start();
    for round in 0.. {
        if tally.kills >= points {
            break;
        }
        assert!(round < 20 + points * 2, "too few calls are reached: {:?}", plan.ceilings);
        let (kind, call, when) = plan.next();
        let before = sink.count();
        let (sent, dead) = send_and_kill(&mut gateway, &sink, call, when, round);
        let what = format!("round {round}, {call} {when}");
        let mut twice_max = 0;
        if dead {
            tally.killed(call, &sent, sink.count() - before);
            let twofold = tally.kills.is_multiple_of(START_EVERY);
            if twofold && killed_at_start(&place, &mut plan_at_start) {
                tally.kills_at_start += 1;
            }
            gateway = place.start();
            // The start before this one may have noted the interrupted attempts already, and begun new ones.
            twice_max = if twofold { sent.len() } else { interrupted_attempts(&place) };
        } else {
            plan.not_reached(kind, when);
        }
        wait_until(&format!("{what}: all is settled"), || all_settled(&place, &sink, &sent));
        tally.check(&place, &sink, before, &sent, twice_max, &what);
    }
    assert_eq!(tally.kills, points);
    let audit = place.ask(&["audit", "verify"]);
    assert!(audit.status.success(), "{}", common::stdout(&audit));
    println!(
        "{} kills and {} more during the start after one; {} mails sent, {} promised, 0 lost, 0 originals inside, \
         {} came twice; ledger balanced after each\n{:#?}\n{:#?}",
        tally.kills, tally.kills_at_start, tally.sent, tally.promised, tally.twice, tally.phases, tally.calls
    );
    println!("{}", place.ledger().line);
}

#[test]
fn base64_at_any_alignment_is_seen() {
    for before in 0..5 {
        let text = format!("{}himitsu-no-shirushi", "x".repeat(before));
        let encoded = fixtures::mime::base64(text.as_bytes());
        assert!(holds(encoded.as_bytes(), "himitsu-no-shirushi"), "{before}");
        assert!(!holds(encoded.as_bytes(), "himitsu-mo-shirushi"), "{before}");
    }
}
