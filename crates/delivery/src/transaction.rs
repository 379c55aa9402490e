//! One mail transaction over one connection, with a fate for every recipient (RFC 5321 §3.3).
//!
//! lettre's own transaction ends at the first refused recipient; here the others get the message. Nothing is
//! pipelined: a server that writes each reply by itself with Nagle's algorithm on answers a pipeline 40 ms later than
//! single commands (22 messages a second instead of thousands, seen with smtp-sink), and the next hop is near.

use crate::fate::{Cause, Fate, Unsendable};
use crate::next_hop::Times;
use crate::peer::{Failure, Offers, Peer};
use crate::reply::Stage;
use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use mail::{Mailbox, ReversePath};
use std::time::Duration;

/// What is to be sent.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub(crate) reverse_path: &'a ReversePath,
    pub(crate) forward_paths: &'a [Mailbox],
    pub(crate) octets: &'a [u8],
}

/// How a transaction left the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Ready for the next MAIL.
    Idle,
    /// In the middle of a transaction: RSET first.
    Open,
    /// Of no use.
    Broken,
    /// Broken before anything was answered: an idle connection that the other side had closed.
    Stale,
}

/// Sends the letter; one fate for each of its recipients.
pub(crate) async fn transact(peer: &mut Peer, letter: &Letter<'_>, times: &Times) -> (Vec<Fate>, After) {
    let all = |fate: Fate| vec![fate; letter.forward_paths.len()];
    if let Some(fate) = prevented(letter.octets, peer.offers) {
        return (all(fate), After::Idle);
    }
    let (answers, after) = envelope(peer, letter, times.command).await;
    if after != After::Open || answers.iter().all(Option::is_some) {
        return (answers.into_iter().flatten().collect(), after);
    }
    let (fate, after) = content(peer, letter.octets, times).await;
    (answers.into_iter().map(|answer| answer.unwrap_or_else(|| fate.clone())).collect(), after)
}

/// What can be known without asking.
fn prevented(octets: &[u8], offers: Offers) -> Option<Fate> {
    let size = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    if let Some(max) = offers.size_octets_max.filter(|max| *max < size) {
        return Some(Fate::TooLarge { octets_max: Some(max), reply: None });
    }
    if has_stray_line_end(octets) {
        return Some(Fate::Unsendable(Unsendable::StrayLineEnd));
    }
    (!offers.eight_bit && !octets.is_ascii()).then_some(Fate::Unsendable(Unsendable::EightBit))
}

/// CR or LF outside CRLF: what the next server makes of it is not ours to try.
fn has_stray_line_end(octets: &[u8]) -> bool {
    let mut after_cr = false;
    for &octet in octets {
        if (octet == b'\n') != after_cr {
            return true;
        }
        after_cr = octet == b'\r';
    }
    after_cr
}

/// MAIL and RCPT. A recipient with no fate yet is accepted; only with [`After::Open`] may DATA follow.
async fn envelope(peer: &mut Peer, letter: &Letter<'_>, limit: Duration) -> (Vec<Option<Fate>>, After) {
    match peer.ask(mail_command(letter, peer.offers), limit).await {
        Ok(reply) if reply.is_positive_completion() => {}
        Ok(reply) => return cut_off(Vec::new(), Cause::Said(reply), letter, After::Broken),
        Err(Failure::Reply(reply)) if reply.code == 421 => {
            return cut_off(Vec::new(), Cause::Said(reply), letter, After::Stale);
        }
        Err(Failure::Reply(reply)) => {
            return (vec![Some(reply.judge(Stage::Mail)); letter.forward_paths.len()], After::Open);
        }
        Err(Failure::Broken(cause)) => return cut_off(Vec::new(), cause, letter, After::Stale),
    }
    let mut fates = Vec::with_capacity(letter.forward_paths.len());
    for mailbox in letter.forward_paths {
        match peer.ask(Rcpt::new(address(mailbox), Vec::new()), limit).await {
            Ok(reply) if reply.is_positive_completion() => fates.push(None),
            Err(Failure::Reply(reply)) if reply.code != 421 => fates.push(Some(reply.judge(Stage::Rcpt))),
            Ok(reply) | Err(Failure::Reply(reply)) => {
                return cut_off(fates, Cause::Said(reply), letter, After::Broken);
            }
            Err(Failure::Broken(cause)) => return cut_off(fates, cause, letter, After::Broken),
        }
    }
    (fates, After::Open)
}

