//! `gateway audit …`.

use std::io::{self, Write as _};

use clap::{Subcommand, ValueEnum};
use futures_util::TryStreamExt as _;
use gateway_identity::{Caller, audit_service, audit_text::ExportFormat};
use gateway_store::audit::{self, Filter, Verdict};

use super::{Failure, Shared, open, print, say};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Compute the chain of hashes anew and say whether anything was changed
    Verify,
    /// Write every entry to stdout, oldest first
    Export {
        /// As what
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "jsonl")]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a line of names (RFC 4180).
    Csv,
}

pub(super) async fn run(shared: &Shared, command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify => verify(shared).await,
        AuditCommand::Export { format } => export(shared, format).await,
    }
}

async fn verify(shared: &Shared) -> Result<(), Failure> {
    let config = open::config(shared)?;
    let db = open::ready_database(&config).await?;
    let verdict = audit::verify(&db).await;
    db.close().await;
    match verdict.map_err(|error| Failure::because("the audit log cannot be read", &error))? {
        Verdict::Intact { entries, head } => {
            print(&format!(
                "intact: {entries} entries, the last has the hash {head}"
            ))?;
            say(
                "Keep the number and the hash elsewhere: they show later that the end was not cut off.",
            );
            Ok(())
        }
        Verdict::Broken { seq, reason } => Err(Failure::new(format!(
            "the audit log was changed: entry {seq}: {reason}"
        ))),
    }
}

async fn export(shared: &Shared, format: Format) -> Result<(), Failure> {
    let ctx = open::context(shared).await?;
    let caller = Caller::system("command line");
    let told = |error| Failure::because("the audit log cannot be read", &error);
    let mut entries = audit_service::export(&ctx, &caller, &Filter::default()).map_err(told)?;
    let format = match format {
        Format::Jsonl => ExportFormat::Jsonl,
        Format::Csv => ExportFormat::Csv,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    out.write_all(format.head().as_bytes())?;
    while let Some(entry) = entries.try_next().await.map_err(told)? {
        out.write_all(format.line(&entry).as_bytes())?;
    }
    out.flush()?;
    drop(entries);
    ctx.db().close().await;
    Ok(())
}
