//! What a configuration file says, key by key. Unknown keys are refused.

use super::{DEFAULT_DOMAIN, KnownRecipients, Overrides, Zone, is_domain, units};
use jail::RendererSettings;
use policy::{Limits, Policy, RuleError};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    /// Folder of ledger, bodies, vault and keys. Default `./sekisho-data`.
    pub(super) data: Option<PathBuf>,
    /// Name in the greeting, in Received fields and Message-IDs.
    pub(super) hostname: Option<String>,
    /// Name of the body that this installation serves; stands in every row. Default `main`.
    pub(super) tenant: Option<String>,
    /// Free space below which new mail is put off with 452. Default `256 MiB`.
    pub(super) free_space_min: Option<String>,
    /// The receiving side.
    #[serde(default)]
    pub(super) relay: RawRelay,
    /// Zones; without any, one zone `inside` with a Maildir.
    #[serde(default)]
    pub(super) zone: Vec<RawZone>,
    /// The way to the outside, for failure notices.
    #[serde(default)]
    pub(super) outside: RawOutside,
    /// Limits.
    #[serde(default)]
    pub(super) limits: RawLimits,
    /// The jail.
    #[serde(default)]
    pub(super) jail: RawJail,
    /// The optional renderer. Without this section there is none.
    pub(super) renderer: Option<RawRenderer>,
    /// Who may ask for and approve originals.
    #[serde(default)]
    pub(super) people: RawPeople,
    /// The audit chain.
    #[serde(default)]
    pub(super) audit: RawAudit,
    /// The daily lists of what is held.
    #[serde(default)]
    pub(super) digest: RawDigest,
    /// What becomes of originals and records whose time is over.
    #[serde(default)]
    pub(super) retention: RawRetention,
}

/// `[relay]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelay {
    /// Addresses on which SMTP is accepted. Default `["127.0.0.1:2525"]`.
    pub(super) listen: Option<Vec<String>>,
    /// Bare CR and LF in data: `normalise` (default) or `reject`.
    pub(super) bare_line_ends: Option<String>,
    /// Concurrent connections. Default 500.
    pub(super) connections: Option<usize>,
    /// Concurrent connections of one address (one /64 in IPv6). Default 20.
    pub(super) connections_per_address: Option<usize>,
}

/// `[outside]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutside {
    /// `HOST:PORT` of the mail server that sends failure notices out. Without one failures are held.
    pub(super) next_hop: Option<String>,
}

/// `[jail]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJail {
    /// Busy children in the light lane, and as many in the quick one. Default: twice the cores.
    pub(super) light: Option<usize>,
    /// Busy children in the heavy lane. Default: cores less one.
    pub(super) heavy: Option<usize>,
    /// Start although this kernel lacks Landlock. Default false.
    pub(super) allow_weak_sandbox: Option<bool>,
}

/// `[renderer]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRenderer {
    /// LibreOffice. Default `/usr/bin/soffice`.
    pub(super) program: Option<PathBuf>,
    /// Bubblewrap. Default `/usr/bin/bwrap`.
    pub(super) bubblewrap: Option<PathBuf>,
    /// Number of the user and group under which it runs when sekisho runs as root. Default 64735.
    pub(super) uid: Option<u32>,
    /// Documents drawn at a time. Default: half the cores.
    pub(super) places: Option<usize>,
    /// Instances started ahead of need. Default 1.
    pub(super) spare: Option<usize>,
    /// CPU time for one document. Default `60 s`.
    pub(super) cpu: Option<String>,
    /// Wall time for one document. Default `90 s`.
    pub(super) wall: Option<String>,
    /// Address space of an instance. Default `1536 MiB`.
    pub(super) memory: Option<String>,
    /// Draw without a sandbox: hostile documents in a program of ten million lines, with the rights of sekisho.
    /// Default false.
    pub(super) allow_without_sandbox: Option<bool>,
}

