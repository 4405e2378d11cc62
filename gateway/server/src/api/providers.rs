//! `/api/v1/admin/sign-in-providers`

use axum::Json;
use chrono::{DateTime, Utc};
use gateway_config::Jit;
use gateway_domain::{GlobalRole, TeamRole};
use gateway_edge::Problem;
use gateway_identity::providers::{self, Fetch, Health, ProviderStatus};
use gateway_store::login_flows::FlowKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    extract::{Named, Reader},
    objects::{self, List},
};

/// An identity provider of the configuration file, and how it fares.
#[derive(Serialize, ToSchema)]
pub(super) struct SignInProvider {
    key: String,
    label: String,
    /// `oidc` or `oauth`.
    kind: &'static str,
    enabled: bool,
    preset: String,
    issuer: String,
    client_id: String,
    /// The exact redirect URI to register there.
    redirect_uri: String,
    scopes: Vec<String>,
    signing_algorithms: Vec<&'static str>,
    /// `verified` or `always`.
    trust_email: &'static str,
    allowed_email_domains: Vec<String>,
    allowed_organizations: Vec<String>,
    /// What becomes of strangers; null: they are refused.
    jit: Option<Provisioning>,
    /// What was fetched from it; null for GitHub, of which nothing is kept.
    health: Option<ProviderHealth>,
    last_success: Option<LastSuccess>,
    last_failure: Option<LastFailure>,
}

/// What a stranger becomes at the first sign-in.
#[derive(Serialize, ToSchema)]
struct Provisioning {
    #[schema(schema_with = objects::global_role)]
    global_role: GlobalRole,
    request_logging_enabled: bool,
    membership: Option<ProvisionedPlace>,
}

/// The team that a stranger joins.
#[derive(Serialize, ToSchema)]
struct ProvisionedPlace {
    /// The team's key.
    team: String,
    #[schema(schema_with = objects::team_role)]
    role: TeamRole,
}

/// What was fetched from a provider.
#[derive(Serialize, ToSchema)]
struct ProviderHealth {
    discovery: Option<LastFetch>,
    jwks: Option<LastFetch>,
    /// How many keys there are to check signatures with.
    keys: usize,
    /// Whether an old copy is in use because the provider cannot be reached.
    stale: bool,
    /// Whether the file and the provider contradict each other: the issuer is another one.
    misconfigured: bool,
    /// What an operator should look at.
    warnings: Vec<String>,
}

/// The last attempt to fetch a document.
#[derive(Serialize, ToSchema)]
struct LastFetch {
    at: DateTime<Utc>,
    ok: bool,
    error: Option<String>,
}

/// The last sign-in that succeeded.
#[derive(Serialize, ToSchema)]
struct LastSuccess {
    at: DateTime<Utc>,
    /// Whose.
    label: String,
}

/// The last sign-in that did not.
#[derive(Serialize, ToSchema)]
struct LastFailure {
    at: DateTime<Utc>,
    /// The code that the person was told.
    reason: String,
    /// What was wrong.
    cause: String,
}

/// The identity providers, in the configuration file's order.
#[utoipa::path(get, path = "/api/v1/admin/sign-in-providers", tag = "identity providers",
    operation_id = "list_sign_in_providers",
    responses((status = 200, body = List<SignInProvider>)))]
pub(super) async fn list(
    Reader { ctx, caller }: Reader,
) -> Result<Json<List<SignInProvider>>, Problem> {
    let statuses = providers::statuses(&ctx, &caller).await?;
    let items = statuses.into_iter().map(Into::into).collect();
    Ok(Json(List::whole(items)))
}

/// An identity provider.
#[utoipa::path(get, path = "/api/v1/admin/sign-in-providers/{key}", tag = "identity providers",
    operation_id = "get_sign_in_provider",
    params(("key" = String, Path)), responses((status = 200, body = SignInProvider)))]
pub(super) async fn get(
    Reader { ctx, caller }: Reader,
    Named(key): Named<String>,
) -> Result<Json<SignInProvider>, Problem> {
    Ok(Json(providers::status(&ctx, &caller, &key).await?.into()))
}

impl From<ProviderStatus> for SignInProvider {
    fn from(status: ProviderStatus) -> Self {
        Self {
            key: status.key,
            label: status.label,
            kind: match status.kind {
                FlowKind::Oidc => "oidc",
                FlowKind::Oauth => "oauth",
            },
            enabled: status.enabled,
            preset: status.preset,
            issuer: status.issuer,
            client_id: status.client_id,
            redirect_uri: status.redirect_uri,
            scopes: status.scopes,
            signing_algorithms: status.algorithms,
            trust_email: if status.trusts_every_email {
                "always"
            } else {
                "verified"
            },
            allowed_email_domains: status.allowed_email_domains,
            allowed_organizations: status.allowed_organizations,
            jit: status.jit.map(Into::into),
            health: status.health.map(Into::into),
            last_success: status.last_success.map(|last| LastSuccess {
                at: last.at,
                label: last.label,
            }),
            last_failure: status.last_failure.map(|last| LastFailure {
                at: last.at,
                reason: last.reason,
                cause: last.cause,
            }),
        }
    }
}

impl From<Jit> for Provisioning {
    fn from(jit: Jit) -> Self {
        Self {
            global_role: jit.global_role,
            request_logging_enabled: jit.request_logging_enabled,
            membership: jit.membership.map(|place| ProvisionedPlace {
                team: place.team,
                role: place.role,
            }),
        }
    }
}

impl From<Health> for ProviderHealth {
    fn from(health: Health) -> Self {
        Self {
            discovery: health.discovery.map(Into::into),
            jwks: health.jwks.map(Into::into),
            keys: health.keys,
            stale: health.stale,
            misconfigured: health.misconfigured,
            warnings: health.warnings,
        }
    }
}

impl From<Fetch> for LastFetch {
    fn from(fetch: Fetch) -> Self {
        Self {
            at: fetch.at,
            ok: fetch.ok,
            error: fetch.error,
        }
    }
}
