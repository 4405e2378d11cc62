//! What every call works with.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use gateway_identity::{Context, rights::KeyRing};
use gateway_ledger::Ledger;

use crate::{health::Healths, models::Models, tally::Tally};

/// The data plane: keys, routes, upstreams, ledger. Cheap to clone.
#[derive(Clone)]
pub struct Plane(Arc<Inner>);

struct Inner {
    ctx: Context,
    ledger: Ledger,
    keys: KeyRing,
    healths: Healths,
    models: ArcSwap<Models>,
    /// One at a time builds new ones.
    building: Mutex<()>,
    tally: Tally,
    opened: DateTime<Utc>,
    stopping: AtomicBool,
}

impl Plane {
    /// Over a context, writing into a ledger. Opens no connection. A provider that cannot be called as the file describes it is
    /// broken; the others work.
    pub fn new(ctx: Context, ledger: Ledger) -> Self {
        let healths = Healths::default();
        let config = Arc::clone(&ctx.live().config);
        let models = Models::new(config, ctx.clock(), &healths, None);
        Self(Arc::new(Inner {
            opened: ctx.now(),
            ledger,
            keys: KeyRing::new(),
            healths,
            models: ArcSwap::from_pointee(models),
            building: Mutex::default(),
            tally: Tally::default(),
            stopping: AtomicBool::new(false),
            ctx,
        }))
    }

    /// What the services work with.
    pub fn ctx(&self) -> &Context {
        &self.0.ctx
    }

    /// Where calls are written down.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// What was counted since the start.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// The gateway ends: calls that are dropped from here on were not given up by their callers.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    pub(crate) fn healths(&self) -> &Healths {
        &self.0.healths
    }

    pub(crate) fn opened(&self) -> DateTime<Utc> {
        self.0.opened
    }

    /// The models of the configuration in force.
    pub(crate) fn models(&self) -> Arc<Models> {
        let live = self.0.ctx.live();
        let models = self.0.models.load();
        if Arc::ptr_eq(&models.config, &live.config) {
            return Arc::clone(&models);
        }
        let _building = self
            .0
            .building
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let models = self.0.models.load();
        if Arc::ptr_eq(&models.config, &live.config) {
            return Arc::clone(&models);
        }
        let models = Arc::new(Models::new(
            Arc::clone(&live.config),
            self.0.ctx.clock(),
            &self.0.healths,
            Some(&models),
        ));
        self.0.models.store(Arc::clone(&models));
        models
    }
}
