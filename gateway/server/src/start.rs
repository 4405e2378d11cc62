//! What is done between connecting to the database and listening.

use gateway_config::Config;
use gateway_identity::{
    Caller, Context,
    declared::{self, Bootstrap, Report},
    one_time,
};

use crate::cli::{self, Failure};

/// Asks the providers that must answer, brings the database in line with the file, and sees to the first admin.
/// Returns the link of the first set-up where there is nobody who could come in.
pub(crate) async fn prepare(ctx: &Context) -> Result<Option<String>, Failure> {
    let live = ctx.live();
    ask_strict_providers(ctx).await?;
    let report = declared::apply(ctx, &Caller::system("config"), &live.config)
        .await
        .map_err(|error| {
            Failure::because("the file's teams and users cannot be applied", &error)
        })?;
    log_report(&report);
    if report.lost_last_admin() {
        tracing::warn!("users: the file leaves no platform admin who could come in");
    }
    let bootstrap = declared::bootstrap(ctx)
        .await
        .map_err(|error| Failure::because("the first admin cannot be made", &error))?;
    Ok(match bootstrap {
        Bootstrap::Nothing => None,
        Bootstrap::AdminCreated(email) => {
            tracing::info!(
                %email,
                "made the first platform admin, with the password of auth.bootstrap_admin"
            );
            None
        }
        Bootstrap::SetupLink(token) => {
            Some(one_time::url(&live.config.server.public_base_url, &token))
        }
    })
}

/// Says what the operator should look at in a file.
pub(crate) fn log_warnings(config: &Config) {
    for finding in &config.warnings.0 {
        tracing::warn!(%finding, "configuration");
    }
}

/// Says what a file changed.
pub(crate) fn log_report(report: &Report) {
    for change in &report.changes {
        tracing::info!(change, "from the configuration");
    }
    for warning in &report.warnings {
        tracing::warn!(warning, "from the configuration");
    }
}

/// The one time that the link is shown: only its hash is kept.
pub(crate) fn print_setup(link: &str) -> Result<(), Failure> {
    cli::print("")?;
    cli::print(
        "Nobody can administer this gateway yet. Whoever opens this link becomes its first admin:",
    )?;
    cli::print("")?;
    cli::print(&format!("    {link}"))?;
    cli::print("")?;
    cli::print(
        "It works once, within 24 hours, and is not shown again; the next start makes another.",
    )
}

async fn ask_strict_providers(ctx: &Context) -> Result<(), Failure> {
    let live = ctx.live();
    for oidc in live.providers.enabled_oidc() {
        if oidc.settings.strict_discovery {
            oidc.check().await.map_err(|error| {
                Failure::new(format!(
                    "identity provider {}: {error} (strict_discovery: true)",
                    oidc.settings.key
                ))
            })?;
        }
    }
    Ok(())
}
