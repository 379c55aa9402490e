//! A jail child that turns on its jailer: it locks itself as every child does, then tries one attack.
//!
//! The attack is named by the last argument. What it reaches is told on standard error; the test `attacks` holds
//! that nothing is reached.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

fn main() {
    let attack = std::env::args().next_back().unwrap_or_default();
    let locked = jail::enter();
    match attack.as_str() {
        "claim" => lie(&claim()),
        "trailing" => lie(&trailing()),
        "honest" => {
            if jail::serve(locked).is_err() {
                std::process::exit(1);
            }
        }
        other => {
            read_something();
            reach(other);
        }
    }
}

/// The attacker waits for the request, as taken code would act only after reading it.
fn read_something() {
    let mut head = [0; 16];
    if std::io::stdin().read_exact(&mut head).is_err() {
        std::process::exit(0);
    }
}

fn reach(attack: &str) {
    let reached = match attack {
        "open" => std::fs::read("/etc/passwd").is_ok(),
        "write" => std::fs::write("/tmp/sekisho-attacker", b"x").is_ok(),
        "connect" => TcpStream::connect_timeout(&([127, 0, 0, 1], 25).into(), Duration::from_secs(1)).is_ok(),
        "exec" => std::process::Command::new("/bin/true").status().is_ok(),
        "fork" => std::thread::Builder::new().spawn(|| {}).is_ok(),
        "ptrace" => nix::sys::ptrace::attach(nix::unistd::Pid::parent()).is_ok(),
        "signal" => {
            nix::sys::signal::kill(nix::unistd::Pid::parent(), nix::sys::signal::Signal::SIGUSR1).is_ok()
        }
        "loop" => spin(),
        "sleep" => {
            std::thread::park();
            true
        }
        "memory" => eat(),
        "stack" => dig(0) > 0,
        "panic" => fail(),
        _ => true,
    };
    // Only the broker reads this pipe.
    let _unread = writeln!(std::io::stderr(), "{attack}: reached {reached}");
}

#[expect(clippy::panic, reason = "the attack is to panic")]
fn fail() -> bool {
    panic!("an attacker's panic")
}

fn spin() -> bool {
    let mut n = 0u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

fn eat() -> bool {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(std::hint::black_box(vec![0; 16 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "the attack is to exhaust the stack")]
fn dig(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    dig(room.iter().fold(depth, |sum, n| sum.wrapping_add(*n)).wrapping_add(1)).wrapping_add(1)
}

fn lie(octets: &[u8]) {
    read_something();
    let mut output = std::io::stdout();
    let _broken = output.write_all(octets).and_then(|()| output.flush());
    std::thread::park();
}

/// A head that claims 1 TiB.
fn claim() -> Vec<u8> {
    let mut head = b"SKJ1\x04\0\0\0".to_vec();
    head.extend_from_slice(&(1u64 << 40).to_le_bytes());
    head
}

/// A sound answer with an octet behind it.
fn trailing() -> Vec<u8> {
    let answer = jail::frame::Answer::Decoded(Vec::new());
    let mut frame = jail::frame::encode(jail::frame::Kind::Answer, &answer).unwrap_or_default();
    frame.push(0);
    frame
}
