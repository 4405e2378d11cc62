//! Log lines: text or JSON, on stderr.
//!
//! Below INFO only the gateway's own modules speak, whatever the filter says: at DEBUG and TRACE, HTTP and TLS
//! libraries print headers and bodies, and those hold codes, tokens and cookies.

use std::io::{self, IsTerminal as _};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    Layer, filter,
    filter::{FilterExt as _, LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why there is no logging.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is not one.
    #[error(
        "the log level \"{0}\" is not one: expected error, warn, info, debug or trace, or a list such as info,gateway_identity=debug"
    )]
    Filter(String),
    /// Somebody set up logging before.
    #[error("logging was set up twice")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Sets up the log lines of this process, once.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    let layer = layer(format, filter, io::stderr, io::stderr().is_terminal())?;
    tracing_subscriber::registry()
        .with(layer)
        .try_init()
        .map_err(LoggingError::Twice)
}

/// The same as a layer that writes elsewhere, for tests of what is never logged.
pub fn layer<S, W>(
    format: LogFormat,
    filter: &str,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Layer<S> + Send + Sync>, LoggingError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let targets = targets(filter).ok_or_else(|| LoggingError::Filter(filter.to_owned()))?;
    let filter = targets.and(filter::filter_fn(is_harmless));
    let layer = fmt::layer().with_writer(writer).log_internal_errors(false);
    Ok(match format {
        LogFormat::Text => layer.with_ansi(colours).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    })
}

/// `LEVEL` or `TARGET=LEVEL`, separated by commas. A word that is no level is a typing error, not a target.
fn targets(filter: &str) -> Option<Targets> {
    let parts = filter.split(',').map(str::trim).map(|part| {
        let word = part.rsplit('=').next().filter(|word| !word.is_empty())?;
        let level = word.parse::<LevelFilter>().ok()?;
        Some((part.split_once('=').map(|(target, _)| target), level))
    });
    let mut targets = Targets::new();
    for part in parts {
        targets = match part? {
            (Some(target), level) => targets.with_target(target, level),
            (None, level) => targets.with_default(level),
        };
    }
    Some(targets)
}

/// Whether an event or span may be shown at all.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let loudest = match root(metadata.target()) {
        _ if is_ours(metadata.target()) => Level::TRACE,
        "tower_sessions" | "tower_sessions_core" => Level::WARN,
        _ => Level::INFO,
    };
    *metadata.level() <= loudest
}

fn is_ours(target: &str) -> bool {
    let root = root(target);
    root == "gateway" || root.starts_with("gateway_")
}

fn root(target: &str) -> &str {
    target.split("::").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_modules_are_ours() {
        for ours in ["gateway", "gateway::app", "gateway_identity::oidc::http"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in [
            "log",
            "hyper::proto",
            "gatewayish",
            "reqwest::connect",
            "sqlx::query",
            "",
        ] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn a_typing_error_is_no_filter() {
        for filter in [
            "info",
            "INFO",
            "off",
            "info,gateway_identity=debug",
            "warn, gateway=trace",
        ] {
            assert!(targets(filter).is_some(), "{filter}");
        }
        for typo in ["loud", "", "info,", "gateway", "gateway=loud", "debgu"] {
            assert!(targets(typo).is_none(), "{typo}");
        }
    }
}
