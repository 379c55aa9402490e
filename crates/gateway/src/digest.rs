//! Lists of what is held: one for each recipient and zone, one for the administrator. Text alone, written from the
//! catalogue, verified and delivered like every other mail of ours.
//!
//! *Security.* Of the held mails only what the stand-in shows too crosses: sender and Subject as quoted outlines, and
//! the receipt number. A list has at most [`LINES_MAX`] entries; a flood of held mail makes it no longer, and what does
//! not stand in it does not expire.

use crate::{clock, config::Config, finish, sanitise_loop};
use mail::{AutoSubmitted, DateTime, Draft, Fields, Mailbox, NamedMailbox, Stamp, compose::Framing};
use policy::{
    Outcome, Policy, Report,
    notice::{self, DigestLine, DigestReader},
};
use std::collections::BTreeMap;
use store::{Digest, HeldCopy, Listing, Store, StoreError};

/// Most mails in one list.
const LINES_MAX: usize = 200;
/// How long a held mail makes a list go out, counted from its first one: as long as it must stand there.
const LISTED_S: i64 = 7 * 86_400;

/// How many lists were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) recipients: u32,
    pub(crate) admin: u32,
    /// Held copies that there are.
    pub(crate) held: usize,
}

/// Makes the lists of the day that began at `since`, for all who have not got theirs.
pub(crate) async fn make(store: &Store, config: &Config, since: DateTime) -> Result<Made, StoreError> {
    let copies = store.held_copies().await?;
    let mut made = Made { held: copies.len(), ..Made::default() };
    let mut lists: BTreeMap<(String, String), Vec<HeldCopy>> = BTreeMap::new();
    for copy in &copies {
        let of = (copy.recipient.to_string(), copy.zone.clone());
        lists.entry(of).or_default().push(copy.clone());
    }
    let week_ago_s = clock::now().unix_s.saturating_sub(LISTED_S);
    for list in lists.into_values() {
        let is_news = |copy: &HeldCopy| copy.listed.is_none_or(|listed| listed.unix_s > week_ago_s);
        let Some(first) = list.first().filter(|_| list.iter().any(is_news)) else { continue };
        let (to, zone) = (first.recipient.clone(), first.zone.clone());
        let put = put(store, config, Listing::Recipient, to, &zone, list, since).await?;
        made.recipients = made.recipients.saturating_add(put.into());
    }
    if let Some(admin) = config.daily.admin.clone()
        && let Some(zone) = config.zone_of(&admin.domain().to_ascii_lowercase())
        && !copies.is_empty()
    {
        let mut list = copies;
        list.sort_by_key(|copy| (copy.digested.is_some(), copy.accepted.unix_s));
        let put = put(store, config, Listing::Admin, admin, &zone.name, list, since).await?;
        made.admin = put.into();
    }
    Ok(made)
}

/// Puts one list into the queue, unless its reader has one.
async fn put(
    store: &Store,
    config: &Config,
    listing: Listing,
    recipient: Mailbox,
    zone: &str,
    mut list: Vec<HeldCopy>,
    since: DateTime,
) -> Result<bool, StoreError> {
    let Some(zone) = config.zone_named(zone) else { return Ok(false) };
    // Nobody knows how long a zone that is not configured any more keeps its originals: such a copy is not listed.
    list.retain(|copy| config.zone_named(&copy.zone).is_some());
    if list.is_empty() {
        return Ok(false);
    }
    let more = list.len().saturating_sub(LINES_MAX);
    list.truncate(LINES_MAX);
    let reader = match listing {
        Listing::Recipient => DigestReader::Recipient,
        Listing::Admin => DigestReader::Admin,
    };
    let lines: Vec<DigestLine> = list.iter().filter_map(|copy| line(config, copy)).collect();
    let letter = notice::digest(reader, &lines, more, &zone.policy);
    let queue_id = store.new_queue_id()?;
    let accepted = clock::now().in_jst();
    let host = &config.hostname;
    let stamp = Stamp {
        queue_id: queue_id.as_str().to_owned(),
        received: format!("by {host} id {}; {accepted}", queue_id.as_str()),
        authentication_results: None,
        accepted,
        own_message_id: format!("{}@{host}", queue_id.as_str()),
    };
    let draft = Draft { fields: fields(config, &recipient, letter.subject, accepted), ..Draft::default() };
    let framing = Framing { notice: letter.text, ..Framing::default() };
    let Some(clean) = cleared(&draft, &framing, &stamp, &zone.policy) else {
        tracing::error!(
            queue_id = queue_id.as_str(),
            "a list of what is held was not cleared; a fault of ours"
        );
        return Ok(false);
    };
    let policy_version = zone.policy.version.clone();
    let zone = zone.name.clone();
    let digest = Digest { queue_id, listing, recipient, zone, policy_version, since };
    store.put_digest(digest, &list, clean).await
}

/// `None` for a zone that is not configured any more.
fn line(config: &Config, copy: &HeldCopy) -> Option<DigestLine> {
    let zone = config.zone_named(&copy.zone)?;
    let kept = sanitise_loop::kept(zone, &copy.receipt, copy.accepted);
    let from = copy.summary.as_ref().map(|summary| summary.from.trim()).filter(|from| !from.is_empty());
    let reverse_path = copy.reverse_path.trim_matches(['<', '>']);
    Some(DigestLine {
        receipt: kept.receipt,
        from: from.unwrap_or(reverse_path).to_owned(),
        subject: copy.summary.as_ref().map(|summary| summary.subject.clone()).filter(|text| !text.is_empty()),
        recipient: copy.recipient.to_string(),
        reason: copy.reason.clone(),
        until: kept.until,
    })
}

fn fields(config: &Config, to: &Mailbox, subject: String, date: DateTime) -> Fields {
    let named = |addr_spec: String| NamedMailbox { display_name: String::new(), addr_spec };
    let domain = config.zone_of(&to.domain().to_ascii_lowercase()).and_then(|zone| zone.domains.first());
    let from = domain.map_or_else(|| to.to_string(), |domain| format!("postmaster@{domain}"));
    Fields {
        from: vec![named(from)],
        to: vec![named(to.to_string())],
        subject,
        date: Some(date),
        auto_submitted: Some(AutoSubmitted::AutoGenerated),
        suppress_auto_response: true,
        ..Fields::default()
    }
}

fn cleared(draft: &Draft, framing: &Framing, stamp: &Stamp, policy: &Policy) -> Option<store::Clean> {
    let (octets, expected) = finish::framed(draft, framing, stamp, policy);
    match verifier::message(octets, &expected, &mut |_| Err(verifier::DecoderFailed)) {
        Ok(message) => {
            let mut report = Report::of_parts(Vec::new());
            report.outcome = Outcome::Clean;
            let from = expected.from.iter().map(|from| from.addr_spec.clone()).collect();
            let summary = sanitise_loop::summary(&report, expected.subject.clone(), from);
            sanitise_loop::clean((message, expected), "", &summary)
        }
        Err(refusal) => {
            for objection in &refusal.objections {
                tracing::error!(rule = objection.rule, detail = objection.detail, "verifier refused a list");
            }
            None
        }
    }
}
