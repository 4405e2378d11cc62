//! How a provider fares.

use super::{Provider, cached::Fetch, source::Endpoints};

/// How a provider fares, for the people who look after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The last fetch of the discovery document; `None` before the first, and where the file names every endpoint.
    pub discovery: Option<Fetch>,
    /// The last fetch of the key set; `None` before the first.
    pub jwks: Option<Fetch>,
    /// How many usable keys there are.
    pub keys: usize,
    /// Whether copies are in use that are no longer fresh.
    pub stale: bool,
    /// The file and the provider contradict each other: the issuer is another one.
    pub misconfigured: bool,
    /// What an operator should look at.
    pub warnings: Vec<String>,
}

impl Provider {
    /// How the provider fares, without asking it.
    pub fn health(&self) -> Health {
        let keys = self.0.keys.standing();
        let mut health = Health {
            jwks: keys.last,
            keys: keys.copy.map_or(0, |set| set.len()),
            stale: keys.stale,
            warnings: self
                .0
                .endpoints
                .at_hand()
                .map_or_else(Vec::new, |metadata| metadata.warnings.clone()),
            ..Health::default()
        };
        if let Endpoints::Discovered(cached) = &self.0.endpoints {
            let standing = cached.standing();
            health.discovery = standing.last;
            health.stale |= standing.stale;
            health.misconfigured = standing.misconfigured;
        }
        health
    }
}
