//! A mail client that says exactly what it is told.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// One SMTP connection.
pub struct Session {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Session {
    /// Connects and greets; `None` when the other side goes away.
    pub fn open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        let mut session = Self { reader: BufReader::new(stream.try_clone().ok()?), stream };
        session.reply()?;
        session.say("EHLO sender.example")?.starts_with("250").then_some(session)
    }

    /// The last line of the next reply; `None` when the other side goes away.
    fn reply(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            if line.as_bytes().get(3)? != &b'-' {
                return Some(line.trim_end().to_owned());
            }
        }
    }

    /// Says one line, whatever octets it has, and hears the reply.
    pub fn say(&mut self, line: impl AsRef<[u8]>) -> Option<String> {
        self.stream.write_all(&[line.as_ref(), b"\r\n"].concat()).ok()?;
        self.reply()
    }

    /// The reply to a message after its final dot.
    pub fn data(&mut self, message: &[u8]) -> Option<String> {
        if !self.say("DATA")?.starts_with("354") {
            return None;
        }
        let mut wire = Vec::with_capacity(message.len() + 64);
        for line in message.split_inclusive(|&octet| octet == b'\n') {
            if line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
        if !wire.ends_with(b"\r\n") {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        self.stream.write_all(&wire).ok()?;
        self.reply()
    }
}

/// Sends a mail over a connection of its own; the queue id of the promise.
pub fn send(address: SocketAddr, recipients: &[&str], message: &[u8]) -> Option<String> {
    let mut session = Session::open(address)?;
    session.say("MAIL FROM:<a@sender.example>")?.starts_with("250").then_some(())?;
    for recipient in recipients {
        session.say(format!("RCPT TO:<{recipient}>"))?.starts_with("250").then_some(())?;
    }
    let promise = session.data(message)?;
    promise.starts_with("250").then(|| promise.rsplit(' ').next().unwrap_or_default().to_owned())
}