impl RawRenderer {
    pub(super) fn meaning(self, complaints: &mut Vec<String>) -> RendererSettings {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut seconds = |key: &str, said: Option<String>, default: u64| {
            said.map_or(default, |said| units::seconds(key, &said, complaints))
        };
        let cpu_s = seconds("renderer.cpu", self.cpu, 60);
        let wall = Duration::from_secs(seconds("renderer.wall", self.wall, 90));
        let memory = self.memory.as_deref().unwrap_or("1536 MiB");
        let address_space_octets = units::octets("renderer.memory", memory, complaints);
        let bubblewrap = self.bubblewrap.unwrap_or_else(|| PathBuf::from("/usr/bin/bwrap"));
        let unsafely = self.allow_without_sandbox.unwrap_or(false);
        RendererSettings {
            program: self.program.unwrap_or_else(|| PathBuf::from("/usr/bin/soffice")),
            bubblewrap: Some(bubblewrap).filter(|_| !unsafely),
            uid: self.uid.unwrap_or(64_735),
            places: self.places.unwrap_or_else(|| cores.div_ceil(2)),
            spare: self.spare.unwrap_or(1),
            cpu_s,
            wall,
            address_space_octets,
        }
    }
}

/// `[people]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeople {
    /// Accounts of the operating system that may ask for originals.
    #[serde(default)]
    pub(super) requesters: Vec<String>,
    /// Accounts of the operating system that may approve.
    #[serde(default)]
    pub(super) approvers: Vec<String>,
}

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    /// Folder outside the data folder that receives a signed checkpoint every ten minutes.
    pub(super) checkpoints: Option<PathBuf>,
}

/// `[digest]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDigest {
    /// Time of day in Japan at which the lists go out: `"07:30"` (default), or `"off"`. Without lists no held mail
    /// expires.
    pub(super) at: Option<String>,
    /// Address inside that gets the list of all that is held. Without one no held mail expires.
    pub(super) admin: Option<String>,
}

/// `[retention]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetention {
    /// `daily` (default): what is over is removed once a day; `by_hand`: only by `sekisho quarantine purge`.
    pub(super) purge: Option<String>,
}

/// `[[zone]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawZone {
    /// Name, in rows and reports.
    pub(super) name: String,
    /// Domains whose mail belongs to this zone.
    pub(super) domains: Vec<String>,
    /// `"any"`, or the path of a file with one address a line.
    pub(super) recipients: String,
    /// `"smtp:HOST:PORT"` or `"maildir:FOLDER"`.
    pub(super) destination: String,
    /// Policy keys: kinds with their rules, and named values.
    #[serde(default)]
    pub(super) policy: BTreeMap<String, toml::Value>,
}

impl RawZone {
    /// The zone of the embedded defaults.
    pub(super) fn embedded(overrides: &Overrides) -> Self {
        let domains = match overrides.domains.as_slice() {
            [] => vec![DEFAULT_DOMAIN.to_owned()],
            given => given.to_vec(),
        };
        Self {
            name: "inside".to_owned(),
            domains,
            recipients: "any".to_owned(),
            destination: "maildir:inside".to_owned(),
            policy: BTreeMap::new(),
        }
    }

    pub(super) fn meaning(
        self,
        data: &Path,
        limits: &Limits,
        overrides: &Overrides,
        complaints: &mut Vec<String>,
    ) -> Option<Zone> {
        let before = complaints.len();
        let name = self.name;
        let domains: Vec<String> = self.domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        if domains.is_empty() {
            complaints.push(format!("zone \"{name}\": no domains"));
        }
        for domain in domains.iter().filter(|domain| !is_domain(domain)) {
            complaints.push(format!("zone \"{name}\": domain \"{domain}\" is not a domain name"));
        }
        let recipients = known_recipients(&name, &self.recipients, complaints);
        let destination = destination(&name, &self.destination, data, complaints);
        let policy = zone_policy(&name, &self.policy, limits, &domains, overrides, complaints);
        if complaints.len() > before {
            return None;
        }
        Some(Zone { name, domains, recipients: recipients?, destination: destination?, policy })
    }
}

fn zone_policy(
    zone: &str,
    said: &BTreeMap<String, toml::Value>,
    limits: &Limits,
    domains: &[String],
    overrides: &Overrides,
    complaints: &mut Vec<String>,
) -> Policy {
    let mut policy = Policy::standard();
    policy.limits = *limits;
    policy.inside_domains = domains.to_vec();
    let said = said.iter().map(|(key, value)| {
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => String::new(),
        };
        (key.clone(), value)
    });
    for (key, value) in said.chain(overrides.policy.iter().cloned()) {
        match policy.set(&key, &value) {
            Ok(()) => {}
            Err(RuleError::UnknownKey(key)) => {
                complaints.push(format!("zone \"{zone}\": policy.{key}: no such key"));
            }
            Err(RuleError::BadValue { key, value, possible }) => {
                complaints
                    .push(format!("zone \"{zone}\": policy.{key} = \"{value}\": possible are {possible}"));
            }
        }
    }
    policy
}

