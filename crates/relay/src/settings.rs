//! Every limit and choice of the relay in one place (RFC 5321 §4.5.3).
//!
//! There is no `Default`: [`Settings::standard`] names the house's own, and whoever departs from them does so field
//! by field.

use mail::Mailbox;
use std::time::Duration;
use thiserror::Error;

/// What the relay is called, for whom it takes mail and what it bears.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name in the greeting.
    pub hostname: String,
    /// Recipient domains in lower case; the first is the primary one, whose postmaster `<postmaster>` is.
    pub domains: Vec<String>,
    /// Most octets of one message after dot-unstuffing; offered as SIZE (RFC 1870).
    pub size_octets_max: u64,
    /// Most recipients of one message; offered as LIMITS RCPTMAX (RFC 9422).
    pub recipients_max: usize,
    /// Most `MAIL` commands in one session; offered as LIMITS MAILMAX.
    pub messages_max: u64,
    /// The session ends with 421 at this many command errors.
    pub errors_max: u64,
    /// The session ends with 421 at this many refused recipients; apart from errors, because an old mailing list has
    /// many dead addresses and is no attack.
    pub refused_recipients_max: u64,
    /// Most octets of a command with its CRLF.
    pub command_octets_max: usize,
    /// Most octets of a line of data without its line end.
    pub data_line_octets_max: u64,
    /// Most Received fields in the header section (RFC 5321 §6.3).
    pub received_fields_max: u64,
    /// What becomes of CR and LF that are not CRLF in data.
    pub stray_line_ends: StrayLineEnds,
    /// Most connections at one time.
    pub connections_max: usize,
    /// Most connections at one time from one IPv4 address or one IPv6 /64.
    pub connections_per_address_max: usize,
    /// Most octets of message data held in memory over all sessions; beyond it data is drained and answered 452.
    pub data_octets_in_flight_max: u64,
    /// Time limits.
    pub times: Times,
}

/// How long the relay waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Wait before the greeting; who talks during it is refused. Zero still refuses who has talked already.
    pub greeting_delay: Duration,
    /// For the next whole command, and for a reply to be taken (RFC 5321 §4.5.3.2.7).
    pub command: Duration,
    /// Between two blocks of data (RFC 5321 §4.5.3.2.5).
    pub data_block: Duration,
    /// Data may be slower than `data_octets_per_second_min` for this long.
    pub data_rate_grace: Duration,
    /// Least octets per second over the whole of one message's data.
    pub data_octets_per_second_min: u64,
    /// For a whole session.
    pub session: Duration,
    /// For the answer about one recipient, then 451.
    pub recipient_answer: Duration,
    /// For the sink, then 451; below the ten minutes that a client waits (RFC 5321 §4.5.3.2.6).
    pub sink_answer: Duration,
    /// For messages in data to end after the stop was asked.
    pub stop_grace: Duration,
    /// For a client to read our last reply before the socket is closed.
    pub linger: Duration,
}

/// What becomes of CR and LF in data that are not part of a CRLF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrayLineEnds {
    /// They become CRLF and are counted in [`crate::LineEnds`].
    Normalise,
    /// `550 5.6.11` after the true end of data.
    Reject,
}

/// Why settings are none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// No recipient domain at all.
    #[error("no recipient domain is given")]
    NoDomain,
    /// Not a domain.
    #[error("{0:?} is not a domain")]
    Domain(String),
    /// Not a host name.
    #[error("{0:?} is not a host name")]
    Hostname(String),
}

impl Settings {
    /// The limits of the house for `hostname`, taking mail for `domains` (the first is the primary one).
    pub fn standard(hostname: &str, domains: &[String]) -> Result<Self, SettingsError> {
        if domains.is_empty() {
            return Err(SettingsError::NoDomain);
        }
        let domains = domains
            .iter()
            .map(|domain| match Mailbox::postmaster(domain) {
                Ok(mailbox) => Ok(mailbox.domain().to_owned()),
                Err(_) => Err(SettingsError::Domain(domain.clone())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let named = Mailbox::postmaster(hostname).is_ok_and(|mailbox| !mailbox.domain().is_empty());
        if !named {
            return Err(SettingsError::Hostname(hostname.to_owned()));
        }
        Ok(Self {
            hostname: hostname.to_owned(),
            domains,
            size_octets_max: 25 << 20,
            recipients_max: 1_000,
            messages_max: 100,
            errors_max: 10,
            refused_recipients_max: 100,
            command_octets_max: 2_048,
            data_line_octets_max: 64 << 10,
            received_fields_max: 50,
            stray_line_ends: StrayLineEnds::Normalise,
            connections_max: 500,
            connections_per_address_max: 20,
            data_octets_in_flight_max: 512 << 20,
            times: Times::standard(),
        })
    }

    /// The domain whose postmaster `<postmaster>` means.
    pub(crate) fn primary_domain(&self) -> &str {
        self.domains.first().map_or("", String::as_str)
    }

    /// Whether mail for `domain` (in lower case) is taken.
    pub(crate) fn is_ours(&self, domain: &str) -> bool {
        self.domains.iter().any(|ours| ours == domain)
    }
}

impl Times {
    /// RFC 5321 §4.5.3.2 where it speaks, the house's own where it is silent.
    pub const fn standard() -> Self {
        Self {
            greeting_delay: Duration::ZERO,
            command: Duration::from_secs(300),
            data_block: Duration::from_secs(180),
            data_rate_grace: Duration::from_secs(30),
            data_octets_per_second_min: 500,
            session: Duration::from_secs(30 * 60),
            recipient_answer: Duration::from_secs(60),
            sink_answer: Duration::from_secs(8 * 60),
            stop_grace: Duration::from_secs(30),
            linger: Duration::from_secs(2),
        }
    }

    /// How long the data of one message may have taken when `octets` of it are here.
    pub(crate) fn data_allowance(&self, octets: u64) -> Duration {
        let seconds = octets.checked_div(self.data_octets_per_second_min).unwrap_or(u64::from(u32::MAX));
        self.data_rate_grace.saturating_add(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_need_a_domain_and_a_name() {
        let domains = ["Example.LG.jp".to_owned()];
        let settings = Settings::standard("mx.example.lg.jp", &domains).unwrap();
        assert_eq!(settings.primary_domain(), "example.lg.jp");
        assert_eq!(Settings::standard("mx", &[]).unwrap_err(), SettingsError::NoDomain);
        assert!(matches!(Settings::standard("mx\r\n", &domains), Err(SettingsError::Hostname(_))));
        let wrong = ["a b".to_owned()];
        assert!(matches!(Settings::standard("mx", &wrong), Err(SettingsError::Domain(_))));
    }

    #[test]
    fn the_least_data_rate_counts_after_its_grace() {
        let times = Times::standard();
        assert_eq!(times.data_allowance(0), Duration::from_secs(30));
        assert_eq!(times.data_allowance(499), Duration::from_secs(30));
        assert_eq!(times.data_allowance(5_000), Duration::from_secs(40));
    }
}
