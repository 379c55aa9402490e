//! The work of every day: the lists of what is held go out, held mail whose time is over expires, originals and records
//! whose time is over are removed.
//!
//! A day whose hour passed while nothing ran is made up for at the next start. What is done twice does no harm: nobody
//! gets two lists of one day, and what is gone is gone.

use crate::{
    clock,
    config::{Config, Daily},
    digest,
};
use mail::DateTime;
use std::{sync::Arc, time::Duration};
use store::{Actor, Purge, Store, StoreError};
use tokio::sync::watch;

/// How often the clock is looked at.
const PAUSE: Duration = Duration::from_secs(20);
/// How long records are kept.
const RECORD_DAYS: i64 = 400;
/// Japan is nine hours ahead of UTC, all the year.
const JST_S: i64 = 9 * 3_600;
const DAY_S: i64 = 86_400;

/// Runs until `stop` becomes true.
pub(crate) async fn run(config: Arc<Config>, store: Store, mut stop: watch::Receiver<bool>) {
    let mut done = match store.last_daily().await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(%error, "nobody knows when the work of the day was done last");
            None
        }
    };
    while !*stop.borrow() {
        let today = due_day(&config.daily, clock::now());
        // The first start has nothing to make up for.
        if done.is_some_and(|done| done < today) {
            work(&config, &store).await;
        }
        if done != Some(today) {
            if let Err(error) = store.daily_done(today).await {
                tracing::warn!(%error, "the work of this day may be done again");
            }
            done = Some(today);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.changed() => {}
        }
    }
}

/// The last day (in Japan, days since 1970-01-01) whose hour has come.
fn due_day(daily: &Daily, now: DateTime) -> i64 {
    let since_hour_s =
        now.unix_s.saturating_add(JST_S).saturating_sub(i64::from(daily.at_min).saturating_mul(60));
    since_hour_s.div_euclid(DAY_S)
}

/// When the day of `now` began in Japan.
fn midnight(now: DateTime) -> DateTime {
    let since_s = now.unix_s.saturating_add(JST_S).rem_euclid(DAY_S);
    DateTime::utc(now.unix_s.saturating_sub(since_s))
}

/// Makes today's lists for all who have not got theirs.
pub(crate) async fn lists(config: &Config, store: &Store) -> Result<digest::Made, StoreError> {
    let made = digest::make(store, config, midnight(clock::now())).await?;
    if made.held > 0 {
        tracing::info!(
            event = "digest.made",
            held = made.held,
            recipients = made.recipients,
            admin = made.admin
        );
    }
    if made.held > 0 && config.daily.admin.is_none() {
        tracing::warn!("no digest.admin is configured: held mail never expires");
    }
    Ok(made)
}

async fn work(config: &Config, store: &Store) {
    if config.daily.lists
        && let Err(error) = lists(config, store).await
    {
        tracing::error!(%error, "the lists of what is held could not be made");
    }
    match store.expire_held(over(config).0).await {
        Ok(0) => {}
        Ok(copies) => tracing::info!(event = "held.expired", copies),
        Err(error) => tracing::warn!(%error, "held mail is kept for now"),
    }
    if config.daily.purges
        && let Err(error) = purge(config, store).await
    {
        tracing::warn!(%error, "originals whose time is over are kept for now");
    }
}

async fn purge(config: &Config, store: &Store) -> Result<(), StoreError> {
    let plan = store.purge_plan(what_is_over(config)).await?;
    if plan.originals == 0 && plan.records == 0 && plan.segments == 0 {
        return Ok(());
    }
    let ourselves = Actor { uid: rustix::process::getuid().as_raw(), name: "sekisho".to_owned() };
    store.purge(&plan, &ourselves).await?;
    tracing::info!(
        event = "originals.purged",
        originals = plan.originals,
        octets = plan.octets,
        legal_holds = plan.legal_holds,
        records = plan.records,
        segments = plan.segments
    );
    Ok(())
}

/// Originals and records whose time is over now.
pub(crate) fn what_is_over(config: &Config) -> Purge {
    let (originals, records) = over(config);
    Purge { originals_before: Some(originals), records_before: Some(records) }
}

/// Before when mail came whose original, and whose records, are not kept any more. The zone that keeps the longest
/// decides for all.
fn over(config: &Config) -> (DateTime, DateTime) {
    let days = config.zones.iter().map(|zone| i64::from(zone.policy.original_days)).max();
    let now_s = clock::now().unix_s;
    let ago = |days: i64| DateTime::utc(now_s.saturating_sub(days.saturating_mul(DAY_S)));
    (ago(days.unwrap_or(RECORD_DAYS)), ago(RECORD_DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_due_from_its_hour_on() {
        let at = |at_min| Daily { at_min, lists: true, admin: None, purges: true };
        // Fri, 20 Nov 2026 00:00:00 UTC is nine in the morning in Japan.
        let nine = DateTime::utc(1_795_132_800);
        let today = 1_795_132_800 / 86_400;
        let cases = [(0, 0), (539, 0), (540, 0), (541, 1), (1_439, 1)];
        for (at_min, behind) in cases {
            assert_eq!(due_day(&at(at_min), nine), today - behind, "{at_min}");
        }
        assert_eq!(cases.len(), 5);
        assert_eq!(midnight(nine).unix_s, nine.unix_s - 9 * 3_600);
        let before_nine = DateTime::utc(nine.unix_s - 1);
        assert_eq!(midnight(before_nine), midnight(nine));
    }
}
