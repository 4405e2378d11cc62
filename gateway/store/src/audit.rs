//! The audit log: append-only, chained by hashes.

use chrono::{DateTime, Utc};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use gateway_domain::audit::{Entry, NewEntry};

use crate::{Builder, Db, Executor, Result, Tx};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, at, actor_kind, actor_id, actor_label, action, target_kind, target_id, target_label, before, \
             after, provider_key, address, user_agent, correlation_id, previous_hash, hash FROM audit_log ",
            $rest
        )
    };
}

/// Which entries to list. Each value is compared whole: ids, keys and addresses, not parts of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The actor's id or label.
    pub actor: Option<String>,
    /// The action's word.
    pub action: Option<String>,
    /// The target's id or label.
    pub target: Option<String>,
    /// Through which provider.
    pub provider: Option<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Only entries with a lower number: the last of the page before.
    pub before: Option<i64>,
}

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry is as it was written.
    Intact {
        /// How many there are.
        entries: i64,
        /// The hash of the last, to be kept elsewhere: only it proves that the tail was not cut and the head rewritten.
        head: String,
    },
    /// Not so.
    Broken {
        /// The first entry that does not fit.
        seq: i64,
        /// What does not fit.
        reason: &'static str,
    },
}

/// Appends an entry in the transaction of what it tells.
pub async fn append(tx: &mut Tx, new: NewEntry<'_>, now: DateTime<Utc>) -> Result<Entry> {
    let (seq, previous_hash): (i64, String) = tx
        .query("SELECT seq, hash FROM audit_head WHERE id = 1")
        .fetch_one()
        .await?;
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
    let mut entry = Entry {
        seq: seq + 1,
        at: now,
        actor_kind: new.actor.kind.to_owned(),
        actor_id: new.actor.id,
        actor_label: new.actor.label,
        action: new.action.as_str().to_owned(),
        target_kind: new.target.kind.to_owned(),
        target_id: new.target.id,
        target_label: new.target.label,
        before: json(new.before),
        after: json(new.after),
        provider_key: new.provider_key.map(str::to_owned),
        address: new.origin.address_text(),
        user_agent: new.origin.user_agent.clone(),
        correlation_id: new.origin.correlation_id.to_string(),
        previous_hash,
        hash: String::new(),
    };
    entry.hash = entry.compute_hash();
    write(tx, &entry).await?;
    Ok(entry)
}

async fn write(tx: &mut Tx, entry: &Entry) -> Result<()> {
    tx.query(
        "INSERT INTO audit_log (seq, at, actor_kind, actor_id, actor_label, action, target_kind, target_id, \
                                target_label, before, after, provider_key, address, user_agent, correlation_id, \
                                previous_hash, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(entry.seq)
    .bind(entry.at)
    .bind(entry.actor_kind.as_str())
    .bind(entry.actor_id.as_str())
    .bind(entry.actor_label.as_str())
    .bind(entry.action.as_str())
    .bind(entry.target_kind.as_str())
    .bind(entry.target_id.as_str())
    .bind(entry.target_label.as_str())
    .bind(entry.before.as_deref())
    .bind(entry.after.as_deref())
    .bind(entry.provider_key.as_deref())
    .bind(entry.address.as_str())
    .bind(entry.user_agent.as_str())
    .bind(entry.correlation_id.as_str())
    .bind(entry.previous_hash.as_str())
    .bind(entry.hash.as_str())
    .execute()
    .await?;
    tx.query("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1")
        .bind(entry.seq)
        .bind(entry.hash.as_str())
        .execute()
        .await?;
    Ok(())
}

/// The number of the last entry; 0 when there is none.
pub async fn last(db: impl Executor<'_>) -> Result<i64> {
    db.query("SELECT seq FROM audit_head WHERE id = 1")
        .fetch_scalar()
        .await
}

/// Newest first.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> Result<Vec<Entry>> {
    let order = " ORDER BY seq DESC LIMIT ?";
    page(db, filter, None, order, limit).await
}

/// Those after entry number `after`, oldest first.
pub async fn list_after(db: &Db, filter: &Filter, after: i64, limit: i64) -> Result<Vec<Entry>> {
    page(db, filter, Some(after), " ORDER BY seq LIMIT ?", limit).await
}

