//! The real binary between a real sender and a real inside, on loopback.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of this")]
#![allow(clippy::mod_module_files, reason = "the name that keeps cargo from taking it for a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

pub mod client;
pub mod sink;

use std::{
    io::Read,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

pub const BINARY: &str = env!("CARGO_BIN_EXE_sekisho");
const PATIENCE: Duration = Duration::from_secs(90);

/// Everything that a start needs; starting again with the same place is a restart.
#[derive(Clone, Debug)]
pub struct Place {
    pub data: PathBuf,
    pub address: SocketAddr,
    /// `None`: the embedded defaults.
    pub config: Option<PathBuf>,
}

impl Place {
    /// Embedded defaults under `data`.
    pub fn embedded(data: &Path) -> Self {
        Self { data: data.to_path_buf(), address: free_address(), config: None }
    }

    /// A configuration file under `folder`; `zones` is TOML.
    pub fn configured(folder: &Path, zones: &str) -> Self {
        let (address, data, config) = (free_address(), folder.join("data"), folder.join("sekisho.toml"));
        let text = format!("data = {data:?}\n[relay]\nlisten = [\"{address}\"]\n{zones}");
        std::fs::write(&config, text).unwrap();
        Self { data, address, config: Some(config) }
    }

    /// One zone for example.lg.jp whose mail server is `inside`.
    pub fn before(folder: &Path, inside: SocketAddr) -> Self {
        Self::configured(folder, &zone("inside", "example.lg.jp", inside, ""))
    }

    /// `sekisho serve` for this place, behind `prefix` when there is one.
    pub fn serve(&self, prefix: &[String]) -> Child {
        self.serve_roles(prefix, "relay,sanitise,deliver")
    }

    fn serve_roles(&self, prefix: &[String], roles: &str) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let program = prefix.first().map_or(BINARY, String::as_str);
        let mut command = Command::new(program);
        if !prefix.is_empty() {
            command.args(&prefix[1..]).arg(BINARY);
        }
        command
            .args(["serve", "--roles", roles, "--listen", &self.address.to_string()])
            .args(self.arguments());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    pub fn start(&self) -> Gateway {
        let gateway = Gateway { child: self.serve(&[]), place: self.clone() };
        wait_until("the gateway listens", || TcpStream::connect(self.address).is_ok());
        gateway
    }

    /// Starts some of the roles; ready when the command line is answered, and mail if that is among the roles.
    pub fn start_roles(&self, roles: &str) -> Gateway {
        let gateway = Gateway { child: self.serve_roles(&[], roles), place: self.clone() };
        let socket = self.data.join("admin.sock");
        wait_until("the gateway answers", || {
            UnixStream::connect(&socket).is_ok()
                && (!roles.contains("relay") || TcpStream::connect(self.address).is_ok())
        });
        gateway
    }

    /// Runs a command of the command line on this place.
    pub fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(BINARY).args(arguments).args(self.arguments()).output().unwrap()
    }

    /// The line of the ledger; the command must have been content.
    pub fn ledger(&self) -> Ledger {
        let list = self.ask(&["queue", "list", "--limit", "1"]);
        let text = stdout(&list);
        let line = text.lines().find(|line| line.starts_with("ledger: ")).expect("a ledger").to_owned();
        let number = |name: &str| {
            let after = line.split(&format!("{name} ")).nth(1).expect(name);
            after.split([' ', ':']).next().unwrap().parse().unwrap()
        };
        Ledger {
            accepted: number("accepted"),
            born: number("born"),
            delivered: number("delivered"),
            held: number("held"),
            in_queue: number("in queue"),
            balanced: list.status.success() && line.ends_with(": balanced"),
            line,
        }
    }

    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    fn arguments(&self) -> Vec<std::ffi::OsString> {
        match &self.config {
            Some(config) => vec!["--config".into(), config.into()],
            None => vec!["--data".into(), (&self.data).into()],
        }
    }
}

