//! `models`, `pricing`, `request_logging`, `ledger` and `service_accounts`.

use std::{path::PathBuf, time::Duration};

use gateway_domain::{Payloads, money::Price};

/// One of `models`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What callers ask for. Printable ASCII without spaces; may contain `/`, `:`, `@` and `.`.
    pub id: String,
    /// `name`: what people call it; default: the id.
    pub name: String,
    /// Where it is to be had, as written; never empty.
    pub routes: Vec<Route>,
}

/// One of a model's `routes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The id of one of `providers`.
    pub provider: String,
    /// The model as that provider names it; default: the model's id.
    pub upstream_model: String,
    /// The lowest first. Default 100.
    pub priority: u32,
    /// Its share among routes of one priority. Default 1; 0: only when the others fail.
    pub weight: u32,
    /// Over the catalogue's.
    pub price: Option<Price>,
}

/// `pricing.unpriced`: what becomes of a call that nobody knows a price of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unpriced {
    /// It is made.
    Allow,
    /// It is made, and the pages point at it.
    #[default]
    Flag,
    /// It is refused.
    Block,
}

/// `request_logging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLogging {
    /// What is kept of bodies at most. Default off.
    pub payloads: Payloads,
    /// How long requests and payloads are kept. Default 30 d. The ledger is kept.
    pub retention: Duration,
}

/// `ledger`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerSettings {
    /// `spool`: the folder where rows wait for the database. `None`: beside an SQLite file, else `var/ledger`.
    pub spool: Option<PathBuf>,
}

/// One of `service_accounts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountDeclaration {
    /// Its key, `[a-z0-9][a-z0-9_-]*`.
    pub key: String,
    /// Its name; default: the key.
    pub name: String,
    /// A declared team's key.
    pub team: String,
}

impl Default for RequestLogging {
    fn default() -> Self {
        Self {
            payloads: Payloads::Off,
            retention: Duration::from_hours(30 * 24),
        }
    }
}
