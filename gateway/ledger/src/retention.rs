//! What is not kept for ever.

use chrono::TimeDelta;
use gateway_identity::Context;

/// Deletes requests and payloads that are older than `request_logging.retention`, a few at a time. The ledger is kept.
/// Returns how many rows went.
pub async fn prune(ctx: &Context) -> Result<u64, gateway_store::Error> {
    let kept = ctx.live().config.request_logging.retention;
    // One that no calendar holds deletes nothing.
    let until = TimeDelta::from_std(kept)
        .ok()
        .and_then(|kept| ctx.now().checked_sub_signed(kept));
    match until {
        Some(until) => gateway_store::requests::prune(ctx.db(), until).await,
        None => Ok(0),
    }
}
