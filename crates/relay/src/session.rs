//! One SMTP session as a state machine: octets in, replies and events out (RFC 5321 §3, §4.3.2).
//!
//! No socket, no clock, no task: the driver feeds what it read, answers the events, writes what [`Session::replies`]
//! holds, and says when time is up.
//!
//! *Security.* Octets come from anyone, in pieces of the sender's choosing; outside the synchronisation points the
//! outcome does not depend on the pieces. At those (EHLO, HELO, DATA, QUIT and the commands that are not offered)
//! input that is already here ends the session: its sender did not listen, which is what smuggled commands look like.

use crate::ask::{Acceptance, Accepted, Delay, Taken};
use crate::command::{self, Command, ForwardPath};
use crate::data::Data;
use crate::reply::{self, Reply};
use crate::settings::Settings;
use mail::{BodyType, Client, Envelope, Mailbox, Protocol, ReversePath, Untrusted};
use std::net::IpAddr;
use std::sync::Arc;

/// A session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    address: IpAddr,
    state: State,
    stopping: bool,
    greeting: Option<(String, Protocol)>,
    transaction: Option<Transaction>,
    line: Vec<u8>,
    line_is_too_long: bool,
    replies: Vec<u8>,
    synchronising_from: Option<usize>,
    commands: u64,
    errors: u64,
    refused_recipients: u64,
    messages: u64,
}

#[derive(Debug)]
enum State {
    Commands,
    AskingRecipient(Mailbox),
    Data(Box<Data>),
    AskingSink,
    Closed,
}

#[derive(Debug)]
struct Transaction {
    reverse_path: ReversePath,
    forward_paths: Vec<Mailbox>,
    body_type: Option<BodyType>,
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A command.
    Commands,
    /// Octets of a message.
    Data,
    /// The answer to an event.
    Answer,
    /// Nothing any more: write the replies and close.
    Closed,
}

/// How far the machine went.
#[derive(Debug)]
pub struct Step {
    /// Octets of the input that it took.
    pub consumed: usize,
    /// What must be answered before it goes on.
    pub event: Option<Event>,
}

/// A question of the machine.
#[derive(Debug)]
pub enum Event {
    /// Is this recipient taken? Answer with [`Session::recipient_answered`].
    Recipient {
        /// The mailbox in question, in a configured domain.
        mailbox: Mailbox,
        /// `MAIL FROM` of the transaction.
        reverse_path: ReversePath,
    },
    /// A message is here. Answer with [`Session::sink_answered`].
    Message(Box<Accepted>),
}

impl Session {
    /// A session with a client at `address`; its greeting waits among the replies.
    pub fn new(settings: Arc<Settings>, address: IpAddr) -> Self {
        let replies = format!("220 {} ESMTP\r\n", settings.hostname).into_bytes();
        Self {
            settings,
            address: address.to_canonical(),
            state: State::Commands,
            stopping: false,
            greeting: None,
            transaction: None,
            line: Vec::new(),
            line_is_too_long: false,
            replies,
            synchronising_from: Some(0),
            commands: 0,
            errors: 0,
            refused_recipients: 0,
            messages: 0,
        }
    }

