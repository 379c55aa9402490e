//! An inside mail server that takes everything and notes when each message came.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// When each queue id arrived.
pub type Arrivals = Arc<Mutex<HashMap<String, Instant>>>;

/// Starts a sink on loopback; it serves as long as the process lives.
pub fn start() -> io::Result<(SocketAddr, Arrivals)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let arrivals = Arrivals::default();
    let noted = Arc::clone(&arrivals);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let noted = Arc::clone(&noted);
            // A connection that breaks is the sender's to repeat.
            std::thread::spawn(move || drop(serve(stream, &noted)));
        }
    });
    Ok((address, arrivals))
}

fn serve(mut stream: TcpStream, arrivals: &Arrivals) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 sink ESMTP\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => stream.write_all(b"250-sink\r\n250-SIZE 104857600\r\n250 8BITMIME\r\n")?,
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let id = read_data(&mut reader)?;
                arrivals.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Instant::now());
                stream.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 ok\r\n")?,
        }
    }
}

/// Reads to the end of data; the queue id that the message bears.
fn read_data(reader: &mut impl BufRead) -> io::Result<String> {
    let mut id = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(id);
        }
        if let Some(rest) = line.strip_prefix(b"X-Sekisho-Id: ") {
            id = String::from_utf8_lossy(rest).trim().to_owned();
        }
    }
}
