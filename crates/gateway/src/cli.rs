//! The command line.

use crate::{
    admin::{self, Ask},
    config::{self, Config, Overrides},
    demo, doctor,
    follow_up::Password,
    sanitise_cmd::{self, ReportForm},
    serve,
};
use clap::{Args, Parser, Subcommand};
use std::{io::Write, net::SocketAddr, path::PathBuf};

/// Sekisho (関所): an email and file sanitisation (無害化) gateway.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Where {
    /// Configuration file (TOML). Without one the embedded defaults stand.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Data folder, over the configuration.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
}

impl Where {
    fn load(&self, overrides: Overrides) -> anyhow::Result<Config> {
        config::load(self.config.as_deref(), &Overrides { data: self.data.clone(), ..overrides })
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve {
        #[command(flatten)]
        place: Where,
        /// Inside domain, for the embedded defaults; may be given several times.
        #[arg(long = "domain")]
        domains: Vec<String>,
        /// Address on which SMTP is accepted, over the configuration.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// Roles of this process, separated by commas: relay, sanitise, deliver.
        #[arg(long, value_delimiter = ',', default_value = "relay,sanitise,deliver")]
        roles: Vec<serve::Role>,
    },
    /// Sanitise files; a .eml is a message, anything else a file.
    Sanitise {
        #[command(flatten)]
        place: Where,
        /// Policy key for this run, KEY=VALUE; may be given several times.
        #[arg(long = "policy", value_parser = key_value)]
        policy: Vec<(String, String)>,
        /// Password to try on locked files; may be given several times.
        #[arg(long = "password")]
        passwords: Vec<String>,
        /// Folder for the outputs.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value = "text")]
        report: ReportForm,
        /// Files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Read the configuration and say everything that is wrong with it.
    CheckConfig {
        #[command(flatten)]
        place: Where,
    },
    /// Say what this machine offers and lacks.
    Doctor {
        #[command(flatten)]
        place: Where,
        /// List all finding codes instead.
        #[arg(long)]
        findings: bool,
    },
    /// Show the main job on telling mails, in a folder of its own.
    Demo {
        /// Folder; made anew, must not exist.
        #[arg(long, default_value = "./sekisho-demo")]
        data: PathBuf,
    },
    /// Keys of the vault.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Mail in the queue and held mail.
    Queue {
        #[command(flatten)]
        place: Where,
        #[command(subcommand)]
        command: QueueCommand,
    },
    /// Passwords that were agreed with correspondents and are tried on their locked files.
    Passwords {
        #[command(flatten)]
        place: Where,
        #[command(subcommand)]
        command: PasswordsCommand,
    },
    /// Originals in the vault.
    Quarantine {
        #[command(flatten)]
        place: Where,
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// The audit chain.
    Audit {
        #[command(flatten)]
        place: Where,
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make the vault keys. The recovery key is written once, to be kept offline.
    Init {
        #[command(flatten)]
        place: Where,
        /// File for the recovery key; move it away from this machine.
        #[arg(long)]
        recovery: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// List messages, newest first, and the balance of the ledger.
    List {
        /// Only this state: queued, waiting, held, delivered, bounced, discarded, expired.
        #[arg(long)]
        state: Option<String>,
        /// Words that sender, subject, receipt number or recipient must contain.
        #[arg(long)]
        text: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one message: queue id or receipt number.
    Show {
        /// Queue id or receipt number.
        id: String,
    },
    /// Try again now.
    Retry {
        /// Queue id or receipt number.
        id: String,
    },
    /// Discard for good.
    Drop {
        /// Queue id or receipt number.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Hold.
    Hold {
        /// Queue id or receipt number.
        id: String,
    },
    /// Let a held message be sanitised again.
    Release {
        /// Queue id or receipt number.
        id: String,
    },
    /// Send today's lists of what is held now, to all who have not got theirs.
    Digest,
    /// Try a password, read from standard input, on the parts that wait; what opens goes in with a follow-up.
    Unlock {
        /// Queue id or receipt number.
        id: String,
        /// Only for this recipient of the mail, unless policy lets a password serve all.
        #[arg(long)]
        recipient: Option<String>,
    },
    /// Sanitise again what waits, such as old documents since a renderer is there; what is ready goes in with a
    /// follow-up.
    Again {
        /// Queue ids or receipt numbers. Default: every mail whose original is kept and of which something waits.
        ids: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum PasswordsCommand {
    /// Add a password, read from standard input.
    Add {
        /// Address or domain of the sender.
        #[arg(long)]
        sender: String,
        /// Last day on which it is tried, YYYY-MM-DD. Default: a year from now.
        #[arg(long)]
        until: Option<String>,
    },
    /// List senders and end dates; the passwords themselves are never shown.
    List,
    /// Remove all passwords of a sender.
    Remove {
        /// Address or domain of the sender.
        #[arg(long)]
        sender: String,
    },
}

#[derive(Debug, Subcommand)]
enum QuarantineCommand {
    /// List originals.
    List {
        /// Words that sender, subject, receipt number or recipient must contain.
        #[arg(long)]
        text: Option<String>,
        /// Lines at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one original's data and its requests.
    Show {
        /// Queue id or receipt number.
        id: String,
    },
    /// Ask for an original.
    Request {
        /// Queue id or receipt number.
        id: String,
        /// Why it is needed.
        #[arg(long)]
        reason: String,
    },
    /// Approve a request; not your own.
    Approve {
        /// Number of the request.
        request: i64,
    },
    /// Refuse a request.
    Refuse {
        /// Number of the request.
        request: i64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Write an approved original to a file, once.
    Export {
        /// Number of the request.
        request: i64,
        /// File that is made.
        #[arg(long)]
        out: PathBuf,
    },
    /// Keep an original beyond its retention, or let it go again.
    LegalHold {
        /// Queue id or receipt number.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Lift the hold.
        #[arg(long)]
        lift: bool,
    },
    /// Remove originals older than their retention: shows the plan, does it with --really.
    Purge {
        /// Do it.
        #[arg(long)]
        really: bool,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Read the chain anew, and hold it against a checkpoint when one is given.
    Verify {
        /// Checkpoint file.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
    /// Write the chain as JSON lines.
    Export {
        /// Write a signed checkpoint into this folder as well.
        #[arg(long)]
        checkpoint_to: Option<PathBuf>,
    },
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE is wanted")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Carries out what was asked; the exit code.
pub(crate) fn run() -> anyhow::Result<u8> {
    match Cli::parse().command {
        Command::Serve { place, domains, listen, roles } => {
            let config = place.load(Overrides { domains, listen, ..Overrides::default() })?;
            serve::run(config, &roles)
        }
        Command::Sanitise { place, policy, passwords, out, report, files } => {
            log_to_stderr("error");
            let config = place.load(Overrides { policy, ..Overrides::default() })?;
            let pool = serve::pool(&config, 1)?;
            let zone = config.zones.first().ok_or_else(|| anyhow::anyhow!("no zone"))?;
            let request = sanitise_cmd::Request { files, out, form: report, passwords };
            sanitise_cmd::run(&request, &zone.policy, &pool)
        }
        Command::CheckConfig { place } => {
            let config = place.load(Overrides::default())?;
            say(&format!(
                "the configuration is sound: {} zone(s), {} domain(s)",
                config.zones.len(),
                config.domains().len()
            ))
        }
        Command::Doctor { findings: true, .. } => doctor::findings(),
        Command::Doctor { place, findings: false } => doctor::run(&place.load(Overrides::default())?),
        Command::Demo { data } => demo::run(&data),
        Command::Keys { command: KeysCommand::Init { place, recovery } } => keys_init(&place, &recovery),
        Command::Queue { place, command } => {
            admin::ask(&place.load(Overrides::default())?, queue_ask(command)?, None)
        }
        Command::Passwords { place, command } => {
            admin::ask(&place.load(Overrides::default())?, passwords_ask(command)?, None)
        }
        Command::Quarantine { place, command } => {
            let out =
                if let QuarantineCommand::Export { out, .. } = &command { Some(out.clone()) } else { None };
            admin::ask(&place.load(Overrides::default())?, quarantine_ask(command), out)
        }
        Command::Audit { place, command } => {
            let ask = match command {
                AuditCommand::Verify { checkpoint } => Ask::AuditVerify { checkpoint },
                AuditCommand::Export { checkpoint_to } => Ask::AuditExport { checkpoint_to },
            };
            admin::ask(&place.load(Overrides::default())?, ask, None)
        }
    }
}

fn queue_ask(command: QueueCommand) -> anyhow::Result<Ask> {
    Ok(match command {
        QueueCommand::List { state, text, limit } => Ask::List { state, text, limit },
        QueueCommand::Show { id } => Ask::Show { id },
        QueueCommand::Retry { id } => Ask::Retry { id },
        QueueCommand::Drop { id, reason } => Ask::Drop { id, reason },
        QueueCommand::Hold { id } => Ask::Hold { id },
        QueueCommand::Release { id } => Ask::Release { id },
        QueueCommand::Digest => Ask::Digest,
        QueueCommand::Unlock { id, recipient } => {
            Ask::Unlock { id, password: password_from_stdin()?, recipient }
        }
        QueueCommand::Again { ids } => Ask::Again { ids },
    })
}

fn passwords_ask(command: PasswordsCommand) -> anyhow::Result<Ask> {
    Ok(match command {
        PasswordsCommand::Add { sender, until } => {
            Ask::PasswordAdd { sender, until: last_day(until.as_deref())?, password: password_from_stdin()? }
        }
        PasswordsCommand::List => Ask::PasswordList,
        PasswordsCommand::Remove { sender } => Ask::PasswordRemove { sender },
    })
}

/// The end of a day in Japan; without one, of the day a year from now.
fn last_day(day: Option<&str>) -> anyhow::Result<mail::DateTime> {
    const YEAR_S: i64 = 365 * 86_400;
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(day) = day else {
        return Ok(mail::DateTime::utc(crate::clock::now().unix_s.saturating_add(YEAR_S)).in_jst());
    };
    let read = || {
        let (year, rest) = day.split_once('-')?;
        let (month, date) = rest.split_once('-')?;
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        (year.len() == 4).then_some(())?;
        mail::DateTime::parse(&format!("{date} {month} {year} 23:59:59 +0900"))
    };
    read().ok_or_else(|| anyhow::anyhow!("\"{day}\" is not a day such as 2027-03-31"))
}

/// The first line of standard input: a password on the command line would show in the list of processes.
fn password_from_stdin() -> anyhow::Result<Password> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(Password(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn quarantine_ask(command: QuarantineCommand) -> Ask {
    match command {
        QuarantineCommand::List { text, limit } => Ask::Originals { text, limit },
        QuarantineCommand::Show { id } => Ask::Original { id },
        QuarantineCommand::Request { id, reason } => Ask::Request { id, reason },
        QuarantineCommand::Approve { request } => Ask::Approve { request },
        QuarantineCommand::Refuse { request, reason } => Ask::Refuse { request, reason },
        QuarantineCommand::Export { request, .. } => Ask::Export { request },
        QuarantineCommand::LegalHold { id, reason, lift } => Ask::LegalHold { id, reason, lift },
        QuarantineCommand::Purge { really } => Ask::Purge { really },
    }
}

fn keys_init(place: &Where, recovery: &std::path::Path) -> anyhow::Result<u8> {
    let config = place.load(Overrides::default())?;
    let folder = serve::key_folder(&config);
    std::fs::create_dir_all(&folder)?;
    let new = store::Keys::init(&folder)?;
    new.write_recovery_key(recovery)?;
    say(&format!(
        "keys made in {}\n  vault:    {}\n  recovery: {} (the key itself is in {}; keep it offline)\n  audit:    {}",
        folder.display(),
        new.portal_recipient,
        new.recovery_recipient,
        recovery.display(),
        new.audit_public,
    ))
}

/// Writes to standard output; exit code 0.
pub(crate) fn say(text: &str) -> anyhow::Result<u8> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(0)
}

/// Writes an error and its causes to standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    // Nothing can be done when even this fails.
    let _unheard = writeln!(std::io::stderr().lock(), "sekisho: {error:#}");
}

/// Logs to standard error; `RUST_LOG` overrides the level.
pub(crate) fn log_to_stderr(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let set = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    if set.is_err() {
        tracing::debug!("a logger was set already");
    }
}
