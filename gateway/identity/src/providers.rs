//! The identity providers that the file names.

mod same;
mod status;

use std::sync::Arc;

use gateway_config::{Config, OauthProvider, OidcProvider};
use gateway_domain::{Clock, sso::TrustEmail};
use gateway_store::login_flows::FlowKind;

pub use same::{oauth as same_oauth, oidc as same_oidc};
pub use status::{Fetch, Health, LastFailure, LastSuccess, ProviderStatus, status, statuses};

use crate::{context::ContextError, oauth::Github, oidc, sign_in::Admission};

/// All of them, in the file's order, disabled ones too.
pub struct Providers {
    all: Vec<IdentityProvider>,
}

/// One of them, ready for use.
#[derive(Clone)]
pub enum IdentityProvider {
    /// OpenID Connect.
    Oidc(Arc<Oidc>),
    /// OAuth 2.0 with GitHub's API.
    Github(Arc<Github>),
}

/// An OIDC provider with what was fetched from it.
pub struct Oidc {
    /// As the file has it.
    pub settings: OidcProvider,
    /// Where it sends browsers back to.
    pub redirect_uri: String,
    /// Speaks with it.
    pub client: oidc::Provider,
}

impl Providers {
    /// Makes the providers of `config` ready, taking over those of `old` that stay exactly the same.
    pub fn new(
        config: &Config,
        clock: &Arc<dyn Clock>,
        old: Option<&Self>,
    ) -> Result<Self, ContextError> {
        let callback = config.auth.callback;
        let address = |path: String| config.server.public_base_url.join(&path);
        let mut all = Vec::new();
        for settings in &config.auth.oidc {
            let redirect_uri = address(settings.redirect_path(callback));
            let kept = old.and_then(|old| old.oidc(&settings.key)).filter(|kept| {
                kept.redirect_uri == redirect_uri && same::oidc(&kept.settings, settings)
            });
            let provider = match kept {
                Some(kept) => Arc::clone(kept),
                None => Arc::new(Oidc::new(settings, redirect_uri, clock)?),
            };
            all.push(IdentityProvider::Oidc(provider));
        }
        for settings in &config.auth.oauth {
            let redirect_uri = address(settings.redirect_path(callback));
            let kept = old
                .and_then(|old| old.github(&settings.key))
                .filter(|kept| {
                    kept.redirect_uri() == redirect_uri && same::oauth(kept.settings(), settings)
                });
            let provider = match kept {
                Some(kept) => Arc::clone(kept),
                None => Arc::new(github(settings, redirect_uri)?),
            };
            all.push(IdentityProvider::Github(provider));
        }
        Ok(Self { all })
    }

    /// All of them, disabled ones too.
    pub fn all(&self) -> impl Iterator<Item = &IdentityProvider> {
        self.all.iter()
    }

    /// The OIDC providers with which people may sign in.
    pub fn enabled_oidc(&self) -> impl Iterator<Item = &Arc<Oidc>> {
        self.all.iter().filter_map(|provider| match provider {
            IdentityProvider::Oidc(oidc) if oidc.settings.enabled => Some(oidc),
            _ => None,
        })
    }

    /// The GitHub providers with which people may sign in.
    pub fn enabled_oauth(&self) -> impl Iterator<Item = &Arc<Github>> {
        self.all.iter().filter_map(|provider| match provider {
            IdentityProvider::Github(github) if github.settings().enabled => Some(github),
            _ => None,
        })
    }

    /// The provider with this key, disabled or not.
    pub fn find(&self, key: &str) -> Option<&IdentityProvider> {
        self.all.iter().find(|provider| provider.key() == key)
    }

    /// The OIDC provider with this key, disabled or not.
    pub fn oidc(&self, key: &str) -> Option<&Arc<Oidc>> {
        match self.find(key)? {
            IdentityProvider::Oidc(oidc) => Some(oidc),
            IdentityProvider::Github(_) => None,
        }
    }

    /// The GitHub provider with this key, disabled or not.
    pub fn github(&self, key: &str) -> Option<&Arc<Github>> {
        match self.find(key)? {
            IdentityProvider::Github(github) => Some(github),
            IdentityProvider::Oidc(_) => None,
        }
    }
}

