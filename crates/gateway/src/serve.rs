//! `sekisho serve`: wiring, and a stop that loses nothing.

use crate::{
    admin::{self, Desk},
    cli,
    config::Config,
    daily, deliver_loop,
    known_slow::KnownSlow,
    receive::{Directory, Intake},
    sanitise_loop::{self, Stage},
    trial_loop,
};
use anyhow::Context;
use jail::{Pool, PoolSettings, Renderer, RendererSettings, SandboxLevel};
use std::{path::PathBuf, sync::Arc, time::Duration};
use store::{Clock, Floor, Keys, Recovery, Store, StoreSettings};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// What a process does. Roles in separate processes come with separate users; one process may have them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Receive mail.
    Relay,
    /// Sanitise.
    Sanitise,
    /// Deliver.
    Deliver,
}

/// Exit code that asks the supervisor to start again: the store must be reopened.
const EXIT_RESTART: u8 = 75;

/// Runs the gateway until it is asked to stop.
pub(crate) fn run(config: Config, roles: &[Role]) -> anyhow::Result<u8> {
    cli::log_to_stderr("info");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(512).build()?;
    runtime.block_on(serve(config, roles, stop_signal()))
}

/// Serves until `stop` ends.
pub(crate) async fn serve(
    config: Config,
    roles: &[Role],
    stop: impl Future<Output = ()>,
) -> anyhow::Result<u8> {
    let (store, recovery) = open_store(&config)?;
    tell_recovery(&recovery);
    let config = Arc::new(config);
    let (stopper, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut desk = Desk { config: Arc::clone(&config), store: store.clone(), pool: None };
    if roles.contains(&Role::Sanitise) || roles.contains(&Role::Deliver) {
        let pool = pool(&config, 0)?;
        desk.pool = Some(pool.clone());
        let stage = Stage {
            config: Arc::clone(&config),
            store: store.clone(),
            pool,
            known_slow: KnownSlow::default(),
        };
        if roles.contains(&Role::Sanitise) {
            tasks.spawn(sanitise_loop::run(stage.clone(), stopping.clone()));
            tasks.spawn(trial_loop::run(stage.clone(), stopping.clone()));
        }
        if roles.contains(&Role::Deliver) {
            tasks.spawn(deliver_loop::run(stage, stopping.clone()));
        }
    }
    if roles.contains(&Role::Relay) {
        listen(&config, &store, &stopping, &mut tasks).await?;
    }
    tasks.spawn(admin::serve(desk, stopping.clone()));
    if roles.contains(&Role::Deliver) {
        tasks.spawn(daily::run(Arc::clone(&config), store.clone(), stopping.clone()));
    }
    tasks.spawn(housekeep(Arc::clone(&config), store.clone(), stopping));
    let broken = watch_store(&store);
    tokio::select! {
        () = stop => {}
        () = broken => tracing::error!("the store failed; stopping so that it is recovered at the next start"),
    }
    stopper.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a stage ended badly");
        }
    }
    tracing::info!(event = "gateway.stopped");
    Ok(if store.is_broken() { EXIT_RESTART } else { 0 })
}

async fn listen(
    config: &Arc<Config>,
    store: &Store,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let mut settings = relay::Settings::standard(&config.hostname, &config.domains())?;
    settings.size_octets_max = config.limits.message_octets;
    settings.stray_line_ends = config.stray_line_ends;
    settings.connections_max = config.connections;
    settings.connections_per_address_max = config.connections_per_address;
    let settings = Arc::new(settings);
    let directory = Arc::new(Directory { config: Arc::clone(config) });
    let intake = Arc::new(Intake { config: Arc::clone(config), store: store.clone() });
    for address in &config.listen {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        tracing::info!(event = "relay.listening", %address, domains = config.domains().join(" "));
        for zone in &config.zones {
            if matches!(zone.recipients, crate::config::KnownRecipients::Any) {
                tracing::warn!(zone = zone.name, "every local part is accepted in this zone");
            }
        }
        let (directory, intake) = (Arc::clone(&directory), Arc::clone(&intake));
        tasks.spawn(relay::serve(listener, Arc::clone(&settings), directory, intake, stopping.clone()));
    }
    Ok(())
}

/// Where the keys of this configuration lie.
pub(crate) fn key_folder(config: &Config) -> PathBuf {
    config.data.join("keys")
}

