//! The load driver: `load BINARY MAIL SESSIONS COUNT [BOMBS]`.
//!
//! Sends COUNT copies of MAIL over SESSIONS concurrent senders, a connection a mail, through the real binary to a
//! sink on loopback, and prints delivered mails a second, CPU seconds per 1000 mails, the median and 95th percentile
//! from the final dot to the inside's `250`, and memory: the peak, and the medians of the second and the last quarter
//! of the run, which tell whether it grows. Bounded in count and time; ends what it started.
//!
//! With BOMBS the same is done again while so many bombs are in flight, and the two 95th percentiles are compared;
//! with fewer sessions than the machine has cores that is a question of latency and not of throughput.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

use benches::{process, sink};
use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The longest a run may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (binary, mail, sessions, count, bombs) = match arguments.as_slice() {
        [binary, mail, sessions, count] => (binary, mail, sessions, count, 0),
        [binary, mail, sessions, count, bombs] => (binary, mail, sessions, count, bombs.parse()?),
        _ => return Err("load BINARY MAIL SESSIONS COUNT [BOMBS]".into()),
    };
    let (sessions, count): (usize, usize) = (sessions.parse()?, count.parse()?);
    let load = Load { message: Arc::new(wire(&std::fs::read(mail)?)), sessions, count };
    let (inside, arrivals) = sink::start()?;
    let folder = tempfile::tempdir()?;
    let (mut gateway, address) = start(binary, folder.path(), inside)?;
    let quiet = load.run(address, &gateway, &arrivals)?;
    if bombs > 0 {
        let wires: Vec<Vec<u8>> = benches::bombs::mails().iter().map(|mail| wire(mail)).collect();
        let mut sent = Vec::new();
        for bomb in wires.iter().cycle().take(bombs) {
            sent.push(send(address, bomb)?.0);
        }
        let busy = load.run(address, &gateway, &arrivals)?;
        let arrived = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let left = sent.iter().filter(|id| !arrived.contains_key(*id)).count();
        println!(
            "{bombs} bombs, {left} still in flight at the end: p95 {busy:.0} ms, quiet {quiet:.0} ms, ratio {:.2}",
            busy / quiet
        );
    }
    gateway.kill()?;
    gateway.wait()?;
    Ok(())
}

/// What is sent.
struct Load {
    message: Arc<Vec<u8>>,
    sessions: usize,
    count: usize,
}

impl Load {
    /// Sends all and waits until all is inside; prints the figures. The 95th percentile in milliseconds.
    fn run(
        &self,
        address: SocketAddr,
        gateway: &Child,
        arrivals: &sink::Arrivals,
    ) -> Result<f64, Box<dyn std::error::Error>> {
        let (started, before) = (Instant::now(), process::spent(gateway.id()).cpu_s);
        let sending = send_all(address, &self.message, self.sessions, self.count);
        let mut memory = Vec::new();
        while !sending.is_finished() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
            memory.push(process::spent(gateway.id()).rss_mib);
        }
        let sent = sending.join().or(Err("a sender ended badly"))?;
        let is_inside = || {
            let arrived = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            sent.keys().all(|id| arrived.contains_key(id))
        };
        while !is_inside() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
            memory.push(process::spent(gateway.id()).rss_mib);
        }
        let took = started.elapsed().as_secs_f64();
        let mut spent = process::spent(gateway.id());
        spent.cpu_s -= before;
        let p95 =
            tell(&sent, &arrivals.lock().unwrap_or_else(PoisonError::into_inner), took, spent, self.count);
        tell_growth(&memory);
        Ok(p95)
    }
}

/// The medians of the second and the last quarter of the samples.
fn tell_growth(memory: &[f64]) {
    let quarter = memory.len() / 4;
    let median = |samples: &[f64]| {
        let mut samples = samples.to_vec();
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied().unwrap_or_default()
    };
    let second = median(memory.get(quarter..quarter.saturating_mul(2)).unwrap_or_default());
    let last = median(memory.get(quarter.saturating_mul(3)..).unwrap_or_default());
    println!(
        "RSS: median of the second quarter {second:.1} MiB, of the last {last:.1} MiB, ratio {:.3}",
        last / second
    );
}

/// CRLF line ends, dots doubled, end of data.
fn wire(mail: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(mail.len().saturating_mul(2));
    for line in mail.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}

