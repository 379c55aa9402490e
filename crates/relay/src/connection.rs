//! Drives one [`Session`] over one socket: reads, asks, writes, and watches the clock.
//!
//! *Security.* One read buffer of fixed size; the session's own limits bound the rest. Every wait has a deadline:
//! for a command from the last command on (not from the last octet), for data by silence and by mean rate, for the
//! session as a whole.

use crate::ask::{Acceptance, Delay, Recipients, Sink, Taken};
use crate::load::Place;
use crate::reply;
use crate::serve::stop_asked;
use crate::session::{Event, Phase, Session};
use crate::settings::Settings;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

const READ_BUFFER_OCTETS: usize = 16 << 10;
const LINGER_OCTETS_MAX: usize = 1 << 20;

/// A connection with its session.
pub(crate) struct Connection<R, S> {
    stream: TcpStream,
    session: Session,
    place: Place,
    settings: Arc<Settings>,
    recipients: Arc<R>,
    sink: Arc<S>,
    shutdown: watch::Receiver<bool>,
    clock: Clock,
}

/// Instants that deadlines are measured from.
struct Clock {
    session_since: Instant,
    command_since: Instant,
    commands: u64,
    data_since: Option<Instant>,
    data_octets: u64,
    read_at: Instant,
    stop_since: Option<Instant>,
}

enum Input {
    Octets(usize),
    End,
    TimeIsUp,
    Stop,
}

/// Says 421 to a connection that has no place, without waiting for anything.
pub(crate) fn turn_away(stream: &TcpStream) {
    let mut line = Vec::new();
    reply::TOO_MANY_CONNECTIONS.write(&mut line);
    if let Err(error) = stream.try_write(&line) {
        tracing::debug!(%error, "client was not told that there are too many connections");
    }
}

impl<R: Recipients, S: Sink> Connection<R, S> {
    pub(crate) fn new(
        stream: TcpStream,
        address: IpAddr,
        place: Place,
        settings: &Arc<Settings>,
        recipients: &Arc<R>,
        sink: &Arc<S>,
        shutdown: &watch::Receiver<bool>,
    ) -> Self {
        Self {
            stream,
            session: Session::new(Arc::clone(settings), address),
            place,
            settings: Arc::clone(settings),
            recipients: Arc::clone(recipients),
            sink: Arc::clone(sink),
            shutdown: shutdown.clone(),
            clock: Clock::start(),
        }
    }

