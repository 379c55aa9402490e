//! Every question and order, carried out for one actor.

use super::{Answer, Ask, Desk, passwords};
use crate::{
    config::Config,
    daily, digest,
    follow_up::{self, Unlocked},
};
use mail::Mailbox;
use store::{
    Actor, Checkpoint, Filter, LedgerBalance, MessageView, QueueId, QueueLine, Receipt, RequestId, Store,
    StoreError, WorkState,
};

/// Answers; what goes wrong is part of the answer.
pub(crate) async fn answer(desk: &Desk, actor: &Actor, ask: Ask) -> Answer {
    match carry_out(desk, actor, ask).await {
        Ok(answer) => answer,
        Err(error) => Answer::refused(error),
    }
}

async fn carry_out(desk: &Desk, actor: &Actor, ask: Ask) -> Result<Answer, StoreError> {
    let (store, config) = (&desk.store, &*desk.config);
    match ask {
        Ask::List { state, text, limit } => list(store, state, text, limit).await,
        Ask::Show { id } => Ok(Answer::said(view_lines(&store.show(&find(store, &id).await?).await?))),
        Ask::Retry { id } => counted(store.retry(&find(store, &id).await?).await?, "due again now"),
        Ask::Drop { id, reason } => {
            counted(store.drop_message(&find(store, &id).await?, actor, &reason).await?, "discarded")
        }
        Ask::Hold { id } => counted(store.hold(&find(store, &id).await?, actor).await?, "held"),
        Ask::Release { id } => {
            counted(store.release_held(&find(store, &id).await?, actor).await?, "to be sanitised again")
        }
        Ask::Unlock { id, password, recipient } => {
            let Ok(recipient) = recipient.as_deref().map(Mailbox::parse).transpose() else {
                return Ok(Answer::refused("a recipient is an address"));
            };
            let stage = match desk.stage() {
                Ok(stage) => stage,
                Err(error) => return Ok(Answer::refused(error)),
            };
            let zones = follow_up::unlock(
                &stage,
                actor,
                &find(store, &id).await?,
                Some(&password),
                recipient.as_ref(),
            )
            .await?;
            let opened = zones.iter().any(|(_, unlocked)| matches!(unlocked, Unlocked::FollowUp { .. }));
            let said = zones.iter().map(|(zone, unlocked)| format!("{zone}: {unlocked}")).collect();
            Ok(Answer { code: u8::from(!opened), ..Answer::said(said) })
        }
        Ask::Again { ids } => again(desk, actor, ids).await,
        Ask::PasswordAdd { sender, until, password } => {
            passwords::add(store, actor, &sender, until, &password).await
        }
        Ask::PasswordList => passwords::list(store).await,
        Ask::PasswordRemove { sender } => passwords::remove(store, actor, &sender).await,
        Ask::Digest => {
            let made = daily::lists(config, store).await?;
            let digest::Made { recipients, admin, held } = made;
            Ok(Answer::said(vec![format!(
                "{held} copies are held; {recipients} list(s) for recipients and {admin} for the administrator made"
            )]))
        }
        Ask::Originals { text, limit } => {
            let lines = store.quarantine_list(Filter { text, ..Filter::newest(limit) }).await?;
            Ok(Answer::said(lines.iter().map(queue_line).collect()))
        }
        Ask::Original { id } => {
            Ok(Answer::said(view_lines(&store.quarantine_show(&find(store, &id).await?).await?)))
        }
        Ask::Request { id, reason } => {
            if !may(&config.people.requesters, actor) {
                return Ok(Answer::refused(format!("{} may not ask for originals", actor.name)));
            }
            let request = store.request_release(&find(store, &id).await?, actor, &reason).await?;
            Ok(Answer::said(vec![format!("request {} waits for the approval of another person", request.0)]))
        }
        Ask::Approve { request } => decide(store, config, actor, request, None).await,
        Ask::Refuse { request, reason } => decide(store, config, actor, request, Some(reason)).await,
        Ask::Export { request } => export(store, actor, request).await,
        Ask::LegalHold { id, reason, lift } => legal_hold(store, config, actor, &id, &reason, !lift).await,
        Ask::Purge { really } => purge(store, config, actor, really).await,
        Ask::AuditVerify { checkpoint } => verify(store, checkpoint).await,
        Ask::AuditExport { checkpoint_to } => {
            let mut lines = store.audit_export(0, usize::MAX).await?;
            if let Some(folder) = checkpoint_to {
                let path = store.checkpoint(&folder).await?;
                lines.push(format!("{{\"checkpoint\":{:?}}}", path.display().to_string()));
            }
            Ok(Answer::said(lines))
        }
    }
}

