//! The ledger of a gateway under test: its folder, and the task that writes it.

use std::{fs, path::PathBuf, sync::Arc};

use gateway_domain::RequestId;
use gateway_identity::Context;
use gateway_inference::Plane;
use gateway_ledger::Ledger;
use tokio::sync::watch;

/// Both are gone with the value.
pub struct Spool {
    folder: PathBuf,
    _writes: watch::Sender<bool>,
}

impl Spool {
    /// A ledger in a folder of its own, its writer running.
    pub async fn open(ctx: &Context) -> (Plane, Self) {
        let folder = std::env::temp_dir().join(format!("ogw-spool-{}", RequestId::new()));
        let ledger = Ledger::open(ctx.db().clone(), Arc::clone(ctx.clock()), &folder)
            .await
            .unwrap();
        let (writes, stopped) = watch::channel(false);
        tokio::spawn(ledger.clone().run(stopped));
        let spool = Self {
            folder,
            _writes: writes,
        };
        (Plane::new(ctx.clone(), ledger), spool)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
