//! `sekisho demo`: the main job on telling mails, in a folder of its own, ending by itself.
//!
//! The gateway runs as a process of its own, as it would on a server; the demo sends mail through its SMTP port,
//! shows what a clerk reads, kills it hard in the middle of a second round, and proves that nothing is lost.

mod client;
mod inbox;
mod words;

use crate::{
    cli::say,
    config::{self, Overrides},
    finish::digest,
    serve,
};
use anyhow::{Context, bail};
use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::{Actor, Filter};

const RECIPIENT: &str = "soumu@example.lg.jp";
/// Mails of the second round.
const SECOND_ROUND: usize = 40;
/// Longest wait for one mail or one start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines of a mail's text that are shown.
const SHOWN_LINES: usize = 24;

macro_rules! mails {
    ($($name:literal),+) => { &[$(($name, include_bytes!(concat!("../../../fixtures/demo/", $name, ".eml")))),+] };
}
const MAILS: &[(&str, &[u8])] =
    mails!["newsletter", "gaiji", "pdf", "photo", "program", "locked", "bomb", "evasion"];

/// Runs the demo.
pub(crate) fn run(data: &Path) -> anyhow::Result<u8> {
    if data.exists() {
        bail!("{} is there already; give another folder with --data, or remove it", data.display());
    }
    std::fs::create_dir_all(data)?;
    let data = data.canonicalize()?;
    let started = Instant::now();
    say(words::WELCOME)?;
    let gateway = Gateway::start(&data)?;
    first_round(&gateway)?;
    let promised = second_round(gateway)?;
    let gateway = Gateway::start(&data)?;
    nothing_lost(&gateway, promised)?;
    gateway.stop()?;
    original(&data)?;
    say(&words::farewell(&data, started.elapsed()))
}

/// A running `sekisho serve`.
struct Gateway {
    child: Child,
    address: SocketAddr,
    data: PathBuf,
}

impl Gateway {
    fn start(data: &Path) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = std::fs::File::options().create(true).append(true).open(data.join("gateway.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(data.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the gateway cannot be started")?;
        let gateway = Self { child, address, data: data.to_path_buf() };
        let patience = Instant::now();
        while TcpStream::connect(address).is_err() {
            if patience.elapsed() > PATIENCE {
                bail!("the gateway does not answer; see {}", gateway.data.join("gateway.log").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    fn inside(&self) -> PathBuf {
        self.data.join("data").join("inside")
    }

    /// Asks it to stop, as a service manager would, and waits.
    fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// Kills it hard, as a power cut would.
    fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Sends each telling mail and shows what arrives.
fn first_round(gateway: &Gateway) -> anyhow::Result<()> {
    for (name, message) in MAILS {
        let sent = Instant::now();
        let reply = client::send(gateway.address, RECIPIENT, message)?;
        let queue_id = reply.rsplit(' ').next().unwrap_or_default().to_owned();
        let shown = wait_for(gateway, &queue_id)?;
        say(&words::heading(name, sent.elapsed()))?;
        show(&shown)?;
    }
    Ok(())
}

fn wait_for(gateway: &Gateway, queue_id: &str) -> anyhow::Result<inbox::Shown> {
    let patience = Instant::now();
    loop {
        let arrived = inbox::files(&gateway.inside())
            .iter()
            .filter_map(|path| inbox::read(path))
            .find(|mail| mail.queue_id == queue_id);
        if let Some(mail) = arrived {
            return Ok(mail);
        }
        if patience.elapsed() > PATIENCE {
            bail!("mail {queue_id} did not arrive; see {}", gateway.data.join("gateway.log").display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn show(mail: &inbox::Shown) -> anyhow::Result<()> {
    say(&format!("  │ {}: {}", words::SUBJECT, mail.subject))?;
    say("  │")?;
    let lines: Vec<&str> = mail.text.lines().collect();
    for line in lines.iter().take(SHOWN_LINES) {
        say(&format!("  │ {line}"))?;
    }
    if lines.len() > SHOWN_LINES {
        say("  │ …")?;
    }
    for (name, octets) in &mail.attachments {
        say(&format!("  │ [{}] {name} ({} KB)", words::ATTACHMENT, octets.div_ceil(1024)))?;
    }
    say("")?;
    Ok(())
}

/// Sends a stream of mail and kills the gateway while it is at work. The number of mails promised with `250`.
fn second_round(gateway: Gateway) -> anyhow::Result<usize> {
    say(words::SECOND_ROUND)?;
    let address = gateway.address;
    let sender = std::thread::spawn(move || {
        let mut promised = 0usize;
        for (_, message) in MAILS.iter().cycle().take(SECOND_ROUND) {
            match client::send(address, RECIPIENT, message) {
                Ok(_) => promised = promised.saturating_add(1),
                Err(_) => break,
            }
        }
        promised
    });
    let before = inbox::files(&gateway.inside()).len();
    let patience = Instant::now();
    while inbox::files(&gateway.inside()).len() < before.saturating_add(5) && patience.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(2));
    }
    gateway.kill()?;
    sender.join().or(Err(anyhow::anyhow!("the sender ended badly")))
}

/// After the restart: waits until the queue is empty, then shows the ledger.
fn nothing_lost(gateway: &Gateway, promised: usize) -> anyhow::Result<()> {
    let promised_in_all = promised.saturating_add(MAILS.len());
    let patience = Instant::now();
    let arrived = || {
        let ids = inbox::files(&gateway.inside())
            .into_iter()
            .filter_map(|path| inbox::read(&path))
            .map(|mail| mail.queue_id);
        ids.collect::<std::collections::BTreeSet<_>>().len()
    };
    while arrived() < promised_in_all {
        if patience.elapsed() > PATIENCE {
            bail!("{} of {promised_in_all} promised mails arrived", arrived());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    say(&words::nothing_lost(promised, arrived(), promised_in_all)).map(drop)
}

/// Gives one original back: asked for by one person, approved by another, compared octet by octet.
fn original(data: &Path) -> anyhow::Result<()> {
    let overrides = Overrides { data: Some(data.join("data")), ..Overrides::default() };
    let config = config::load(None, &overrides)?;
    let (store, recovery) = serve::open_store(&config)?;
    let (_, sent) = MAILS.iter().find(|(name, _)| *name == "pdf").context("no such mail")?;
    let person = |uid, name: &str| Actor { uid, name: name.to_owned() };
    let (clerk, approver) = (person(60_001, "demo-clerk"), person(60_002, "demo-approver"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let given = runtime.block_on(async {
        let wanted = Filter { text: Some("防災訓練".to_owned()), ..Filter::newest(100) };
        let item = store.list(wanted).await?.into_iter().next_back().ok_or(store::StoreError::NotFound)?;
        let request = store.request_release(&item.queue_id, &clerk, words::REASON).await?;
        let alone_refused = store.approve(request, &clerk).await.is_err();
        store.approve(request, &approver).await?;
        let order = store.export(request, &clerk).await?;
        Ok::<_, store::StoreError>((alone_refused, order.octets.into_octets()))
    });
    let (alone_refused, given) = given?;
    let same = given == *sent;
    say(&words::original(
        alone_refused,
        &digest(sent).to_string(),
        &digest(&given).to_string(),
        recovery.ledger.is_balanced(),
    ))?;
    if same && alone_refused { Ok(()) } else { bail!("the original that came back differs") }
}
