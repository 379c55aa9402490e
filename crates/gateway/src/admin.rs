//! What people ask of the store: over a Unix socket while the gateway runs, directly when it does not.
//!
//! *Security.* Who asks is told by the kernel (peer credentials), never by the message. A request is one JSON line of
//! at most 64 KiB. The socket lies in the data folder; who may reach it is decided by that folder's permissions, who
//! may ask for and approve originals by `[people]`.

mod answer;
mod passwords;
mod wire;

use crate::{config::Config, follow_up::Password, known_slow::KnownSlow, sanitise_loop::Stage, serve};
use jail::Pool;
use mail::DateTime;
use serde::{Deserialize, Serialize};
use std::{io::Write, path::PathBuf, sync::Arc};
use store::{Actor, Store};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::watch,
};

/// A question or an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    List { state: Option<String>, text: Option<String>, limit: usize },
    Show { id: String },
    Retry { id: String },
    Drop { id: String, reason: String },
    Hold { id: String },
    Release { id: String },
    Unlock { id: String, password: Password, recipient: Option<String> },
    Again { ids: Vec<String> },
    PasswordAdd { sender: String, until: DateTime, password: Password },
    PasswordList,
    PasswordRemove { sender: String },
    Digest,
    Originals { text: Option<String>, limit: usize },
    Original { id: String },
    Request { id: String, reason: String },
    Approve { request: i64 },
    Refuse { request: i64, reason: String },
    Export { request: i64 },
    LegalHold { id: String, reason: String, lift: bool },
    Purge { really: bool },
    AuditVerify { checkpoint: Option<PathBuf> },
    AuditExport { checkpoint_to: Option<PathBuf> },
}

/// The answer: lines for people, and the octets of an original that was handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<String>,
    /// Exit code of the command.
    pub(crate) code: u8,
    /// Octets that follow the line on the wire.
    pub(crate) octets: usize,
    #[serde(skip)]
    pub(crate) original: Vec<u8>,
}

impl Answer {
    pub(crate) fn said(lines: Vec<String>) -> Self {
        Self { lines, ..Self::default() }
    }

    pub(crate) fn refused(why: impl std::fmt::Display) -> Self {
        Self { lines: vec![why.to_string()], code: 1, ..Self::default() }
    }
}

/// What answers need.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
    /// The jail, where one runs already.
    pub(crate) pool: Option<Pool>,
}

impl Desk {
    /// With a jail, started now if need be.
    fn stage(&self) -> anyhow::Result<Stage> {
        let pool = self.pool.clone().map_or_else(|| serve::pool(&self.config, 1), Ok)?;
        Ok(Stage {
            config: Arc::clone(&self.config),
            store: self.store.clone(),
            pool,
            known_slow: KnownSlow::default(),
        })
    }
}

/// Asks the running gateway, or the store itself when no gateway runs, and shows the answer.
pub(crate) fn ask(config: &Config, ask: Ask, out: Option<PathBuf>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        match UnixStream::connect(config.socket()).await {
            Ok(stream) => wire::ask(stream, &ask).await,
            Err(_) => {
                let (store, _) = serve::open_store(config)?;
                let desk = Desk { config: Arc::new(config.clone()), store, pool: None };
                Ok(answer::answer(&desk, &myself(), ask).await)
            }
        }
    })?;
    let mut stdout = std::io::stdout().lock();
    for line in &answer.lines {
        writeln!(stdout, "{line}")?;
    }
    if let (Some(path), 0) = (out, answer.code) {
        std::fs::File::create_new(&path)?.write_all(&answer.original)?;
    }
    Ok(answer.code)
}

/// The account that runs this process.
fn myself() -> Actor {
    actor(rustix::process::getuid().as_raw())
}

/// An account by its number; its name is looked up for people to read.
fn actor(uid: u32) -> Actor {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    Actor { uid, name: name.unwrap_or_else(|| uid.to_string()) }
}

/// Serves the socket until `stop` becomes true.
pub(crate) async fn serve(desk: Desk, mut stop: watch::Receiver<bool>) {
    let path = desk.config.socket();
    // The store's lock makes this process the only owner: a socket that is there is a dead one's.
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::error!(%error, "an old socket is in the way");
    }
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "the command line cannot reach this gateway");
            return;
        }
    };
    if let Err(error) = open_to_all(&path) {
        tracing::error!(%error, "only this account reaches the socket");
    }
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let desk = desk.clone();
                tokio::spawn(async move {
                    if let Err(error) = one(stream, &desk).await {
                        tracing::warn!(%error, "a command was not answered");
                    }
                });
            },
            _ = stop.changed() => break,
        }
    }
    if let Err(error) = std::fs::remove_file(&path) {
        tracing::debug!(%error, "the socket was gone already");
    }
}

fn open_to_all(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))
}

async fn one(stream: UnixStream, desk: &Desk) -> anyhow::Result<()> {
    let actor = actor(stream.peer_cred()?.uid());
    let (stream, ask) = wire::asked(stream).await?;
    let answer = answer::answer(desk, &actor, ask).await;
    wire::tell(stream, answer).await
}
