//! What `gateway.yaml` declares, brought into the database: teams, people and service accounts, and the first admin.
//!
//! What the file declares is the file's: made, aligned, and shut out when it leaves. What admins and providers made is
//! left alone, except that a declaration takes over a team or service account with its key, and a person with its address who signs in the
//! same way. Nobody's way to sign in is changed because of an address alone.

mod bootstrap;
mod service_accounts;
mod sessions;
mod teams;
mod users;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use gateway_config::Config;
use gateway_domain::{
    Team,
    audit::{Action, Party},
};
use gateway_store::{Tx, users as user_rows};
use serde_json::Value;

pub(crate) use bootstrap::is_waiting;
pub use bootstrap::{Bootstrap, bootstrap};
pub use sessions::end_orphaned_sessions;

use crate::{Caller, Context, ServiceError, audit_service::record};

/// What a file changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One line for each thing that was changed.
    pub changes: Vec<String>,
    /// One line for each thing that the operator should look at.
    pub warnings: Vec<String>,
    /// Whether there was a platform admin who could come in.
    pub had_admin: bool,
    /// Whether there is one now.
    pub has_admin: bool,
}

impl Report {
    /// Whether it was the file that shut the last platform admin out.
    pub fn lost_last_admin(&self) -> bool {
        self.had_admin && !self.has_admin
    }
}

/// Brings the database in line with the file, all of it or nothing. A second time changes nothing.
///
/// This is what a start does: even a file that shuts the last platform admin out is followed, and [`bootstrap`] sees to
/// another way in. The caller is the gateway itself; there is no right to ask for.
pub async fn apply(
    ctx: &Context,
    caller: &Caller,
    config: &Config,
) -> Result<Report, ServiceError> {
    align(ctx, caller, config).await?.commit().await
}

/// The same while the gateway runs, where a file that shuts the last platform admin out is refused as a whole.
///
/// # Errors
/// The conflict `last_admin`. [`ServiceError::Store`] and [`ServiceError::Internal`] say nothing of the file: it is worth
/// trying again.
pub async fn reapply(
    ctx: &Context,
    caller: &Caller,
    config: &Config,
) -> Result<Report, ServiceError> {
    let run = align(ctx, caller, config).await?;
    if run.report.lost_last_admin() {
        let sentence = "users: the file leaves no platform admin who could come in; declare one, or let an admin make another \
                        first";
        return Err(ServiceError::conflict("last_admin", sentence));
    }
    run.commit().await
}

async fn align<'a>(
    ctx: &Context,
    caller: &'a Caller,
    config: &Config,
) -> Result<Run<'a>, ServiceError> {
    let mut run = Run::begin(ctx, caller).await?;
    run.report.had_admin = run.has_admin().await?;
    let declared = teams::align(&mut run, &config.teams).await?;
    users::align(&mut run, &config.users, &declared).await?;
    service_accounts::align(&mut run, &config.service_accounts, &declared).await?;
    teams::retire(&mut run, &config.teams).await?;
    sessions::align(&mut run, config).await?;
    run.report.has_admin = run.has_admin().await?;
    Ok(run)
}

/// The declared teams, by key.
type Teams = HashMap<String, Team>;

/// One application of a file.
struct Run<'a> {
    tx: Tx,
    caller: &'a Caller,
    now: DateTime<Utc>,
    report: Report,
}

impl<'a> Run<'a> {
    async fn begin(ctx: &Context, caller: &'a Caller) -> Result<Self, ServiceError> {
        Ok(Self {
            tx: ctx.db().begin().await?,
            caller,
            now: ctx.now(),
            report: Report::default(),
        })
    }

    async fn commit(self) -> Result<Report, ServiceError> {
        self.tx.commit().await?;
        Ok(self.report)
    }

    async fn has_admin(&mut self) -> Result<bool, ServiceError> {
        Ok(user_rows::any_admin_with_way_in(&mut self.tx, self.now).await?)
    }

    /// Writes a change to the audit log and the report.
    async fn record(
        &mut self,
        action: Action,
        target: Party,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), ServiceError> {
        self.note(&target, action);
        let tx = &mut self.tx;
        record(tx, self.caller, action, target, before, after, self.now).await
    }

    /// Adds to the report a change that is in the audit log already.
    fn note(&mut self, target: &Party, action: Action) {
        let line = format!("{} {}: {action}", target.kind, target.label);
        self.report.changes.push(line);
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.report.warnings.push(text.into());
    }
}
