//! What the gateway costs, as ratios to a reference measured in the same run: `cargo run --release -p gateway-bench`.
//!
//! Nothing here passes or fails. Each thing that is measured has threads of its own, and the kernel says how long each of
//! them ran; so the ratios hold on a busy machine too. `docs/performance.md` says what came out and what it means.

mod cpu;
mod database;
mod lists;
mod load;
mod machine;
mod people;
mod plane;
mod prune;
mod reference;
mod requests;
mod sign_in;
mod socket;
mod stage;
mod subject;
mod table;
mod visit;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use gateway::logging::LogFormat;
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    database::Kind,
    stage::{Pace, Stage},
};

/// Whatever stops the run.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures the gateway against a reference in the same run.
#[derive(Parser)]
struct Args {
    /// A smoke run of a few seconds: little time for each measure and short lists.
    #[arg(long)]
    quick: bool,
    /// How many rows the long lists have.
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Only these parts.
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Only on this database.
    #[arg(long, value_enum)]
    database: Option<Kind>,
    /// Keep the SQLite files in this folder instead of in memory: then a commit waits for the disk.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// After the data plane, load without a pause for so many seconds, with an eye on memory.
    #[arg(long, value_name = "SECONDS")]
    soak: Option<u64>,
    /// What this process is for another one of a run.
    #[arg(long, hide = true, value_enum)]
    role: Option<Role>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Mock,
    Load,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Plane,
    SignIn,
    Requests,
    Lists,
    Prune,
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    if let Some(role) = args.role {
        return play(role);
    }
    log_to_nowhere()?;
    machine::print(args.folder.as_deref())?;
    let (stage, runtimes) = Stage::set(Pace::of(args.quick, args.rows))?;
    // What is measured runs on the gateway's threads; this one only says what is next.
    let done = stage.gateway.block_on(run(&args, &stage));
    drop(runtimes);
    done
}

fn play(role: Role) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match role {
        Role::Mock => runtime.block_on(plane::run_mock()),
        Role::Load => runtime.block_on(plane::run_load()),
    }
}

/// The lines are written as `serve` writes them, and thrown away: they are part of what a request costs.
fn log_to_nowhere() -> Result<(), Error> {
    let layer = gateway::logging::layer(LogFormat::Json, "info", std::io::sink, false)?;
    tracing_subscriber::registry().with(layer).try_init()?;
    Ok(())
}

async fn run(args: &Args, stage: &Stage) -> Result<(), Error> {
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let kinds = [Kind::Sqlite, Kind::Postgres];
    if wanted(Part::Plane) {
        let measured: Vec<_> = kinds
            .into_iter()
            .filter(|kind| args.database.is_none_or(|only| only == *kind))
            .collect();
        let effort = plane::Effort {
            time: std::time::Duration::from_secs(if args.quick { 1 } else { 4 }),
            rounds: if args.quick { 1 } else { 3 },
            soak: args.soak.map(std::time::Duration::from_secs),
        };
        plane::measure(&measured, args.folder.as_deref(), effort).await?;
    }
    for kind in kinds {
        if args.database.is_some_and(|only| only != kind) {
            continue;
        }
        let folder = args.folder.as_deref();
        let Some(probe) = database::fresh(kind, folder).await? else {
            println!("\n## {kind}\n\nNot measured: no server can be had.");
            continue;
        };
        drop(probe);
        println!("\n## {kind}");
        if wanted(Part::SignIn) {
            sign_in::measure(stage, kind, folder).await?;
        }
        if wanted(Part::Requests) {
            requests::measure(stage, kind, folder).await?;
        }
        if wanted(Part::Lists) {
            lists::measure(stage, kind, folder).await?;
        }
        if wanted(Part::Prune) {
            prune::measure(stage, kind, folder).await?;
        }
    }
    Ok(())
}
