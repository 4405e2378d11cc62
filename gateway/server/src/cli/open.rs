//! What most commands begin with: the file and the database.

use std::sync::Arc;

use gateway_config::{Config, LoadError, ProcessEnvironment};
use gateway_domain::SystemClock;
use gateway_identity::Context;
use gateway_store::Db;

use super::{Failure, Shared, say};

/// Reads the file; its warnings go to stderr.
pub(crate) fn config(shared: &Shared) -> Result<Config, Failure> {
    let config =
        gateway_config::load(shared.config.as_deref(), &ProcessEnvironment).map_err(refused)?;
    for warning in &config.warnings.0 {
        say(&warning.to_string());
    }
    Ok(config)
}

/// A file's findings as a failure, each on its own line.
pub(crate) fn refused(error: LoadError) -> Failure {
    match error {
        LoadError::Invalid(findings) => {
            let errors = findings
                .0
                .iter()
                .filter(|finding| finding.severity == gateway_config::Severity::Error)
                .count();
            let plural = if errors == 1 { "" } else { "s" };
            say(&findings.to_string());
            Failure::new(format!("the configuration has {errors} error{plural}"))
        }
        other => Failure::new(other),
    }
}

/// Connects to the configured database.
pub(crate) async fn connect(config: &Config) -> Result<Db, Failure> {
    let url = config.database.url.expose();
    Db::connect(url)
        .await
        .map_err(|error| Failure::because(format!("cannot open {}", shown(url)), &error))
}

/// Connects to a database that is up to date; one that is empty becomes so. Another version's is left alone: only
/// `serve` and `migrate` change what is there.
pub(crate) async fn ready_database(config: &Config) -> Result<Db, Failure> {
    let db = connect(config).await?;
    let told = |error| Failure::because(shown(config.database.url.expose()), &error);
    let states = db.migrations().await.map_err(told)?;
    let pending = states.iter().filter(|state| !state.applied).count();
    if pending > 0 && pending < states.len() {
        return Err(Failure::new(format!(
            "{} lacks {pending} of this version's migrations; `gateway migrate` applies them",
            shown(config.database.url.expose())
        )));
    }
    if pending > 0 {
        say(&format!(
            "{} is new and was set up",
            shown(config.database.url.expose())
        ));
    }
    db.migrate().await.map_err(told)?;
    Ok(db)
}

/// The context in which the services work, for a command that ends soon.
pub(crate) async fn context(shared: &Shared) -> Result<Context, Failure> {
    let config = config(shared)?;
    let db = ready_database(&config).await?;
    Context::new(db, Arc::new(SystemClock), Arc::new(config))
        .map_err(|error| Failure::because("the configuration", &error))
}

/// A database's address without what could be a password.
pub(crate) fn shown(url: &str) -> String {
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    url::Url::parse(url).map_or_else(
        |_| "the database".to_owned(),
        |url| {
            let host = url.host_str().unwrap_or("localhost");
            let port = url.port().map(|port| format!(":{port}"));
            format!(
                "{}://{host}{}{}",
                url.scheme(),
                port.unwrap_or_default(),
                url.path()
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_credentials() {
        for (url, expected) in [
            ("sqlite://var/gateway.db", "sqlite://var/gateway.db"),
            (
                "postgres://ogw:s3cret@db.internal:5433/ogw?password=s3cret",
                "postgres://db.internal:5433/ogw",
            ),
            (
                "postgres:///ogw?host=/run/postgresql",
                "postgres://localhost/ogw",
            ),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