/// Opens the store with its keys; makes keys only where the configuration allows it.
pub(crate) fn open_store(config: &Config) -> anyhow::Result<(Store, Recovery)> {
    prepare_folder(&config.data).with_context(|| format!("cannot prepare {}", config.data.display()))?;
    let keys = if config.automatic_keys {
        Keys::automatic(&config.data)?
    } else {
        Keys::load(&key_folder(config)).context("no vault keys: run `sekisho keys init` once")?
    };
    let settings = StoreSettings {
        data_dir: config.data.clone(),
        keys,
        floor: Floor { octets: config.free_octets_min, per_cent: 0 },
        tenant: config.tenant.clone(),
        clock: Clock::System,
    };
    Store::open(settings).with_context(|| format!("cannot open {}", config.data.display()))
}

/// Files of the store are for this account alone; others may pass through the folder to the socket, no more.
fn prepare_folder(data: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    if !data.exists() {
        std::fs::create_dir_all(data)?;
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o711))?;
    }
    Ok(())
}

fn tell_recovery(recovery: &Recovery) {
    tracing::info!(
        event = "store.opened",
        leases = recovery.leases,
        interrupted_attempts = recovery.interrupted_attempts,
        orphans = recovery.orphans,
        balanced = recovery.ledger.is_balanced(),
    );
    if !recovery.ledger.is_balanced() {
        tracing::error!("the ledger does not balance: see `sekisho queue list`");
    }
    if recovery.missing_bodies > 0 {
        tracing::error!(missing = recovery.missing_bodies, "bodies are missing on the disk");
    }
    if recovery.clock_jumped {
        tracing::error!("the clock jumped: nothing is purged or given up until it is trusted again");
    }
}

/// The jail of this configuration, with `lanes` places a lane, or as many as fit the machine.
pub(crate) fn pool(config: &Config, lanes: usize) -> anyhow::Result<Pool> {
    let level = jail::sandbox_level();
    if level < SandboxLevel::Full && !config.jail.allow_weak_sandbox {
        anyhow::bail!(
            "this kernel lacks Landlock; to run with seccomp alone set jail.allow_weak_sandbox = true"
        );
    }
    let mut settings = PoolSettings::standard(config.limits)?;
    if lanes > 0 {
        (settings.spare, settings.light, settings.heavy) = (lanes, lanes, lanes);
    }
    settings.light = config.jail.light.unwrap_or(settings.light);
    settings.heavy = config.jail.heavy.unwrap_or(settings.heavy);
    // The command line draws when it has to; the gateway keeps instances ready.
    let spare = if lanes > 0 { Some(0) } else { None };
    settings.renderer = renderer(config, spare)?;
    Pool::start(settings).context("the jail does not work here, so nothing can be sanitised")
}

/// The renderer of this configuration, with `spare` waiting instances or as many as it says; `None` when it has none.
fn renderer(config: &Config, spare: Option<usize>) -> anyhow::Result<Option<Renderer>> {
    let Some(settings) = &config.renderer else { return Ok(None) };
    if settings.bubblewrap.is_none() {
        tracing::warn!("the renderer runs without a sandbox, as the configuration says");
    }
    let missing = settings.missing();
    if !missing.is_empty() {
        anyhow::bail!("the renderer cannot work: {}", missing.join("; "));
    }
    let settings = RendererSettings { spare: spare.unwrap_or(settings.spare), ..settings.clone() };
    Ok(Some(Renderer::start(settings).context("the renderer cannot be started")?))
}

/// Ends when the store has failed.
async fn watch_store(store: &Store) {
    while !store.is_broken() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Ends on SIGTERM or SIGINT.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Every ten minutes: a signed checkpoint of the audit chain, and the ledger counted again.
async fn housekeep(config: Arc<Config>, store: Store, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(600)) => {}
            _ = stop.changed() => {}
        }
        if let Some(folder) = &config.checkpoints
            && let Err(error) = store.checkpoint(folder).await
        {
            tracing::error!(%error, "no audit checkpoint could be written");
        }
        match store.ledger().await {
            Ok(balance) if balance.is_balanced() => {}
            Ok(_) => tracing::error!(
                event = "ledger.imbalance",
                "the ledger does not balance: see `sekisho queue list`"
            ),
            Err(error) => tracing::error!(%error, "the ledger cannot be counted"),
        }
        match store.destroy_working_keys().await {
            Ok(days) if days.is_empty() => {}
            Ok(days) => {
                tracing::info!(
                    event = "key.destroyed",
                    keys = days.len(),
                    "working keys that nothing needs are gone"
                );
            }
            Err(error) => tracing::warn!(%error, "old working keys are kept for now"),
        }
        if *stop.borrow() {
            return;
        }
    }
}
