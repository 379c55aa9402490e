//! The smallest SMTP client that the demo needs: one connection, one mail, blocking.

use anyhow::{Context, bail};
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Sends one mail and returns the final reply line. `Ok` means `250`: the gateway has promised to keep it.
pub(super) fn send(address: SocketAddr, recipient: &str, message: &[u8]) -> anyhow::Result<String> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    let mut peer = Peer { reader: BufReader::new(stream.try_clone()?), stream };
    peer.expect("220")?;
    peer.command("EHLO sender.example", "250")?;
    peer.command("MAIL FROM:<demo@sender.example>", "250")?;
    peer.command(&format!("RCPT TO:<{recipient}>"), "250")?;
    peer.command("DATA", "354")?;
    peer.stream.write_all(&stuffed(message))?;
    let reply = peer.expect("250")?;
    peer.command("QUIT", "221")?;
    Ok(reply)
}

/// Dots at the beginning of lines doubled (RFC 5321 §4.5.2), and the end of data.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(message.len().saturating_add(8));
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    if !data.ends_with(b"\r\n") {
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}

struct Peer {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Peer {
    fn command(&mut self, line: &str, wanted: &str) -> anyhow::Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        self.expect(wanted)
    }

    fn expect(&mut self, wanted: &str) -> anyhow::Result<String> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).context("the gateway closed the connection")?;
            if line.is_empty() {
                bail!("the gateway closed the connection");
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                if line.starts_with(wanted) {
                    return Ok(line.trim_end().to_owned());
                }
                bail!("the gateway answered {}", line.trim_end());
            }
        }
    }
}