impl IdentityProvider {
    /// Its key in the file.
    pub fn key(&self) -> &str {
        match self {
            Self::Oidc(oidc) => &oidc.settings.key,
            Self::Github(github) => &github.settings().key,
        }
    }

    /// Its name on the sign-in page.
    pub fn label(&self) -> &str {
        match self {
            Self::Oidc(oidc) => &oidc.settings.label,
            Self::Github(github) => &github.settings().label,
        }
    }

    /// Whether people may sign in with it.
    pub fn is_enabled(&self) -> bool {
        match self {
            Self::Oidc(oidc) => oidc.settings.enabled,
            Self::Github(github) => github.settings().enabled,
        }
    }

    /// Which callback finishes its sign-ins.
    pub fn kind(&self) -> FlowKind {
        match self {
            Self::Oidc(_) => FlowKind::Oidc,
            Self::Github(_) => FlowKind::Oauth,
        }
    }

    /// Where it sends browsers back to: what the operator registers there.
    pub fn redirect_uri(&self) -> &str {
        match self {
            Self::Oidc(oidc) => &oidc.redirect_uri,
            Self::Github(github) => github.redirect_uri(),
        }
    }

    /// The path that begins a sign-in with it.
    pub fn start_path(&self) -> String {
        start_path(self.kind(), self.key())
    }

    /// What a started sign-in is bound to.
    pub(crate) fn settings_digest(&self) -> [u8; 32] {
        match self {
            Self::Oidc(oidc) => oidc.settings.settings_digest(),
            Self::Github(github) => github.settings().settings_digest(),
        }
    }

    /// Whether an answer that was verified under the settings of `other` counts under these.
    pub(crate) fn asks_the_same(&self, other: &Self) -> bool {
        self.settings_digest() == other.settings_digest()
            && match (self, other) {
                (Self::Oidc(_), Self::Oidc(_)) => true,
                (Self::Github(new), Self::Github(old)) => {
                    new.settings().allowed_organizations == old.settings().allowed_organizations
                }
                _ => false,
            }
    }

    /// Whom it may let in.
    pub(crate) fn admission(&self) -> Admission<'_> {
        let (trust_email, domains, jit): (TrustEmail, _, _) = match self {
            Self::Oidc(oidc) => {
                let settings = &oidc.settings;
                (
                    settings.trust_email,
                    &settings.allowed_email_domains,
                    settings.jit.as_ref(),
                )
            }
            Self::Github(github) => {
                let settings = github.settings();
                (
                    settings.trust_email,
                    &settings.allowed_email_domains,
                    settings.jit.as_ref(),
                )
            }
        };
        Admission {
            trust_email,
            allowed_email_domains: domains,
            jit,
        }
    }
}

/// The path that begins a sign-in with a provider. Keys need no escaping: the file takes none that would.
pub fn start_path(kind: FlowKind, key: &str) -> String {
    let protocol = match kind {
        FlowKind::Oidc => "oidc",
        FlowKind::Oauth => "oauth",
    };
    format!("/api/v1/auth/{protocol}/start?provider_key={key}")
}

impl Oidc {
    /// What was fetched from it, and how that went.
    pub fn health(&self) -> Health {
        self.client.health()
    }

    /// Fetches what will not be fresh for long.
    pub async fn refresh_if_due(&self) {
        self.client.refresh_if_due().await;
    }

    /// Whether sign-ins can work; the error is for the operator.
    pub async fn check(&self) -> Result<(), String> {
        self.client.check().await
    }

    fn new(
        settings: &OidcProvider,
        redirect_uri: String,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ContextError> {
        let client = oidc::Provider::new(settings.clone(), Arc::clone(clock))
            .map_err(|error| unusable(&settings.key, &error))?;
        Ok(Self {
            settings: settings.clone(),
            redirect_uri,
            client,
        })
    }
}

fn github(settings: &OauthProvider, redirect_uri: String) -> Result<Github, ContextError> {
    Github::new(settings.clone(), redirect_uri).map_err(|error| unusable(&settings.key, &error))
}

fn unusable(key: &str, error: &impl std::fmt::Display) -> ContextError {
    ContextError::Provider {
        key: key.to_owned(),
        reason: error.to_string(),
    }
}
