//! What is done in the background, until the gateway stops.

use std::time::Duration;

use futures_util::future::join_all;
use gateway_identity::Context;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// How often it is looked whether a provider's documents are due.
const PROVIDERS: Duration = Duration::from_secs(30);
/// How often what time made worthless is deleted.
const CLEAN_UP: Duration = Duration::from_mins(10);

/// Starts all of it. Each task ends by itself when `stopped` says so.
pub(crate) fn spawn(ctx: &Context, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(repeat(PROVIDERS, stopped.clone(), {
        let ctx = ctx.clone();
        move || refresh_providers(ctx.clone())
    }));
    jobs.spawn(repeat(CLEAN_UP, stopped.clone(), {
        let ctx = ctx.clone();
        move || clean_up(ctx.clone())
    }));
    jobs.spawn(repeat(CLEAN_UP, stopped.clone(), {
        let ctx = ctx.clone();
        move || forget_calls(ctx.clone())
    }));
    jobs
}

/// Does it now and then again and again; never twice at once, never to catch up.
async fn repeat<F: Future<Output = ()>>(
    period: Duration,
    mut stopped: watch::Receiver<bool>,
    work: impl Fn() -> F,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = until(&mut stopped) => return,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            biased;
            () = until(&mut stopped) => return,
            () = work() => {}
        }
    }
}

/// Returns when the gateway stops.
pub(crate) async fn until(stopped: &mut watch::Receiver<bool>) {
    // Nobody left to say so is the end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn refresh_providers(ctx: Context) {
    let live = ctx.live();
    join_all(
        live.providers
            .enabled_oidc()
            .map(|oidc| oidc.refresh_if_due()),
    )
    .await;
}

/// Deletes what the request log keeps no longer.
async fn forget_calls(ctx: Context) {
    match gateway_ledger::retention::prune(&ctx).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "old calls were deleted from the request log"),
        Err(error) => tracing::warn!(
            error = crate::cli::chain(&error),
            "old calls could not be deleted from the request log"
        ),
    }
}

async fn clean_up(ctx: Context) {
    ctx.limits().shrink();
    match gateway_store::prune(ctx.db(), ctx.now()).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "cleaned up"),
        Err(error) => tracing::warn!(error = crate::cli::chain(&error), "could not clean up"),
    }
}
