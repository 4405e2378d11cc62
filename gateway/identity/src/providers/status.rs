//! How the identity providers fare, for the people who look after them.

use chrono::{DateTime, Utc};
use gateway_config::Jit;
use gateway_domain::{access, audit::Action};
use gateway_store::{Db, audit, login_flows::FlowKind};
use serde_json::Value;

use super::{IdentityProvider, Oidc};
use crate::{Caller, ServiceError, context::Context, oauth::Github};

pub use crate::oidc::{Fetch, Health};

/// What the file says of a provider and how it fares. Holds no secret.
#[derive(Clone, Debug)]
pub struct ProviderStatus {
    /// Its key in the file.
    pub key: String,
    /// Its name on the sign-in page.
    pub label: String,
    /// The protocol.
    pub kind: FlowKind,
    /// Whether people may sign in with it.
    pub enabled: bool,
    /// The operator's word for the product; `github` for GitHub.
    pub preset: String,
    /// The issuer; GitHub's base address.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// The exact redirect URI to register there.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The names of the algorithms that ID tokens may be signed with; none for GitHub.
    pub algorithms: Vec<&'static str>,
    /// What becomes of strangers; `None`: they are refused.
    pub jit: Option<Jit>,
    /// Whether addresses are believed that the provider does not vouch for.
    pub trusts_every_email: bool,
    /// Hosts of addresses that may sign in; empty: all.
    pub allowed_email_domains: Vec<String>,
    /// Organisations of which one must be a member; empty: all.
    pub allowed_organizations: Vec<String>,
    /// What was fetched from it; `None` for GitHub, of which nothing is kept.
    pub health: Option<Health>,
    /// The last sign-in that succeeded.
    pub last_success: Option<LastSuccess>,
    /// The last sign-in that did not.
    pub last_failure: Option<LastFailure>,
}

/// The last sign-in that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSuccess {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose: an address.
    pub label: String,
}

/// The last sign-in that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// When.
    pub at: DateTime<Utc>,
    /// The code of what the person was told.
    pub reason: String,
    /// What was wrong, for the operator.
    pub cause: String,
}

/// All identity providers of the file, in its order.
pub async fn statuses(ctx: &Context, caller: &Caller) -> Result<Vec<ProviderStatus>, ServiceError> {
    caller.require(access::Action::ReadProviders)?;
    let live = ctx.live();
    let mut statuses = Vec::new();
    for provider in live.providers.all() {
        statuses.push(of(ctx.db(), provider).await?);
    }
    Ok(statuses)
}

/// One identity provider of the file.
pub async fn status(
    ctx: &Context,
    caller: &Caller,
    key: &str,
) -> Result<ProviderStatus, ServiceError> {
    caller.require(access::Action::ReadProviders)?;
    let live = ctx.live();
    let provider = live
        .providers
        .find(key)
        .ok_or(ServiceError::NotFound("identity provider"))?;
    of(ctx.db(), provider).await
}

async fn of(db: &Db, provider: &IdentityProvider) -> Result<ProviderStatus, ServiceError> {
    let key = provider.key();
    let success = audit::latest_of_provider(db, key, Action::SignInSucceeded.as_str()).await?;
    let failure = audit::latest_of_provider(db, key, Action::SignInFailed.as_str()).await?;
    let settings = match provider {
        IdentityProvider::Oidc(oidc) => of_oidc(oidc),
        IdentityProvider::Github(github) => of_github(github),
    };
    Ok(ProviderStatus {
        last_success: success.map(|entry| LastSuccess {
            at: entry.at,
            label: entry.actor_label,
        }),
        last_failure: failure.map(|entry| {
            let told = entry
                .after
                .and_then(|after| serde_json::from_str::<Value>(&after).ok())
                .unwrap_or_default();
            let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            LastFailure {
                at: entry.at,
                reason: text("reason"),
                cause: text("cause"),
            }
        }),
        ..settings
    })
}

fn of_oidc(oidc: &Oidc) -> ProviderStatus {
    let settings = &oidc.settings;
    let algorithms = settings.signing_algorithms.iter();
    ProviderStatus {
        key: settings.key.clone(),
        label: settings.label.clone(),
        kind: FlowKind::Oidc,
        enabled: settings.enabled,
        preset: settings.preset.clone(),
        issuer: settings.issuer_url.clone(),
        client_id: settings.client_id.clone(),
        redirect_uri: oidc.redirect_uri.clone(),
        scopes: settings.scopes.clone(),
        algorithms: algorithms.map(|algorithm| algorithm.as_str()).collect(),
        jit: settings.jit.clone(),
        trusts_every_email: settings.trust_email == gateway_domain::sso::TrustEmail::Always,
        allowed_email_domains: settings.allowed_email_domains.clone(),
        allowed_organizations: Vec::new(),
        health: Some(oidc.client.health()),
        last_success: None,
        last_failure: None,
    }
}

fn of_github(github: &Github) -> ProviderStatus {
    let settings = github.settings();
    ProviderStatus {
        key: settings.key.clone(),
        label: settings.label.clone(),
        kind: FlowKind::Oauth,
        enabled: settings.enabled,
        preset: "github".to_owned(),
        issuer: settings.web(""),
        client_id: settings.client_id.clone(),
        redirect_uri: github.redirect_uri().to_owned(),
        scopes: settings.scopes.clone(),
        algorithms: Vec::new(),
        jit: settings.jit.clone(),
        trusts_every_email: settings.trust_email == gateway_domain::sso::TrustEmail::Always,
        allowed_email_domains: settings.allowed_email_domains.clone(),
        allowed_organizations: settings.allowed_organizations.clone(),
        health: None,
        last_success: None,
        last_failure: None,
    }
}
