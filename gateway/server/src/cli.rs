//! The command line. Results go to stdout, words about them to stderr; a failure is one readable message.

mod admin;
mod audit;
mod check;
mod failure;
mod key;
mod migrate;
pub(crate) mod open;

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

pub(crate) use self::failure::{Failure, chain};
use crate::{demo, logging, logging::LogFormat, serve};

/// An LLM gateway whose sign-in is run by your identity provider.
///
/// `gateway demo` shows all of it on this machine, with nothing to prepare. `gateway serve` runs it for real, from a
/// configuration file.
#[derive(Debug, Parser)]
#[command(
    name = "gateway",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Shared {
    /// The configuration file. Without it: the file that `GATEWAY_CONFIG` names, else config/gateway.yaml
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How log lines are written
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "GATEWAY_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// Which log lines are written: error, warn, info, debug or trace, or a list such as
    /// `info,gateway_identity=debug`. Libraries are never heard below info: their lines could hold secrets
    #[arg(long, global = true, value_name = "FILTER", env = "GATEWAY_LOG")]
    pub log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway: sign-in, admin pages, admin API, background work
    Serve,
    /// Try the gateway on this machine: throw-away database, development identity provider
    Demo(demo::DemoOptions),
    /// Check the configuration file and say everything that is wrong with it
    Check {
        /// Try to reach the identity providers too
        #[arg(long)]
        online: bool,
    },
    /// Bring the database up to date
    Migrate {
        /// Only show what is applied and what is not
        #[arg(long)]
        status: bool,
    },
    /// Make and rescue administrators; works while the gateway runs
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Make, list, rotate and revoke API keys; works while the gateway runs
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Check and export the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version come this way too, with exit code 0.
            let _ = told.print();
            return ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2));
        }
    };
    match start(cli) {
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(Failure::Told(message)) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let level = cli.shared.log_level.as_deref();
    let level = level.filter(|level| !level.is_empty());
    let level = level.unwrap_or_else(|| cli.command.usual_log_level());
    logging::init(cli.shared.log_format, level)
        .map_err(|error| Failure::because("logging", &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("cannot start the runtime", &error))?;
    let shared = cli.shared;
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve => serve::run(&shared).await,
            Command::Demo(options) => demo::run(options).await,
            Command::Check { online } => check::run(&shared, online).await,
            Command::Migrate { status } => migrate::run(&shared, status).await,
            Command::Admin(command) => admin::run(&shared, command).await,
            Command::Key(command) => key::run(&shared, command).await,
            Command::Audit(command) => audit::run(&shared, command).await,
        }
    });
    // What still runs now had its time to finish.
    runtime.shutdown_background();
    outcome
}

impl Command {
    fn usual_log_level(&self) -> &'static str {
        match self {
            Self::Serve => "info",
            _ => "warn",
        }
    }
}

/// A line on stdout.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    Ok(())
}

/// A line on stderr. Nobody reading it is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
