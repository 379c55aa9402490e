//! One SMTP connection to the next hop: connect, learn what it offers, ask and read the answer.
//!
//! lettre speaks the protocol; the socket is ours, because lettre never sets `TCP_NODELAY`. EHLO is said a second time,
//! because lettre keeps only the extensions that it knows itself, and SIZE is not among them.

use crate::fate::Cause;
use crate::next_hop::HopSettings;
use crate::reply::Reply;
use lettre::transport::smtp::{
    client::AsyncSmtpConnection,
    commands::{Ehlo, Quit},
    extension::ClientId,
    response::Response,
};
use std::error::Error as _;
use std::fmt::Display;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// A connection and what is known of the other side.
pub(crate) struct Peer {
    connection: AsyncSmtpConnection,
    pub(crate) offers: Offers,
    pub(crate) messages: u32,
    pub(crate) used_at: Instant,
}

/// Extensions of the other side that matter to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    pub(crate) eight_bit: bool,
    /// `SIZE` was offered.
    pub(crate) size: bool,
    /// Its argument, when it is a limit (RFC 1870 §3: zero is none).
    pub(crate) size_octets_max: Option<u64>,
}

/// Why a question got no good answer.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// A negative reply.
    Reply(Reply),
    /// No reply; the connection is of no use any more.
    Broken(Cause),
}

impl Peer {
    /// Connects, waits for the greeting and says EHLO.
    pub(crate) async fn connect(settings: &HopSettings) -> Result<Self, Cause> {
        let times = &settings.times;
        let address = (settings.host.as_str(), settings.port);
        let stream = match timeout(times.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Cause::Unreachable(error.to_string())),
            Err(_) => return Err(Cause::TimedOut),
        };
        stream.set_nodelay(true).map_err(|error| Cause::Unreachable(error.to_string()))?;
        let hello = ClientId::Domain(settings.hello.clone());
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
        let mut connection = match timeout(times.command, greeting).await {
            Ok(Ok(connection)) => connection,
            // A refusal to talk at all is a fault of the set-up, whatever its code says.
            Ok(Err(error)) => return Err(cause_of(failure(&error))),
            Err(_) => return Err(Cause::TimedOut),
        };
        let offers = match timeout(times.command, connection.command(Ehlo::new(hello))).await {
            Ok(Ok(response)) => Offers::read(&response),
            Ok(Err(error)) => return Err(cause_of(failure(&error))),
            Err(_) => return Err(Cause::TimedOut),
        };
        Ok(Self { connection, offers, messages: 0, used_at: Instant::now() })
    }

    /// Says a command (with its CRLF) and reads the reply.
    pub(crate) async fn ask(
        &mut self,
        command: impl Display + Send,
        limit: Duration,
    ) -> Result<Reply, Failure> {
        answer(timeout(limit, self.connection.command(command)).await)
    }

    /// Sends a message after 354, dots stuffed, and the end of data.
    pub(crate) async fn message(&mut self, octets: &[u8], limit: Duration) -> Result<Reply, Failure> {
        // lettre writes CRLF before its dot whether or not there was one.
        let octets = octets.strip_suffix(b"\r\n").unwrap_or(octets);
        answer(timeout(limit, self.connection.message(octets)).await)
    }

    /// Says goodbye, not longer than a moment.
    pub(crate) async fn quit(mut self) {
        if timeout(Duration::from_secs(1), self.connection.command(Quit)).await.is_err() {
            tracing::debug!("the next hop does not answer QUIT");
        }
    }
}

impl Offers {
    fn read(response: &Response) -> Self {
        let mut offers = Self::default();
        for line in response.message().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "8BITMIME" => offers.eight_bit = true,
                "SIZE" => {
                    offers.size = true;
                    offers.size_octets_max =
                        words.next().and_then(|word| word.parse().ok()).filter(|max| *max > 0);
                }
                _ => {}
            }
        }
        offers
    }
}

fn answer(
    answered: Result<Result<Response, lettre::transport::smtp::Error>, tokio::time::error::Elapsed>,
) -> Result<Reply, Failure> {
    match answered {
        Ok(Ok(response)) => {
            let text = response.message().collect::<Vec<_>>().join(" ");
            Ok(Reply::new(u16::from(response.code()), &text))
        }
        Ok(Err(error)) => Err(failure(&error)),
        Err(_) => Err(Failure::Broken(Cause::TimedOut)),
    }
}

fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => Failure::Reply(Reply::new(u16::from(code), &said)),
        None if error.is_timeout() => Failure::Broken(Cause::TimedOut),
        None => Failure::Broken(Cause::Lost(format!("{error}: {said}"))),
    }
}

fn cause_of(failure: Failure) -> Cause {
    match failure {
        Failure::Reply(reply) => Cause::Said(reply),
        Failure::Broken(cause) => cause,
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("offers", &self.offers)
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}
