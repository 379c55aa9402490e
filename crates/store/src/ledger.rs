//! The ledger: per (message, recipient), accepted + born = delivered + held + bounced + discarded + expired + in queue.
//!
//! The left side is counted from append-only events, the right side from the rows of recipients. The two are written
//! by different statements and can disagree; that they do not is checked at every start and on demand. As a third
//! look, the last event of each recipient must be the one that leads to the state of its row.

use crate::engine::Tx;
use crate::message::Group;
use crate::{QueueId, Store, StoreError};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// What happened to a recipient's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Accepted,
    Born,
    Delivered,
    Held,
    Bounced,
    Discarded,
    Expired,
    Requeued,
}

impl EventKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Born => "born",
            Self::Delivered => "delivered",
            Self::Held => "held",
            Self::Bounced => "bounced",
            Self::Discarded => "discarded",
            Self::Expired => "expired",
            Self::Requeued => "requeued",
        }
    }

    /// The state of a recipient's row after it.
    pub(crate) const fn state(self) -> &'static str {
        match self {
            Self::Accepted | Self::Born | Self::Requeued => "in_queue",
            Self::Delivered => "delivered",
            Self::Held => "held",
            Self::Bounced => "bounced",
            Self::Discarded => "discarded",
            Self::Expired => "expired",
        }
    }
}

/// One line of the equation, counted over recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerLine {
    /// Zone.
    pub zone: String,
    /// From events.
    pub accepted: u64,
    /// From events.
    pub born: u64,
    /// From rows.
    pub delivered: u64,
    /// From rows.
    pub held: u64,
    /// From rows.
    pub bounced: u64,
    /// From rows.
    pub discarded: u64,
    /// From rows.
    pub expired: u64,
    /// From rows.
    pub in_queue: u64,
}

impl LedgerLine {
    fn add(&mut self, what: &str, count: u64) {
        let place = match what {
            "accepted" => &mut self.accepted,
            "born" => &mut self.born,
            "delivered" => &mut self.delivered,
            "held" => &mut self.held,
            "bounced" => &mut self.bounced,
            "discarded" => &mut self.discarded,
            "expired" => &mut self.expired,
            "in_queue" => &mut self.in_queue,
            _ => return,
        };
        *place = place.saturating_add(count);
    }
}

impl std::fmt::Display for LedgerLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "accepted {} + born {} = delivered {} + held {} + bounced {} + discarded {} + expired {} + in queue {}",
            self.accepted,
            self.born,
            self.delivered,
            self.held,
            self.bounced,
            self.discarded,
            self.expired,
            self.in_queue
        )
    }
}

/// A (message, recipient) whose two sides differ, or whose row is not where its events lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// The message; `None` when its row is gone.
    pub queue_id: Option<QueueId>,
    /// The recipient.
    pub recipient: String,
    /// Times accepted or born, from events.
    pub events: u64,
    /// Places it is in, from rows.
    pub rows: u64,
    /// State of its row.
    pub state: Option<String>,
    /// Last event.
    pub last_event: Option<String>,
}

/// The whole ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerBalance {
    /// One line a zone.
    pub lines: Vec<LedgerLine>,
    /// What does not balance, the first hundred.
    pub imbalances: Vec<Imbalance>,
}

impl LedgerBalance {
    /// Whether it balances.
    pub fn is_balanced(&self) -> bool {
        self.imbalances.is_empty()
    }

    /// The sum over all zones.
    pub fn total(&self) -> LedgerLine {
        let mut total = LedgerLine { zone: "all".to_owned(), ..LedgerLine::default() };
        for line in &self.lines {
            total.add("accepted", line.accepted);
            total.add("born", line.born);
            total.add("delivered", line.delivered);
            total.add("held", line.held);
            total.add("bounced", line.bounced);
            total.add("discarded", line.discarded);
            total.add("expired", line.expired);
            total.add("in_queue", line.in_queue);
        }
        total
    }
}