/// The connection broke in the envelope: refusals stand, all others wait.
fn cut_off(
    fates: Vec<Option<Fate>>,
    cause: Cause,
    letter: &Letter<'_>,
    after: After,
) -> (Vec<Option<Fate>>, After) {
    let mut fates = fates;
    fates.resize(letter.forward_paths.len(), None);
    let waiting = Fate::later(cause);
    let fates = fates.into_iter().map(|fate| Some(fate.unwrap_or_else(|| waiting.clone()))).collect();
    (fates, after)
}

/// DATA, the message and its end; one fate for all accepted recipients.
async fn content(peer: &mut Peer, octets: &[u8], times: &Times) -> (Fate, After) {
    match peer.ask(Data, times.data).await {
        Ok(reply) if reply.code == 354 => {}
        Ok(reply) => return (Fate::later(Cause::Said(reply)), After::Broken),
        Err(Failure::Reply(reply)) => {
            let after = if reply.code == 421 { After::Broken } else { After::Open };
            return (reply.judge(Stage::Data), after);
        }
        Err(Failure::Broken(cause)) => return (Fate::later(cause), After::Broken),
    }
    peer.messages = peer.messages.saturating_add(1);
    match peer.message(octets, times.message_allowance(octets.len())).await {
        Ok(reply) if reply.is_positive_completion() => (Fate::Delivered { reply }, After::Idle),
        Ok(reply) => (Fate::TryLater { cause: Cause::Said(reply), may_duplicate: true }, After::Broken),
        Err(Failure::Reply(reply)) => {
            let after = if reply.code == 421 { After::Broken } else { After::Idle };
            (reply.judge(Stage::Message), after)
        }
        // The end of data may have been read before the connection broke.
        Err(Failure::Broken(cause)) => (Fate::TryLater { cause, may_duplicate: true }, After::Broken),
    }
}

fn mail_command(letter: &Letter<'_>, offers: Offers) -> String {
    let mut parameters = Vec::new();
    if offers.size {
        parameters.push(MailParameter::Size(letter.octets.len()));
    }
    if !letter.octets.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Mail::new(letter.reverse_path.mailbox().map(address), parameters).to_string()
}

/// lettre's parser refuses addresses of mobile carriers; [`Mailbox`] has already refused whatever could end a command.
fn address(mailbox: &Mailbox) -> Address {
    Address::new_dangerous(mailbox.local_part(), mailbox.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_line_ends_are_found() {
        let cases: [(&[u8], bool); 8] = [
            (b"", false),
            (b"a\r\nb\r\n", false),
            (b"a\n", true),
            (b"a\r", true),
            (b"a\rb\r\n", true),
            (b"a\r\r\n", true),
            (b"\n\r\n", true),
            (b"a\r\n.\n", true),
        ];
        let mut ran = 0;
        for (octets, stray) in cases {
            assert_eq!(has_stray_line_end(octets), stray, "{octets:?}");
            ran += 1;
        }
        assert_eq!(ran, 8);
    }

    #[test]
    fn what_the_next_hop_cannot_take_is_not_tried() {
        let offers = Offers { size: true, size_octets_max: Some(4), ..Offers::default() };
        assert_eq!(prevented(b"ab\r\n", offers), None);
        let too_large = Fate::TooLarge { octets_max: Some(4), reply: None };
        assert_eq!(prevented(b"abc\r\n", offers), Some(too_large));
        assert_eq!(prevented(b"\xe3\r\n", offers), Some(Fate::Unsendable(Unsendable::EightBit)));
        assert_eq!(prevented(b"\xe3\r\n", Offers { eight_bit: true, ..offers }), None);
    }
}