    pub(crate) async fn run(mut self) {
        match self.converse().await {
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "connection lost"),
        }
    }

    async fn converse(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; READ_BUFFER_OCTETS];
        let greeting_delay = self.settings.times.greeting_delay;
        if !greeting_delay.is_zero()
            && let Ok(readable) = timeout(greeting_delay, self.stream.readable()).await
        {
            readable?;
        }
        loop {
            self.refuse_early_talk(&mut buffer);
            self.write().await?;
            if self.session.phase() == Phase::Closed {
                return self.close(&mut buffer).await;
            }
            match self.read(&mut buffer).await? {
                Input::Octets(count) => {
                    self.clock.read(count);
                    self.take(buffer.get(..count).unwrap_or(&[])).await;
                }
                Input::End => return Ok(()),
                Input::TimeIsUp => self.session.timed_out(),
                Input::Stop => self.session.stop(),
            }
            self.clock.look(&self.session);
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        let deadline = self.clock.deadline(&self.settings);
        let stopping = self.clock.stop_since.is_some();
        tokio::select! {
            biased;
            () = stop_asked(&mut self.shutdown), if !stopping => {
                self.clock.stop_since = Some(Instant::now());
                Ok(Input::Stop)
            }
            read = timeout_at(deadline, self.stream.read(buffer)) => match read {
                Ok(Ok(0)) => Ok(Input::End),
                Ok(Ok(count)) => Ok(Input::Octets(count)),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(Input::TimeIsUp),
            },
        }
    }

    /// Feeds the session and answers its questions.
    async fn take(&mut self, mut input: &[u8]) {
        loop {
            let step = self.session.receive(input);
            input = input.get(step.consumed..).unwrap_or(&[]);
            match step.event {
                Some(Event::Recipient { mailbox, reverse_path }) => {
                    let answer = self.recipients.accepts(&mailbox, &reverse_path);
                    let answer = timeout(self.settings.times.recipient_answer, answer).await;
                    self.session.recipient_answered(answer.unwrap_or(Acceptance::TryLater));
                }
                Some(Event::Message(accepted)) => {
                    // The sink holds the octets now; they count until it lets go of them.
                    let answer = self.sink.take(*accepted);
                    let answer = timeout(self.settings.times.sink_answer, answer).await;
                    self.session.sink_answered(answer.unwrap_or(Taken::TryLater(Delay::Fault)));
                }
                None => break,
            }
        }
        let held = self.session.held_octets();
        if !self.place.hold(held, self.settings.data_octets_in_flight_max) {
            tracing::warn!("too much message data in memory; a message was put off");
            self.session.give_up_for_room();
            self.place.hold(0, self.settings.data_octets_in_flight_max);
        }
    }

    /// Where the client must listen, octets that are here before our reply mean that it does not.
    fn refuse_early_talk(&mut self, buffer: &mut [u8]) {
        if self.session.is_synchronising() && matches!(self.stream.try_read(buffer), Ok(1..)) {
            self.session.talked_early();
        }
    }

    /// Writes all replies at once; the socket takes them at once as a rule.
    async fn write(&mut self) -> io::Result<()> {
        let limit = self.settings.times.command;
        let replies = self.session.replies();
        if !replies.is_empty() {
            match timeout(limit, self.stream.write_all(replies)).await {
                Ok(written) => written?,
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        self.session.written();
        Ok(())
    }

    /// Closes so that the client can read our last reply: data that we have not read would make the kernel reset
    /// the connection and throw the reply away.
    async fn close(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.stream.shutdown().await?;
        let deadline = Instant::now().checked_add(self.settings.times.linger);
        let deadline = deadline.unwrap_or_else(Instant::now);
        let mut drained = 0_usize;
        while drained < LINGER_OCTETS_MAX {
            match timeout_at(deadline, self.stream.read(buffer)).await {
                Ok(Ok(0) | Err(_)) | Err(_) => break,
                Ok(Ok(count)) => drained = drained.saturating_add(count),
            }
        }
        Ok(())
    }
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self {
            session_since: now,
            command_since: now,
            commands: 0,
            data_since: None,
            data_octets: 0,
            read_at: now,
            stop_since: None,
        }
    }

    /// Octets have come.
    fn read(&mut self, count: usize) {
        self.read_at = Instant::now();
        if self.data_since.is_some() {
            self.data_octets = self.data_octets.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    /// Notes where the session stands after the octets were taken.
    fn look(&mut self, session: &Session) {
        let in_data = session.phase() == Phase::Data;
        let ended_data = !in_data && self.data_since.is_some();
        if session.commands() != self.commands || ended_data {
            // Answering may have taken long; the client's time begins with our reply.
            self.command_since = Instant::now();
            self.commands = session.commands();
        }
        if !in_data {
            self.data_since = None;
        } else if self.data_since.is_none() {
            (self.data_since, self.data_octets) = (Some(self.command_since), 0);
        }
    }

    /// When the next octet must be here.
    fn deadline(&self, settings: &Settings) -> Instant {
        let times = &settings.times;
        let session = later(self.session_since, times.session);
        let step = match self.data_since {
            None => later(self.command_since, times.command),
            Some(since) => later(self.read_at, times.data_block)
                .min(later(since, times.data_allowance(self.data_octets))),
        };
        let stop = self.stop_since.map_or(session, |since| later(since, times.stop_grace));
        session.min(step).min(stop)
    }
}

/// `since` and `span` later; a span beyond what the clock can say counts as a year.
fn later(since: Instant, span: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    since.checked_add(span.min(YEAR)).unwrap_or(since)
}
