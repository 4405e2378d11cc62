//! AWS keys: written in the file, or found where AWS's own tools find them.
//!
//! The default chain, in its usual order: environment, profile files, web identity, container, instance. The vendor's crate
//! for it builds some seventy more crates; what is not here (SSO, `credential_process`, roles by way of another profile) is
//! refused by name.

mod chain;
mod profile;
mod remote;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use gateway_domain::Secret;

use self::chain::Chain;
pub(super) use self::chain::Environment;
use super::{Grant, sensitive};
use crate::providers::{BuildError, connector::Connector};

/// What signs a call.
pub(in crate::providers) struct Keys {
    id: String,
    secret: Secret,
    session_token: Option<Secret>,
}

impl Keys {
    pub(super) fn new(
        id: &str,
        secret: &Secret,
        session_token: Option<Secret>,
    ) -> Result<Self, BuildError> {
        let sendable = |text: &str| !text.is_empty() && sensitive(text).is_some();
        let token = session_token.as_ref().map(Secret::expose);
        if !sendable(id) || !token.is_none_or(sendable) {
            let reason = "access_key_id or session_token: cannot be sent in a header";
            return Err(BuildError::Credential(reason.to_owned()));
        }
        Ok(Self {
            id: id.to_owned(),
            secret: secret.clone(),
            session_token,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.expose()
    }

    pub(super) fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(Secret::expose)
    }
}

/// Where keys come from, and the region they sign for.
pub(super) struct Aws {
    region: String,
    source: Source,
}

enum Source {
    Fixed(Arc<Keys>),
    Chain(Box<Chain>),
}

impl Aws {
    pub(super) fn fixed(region: &str, keys: Keys) -> Self {
        Self {
            region: region.to_owned(),
            source: Source::Fixed(Arc::new(keys)),
        }
    }

    pub(super) fn chain(
        region: &str,
        environment: Environment,
        connector: Connector,
    ) -> Result<Self, BuildError> {
        let chain = Chain::new(region, environment, connector)?;
        Ok(Self {
            region: region.to_owned(),
            source: Source::Chain(Box::new(chain)),
        })
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// The keys of now.
    pub(super) async fn fetch(&self, now: DateTime<Utc>) -> Result<Grant<Arc<Keys>>, String> {
        match &self.source {
            Source::Fixed(keys) => Ok(Grant {
                value: keys.clone(),
                expires: None,
            }),
            Source::Chain(chain) => chain.fetch(now).await,
        }
    }
}

/// The settings of one profile.
type Settings = HashMap<String, String>;