/// Whom a filter names can stand in either of two columns. Each column is asked for a page of its own: only so an index
/// gives its entries in order, and a page of somebody busy costs no more than one of somebody who is not.
async fn page(
    db: &Db,
    filter: &Filter,
    after: Option<i64>,
    order: &'static str,
    limit: i64,
) -> Result<Vec<Entry>> {
    let mut builder = Builder::new(db, "");
    let mut before = "SELECT * FROM (";
    for actor in columns(filter.actor.as_ref(), ACTOR) {
        for target in columns(filter.target.as_ref(), TARGET) {
            builder = narrowed(builder.push(before), filter, actor, target)
                .push_if(" AND seq > ?", after)
                .push_with(order, limit)
                .push(") AS entries");
            before = " UNION SELECT * FROM (";
        }
    }
    builder.push_with(order, limit).build().fetch_all().await
}

const ACTOR: [&str; 2] = [" AND actor_id = ?", " AND actor_label = ?"];
const TARGET: [&str; 2] = [" AND target_id = ?", " AND target_label = ?"];

/// The columns in which a name is looked for: both, or, without a name, none, once.
fn columns(name: Option<&String>, both: [&'static str; 2]) -> Vec<&'static str> {
    name.map_or_else(|| vec![""], |_| both.to_vec())
}

/// All that match, oldest first, as they are read.
pub fn export<'c>(db: &'c Db, filter: &Filter) -> BoxStream<'c, Result<Entry>> {
    filtered(db, filter).push(" ORDER BY seq").build().stream()
}

fn filtered<'c>(db: &'c Db, filter: &Filter) -> Builder<'c, &'c Db> {
    narrowed(
        Builder::new(db, ""),
        filter,
        " AND (actor_id = ? OR actor_label = ?)",
        " AND (target_id = ? OR target_label = ?)",
    )
}

fn narrowed<'c>(
    builder: Builder<'c, &'c Db>,
    filter: &Filter,
    actor: &'static str,
    target: &'static str,
) -> Builder<'c, &'c Db> {
    let filter = filter.clone();
    builder
        .push(select!("WHERE TRUE"))
        .push_if(actor, filter.actor)
        .push_if(" AND action = ?", filter.action)
        .push_if(target, filter.target)
        .push_if(" AND provider_key = ?", filter.provider)
        .push_if(" AND at >= ?", filter.from)
        .push_if(" AND at < ?", filter.to)
        .push_if(" AND seq < ?", filter.before)
}

/// Reads the whole chain and computes it anew.
pub async fn verify(db: &Db) -> Result<Verdict> {
    // In one statement, so that entries appended meanwhile disturb neither.
    let (seq, hash, highest): (i64, String, i64) = db
        .query("SELECT seq, hash, (SELECT COALESCE(MAX(seq), 0) FROM audit_log) FROM audit_head WHERE id = 1")
        .fetch_one()
        .await?;
    let mut entries: BoxStream<'_, Result<Entry>> = db
        .query(select!("WHERE seq <= $1 ORDER BY seq"))
        .bind(seq)
        .stream();
    let mut last = (0, Entry::GENESIS.to_owned());
    while let Some(entry) = entries.try_next().await? {
        let broken = |reason| {
            Ok(Verdict::Broken {
                seq: entry.seq,
                reason,
            })
        };
        if entry.seq != last.0 + 1 {
            return broken("an entry before it is missing");
        }
        if entry.previous_hash != last.1 {
            return broken("it does not follow from the entry before it");
        }
        if entry.hash != entry.compute_hash() {
            return broken("it is not as it was written");
        }
        last = (entry.seq, entry.hash);
    }
    if last.0 != seq || last.1 != hash {
        return Ok(Verdict::Broken {
            seq: last.0 + 1,
            reason: "entries at the end are missing",
        });
    }
    if highest > seq {
        return Ok(Verdict::Broken {
            seq: seq + 1,
            reason: "it was put behind the end of the chain",
        });
    }
    Ok(Verdict::Intact {
        entries: seq,
        head: hash,
    })
}

/// The latest entries of one provider's sign-ins with this outcome.
pub async fn latest_of_provider(
    db: &Db,
    provider: &str,
    action: &'static str,
) -> Result<Option<Entry>> {
    db.query(select!(
        "WHERE provider_key = $1 AND action = $2 ORDER BY seq DESC LIMIT 1"
    ))
    .bind(provider)
    .bind(action)
    .fetch_optional()
    .await
}