/// A queue id or a receipt number.
async fn find(store: &Store, id: &str) -> Result<QueueId, StoreError> {
    if let Some(receipt) = Receipt::parse(id)
        && let Some(queue_id) = store.find_receipt(&receipt).await?
    {
        return Ok(queue_id);
    }
    QueueId::parse(id).ok_or(StoreError::NotFound)
}

/// An empty list means everybody who reaches the socket.
fn may(named: &[String], actor: &Actor) -> bool {
    named.is_empty() || named.contains(&actor.name)
}

fn counted(recipients: u64, what: &str) -> Result<Answer, StoreError> {
    Ok(Answer::said(vec![format!("{recipients} recipient(s) {what}")]))
}

/// Sanitises again what waits of these mails, or of all.
async fn again(desk: &Desk, actor: &Actor, ids: Vec<String>) -> Result<Answer, StoreError> {
    let stage = match desk.stage() {
        Ok(stage) => stage,
        Err(error) => return Ok(Answer::refused(error)),
    };
    let mut wanted = Vec::new();
    for id in &ids {
        wanted.push(find(&desk.store, id).await?);
    }
    if ids.is_empty() {
        let kept = Filter { with_original: true, ..Filter::newest(usize::MAX) };
        wanted = desk.store.list(kept).await?.into_iter().map(|line| line.queue_id).collect();
    }
    let (mut said, mut brought) = (Vec::new(), false);
    for queue_id in &wanted {
        let zones = match follow_up::unlock(&stage, actor, queue_id, None, None).await {
            Ok(zones) => zones,
            // Somebody has it since it was read; the others still wait.
            Err(StoreError::Refused(denial)) => {
                said.push(format!("{}: {denial}", queue_id.as_str()));
                continue;
            }
            Err(error) => return Err(error),
        };
        for (zone, unlocked) in zones {
            brought |= matches!(unlocked, Unlocked::FollowUp { .. });
            if unlocked != Unlocked::NothingWaits || !ids.is_empty() {
                said.push(format!("{} {zone}: {unlocked}", queue_id.as_str()));
            }
        }
    }
    Ok(Answer { code: u8::from(!brought), ..Answer::said(said) })
}

async fn list(
    store: &Store,
    state: Option<String>,
    text: Option<String>,
    limit: usize,
) -> Result<Answer, StoreError> {
    let state: Option<WorkState> = match state.as_deref().map(str::parse) {
        None => None,
        Some(Ok(state)) => Some(state),
        Some(Err(_)) => return Ok(Answer::refused("states are queued, leased, clean, held, done")),
    };
    let lines = store.list(Filter { state, text, ..Filter::newest(limit) }).await?;
    let balance = store.ledger().await?;
    let mut said: Vec<String> = lines.iter().map(queue_line).collect();
    said.push(balance_line(&balance));
    Ok(Answer { code: u8::from(!balance.is_balanced()), ..Answer::said(said) })
}

/// accepted + born = delivered + held + bounced + discarded + expired + in queue.
pub(crate) fn balance_line(balance: &LedgerBalance) -> String {
    let total = balance.total();
    let verdict = if balance.is_balanced() { "balanced" } else { "DOES NOT BALANCE" };
    format!(
        "ledger: accepted {} + born {} = delivered {} + held {} + bounced {} + discarded {} + expired {} + in queue {}: {verdict}",
        total.accepted,
        total.born,
        total.delivered,
        total.held,
        total.bounced,
        total.discarded,
        total.expired,
        total.in_queue,
    )
}

