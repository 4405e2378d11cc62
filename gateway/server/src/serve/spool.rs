//! The data plane's ledger, and the folder where its rows wait for the database.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gateway_config::Config;
use gateway_identity::Context;
use gateway_inference::Plane;
use gateway_ledger::Ledger;

use crate::cli::Failure;

/// Where rows wait when neither the file nor the database says where.
const DEFAULT: &str = "var/ledger";

/// Opens the ledger, which recovers what a killed process left, and puts the data plane over it.
pub(crate) async fn plane(ctx: &Context) -> Result<Plane, Failure> {
    let folder = folder(&ctx.live().config);
    let ledger = Ledger::open(ctx.db().clone(), Arc::clone(ctx.clock()), &folder)
        .await
        .map_err(|error| {
            let what = format!("the ledger's spool {} (ledger.spool)", folder.display());
            Failure::because(what, &error)
        })?;
    Ok(Plane::new(ctx.clone(), ledger))
}

fn folder(config: &Config) -> PathBuf {
    if let Some(folder) = &config.ledger.spool {
        return folder.clone();
    }
    let url = config.database.url.expose();
    let file = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .map(|file| file.split('?').next().unwrap_or(file))
        .filter(|file| !file.is_empty() && *file != ":memory:");
    file.map_or_else(
        || PathBuf::from(DEFAULT),
        |file| Path::new(&format!("{file}.ledger")).to_path_buf(),
    )
}