fn known_recipients(zone: &str, said: &str, complaints: &mut Vec<String>) -> Option<KnownRecipients> {
    if said == "any" {
        return Some(KnownRecipients::Any);
    }
    let text = match std::fs::read_to_string(said) {
        Ok(text) => text,
        Err(error) => {
            complaints.push(format!("zone \"{zone}\": recipients = \"{said}\": {error}"));
            return None;
        }
    };
    let mut listed = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match mail::Mailbox::parse(line) {
            Ok(mailbox) => drop(listed.insert(mailbox.to_string().to_ascii_lowercase())),
            Err(_) => complaints
                .push(format!("{said}, line {}: \"{line}\" is not an address", index.saturating_add(1))),
        }
    }
    Some(KnownRecipients::Listed(listed))
}

fn destination(
    zone: &str,
    said: &str,
    data: &Path,
    complaints: &mut Vec<String>,
) -> Option<delivery::Destination> {
    if let Some(folder) = said.strip_prefix("maildir:").filter(|folder| !folder.is_empty()) {
        return Some(delivery::Destination::Maildir { path: data.join(folder) });
    }
    if let Some(hop) = said.strip_prefix("smtp:") {
        let (host, port) = units::host_port(&format!("zone \"{zone}\": destination"), hop, complaints)?;
        return Some(delivery::Destination::Smtp { host, port });
    }
    complaints.push(format!("zone \"{zone}\": destination = \"{said}\": smtp:HOST:PORT or maildir:FOLDER"));
    None
}

macro_rules! limits {
    ($($(#[$doc:meta])* $key:ident: $unit:ident => $field:ident;)+) => {
        /// `[limits]`
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct RawLimits { $($(#[$doc])* $key: Option<limits!(@type $unit)>,)+ }

        impl RawLimits {
            pub(super) fn meaning(&self, complaints: &mut Vec<String>) -> Limits {
                let mut limits = Limits::STANDARD;
                $(if let Some(value) = &self.$key {
                    limits.$field = limits!(@read $unit, concat!("limits.", stringify!($key)), value, complaints);
                })+
                limits
            }
        }
    };
    (@type count) => { u64 };
    (@type octets) => { String };
    (@type seconds) => { String };
    (@read count, $key:expr, $value:expr, $complaints:expr) => { *$value };
    (@read octets, $key:expr, $value:expr, $complaints:expr) => { units::octets($key, $value, $complaints) };
    (@read seconds, $key:expr, $value:expr, $complaints:expr) => { units::seconds($key, $value, $complaints) };
}

limits! {
    /// Largest message accepted. Default `25 MiB`.
    message: octets => message_octets;
    /// Largest message that goes inside: the SIZE of the next hop. Default `20 MiB`.
    message_out: octets => output_octets;
    /// Parts of one message. Default 1000.
    parts: count => parts;
    /// MIME depth. Default 20.
    mime_depth: count => mime_depth;
    /// Header section. Default `1 MiB`.
    header: octets => header_octets;
    /// Archive depth. Default 5.
    archive_depth: count => archive_depth;
    /// Archive members. Default 10000.
    archive_members: count => archive_members;
    /// Unpacked octets. Default `500 MiB`.
    unpacked: octets => unpacked_octets;
    /// Unpacked octets per packed octet. Default 200.
    unpack_ratio: count => unpack_ratio;
    /// Rounds of key derivation for trying passwords. Default 120000000.
    unlock_rounds: count => unlock_rounds;
    /// Pages of all documents. Default 1000.
    pages: count => pages;
    /// Pixels of one page. Default 40000000.
    page_pixels: count => page_px;
    /// Pixels of one image. Default 50000000.
    image_pixels: count => image_px;
    /// Documents of one message that the renderer draws. Default 20.
    rendered_documents: count => rendered_documents;
    /// Octets of those together, and of what comes back. Default `64 MiB`.
    rendered: octets => rendered_octets;
    /// Address space of a jail child. Default `1536 MiB`.
    child_memory: octets => child_address_space_octets;
    /// CPU time of a jail child. Default `120 s`.
    child_cpu: seconds => child_cpu_s;
    /// Wall time of a jail child. Default `150 s`.
    child_wall: seconds => child_wall_s;
}
