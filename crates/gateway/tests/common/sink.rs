//! An inside mail server that takes everything and keeps it for inspection.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A message with its envelope, as it came over the wire, dots unstuffed.
#[derive(Clone, Debug)]
pub struct Taken {
    pub reverse_path: String,
    pub forward_paths: Vec<String>,
    pub octets: Vec<u8>,
}

impl Taken {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    /// Value of the first header field of this name.
    pub fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let header = text.split("\r\n\r\n").next()?;
        let line = header.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(line.trim().to_owned())
    }
}

/// What a sink does with a message besides keeping it.
type Then = Box<dyn Fn(&Taken) + Send + Sync>;

/// A running sink; it lives as long as the test.
pub struct Sink {
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Sink {
    pub fn start() -> Self {
        Self::start_with(Box::new(|_| {}))
    }

    /// `then` is carried out after each message was answered.
    pub fn start_with(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (kept, then) = (Arc::clone(&taken), Arc::new(then));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, then) = (Arc::clone(&kept), Arc::clone(&then));
                // A connection that breaks is the sender's to repeat.
                std::thread::spawn(move || drop(serve(stream, &kept, &then)));
            }
        });
        Self { address, taken }
    }

    pub fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    /// What came since the first `from` messages.
    pub fn since(&self, from: usize) -> Vec<Taken> {
        self.taken.lock().unwrap()[from..].to_vec()
    }

    pub fn has(&self, queue_id: &str) -> bool {
        let mark = format!("\r\nX-Sekisho-Id: {queue_id}\r\n");
        self.taken
            .lock()
            .unwrap()
            .iter()
            .any(|mail| mail.octets.windows(mark.len()).any(|window| window == mark.as_bytes()))
    }
}

fn serve(mut stream: TcpStream, taken: &Mutex<Vec<Taken>>, then: &Then) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 sink ESMTP\r\n")?;
    let empty = Taken { reverse_path: String::new(), forward_paths: Vec::new(), octets: Vec::new() };
    let mut mail = empty.clone();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => stream.write_all(b"250-sink\r\n250-SIZE 104857600\r\n250 8BITMIME\r\n")?,
            "MAIL" => {
                mail = Taken { reverse_path: path(), ..empty.clone() };
                stream.write_all(b"250 ok\r\n")?;
            }
            "RCPT" => {
                mail.forward_paths.push(path());
                stream.write_all(b"250 ok\r\n")?;
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                mail.octets = read_data(&mut reader)?;
                taken.lock().unwrap().push(mail.clone());
                stream.write_all(b"250 taken\r\n")?;
                then(&mail);
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 ok\r\n")?,
        }
    }
}

fn read_data(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(octets);
        }
        octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
