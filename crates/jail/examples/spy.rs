//! A renderer that looks around: run in the place of LibreOffice, it tries what the document says, a line each, and
//! writes what it reached where the PDF is expected. The test `renderer` holds that it reaches nothing.

use std::{
    net::{TcpStream, UdpSocket},
    path::Path,
    process::{Command, Stdio},
};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--convert-to") {
        return;
    }
    let document = arguments.last().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let told: String = document.lines().map(|line| format!("{line}: {}\n", tried(line))).collect();
    if std::fs::write("out/document.pdf", told).is_err() {
        std::process::exit(1);
    }
}

/// What came of one attempt: the name of the attempt, a space, and what it is aimed at.
fn tried(line: &str) -> String {
    let (what, target) = line.split_once(' ').unwrap_or((line, ""));
    let reached = match what {
        "read" => std::fs::read(target).is_ok_and(|octets| !octets.is_empty()),
        "list" => std::fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()),
        "write" => std::fs::write(Path::new(target).join("spy"), b"x").is_ok(),
        "connect" => TcpStream::connect(target).is_ok(),
        "send" => UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"x", target)).is_ok(),
        "run" => Command::new(target).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok(),
        // A process that outlives this one if it can.
        "linger" => Command::new("/bin/sleep").arg(target).spawn().is_ok(),
        "environment" => return std::env::vars().map(|(name, _)| name).collect::<Vec<_>>().join(" "),
        "processes" => return processes(),
        "user" => return status("Uid:"),
        "privileges" => return status("CapEff:") + &status("NoNewPrivs:") + &status("Seccomp:"),
        "netlink" => socket(rustix::net::AddressFamily::NETLINK),
        "internet" => socket(rustix::net::AddressFamily::INET),
        "own" => socket(rustix::net::AddressFamily::UNIX),
        "namespace" => namespace(),
        _ => return "not understood".to_owned(),
    };
    if reached { "reached".to_owned() } else { "nothing".to_owned() }
}

/// A user namespace of one's own opens much of the kernel to whoever is root in it.
#[expect(deprecated, reason = "no other call does this without unsafe; nobody has files open here")]
fn namespace() -> bool {
    rustix::thread::unshare(rustix::thread::UnshareFlags::NEWUSER).is_ok()
}

fn socket(family: rustix::net::AddressFamily) -> bool {
    rustix::net::socket(family, rustix::net::SocketType::DGRAM, None).is_ok()
}

fn processes() -> String {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers =
        entries.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
    numbers.count().to_string()
}

fn status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_ascii_whitespace().skip(1).take(1).collect::<String>() + " "
}
