//! Configuration: one TOML file becomes a [`Config`], or a list of everything that is wrong with it.
//!
//! [`raw::RawConfig`] is what was said; [`Config`] is what it means. Without a file the embedded defaults stand.

mod raw;
mod units;

pub(crate) use raw::RawConfig;

use anyhow::Context;
use jail::RendererSettings;
use policy::{Limits, Policy};
use sha2::Digest;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Port of the embedded default.
const DEFAULT_LISTEN: &str = "127.0.0.1:2525";
/// Domain of the embedded default.
pub(crate) const DEFAULT_DOMAIN: &str = "example.lg.jp";
/// Folder of the embedded default.
pub(crate) const DEFAULT_DATA: &str = "./sekisho-data";

/// What the configuration means.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Folder of ledger, bodies, vault and keys.
    pub(crate) data: PathBuf,
    /// Name in the greeting, in Received fields and Message-IDs.
    pub(crate) hostname: String,
    /// Tenant in every row.
    pub(crate) tenant: String,
    /// Addresses on which SMTP is accepted.
    pub(crate) listen: Vec<SocketAddr>,
    /// What to do about bare CR and LF in data.
    pub(crate) stray_line_ends: relay::StrayLineEnds,
    /// Concurrent connections.
    pub(crate) connections: usize,
    /// Concurrent connections of one address.
    pub(crate) connections_per_address: usize,
    /// Zones, each with its recipients, policy and next hop.
    pub(crate) zones: Vec<Zone>,
    /// Next hop for failure notices to the outside; `None`: failures are held and alarmed.
    pub(crate) outside: Option<(String, u16)>,
    /// Limits of every message and child.
    pub(crate) limits: Limits,
    /// Jail lanes.
    pub(crate) jail: Jail,
    /// The optional renderer.
    pub(crate) renderer: Option<RendererSettings>,
    /// Free octets below which nothing is accepted.
    pub(crate) free_octets_min: u64,
    /// Accounts that may ask for and approve originals.
    pub(crate) people: People,
    /// Where signed audit checkpoints go; outside the data folder.
    pub(crate) checkpoints: Option<PathBuf>,
    /// The work of every day.
    pub(crate) daily: Daily,
    /// Whether keys may be made by themselves: embedded defaults on loopback only.
    pub(crate) automatic_keys: bool,
}

/// A zone: who is in it and how mail gets there.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) domains: Vec<String>,
    pub(crate) recipients: KnownRecipients,
    pub(crate) destination: delivery::Destination,
    pub(crate) policy: Policy,
}

/// Who is known in a zone.
#[derive(Clone, Debug)]
pub(crate) enum KnownRecipients {
    /// Every local-part.
    Any,
    /// These, in lower case.
    Listed(BTreeSet<String>),
}

/// Jail settings that differ from machine to machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jail {
    pub(crate) light: Option<usize>,
    pub(crate) heavy: Option<usize>,
    pub(crate) allow_weak_sandbox: bool,
}

/// Operating-system accounts with a say over originals. Empty lists mean: every account that reaches the socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    pub(crate) requesters: Vec<String>,
    pub(crate) approvers: Vec<String>,
}

/// What is done once a day.
#[derive(Clone, Debug)]
pub(crate) struct Daily {
    /// When, in minutes since midnight in Japan.
    pub(crate) at_min: u32,
    /// Whether lists of what is held go out.
    pub(crate) lists: bool,
    /// Who gets the list of all that is held; an address of one of the zones.
    pub(crate) admin: Option<mail::Mailbox>,
    /// Whether what is over is removed without being asked.
    pub(crate) purges: bool,
}

/// When the lists go out unless the configuration says otherwise.
const DAILY_AT: &str = "07:30";

impl Daily {
    fn of_raw(
        digest: &raw::RawDigest,
        retention: &raw::RawRetention,
        zones: &[Zone],
        complaints: &mut Vec<String>,
    ) -> Self {
        let said = digest.at.as_deref().unwrap_or(DAILY_AT);
        let lists = said != "off";
        let at = if lists { said } else { DAILY_AT };
        let at_min = units::time_of_day("digest.at", at, complaints);
        let admin = digest.admin.as_deref().and_then(|address| {
            let mailbox = mail::Mailbox::parse(address).ok();
            let domain = mailbox.as_ref().map(|mailbox| mailbox.domain().to_ascii_lowercase());
            let is_inside =
                domain.is_some_and(|domain| zones.iter().any(|zone| zone.domains.contains(&domain)));
            if !is_inside {
                complaints.push(format!("digest.admin = \"{address}\": not an address of any zone"));
            }
            mailbox
        });
        let purges = match retention.purge.as_deref() {
            None | Some("daily") => true,
            Some("by_hand") => false,
            Some(other) => {
                complaints.push(format!("retention.purge = \"{other}\": one of daily, by_hand"));
                false
            }
        };
        Self { at_min, lists, admin, purges }
    }
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) data: Option<PathBuf>,
    pub(crate) domains: Vec<String>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) policy: Vec<(String, String)>,
}

/// Reads the file, or the embedded defaults when there is none.
pub(crate) fn load(path: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Config> {
    let raw = match path {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            toml::from_str(&text).with_context(|| format!("{} is not a configuration", path.display()))?
        }
        None => RawConfig::default(),
    };
    let mut config = Config::of_raw(raw, overrides, path.is_none()).map_err(|complaints| {
        anyhow::anyhow!("the configuration has {} fault(s):\n  {}", complaints.len(), complaints.join("\n  "))
    })?;
    for zone in &mut config.zones {
        zone.policy.version = version_of(&zone.policy);
    }
    Ok(config)
}