impl Tx<'_> {
    /// Appends an event.
    pub(crate) fn ledger_event(
        &self,
        group: &Group,
        recipient: &str,
        kind: EventKind,
        cause: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO ledger_event(at_s, message, job, recipient, tenant, zone, policy_version, kind, cause)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        insert.execute(params![
            self.now_s,
            group.message,
            group.job,
            recipient,
            self.tenant,
            group.zone,
            group.policy_version,
            kind.name(),
            cause
        ])?;
        Ok(())
    }

    /// Moves a recipient that is in `from` to where `kind` leads, with its event. `false` when it is not there. Whatever
    /// list the copy stood in counts no more: if it is held again, its week begins anew.
    pub(crate) fn move_recipient(
        &self,
        group: &Group,
        recipient: &str,
        from: &str,
        kind: EventKind,
        cause: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut update = self.db.prepare_cached(
            "UPDATE recipient SET state = ?1, changed_s = ?2, reply = ?3, due_s = NULL, listed_s = NULL,
                digested_s = NULL
             WHERE message = ?4 AND address = ?5 AND job = ?6 AND state = ?7",
        )?;
        let moved = update.execute(params![
            kind.state(),
            self.now_s,
            cause,
            group.message,
            recipient,
            group.job,
            from
        ])?;
        if moved == 0 {
            return Ok(false);
        }
        self.ledger_event(group, recipient, kind, cause)?;
        Ok(true)
    }

    /// Moves all recipients of a job that are in `from`; returns their addresses.
    pub(crate) fn move_all(
        &self,
        group: &Group,
        from: &str,
        kind: EventKind,
        cause: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT address FROM recipient WHERE message = ?1 AND job = ?2 AND state = ?3")?;
        let found = query.query_map(params![group.message, group.job, from], |row| row.get(0))?;
        let addresses: Vec<String> = found.collect::<Result<_, _>>()?;
        for address in &addresses {
            self.move_recipient(group, address, from, kind, cause)?;
        }
        Ok(addresses)
    }
}

impl Store {
    /// The ledger as it stands: shown by `queue list`, checked at every start.
    pub async fn ledger(&self) -> Result<LedgerBalance, StoreError> {
        self.read(balance).await
    }
}

/// Counts both sides.
pub(crate) fn balance(db: &Connection) -> Result<LedgerBalance, StoreError> {
    let mut lines: BTreeMap<String, LedgerLine> = BTreeMap::new();
    let mut query = db.prepare_cached(
        "SELECT zone, kind, count(*) FROM ledger_event WHERE kind IN ('accepted', 'born') GROUP BY zone, kind
         UNION ALL SELECT zone, state, count(*) FROM recipient GROUP BY zone, state",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (zone, what): (String, String) = (row.get(0)?, row.get(1)?);
        let count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
        let line = lines.entry(zone.clone()).or_insert_with(|| LedgerLine { zone, ..LedgerLine::default() });
        line.add(&what, count);
    }
    Ok(LedgerBalance { lines: lines.into_values().collect(), imbalances: imbalances(db)? })
}

fn imbalances(db: &Connection) -> Result<Vec<Imbalance>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT message.queue_id, side.recipient, side.events, side.places, side.state, side.last_kind FROM (
            SELECT message, recipient, sum(events) AS events, sum(places) AS places,
                   max(state) AS state, max(last_kind) AS last_kind FROM (
                SELECT message, recipient, sum(kind IN ('accepted', 'born')) AS events, 0 AS places,
                       NULL AS state, substr(max(printf('%020d', seq) || kind), 21) AS last_kind
                FROM ledger_event GROUP BY message, recipient
                UNION ALL
                SELECT message, address, 0, count(*), state, NULL FROM recipient GROUP BY message, address)
            GROUP BY message, recipient) AS side
         LEFT JOIN message ON message.id = side.message
         WHERE side.events <> side.places OR message.id IS NULL OR side.state IS NULL OR side.last_kind IS NULL
            OR side.state <> CASE side.last_kind WHEN 'accepted' THEN 'in_queue' WHEN 'born' THEN 'in_queue'
                WHEN 'requeued' THEN 'in_queue' ELSE side.last_kind END
         LIMIT 100",
    )?;
    let mut rows = query.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Imbalance {
            queue_id: row.get::<_, Option<String>>(0)?.and_then(|text| QueueId::parse(&text)),
            recipient: row.get(1)?,
            events: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
            rows: u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default(),
            state: row.get(4)?,
            last_event: row.get(5)?,
        });
    }
    Ok(found)
}