/// What `queue list` says of the ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub accepted: usize,
    pub born: usize,
    pub delivered: usize,
    pub held: usize,
    pub in_queue: usize,
    pub balanced: bool,
    pub line: String,
}

/// A zone of a configuration; `policy` is TOML below `[zone.policy]`.
pub fn zone(name: &str, domain: &str, inside: SocketAddr, policy: &str) -> String {
    format!(
        "[[zone]]\nname = \"{name}\"\ndomains = [\"{domain}\"]\nrecipients = \"any\"\n\
         destination = \"smtp:{inside}\"\n[zone.policy]\n{policy}\n"
    )
}

/// A running gateway; it is killed when it goes out of sight.
pub struct Gateway {
    pub child: Child,
    pub place: Place,
}

impl Gateway {
    pub fn start(data: &Path) -> Self {
        Place::embedded(data).start()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as a service manager would.
    pub fn stop(mut self) -> ExitStatus {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Sends one mail; the queue id of the promise.
    pub fn send(&self, message: &[u8]) -> Option<String> {
        client::send(self.place.address, &["soumu@example.lg.jp"], message)
    }

    /// Files of the embedded inside.
    pub fn inside(&self) -> Vec<PathBuf> {
        let new = self.place.data.join("inside").join("new");
        std::fs::read_dir(new)
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default()
    }

    pub fn delivered(&self, queue_id: &str) -> Option<String> {
        let mark = format!("X-Sekisho-Id: {queue_id}\r\n");
        self.inside()
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .find(|mail| mail.contains(&mark))
    }

    pub fn wait_for(&self, queue_id: &str) -> String {
        wait_until(&format!("{queue_id} is delivered"), || self.delivered(queue_id).is_some());
        self.delivered(queue_id).unwrap()
    }

    pub fn ask(&self, arguments: &[&str]) -> Output {
        self.place.ask(arguments)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn wait_until(what: &str, mut fact: impl FnMut() -> bool) {
    let started = Instant::now();
    while !fact() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn demo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/demo/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn is_root() -> bool {
    stdout(&Command::new("id").arg("-u").output().unwrap()).trim() == "0"
}

/// Whether `octets` hold `text` as it is, or in base64 at any of its three alignments, line breaks or not.
pub fn holds(octets: &[u8], text: &str) -> bool {
    let unbroken: Vec<u8> = octets.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect();
    let has = |wanted: &[u8]| {
        octets.windows(wanted.len()).any(|window| window == wanted)
            || unbroken.windows(wanted.len()).any(|window| window == wanted)
    };
    has(text.as_bytes()) || (0..3).any(|before| has(base64_core(text, before).as_bytes()))
}

/// The characters of base64 that `text` alone decides when `before` octets stand before it.
fn base64_core(text: &str, before: usize) -> String {
    let padded = [vec![0; before], text.as_bytes().to_vec()].concat();
    let encoded = fixtures::mime::base64(&padded).replace(['\r', '\n'], "");
    let first = [0, 2, 3][before];
    let whole = padded.len() / 3 * 4;
    encoded[first..whole].to_owned()
}

/// The text layer of a PDF that we wrote: its runs one after another.
pub fn layer(pdf: &[u8]) -> String {
    let mark = b"stream\n";
    let mut text = String::new();
    for (at, _) in pdf.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark) {
        let mut content = String::new();
        let mut inflater = flate2::read::ZlibDecoder::new(&pdf[at + mark.len()..]);
        if inflater.read_to_string(&mut content).is_err() {
            continue;
        }
        for (_, run) in content.lines().filter_map(|line| line.split_once("Tm<")) {
            let hexadecimal = run.trim_end_matches(">Tj");
            let units = (0..hexadecimal.len()).step_by(4);
            let units = units.map(|at| u16::from_str_radix(&hexadecimal[at..at + 4], 16).unwrap());
            text.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
        }
    }
    text
}
