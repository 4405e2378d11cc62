//! The audit log: written by every service, read by those who may.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use gateway_domain::{
    User, access,
    audit::{Action, Entry, NewEntry, Party},
};
use gateway_store::{Tx, audit};
use serde_json::Value;

pub use gateway_store::audit::Filter;

use crate::{Caller, Context, Page, Paging, ServiceError};

/// How many entries of an export are held at once.
const BATCH: i64 = 500;

/// Entries that match, newest first. The filter's `before` is overruled by the cursor.
pub async fn list(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
    paging: &Paging,
) -> Result<Page<Entry>, ServiceError> {
    caller.require(access::Action::ReadAudit)?;
    let filter = Filter {
        before: paging.position()?.or(filter.before),
        ..filter.clone()
    };
    let rows = audit::list(ctx.db(), &filter, paging.rows()?).await?;
    paging.cut(rows, |entry| entry.seq.to_string())
}

/// All entries that match and were there when the reading began, oldest first. They are read as they are asked for, and
/// no connection is held in between: a slow reader holds up nobody. Whoever may not read them any more, or is signed out,
/// gets no further batch but the error.
pub fn export(
    ctx: &Context,
    caller: &Caller,
    filter: &Filter,
) -> Result<BoxStream<'static, Result<Entry, ServiceError>>, ServiceError> {
    caller.require(access::Action::ReadAudit)?;
    let begin = (ctx.clone(), caller.clone(), filter.clone(), Some(0));
    let batches = stream::try_unfold(begin, |(ctx, caller, mut filter, after)| async move {
        let Some(after) = after else { return Ok(None) };
        let caller = caller.confirmed(ctx.db(), ctx.now()).await?;
        caller.require(access::Action::ReadAudit)?;
        if after == 0 {
            let end = audit::last(ctx.db()).await? + 1;
            filter.before = Some(filter.before.map_or(end, |before| before.min(end)));
        }
        let batch = audit::list_after(ctx.db(), &filter, after, BATCH).await?;
        let is_full = i64::try_from(batch.len()).is_ok_and(|length| length == BATCH);
        let last = batch.last().filter(|_| is_full).map(|entry| entry.seq);
        let entries = stream::iter(batch.into_iter().map(Ok));
        Ok::<_, ServiceError>(Some((entries, (ctx, caller, filter, last))))
    });
    Ok(batches.try_flatten().boxed())
}

/// Every word that an entry's action can be, for a filter.
pub fn actions() -> &'static [Action] {
    Action::ALL
}

/// Somebody as an entry's actor or target.
pub(crate) fn user_party(user: &User) -> Party {
    Party::new("user", user.id, user.email.clone())
}

/// Appends an entry about what the caller did, in the transaction that did it.
pub(crate) async fn record(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    target: Party,
    before: Option<Value>,
    after: Option<Value>,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let entry = NewEntry {
        actor: caller.party(),
        action,
        target,
        before,
        after,
        provider_key: None,
        origin: &caller.origin,
    };
    audit::append(tx, entry, now).await?;
    Ok(())
}
