//! Reading the file anew, on SIGHUP and when it changes. What is wrong with a new file never harms the running one.

mod changes;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gateway_config::{Config, LoadError, ProcessEnvironment, Severity};
use gateway_domain::{
    Origin,
    audit::{Action, NewEntry, Party},
};
use gateway_identity::{
    Caller, Context, ServiceError,
    declared::{self, Report},
};
use gateway_store::audit;
use serde_json::{Value, json};
use tokio::{
    signal::unix::Signal,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{cli, jobs, serve::hangup, start};

const ASKED: &str = "SIGHUP";
const POLL: Duration = Duration::from_secs(2);
/// After the database failed: the first pause, and the longest.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Reloads one gateway's file.
pub(crate) struct Reloader {
    ctx: Context,
    path: PathBuf,
    /// The file as it was when it was last read.
    read: Option<Stamp>,
    /// The file at the last look: a file is read when it has come to rest.
    seen: Option<Stamp>,
    /// When to read the file again although it did not change.
    retry: Option<Retry>,
    /// The sections that the database may or may not follow yet, because it failed in between.
    unsettled: Option<Vec<String>>,
}

struct Retry {
    at: Instant,
    pause: Duration,
    why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

impl Reloader {
    /// Watches the file that the configuration in force came from.
    pub(crate) fn new(ctx: Context) -> Self {
        let path = PathBuf::from(&ctx.live().config.file);
        // It may have changed since it was read for the start: the first look reads it again.
        Self {
            ctx,
            path,
            read: None,
            seen: None,
            retry: None,
            unsettled: None,
        }
    }

    /// Why the file is to be read now, if it is: it differs from what was read and has not changed since the last look,
    /// or what was read could not be applied a while ago.
    fn due(&mut self) -> Option<&'static str> {
        let now = stamp(&self.path);
        let at_rest = now == self.seen;
        self.seen = now;
        if at_rest && now != self.read {
            return Some("the file changed");
        }
        let retry = self.retry.as_ref();
        retry
            .filter(|retry| retry.at <= Instant::now())
            .map(|retry| retry.why)
    }

    /// Reads the file and puts it in force, or says why not.
    async fn reload(&mut self, why: &'static str) {
        self.read = stamp(&self.path);
        self.seen = self.read;
        let pause = self.retry.take().map_or(PAUSE, |retry| {
            retry.pause.saturating_mul(2).min(LONGEST_PAUSE)
        });
        match load(self.path.clone()).await {
            Err(error) => {
                let detail = json!({ "findings": findings(&error) });
                self.refused(&error.to_string(), detail).await;
            }
            Ok(config) if self.unsettled.is_none() && self.is_in_force(&config) => {
                if why == ASKED {
                    tracing::info!(file = config.file, "the configuration is unchanged");
                }
            }
            Ok(config) => {
                if let Err(error) = self.accept(config, why).await {
                    tracing::error!(
                        error = cli::chain(&error),
                        retry_in = ?pause,
                        "the new configuration could not be applied to the database; it is tried again"
                    );
                    let at = Instant::now() + pause;
                    self.retry = Some(Retry { at, pause, why });
                }
            }
        }
    }

    fn is_in_force(&self, config: &Config) -> bool {
        config.digest == self.ctx.live().config.digest
    }

    /// Puts a valid file in force, or refuses it as a whole. Those who lost their access lose it before the new
    /// providers let anybody in.
    ///
    /// # Errors
    /// The database failed; what was to be done is yet to be done.
    async fn accept(&mut self, config: Config, why: &'static str) -> Result<(), ServiceError> {
        let old = Arc::clone(&self.ctx.live().config);
        let new = Arc::new(config);
        let mut changed = changes::between(&old, &new);
        match &self.unsettled {
            Some(earlier) => {
                changed.extend(earlier.iter().cloned());
                changed.sort_unstable();
                changed.dedup();
            }
            None => tell(&old, &new),
        }
        let ready = match self.ctx.ready(Arc::clone(&new)) {
            Ok(ready) => ready,
            Err(error) => {
                self.refused(&cli::chain(&error), json!({})).await;
                return Ok(());
            }
        };
        let caller = Caller::system("config");
        match declared::reapply(&self.ctx, &caller, &new).await {
            Ok(report) => tell_report(&report),
            Err(error @ (ServiceError::Store(_) | ServiceError::Internal(_))) => {
                self.unsettled = Some(changed);
                return Err(error);
            }
            Err(refusal) => {
                let detail = json!({ "reason": refusal.code() });
                self.refused(&cli::chain(&refusal), detail).await;
                return Ok(());
            }
        }
        self.ctx.put_in_force(ready);
        match declared::end_orphaned_sessions(&self.ctx, &caller, &new).await {
            Ok(report) => start::log_report(&report),
            Err(error) => {
                self.unsettled = Some(changed);
                return Err(error);
            }
        }
        self.unsettled = None;
        let after = json!({ "why": why, "changed": changed });
        self.note(Action::ConfigReloaded, after).await;
        let file = &new.file;
        tracing::info!(why, file, ?changed, "the configuration was reloaded");
        Ok(())
    }

    async fn refused(&self, cause: &str, mut detail: Value) {
        for line in cause.lines() {
            tracing::error!(
                finding = line,
                "the new configuration is refused; the old one stays in force"
            );
        }
        let first = cause.lines().next().unwrap_or_default();
        detail["cause"] = json!(first);
        self.note(Action::ConfigRefused, detail).await;
    }

    async fn note(&self, action: Action, after: Value) {
        let origin = Origin::local("reload");
        let entry = NewEntry {
            actor: Party::system("config"),
            action,
            target: Party::new("config", "", self.path.display().to_string()),
            before: None,
            after: Some(after),
            provider_key: None,
            origin: &origin,
        };
        if let Err(error) = append(&self.ctx, entry).await {
            tracing::error!(
                error = cli::chain(&error),
                "the reload could not be audited"
            );
        }
    }
}

async fn append(ctx: &Context, entry: NewEntry<'_>) -> gateway_store::Result<()> {
    let mut tx = ctx.db().begin().await?;
    audit::append(&mut tx, entry, ctx.now()).await?;
    tx.commit().await
}

/// Says what the operator should look at in a new file.
fn tell(old: &Config, new: &Config) {
    start::log_warnings(new);
    for setting in changes::needing_restart(old, new) {
        tracing::warn!(setting, "this change needs a restart of the gateway");
    }
}

fn tell_report(report: &Report) {
    start::log_report(report);
    if !report.has_admin {
        tracing::warn!(
            "no platform admin is left who could come in; `gateway admin create` makes one"
        );
    }
}

/// Watches until the gateway stops.
pub(crate) async fn watch(
    mut reloader: Reloader,
    mut hangups: Option<Signal>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let why = tokio::select! {
            biased;
            () = jobs::until(&mut stopped) => return,
            () = hangup(&mut hangups) => Some(ASKED),
            _ = ticks.tick() => reloader.due(),
        };
        if let Some(why) = why {
            reloader.reload(why).await;
        }
    }
}

/// Reading files blocks: it is done beside the workers.
async fn load(path: PathBuf) -> Result<Config, LoadError> {
    let shown = path.display().to_string();
    let loaded =
        tokio::task::spawn_blocking(move || gateway_config::load(Some(&path), &ProcessEnvironment));
    loaded.await.unwrap_or_else(|error| {
        Err(LoadError::Unreadable {
            path: shown,
            source: std::io::Error::other(error),
        })
    })
}

fn stamp(path: &PathBuf) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok()?,
        length: metadata.len(),
    })
}

fn findings(error: &LoadError) -> Value {
    let LoadError::Invalid(findings) = error else {
        return Value::Null;
    };
    let errors = findings
        .0
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors
        .take(20)
        .map(|finding| json!(finding.to_string()))
        .collect()
}
