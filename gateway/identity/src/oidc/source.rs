//! What is fetched from a provider: its endpoints and its keys.

use std::sync::{Arc, Mutex, PoisonError};

use gateway_config::OidcProvider;
use gateway_domain::Clock;

use super::{
    cached::Cached,
    discovery::{self, Metadata},
    fault::Fault,
    jwks::{self, KeySet},
};
use crate::http::{Guarded, HttpError};

#[derive(Clone)]
pub(super) enum Endpoints {
    /// The operator named them all: there is no discovery.
    Given(Arc<Metadata>),
    Discovered(Arc<Cached<Metadata>>),
}

impl Endpoints {
    pub async fn get(&self) -> Result<Arc<Metadata>, Fault> {
        match self {
            Self::Given(metadata) => Ok(Arc::clone(metadata)),
            Self::Discovered(cached) => cached.get().await.map(|held| held.value),
        }
    }

    /// What is known without asking anybody.
    pub fn at_hand(&self) -> Option<Arc<Metadata>> {
        match self {
            Self::Given(metadata) => Some(Arc::clone(metadata)),
            Self::Discovered(cached) => cached.standing().copy,
        }
    }
}

/// The endpoints by discovery.
pub(super) fn discovered(
    settings: &Arc<OidcProvider>,
    http: &Guarded,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Cached<Metadata>>, HttpError> {
    let address = discovery::address(&settings.issuer_url)?;
    let what = format!("sign-in provider {}: discovery", settings.key);
    let fresh = discovery::freshness(settings);
    let (settings, http, now) = (Arc::clone(settings), http.clone(), Arc::clone(clock));
    let told = Arc::new(Mutex::new(Vec::new()));
    Ok(Cached::new(what, fresh, Arc::clone(clock), move || {
        let fetching = discovery::fetch(
            address.clone(),
            Arc::clone(&settings),
            http.clone(),
            Arc::clone(&now),
        );
        let (key, told) = (settings.key.clone(), Arc::clone(&told));
        async move {
            let metadata = fetching.await?;
            warn_once(&key, &metadata.warnings, &told);
            Ok(metadata)
        }
    }))
}

/// Logs what is new to be looked at, not every five minutes again.
fn warn_once(key: &str, warnings: &[String], told: &Mutex<Vec<String>>) {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    for warning in warnings.iter().filter(|warning| !told.contains(warning)) {
        tracing::warn!("sign-in provider {key}: {warning}");
    }
    warnings.clone_into(&mut told);
}

/// The keys at the endpoints.
pub(super) fn keys(
    settings: &OidcProvider,
    http: &Guarded,
    clock: &Arc<dyn Clock>,
    endpoints: &Endpoints,
) -> Arc<Cached<KeySet>> {
    let what = format!("sign-in provider {}: keys", settings.key);
    let (http, now, endpoints) = (http.clone(), Arc::clone(clock), endpoints.clone());
    Cached::new(
        what,
        discovery::freshness(settings),
        Arc::clone(clock),
        move || {
            let (http, now, endpoints) = (http.clone(), Arc::clone(&now), endpoints.clone());
            async move {
                let metadata = endpoints.get().await?;
                let address = metadata
                    .jwks
                    .clone()
                    .ok_or_else(|| Fault::new("the provider names no keys"))?;
                jwks::fetch(address, http, now).await
            }
        },
    )
}