fn queue_line(line: &QueueLine) -> String {
    let receipt = line.receipt.as_ref().map_or("-", Receipt::as_str);
    let subject = line.summary.as_ref().map_or("", |summary| summary.subject.as_str());
    let recipients = line.recipients.iter().map(|r| format!("{} {}", r.mailbox, r.state.name()));
    let reason = line.hold_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!(
        "{}  {receipt}  {}  {}{reason}  {}  {}  [{}]  {subject}",
        line.queue_id.as_str(),
        line.accepted.in_jst(),
        line.state.name(),
        line.kind.name(),
        line.reverse_path,
        recipients.collect::<Vec<_>>().join(", "),
    )
}

fn view_lines(view: &MessageView) -> Vec<String> {
    let mut said: Vec<String> = view.lines.iter().map(queue_line).collect();
    if let Some(sha256) = view.sha256 {
        said.push(format!(
            "original: sha256 {sha256}{}",
            if view.purged.is_some() { " (purged)" } else { "" }
        ));
    }
    if view.legal_hold {
        said.push("legal hold: its original is not removed".to_owned());
    }
    for (zone, report) in &view.reports {
        said.push(format!("report for zone {zone}: {report}"));
    }
    for (when, what, cause, recipient) in &view.history {
        said.push(format!("{}  {what}  {cause}  {}", when.in_jst(), recipient.as_deref().unwrap_or("")));
    }
    for request in &view.requests {
        said.push(format!(
            "request {}: {:?}, by {} at {}, until {}: {}",
            request.id.0,
            request.state,
            request.requester.name,
            request.requested.in_jst(),
            request.expires.in_jst(),
            request.reason,
        ));
    }
    said
}

async fn decide(
    store: &Store,
    config: &Config,
    actor: &Actor,
    request: i64,
    refusal: Option<String>,
) -> Result<Answer, StoreError> {
    if !may(&config.people.approvers, actor) {
        return Ok(Answer::refused(format!("{} may not decide on originals", actor.name)));
    }
    let request = RequestId(request);
    match refusal {
        None => store.approve(request, actor).await?,
        Some(reason) => store.refuse(request, actor, &reason).await?,
    }
    Ok(Answer::said(vec![format!("request {} is decided", request.0)]))
}

async fn export(store: &Store, actor: &Actor, request: i64) -> Result<Answer, StoreError> {
    let order = store.export(RequestId(request), actor).await?;
    let said = format!("original of {}: sha256 {}", order.queue_id.as_str(), order.sha256);
    Ok(Answer { original: order.octets.into_octets(), ..Answer::said(vec![said]) })
}

/// Who may approve the handing out of originals may also say that one must not be removed.
async fn legal_hold(
    store: &Store,
    config: &Config,
    actor: &Actor,
    id: &str,
    reason: &str,
    held: bool,
) -> Result<Answer, StoreError> {
    if !may(&config.people.approvers, actor) {
        return Ok(Answer::refused(format!("{} may not set or lift legal holds", actor.name)));
    }
    store.legal_hold(&find(store, id).await?, held, actor, reason).await?;
    let said =
        if held { "its original stays until the legal hold is lifted" } else { "the legal hold is lifted" };
    Ok(Answer::said(vec![said.to_owned()]))
}

async fn purge(store: &Store, config: &Config, actor: &Actor, really: bool) -> Result<Answer, StoreError> {
    let plan = store.purge_plan(daily::what_is_over(config)).await?;
    let mut said = vec![format!(
        "{} original(s) ({} octets), records of {} message(s), {} audit segment(s); {} stay under legal hold",
        plan.originals, plan.octets, plan.records, plan.segments, plan.legal_holds,
    )];
    if really {
        store.purge(&plan, actor).await?;
        said.push("removed".to_owned());
    } else {
        said.push("nothing was removed; give --really to do it".to_owned());
    }
    Ok(Answer::said(said))
}

async fn verify(store: &Store, checkpoint: Option<std::path::PathBuf>) -> Result<Answer, StoreError> {
    let checkpoint = checkpoint.map(|path| Checkpoint::read(&path)).transpose()?;
    let verdict = store.audit_verify(checkpoint).await?;
    let mut said = vec![format!("audit chain: {}", if verdict.is_sound() { "sound" } else { "BROKEN" })];
    said.push(format!("{verdict:?}"));
    Ok(Answer { code: u8::from(!verdict.is_sound()), ..Answer::said(said) })
}
