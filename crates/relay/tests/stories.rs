//! Stories on loopback: the relay as a client meets it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a story that cannot be set up fails")]

use relay::{Acceptance, Accepted, Recipients, Settings, Sink, Taken, serve};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

struct Anyone;

impl Recipients for Anyone {
    async fn accepts(&self, mailbox: &mail::Mailbox, _: &mail::ReversePath) -> Acceptance {
        match mailbox.local_part() {
            "nobody" => Acceptance::unknown(),
            "never" => std::future::pending().await,
            _ => Acceptance::Accept,
        }
    }
}

/// Hands messages to the test; `slow@` recipients wait until the test has let them go.
struct Inbox {
    taken: mpsc::UnboundedSender<Accepted>,
    release: watch::Receiver<bool>,
}

impl Sink for Inbox {
    async fn take(&self, accepted: Accepted) -> Taken {
        let slow = accepted.envelope.forward_paths.iter().any(|mailbox| mailbox.local_part() == "slow");
        self.taken.send(accepted).unwrap();
        if slow {
            self.release.clone().wait_for(|released| *released).await.unwrap();
        }
        Taken::Stored { queue_id: "Q1".to_owned() }
    }
}

struct Relay {
    address: SocketAddr,
    taken: mpsc::UnboundedReceiver<Accepted>,
    release: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

async fn relay(change: impl FnOnce(&mut Settings)) -> Relay {
    let mut settings = Settings::standard("mx.example.lg.jp", &["example.lg.jp".to_owned()]).unwrap();
    settings.times.linger = Duration::from_millis(500);
    change(&mut settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, taken) = mpsc::unbounded_channel();
    let (release, released) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let sink = Arc::new(Inbox { taken: sender, release: released });
    let served = tokio::spawn(serve(listener, Arc::new(settings), Arc::new(Anyone), sink, stopped));
    Relay { address, taken, release, stop, served }
}

struct Client(TcpStream);

impl Client {
    /// Connects and reads the greeting.
    async fn greeted(relay: &Relay) -> Self {
        let mut client = Self(TcpStream::connect(relay.address).await.unwrap());
        assert_eq!(client.reply().await, "220 mx.example.lg.jp ESMTP\r\n");
        client
    }

    async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.0.write_all(octets.as_ref()).await.unwrap();
    }

    /// Reads up to the end of one reply.
    async fn reply(&mut self) -> String {
        let mut text = String::new();
        loop {
            let octet = self.0.read_u8().await.unwrap_or_else(|error| panic!("{error} after {text:?}"));
            text.push(char::from(octet));
            let last = text.lines().next_back().unwrap_or("");
            if text.ends_with("\r\n") && last.as_bytes().get(3) == Some(&b' ') {
                return text;
            }
        }
    }

    async fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n")).await;
        self.reply().await
    }

    async fn rest(&mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).await.unwrap();
        text
    }

    async fn begin(&mut self, local_part: &str) {
        assert!(self.ask("EHLO client.example").await.ends_with("250 LIMITS RCPTMAX=1000 MAILMAX=100\r\n"));
        self.send(format!(
            "MAIL FROM:<a@remote.example>\r\nRCPT TO:<{local_part}@example.lg.jp>\r\nDATA\r\n"
        ))
        .await;
        assert_eq!(self.reply().await, "250 2.1.0 Ok\r\n");
        assert_eq!(self.reply().await, "250 2.1.5 Ok\r\n");
        assert!(self.reply().await.starts_with("354 "));
    }
}

#[tokio::test]
async fn a_message_is_taken() {
    let mut relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.begin("b").await;
    client.send("Subject: x\r\n\r\n..\r\n.\r\n").await;
    assert_eq!(client.reply().await, "250 2.0.0 Ok: queued as Q1\r\n");
    assert_eq!(client.ask("QUIT").await, "221 2.0.0 Bye\r\n");
    assert_eq!(client.rest().await, "");
    let accepted = relay.taken.recv().await.unwrap();
    assert_eq!(accepted.untrusted.octets(), b"Subject: x\r\n\r\n.\r\n");
    assert!(accepted.envelope.client.address.is_loopback());
}

#[tokio::test]
async fn the_answer_waits_for_the_sink() {
    let mut relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.begin("slow").await;
    client.send(".\r\n").await;
    relay.taken.recv().await.unwrap();
    let mut octet = [0];
    let error = client.0.try_read(&mut octet).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "no reply while the sink has not answered");
    relay.release.send(true).unwrap();
    assert!(client.reply().await.starts_with("250 2.0.0 "));
}

#[tokio::test]
async fn disconnect_in_data() {
    let mut relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.begin("b").await;
    client.send("Subject: x\r\n\r\nhalf a mess").await;
    drop(client);
    relay.stop.send(true).unwrap();
    relay.served.await.unwrap();
    assert!(relay.taken.recv().await.is_none(), "half a message is none");
}