fn start(binary: &str, folder: &std::path::Path, inside: SocketAddr) -> io::Result<(Child, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = folder.join("load.toml");
    std::fs::write(
        &config,
        format!(
            "data = \"{}\"\n[relay]\nlisten = [\"{address}\"]\nconnections_per_address = 1000\n[[zone]]\nname = \"inside\"\n\
             domains = [\"city.test\"]\nrecipients = \"any\"\ndestination = \"smtp:{inside}\"\n",
            folder.join("data").display()
        ),
    )?;
    let log = std::fs::File::create(std::env::temp_dir().join("sekisho-load.log"))?;
    let mut command = Command::new(binary);
    command.arg("serve").arg("--config").arg(&config).env("RUST_LOG", "warn");
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
    let patience = Instant::now();
    while TcpStream::connect(address).is_err() {
        if patience.elapsed() > Duration::from_secs(30) {
            return Err(io::Error::other("the gateway does not answer"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok((child, address))
}

type Sent = HashMap<String, Instant>;

fn send_all(
    address: SocketAddr,
    message: &Arc<Vec<u8>>,
    sessions: usize,
    count: usize,
) -> std::thread::JoinHandle<Sent> {
    let message = Arc::clone(message);
    std::thread::spawn(move || {
        let (left, sent) = (Arc::new(AtomicUsize::new(count)), Arc::new(Mutex::new(Sent::new())));
        let senders: Vec<_> = (0..sessions)
            .map(|_| {
                let (left, sent, message) = (Arc::clone(&left), Arc::clone(&sent), Arc::clone(&message));
                std::thread::spawn(move || {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                        .is_ok()
                    {
                        match send(address, &message) {
                            Ok((id, dot)) => {
                                sent.lock().unwrap_or_else(PoisonError::into_inner).insert(id, dot);
                            }
                            Err(_) => {
                                // Refused for now: the mail is still ours to send.
                                left.fetch_add(1, Ordering::Relaxed);
                                std::thread::sleep(Duration::from_millis(50));
                            }
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            drop(sender.join());
        }
        Arc::try_unwrap(sent)
            .map(|sent| sent.into_inner().unwrap_or_else(PoisonError::into_inner))
            .unwrap_or_default()
    })
}

/// One mail over one connection: its queue id, and when the final dot was sent.
fn send(address: SocketAddr, message: &[u8]) -> io::Result<(String, Instant)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    expect(&mut reader, "220")?;
    for (command, wanted) in [
        ("EHLO load.test\r\n", "250"),
        ("MAIL FROM:<sender@remote.test>\r\n", "250"),
        ("RCPT TO:<rcpt@city.test>\r\n", "250"),
        ("DATA\r\n", "354"),
    ] {
        stream.write_all(command.as_bytes())?;
        expect(&mut reader, wanted)?;
    }
    stream.write_all(message)?;
    let dot = Instant::now();
    let reply = expect(&mut reader, "250")?;
    stream.write_all(b"QUIT\r\n")?;
    Ok((reply.trim_end().rsplit(' ').next().unwrap_or_default().to_owned(), dot))
}

fn expect(reader: &mut impl BufRead, wanted: &str) -> io::Result<String> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return if line.starts_with(wanted) { Ok(line) } else { Err(io::Error::other(line)) };
        }
    }
}

fn tell(
    sent: &Sent,
    arrived: &HashMap<String, Instant>,
    took: f64,
    spent: process::Spent,
    count: usize,
) -> f64 {
    let mut waits: Vec<f64> = sent
        .iter()
        .filter_map(|(id, dot)| Some(arrived.get(id)?.duration_since(*dot).as_secs_f64() * 1_000.0))
        .collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: usize| waits.get(waits.len().saturating_mul(share) / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "counts of mails are small")]
    let (delivered, thousands) = (waits.len() as f64, waits.len() as f64 / 1_000.0);
    println!(
        "{} of {count} delivered, {:.0}/s, {:.2} CPU-s per 1000, p50 {:.0} ms, p95 {:.0} ms, peak RSS {:.0} MiB",
        waits.len(),
        delivered / took,
        spent.cpu_s / thousands,
        at(50),
        at(95),
        spent.peak_rss_mib,
    );
    at(95)
}
