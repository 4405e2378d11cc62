//! What every edge works with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use gateway_config::Config;
use gateway_domain::Clock;
use gateway_store::Db;

use crate::{counters::Counters, limits::Limits, providers::Providers};

/// The database, the clock, the configuration in force and what is kept in memory beside them. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    live: ArcSwap<Live>,
    limits: Limits,
    counters: Counters,
}

/// What a reload replaces, all at once.
pub struct Live {
    /// The file in force.
    pub config: Arc<Config>,
    /// The identity providers that it names.
    pub providers: Providers,
}

/// Why a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// One of the identity providers cannot be made ready.
    #[error("identity provider {key}: {reason}")]
    Provider {
        /// Which.
        key: String,
        /// Why not.
        reason: String,
    },
}

impl Context {
    /// Puts the configuration in force. Opens no connection.
    pub fn new(db: Db, clock: Arc<dyn Clock>, config: Arc<Config>) -> Result<Self, ContextError> {
        let providers = Providers::new(&config, &clock, None)?;
        Ok(Self(Arc::new(Inner {
            db,
            limits: Limits::new(Arc::clone(&clock)),
            clock,
            live: ArcSwap::from_pointee(Live { config, providers }),
            counters: Counters::default(),
        })))
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The configuration in force. Whoever does one thing asks once, so that it does all of it under one configuration.
    pub fn live(&self) -> Arc<Live> {
        self.0.live.load_full()
    }

    /// Puts another configuration in force, or leaves everything as it is. Providers whose settings stay the same keep
    /// what they fetched.
    pub fn reload(&self, config: Arc<Config>) -> Result<(), ContextError> {
        self.put_in_force(self.ready(config)?);
        Ok(())
    }

    /// Makes another configuration ready without putting it in force, or says why it cannot be.
    pub fn ready(&self, config: Arc<Config>) -> Result<Live, ContextError> {
        let providers = Providers::new(&config, &self.0.clock, Some(&self.live().providers))?;
        Ok(Live { config, providers })
    }

    /// Puts a configuration in force that was made ready.
    pub fn put_in_force(&self, live: Live) {
        self.0.live.store(Arc::new(live));
    }

    /// How often a client address may do what.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What is counted.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }
}