    /// What the session waits for.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Commands => Phase::Commands,
            State::Data(_) => Phase::Data,
            State::AskingRecipient(_) | State::AskingSink => Phase::Answer,
            State::Closed => Phase::Closed,
        }
    }

    /// Whole commands seen so far; a driver measures its time limit from the last change.
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Octets of memory held for a message.
    pub fn held_octets(&self) -> u64 {
        match &self.state {
            State::Data(data) => data.held(),
            State::Commands | State::AskingRecipient(_) | State::AskingSink | State::Closed => 0,
        }
    }

    /// Replies to be written, in one write; the driver empties it once they are.
    pub const fn replies(&mut self) -> &mut Vec<u8> {
        &mut self.replies
    }

    /// Whether the last reply in [`Session::replies`] answers a command behind which nothing may be sent unasked.
    pub const fn is_synchronising(&self) -> bool {
        self.synchronising_from.is_some()
    }

    /// The replies were written.
    pub fn written(&mut self) {
        self.replies.clear();
        self.synchronising_from = None;
    }

    /// Takes input up to the next event, the end of the session or the end of the input. With a question open or
    /// the session closed it takes nothing.
    pub fn receive(&mut self, input: &[u8]) -> Step {
        let mut rest = input;
        let mut event = None;
        while event.is_none() && !rest.is_empty() {
            let taken = match &mut self.state {
                State::Commands => {
                    let (taken, asked) = self.receive_command(rest);
                    event = asked;
                    taken
                }
                State::Data(data) => {
                    let (taken, ended) = data.feed(rest);
                    if ended {
                        event = self.end_data();
                    }
                    taken
                }
                State::AskingRecipient(_) | State::AskingSink | State::Closed => break,
            };
            rest = rest.get(taken..).unwrap_or(&[]);
        }
        Step { consumed: input.len().saturating_sub(rest.len()), event }
    }

    /// Answers [`Event::Recipient`].
    pub fn recipient_answered(&mut self, acceptance: Acceptance) {
        let State::AskingRecipient(mailbox) = std::mem::replace(&mut self.state, State::Commands) else {
            debug_assert!(false, "no recipient was asked about");
            return self.close(&reply::TRY_LATER);
        };
        match acceptance {
            Acceptance::Accept => self.add_recipient(mailbox),
            Acceptance::TryLater => self.say(&reply::TRY_RECIPIENT_LATER),
            Acceptance::Refuse { code, enhanced, text } => {
                let code = if (550..560).contains(&code) { code } else { 550 };
                self.refuse_recipient(&Reply { code, enhanced, text });
            }
        }
    }

    /// Answers [`Event::Message`].
    pub fn sink_answered(&mut self, taken: Taken) {
        if !matches!(self.state, State::AskingSink) {
            debug_assert!(false, "no message was given");
            return self.close(&reply::TRY_LATER);
        }
        self.state = State::Commands;
        match taken {
            Taken::Stored { queue_id } => {
                let text = format!("Ok: queued as {queue_id}").into();
                self.say(&Reply { code: 250, enhanced: "2.0.0", text });
            }
            Taken::TryLater(Delay::Storage) => self.say(&reply::NO_ROOM),
            Taken::TryLater(Delay::Fault) => self.say(&reply::TRY_LATER),
            Taken::Refuse { enhanced, text } => self.say(&Reply { code: 554, enhanced, text }),
        }
        self.stop_if_asked();
    }

    /// The client did not wait for the reply to a synchronising command (or for the greeting).
    pub fn talked_early(&mut self) {
        if let Some(from) = self.synchronising_from {
            self.replies.truncate(from);
        }
        self.state = State::Commands;
        self.close(&reply::EARLY);
    }

    /// A time limit has passed.
    pub fn timed_out(&mut self) {
        self.close(&reply::TIMED_OUT);
    }

    /// The service stops: a message in data may end, anything else is cut off with 421.
    pub fn stop(&mut self) {
        self.stopping = true;
        self.stop_if_asked();
    }

    /// There is no memory for more of this message; the rest is drained and answered 452.
    pub fn give_up_for_room(&mut self) {
        if let State::Data(data) = &mut self.state {
            data.give_up_for_room();
        }
    }

    fn stop_if_asked(&mut self) {
        if self.stopping && matches!(self.state, State::Commands | State::AskingRecipient(_)) {
            self.close(&reply::STOPPING);
        }
    }

    fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.replies);
    }

    fn close(&mut self, reply: &Reply) {
        if !matches!(self.state, State::Closed) {
            self.say(reply);
        }
        self.state = State::Closed;
        self.transaction = None;
        self.synchronising_from = None;
    }

    /// An error of the client; the last one that is borne is answered 421.
    fn blame(&mut self, reply: &Reply) {
        self.errors = self.errors.saturating_add(1);
        if self.errors >= self.settings.errors_max {
            self.close(&reply::TOO_MANY_ERRORS);
        } else {
            self.say(reply);
        }
    }

    /// A command that needs a transaction came without one.
    fn blame_order(&mut self) {
        let missing = if self.greeting.is_none() { reply::GREET_FIRST } else { reply::MAIL_FIRST };
        self.blame(&missing);
    }

    /// Collects a line up to CRLF; a longer one than allowed is thrown away as it comes and answered once.
    fn receive_command(&mut self, input: &[u8]) -> (usize, Option<Event>) {
        let mut seen = 0_usize;
        for piece in input.split_inclusive(|&octet| octet == b'\n') {
            seen = seen.saturating_add(piece.len());
            let after_cr = self.line.last() == Some(&b'\r');
            let ended = piece.ends_with(b"\r\n") || (piece == b"\n" && after_cr);
            let length = self.line.len().saturating_add(piece.len());
            if length > self.settings.command_octets_max {
                self.line_is_too_long = true;
                // The last octet stays: it may be the CR of the line's end.
                let last = piece.last().copied();
                self.line.clear();
                self.line.extend(last);
            } else {
                self.line.extend_from_slice(piece);
            }
            if ended {
                let line = std::mem::take(&mut self.line);
                let event = self.take_line(&line, seen < input.len());
                self.line = line;
                self.line.clear();
                return (seen, event);
            }
        }
        (seen, None)
    }

    fn take_line(&mut self, line: &[u8], more_waits: bool) -> Option<Event> {
        self.commands = self.commands.saturating_add(1);
        if std::mem::take(&mut self.line_is_too_long) {
            self.blame(&reply::COMMAND_TOO_LONG);
            return None;
        }
        let command = match command::parse(line.strip_suffix(b"\r\n").unwrap_or(line)) {
            Ok(command) => command,
            Err(refusal) if refusal == reply::RELAY_DENIED => {
                self.refuse_recipient(&refusal);
                return None;
            }
            Err(refusal) => {
                self.blame(&refusal);
                return None;
            }
        };
        if command.synchronises() {
            self.synchronising_from = Some(self.replies.len());
            if more_waits {
                self.talked_early();
                return None;
            }
        }
        self.obey(command)
    }

    fn obey(&mut self, command: Command<'_>) -> Option<Event> {
        match command {
            Command::Ehlo(name) => self.greet(name, Protocol::Esmtp),
            Command::Helo(name) => self.greet(name, Protocol::Smtp),
            Command::Mail { reverse_path, size_octets, body_type } => {
                self.begin(Transaction { reverse_path, forward_paths: Vec::new(), body_type }, size_octets);
            }
            Command::Rcpt(forward_path) => return self.recipient(forward_path),
            Command::Data => self.begin_data(),
            Command::Rset => {
                self.transaction = None;
                self.say(&reply::OK);
            }
            Command::Noop => self.say(&reply::OK),
            Command::Vrfy => self.say(&reply::VRFY),
            Command::Help => self.say(&reply::HELP),
            Command::Quit => self.quit(),
            Command::NotOffered => self.blame(&reply::NOT_IMPLEMENTED),
            Command::Foreign => self.close(&reply::FOREIGN),
        }
        None
    }

    fn quit(&mut self) {
        let from = self.synchronising_from;
        self.close(&reply::BYE);
        self.synchronising_from = from;
    }

    fn greet(&mut self, name: &str, protocol: Protocol) {
        self.transaction = None;
        self.greeting = Some((name.to_owned(), protocol));
        let settings = &self.settings;
        let text = match protocol {
            Protocol::Smtp => format!("250 {}\r\n", settings.hostname),
            Protocol::Esmtp | Protocol::Esmtps => format!(
                "250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n\
                 250 LIMITS RCPTMAX={} MAILMAX={}\r\n",
                settings.hostname, settings.size_octets_max, settings.recipients_max, settings.messages_max
            ),
        };
        self.replies.extend_from_slice(text.as_bytes());
    }

    fn begin(&mut self, transaction: Transaction, size_octets: Option<u64>) {
        if self.greeting.is_none() {
            self.blame(&reply::GREET_FIRST);
        } else if self.transaction.is_some() {
            self.blame(&reply::MAIL_AGAIN);
        } else if self.messages >= self.settings.messages_max {
            self.close(&reply::TOO_MANY_MESSAGES);
        } else if size_octets.is_some_and(|size| size > self.settings.size_octets_max) {
            self.say(&reply::TOO_LARGE);
        } else {
            self.messages = self.messages.saturating_add(1);
            self.transaction = Some(transaction);
            self.say(&reply::MAIL_OK);
        }
    }

    fn recipient(&mut self, forward_path: ForwardPath) -> Option<Event> {
        let Some(transaction) = &self.transaction else {
            self.blame_order();
            return None;
        };
        let mailbox = match forward_path {
            ForwardPath::Mailbox(mailbox) => mailbox,
            ForwardPath::Postmaster => {
                let Ok(mailbox) = Mailbox::postmaster(self.settings.primary_domain()) else {
                    self.say(&reply::TRY_RECIPIENT_LATER);
                    return None;
                };
                mailbox
            }
        };
        if !self.settings.is_ours(mailbox.domain()) {
            self.refuse_recipient(&reply::RELAY_DENIED);
        } else if transaction.forward_paths.contains(&mailbox) {
            self.say(&reply::RCPT_OK);
        } else if transaction.forward_paths.len() >= self.settings.recipients_max {
            self.say(&reply::TOO_MANY_RECIPIENTS);
        } else if mailbox.is_postmaster() {
            self.add_recipient(mailbox);
        } else {
            let reverse_path = transaction.reverse_path.clone();
            self.state = State::AskingRecipient(mailbox.clone());
            return Some(Event::Recipient { mailbox, reverse_path });
        }
        None
    }

    fn add_recipient(&mut self, mailbox: Mailbox) {
        if let Some(transaction) = &mut self.transaction {
            transaction.forward_paths.push(mailbox);
            self.say(&reply::RCPT_OK);
        } else {
            debug_assert!(false, "recipients belong to a transaction");
            self.close(&reply::TRY_LATER);
        }
    }

    fn refuse_recipient(&mut self, reply: &Reply) {
        self.refused_recipients = self.refused_recipients.saturating_add(1);
        if self.refused_recipients >= self.settings.refused_recipients_max {
            self.close(&reply::TOO_MANY_UNKNOWN);
        } else {
            self.say(reply);
        }
    }

    fn begin_data(&mut self) {
        match &self.transaction {
            None => self.blame_order(),
            Some(transaction) if transaction.forward_paths.is_empty() => self.blame(&reply::NO_RECIPIENT),
            Some(_) => {
                self.state = State::Data(Box::new(Data::new(&self.settings)));
                self.say(&reply::SEND_DATA);
            }
        }
    }

    fn end_data(&mut self) -> Option<Event> {
        let state = std::mem::replace(&mut self.state, State::Commands);
        let (State::Data(data), Some(transaction), Some((name, protocol))) =
            (state, self.transaction.take(), self.greeting.as_ref())
        else {
            debug_assert!(false, "data ends in a transaction of a greeted session");
            self.close(&reply::TRY_LATER);
            return None;
        };
        match data.finish() {
            Ok((octets, line_ends)) => {
                let client = Client { address: self.address, greeting: name.clone(), protocol: *protocol };
                let Transaction { reverse_path, forward_paths, body_type } = transaction;
                let envelope = Envelope { reverse_path, forward_paths, body_type, client };
                self.state = State::AskingSink;
                Some(Event::Message(Box::new(Accepted {
                    envelope,
                    untrusted: Untrusted::new(octets),
                    line_ends,
                })))
            }
            Err(refusal) => {
                self.say(&refusal);
                self.stop_if_asked();
                None
            }
        }
    }
}

impl Command<'_> {
    const fn synchronises(&self) -> bool {
        matches!(
            self,
            Self::Ehlo(_) | Self::Helo(_) | Self::Data | Self::Quit | Self::NotOffered | Self::Foreign
        )
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own making")]
#[path = "session_tests.rs"]
mod tests;