/// The version of a policy: a digest of all that it says.
fn version_of(policy: &Policy) -> String {
    let mut unnamed = policy.clone();
    unnamed.version.clear();
    let said = postcard::to_stdvec(&unnamed).unwrap_or_default();
    let digest = sha2::Sha256::digest(said);
    digest.iter().take(6).map(|octet| format!("{octet:02x}")).collect()
}

impl Config {
    fn of_raw(raw: RawConfig, overrides: &Overrides, embedded: bool) -> Result<Self, Vec<String>> {
        let mut complaints = Vec::new();
        let limits = raw.limits.meaning(&mut complaints);
        let hostname = raw.hostname.unwrap_or_else(|| format!("sekisho.{DEFAULT_DOMAIN}"));
        if !is_domain(&hostname) {
            complaints.push(format!("hostname = \"{hostname}\": not a domain name"));
        }
        let listen = overrides.listen.map_or_else(
            || {
                addresses(
                    &raw.relay.listen.unwrap_or_else(|| vec![DEFAULT_LISTEN.to_owned()]),
                    &mut complaints,
                )
            },
            |address| vec![address],
        );
        let data = overrides.data.clone().or(raw.data).unwrap_or_else(|| PathBuf::from(DEFAULT_DATA));
        let raw_zones = if raw.zone.is_empty() { vec![raw::RawZone::embedded(overrides)] } else { raw.zone };
        let zones: Vec<Zone> = raw_zones
            .into_iter()
            .filter_map(|zone| zone.meaning(&data, &limits, overrides, &mut complaints))
            .collect();
        complain_about_zones(&zones, &mut complaints);
        let stray_line_ends = match raw.relay.bare_line_ends.as_deref() {
            None | Some("normalise") => relay::StrayLineEnds::Normalise,
            Some("reject") => relay::StrayLineEnds::Reject,
            Some(other) => {
                complaints.push(format!("relay.bare_line_ends = \"{other}\": one of normalise, reject"));
                relay::StrayLineEnds::Reject
            }
        };
        let outside =
            raw.outside.next_hop.and_then(|hop| units::host_port("outside.next_hop", &hop, &mut complaints));
        let renderer = raw.renderer.map(|renderer| renderer.meaning(&mut complaints));
        let free = raw.free_space_min.as_deref().unwrap_or("256 MiB");
        let free_octets_min = units::octets("free_space_min", free, &mut complaints);
        let daily = Daily::of_raw(&raw.digest, &raw.retention, &zones, &mut complaints);
        let automatic_keys = embedded || listen.iter().all(|address| address.ip().is_loopback());
        if let (Some(folder), true) = (&raw.audit.checkpoints, data.exists())
            && folder.starts_with(&data)
        {
            complaints.push("audit.checkpoints: must lie outside the data folder".to_owned());
        }
        if complaints.is_empty() {
            Ok(Self {
                data,
                hostname,
                tenant: raw.tenant.unwrap_or_else(|| "main".to_owned()),
                listen,
                stray_line_ends,
                connections: raw.relay.connections.unwrap_or(500),
                connections_per_address: raw.relay.connections_per_address.unwrap_or(20),
                zones,
                outside,
                limits,
                jail: Jail {
                    light: raw.jail.light,
                    heavy: raw.jail.heavy,
                    allow_weak_sandbox: raw.jail.allow_weak_sandbox.unwrap_or(false),
                },
                renderer,
                free_octets_min,
                people: People { requesters: raw.people.requesters, approvers: raw.people.approvers },
                checkpoints: raw.audit.checkpoints,
                daily,
                automatic_keys,
            })
        } else {
            Err(complaints)
        }
    }

    /// The zone of a domain, in lower case.
    pub(crate) fn zone_of(&self, domain: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.domains.iter().any(|d| d == domain))
    }

    /// The zone of a name.
    pub(crate) fn zone_named(&self, name: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == name)
    }

    /// All domains that are accepted.
    pub(crate) fn domains(&self) -> Vec<String> {
        self.zones.iter().flat_map(|zone| zone.domains.iter().cloned()).collect()
    }

    /// Where the running gateway hears the command line.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("admin.sock")
    }
}

fn complain_about_zones(zones: &[Zone], complaints: &mut Vec<String>) {
    let (mut names, mut domains) = (BTreeSet::new(), BTreeSet::new());
    for zone in zones {
        if !names.insert(&zone.name) {
            complaints.push(format!("zone \"{}\": stands twice", zone.name));
        }
        for domain in &zone.domains {
            if !domains.insert(domain) {
                complaints
                    .push(format!("zone \"{}\": domain {domain} belongs to another zone already", zone.name));
            }
        }
    }
}

fn addresses(said: &[String], complaints: &mut Vec<String>) -> Vec<SocketAddr> {
    let mut understood = Vec::new();
    for address in said {
        match address.parse() {
            Ok(address) => understood.push(address),
            Err(_) => complaints.push(format!("relay.listen = \"{address}\": not ADDRESS:PORT")),
        }
    }
    if understood.is_empty() && complaints.is_empty() {
        complaints.push("relay.listen: no address".to_owned());
    }
    understood
}

pub(crate) fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests;