#[tokio::test]
async fn early_talk() {
    let relay = relay(|settings| settings.times.greeting_delay = Duration::from_secs(60)).await;
    let mut client = Client(TcpStream::connect(relay.address).await.unwrap());
    client.send("EHLO early.example\r\n").await;
    assert!(client.reply().await.starts_with("554 5.5.0"));
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn data_sent_with_its_command() {
    let mut relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.ask("EHLO client.example").await;
    client.send("MAIL FROM:<>\r\nRCPT TO:<b@example.lg.jp>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n").await;
    let said = client.rest().await;
    assert!(said.starts_with("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n554 5.5.0 "), "{said}");
    assert_eq!(said.lines().count(), 3);
    assert!(relay.taken.try_recv().is_err());
}

#[tokio::test]
async fn connections_from_one_address() {
    let relay = relay(|settings| settings.connections_per_address_max = 2).await;
    let first = Client::greeted(&relay).await;
    let _second = Client::greeted(&relay).await;
    let mut third = Client(TcpStream::connect(relay.address).await.unwrap());
    assert_eq!(third.rest().await, "421 4.7.0 Too many connections\r\n");
    drop(first);
    // The place is free once the relay has seen the end; until then it says 421 again.
    loop {
        let mut next = Client(TcpStream::connect(relay.address).await.unwrap());
        if next.reply().await.starts_with("220") {
            break;
        }
    }
}

#[tokio::test]
async fn stop_in_the_middle() {
    let mut relay = relay(|_| {}).await;
    let mut idle = Client::greeted(&relay).await;
    let mut sending = Client::greeted(&relay).await;
    sending.begin("b").await;
    sending.send("Subject: x\r\n").await;
    relay.stop.send(true).unwrap();
    assert!(idle.reply().await.starts_with("421 4.3.2"));
    assert_eq!(idle.rest().await, "");
    drop(idle);
    sending.send("\r\nbody\r\n.\r\n").await;
    assert!(sending.reply().await.starts_with("250 2.0.0"));
    assert!(sending.rest().await.starts_with("421 4.3.2"));
    drop(sending);
    relay.served.await.unwrap();
    assert_eq!(relay.taken.recv().await.unwrap().untrusted.octets(), b"Subject: x\r\n\r\nbody\r\n");
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_cut_off() {
    let times = [("", "421 4.4.2", 300), ("NOO", "421 4.4.2", 300)];
    let relay = relay(|_| {}).await;
    for (input, expected, seconds) in times {
        let mut client = Client::greeted(&relay).await;
        let since = tokio::time::Instant::now();
        client.send(input).await;
        let said = client.rest().await;
        assert!(said.lines().next_back().unwrap().starts_with(expected), "{said}");
        let waited = since.elapsed().as_secs();
        assert!((seconds..seconds + 10).contains(&waited), "{waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recipient_that_cannot_be_looked_up_is_put_off() {
    let relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.ask("EHLO x").await;
    client.ask("MAIL FROM:<>").await;
    assert!(client.ask("RCPT TO:<never@example.lg.jp>").await.starts_with("451 4.4.3"));
    assert!(client.ask("RCPT TO:<nobody@example.lg.jp>").await.starts_with("550 5.1.1"));
}

#[tokio::test(start_paused = true)]
async fn data_that_trickles_is_cut_off() {
    let mut relay = relay(|_| {}).await;
    let mut client = Client::greeted(&relay).await;
    client.begin("b").await;
    let since = tokio::time::Instant::now();
    let mut said = [0; 9];
    loop {
        // One octet a second keeps every wait for a block short, and the mean rate far below 500.
        let tick = tokio::time::timeout(Duration::from_secs(1), client.0.read_exact(&mut said)).await;
        if let Ok(read) = tick {
            read.unwrap();
            break;
        }
        client.send("x").await;
    }
    assert_eq!(&said, b"421 4.4.2");
    assert!((29..33).contains(&since.elapsed().as_secs()), "{:?}", since.elapsed());
    assert!(relay.taken.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn smuggling_probe() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/peers");
    let probe = std::env::var_os("SEKISHO_PEERS").map_or(beside, PathBuf::from).join("smuggle.py");
    if !probe.exists() {
        println!("smuggling_probe: {} is absent, nothing was probed", probe.display());
        return;
    }
    let relay = relay(|_| {}).await;
    let port = relay.address.port().to_string();
    let probing = tokio::task::spawn_blocking(move || {
        std::process::Command::new("python3")
            .arg(probe)
            .args(["127.0.0.1", &port, "b@example.lg.jp"])
            .output()
            .unwrap()
    });
    let said = String::from_utf8(probing.await.unwrap().stdout).unwrap();
    let safe = said.lines().filter(|line| line.contains("replies=") && !line.contains("SMUGGLED")).count();
    assert_eq!((safe, said.lines().count()), (14, 14), "{said}");
}
